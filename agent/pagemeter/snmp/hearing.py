"""What comes in while a sweep runs: kept until there is time for it, and then judged."""

from __future__ import annotations

import logging
import socket
from collections import Counter, deque
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import TypeAlias

from pagemeter.snmp.alike import Alike
from pagemeter.snmp.echo import Echo
from pagemeter.snmp.exchange import MOST_RUBBISH
from pagemeter.snmp.lane import HEARD, UNHEARD, Lane
from pagemeter.snmp.neighbours import Neighbours

log = logging.getLogger(__name__)

Heard: TypeAlias = tuple[bytes, bytes, int]
"""A datagram: its octets, and the four octets and the port of its sender."""

# What comes unasked beyond either is not kept: a sweep's answer is short.
MOST_KEPT = 16_384
_MOST_OCTETS = 8 << 20


class Hearing:
    """Finds out which datagrams are answers to what the lanes asked.

    ``found`` is told who answers, each once, and ``over`` of which lane nobody is left. ``strays`` counts what is kept
    no longer or does not count: it is no answer, or not from where and not with the id that was asked.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        found: Callable[[Echo], None],
        over: Callable[[Lane], None],
        neighbours: Neighbours,
    ) -> None:
        self.strays: Counter[str] = Counter()
        self._found = found
        self._over = over
        self._neighbours = neighbours
        self._unread: deque[Heard] = deque()
        self._octets = 0
        self._alike = Alike()
        # Who floods is not read for ever: that would hold up the others.
        self._noise: dict[bytes, int] = {}
        self._homes: dict[int, list[Lane]] = {}
        for lane in lanes:
            for prefix in lane.order.prefixes:
                self._homes.setdefault(prefix, []).append(lane)

    def __len__(self) -> int:
        """Count what waits to be judged."""
        return len(self._unread)

    def keep(self, heard: Sequence[Heard]) -> None:
        """Keep datagrams until there is time for them, as far as there is room."""
        size = sum([len(one[0]) for one in heard])
        if len(self._unread) + len(heard) <= MOST_KEPT and self._octets + size <= _MOST_OCTETS:
            self._unread.extend(heard)
            self._octets += size
            return
        for one in heard:
            if len(self._unread) < MOST_KEPT and self._octets + len(one[0]) <= _MOST_OCTETS:
                self._unread.append(one)
                self._octets += len(one[0])
            else:
                self.strays["too many"] += 1

    def judge(self, most: int) -> None:
        """Judge so many of those that came first."""
        paid, octets, packets = None, 0, 0
        for _ in range(min(most, len(self._unread))):
            data, host, port = self._unread.popleft()
            self._octets -= len(data)
            try:
                lane = self._judge(data, host, port)
            except Exception:  # one answer must not cost the others
                log.exception("an answer of %s was not understood", socket.inet_ntoa(host))
                continue
            if lane is not paid:
                if paid is not None:
                    paid.toll.got(octets, packets)
                paid, octets, packets = lane, 0, 0
            octets, packets = octets + len(data), packets + 1
        if paid is not None:
            paid.toll.got(octets, packets)

    def _judge(self, data: bytes, host: bytes, port: int) -> Lane | None:
        """Judge one; returns whose traffic it is, none for nobody's."""
        address = int.from_bytes(host)
        for lane in self._homes.get(address >> 8, ()):
            if (position := lane.order.position(address)) is not None:
                break
        else:
            self.strays["foreign"] += 1
            return None
        if lane.attached:
            self._neighbours.forget((address,))
        if self._noise.get(host, 0) >= MOST_RUBBISH:
            self.strays["too much"] += 1
            return lane
        answer = self._alike.read(data)
        turn = None if answer is None else lane.asked_in(position, answer.request_id)
        if answer is None or turn is None:
            self.strays["rubbish" if answer is None else "wrong id"] += 1
            self._noise[host] = self._noise.get(host, 0) + 1
            return lane
        credential = lane.credentials[turn % len(lane.credentials)]
        if credential.port != port:
            self.strays["wrong port"] += 1
        elif lane.heard[position] != UNHEARD:
            self.strays["twice"] += 1
        else:
            lane.note(position, HEARD)
            # What is asked again asks for the first value only.
            whole = answer.is_fine and turn < len(lane.credentials)
            self._found(Echo(IPv4Address(address), socket.inet_ntoa(host), credential, answer.rows, whole))
            if not lane.left:
                self._over(lane)
        return lane
