"""Feeds: in order, at least once, nothing lost, one bad document stops nobody."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from pagemeter.component import Batch, Feed, Form
from pagemeter.errors import DeliveryError, Refused, TooLarge, Undeliverable
from pagemeter.masks import Masks
from pagemeter.model import AgentStatus, Device, DeviceFound, DeviceSnapshot, Document, Event, FleetEntry, Scope
from pagemeter.outbox import Outbox, Subscription
from pagemeter.store import Keep, Position, Store
from pagemeter.testing import FakeClock

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
METERS = frozenset({Scope.METERS})
BOTH = frozenset({Scope.METERS, Scope.STATUS})


def snapshot(device: str, note: str, scopes: frozenset[Scope] = METERS) -> DeviceSnapshot:
    return DeviceSnapshot(
        device=Device(id=device, contact="Ada", asset_tag=note), target="host://10.0.0.7", taken_at=AT, scopes=scopes
    )


def note(document: Document) -> str:
    assert isinstance(document.body, DeviceSnapshot)
    return document.body.device.asset_tag or ""


@dataclass
class Receiver:
    """An output that fails as told, then takes everything."""

    failures: list[Exception | Callable[[Batch], Exception | None]] = field(default_factory=list)
    always: Callable[[Batch], Exception | None] = lambda _: None
    batches: list[Batch] = field(default_factory=list)
    taken: list[Batch] = field(default_factory=list)
    got: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(self, batch: Batch) -> None:
        self.batches.append(batch)
        failure = self.failures.pop(0) if self.failures else self.always
        error = failure if isinstance(failure, Exception) else failure(batch)
        if error is not None:
            raise error
        self.taken.append(batch)
        self.got.set()

    @property
    def notes(self) -> list[str]:
        return [note(document) for batch in self.taken for document in batch.documents]


class Middle(Random):
    """No dice: the upper end of every interval."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(AT)


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "pagemeter.db", clock=clock, group_seconds=0) as store:
        yield store


@pytest.fixture
def outbox(store: Store, clock: FakeClock) -> Outbox:
    def status() -> AgentStatus:
        return AgentStatus(agent=store.agent, version="1", started_at=AT, at=clock.now(), last_error="door open")

    return Outbox(store, clock=clock, status=status, random=Middle())


@asynccontextmanager
async def running(outbox: Outbox, subscription: Subscription) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run(subscription))
    try:
        async with asyncio.timeout(20):
            yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(store: Store, condition: Callable[[], bool]) -> None:
    """Wait for a condition that a commit brings about."""
    with store.listening() as committed:
        while not condition():
            await committed.wait()
            committed.clear()


def every(receiver: Receiver, most: int = 500, mask: tuple[str, ...] = ()) -> Subscription:
    feed = Feed(name="all", most=most)
    return Subscription(output="out", feed=feed, deliver=receiver.deliver, masks=Masks(mask=mask))


def latest(receiver: Receiver, most: int = 500) -> Subscription:
    return Subscription(output="out", feed=Feed(name="new", form=Form.LATEST, most=most), deliver=receiver.deliver)


def report(receiver: Receiver) -> Subscription:
    feed = Feed(name="fleet", form=Form.REPORT)
    return Subscription(output="out", feed=feed, deliver=receiver.deliver, period=HOUR, next_due=lambda at: at + HOUR)


async def keep(store: Store, *snapshots: DeviceSnapshot) -> None:
    await store.keep(Keep(bodies=tuple((snapshot.device.id, snapshot) for snapshot in snapshots)))


def numbered(count: int) -> Iterator[DeviceSnapshot]:
    return (snapshot("a", str(n)) for n in range(count))


async def test_every_document_is_delivered_in_order_in_batches_and_new_ones_as_they_come(
    store: Store, outbox: Outbox
) -> None:
    receiver = Receiver()
    await keep(store, *numbered(5))
    async with running(outbox, every(receiver, most=2)):
        await until(store, lambda: store.position("out/all").seq == 5)
        assert [len(batch.documents) for batch in receiver.taken] == [2, 2, 1]
        await keep(store, snapshot("a", "5"))
        await until(store, lambda: store.position("out/all").seq == 6)
    assert receiver.notes == ["0", "1", "2", "3", "4", "5"]
    assert receiver.taken[0].agent.agent == store.agent


async def test_delivery_goes_on_after_a_restart_where_it_was(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await keep(store, *numbered(3))
    await outbox.drain([every(receiver)])
    await keep(store, snapshot("a", "3"))
    await outbox.drain([every(receiver)])
    assert receiver.notes == ["0", "1", "2", "3"]


async def test_each_feed_has_a_position_of_its_own(store: Store, outbox: Outbox) -> None:
    good, bad = Receiver(), Receiver(always=lambda _: OSError("gone"))
    await keep(store, *numbered(2))
    subscription = Subscription(output="other", feed=Feed(name="all"), deliver=bad.deliver)
    results = await outbox.drain([every(good), subscription])
    assert [(r.feed, r.delivered, r.error) for r in results] == [("out/all", 2, None), ("other/all", 0, "gone")]
    assert store.position("other/all") == Position()


async def test_a_failed_batch_is_tried_again_under_the_same_id_with_growing_waits(
    store: Store, outbox: Outbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pagemeter.outbox")
    receiver = Receiver(failures=[OSError("gone"), DeliveryError("busy"), ValueError("bug")])
    await keep(store, *numbered(2))
    async with running(outbox, every(receiver)):
        for tries, wait in enumerate([1, 2, 4], start=1):
            await clock.wait_for_sleepers()
            assert len(receiver.batches) == tries
            assert outbox.failing.keys() == {"out/all"}
            await clock.advance(wait - 0.5)
            assert len(receiver.batches) == tries
            await keep(store, snapshot("a", f"late {tries}"))
            await clock.advance(0.5)
        await until(store, lambda: store.position("out/all").seq == 5)
    assert {batch.id for batch in receiver.batches[:3]} == {receiver.taken[0].id}
    assert receiver.taken[0].id != receiver.taken[1].id
    assert receiver.notes == ["0", "1", "late 1", "late 2", "late 3"]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert outbox.failing == {}


async def test_no_wait_is_longer_than_a_quarter_of_an_hour(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver(failures=[OSError("gone")] * 40)
    await keep(store, *numbered(1))
    async with running(outbox, every(receiver)):
        delivered = asyncio.create_task(until(store, lambda: store.position("out/all").seq == 1))
        quarters = 0
        while not delivered.done():
            asleep = asyncio.create_task(clock.wait_for_sleepers())
            await asyncio.wait({delivered, asleep}, return_when=asyncio.FIRST_COMPLETED)
            asleep.cancel()
            await clock.advance(900)
            quarters += 1
    assert receiver.notes == ["0"]
    # At most one for each failure, and some to spare; longer waits would have taken two each.
    assert len(receiver.batches) == 41
    assert quarters < 60


async def test_the_receiver_may_ask_for_patience(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver(failures=[DeliveryError("later", retry_after=timedelta(hours=2))])
    await keep(store, *numbered(1))
    async with running(outbox, every(receiver)):
        await clock.wait_for_sleepers()
        until_when = f"{clock.now() + timedelta(hours=2):%Y-%m-%d %H:%M} UTC"
        assert f"later (it asks us to wait until {until_when}" in (store.delivery("out/all").why or "")
        await clock.advance(2 * 3600 - 1)
        assert len(receiver.batches) == 1
        await clock.advance(1)
        await until(store, lambda: store.position("out/all").seq == 1)


async def test_a_refused_agent_waits_long_and_keeps_everything(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver(failures=[Refused("who are you?")])
    await keep(store, *numbered(2))
    async with running(outbox, every(receiver)):
        await clock.wait_for_sleepers()
        await clock.advance(899)
        assert len(receiver.batches) == 1
        await clock.advance(1)
        await until(store, lambda: store.position("out/all").seq == 2)
    assert receiver.notes == ["0", "1"]


async def test_what_was_accepted_is_not_sent_again(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    def some(batch: Batch) -> Exception:
        return DeliveryError("cut", accepted=[batch.documents[0], batch.documents[1], batch.documents[3]])

    receiver = Receiver(failures=[some])
    await keep(store, *numbered(5))
    async with running(outbox, every(receiver)):
        await clock.wait_for_sleepers()
        await until(store, lambda: store.position("out/all").seq == 2)
        await clock.advance(1)
        await until(store, lambda: store.position("out/all").seq == 5)
    assert receiver.notes == ["2", "4"]


async def test_a_batch_that_is_too_large_is_halved_at_once(store: Store, outbox: Outbox) -> None:
    receiver = Receiver(always=lambda batch: TooLarge("413") if len(batch.documents) > 3 else None)
    await keep(store, *numbered(20))
    (result,) = await outbox.drain([every(receiver)])
    assert (result.delivered, result.aside, result.error) == (20, 0, None)
    assert receiver.notes == [str(n) for n in range(20)]


@pytest.mark.parametrize("failure", [TooLarge("413"), Undeliverable("no such meter")])
async def test_the_one_document_that_can_not_be_delivered_is_set_aside_alone(
    store: Store, outbox: Outbox, failure: DeliveryError
) -> None:
    def picky(batch: Batch) -> Exception | None:
        return failure if any(note(document) == "7" for document in batch.documents) else None

    receiver = Receiver(always=picky)
    await keep(store, *numbered(20))
    (result,) = await outbox.drain([every(receiver)])
    assert (result.delivered, result.aside, result.error) == (19, 1, None)
    assert receiver.notes == [str(n) for n in range(20) if n != 7]
    assert [(aside.key.seq, aside.why) for aside in store.set_aside("out/all")] == [(8, str(failure))]
    assert store.position("out/all").seq == 20


async def test_a_damaged_document_is_set_aside_and_the_rest_delivered(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    await keep(store, snapshot("a", "0"), snapshot("b", "1"), snapshot("c", "2"))
    db = sqlite3.connect(store.path)
    db.execute("UPDATE document SET crc = crc + 1 WHERE seq = 2")
    db.commit()
    db.close()
    (result,) = await outbox.drain([every(receiver)])
    assert receiver.notes == ["0", "2"]
    assert (result.delivered, result.aside) == (2, 1)
    assert "CRC" in store.set_aside("out/all")[0].why


async def test_masks_apply_when_sent_and_only_to_that_output(store: Store, outbox: Outbox) -> None:
    masked, plain = Receiver(), Receiver()
    await keep(store, *numbered(1))
    subscription = Subscription(output="plain", feed=Feed(name="all"), deliver=plain.deliver)
    await outbox.drain([every(masked, mask=("contact", "free-text")), subscription])
    for receiver, contact, error in ((masked, None, None), (plain, "Ada", "door open")):
        body = receiver.taken[0].documents[0].body
        assert isinstance(body, DeviceSnapshot)
        assert body.device.contact == contact
        assert receiver.taken[0].agent.last_error == error


async def test_latest_is_the_newest_of_each_device_and_of_what_it_does_not_cover(store: Store, outbox: Outbox) -> None:
    receiver = Receiver()
    status = frozenset({Scope.STATUS})
    await keep(
        store,
        snapshot("a", "a1"),
        snapshot("b", "b1"),
        snapshot("a", "a2"),
        snapshot("a", "a3 status", status),
        snapshot("b", "b2", BOTH),
    )
    await outbox.drain([latest(receiver)])
    assert receiver.notes == ["a2", "a3 status", "b2"]
    await keep(store, snapshot("b", "b3"))
    await outbox.drain([latest(receiver)])
    assert receiver.notes == ["a2", "a3 status", "b2", "b3"]


async def test_latest_passes_over_events_and_over_what_became_old_in_an_outage(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    receiver = Receiver(failures=[OSError("gone")])
    await keep(store, snapshot("a", "old"))
    async with running(outbox, latest(receiver)):
        await clock.wait_for_sleepers()
        await keep(store, snapshot("a", "new"))
        await store.keep(Keep(bodies=((None, Event(at=AT, facts=DeviceFound(address="10.0.0.7"))),)))
        await clock.advance(1)
        await until(store, lambda: store.position("out/new").seq == 3)
    assert receiver.notes == ["new"]
    await store.keep(Keep(bodies=((None, Event(at=AT, facts=DeviceFound(address="10.0.0.8"))),)))
    await outbox.drain([latest(receiver)])
    assert store.position("out/new").seq == 4
    assert len(receiver.taken) == 1


async def fleet(store: Store, *devices: str) -> None:
    await store.keep(Keep(entries=tuple(FleetEntry(latest=snapshot(d, d), first_seen=AT) for d in devices)))


def reported(batch: Batch) -> list[str]:
    return [entry.latest.device.id for entry in batch.fleet]


async def test_a_report_is_sent_at_its_time_even_when_there_is_nothing_to_say(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    receiver = Receiver()
    async with running(outbox, report(receiver)):
        for hour in range(1, 4):
            await clock.wait_for_sleepers()
            while clock.now() < AT + hour * HOUR:
                assert len(receiver.taken) == hour - 1
                await clock.wait_for_sleepers()
                await clock.advance(60)
            await until(store, lambda: store.position("out/fleet").at == clock.now())
    assert [(batch.period, batch.fleet, batch.documents) for batch in receiver.taken] == [(HOUR, (), ())] * 3
    assert len({batch.id for batch in receiver.taken}) == 3


async def test_reports_that_were_missed_are_sent_as_one(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver()
    await fleet(store, "b", "a")
    await store.advance("out/fleet", Position(at=AT - 5 * HOUR - timedelta(minutes=10)))
    async with running(outbox, report(receiver)):
        await until(store, lambda: store.position("out/fleet").at == AT - timedelta(minutes=10))
        await clock.wait_for_sleepers()
    assert [reported(batch) for batch in receiver.taken] == [["a", "b"]]


async def test_a_report_in_an_outage_is_tried_again_until_the_next_one_takes_its_place(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    up = False
    receiver = Receiver(always=lambda _: None if up else OSError("gone"))
    await store.advance("out/fleet", Position(at=AT - HOUR))
    async with running(outbox, report(receiver)):
        await clock.wait_for_sleepers()
        while clock.now() < AT + 3 * HOUR:
            await clock.wait_for_sleepers()
            await clock.advance(300)
        up = True
        while not receiver.taken:
            await clock.wait_for_sleepers()
            await clock.advance(300)
        await until(store, lambda: (store.position("out/fleet").at or AT) >= AT + 3 * HOUR)
    assert len(receiver.taken) == 1
    assert len({batch.id for batch in receiver.batches}) == 4


async def test_a_clock_set_back_does_not_silence_the_reports(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver()
    await store.advance("out/fleet", Position(at=AT + timedelta(days=3650)))
    async with running(outbox, report(receiver)):
        while clock.now() < AT + HOUR:
            await clock.wait_for_sleepers()
            await clock.advance(60)
        await until(store, lambda: store.position("out/fleet").at == AT + HOUR)
    assert len(receiver.taken) == 1


async def test_a_report_that_is_too_large_is_sent_in_parts(store: Store, outbox: Outbox) -> None:
    receiver = Receiver(always=lambda batch: TooLarge("413") if len(batch.fleet) > 2 else None)
    await fleet(store, *"abcdef")
    (result,) = await outbox.drain([report(receiver)])
    assert [device for batch in receiver.taken for device in reported(batch)] == list("abcdef")
    assert result.delivered == 6
    assert len({batch.id for batch in receiver.taken}) == len(receiver.taken)


async def test_draining_sends_one_report_now_and_says_what_went_wrong(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    await fleet(store, "a")
    good, bad = Receiver(), Receiver(always=lambda _: Undeliverable("schema"))
    (result,) = await outbox.drain([report(good)])
    assert (result.delivered, result.error) == (1, None)
    assert store.position("out/fleet").at == clock.now()
    (result,) = await outbox.drain([report(bad)])
    assert (result.delivered, result.error) == (0, "schema")
