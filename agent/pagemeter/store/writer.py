"""The thread that writes: what comes close together is committed together, and acknowledged when its commit is."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from pagemeter.clock import Clock
from pagemeter.errors import PagemeterError, StoreError

T = TypeVar("T")

MOST_TOGETHER = 256


@dataclass(slots=True)
class _Order:
    work: Callable[[], Any]
    at_once: bool
    done: Future[Any] = field(default_factory=Future)


class Writer:
    """Owns the one connection that writes; every order runs under a savepoint of the group's transaction."""

    def __init__(
        self,
        db: sqlite3.Connection,
        *,
        clock: Clock,
        group_seconds: float,
        rolled_back: Callable[[], None],
        committed: Callable[[], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._group_seconds = group_seconds
        self._rolled_back = rolled_back
        self._committed = committed
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="pagemeter-store", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[], T], *, at_once: bool) -> T:
        """Run ``work`` in a transaction and return its result once the commit is on the disk; raises StoreError."""
        if self._closed:
            raise StoreError("the store is closed")
        order = _Order(work, at_once)
        order.done.set_running_or_notify_cancel()
        self._orders.put(order)
        # Whoever stops waiting does not take back what was ordered.
        result: T = await asyncio.shield(asyncio.wrap_future(order.done))
        return result

    async def close(self) -> None:
        """Write what was ordered, then end the thread."""
        if not self._closed:
            self._closed = True
            self._orders.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (first := self._orders.get()) is not None:
            group, last = self._gather(first)
            self._write(group)
            if last:
                break
        self._db.close()

    def _gather(self, first: _Order) -> tuple[list[_Order], bool]:
        """Collect a group; the second value tells whether the thread is to end after it."""
        group = [first]
        until = self._clock.monotonic() + self._group_seconds
        while len(group) < MOST_TOGETHER:
            hurry = any(order.at_once for order in group[-1:]) or self._closed
            try:
                wait = max(0.0, until - self._clock.monotonic())
                order = self._orders.get_nowait() if hurry or not wait else self._orders.get(timeout=wait)
            except Empty:
                return group, False
            if order is None:
                return group, True
            order.at_once = order.at_once or hurry
            group.append(order)
        return group, False

    def _write(self, group: list[_Order]) -> None:
        results: list[tuple[_Order, Any, BaseException | None]] = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            results = [(order, *self._one(order.work)) for order in group]
            self._db.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - the border of the thread: whoever waits must hear of it
            self._back()
            failure = StoreError(f"the store can't be written: {error}; is its disk full or gone?")
            failure.__cause__ = error
            results = [(order, None, failure) for order in group]
        for order, result, failed in results:
            if failed is None:
                order.done.set_result(result)
            else:
                order.done.set_exception(failed)
        self._committed()

    def _one(self, work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        """Run one order; its failure undoes it alone."""
        self._db.execute("SAVEPOINT one")
        try:
            result = work()
        except Exception as error:
            if not self._db.in_transaction:
                raise
            self._db.execute("ROLLBACK TO one")
            self._db.execute("RELEASE one")
            self._rolled_back()
            if isinstance(error, sqlite3.OperationalError):
                raise
            return None, error if isinstance(error, PagemeterError) else _refused(error)
        self._db.execute("RELEASE one")
        return result, None

    def _back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        with contextlib.suppress(sqlite3.Error):
            self._rolled_back()


def _refused(error: Exception) -> StoreError:
    refused = StoreError(f"one entry can't be kept, the others are: {error}")
    refused.__cause__ = error
    return refused
