"""A device that answers slowly costs a bounded time, and what it said in that time is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pagemeter.component import Answer, Ask
from pagemeter.errors import AccessDenied, DeviceError, Forbidden, Unreachable, Unreadable
from pagemeter.model import Scope, Target
from pagemeter.simulator import load_device
from pagemeter.snmp.types import Oid, Walk
from pagemeter.testing import FakeClock, FakeServices, RecordedSnmp
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.patience import VISIT_SECONDS, Patience
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings


class Slow(RecordedSnmp):
    """Every walk of this device takes all the time that it is given."""

    def __init__(self, walk: Walk, clock: FakeClock) -> None:
        super().__init__({"10.0.0.7": walk})
        self._slow_clock = clock
        self.given: list[float] = []

    async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = 60.0) -> Walk:
        self.given.append(within)
        await self._slow_clock.advance(within)
        return await super().walk(target, roots)


async def test_the_walks_of_one_visit_share_its_time_and_what_was_not_read_is_missing(tmp_path: Path) -> None:
    clock = FakeClock()
    snmp = Slow(load_device("kyocera-ecosys-p9045dn").walk, clock)
    reader = PrinterMibReader(PrinterMibSettings(), FakeServices(snmp=snmp, clock=clock, folder=tmp_path))
    scopes = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES})
    answer = await reader.read(Target(uri="host://10.0.0.7", found_by="static"), Ask(scopes=scopes))
    assert isinstance(answer, Answer)
    (reading,) = answer.readings
    assert snmp.given == [VISIT_SECONDS - 10]
    assert reading.identity.serial_number == "SIM0009045002"
    assert reading.scopes == {Scope.IDENTITY}
    assert "prtMarkerSuppliesTable: not read, a visit takes 60 s at most" in reading.missing


TARGET = Target(uri="host://10.0.0.7", found_by="static")
NAME = mib.SYS_NAME


class Failing(RecordedSnmp):
    """From the second call on this device fails; ``given`` is the time that each call had."""

    def __init__(self, error: DeviceError, clock: FakeClock) -> None:
        super().__init__({"10.0.0.7": load_device("kyocera-ecosys-p9045dn").walk})
        self.given: list[float] = []
        self._error, self._failing_clock = error, clock

    async def get(self, target: Target, oids: Sequence[Oid], *, within: float = 60.0) -> Walk:
        self.given.append(within)
        await self._failing_clock.advance(7)
        if len(self.given) > 1:
            raise self._error
        return await super().get(target, oids)

    async def again(self, target: Target, rows: Mapping[Oid, int], **known: Any) -> Walk:
        self.given.append(known["within"])
        return await RecordedSnmp(self._walks).again(target, rows, **known)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Unreachable("host://10.0.0.7 did not answer"), "no answer"),
        (Unreadable("host://10.0.0.7 answers rubbish"), "host://10.0.0.7 answers rubbish"),
        (AccessDenied("the device refuses to be read"), "the device refuses to be read"),
    ],
)
async def test_a_question_that_fails_after_an_answer_costs_only_what_it_asked_for(error: DeviceError, why: str) -> None:
    clock = FakeClock()
    snmp = Failing(error, clock)
    patience = Patience(snmp, TARGET, clock)
    assert NAME in await patience.get([NAME])
    assert (await patience.get([NAME])).missing == {NAME: why}


async def test_the_second_silence_ends_a_visit() -> None:
    clock = FakeClock()
    snmp = Failing(Unreachable("host://10.0.0.7 did not answer"), clock)
    patience = Patience(snmp, TARGET, clock)
    for _ in range(5):
        walk = await patience.get([NAME])
    assert walk.missing == {NAME: "no answer"}
    assert snmp.given == [50, 43, 36]


async def test_the_first_question_and_the_fence_fail_the_visit() -> None:
    clock = FakeClock()
    snmp = Failing(Forbidden("it is outside"), clock)
    await snmp.get(TARGET, [NAME])
    with pytest.raises(Forbidden):
        await Patience(snmp, TARGET, clock).get([NAME])
    snmp.given.clear()
    patience = Patience(snmp, TARGET, clock)
    await patience.get([NAME])
    with pytest.raises(Forbidden):
        await patience.get([NAME])


async def test_the_counters_have_the_time_that_is_kept_for_them() -> None:
    clock = FakeClock()
    snmp = Failing(Unreachable("host://10.0.0.7 did not answer"), clock)
    patience = Patience(snmp, TARGET, clock)
    await clock.advance(VISIT_SECONDS - 8)
    assert (await patience.get([NAME])).missing == {NAME: "not read, a visit takes 60 s at most"}
    assert NAME in await patience.again({NAME: 8}, proof=[NAME])
    assert snmp.given == [8]
    await clock.advance(8)
    assert (await patience.again({NAME: 8}, proof=[NAME])).missing == {NAME: "not read, a visit takes 60 s at most"}
