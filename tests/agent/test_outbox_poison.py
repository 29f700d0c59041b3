"""One document that a receiver can't take stops nobody; an outage sets nothing aside, however long it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from pagemeter.component import Batch, Feed, Form
from pagemeter.errors import DeliveryError, Refused, TooLarge, Undeliverable
from pagemeter.model import AgentStatus, Device, DeviceSnapshot, Document, FleetEntry, Key, Scope
from pagemeter.outbox import Outbox, Subscription
from pagemeter.store import Keep, Store
from pagemeter.testing import FakeClock

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def snapshot(number: int) -> DeviceSnapshot:
    return DeviceSnapshot(
        device=Device(id=f"d{number}", asset_tag=str(number)),
        target="host://10.0.0.7",
        taken_at=AT,
        scopes=frozenset({Scope.METERS}),
    )


def number(document: Document) -> int:
    assert isinstance(document.body, DeviceSnapshot)
    return int(document.body.device.asset_tag or "")


@dataclass
class Receiver:
    """A back end that drops repeats by key; it fails where a poisonous document is in a batch, and while it is down."""

    poison: set[int] = field(default_factory=set)
    verdict: Callable[[], Exception] = lambda: DeliveryError("500")
    down: bool = False
    requests: int = 0
    batches: list[Batch] = field(default_factory=list)
    taken: dict[Key, int] = field(default_factory=dict)
    failed: list[tuple[int, ...]] = field(default_factory=list)

    async def deliver(self, batch: Batch) -> None:
        self.requests += 1
        inside = tuple(number(one) for one in batch.documents)
        if self.down:
            raise DeliveryError("gone")
        if self.poison & set(inside):
            self.failed.append(inside)
            raise self.verdict()
        self.batches.append(batch)
        self.taken |= dict(zip([one.key for one in batch.documents], inside, strict=True))

    @property
    def numbers(self) -> set[int]:
        return set(self.taken.values())

    @property
    def alone(self) -> list[int]:
        """Say which documents failed alone."""
        return [inside[0] for inside in self.failed if len(inside) == 1]


class Middle(Random):
    """No dice: the upper end of every interval."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(AT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pagemeter.db"


@pytest.fixture
async def store(path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        yield store


def outbox_of(store: Store, clock: FakeClock) -> Outbox:
    def status() -> AgentStatus:
        return AgentStatus(agent=store.agent, version="1", started_at=AT, at=clock.now())

    return Outbox(store, clock=clock, status=status, random=Middle())


@pytest.fixture
def outbox(store: Store, clock: FakeClock) -> Outbox:
    return outbox_of(store, clock)


def feed(receiver: Receiver, form: Form = Form.EVERY, most: int = 500) -> Subscription:
    period = HOUR if form is Form.REPORT else None
    return Subscription(
        output="out", feed=Feed(name="all", form=form, most=most), deliver=receiver.deliver, period=period
    )


@asynccontextmanager
async def running(outbox: Outbox, subscription: Subscription) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run(subscription))
    try:
        async with asyncio.timeout(60):
            yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(clock: FakeClock, holds: Callable[[], bool], *, step: float = 30.0) -> None:
    """Let time pass, as long as it takes, while whoever works is waited for."""
    while not holds():
        if clock.sleeping:
            await clock.advance(step)
        else:
            await asyncio.sleep(0)


async def keep(store: Store, numbers: Iterator[int] | range) -> None:
    bodies = tuple((f"d{n}", snapshot(n)) for n in numbers)
    await store.keep(Keep(bodies=bodies, entries=tuple(FleetEntry(latest=body, first_seen=AT) for _, body in bodies)))


VERDICTS = {
    "a server's fault": lambda: DeliveryError("500"),
    "a cut connection": lambda: OSError("reset"),
    "a fault of the output": lambda: ValueError("surrogate"),
    "a refusal for ever": lambda: Undeliverable("422"),
    "too large": lambda: TooLarge("413"),
}


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
@pytest.mark.parametrize("poison", [{0}, {7}, {7, 8, 9}, {3, 20}], ids=str)
async def test_poison_is_set_aside_after_five_tries_and_the_others_arrive(
    store: Store, outbox: Outbox, clock: FakeClock, verdict: Callable[[], Exception], poison: set[int]
) -> None:
    receiver = Receiver(poison=poison, verdict=verdict)
    wanted = 30 - len(poison)
    await keep(store, range(30))
    async with running(outbox, feed(receiver)):
        await until(clock, lambda: len(store.set_aside("out/all")) == len(poison) and len(receiver.numbers) == wanted)
        await until(clock, lambda: store.position("out/all").seq == 30)
    assert receiver.numbers == set(range(30)) - poison
    assert [one.key.seq - 1 for one in store.set_aside("out/all")] == sorted(poison)
    assert all(receiver.alone.count(one) >= 5 for one in poison)
    assert all(one.why == str(verdict()) for one in store.set_aside("out/all"))
    assert store.suspects("out/all") == ()


@pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
async def test_the_last_document_of_the_log_goes_alone_and_is_judged_when_others_arrive(
    store: Store, outbox: Outbox, clock: FakeClock, verdict: Callable[[], Exception]
) -> None:
    receiver = Receiver(poison={4}, verdict=verdict)
    await keep(store, range(5))
    async with running(outbox, feed(receiver)):
        await until(clock, lambda: receiver.numbers == {0, 1, 2, 3} and bool(store.suspects("out/all")))
        await until(clock, lambda: clock.now() > AT + timedelta(days=1))
        assert store.set_aside("out/all") == ()
        for more in range(5, 8):
            await keep(store, range(more, more + 1))
            await until(clock, lambda more=more: more in receiver.numbers)  # type: ignore[misc] # of this turn
        await until(clock, lambda: bool(store.set_aside("out/all")))
    assert receiver.numbers == {0, 1, 2, 3, 5, 6, 7}


@pytest.mark.slow
@pytest.mark.parametrize("form", [Form.EVERY, Form.REPORT])
async def test_an_outage_of_days_sets_nothing_aside(store: Store, outbox: Outbox, clock: FakeClock, form: Form) -> None:
    receiver = Receiver()
    await keep(store, range(10))
    async with running(outbox, feed(receiver, form)):
        await until(clock, lambda: len(receiver.numbers) == 10, step=600)
        receiver.down = True
        for day in range(4):
            await keep(store, range(10 + day, 11 + day))
            await until(clock, lambda day=day: clock.now() > AT + timedelta(days=day), step=600)  # type: ignore[misc] # of this turn
        assert receiver.numbers == set(range(10))
        assert store.owed("out/all").delivery.why == "gone"
        receiver.down = False
        await until(clock, lambda: len(receiver.numbers) == 14, step=600)
        await until(clock, lambda: store.owed("out/all").delivery.why is None, step=600)
    assert store.set_aside("out/all") == ()
    assert store.suspects("out/all") == ()


async def test_a_receiver_that_refuses_everything_for_ever_sets_nothing_aside(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    receiver = Receiver(poison=set(range(100)), verdict=lambda: Undeliverable("404"))
    await keep(store, range(20))
    async with running(outbox, feed(receiver)):
        await until(clock, lambda: clock.now() > AT + timedelta(days=3), step=600)
        receiver.poison = set()
        await until(clock, lambda: len(receiver.numbers) == 20)
    assert store.set_aside("out/all") == ()


@pytest.mark.parametrize("verdict", [lambda: Refused("401"), lambda: DeliveryError("429", retry_after=HOUR)])
async def test_who_is_refused_or_shall_come_later_tries_the_same_batch_again(
    store: Store, outbox: Outbox, clock: FakeClock, verdict: Callable[[], Exception]
) -> None:
    receiver = Receiver(poison={3}, verdict=verdict)
    await keep(store, range(10))
    async with running(outbox, feed(receiver)):
        await until(clock, lambda: len(receiver.failed) == 20, step=900)
    assert set(receiver.failed) == {tuple(range(10))}


async def test_an_outage_amid_the_judging_is_no_proof(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    """A document failed for a moment and goes alone; then the receiver is down for days, then it takes everything."""
    receiver = Receiver(poison={4})
    await keep(store, range(5))
    async with running(outbox, feed(receiver)):
        await until(clock, lambda: bool(store.suspects("out/all")))
        receiver.down = True
        receiver.poison = set()
        await keep(store, range(5, 8))
        await until(clock, lambda: clock.now() > AT + timedelta(days=3), step=600)
        assert store.set_aside("out/all") == ()
        receiver.down = False
        await until(clock, lambda: len(receiver.numbers) == 8)
    assert store.set_aside("out/all") == ()


async def test_what_is_known_of_a_suspect_survives_a_restart(path: Path, clock: FakeClock) -> None:
    receiver = Receiver(poison={4})
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        await keep(store, range(5))
        async with running(outbox_of(store, clock), feed(receiver)):
            await until(clock, lambda: bool(store.suspects("out/all")))
        (before,) = store.suspects("out/all")
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        assert store.suspects("out/all") == (before,)
        for more in range(5, 12):
            await keep(store, range(more, more + 1))
            await outbox_of(store, clock).drain([feed(receiver)])
        assert [one.key.seq for one in store.set_aside("out/all")] == [5]
    assert receiver.numbers == {0, 1, 2, 3, *range(5, 12)}


async def test_what_was_set_aside_is_delivered_under_its_old_key_when_it_is_retried(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    receiver = Receiver(poison={3, 5})
    await keep(store, range(12))
    async with running(outbox, feed(receiver)):
        await until(clock, lambda: len(store.set_aside("out/all")) == 2)
        first, second = store.set_aside("out/all")
        receiver.poison = set()
        assert await store.retry_aside("out/all", first.key) == 1
        await until(clock, lambda: 3 in receiver.numbers)
        assert receiver.taken[first.key] == 3
        assert [len(batch.documents) for batch in receiver.batches][-1] == 1
        assert store.set_aside("out/all") == (second,)
        assert await store.drop_aside("out/all") == 1
        assert await store.drop_aside("out/all") == 0
    assert store.set_aside("out/all") == ()
    assert receiver.numbers == set(range(12)) - {5}


async def test_what_is_retried_and_still_poison_is_set_aside_again(
    store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    receiver = Receiver(poison={3})
    await keep(store, range(12))
    async with running(outbox, feed(receiver)):
        await until(clock, lambda: bool(store.set_aside("out/all")))
        await store.retry_aside("out/all")
        assert store.set_aside("out/all") == ()
        for more in range(12, 20):
            await keep(store, range(more, more + 1))
            await until(clock, lambda more=more: more in receiver.numbers)  # type: ignore[misc] # of this turn
        await until(clock, lambda: bool(store.set_aside("out/all")))
    assert receiver.numbers == set(range(20)) - {3}


async def test_a_report_goes_on_without_its_poison(store: Store, outbox: Outbox, clock: FakeClock) -> None:
    receiver = Receiver(poison={7})
    await keep(store, range(20))
    async with running(outbox, feed(receiver, Form.REPORT)):
        for more in range(20, 26):
            await until(clock, lambda: len([b for b in receiver.batches if b.last]) >= more - 19, step=60)  # noqa: B023 - of this turn
            await keep(store, range(more, more + 1))
        await until(clock, lambda: bool(store.set_aside("out/all")), step=60)
    assert receiver.numbers >= set(range(20)) - {7}
    assert [one.key.seq for one in store.set_aside("out/all")] == [8]
    assert all(batch.fleet for batch in receiver.batches if batch.part == 1)


async def test_a_feed_says_why_and_since_when_it_fails(
    path: Path, store: Store, outbox: Outbox, clock: FakeClock
) -> None:
    receiver = Receiver(down=True)
    await keep(store, range(3))
    async with running(outbox, feed(receiver)):
        await clock.wait_for_sleepers()
        await clock.advance(1)
        await clock.wait_for_sleepers()
        owed = store.owed("out/all")
        assert (owed.documents, owed.oldest) == (3, AT)
        assert (owed.delivery.why, owed.delivery.since, owed.delivery.failures) == ("gone", AT, 2)
        receiver.down = False
        await until(clock, lambda: store.owed("out/all").documents == 0)
        await until(clock, lambda: store.owed("out/all").delivery.why is None)
        assert store.owed("out/all").delivery.form is Form.EVERY
    assert store.feeds() == ("out/all",)
