"""Questions and answers over a few unconnected UDP sockets, thousands at once."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from typing import Self

from pagemeter.net.credentials import IPAddress
from pagemeter.snmp.codec import MalformedError, Message, PduType, Question, decode
from pagemeter.snmp.datagrams import Datagrams
from pagemeter.snmp.probe import EngineReport, decode_report
from pagemeter.snmp.tickets import Answer, Counts, Elsewhere, Ids, Payer, Spot, Ticket

MOST_RUBBISH = 64
"""So much rubbish is looked at for one question: who floods waits for the timeout, unread."""

# What was asked last of so many places is remembered, so that a late answer is told from a forged one.
_MOST_REMEMBERED = 4096
# What is not late by more than this is due: loops round their timers.
_GRAIN = 0.001

# Never sequential, and not to be foreseen: it is what an answer is recognised by.
_DICE = random.SystemRandom()


class Exchange:
    """Sends questions and hands each answer to whom it belongs: by the sender's address and port, and the request id.

    What nobody waits for is dropped and counted; what is no answer does not end a wait.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._datagrams = Datagrams(self._hear)
        self._waiting: dict[Spot, Ticket] = {}
        self._virtual: dict[int, Ticket] = {}
        # The last id that was asked for, negative where it was answered.
        self._remembered: dict[Spot, int] = {}
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

    def ask(
        self,
        spot: Spot,
        question: Question,
        *,
        timeout: float,
        ids: Ids = Ids.NARROW,
        payer: Payer | None = None,
        elsewhere: Elsewhere | None = None,
        reports: bool = True,
    ) -> Ticket:
        """Send one question; ``forget`` the ticket once it was awaited. Raises OSError as ``send`` does.

        Awaited, it raises TimeoutError, or MalformedError where only rubbish came. ``payer`` is told the octets of all
        that comes. ``elsewhere`` is for who answers from another address than the asked one: from that network, then,
        and with that community. Without ``reports`` those of SNMPv3 are rubbish.
        """
        loop = asyncio.get_running_loop()
        ticket = Ticket(spot, ids)
        ticket.payer, ticket.elsewhere, ticket.reports = payer, elsewhere, reports
        ticket.future = loop.create_future()
        self._send(ticket, question.stamped)
        self._arm(ticket, loop, timeout)
        return ticket

    def forget(self, ticket: Ticket) -> None:
        """Drop whatever still comes for a ticket."""
        spot, ticket.future = ticket.spot, None
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
        if ticket.elsewhere is not None and self._virtual.get(ticket.request_id) is ticket:
            del self._virtual[ticket.request_id]

    def _send(self, ticket: Ticket, question: Callable[[int], bytes]) -> None:
        spot = ticket.spot
        ticket.next = self._waiting.get(spot)
        ticket.request_id = self._fresh_id(ticket)
        self._waiting[spot] = ticket
        if ticket.elsewhere is not None:
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
        now = loop.time() + _GRAIN
        for timeout, queue in tuple(self._queues.items()):
            while queue and (queue[0].future is None or queue[0].due <= now):
                ticket = queue.popleft()
                if ticket.future is not None and not ticket.future.done():
                    ticket.future.set_exception(ticket.last_rubbish or TimeoutError())
            if not queue:
                del self._queues[timeout]
        if self._queues:
            self._timer = loop.call_at(min(queue[0].due for queue in self._queues.values()), self._expire, loop)

    def _hear(self, data: bytes, host: str, port: int) -> None:
        first = self._waiting.get((host, port))
        if first is None and not self._virtual:
            self._drop(host, port)
            return
        if first is not None:
            if first.payer is not None:
                first.payer.got(len(data))
            if first.rubbish >= MOST_RUBBISH:
                self.counts.rubbish += 1
                return
        answer = _understand(data)
        if isinstance(answer, MalformedError):
            self._reject(first, answer)
            return
        ticket = _find(first, answer.request_id) or self._elsewhere(answer, host, port)
        if ticket is not None:
            self._hand_over(ticket, answer)
        elif first is not None:
            # It counts as rubbish, so that who floods with foreign ids is not read for ever.
            first.rubbish += 1
            self.counts.foreign += 1
        else:
            self._drop(host, port)

    def _hand_over(self, ticket: Ticket, answer: Message | EngineReport) -> None:
        if ticket.on_answer is not None:
            ticket.on_answer(answer)
        elif ticket.future is not None:
            if ticket.future.done():
                self.counts.doubled += 1
                return
            if not ticket.reports and isinstance(answer, EngineReport):
                self._reject(ticket, MalformedError("a Report of SNMPv3 instead of an answer"))
                return
            ticket.future.set_result(answer)
        self.counts.answered += 1
        self._remembered[ticket.spot] = -ticket.request_id

    def _reject(self, first: Ticket | None, rubbish: MalformedError) -> None:
        """Tell all who wait for a sender that it sent rubbish; they go on waiting."""
        self.counts.rubbish += 1
        while first is not None:
            first.rubbish += 1
            first.last_rubbish = rubbish
            if first.on_answer is not None:
                first.on_answer(rubbish)
            first = first.next

    def _elsewhere(self, answer: Message | EngineReport, host: str, port: int) -> Ticket | None:
        """Find who asked an address that answers from another one (RFC 1122 section 4.1.3.5 asks it not to)."""
        ticket = self._virtual.get(answer.request_id)
        if ticket is None or ticket.elsewhere is None or not isinstance(answer, Message):
            return None
        network, community = ticket.elsewhere
        known = port == ticket.spot[1] and answer.community == community
        return ticket if known and ip_address(host) in network else None

    def _drop(self, host: str, port: int) -> None:
        """Count what nobody waits for."""
        last = self._remembered.get((host, port))
        if last is None:
            self.counts.foreign += 1
        elif last < 0:
            self.counts.doubled += 1
        else:
            self.counts.late += 1


def _find(ticket: Ticket | None, request_id: int) -> Ticket | None:
    while ticket is not None and not ticket.fits(request_id):
        ticket = ticket.next
    return ticket


def _understand(data: bytes) -> Answer:
    try:
        message = decode(data)
    except MalformedError as error:
        try:
            return decode_report(data)
        except MalformedError:
            return error
    return message if message.pdu == PduType.RESPONSE else MalformedError(f"a {message.pdu.name} instead of an answer")
