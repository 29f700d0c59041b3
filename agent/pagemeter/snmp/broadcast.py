"""One question to all of a segment at once, by its directed broadcast (RFC 919) or by 255.255.255.255."""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address

from pagemeter.errors import Unreachable
from pagemeter.net.budget import Toll
from pagemeter.net.credentials import IPAddress, SnmpCredential
from pagemeter.snmp.codec import MalformedError, Message, PduType, decode
from pagemeter.snmp.session import ErrorStatus, community_question
from pagemeter.snmp.types import Oid
from pagemeter.snmp.ways import Way

# A packet may be lost, and who answers at once with all others may lose its own.
_MOST_SENDS = 3
_BETWEEN_SENDS = 1.0
_STILL_COMING = 2.0

# Some firmware cuts a request id to 16 bits or sends it with a sign.
_LARGEST_REQUEST_ID = 32_767
_LARGEST_DATAGRAM = 65_535
_RECEIVE_BUFFER = 4 * 1024 * 1024
_DATAGRAMS_A_TURN = 256

# netinet/in.h of macOS.
_IP_BOUND_IF = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An address that answered, and under which credential."""

    address: IPAddress
    credential: SnmpCredential
    answer: Message

    @property
    def is_fine(self) -> bool:
        """Whether the answer has a value; an error shows all the same that the device speaks SNMP."""
        return self.answer.error_status == ErrorStatus.NO_ERROR


class Broadcast:
    """Asks for one value over each way, some times over, and hears who answers; ``allows`` says who may.

    An answer counts when it comes from an allowed address, carries a request id and the community that were sent, and
    no other value than the one that was asked for. The port that it comes from is not looked at.
    """

    def __init__(self, ways: Sequence[Way], oid: Oid, *, allows: Callable[[IPAddress], bool]) -> None:
        self._ways = tuple(ways)
        self._oid = oid
        self._allows = allows
        self._asked: dict[int, SnmpCredential] = {}
        self._seen: set[IPAddress] = set()
        self._heard: deque[Heard] = deque()
        self._arrived = asyncio.Event()

    async def run(self, seconds: float) -> AsyncGenerator[Heard, None]:
        """Yield who answers, each once, for about ``seconds``; raises Unreachable where nothing could be sent."""
        sends = max(1, min(_MOST_SENDS, int(seconds)))
        with ExitStack() as opened:
            ears = self._open(opened)
            for number in range(1, sends + 1):
                await self._ask(ears)
                rest = max(seconds - (sends - 1) * _BETWEEN_SENDS, min(seconds, _STILL_COMING))
                async for heard in self._within(_BETWEEN_SENDS if number < sends else rest):
                    yield heard

    def _open(self, opened: ExitStack) -> list[tuple[Way, socket.socket]]:
        """Open all ways that can be opened; raises Unreachable where none can."""
        ears: list[tuple[Way, socket.socket]] = []
        failure: Unreachable | None = None
        for way in self._ways:
            try:
                ears.append((way, opened.enter_context(self._ear(way))))
            except Unreachable as error:
                failure = error
        if failure is not None and not ears:
            raise failure
        return ears

    async def _ask(self, ears: Iterable[tuple[Way, socket.socket]]) -> None:
        failure: OSError | None = None
        sent = False
        for way, ear in ears:
            for credential in way.candidate.credentials:
                question = community_question(credential, PduType.GET, (self._oid,))(self._new_id(credential))
                await way.candidate.toll.pay(len(question))
                try:
                    # A full send buffer counts as a packet that was lost.
                    with suppress(BlockingIOError):
                        ear.sendto(question, (str(way.candidate.address), credential.port))
                except OSError as error:
                    failure = error
                else:
                    sent = True
        if failure is not None and not sent:
            where = ", ".join(sorted({str(way.candidate.address) for way in self._ways}))
            raise Unreachable(f"{where} can't be reached from this host ({failure.strerror})") from failure

    def _new_id(self, credential: SnmpCredential) -> int:
        number = secrets.randbelow(_LARGEST_REQUEST_ID) + 1
        while number in self._asked:
            number = number % _LARGEST_REQUEST_ID + 1
        self._asked[number] = credential
        return number

    @contextmanager
    def _ear(self, way: Way) -> Iterator[socket.socket]:
        """Open a socket at this host's own address of an interface, so that a broadcast leaves by no other."""
        loop = asyncio.get_running_loop()
        with _broadcasting_socket() as ear:
            ear.setblocking(False)
            with suppress(OSError):
                ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            try:
                ear.bind((_own_address(way), 0))
                if sys.platform == "darwin":
                    ear.setsockopt(socket.IPPROTO_IP, _IP_BOUND_IF, socket.if_nametoindex(way.interface))
            except OSError as error:
                raise Unreachable(f"{way.interface} has no address to broadcast from ({error.strerror})") from error
            loop.add_reader(ear, self._read, ear, way.candidate.toll)
            try:
                yield ear
            finally:
                loop.remove_reader(ear)

    def _read(self, ear: socket.socket, toll: Toll) -> None:
        for _ in range(_DATAGRAMS_A_TURN):
            try:
                data, sender = ear.recvfrom(_LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                # Windows reports here that some host has closed its port.
                continue
            toll.got(len(data))
            self._take(data, ip_address(sender[0]))

    def _take(self, data: bytes, address: IPAddress) -> None:
        if address in self._seen or not self._allows(address):
            return
        try:
            answer = decode(data)
        except MalformedError:
            return
        credential = self._asked.get(answer.request_id)
        if credential is None or not _answers(answer, credential, self._oid):
            return
        self._seen.add(address)
        self._heard.append(Heard(address=address, credential=credential, answer=answer))
        self._arrived.set()

    async def _within(self, seconds: float) -> AsyncGenerator[Heard, None]:
        """Yield what was heard, and what is heard in these seconds."""
        over = False

        def end() -> None:
            nonlocal over
            over = True
            self._arrived.set()

        timer = asyncio.get_running_loop().call_later(seconds, end)
        try:
            while self._heard or not over:
                if not self._heard:
                    self._arrived.clear()
                    await self._arrived.wait()
                while self._heard:
                    yield self._heard.popleft()
        finally:
            timer.cancel()


def _answers(answer: Message, credential: SnmpCredential, oid: Oid) -> bool:
    community = credential.community.get_secret_value().encode() if credential.community is not None else b""
    if answer.pdu != PduType.RESPONSE or answer.community != community:
        return False
    # With an error some firmware leaves the variables out.
    return all(row.oid[: len(oid)] == oid for row in answer.rows) and bool(answer.rows or answer.error_status)


def _own_address(way: Way) -> str:
    """Ask the system which own address it would send from; nothing is sent."""
    with _broadcasting_socket() as probe:
        probe.connect((str(way.near), 9))
        return str(probe.getsockname()[0])


def _broadcasting_socket() -> socket.socket:
    """Open a socket whose packets reach attached segments only: should a route have changed, no gateway gets them."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
    return opened
