"""Addresses that are asked one by one in a sweep: those of IPv6, and those whose credential is known."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress

from pagemeter.clock import Clock
from pagemeter.net.credentials import IPAddress
from pagemeter.snmp.candidate import Candidate
from pagemeter.snmp.codec import MalformedError
from pagemeter.snmp.echo import Echo, Values, question
from pagemeter.snmp.exchange import Exchange
from pagemeter.snmp.neighbours import Neighbours
from pagemeter.snmp.tickets import Answer, Ticket
from pagemeter.snmp.types import Oid

# So often the loop may read what came in while the budget lets everything through.
_PACKETS_A_TURN = 32


class Singles:
    """Asks all candidates once with each credential in turn, and again those that stayed silent.

    What is asked again asks for the first value only: some firmware chokes on a packet with many. ``attached`` says
    which addresses this host resolves itself.
    """

    def __init__(
        self,
        exchange: Exchange,
        oids: Sequence[Oid],
        *,
        clock: Clock,
        timeout: float,
        tries: int,
        neighbours: Neighbours,
        attached: Callable[[IPAddress], bool],
    ) -> None:
        self._packets = 0
        self._exchange = exchange
        self._oids = tuple(oids)
        self._clock = clock
        self._timeout = timeout
        self._tries = tries
        self._neighbours = neighbours
        self._attached = attached
        self._silent: dict[IPAddress, Candidate] = {}
        self._echoes: deque[Echo] = deque()
        self._arrived = asyncio.Event()

    async def run(self, candidates: Iterable[Candidate]) -> AsyncGenerator[Echo, None]:
        """Yield those that answer, each once, as their answers come in."""
        self._silent = {candidate.address: candidate for candidate in candidates}
        rounds = self._tries * max((len(c.credentials) for c in self._silent.values()), default=0)
        for number in range(rounds):
            tickets: list[Ticket] = []
            try:
                for candidate in tuple(self._silent.values()):
                    if candidate.address in self._silent:
                        await self._ask(candidate, number, tickets)
                    while self._echoes:
                        yield self._echoes.popleft()
                async for echo in self._last_answers(bool(tickets)):
                    yield echo
            finally:
                for ticket in tickets:
                    self._exchange.forget(ticket)

    async def _ask(self, candidate: Candidate, number: int, tickets: list[Ticket]) -> None:
        credentials = candidate.credentials
        if number >= self._tries * len(credentials):
            return
        credential = credentials[number % len(credentials)]
        oids = self._oids if number < len(credentials) else self._oids[:1]
        asked, place = question(credential, oids), (int(candidate.address),)
        if self._attached(candidate.address):
            await self._neighbours.room()
            self._neighbours.hold(place)
        await candidate.toll.pay(len(asked(1)))
        self._neighbours.asked(place)
        self._packets += 1
        if self._packets % _PACKETS_A_TURN == 0:
            await self._clock.sleep(0)

        def on_answer(answer: Answer) -> None:
            self._neighbours.forget(place)
            if isinstance(answer, MalformedError) or self._silent.pop(candidate.address, None) is None:
                return
            _, rows, is_fine = Values.of(answer)
            whole = is_fine and number < len(credentials)
            self._echoes.append(Echo(candidate.address, str(candidate.address), credential, rows, whole))
            self._arrived.set()

        # An address to which this host has no way is as good as silent.
        with suppress(OSError):
            tickets.append(self._exchange.send(candidate.address, credential.port, asked, on_answer))

    async def _last_answers(self, asked: bool) -> AsyncGenerator[Echo, None]:
        """Yield what still comes within the timeout behind the last packet of a round."""
        over = not asked

        def end() -> None:
            nonlocal over
            over = True
            self._arrived.set()

        timer = asyncio.get_running_loop().call_later(self._timeout, end)
        try:
            while self._echoes or (self._silent and not over):
                if not self._echoes:
                    self._arrived.clear()
                    await self._arrived.wait()
                while self._echoes:
                    yield self._echoes.popleft()
        finally:
            timer.cancel()
