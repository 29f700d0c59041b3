"""A device that answers slowly costs a bounded time, and what it said in that time is kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pagemeter.component import Answer, Ask
from pagemeter.model import Scope, Target
from pagemeter.simulator import load_device
from pagemeter.snmp.types import Oid, Walk
from pagemeter.testing import FakeClock, FakeServices, RecordedSnmp
from pagemeter_plugins.printer_mib.patience import VISIT_SECONDS
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
