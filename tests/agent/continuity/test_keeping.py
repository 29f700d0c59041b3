"""What was counted stands in the documents and in the ledger once, whatever becomes of the disk and of the process."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pagemeter.clock import SystemClock
from pagemeter.component import Seen
from pagemeter.continuity import Continuity, Series
from pagemeter.errors import StoreError
from pagemeter.inventory import Inventory
from pagemeter.model import (
    DeviceSnapshot,
    Event,
    Identity,
    MeterRead,
    MeterUnit,
    Origin,
    Quality,
    Reading,
    Scope,
    Target,
    Work,
)
from pagemeter.store import Keep, Position, Store
from pagemeter.store.versions import installed_migrations
from pagemeter.visits import Visits

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WHO = Identity(serial_number="SIM0004711", manufacturer="Acme", model="X")
ORIGIN = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
SCOPES = frozenset({Scope.IDENTITY, Scope.METERS})
PLACES = {name: Target(uri=f"host://10.0.0.{number}", found_by="static") for number, name in enumerate("ab", 1)}


class Later(SystemClock):
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


class Tight(sqlite3.Connection):
    """A disk that is full while a test says so."""

    full: ClassVar[bool] = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and Tight.full:
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *values)


class Here:
    """An inventory with its continuity, and visits that keep what they are told."""

    def __init__(self, store: Store, clock: Later) -> None:
        ids = count(len(store.fleet()) + 1)
        self.store = store
        self.clock = clock
        self.inventory = Inventory(
            store.fleet(),
            store.aliases(),
            new_id=lambda: f"d{next(ids)}",
            continuity=Continuity(store.histories()),
        )
        self.visits = Visits((), self.inventory, store, clock)

    async def reads(self, value: int, identity: Identity = WHO, place: str = "a", minutes: float = 15) -> None:
        self.clock.time += timedelta(minutes=minutes)
        await self.visits.gathered((Seen(target=PLACES[place], readings=(self.reading(value, identity),)),), "told")

    async def in_vain(self, value: int, identity: Identity = WHO, place: str = "a") -> None:
        """Read it while the disk is full."""
        Tight.full = True
        try:
            with pytest.raises(StoreError, match="full"):
                await self.reads(value, identity, place)
        finally:
            Tight.full = False

    def reading(self, value: int, identity: Identity = WHO) -> Reading:
        read = MeterRead(
            work=Work.TOTAL,
            unit=MeterUnit.IMPRESSIONS,
            value=value,
            raw=str(value),
            origin=ORIGIN,
            at=self.clock.time,
        )
        return Reading(identity=identity, scopes=SCOPES, meter_reads=(read,))

    def deltas(self) -> list[int | None]:
        bodies = [document.body for document in self.store.documents(Position(), 1000)]
        return [read.delta for body in bodies if isinstance(body, DeviceSnapshot) for read in body.meter_reads]

    def kinds(self) -> list[str]:
        bodies = [document.body for document in self.store.documents(Position(), 1000)]
        return [body.kind for body in bodies if isinstance(body, Event)]

    def runs(self) -> list[tuple[str, int, int, int, int, str | None]]:
        lives = self.store.lives(Series)
        return [(device, row.number, row.first, row.last, row.counted, row.ended_by) for device, row in lives]


@asynccontextmanager
async def here_in(folder: Path, clock: Later | None = None) -> AsyncIterator[Here]:
    clock = clock or Later()
    async with Store.open(folder / "pagemeter.db", clock=clock, group_seconds=0.0, connection=Tight) as store:
        yield Here(store, clock)


async def test_what_was_counted_while_the_disk_was_full_is_told_by_the_next_document(tmp_path: Path) -> None:
    async with here_in(tmp_path) as here:
        await here.reads(1000)
        await here.in_vain(1007)
        await here.in_vain(1010)
        assert here.runs() == [("d1", 1, 1000, 1000, 0, None)]
        await here.reads(1012)
        assert here.deltas() == [0, 12]
        assert here.runs() == [("d1", 1, 1000, 1012, 12, None)]


async def test_a_fall_while_the_disk_was_full_is_told_once_and_the_run_that_it_ended_is_kept(tmp_path: Path) -> None:
    async with here_in(tmp_path) as here:
        await here.reads(1000)
        await here.reads(1100)
        await here.in_vain(1150)
        await here.in_vain(3)
        await here.reads(5)
        assert here.deltas() == [0, 100, 52]
        assert here.kinds() == ["device-found", "meter-reset"]
        assert here.runs() == [("d1", 1, 1000, 1150, 150, "reset"), ("d1", 2, 3, 5, 2, None)]


async def test_a_process_that_ends_while_the_disk_is_full_loses_no_page_and_doubles_none(tmp_path: Path) -> None:
    clock = Later()
    async with here_in(tmp_path, clock) as here:
        await here.reads(1000)
        await here.in_vain(1007)
    async with here_in(tmp_path, clock) as here:
        await here.reads(1012)
        assert here.deltas() == [0, 12]
        assert here.runs() == [("d1", 1, 1000, 1012, 12, None)]


async def test_what_another_visit_settled_is_told_after_a_restart_too(tmp_path: Path) -> None:
    other, clock = Identity(serial_number="SIM0004712", manufacturer="Acme", model="X"), Later()
    async with here_in(tmp_path, clock) as here:
        await here.reads(1000)
        await here.in_vain(1007)
        await here.reads(50, other, "b")
        assert here.runs() == [("d1", 1, 1000, 1007, 7, None), ("d2", 1, 50, 50, 0, None)]
        assert here.deltas() == [0, 0]
    async with here_in(tmp_path, clock) as here:
        await here.reads(1012)
        assert here.deltas() == [0, 0, 12]
        assert here.runs()[0] == ("d1", 1, 1000, 1012, 12, None)


async def test_records_that_waited_do_not_come_after_newer_ones(tmp_path: Path) -> None:
    async with here_in(tmp_path) as here:
        await here.reads(1000)
        await here.in_vain(1007)
        await here.reads(1012)
        await here.reads(1013)
        assert here.inventory.owed() is None
        assert here.runs() == [("d1", 1, 1000, 1013, 13, None)]
        assert Continuity(here.store.histories())._history("d1").meters.counters[0].last == 1013


async def test_a_visit_that_nobody_waits_for_any_more_is_kept_whole(tmp_path: Path) -> None:
    async with here_in(tmp_path) as here:
        await here.reads(1000)
        task = asyncio.create_task(here.reads(1010))
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await here.reads(1012)
        assert sum(delta or 0 for delta in here.deltas()) == 12
        assert here.runs() == [("d1", 1, 1000, 1012, 12, None)]


# ---- stores of before


async def test_a_store_without_a_ledger_begins_its_runs_with_what_was_read_last(tmp_path: Path) -> None:
    """An agent of before kept no history: the pages since its last read are counted once, a fall is told."""
    path, clock = tmp_path / "pagemeter.db", Later()
    async with here_in(tmp_path, clock) as here:
        learned = here.inventory.learn(PLACES["a"], (here.reading(1000),), at=START, read_by=("told",))
        await here.store.keep(Keep(entries=_of_before(learned.entries)))
    with closing(sqlite3.connect(path)) as db:
        later = "".join(step.sql for step in installed_migrations() if step.version > 2)
        for what, name in re.findall(r"CREATE (TABLE|INDEX) (?:IF NOT EXISTS )?(\w+)", later):
            db.execute(f"DROP {what} IF EXISTS {name}")
        db.execute("PRAGMA user_version = 2")
        db.commit()
    async with here_in(tmp_path, clock) as here:
        await here.reads(1009)
        assert here.deltas() == [9]
        assert here.runs() == [("d1", 1, 1000, 1009, 9, None)]


async def test_a_history_that_can_not_be_read_begins_anew_behind_the_runs_that_are_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, clock = tmp_path / "pagemeter.db", Later()
    async with here_in(tmp_path, clock) as here:
        await here.reads(1000)
        await here.reads(1010)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE history SET body = ?", (b"rubbish",))
        db.commit()
    async with here_in(tmp_path, clock) as here:
        await here.reads(1015)
        assert here.deltas() == [0, 10, 5]
        assert here.runs() == [("d1", 1, 1000, 1010, 10, None), ("d1", 2, 1010, 1015, 5, None)]
    assert "begins anew" in caplog.text


def _of_before(entries: Any) -> Any:
    from dataclasses import replace

    def plain(read: MeterRead) -> MeterRead:
        return replace(read, series=None, delta=None, quality=Quality.MEASURED)

    return tuple(
        replace(entry, latest=replace(entry.latest, meter_reads=tuple(map(plain, entry.latest.meter_reads))))
        for entry in entries
    )
