"""A printer that turns wrong at any moment of a visit: each meter is told as it is, or named as not read."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

import pytest
from pydantic import JsonValue, SecretStr

from pagemeter.clock import SystemClock
from pagemeter.component import Answer, Ask, NotAPrinter
from pagemeter.errors import DeviceError
from pagemeter.model import Reading, Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.simulator import AnswerFault, Simulator, WalkFault, load_device
from pagemeter.simulator.behaviour import WELL_BEHAVED, Behaviour
from pagemeter.simulator.device import SimulatedDevice
from pagemeter.simulator.faults import Sent
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.testing import FakeServices
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.printer_mib import SCOPES
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

LOOPBACK = ip_network("127.0.0.0/8")
PRINTER = load_device("kyocera-ecosys-p9045dn")
FOR_EVER = 10**9
AT_ONCE = 150
# These make up rows until a cap: half a second of work each, so that one moment has to do.
ENDLESS = frozenset({AnswerFault.FORWARD, AnswerFault.HUGE, AnswerFault.FLOOD})
PLACES = (mib.HR_PRINTER, mib.MARKER_LIFE_COUNT, mib.SUPPLIES)
FAULTS: tuple[Behaviour, ...] = (
    *(replace(WELL_BEHAVED, fault=one, delay=0.002 if one is AnswerFault.DRIP else 0.0) for one in AnswerFault),
    *(replace(WELL_BEHAVED, walk_fault=one, at=at) for one in WalkFault for at in PLACES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A fault that begins with one question of a visit and ends with another."""

    behaviour: Behaviour
    first: int
    last: int

    def __str__(self) -> str:
        fault = self.behaviour.fault or f"{self.behaviour.walk_fault} at {self.behaviour.at}"
        return f"{fault}, questions {self.first} to {self.last}"


class Turning(SimulatedDevice):
    """A printer that answers wrongly from one question to another; ``requests`` counts them."""

    def __init__(self, case: Case | None = None) -> None:
        super().__init__(PRINTER.walk)
        self._case = case
        self._wrong = SimulatedDevice(PRINTER.walk, case.behaviour) if case is not None else self

    def answers(self, datagram: bytes) -> tuple[Sent, ...]:
        case = self._case
        wrong = case is not None and case.first <= self.requests + 1 <= case.last
        self.behaviour = case.behaviour if case is not None and wrong else WELL_BEHAVED
        if not wrong:
            return super().answers(datagram)
        self.requests += 1
        return self._wrong.answers(datagram)


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """What a printer told while it was well, what was left of that, and how many questions a visit asks."""

    reading: Reading
    memory: Mapping[str, JsonValue]
    habits: Mapping[str, JsonValue]
    questions: int


def engine_of(version: SnmpVersion, habits: Mapping[str, JsonValue] | None = None) -> SnmpEngine:
    credential = SnmpCredential(name="public", version=version, community=SecretStr("public"))
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=LOOPBACK)]),
        budget=Budget(SystemClock(), 50_000),
        credentials=Credentials([NetworkCredential(networks=(LOOPBACK,), snmp=credential)]),
        clock=SystemClock(),
        timeout=0.15,
        retries=1,
        recall=lambda _: habits or {},
    )


async def visit(engine: SnmpEngine, port: int, memory: Mapping[str, JsonValue]) -> Answer | NotAPrinter | None:
    reader = PrinterMibReader(PrinterMibSettings(), FakeServices(snmp=engine))
    target = Target(uri=f"snmp://127.0.0.1:{port}", found_by="test")
    return await reader.read(target, Ask(scopes=SCOPES, memory=memory))


def outdated(memory: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the memory of a visit by other rules: everything is read anew."""
    content = json.loads(zlib.decompress(base64.b64decode(str(memory["shelf"]))))
    packed = zlib.compress(json.dumps({**content, "rules": "others"}).encode())
    return {**memory, "shelf": base64.b64encode(packed).decode()}


async def healthy(version: SnmpVersion, *, warm: bool) -> Healthy:
    """Visit the printer while it is well, a few times, so that all is learned."""
    device = Turning()
    memory: Mapping[str, JsonValue] = {}
    answer = None
    async with Simulator([("127.0.0.1", 0, device)]) as simulator, engine_of(version) as engine:
        for _ in range(3):
            device.requests = 0
            answer = await visit(engine, simulator.places[0].port, memory)
            assert isinstance(answer, Answer)
            memory = memory if answer.memory is None else answer.memory
            memory = memory if warm else outdated(memory)
        [habits] = engine.learned().values()
    assert isinstance(answer, Answer)
    [reading] = answer.readings
    return Healthy(reading=reading, memory=memory, habits=habits, questions=device.requests)


def cases_of(well: Healthy, *, every: int) -> list[Case]:
    """Return each fault at each ``every``-th moment, for one answer and for the rest of the visit."""
    cases = []
    for at, behaviour in enumerate(FAULTS):
        moments = range(1 + at % every, well.questions + 2, every)
        for first in moments[: 1 if behaviour.fault in ENDLESS else None]:
            cases += [Case(behaviour=behaviour, first=first, last=last) for last in (first, FOR_EVER)]
    return cases


async def outcomes(version: SnmpVersion, well: Healthy, cases: Sequence[Case]) -> list[object]:
    """Visit a printer for each case, all at the same time."""
    places = [("127.0.0.1", 0, Turning(case)) for case in cases]
    async with Simulator(places) as simulator, engine_of(version, well.habits) as engine:
        visits = (visit(engine, place.port, well.memory) for place in simulator.places)
        return await asyncio.gather(*visits, return_exceptions=True)


def faults_of(found: object, well: Reading) -> list[str]:
    """Say what an outcome leaves out in silence, or tells otherwise."""
    if isinstance(found, DeviceError):
        return []
    if not isinstance(found, Answer) or len(found.readings) != 1:
        return [f"is {found!r}"]
    [reading] = found.readings
    told = {read.key: read.value for read in reading.meter_reads}
    expected = {read.key: read for read in well.meter_reads}
    faults = [f"{key} is {value}" for key, value in told.items() if key not in expected or expected[key].value != value]
    if any(one.what == "meters" for one in reading.unknown):
        return faults
    for key, read in expected.items():
        own = read.origin.where.startswith("1.3.6.1.4.1.")
        named = any(one.startswith("1.3.6.1.4.1." if own else "prtMarkerTable: ") for one in reading.missing)
        # A rule that is for monochrome engines needs to know of which kind this one is.
        unread = own and any(one.why == "not all of the maker's counters were read" for one in reading.unknown)
        if key not in told and not named and not unread:
            faults.append(f"{key} is absent")
    if reading.missing:
        return faults
    parts = ("supplies", "inputs", "markers", "covers")
    faults += [f"{part} are cut" for part in parts if len(getattr(reading, part)) < len(getattr(well, part))]
    if found.memory is not None and len(told) < len(expected):
        faults.append("it leaves a memory that is not whole")
    return faults


@pytest.mark.parametrize("warm", [True, False], ids=["warm", "cold"])
@pytest.mark.parametrize("version", [SnmpVersion.V1, SnmpVersion.V2C])
async def test_no_meter_is_lost_in_silence_whenever_a_fault_begins(version: SnmpVersion, warm: bool) -> None:
    well = await healthy(version, warm=warm)
    assert len(well.reading.meter_reads) > 5
    assert not well.reading.missing
    cases = cases_of(well, every=1 if warm else max(2, well.questions // 4))
    wrong = {}
    for begin in range(0, len(cases), AT_ONCE):
        part = cases[begin : begin + AT_ONCE]
        for case, found in zip(part, await outcomes(version, well, part), strict=True):
            if faults := faults_of(found, well.reading):
                wrong[str(case)] = faults
    assert wrong == {}
