"""The books of the cycles: what each run exchanged with the network, counted, told in the log and kept in the store."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pagemeter.clock import Clock
from pagemeter.errors import StoreError
from pagemeter.logs import OutageLog
from pagemeter.net.accounts import Accounts, Run, RunTraffic
from pagemeter.store import Keep, Store

log = logging.getLogger(__name__)


class Answered(Protocol):
    """What a run may return: it says how many devices answered."""

    answered: int


class Bookkeeping:
    """Keeps one record of each run of a cycle; a record that can't be kept is logged and stops nothing."""

    def __init__(self, accounts: Accounts, store: Store, clock: Clock) -> None:
        self._accounts = accounts
        self._store = store
        self._clock = clock
        self._outages = OutageLog(log, clock)

    async def run(self, cycle: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do the work as one run of a cycle; what failed half-way is recorded too, what was cancelled is not."""
        result: Answered | None = None
        with self._accounts.run(cycle) as run:
            try:
                result = await work()
            except Exception:
                await self._close(run, None)
                raise
        await self._close(run, result)
        return result

    async def _close(self, run: Run, result: Answered | None) -> None:
        """Keep the record of a run, and that of what happened out of turn until now."""
        told = run.told(self._clock.now(), None if result is None else result.answered)
        if told.rows or told.answered is not None:
            # A cycle for which there is nothing to do (no job list is read, no device known yet) is no news.
            log.log(logging.INFO if told.rows or told.answered else logging.DEBUG, "%s", spoken(told))
            between = self._accounts.between()
            await self._keep((told,) if between is None else (between, told))

    async def _keep(self, runs: tuple[RunTraffic, ...]) -> None:
        try:
            await self._store.keep(Keep(runs=runs), at_once=True)
        except StoreError as error:
            self._outages.failed("traffic", str(error))
        else:
            self._outages.recovered("traffic")


def spoken(run: RunTraffic) -> str:
    """Say in a line what a run exchanged."""
    seconds = (run.ended - run.began).total_seconds()
    (sent, got), (out, back) = run.packets, run.octets
    devices = "" if run.answered is None else f"{run.answered} devices answered, "
    each = "" if run.octets_per_device is None else f", {run.octets_per_device / 1000:.1f} kB a device"
    return (
        f"{run.cycle}: {devices}{sent} packets out ({out / 1000:.1f} kB), {got} in ({back / 1000:.1f} kB)"
        f"{each}, at most {run.peak} packets out in a second, {seconds:.0f} s"
    )
