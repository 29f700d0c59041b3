"""Printers that answer wrongly, through the whole reader: nothing is made up, and the printer beside is read whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from pydantic import SecretStr

from pagemeter.clock import SystemClock
from pagemeter.component import Answer, Ask, NotAPrinter
from pagemeter.errors import DeviceError, Unreachable, Unreadable
from pagemeter.model import Scope, Target
from pagemeter.net.budget import Budget
from pagemeter.net.credentials import Credentials, NetworkCredential, SnmpCredential, SnmpVersion
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.simulator import AnswerFault, Simulator, WalkFault, load_fleet
from pagemeter.simulator.behaviour import WELL_BEHAVED, Behaviour
from pagemeter.simulator.device import SimulatedDevice
from pagemeter.simulator.faults import Sent
from pagemeter.snmp.engine import SnmpEngine
from pagemeter.testing import FakeServices
from pagemeter_plugins.printer_mib.printer_mib import SCOPES
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

LOOPBACK = ip_network("127.0.0.0/8")
PRINTER = next(
    device for device in load_fleet() if device.expected["printer"] and device.behaviour.community == "public"
)
PUBLIC = SnmpCredential(name="public", version=SnmpVersion.V2C, community=SecretStr("public"))


def engine_of(clock: SystemClock) -> SnmpEngine:
    return SnmpEngine(
        fence=Fence([FencedNetwork(network=LOOPBACK)]),
        budget=Budget(clock, 50_000),
        credentials=Credentials([NetworkCredential(networks=(LOOPBACK,), snmp=PUBLIC)]),
        clock=clock,
        timeout=0.2,
        retries=1,
    )


async def visited(behaviour: Behaviour) -> tuple[object, object]:
    """Visit a faulty printer and a healthy one at the same time."""
    engine = engine_of(SystemClock())
    places = [("127.0.0.1", 0, PRINTER.simulated(one)) for one in (behaviour, WELL_BEHAVED)]
    async with Simulator(places) as simulator, engine:
        reader = PrinterMibReader(PrinterMibSettings(), FakeServices(snmp=engine))
        targets = [Target(uri=f"snmp://127.0.0.1:{place.port}", found_by="test") for place in simulator.places]
        asked = (reader.read(target, Ask(scopes=SCOPES)) for target in targets)
        faulty, healthy = await asyncio.gather(*asked, return_exceptions=True)
    return faulty, healthy


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("garbage", Unreadable, "but not in SNMP"),
        ("wrong-id", Unreachable, "did not answer SNMP"),
        ("other-port", Unreachable, "did not answer SNMP"),
        ("truncated", Unreadable, "but not in SNMP"),
        ("too-big", Unreadable, "tooBig"),
        ("gen-err", Unreadable, "genErr"),
        ("no-rows", Unreadable, "without variable bindings"),
        ("report", Unreadable, "but not in SNMP"),
        ("backwards", Unreadable, "goes backwards"),
        ("drip", Unreadable, "but not in SNMP"),
    ],
)
async def test_a_printer_that_tells_nothing_is_an_error_with_plain_words(
    fault: str, kind: type[DeviceError], words: str
) -> None:
    delay = 0.05 if fault == "drip" else 0.0
    faulty, healthy = await visited(replace(WELL_BEHAVED, fault=AnswerFault(fault), delay=delay))
    assert isinstance(healthy, Answer)
    assert isinstance(faulty, kind)
    assert words in str(faulty)


@pytest.mark.parametrize("fault", ["garbage-first", "wrong-id-first", "twice", "short-id"])
async def test_what_comes_beside_the_answer_changes_nothing(fault: str) -> None:
    faulty, healthy = await visited(replace(WELL_BEHAVED, fault=AnswerFault(fault), delay=0.001))
    assert isinstance(faulty, Answer)
    assert isinstance(healthy, Answer)
    told = [[(read.key, read.value) for read in one.readings[0].meter_reads] for one in (faulty, healthy)]
    assert told[0] == told[1] != []


@pytest.mark.parametrize("fault", ["same", "forward", "huge"])
async def test_what_never_ends_is_no_printer_with_numbers(fault: str) -> None:
    faulty, healthy = await visited(replace(WELL_BEHAVED, fault=AnswerFault(fault)))
    assert isinstance(healthy, Answer)
    assert faulty is None or isinstance(faulty, Answer | NotAPrinter | DeviceError)
    readings = faulty.readings if isinstance(faulty, Answer) else ()
    assert [read for reading in readings for read in reading.meter_reads] == []


@pytest.mark.parametrize("fault", [WalkFault.REPEATS, WalkFault.GROWS])
async def test_a_table_that_is_cut_short_is_named_as_missing(fault: WalkFault) -> None:
    faulty, healthy = await visited(replace(WELL_BEHAVED, walk_fault=fault))
    assert isinstance(healthy, Answer)
    assert isinstance(faulty, Answer)
    assert any("prtMarkerSuppliesTable" in one for one in faulty.readings[0].missing)


async def test_what_was_read_before_a_silence_is_kept_and_the_rest_is_named() -> None:
    faulty, healthy = await visited(replace(WELL_BEHAVED, walk_fault=WalkFault.SILENT))
    assert isinstance(healthy, Answer)
    assert isinstance(faulty, Answer)
    [reading] = faulty.readings
    assert reading.identity.serial_number == healthy.readings[0].identity.serial_number is not None
    assert any(one.startswith("prtMarkerSuppliesTable: ") for one in reading.missing)
    assert reading.meter_reads == ()
    assert [one.why for one in reading.unknown if one.what == "meters"] == [
        "no answer when they were read with who it is"
    ]
    assert Scope.SUPPLIES not in reading.scopes
    assert faulty.memory is None


class Turning(SimulatedDevice):
    """A printer that answers as it should, until it is turned."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(PRINTER.walk)
        self._other = SimulatedDevice(PRINTER.walk, behaviour)
        self._turned = False

    def turn(self) -> None:
        self._turned = not self._turned
        self.behaviour = self._other.behaviour if self._turned else WELL_BEHAVED

    def answers(self, datagram: bytes) -> tuple[Sent, ...]:
        if not self._turned:
            return super().answers(datagram)
        self.requests += 1
        return self._other.answers(datagram)


TURNS: tuple[Behaviour, ...] = (
    *(replace(WELL_BEHAVED, fault=one, delay=0.02 if one is AnswerFault.DRIP else 0.0) for one in AnswerFault),
    *(replace(WELL_BEHAVED, walk_fault=one) for one in WalkFault),
)


@pytest.mark.parametrize("behaviour", TURNS, ids=lambda one: one.fault or one.walk_fault)
async def test_a_known_printer_that_turns_wrong_keeps_its_place_and_tells_no_other_meters(behaviour: Behaviour) -> None:
    device = Turning(behaviour)
    engine = engine_of(SystemClock())
    async with Simulator([("127.0.0.1", 0, device)]) as simulator, engine:
        reader = PrinterMibReader(PrinterMibSettings(), FakeServices(snmp=engine))
        target = Target(uri=f"snmp://127.0.0.1:{simulator.places[0].port}", found_by="test")
        first = await reader.read(target, Ask(scopes=SCOPES))
        assert isinstance(first, Answer)
        assert first.memory is not None
        expected = [(read.key, read.value) for read in first.readings[0].meter_reads]
        device.turn()
        again = reader.read(target, Ask(scopes=SCOPES, memory=first.memory))
        [faulty] = await asyncio.gather(again, return_exceptions=True)
        if isinstance(faulty, DeviceError):
            assert f"{target.uri} " in str(faulty)
        else:
            assert isinstance(faulty, Answer)
            assert faulty.memory is None
            [reading] = faulty.readings
            told = [(read.key, read.value) for read in reading.meter_reads]
            assert told == expected or (reading.missing and set(told) < set(expected))
            assert reading.identity.serial_number in (None, first.readings[0].identity.serial_number)
        device.turn()
        for _ in range(2):
            before = device.requests
            healed = await reader.read(target, Ask(scopes=SCOPES, memory=first.memory))
            assert isinstance(healed, Answer)
            assert [(read.key, read.value) for read in healed.readings[0].meter_reads] == expected
        assert device.requests - before <= 6
