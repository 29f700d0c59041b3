"""A whole loopback network behind one socket: every address of it can be asked, some answer."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import sys
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from typing import Self

import pytest

from pagemeter.snmp.codec import Message, PduType, decode, encode
from pagemeter.snmp.types import Tag, VarBind, oid

SWEPT = [oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.2.0")]

# linux/in.h; Python names it from 3.14 on.
_IP_PKTINFO = 8
_INFO = struct.Struct("=i4s4s")


class WholeNet:
    """Answers GET of sysDescr for each address that ``answers``, and has nothing else to tell.

    ``asked`` counts the packets to each, ``swept`` those of a sweep by the number of identifiers (sysDescr first) and
    the address. Linux only: elsewhere one socket can't tell to which of many addresses a packet went.
    """

    def __init__(self, answers: Callable[[str], bool], *, loss: float = 0.0, seed: int = 7) -> None:
        self.asked: Counter[str] = Counter()
        self.swept: Counter[tuple[int, str]] = Counter()
        self.visited: set[str] = set()
        self.order: list[str] = []
        self.ids: list[int] = []
        self.moved = asyncio.Event()
        self.port = 0
        self._answers = answers
        self._loss = loss
        self._dice = random.Random(seed)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    async def __aenter__(self) -> Self:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        self._socket.setblocking(False)
        self._socket.bind(("0.0.0.0", 0))  # noqa: S104 - who is not on loopback is not answered
        self.port = self._socket.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until a packet makes something true."""
        async with asyncio.timeout(60):
            while not reached():
                self.moved.clear()
                await self.moved.wait()

    async def __aexit__(self, *exc_info: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        if sys.platform != "linux":
            return
        for _ in range(256):
            try:
                data, ancillary, _, sender = self._socket.recvmsg(2048, 128)
            except BlockingIOError:
                return
            if ip_address(sender[0]).is_loopback:
                _, _, to = _INFO.unpack(ancillary[0][2])
                self._take(data, socket.inet_ntoa(to), to, sender)

    def _take(self, data: bytes, host: str, to: bytes, sender: tuple[str, int]) -> None:
        self.asked[host] += 1
        self.order.append(host)
        self.moved.set()
        question = decode(data)
        self.ids.append(question.request_id)
        names = [row.oid for row in question.rows]
        if question.pdu == PduType.GET and names in (SWEPT, SWEPT[:1]):
            self.swept[len(names), host] += 1
        else:
            self.visited.add(host)
        if not self._answers(host) or self._dice.random() < self._loss:
            return
        nothing = Tag.NO_SUCH_OBJECT if question.pdu == PduType.GET else Tag.END_OF_MIB_VIEW
        rows = tuple(
            VarBind(name, Tag.OCTET_STRING, host.encode()) if name == SWEPT[0] else VarBind(name, nothing, None)
            for name in names
        )
        answer = Message(
            version=question.version,
            community=question.community,
            pdu=PduType.RESPONSE,
            request_id=question.request_id,
            rows=rows,
        )
        info = [(socket.IPPROTO_IP, _IP_PKTINFO, _INFO.pack(0, to, to))]
        if sys.platform == "linux":
            self._socket.sendmsg([encode(answer)], info, 0, sender)


@pytest.fixture
def whole_net() -> type[WholeNet]:
    """A network of which each address can be asked: ``async with whole_net(answers) as net``."""
    if sys.platform != "linux":
        pytest.skip("one socket for many addresses is Linux's")
    return WholeNet
