"""Questions and answers over a few unconnected UDP sockets, thousands at once."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Self, TypeAlias

from pagemeter.net.credentials import IPAddress, IPNetwork
from pagemeter.snmp.codec import MalformedError, Message, PduType, decode
from pagemeter.snmp.datagrams import Datagrams
from pagemeter.snmp.probe import EngineReport, decode_report

Answer: TypeAlias = Message | EngineReport | MalformedError
_Spot: TypeAlias = tuple[str, int]

MOST_RUBBISH = 64
"""So much rubbish is looked at for one question: who floods waits for the timeout, unread."""

# What was asked last of so many places is remembered, so that a late answer is told from a forged one.
_MOST_REMEMBERED = 4096
_LOW = 0xFFFF
_SIGN = 0x8000

# Never sequential, and not to be foreseen: it is what an answer is recognised by.
_DICE = random.SystemRandom()


class Ids(Enum):
    """How wide request ids are: some firmware cuts them to 16 bits, or sends them with a sign.

    NARROW is 128 to 32,767, that each keeps; WIDE takes 31 bits; TRIAL is wide, and an answer that carries the low
    16 bits counts as well.
    """

    NARROW = (128, 0x7FFF)
    WIDE = (0x1_0000, 0x7FFF_FFFF)
    TRIAL = (0x1_0001, 0x7FFF_FFFF)


@dataclass(slots=True)
class Counts:
    """What came in: answers, and what was dropped.

    ``late`` came after its timeout, ``doubled`` after its twin, ``foreign`` from an address or port that was not asked
    or with an id that was not sent; ``rubbish`` came from who was asked, and is no answer in SNMP.
    """

    answered: int = 0
    late: int = 0
    doubled: int = 0
    foreign: int = 0
    rubbish: int = 0


class Ticket:
    """An outstanding question; ``next`` is another one to the same address and port."""

    __slots__ = ("community", "due", "future", "got", "ids", "network", "next", "on_answer", "request_id", "rubbish", "spot")

    def __init__(self, spot: _Spot, ids: Ids) -> None:
        self.spot = spot
        self.ids = ids
        self.request_id = 0
        self.next: Ticket | None = None
        self.due = 0.0
        self.future: asyncio.Future[Message | EngineReport] | None = None
        self.on_answer: Callable[[Answer], None] | None = None
        self.got: Callable[[int], None] | None = None
        self.network: IPNetwork | None = None
        self.community: bytes | None = None
        self.rubbish: MalformedError | int = 0

    def fits(self, request_id: int) -> bool:
        """Say whether an answer with this id answers the question."""
        if request_id == self.request_id:
            return True
        low = self.request_id & _LOW
        return self.ids is Ids.TRIAL and request_id in (low, low - 2 * _SIGN if low & _SIGN else low)


class Exchange:
    """Sends questions and hands each answer to whom it belongs: by the sender's address and port, and the request id.

    What nobody waits for is dropped and counted; what is no answer does not end a wait.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._datagrams = Datagrams(self._hear)
        self._waiting: dict[_Spot, Ticket] = {}
        self._virtual: dict[int, Ticket] = {}
        # The last id that was asked for, negative where it was answered.
        self._remembered: dict[_Spot, int] = {}
        self._queues: dict[float, deque[Ticket]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        """Do nothing yet: a socket is opened with the first question of its family."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close the sockets."""
        self._datagrams.close()
        self._waiting.clear()
        self._virtual.clear()
        self._queues.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def outstanding(self) -> int:
        """How many addresses and ports owe an answer."""
        return len(self._waiting)

    def send(
        self,
        address: IPAddress,
        port: int,
        question: Callable[[int], bytes],
        on_answer: Callable[[Answer], None],
    ) -> Ticket:
        """Send what ``question`` makes of a fresh request id; raises OSError where there is no way.

        A full send buffer counts as a packet that was lost. ``forget`` the ticket in the end.
        """
        ticket = Ticket((str(address), port), Ids.NARROW)
        ticket.on_answer = on_answer
        self._send(ticket, question)
        return ticket

    async def ask(
        self,
        address: IPAddress,
        port: int,
        question: Callable[[int], bytes],
        *,
        timeout: float,
        ids: Ids = Ids.NARROW,
        got: Callable[[int], None] | None = None,
        elsewhere: tuple[IPNetwork, bytes] | None = None,
    ) -> Message | EngineReport:
        """Send one question and wait for its answer; raises TimeoutError, or MalformedError where only rubbish came.

        ``got`` is told the octets of all that comes. ``elsewhere`` is for who answers from another address than the
        asked one: from that network, then, and with that community.
        """
        ticket = Ticket((str(address), port), ids)
        ticket.got = got
        if elsewhere is not None:
            ticket.network, ticket.community = elsewhere
        loop = asyncio.get_running_loop()
        future = ticket.future = loop.create_future()
        try:
            self._send(ticket, question)
            self._arm(ticket, loop, timeout)
            return await future
        finally:
            ticket.future = None
            self.forget(ticket)

    def forget(self, ticket: Ticket) -> None:
        """Drop whatever still comes for a ticket."""
        spot = ticket.spot
        here = self._waiting.get(spot)
        if here is ticket:
            if ticket.next is None:
                del self._waiting[spot]
            else:
                self._waiting[spot] = ticket.next
        else:
            while here is not None and here.next is not ticket:
                here = here.next
            if here is not None:
                here.next = ticket.next
        if ticket.network is not None and self._virtual.get(ticket.request_id) is ticket:
            del self._virtual[ticket.request_id]

    def _send(self, ticket: Ticket, question: Callable[[int], bytes]) -> None:
        spot = ticket.spot
        ticket.next = self._waiting.get(spot)
        ticket.request_id = self._fresh_id(ticket)
        self._waiting[spot] = ticket
        if ticket.network is not None:
            self._virtual[ticket.request_id] = ticket
        self._remembered.pop(spot, None)
        if len(self._remembered) >= _MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[spot] = ticket.request_id
        try:
            self._datagrams.send(question(ticket.request_id), *spot)
        except BaseException:
            self.forget(ticket)
            raise

    def _fresh_id(self, ticket: Ticket) -> int:
        while True:
            request_id = _DICE.randint(*ticket.ids.value)
            if _find(ticket.next, request_id) is None and request_id not in self._virtual:
                return request_id

    def _arm(self, ticket: Ticket, loop: asyncio.AbstractEventLoop, timeout: float) -> None:
        """Put a ticket behind those of the same timeout: all of them share one timer."""
        ticket.due = loop.time() + timeout
        queue = self._queues.get(timeout)
        if queue is None:
            queue = self._queues[timeout] = deque()
        while queue and queue[0].future is None:
            queue.popleft()
        queue.append(ticket)
        if self._timer is None or ticket.due < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(ticket.due, self._expire, loop)

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time() + 0.001
        for timeout, queue in tuple(self._queues.items()):
            while queue and (queue[0].future is None or queue[0].due <= now):
                ticket = queue.popleft()
                if ticket.future is not None and not ticket.future.done():
                    rubbish = ticket.rubbish
                    ticket.future.set_exception(rubbish if isinstance(rubbish, MalformedError) else TimeoutError())
            if not queue:
                del self._queues[timeout]
        if self._queues:
            self._timer = loop.call_at(min(queue[0].due for queue in self._queues.values()), self._expire, loop)
