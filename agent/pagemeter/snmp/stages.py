"""The stages of a sweep, one after the other: what is found comes out in between, and how far it is."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from pagemeter.clock import Clock
from pagemeter.component import Memory, Responder
from pagemeter.model import Hints, Target
from pagemeter.model.target import host_uri
from pagemeter.net.credentials import IPAddress, SnmpVersion
from pagemeter.snmp.bookmark import Bookmark, fingerprint
from pagemeter.snmp.candidate import Candidate
from pagemeter.snmp.datagrams import Datagrams, Hear
from pagemeter.snmp.echo import Echo
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.lane import ELSEWHERE, UNHEARD, Lane
from pagemeter.snmp.looks import Get, Looks
from pagemeter.snmp.neighbours import MOST_UNRESOLVED, Neighbours
from pagemeter.snmp.order import Stretch
from pagemeter.snmp.reading import answered
from pagemeter.snmp.singles import Singles
from pagemeter.snmp.sweep import Sweep
from pagemeter.snmp.switchboard import Switchboard
from pagemeter.snmp.territory import Territory, blocks
from pagemeter.snmp.types import Oid, Walk
from pagemeter.snmp.valve import Valve

_ADDRESSES_A_STAGE = 1 << 18
_SECONDS_A_REPORT = 0.05

# Of the addresses so many may be asked again after a kill; a hundredth is what is promised.
_AHEAD = 0.009


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all sweeps of an engine work with."""

    exchange: Exchange
    switchboard: Switchboard
    clock: Clock
    timeout: float
    tries: int
    get: Get
    datagrams: Callable[[Hear], Datagrams]
    neighbours: Neighbours


class Stages:
    """Goes through stretches of IPv4 in stages that fit into memory with ease, then through single addresses."""

    def __init__(
        self,
        means: Means,
        territory: Territory,
        stretches: Sequence[Stretch],
        singles: Sequence[IPAddress],
        oids: tuple[Oid, ...],
        found_by: str,
    ) -> None:
        self._means = means
        self._territory = territory
        self._blocks = tuple(blocks(stretches, _ADDRESSES_A_STAGE))
        self._singles = [singles[at : at + MOST_UNRESOLVED] for at in range(0, len(singles), MOST_UNRESOLVED)]
        self._total = sum(s.last - s.first + 1 for s in stretches) + len(singles)
        self._oids = oids
        self._found_by = found_by
        self._ready: deque[Responder | Echo] = deque()
        self._hints: dict[str, Hints] = {}
        self._arrived = asyncio.Event()
        self._looks = Looks(means.get, oids, self._found, self._arrived.set)
        self._valve = Valve(self._waiting)
        self._lanes: list[Lane] = []
        self._bookmark = Bookmark(sweep="", began=means.clock.now())
        self._done = 0
        self._report: Callable[[int, int], None] | None = None
        self._told = 0

    @asynccontextmanager
    async def opened(
        self, progress: Callable[[int, int], None] | None, memory: Memory | None
    ) -> AsyncIterator[AsyncGenerator[Responder | Memory, None]]:
        """Begin, and leave nothing behind in the end."""
        self._report = progress
        if memory is not None:
            ahead = max(1, int(self._total * _AHEAD))
            self._valve = Valve(self._waiting, ahead=ahead, notice=self._arrived.set)
            self._bookmark = Bookmark.read(memory, self._fingerprint(), self._means.clock.now())
        work = asyncio.get_running_loop().create_task(self._work())
        work.add_done_callback(lambda _: self._arrived.set())
        try:
            async with aclosing(self._items(work, memory is not None)) as items:
                yield items
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await self._looks.close()

    async def _items(self, work: asyncio.Task[None], remembers: bool) -> AsyncGenerator[Responder | Memory, None]:
        """Yield what is found and, behind all that was found by then, how far the sweep is."""
        while True:
            self._arrived.clear()
            while self._ready:
                one = self._ready.popleft()
                # An echo costs little as long as nobody takes it.
                yield self._responder(one) if isinstance(one, Echo) else one
            self._valve.taken()
            if self._valve.due():
                asked = self._valve.asked
                yield self._marked().as_memory()
                self._valve.kept(asked)
                continue
            if self._looks.failed is not None:
                raise self._looks.failed
            if work.done() and not self._ready and not self._looks.pending:
                break
            if not self._ready:
                await self._arrived.wait()
        await work
        self._tell(self._total)
        if remembers:
            yield {}

    async def _work(self) -> None:
        for host in self._bookmark.again:
            self._looks.add(Target(uri=host_uri(host), found_by=self._found_by))
        first, self._bookmark = self._bookmark, replace(self._bookmark, again=())
        reports = asyncio.get_running_loop().create_task(self._reports())
        try:
            for number, block in enumerate(self._blocks):
                if number >= first.stage:
                    await self._sweep(number, block, first)
                self._done += sum(stretch.last - stretch.first + 1 for stretch in block)
            for number, addresses in enumerate(self._singles, start=len(self._blocks)):
                if number >= first.stage:
                    self._begin(number, [])
                    await self._ask([c for a in addresses if (c := self._territory.candidate(a)) is not None])
                self._done += len(addresses)
        finally:
            reports.cancel()

    def _begin(self, number: int, lanes: list[Lane]) -> None:
        self._lanes = lanes
        self._bookmark = replace(self._bookmark, stage=number)

    async def _sweep(self, number: int, block: Sequence[Stretch], first: Bookmark) -> None:
        """Ask a block of IPv4; those under whose first credential another one is known are asked by themselves."""
        lanes = self._territory.lanes(block)
        if number == first.stage:
            first.restore(lanes)
        known = self._known(lanes)
        self._begin(number, lanes)
        sweep = Sweep(
            lanes,
            self._oids,
            found=self._echo,
            allowed=self._territory.allows,
            valve=self._valve,
            neighbours=self._means.neighbours,
            clock=self._means.clock,
            timeout=self._means.timeout,
            datagrams=self._means.datagrams,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(sweep.run())
            for at in range(0, len(known), MOST_UNRESOLVED):
                await self._ask(known[at : at + MOST_UNRESOLVED])

    def _known(self, lanes: Sequence[Lane]) -> list[Candidate]:
        """Take those out of their lanes that are known under another credential than is tried first."""
        found: list[Candidate] = []
        homes = {prefix: lane for lane in lanes if len(lane.credentials) > 1 for prefix in lane.order.prefixes}
        known = self._means.switchboard.known(lambda one: one.version == 4 and int(one) >> 8 in homes)
        for address, credential in known if homes else ():
            lane = homes.get(int(address) >> 8)
            position = None if lane is None else lane.order.position(int(address))
            if lane is None or position is None or credential == lane.credentials[0]:
                continue
            candidate = self._territory.candidate(address, credential)
            if candidate is not None and lane.heard[position] == UNHEARD:
                lane.note(position, ELSEWHERE)
                found.append(candidate)
        return found

    async def _ask(self, candidates: Sequence[Candidate]) -> None:
        means = self._means
        singles = Singles(
            means.exchange,
            self._oids,
            clock=means.clock,
            timeout=means.timeout,
            tries=means.tries,
            neighbours=means.neighbours,
            attached=self._territory.is_attached,
        )
        async with aclosing(singles.run(candidates)) as echoes:
            async for echo in echoes:
                self._echo(echo)

    def _echo(self, echo: Echo) -> None:
        """Hand on who answered with all values, and look again at the others."""
        if echo.credential.version == SnmpVersion.V3:
            # It was asked who it is and for no value; one that is told all the same, in another version, is not signed.
            self._looks.add(self._target(echo))
            return
        if echo.whole:
            self._ready.append(echo)
            self._arrived.set()
            return
        if echo.rows is not None:
            self._means.switchboard.took(echo.address, echo.credential)
        self._looks.add(self._target(echo))

    def _responder(self, echo: Echo) -> Responder:
        """Name who answered, and remember under which credential."""
        self._means.switchboard.took(echo.address, echo.credential)
        return Responder(target=self._target(echo), walk=Walk(answered(self._oids, echo.rows or ())))

    def _target(self, echo: Echo) -> Target:
        name = echo.credential.name
        if (hints := self._hints.get(name)) is None:
            hints = self._hints[name] = Hints(credential=name)
        return Target(uri=host_uri(echo.host), found_by=self._found_by, hints=hints)

    def _found(self, responder: Responder) -> None:
        self._ready.append(responder)
        self._arrived.set()

    def _waiting(self) -> int:
        return len(self._ready) + len(self._looks.pending)

    def _fingerprint(self) -> str:
        """Tell the sweep from others by what it goes through and how, without any secret."""
        lanes = [
            (
                str(lane.address),
                lane.order.count,
                [(c.name, c.version, c.port) for c in lane.credentials],
                self._means.tries,
            )
            for block in self._blocks
            for lane in self._territory.lanes(block)
        ]
        return fingerprint([self._blocks, lanes, [str(a) for chunk in self._singles for a in chunk]])

    def _marked(self) -> Bookmark:
        return replace(
            self._bookmark,
            lanes=tuple((lane.turn, lane.position) for lane in self._lanes),
            heard=b"".join(bytes(lane.heard) for lane in self._lanes),
            again=tuple(self._looks.pending),
        )

    async def _reports(self) -> None:
        while self._report is not None:
            self._tell(self._done + int(sum(lane.done * lane.order.count for lane in self._lanes)))
            await self._means.clock.sleep(_SECONDS_A_REPORT)

    def _tell(self, done: int) -> None:
        if self._report is not None:
            # More may turn out to be left than was known; it does not become less that is done.
            self._told = max(done, self._told)
            self._report(self._told, self._total)
