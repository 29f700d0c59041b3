"""Questions and answers over a few unconnected UDP sockets, thousands at once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import NamedTuple, Self, TypeAlias

from pagemeter.net.credentials import IPAddress
from pagemeter.snmp.codec import MalformedError, Message, PduType, decode
from pagemeter.snmp.datagrams import Datagrams
from pagemeter.snmp.probe import EngineReport, decode_report

Answer: TypeAlias = Message | EngineReport | MalformedError

# Some firmware cuts a request id to 16 bits or sends it with a sign.
_LARGEST_REQUEST_ID = 32_767


class Ticket(NamedTuple):
    """An outstanding question."""

    host: str
    request_id: int


class Exchange:
    """Sends questions and hands each answer to whom it belongs, by the sender's address and the request id.

    What nobody waits for (late, foreign, forged) is dropped; what is no SNMP goes to all who wait for its sender.
    The port of an answer is not looked at: some firmware answers from another one.
    """

    def __init__(self) -> None:
        self._datagrams = Datagrams(self._hear)
        self._waiting: dict[str, dict[int, Callable[[Answer], None]]] = {}

    async def __aenter__(self) -> Self:
        """Do nothing yet: a socket is opened with the first question of its family."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Close the sockets."""
        self._datagrams.close()
        self._waiting.clear()

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
        host = str(address)
        waiting = self._waiting.setdefault(host, {})
        request_id = secrets.randbelow(_LARGEST_REQUEST_ID) + 1
        while request_id in waiting:
            request_id = request_id % _LARGEST_REQUEST_ID + 1
        waiting[request_id] = on_answer
        ticket = Ticket(host, request_id)
        try:
            self._datagrams.send(question(request_id), host, port)
        except BaseException:
            self.forget(ticket)
            raise
        return ticket

    def forget(self, ticket: Ticket) -> None:
        """Drop whatever still comes for a ticket."""
        waiting = self._waiting.get(ticket.host, {})
        waiting.pop(ticket.request_id, None)
        if not waiting:
            self._waiting.pop(ticket.host, None)

    async def ask(
        self, address: IPAddress, port: int, question: Callable[[int], bytes], *, timeout: float
    ) -> Message | EngineReport:
        """Send one question and wait for its answer; raises TimeoutError, or MalformedError where only rubbish came."""
        answered: asyncio.Future[Message | EngineReport] = asyncio.get_running_loop().create_future()
        rubbish: list[MalformedError] = []

        def on_answer(answer: Answer) -> None:
            if isinstance(answer, MalformedError):
                rubbish.append(answer)
            elif not answered.done():
                answered.set_result(answer)

        ticket = self.send(address, port, question, on_answer)
        try:
            async with asyncio.timeout(timeout):
                return await answered
        except TimeoutError:
            if rubbish:
                raise rubbish[0] from None
            raise
        finally:
            self.forget(ticket)

    def _hear(self, data: bytes, host: str, port: int) -> None:  # noqa: ARG002 - some firmware answers from another
        waiting = self._waiting.get(host)
        if waiting is None:
            return
        answer = _understand(data)
        if isinstance(answer, MalformedError):
            for on_answer in tuple(waiting.values()):
                on_answer(answer)
        elif answer.request_id in waiting:
            waiting[answer.request_id](answer)


def _understand(data: bytes) -> Answer:
    try:
        message = decode(data)
    except MalformedError as error:
        try:
            return decode_report(data)
        except MalformedError:
            return error
    return message if message.pdu == PduType.RESPONSE else MalformedError(f"a {message.pdu.name} instead of an answer")
