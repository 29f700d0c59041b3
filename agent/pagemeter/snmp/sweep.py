"""One question to each of many IPv4 addresses, at the rate of the budget and without waiting for answers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from pagemeter.clock import Clock
from pagemeter.snmp.brake import Brake
from pagemeter.snmp.datagrams import Datagrams, Hear
from pagemeter.snmp.echo import Echo, question
from pagemeter.snmp.hearing import Heard, Hearing
from pagemeter.snmp.lane import Lane, Stamps, addresses_of
from pagemeter.snmp.neighbours import Neighbours
from pagemeter.snmp.types import Oid
from pagemeter.snmp.valve import Valve
from pagemeter.snmp.volley import Shots, Stencil, Volley

log = logging.getLogger(__name__)

# So often the loop may do other work while the budget lets everything through.
_PACKETS_A_TURN = 16_384

# What came in is judged when there is nothing to send, some of it at a time. Who sends waits where there is more.
_DATAGRAMS_A_TURN = 128
_MOST_UNREAD = 8192

# A buffer of 208 KiB is full within a millisecond when a whole network answers at once: it is emptied in between.
_DATAGRAMS_A_LOOK = 32

# Quiet hours may begin and segments may be dropped while a sweep runs.
_LOOK_AT_FENCE = 1.0

_WHILE_BUSY = 0.001

# Where this host itself dropped answers up to the end, they are asked for once more: few packets for each that is lost.
_MOST_EXTRA_TURNS = 3
_SILENT_A_DROP = 4


class Sweep:
    """Asks the addresses of all lanes once under each credential in turn, and again those that stayed silent.

    What is asked again asks for the first value only: some firmware chokes on a packet with many. An address is asked
    again ``timeout`` seconds after the last packet at the earliest. ``found`` is told who answers, each once, when the
    answer comes from the port that was asked, with an id that this address got. ``strays`` counts what does not count.
    """

    def __init__(  # noqa: PLR0913 - what a sweep works with
        self,
        lanes: Sequence[Lane],
        oids: Sequence[Oid],
        *,
        found: Callable[[Echo], None],
        allowed: Callable[[Lane], bool],
        valve: Valve,
        neighbours: Neighbours,
        clock: Clock,
        timeout: float,
        datagrams: Callable[[Hear], Datagrams] = Datagrams,
    ) -> None:
        self._lanes = tuple(lanes)
        self._oids = tuple(oids)
        self._allowed = allowed
        self._valve = valve
        self._neighbours = neighbours
        self._clock = clock
        self._timeout = timeout
        self._datagrams = datagrams(self._hear)
        self._datagrams.gather(self._gather)
        self._hearing = Hearing(self._lanes, found=found, over=self._over, neighbours=neighbours)
        self._reading: asyncio.Handle | None = None
        self._packets = 0
        self._brake = Brake(clock)
        self._finished: dict[int, asyncio.Event] = {id(lane): asyncio.Event() for lane in self._lanes}

    @property
    def strays(self) -> Counter[str]:
        """How many datagrams did not count, and why."""
        return self._hearing.strays

    async def run(self) -> None:
        """Ask all; returns when everybody has answered or had the time to."""
        try:
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes:
                    group.create_task(self._ask_all(lane))
            self._datagrams.receive()
            self._understand(len(self._hearing))
        finally:
            log.debug("%d datagrams were dropped; of the others do not count: %s", self._lost, dict(self.strays))
            self._datagrams.close()
            if self._reading is not None:
                self._reading.cancel()

    async def _ask_all(self, lane: Lane) -> None:
        before, now = Stamps(self._timeout), Stamps(self._timeout)
        last = look_again = 0.0
        extra = _MOST_EXTRA_TURNS
        while lane.turn < lane.turns:
            self._understand(len(self._hearing))
            dropped = self._lost
            lane.begin_turn()
            volley, size = self._volley(lane)
            while lane.next():
                await self._until(lane, before.due(lane.position))
                if self._clock.monotonic() >= look_again:
                    look_again = self._clock.monotonic() + _LOOK_AT_FENCE
                    if not self._allowed(lane):
                        lane.turn = lane.turns
                        return
                if lane.next():
                    begin = lane.position
                    await self._ask_some(lane, volley, size)
                    last = self._clock.monotonic()
                    now.note(begin, last)
            before, now = now, Stamps(self._timeout)
            lane.turn, lane.position = lane.turn + 1, 0
            if lane.turn == lane.turns:
                await self._until(lane, last + self._timeout)
                if extra and 0 < lane.left <= _SILENT_A_DROP * (self._lost - dropped):
                    extra -= 1
                    lane.turns += len(lane.credentials)

    def _volley(self, lane: Lane) -> tuple[Volley, int]:
        """Prepare the packets of a turn; returns how large each is, too."""
        oids = self._oids if lane.turn < len(lane.credentials) else self._oids[:1]
        stencil = Stencil.of(question(lane.credential, oids))
        volley = self._datagrams.volley(stencil, lane.credential.port, lane.batch)
        self._brake.begin(self._datagrams.room)
        return volley, len(stencil.octets)

    async def _ask_some(self, lane: Lane, volley: Volley, size: int) -> None:
        promised = await self._valve.room(min(lane.batch, lane.order.count - lane.position))
        most = min(promised, await self._neighbours.room()) if lane.attached else promised
        shots = lane.shots(most)
        count = len(shots.a)
        if not count:
            # Whoever was to be asked answered an earlier turn while this one waited.
            lane.position += most
            self._valve.sent(0, promised)
            return
        if lane.attached:
            self._neighbours.hold(addresses_of(shots))
        try:
            await lane.toll.pay(count * size, count)
            await self._send(volley, shots)
        except BaseException:
            self._neighbours.forget(addresses_of(shots))
            raise
        if lane.attached:
            self._neighbours.asked(addresses_of(shots))
        lane.position += most
        self._valve.sent(count, promised)
        await self._listen(count)

    async def _send(self, volley: Volley, shots: Shots) -> None:
        count, gone = len(shots.a), 0
        while (gone := volley.send(shots, gone)) < count:
            await self._clock.sleep(_WHILE_BUSY)

    async def _listen(self, count: int) -> None:
        """Hear what came in, and go more slowly for a while where the system had to drop some of it."""
        self._datagrams.receive()
        while len(self._hearing) >= _MOST_UNREAD:
            self._understand(_DATAGRAMS_A_TURN)
            await self._clock.sleep(0)
        if (lost := self._lost) > self._brake.lost:
            # The buffer may be smaller by now than when the turn began.
            self._brake.begin(self._datagrams.room)
        self._brake.sent(count, lost)
        self._packets += count
        if self._brake.is_on:
            await self._brake.wait()
        elif self._packets >= _PACKETS_A_TURN:
            self._packets = 0
            await self._clock.sleep(0)

    async def _until(self, lane: Lane, moment: float) -> None:
        """Wait until a moment, or until nobody of the lane is left."""
        seconds = moment - self._clock.monotonic()
        if seconds > 0 and lane.left:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._finished[id(lane)].wait()

    def _over(self, lane: Lane) -> None:
        self._finished[id(lane)].set()

    def _hear(self, data: bytes, host: str, port: int) -> None:
        self._gather([(data, socket.inet_aton(host), port)])

    def _gather(self, heard: Sequence[Heard]) -> None:
        self._brake.fetched += len(heard)
        self._hearing.keep(heard)
        if self._reading is None:
            self._reading = asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        self._reading = None
        self._understand(_DATAGRAMS_A_TURN)
        # What came in meanwhile has called for a turn of its own already; with two each they would double for ever.
        if len(self._hearing) and self._reading is None:
            self._reading = asyncio.get_running_loop().call_soon(self._read_on)

    @property
    def _lost(self) -> int:
        """How many datagrams this host dropped, in its buffer or here."""
        return self._datagrams.dropped + self.strays["too many"]

    def _understand(self, most: int) -> None:
        for left in range(min(most, len(self._hearing)), 0, -_DATAGRAMS_A_LOOK):
            self._datagrams.receive()
            self._hearing.judge(min(left, _DATAGRAMS_A_LOOK))
