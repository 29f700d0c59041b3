"""A report carries the fleet and what was kept since the last one; a feed of the latest carries the devices' state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pagemeter.component import Batch, Feed, Form
from pagemeter.errors import DeliveryError, TooLarge
from pagemeter.masks import NO_MASKS, Masks
from pagemeter.model import (
    AgentStatus,
    Device,
    DeviceBack,
    DeviceFound,
    DeviceSilent,
    DevicesMerged,
    DeviceSnapshot,
    Document,
    Event,
    FleetEntry,
    JobRecord,
    Queue,
    Scope,
)
from pagemeter.outbox import Outbox, Subscription
from pagemeter.store import Keep, Position, Store
from pagemeter.testing import FakeClock

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
METERS = frozenset({Scope.METERS})


def snapshot(device: str, note: str = "") -> DeviceSnapshot:
    return DeviceSnapshot(
        device=Device(id=device, asset_tag=note), target="host://10.0.0.7", taken_at=AT, scopes=METERS
    )


def agent_status(at: datetime = AT) -> AgentStatus:
    return AgentStatus(agent="a", version="1", started_at=AT, at=at)


def named(document: Document) -> str:
    match document.body:
        case DeviceSnapshot(device=device):
            return device.asset_tag or device.id
        case JobRecord(id=name) | Queue(name=name):
            return name
        case Event():
            return document.body.kind
        case AgentStatus():
            return "status"


@dataclass
class Receiver:
    """Keeps what it took; ``judge`` says what it does not take."""

    judge: Callable[[Batch], Exception | None] = lambda _: None
    taken: list[Batch] = field(default_factory=list)
    tried: list[Batch] = field(default_factory=list)

    async def deliver(self, batch: Batch) -> None:
        self.tried.append(batch)
        if (error := self.judge(batch)) is not None:
            raise error
        self.taken.append(batch)

    @property
    def names(self) -> list[str]:
        return [named(document) for batch in self.taken for document in batch.documents]

    @property
    def devices(self) -> list[str]:
        return [entry.latest.device.id for batch in self.taken for entry in batch.fleet]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(AT)


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "pagemeter.db", clock=clock, group_seconds=0) as store:
        yield store


@pytest.fixture
def outbox(store: Store, clock: FakeClock) -> Outbox:
    return Outbox(store, clock=clock, status=lambda: agent_status(clock.now()))


def feed(
    receiver: Receiver, form: Form = Form.REPORT, *, most: int = 500, masks: Masks = NO_MASKS, history: bool = True
) -> Subscription:
    of = Feed(name="feed", form=form, most=most, history=history)
    return Subscription(output="out", feed=of, deliver=receiver.deliver, masks=masks, period=timedelta(hours=1))


async def fleet(store: Store, *devices: str, silent_since: datetime | None = None) -> None:
    entries = [FleetEntry(latest=snapshot(one), first_seen=AT, silent_since=silent_since) for one in devices]
    await store.keep(Keep(entries=tuple(entries)))


async def keep(store: Store, *bodies: DeviceSnapshot | Event | JobRecord | Queue | AgentStatus) -> None:
    await store.keep(Keep(bodies=tuple((getattr(getattr(one, "device", None), "id", None), one) for one in bodies)))


async def numbered(store: Store, numbers: range) -> None:
    await keep(store, *(snapshot("a", str(number)) for number in numbers))


async def test_a_report_carries_what_was_kept_since_the_last_one_that_was_taken(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await fleet(store, "a", "b")
    silent = Event(device="a", at=AT, facts=DeviceSilent(since=AT))
    await keep(store, snapshot("a", "1"), silent, JobRecord(id="j1"), Queue(name="q1", at=AT), agent_status())
    await outbox.drain([feed(receiver)])
    assert receiver.names == ["1", "device-silent", "j1", "q1"]
    assert [(batch.part, batch.last) for batch in receiver.taken] == [(1, True)]
    await keep(store, snapshot("a", "2"))
    await outbox.drain([feed(receiver)])
    assert receiver.names == ["1", "device-silent", "j1", "q1", "2"]
    assert receiver.devices == ["a", "b"] * 2
    assert store.position("out/feed") == store.end()


async def test_a_report_can_want_some_types_of_documents_only(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await fleet(store, "a")
    await keep(
        store, snapshot("a", "1"), JobRecord(id="j1"), snapshot("a", "2"), JobRecord(id="j2"), snapshot("a", "3")
    )
    await outbox.drain([replace(feed(receiver), feed=Feed(name="feed", form=Form.REPORT, most=2, types=("job",)))])
    assert receiver.names == ["j1", "j2"]
    assert [(batch.part, batch.last) for batch in receiver.taken] == [(1, True)]
    assert store.position("out/feed") == store.end()


async def test_after_failures_one_report_carries_the_whole_history(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    up = False
    receiver = Receiver(lambda _: None if up else DeliveryError("gone"))
    for hour in range(5):
        await numbered(store, range(hour, hour + 1))
        (result,) = await outbox.drain([feed(receiver)])
        assert (result.delivered, result.error) == (0, "gone")
        assert store.position("out/feed") == Position()
        await clock.advance(3600)
    up = True
    await outbox.drain([feed(receiver)])
    assert receiver.names == [str(n) for n in range(5)]
    assert len(receiver.taken) == 1


async def test_a_long_report_comes_in_parts_and_only_the_first_has_the_fleet(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await fleet(store, "a", "b", "c")
    await numbered(store, range(25))
    await outbox.drain([feed(receiver, most=10)])
    assert [(b.part, b.last, len(b.fleet), len(b.documents)) for b in receiver.taken] == [
        (1, False, 3, 10),
        (2, False, 0, 10),
        (3, True, 0, 5),
    ]
    assert receiver.names == [str(n) for n in range(25)]
    assert len({batch.id for batch in receiver.taken}) == 3


async def test_parts_that_were_taken_are_not_sent_again(store: Store, outbox: Outbox) -> None:
    cut = True
    receiver = Receiver(lambda batch: DeliveryError("cut") if cut and batch.part == 3 else None)
    await fleet(store, "a")
    await numbered(store, range(25))
    (result,) = await outbox.drain([feed(receiver, most=10)])
    assert result.error == "cut"
    # What is written down is the place behind the second part; that the report is over is not.
    assert (store.position("out/feed").seq, store.position("out/feed").at) == (20, None)
    cut = False
    await numbered(store, range(25, 27))
    await outbox.drain([feed(receiver, most=10)])
    assert receiver.names == [str(n) for n in range(27)]
    assert [(b.part, b.last) for b in receiver.taken] == [(1, False), (2, False), (1, True)]


async def test_a_report_that_is_too_large_gives_up_documents_first_and_devices_then(
    store: Store, outbox: Outbox
) -> None:
    receiver = Receiver(lambda b: TooLarge("413") if len(b.documents) + len(b.fleet) > 3 else None)
    await fleet(store, *"abcdefgh")
    await numbered(store, range(9))
    (result,) = await outbox.drain([feed(receiver)])
    assert (result.delivered, result.aside, result.error) == (17, 0, None)
    assert receiver.devices == list("abcdefgh")
    assert receiver.names == [str(n) for n in range(9)]
    assert [b.last for b in receiver.taken].count(True) == 1
    assert receiver.taken[-1].last
    tried = [(len(b.fleet), len(b.documents)) for b in receiver.tried]
    assert tried[:5] == [(8, 9), (8, 4), (8, 2), (8, 1), (8, 0)]


async def test_a_device_that_no_report_may_have_leaves_the_report_owed(store: Store, outbox: Outbox) -> None:
    receiver = Receiver(lambda b: TooLarge("413") if b.fleet else None)
    await fleet(store, "a")
    await numbered(store, range(3))
    for _ in range(3):
        (result,) = await outbox.drain([feed(receiver)])
        assert (result.delivered, result.aside, result.error) == (0, 0, "413")
    assert store.owed("out/feed").documents == 3


async def test_a_new_report_begins_at_the_beginning_of_the_log_and_never_holds_more_than_a_part_and_a_page(
    store: Store, outbox: Outbox
) -> None:
    receiver = Receiver()
    await numbered(store, range(1300))
    await outbox.drain([feed(receiver, most=400)])
    assert receiver.names == [str(n) for n in range(1300)]
    assert [len(batch.documents) for batch in receiver.taken] == [400, 400, 400, 100]


async def test_what_is_kept_while_a_report_is_sent_waits_for_the_next(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await numbered(store, range(10))

    async def slow(batch: Batch) -> None:
        await receiver.deliver(batch)
        await numbered(store, range(100 + batch.part, 101 + batch.part))

    of = Feed(name="feed", form=Form.REPORT, most=4)
    await outbox.drain([Subscription(output="out", feed=of, deliver=slow)])
    assert receiver.names == [str(n) for n in range(10)]
    assert store.owed("out/feed").documents == 3


async def test_a_report_without_history_owes_nothing_behind_it(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await fleet(store, "a")
    await numbered(store, range(10))
    await outbox.drain([feed(receiver, history=False)])
    assert (receiver.names, receiver.devices) == ([], ["a"])
    assert store.owed("out/feed").documents == 0


async def test_masks_hold_for_all_of_a_report(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await fleet(store, "a")
    await keep(store, snapshot("a", "tag"), JobRecord(id="j1", user="ada"), Queue(name="q1", at=AT))
    await outbox.drain([feed(receiver, masks=Masks(only=["job"], mask=["person"]))])
    (batch,) = receiver.taken
    assert [document.body for document in batch.documents] == [JobRecord(id="j1")]
    assert batch.fleet == ()
    assert store.owed("out/feed").documents == 0


async def test_the_latest_comes_with_what_is_known_of_each_device(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await fleet(store, "a", "b", "c")
    await keep(store, snapshot("a", "a1"), snapshot("b", "b1"), snapshot("a", "a2"))
    await outbox.drain([feed(receiver, Form.LATEST)])
    assert receiver.names == ["b1", "a2"]
    assert receiver.devices == ["a", "b"]


async def test_a_device_of_which_only_an_event_tells_is_handed_on_too(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await fleet(store, "a", "b")
    await outbox.drain([feed(receiver, Form.LATEST)])
    await fleet(store, "a", silent_since=AT)
    await store.keep(
        Keep(
            bodies=(
                ("a", Event(device="a", at=AT, facts=DeviceBack(silent_since=AT))),
                ("a", Event(device="a", at=AT, facts=DeviceSilent(since=AT))),
                ("b", Event(device="b", at=AT, facts=DeviceFound(address="10.0.0.8"))),
                ("b", Event(device="b", at=AT, facts=DevicesMerged(alias="c"))),
            ),
            aliases={"c": "b"},
        )
    )
    await outbox.drain([feed(receiver, Form.LATEST)])
    assert receiver.names == ["device-silent", "devices-merged"]
    assert receiver.devices == ["a", "b"]
    assert receiver.taken[-1].fleet[0].silent_since == AT
    assert store.owed("out/feed").documents == 0


async def test_a_snapshot_under_an_id_that_was_given_up_comes_with_the_device_that_stays(
    store: Store, outbox: Outbox
) -> None:
    receiver = Receiver()
    await keep(store, snapshot("old", "o1"))
    await fleet(store, "new")
    await store.keep(Keep(aliases={"old": "new"}))
    await outbox.drain([feed(receiver, Form.LATEST)])
    assert (receiver.names, receiver.devices) == (["o1"], ["new"])
