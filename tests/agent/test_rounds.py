"""What a cycle does: targets that are found, devices that are visited, and one that breaks costs only itself."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import JsonValue

from pagemeter.clock import Clock, SystemClock
from pagemeter.component import Answer, Ask, Discovery, Gathered, Memory, NotAPrinter, Quarantined, Reader, Seen, Source
from pagemeter.errors import AccessDenied, PluginError, QuietHours, Unreachable
from pagemeter.inventory import Inventory
from pagemeter.job_details import JobPrivacy
from pagemeter.model import (
    AgentStatus,
    DeviceSnapshot,
    Event,
    Hints,
    Identity,
    JobDetails,
    JobRecord,
    Link,
    Queue,
    Reading,
    Scope,
    Segment,
    Target,
)
from pagemeter.net.fence import Fence, FencedNetwork
from pagemeter.progress import Progress
from pagemeter.rounds import ALERTS, DECOY_REST, METERS, REVISIT_SECONDS, Rounds
from pagemeter.site import Site as SiteFacts
from pagemeter.store import Position, Store
from pagemeter.store.frames import inflated
from pagemeter.supervisor import Supervisor
from pagemeter.testing.clock import FakeClock
from pagemeter.visits import Visits


def at(number: int) -> Target:
    return Target(uri=f"host://10.0.0.{number}", found_by="told")


class Told(Discovery):
    """Yields what it is told to; raises what is an exception."""

    def __init__(self, *found: object) -> None:
        self._found = found
        self.memories: list[Memory] = []

    async def discover(self, memory: Memory) -> AsyncIterator[Any]:
        self.memories.append(memory)
        for one in self._found:
            if isinstance(one, BaseException):
                raise one
            yield one


class Answers(Reader):
    """Answers for each host as it is told; where nothing is told is a printer with the host as its serial number."""

    scopes: ClassVar[frozenset[Scope]] = METERS

    def __init__(self, **hosts: Exception | NotAPrinter) -> None:
        self._hosts = {f"10.0.0.{name.removeprefix('h')}": answer for name, answer in hosts.items()}
        self.asked: list[str] = []
        self.first = asyncio.Event()

    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        self.asked.append(target.host)
        self.first.set()
        answer = self._hosts.get(target.host)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        return Answer(readings=(Reading(identity=Identity(serial_number=target.host), scopes=ask.scopes),))


class Batches(Source):
    """Yields batches, and keeps the cursors that it began at."""

    def __init__(self, *batches: object) -> None:
        self._batches = batches
        self.began: list[dict[str, JsonValue]] = []

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Any]:
        self.began.append(dict(cursors))
        for batch in self._batches:
            yield batch


class Site:
    """Rounds with all that they need, and the supervisors of the components that are handed in."""

    def __init__(
        self, store: Store, clock: Clock, reader: Reader, group: asyncio.TaskGroup, job_details: JobDetails
    ) -> None:
        numbers = count(1)
        self.store = store
        self.inventory = Inventory(store.fleet(), store.aliases(), new_id=lambda: f"d{next(numbers)}")
        self.seen: list[Progress] = []
        self._group = group
        self.tasks: list[asyncio.Task[None]] = []
        privacy = JobPrivacy(level=job_details, key=lambda: store.pseudonym_key)
        visits = Visits([self.supervised("reader", reader)], self.inventory, store, clock, privacy=privacy)
        self.fence = Fence([FencedNetwork(network=ip_network("10.0.0.0/24"))])
        self.site = SiteFacts(store=store, inventory=self.inventory, fence=self.fence, clock=clock)
        self.rounds = Rounds(
            visits=visits,
            inventory=self.inventory,
            store=store,
            site=self.site,
            fence=self.fence,
            privacy=privacy,
            clock=clock,
            watcher=self.seen.append,
        )

    def supervised(self, name: str, component: Any) -> Supervisor[Any]:
        supervisor: Supervisor[Any] = Supervisor(name, lambda: component, clock=SystemClock())
        self.tasks.append(self._group.create_task(supervisor.run()))
        return supervisor


@asynccontextmanager
async def site(
    folder: Path,
    reader: Reader,
    clock: Clock | None = None,
    job_details: JobDetails = JobDetails.OFF,
    connection: type[sqlite3.Connection] = sqlite3.Connection,
) -> AsyncIterator[Site]:
    clock = clock or SystemClock()
    async with (
        Store.open(folder / "pagemeter.db", clock=clock, group_seconds=0.0, connection=connection) as store,
        asyncio.TaskGroup() as group,
    ):
        here = Site(store, clock, reader, group, job_details)
        try:
            yield here
        finally:
            for task in here.tasks:
                task.cancel()


async def test_each_target_is_visited_once_however_often_it_is_found(tmp_path: Path) -> None:
    reader = Answers()
    async with site(tmp_path, reader) as here:
        result = await here.rounds.discover(here.supervised("told", Told(at(1), at(2), at(1))))
    assert sorted(reader.asked) == ["10.0.0.1", "10.0.0.2"]
    assert (result.answered, result.failed, result.silent) == (2, {}, [])


async def test_a_device_whose_segment_was_dropped_is_not_asked_and_not_called_silent(tmp_path: Path) -> None:
    reader = Answers()
    segment = ip_network("10.9.0.0/24")
    far = Target(uri="host://10.9.0.1", found_by="told")
    async with site(tmp_path, reader) as here:
        here.fence.select([segment])
        await here.rounds.discover(here.supervised("told", Told(at(1), far)))
        here.fence.select([])
        result = await here.rounds.visit_all(METERS, "Reading")
        entries = here.inventory.entries()
    assert (result.answered, result.outside, result.silent, result.failed) == (1, [far.uri], [], {})
    assert (len(entries), [entry.silent_since for entry in entries if entry.silent_since]) == (2, [])
    assert reader.asked.count("10.9.0.1") == 1


async def test_each_answer_is_counted_as_what_it_is(tmp_path: Path) -> None:
    reader = Answers(
        h2=NotAPrinter(what="a switch"),
        h3=Unreachable("host://10.0.0.3 did not answer"),
        h4=AccessDenied("host://10.0.0.4 refuses the community"),
        h5=QuietHours("host://10.0.0.5 is left alone until 06:00"),
        h6=ValueError("no eyes"),
    )
    async with site(tmp_path, reader) as here:
        result = await here.rounds.discover(here.supervised("told", Told(*(at(number) for number in range(1, 7)))))
    assert (result.answered, result.not_printers, result.quiet) == (1, 1, 1)
    assert result.silent == ["host://10.0.0.3"]
    assert set(result.failed) == {"host://10.0.0.4", "host://10.0.0.6"}
    assert "no eyes" in result.failed["host://10.0.0.6"]


@pytest.mark.parametrize(("what", "reason"), [(ValueError("no map"), "no map"), (7, "discover yielded int")])
async def test_what_was_found_before_a_discovery_failed_is_visited_all_the_same(
    tmp_path: Path, what: object, reason: str
) -> None:
    async with site(tmp_path, Answers()) as here:
        result = await here.rounds.discover(here.supervised("told", Told(at(1), what, at(2))))
    assert result.answered == 1
    assert reason in result.failed["told"]


async def test_a_discovery_gets_back_what_it_remembered(tmp_path: Path) -> None:
    told = Told({"resume": 7}, at(1))
    async with site(tmp_path, Answers()) as here:
        supervisor = here.supervised("told", told)
        await here.rounds.discover(supervisor)
        await here.rounds.discover(supervisor)
    assert told.memories == [{}, {"resume": 7}]


async def test_what_is_no_printer_is_left_alone_until_its_rest_is_over(tmp_path: Path) -> None:
    reader = Answers(h1=NotAPrinter(what="a switch"))
    clock = FakeClock()
    async with site(tmp_path, reader, clock) as here:
        supervisor = here.supervised("told", Told(at(1)))
        asked = []
        for days in (0, 1, DECOY_REST.days):
            clock.set_wall_clock(clock.now().replace(tzinfo=UTC) + DECOY_REST / DECOY_REST.days * days)
            await here.rounds.discover(supervisor)
            asked.append(len(reader.asked))
    assert asked == [1, 1, 2]


async def test_every_known_device_is_visited_and_each_is_told_to_the_watcher(tmp_path: Path) -> None:
    reader = Answers()
    async with site(tmp_path, reader) as here:
        await here.rounds.discover(here.supervised("told", Told(at(1), at(2), at(3))))
        here.seen.clear()
        reader.asked.clear()
        result = await here.rounds.visit_all(METERS, "Reading")
        assert sorted(reader.asked) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
        assert [(step.done, step.total) for step in here.seen] == [(1, 3), (2, 3), (3, 3)]
    assert result.answered == 3


async def test_a_source_goes_on_where_its_cursor_was_kept(tmp_path: Path) -> None:
    source = Batches(Gathered(stream="log", cursor=10), Gathered(stream="log", cursor=20))
    async with site(tmp_path, Answers()) as here:
        supervisor = here.supervised("jobs", source)
        await here.rounds.gather(supervisor)
        await here.rounds.gather(supervisor)
    assert source.began == [{}, {"log": 20}]


async def test_a_batch_of_another_type_ends_the_source_and_keeps_what_came_before(tmp_path: Path) -> None:
    source = Batches(Gathered(stream="log", cursor=10), 7, Gathered(stream="log", cursor=20))
    async with site(tmp_path, Answers()) as here:
        with pytest.raises(PluginError, match="jobs: collect yielded int"):
            await here.rounds.gather(here.supervised("jobs", source))
        assert here.store.cursors("jobs") == {"log": 10}


async def test_the_agents_own_status_is_a_document(tmp_path: Path) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    async with site(tmp_path, Answers()) as here:
        status = AgentStatus(agent=here.store.agent, version="0.1.0", started_at=now, at=now)
        await here.rounds.say(status)
        assert [document.body for document in here.store.documents(Position(), 10)] == [status]


async def test_what_lies_outside_the_fence_is_left_alone_and_counted(tmp_path: Path) -> None:
    reader = Answers()
    foreign = Target(uri="ipp://192.0.2.7:631/ipp/print", found_by="told")
    async with site(tmp_path, reader) as here:
        result = await here.rounds.discover(here.supervised("told", Told(at(1), foreign)))
    assert reader.asked == ["10.0.0.1"]
    assert (result.outside, result.failed) == (["ipp://192.0.2.7:631/ipp/print"], {})


async def test_a_new_segment_is_kept_and_told_once_and_may_not_be_asked(tmp_path: Path) -> None:
    segment = Segment(network="10.4.0.0/22", next_hop="10.0.0.1", learned_from="snmp://10.0.0.1")
    async with site(tmp_path, Answers()) as here:
        for _ in range(2):
            await here.rounds.discover(here.supervised("gateway", Told(segment)))
        assert [one.segment for one in here.store.segments()] == [segment]
        kinds = [document.body.kind for document in here.store.documents(Position(), 10)]  # type: ignore[union-attr] # events only
        assert kinds == ["segment-found"]
        assert not here.fence.allows(ip_address("10.4.0.9"))


async def test_a_selected_segment_may_be_asked_until_it_is_dropped(tmp_path: Path) -> None:
    async with site(tmp_path, Answers()) as here:
        await here.site.select("10.4.0.0/22", True)
        assert here.fence.allows(ip_address("10.4.0.9"))
        again = Fence([FencedNetwork(network=ip_network("10.0.0.0/24"))])
        SiteFacts(store=here.store, inventory=here.inventory, fence=again, clock=SystemClock())
        assert again.allows(ip_address("10.4.0.9"))
        await here.site.select("10.4.0.0/22", False)
        assert not here.fence.allows(ip_address("10.4.0.9"))


async def test_what_an_operators_table_says_of_an_address_stands_in_the_document(tmp_path: Path) -> None:
    wide = Link(addresses="10.0.0.0/28", site="Plant 2", labels=(("cost centre", "4711"),))
    narrow = Link(addresses="10.0.0.1", asset_tag="A-17")
    async with site(tmp_path, Answers()) as here:
        await here.rounds.discover(here.supervised("table", Told(wide, narrow, at(1))))
        (entry,) = here.store.fleet()
        assert (entry.latest.device.site, entry.latest.device.asset_tag) == ("Plant 2", "A-17")
        assert entry.latest.device.labels == (("cost centre", "4711"),)
        await here.rounds.discover(here.supervised("sweep", Told(at(2))))
        assert [entry.latest.device.site for entry in here.store.fleet()] == ["Plant 2", "Plant 2"]
        assert here.store.links() == {"table": (wide, narrow)}


async def test_a_table_that_can_not_be_read_links_what_it_linked_before(tmp_path: Path) -> None:
    async with site(tmp_path, Answers()) as here:
        await here.rounds.discover(here.supervised("table", Told(Link(addresses="10.0.0.0/28", site="Plant 2"))))
        other = Link(addresses="10.0.0.0/28", site="Plant 3")
        failed = await here.rounds.discover(here.supervised("table", Told(other, PluginError("the file is gone"))))
        assert "the file is gone" in failed.failed["table"]
        await here.rounds.discover(here.supervised("sweep", Told(at(1))))
        assert here.store.fleet()[0].latest.device.site == "Plant 2"


def all_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


class Printed(Source):
    """Gathers one batch."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Gathered]:
        yield self._gathered


LOCAL = Target(uri="usb://Kyocera/ECOSYS?serial=SIM1", found_by="usb")


async def test_a_printer_that_a_source_saw_is_a_device_and_falls_silent_when_it_is_gone(tmp_path: Path) -> None:
    reading = Reading(identity=Identity(serial_number="SIM1", model="ECOSYS"), scopes=METERS)
    async with site(tmp_path, reader := Answers()) as here:
        there = Gathered(stream="usb", cursor=None, seen=(Seen(target=LOCAL, readings=(reading,)),))
        await here.rounds.gather(here.supervised("usb", Printed(there)))
        await here.rounds.visit_all(METERS, "meters")
        assert reader.asked == []
        (entry,) = here.store.fleet()
        assert (entry.latest.target, entry.silent_since) == (LOCAL.uri, None)
        gone = Gathered(stream="usb", cursor=None, seen=(Seen(target=LOCAL),))
        await here.rounds.gather(here.supervised("usb", Printed(gone)))
        assert here.store.fleet()[0].silent_since is not None


async def test_a_queue_becomes_a_document_when_it_changes_and_names_its_device(tmp_path: Path) -> None:
    queue = Queue(name="office", printer="host://10.0.0.1", state="idle", at=datetime(2026, 3, 1, tzinfo=UTC))
    later = Queue(name="office", printer="host://10.0.0.1", state="idle", at=datetime(2026, 3, 2, tzinfo=UTC))
    stopped = Queue(name="office", printer="host://10.0.0.1", state="stopped", at=later.at)
    async with site(tmp_path, Answers()) as here:
        await here.rounds.discover(here.supervised("told", Told(at(1))))
        for told in (queue, later, stopped):
            gathered = Gathered(stream="queues", cursor=None, queues=(told,))
            await here.rounds.gather(here.supervised("cups", Printed(gathered)))
        bodies = [document.body for document in here.store.documents(Position(), 20)]
        assert [(body.state, body.device) for body in bodies if isinstance(body, Queue)] == [
            ("idle", "d1"),
            ("stopped", "d1"),
        ]


CANARY = "canary-7f3a"
JOB = JobRecord(
    id="cups:1",
    user=f"{CANARY}-user",
    document=f"{CANARY}-title",
    client=f"{CANARY}-host",
    account=f"{CANARY}-account",
    printer="host://10.0.0.1",
    submitted_at=datetime(2026, 3, 1, 8, 47, 11, tzinfo=UTC),
    completed_at=datetime(2026, 3, 1, 8, 48, 2, tzinfo=UTC),
)


@pytest.mark.parametrize("level", JobDetails)
async def test_the_database_holds_who_printed_what_only_at_the_level_in_full(tmp_path: Path, level: JobDetails) -> None:
    text = Quarantined(offset=7, length=20, why="five fields", text=f"{CANARY},1,2")
    gathered = Gathered(stream="log", cursor={"at": 1}, jobs=(JOB,), quarantined=(text,))
    async with site(tmp_path, Answers(), job_details=level) as here:
        await here.rounds.discover(here.supervised("told", Told(at(1))))
        await here.rounds.gather(here.supervised("log", Printed(gathered)))
        (job,) = (d.body for d in here.store.documents(Position(), 20) if isinstance(d.body, JobRecord))
        (piece,) = (piece for _, _, piece in here.store.quarantined())
    stored = all_bytes(tmp_path)
    assert job.device == "d1"
    if level is JobDetails.FULL:
        assert (job.user, job.document, piece.text) == (JOB.user, JOB.document, text.text)
        return
    assert CANARY.encode() not in stored
    assert CANARY not in repr(job)
    assert (piece.offset, piece.why, piece.text) == (7, "five fields", None)
    if level is JobDetails.OFF:
        assert (job.user, job.client, job.account, job.completed_at) == (None, None, None, JOB.completed_at)
    else:
        assert job.user is not None
        assert len({job.user, job.client, job.account}) == 3
        assert job.completed_at == datetime(2026, 3, 1, 8, tzinfo=UTC)


async def test_a_user_has_one_pseudonym_after_a_restart_too(tmp_path: Path) -> None:
    users = []
    for number in (1, 2):
        gathered = Gathered(stream="log", cursor=number, jobs=(JOB,))
        async with site(tmp_path, Answers(), job_details=JobDetails.PSEUDONYMOUS) as here:
            await here.rounds.gather(here.supervised("log", Printed(gathered)))
            users += [d.body.user for d in here.store.documents(Position(), 20) if isinstance(d.body, JobRecord)]
    assert len(users) == 3
    assert len(set(users)) == 1


def printed(**gathered: Any) -> Gathered:
    whole: dict[str, Any] = {"stream": "log", "cursor": 1} | gathered
    return Gathered(**whole)


BATCHES: dict[str, Any] = {
    "a cursor that is a set": printed(cursor={1}),
    "a cursor that is no number": printed(cursor=float("nan")),
    "a stream without name": printed(stream=None),
    "jobs of another type": printed(jobs=("a job",)),
    "a job without words": printed(jobs=(JobRecord(id=7),)),  # type: ignore[arg-type] # the breach
    "a user that is a number": printed(jobs=(JobRecord(id="a", user=7),)),  # type: ignore[arg-type] # the breach
    "a place that is none": printed(seen=(Seen(target=Target(uri="host://[::1", found_by="x")),)),
    "a reading of another type": printed(seen=(Seen(target=at(1), readings=(7,)),)),  # type: ignore[arg-type] # the breach
    "a queue without time": printed(queues=(Queue(name="office", at=None),)),  # type: ignore[arg-type] # the breach
    "a place beyond all files": printed(quarantined=(Quarantined(offset=2**70, length=1, why="x"),)),
    "a release of another type": printed(released=("7",)),
}


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
async def test_a_batch_that_breaks_the_contract_is_not_kept_and_its_source_is_named(
    tmp_path: Path, batch: Gathered
) -> None:
    source = Batches(Gathered(stream="log", cursor=10), batch)
    async with site(tmp_path, Answers(), job_details=JobDetails.PSEUDONYMOUS) as here:
        with pytest.raises(PluginError, match="jobs: collect"):
            await here.rounds.gather(here.supervised("jobs", source))
        assert here.store.cursors("jobs") == {"log": 10}
        assert here.store.documents(Position(), 10) == ()


@pytest.mark.parametrize(
    "found",
    [
        Target(uri="host://[::1", found_by="told"),
        Target(uri=7, found_by="told"),  # type: ignore[arg-type] # the breach
        Segment(network="everywhere"),
        Link(addresses=None),  # type: ignore[arg-type] # the breach
        {"seen": {1}},
    ],
)
async def test_what_is_found_and_breaks_the_contract_costs_only_that_discovery(tmp_path: Path, found: object) -> None:
    async with site(tmp_path, Answers()) as here:
        result = await here.rounds.discover(here.supervised("told", Told(at(1), found, at(2))))
        assert result.answered == 1
        assert "told: " in result.failed["told"]
        assert (await here.rounds.discover(here.supervised("other", Told(at(3))))).failed == {}


class Tight(sqlite3.Connection):
    """A disk that has no room for what was read of one printer."""

    def executemany(self, sql: str, rows: Any) -> sqlite3.Cursor:
        rows = list(rows)
        if "INTO current" in sql and any(inflated(row[1], None).count(b"10.0.0.2") for row in rows):
            raise sqlite3.DataError("too big")
        return super().executemany(sql, rows)


async def test_a_printer_that_can_not_be_kept_does_not_stop_the_round(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(tmp_path, Answers(), connection=Tight) as here:
        for _ in range(3):
            result = await here.rounds.discover(here.supervised("told", Told(at(1), at(2), at(3))))
            assert (result.answered, set(result.failed)) == (2, {"host://10.0.0.2"})
    assert "too big" in result.failed["host://10.0.0.2"]


class Endless(Discovery, Source):
    """Yields what it has, and then nothing more for ever."""

    def __init__(self, *things: Any) -> None:
        self._things = things
        self.closed = False

    async def _go(self) -> AsyncIterator[Any]:
        try:
            for thing in self._things:
                yield thing
            await asyncio.Event().wait()
        finally:
            self.closed = True

    def discover(self, memory: Memory) -> AsyncIterator[Any]:
        return self._go()

    def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Any]:
        return self._go()


@pytest.mark.parametrize("endless", [True, False])
async def test_what_goes_on_for_ever_is_left_in_time_and_only_a_deadline_of_its_own_is_a_failure(
    tmp_path: Path, endless: bool
) -> None:
    discovery = Endless(at(1), Link(addresses="10.0.0.1", site="Plant 2"))
    source = Endless(printed(cursor=7))
    async with site(tmp_path, Answers()) as here:
        found = await here.rounds.discover(here.supervised("told", discovery), timeout=0.3, endless=endless)
        assert found.answered == 1
        assert ("told" in found.failed) is not endless
        assert bool(here.store.links()) is endless
        gathering = here.rounds.gather(here.supervised("log", source), timeout=0.3, endless=endless)
        with nullcontext() if endless else pytest.raises(PluginError, match="no end within"):
            await gathering
        assert here.store.cursors("log") == {"log": 7}
    assert discovery.closed
    assert source.closed


async def test_a_discovery_that_goes_on_for_ever_looks_at_a_place_again_after_a_while(tmp_path: Path) -> None:
    clock, again = FakeClock(), asyncio.Event()

    class Repeating(Discovery):
        async def discover(self, memory: Memory) -> AsyncIterator[Any]:
            yield at(1)
            yield at(1)
            await again.wait()
            yield at(1)

    reader = Answers(h1=Unreachable("mute"))
    async with site(tmp_path, reader, clock) as here, asyncio.TaskGroup() as group:
        round_ = group.create_task(here.rounds.discover(here.supervised("told", Repeating())))
        await reader.first.wait()
        await clock.advance(REVISIT_SECONDS)
        again.set()
        result = await round_
    assert reader.asked == ["10.0.0.1", "10.0.0.1"]
    assert len(result.silent) == 2


async def test_a_clock_that_was_wrong_for_a_while_does_not_hide_an_address_for_years(tmp_path: Path) -> None:
    reader, clock = Answers(h1=NotAPrinter(what="a switch")), FakeClock(datetime(2036, 1, 1, tzinfo=UTC))
    async with site(tmp_path, reader, clock) as here:
        supervisor = here.supervised("told", Told(at(1)))
        await here.rounds.discover(supervisor)
        clock.set_wall_clock(datetime(2026, 3, 1, tzinfo=UTC))
        await here.rounds.discover(supervisor)
    assert len(reader.asked) == 2


async def test_a_line_that_left_the_table_takes_what_it_said_with_it(tmp_path: Path) -> None:
    line = Link(addresses="10.0.0.1", site="Plant 2", name="Copy room", asset_tag="A-17", labels=(("floor", "2"),))
    other = Link(addresses="10.0.0.1", site="Plant 3", asset_tag="A-18")
    said = []
    async with site(tmp_path, Answers()) as here:
        await here.rounds.discover(here.supervised("sweep", Told(at(1))))
        for table in ((line,), (other,), ()):
            await here.rounds.discover(here.supervised("table", Told(*table)))
            await here.rounds.visit_all(METERS, "meters")
            snapshot = [d.body for d in here.store.documents(Position(), 20) if isinstance(d.body, DeviceSnapshot)][-1]
            device = snapshot.device
            said.append((device.site, device.name, device.asset_tag, device.labels))
            assert {name for name, origin in snapshot.origins if origin.protocol == "link"} == {
                name for name in ("site", "name", "asset_tag", "labels") if getattr(device, name)
            }
            assert here.store.fleet()[0].latest.device == device
    assert said == [
        ("Plant 2", "Copy room", "A-17", (("floor", "2"),)),
        ("Plant 3", None, "A-18", ()),
        (None, None, None, ()),
    ]


async def test_a_table_that_left_the_configuration_says_nothing_more(tmp_path: Path) -> None:
    async with site(tmp_path, Answers()) as here:
        await here.rounds.discover(here.supervised("table", Told(Link(addresses="10.0.0.1", site="Plant 2"), at(1))))
        for named, told in ((["table"], "Plant 2"), (["sweep"], None)):
            inventory = Inventory(here.store.fleet(), {}, new_id=str)
            SiteFacts(store=here.store, inventory=inventory, fence=here.fence, clock=SystemClock(), discoveries=named)
            learned = inventory.learn(
                at(1), (Reading(identity=Identity(serial_number="10.0.0.1")),), at=SystemClock().now(), read_by=()
            )
            assert learned.snapshots[0].device.site == told


async def test_what_a_discovery_hints_stays_when_a_table_is_silent(tmp_path: Path) -> None:
    hinted = Target(uri="host://10.0.0.1", found_by="told", hints=Hints(site="Plant 9", asset_tag="T-1"))
    async with site(tmp_path, Answers()) as here:
        await here.rounds.discover(here.supervised("told", Told(hinted)))
        await here.rounds.visit_all(METERS, "meters")
        assert here.store.fleet()[0].latest.device.asset_tag == "T-1"


async def test_a_queue_names_its_device_as_soon_as_that_is_known(tmp_path: Path) -> None:
    queue = Queue(name="office", printer="host://10.0.0.1", at=datetime(2026, 3, 1, tzinfo=UTC))
    async with site(tmp_path, Answers()) as here:
        for _ in range(2):
            await here.rounds.gather(here.supervised("cups", Printed(printed(queues=(queue,)))))
            await here.rounds.discover(here.supervised("told", Told(at(1))))
        bodies = [document.body for document in here.store.documents(Position(), 20)]
        assert [body.device for body in bodies if isinstance(body, Queue)] == [None, "d1"]


async def test_a_piece_that_is_understood_now_leaves_the_quarantine_of_its_own_stream(tmp_path: Path) -> None:
    piece = Quarantined(offset=7, length=20, why="five fields")
    async with site(tmp_path, Answers()) as here:
        for batch in (
            printed(stream="a", quarantined=(piece,)),
            printed(stream="b", quarantined=(piece, replace(piece, offset=27))),
            printed(stream="b", released=(7, 99)),
        ):
            await here.rounds.gather(here.supervised("log", Printed(batch)))
        assert [(stream, one.offset) for _, stream, one in here.store.quarantined()] == [("a", 7), ("b", 27)]


async def test_a_device_that_refuses_is_told_at_the_edges(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers = Answers(h1=AccessDenied("host://10.0.0.1 refuses the community"))
    async with site(tmp_path, answers) as here:
        for _ in range(3):
            await here.rounds.discover(here.supervised("told", Told(at(1))))
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["host://10.0.0.1: refuses the community"]


async def test_a_router_that_invents_networks_is_not_believed_for_ever(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(tmp_path, Answers()) as here:
        facts = SiteFacts(
            store=here.store, inventory=here.inventory, fence=here.fence, clock=SystemClock(), most_segments=2
        )
        for number in (1, 2, 3, 1):
            await facts.listed("gateway", Segment(network=f"10.{number}.0.0/24"))
        assert [one.segment.network for one in here.store.segments()] == ["10.1.0.0/24", "10.2.0.0/24"]
    assert "are passed over" in caplog.text


class Sleepy(Answers):
    """Answers while it is awake; ``asleep`` are the hosts that do not."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep: set[str] = set()

    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        if target.host in self.asleep:
            raise Unreachable(f"{target.uri} did not answer")
        return await super().read(target, ask)


def told_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "pagemeter.rounds" and r.levelno >= logging.INFO]


async def test_a_night_of_sixty_polls_is_two_lines_of_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    reader, clock = Sleepy(), FakeClock(datetime(2026, 1, 30, 18, tzinfo=UTC))
    caplog.set_level(logging.INFO, logger="pagemeter")
    async with site(tmp_path, reader, clock) as here:
        await here.rounds.discover(here.supervised("told", Told(at(1), at(2))))
        reader.asleep = {"10.0.0.1"}
        for poll in range(60):
            result = await here.rounds.visit_all(METERS if poll % 2 else ALERTS, "Reading")
            assert (result.silent, result.failed) == (["host://10.0.0.1"], {})
            await clock.advance(900)
        [entry] = (entry for entry in here.inventory.entries() if entry.silent_since is not None)
        assert entry.latest.device.serial_number == "10.0.0.1"
        assert dict(entry.scope_times)["identity"] == datetime(2026, 1, 30, 18, tzinfo=UTC)
        reader.asleep = set()
        await here.rounds.visit_all(METERS, "Reading")
        await here.rounds.visit_all(METERS, "Reading")
        page = here.store.page(Position(), 500)
    bodies = [entry.document.body for entry in page.entries if entry.document is not None]
    events = [body.kind for body in bodies if isinstance(body, Event)]
    assert told_lines(caplog) == [
        "10.0.0.1 (10.0.0.1) does not answer any more; its last values, of 2026-01-30 18:00 UTC, stay",
        "10.0.0.1 (10.0.0.1) answers again after 15:00:00",
    ]
    assert [kind for kind in events if kind in ("device-silent", "device-back")] == ["device-silent", "device-back"]


async def test_a_building_that_goes_dark_is_one_line_and_so_is_its_return(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader, clock = Sleepy(), FakeClock()
    caplog.set_level(logging.INFO, logger="pagemeter")
    async with site(tmp_path, reader, clock) as here:
        await here.rounds.discover(here.supervised("told", Told(*(at(number) for number in range(1, 31)))))
        reader.asleep = {f"10.0.0.{number}" for number in range(1, 31)}
        await here.rounds.visit_all(METERS, "Reading")
        reader.asleep = set()
        await here.rounds.visit_all(METERS, "Reading")
    gone, back = told_lines(caplog)
    assert gone.startswith("30 devices do not answer any more, their last values stay: 10.0.0.1, ")
    assert gone.endswith(" and 25 more")
    assert back.startswith("30 devices answer again: ")


async def test_a_silence_that_outlasts_the_agent_is_not_told_again_and_its_end_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Sleepy()
    caplog.set_level(logging.INFO, logger="pagemeter")
    async with site(tmp_path, reader, FakeClock()) as here:
        await here.rounds.discover(here.supervised("told", Told(at(1))))
        reader.asleep = {"10.0.0.1"}
        await here.rounds.visit_all(METERS, "Reading")
    caplog.clear()
    async with site(tmp_path, reader, FakeClock()) as here:
        await here.rounds.visit_all(METERS, "Reading")
        assert told_lines(caplog) == []
        reader.asleep = set()
        await here.rounds.visit_all(METERS, "Reading")
    assert len(told_lines(caplog)) == 1


async def test_quiet_hours_make_nothing_silent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    reader = Answers()
    caplog.set_level(logging.INFO, logger="pagemeter")
    async with site(tmp_path, reader, FakeClock()) as here:
        await here.rounds.discover(here.supervised("told", Told(at(1))))
        reader._hosts["10.0.0.1"] = QuietHours("host://10.0.0.1: 10.0.0.0/24 has quiet hours, 22:00-06:00")
        result = await here.rounds.visit_all(METERS, "Reading")
        assert [entry.silent_since for entry in here.inventory.entries()] == [None]
    assert (result.quiet, result.silent, told_lines(caplog)) == (1, [], [])
