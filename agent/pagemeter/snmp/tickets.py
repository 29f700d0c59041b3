"""Outstanding questions: what makes an answer theirs, and what is counted of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias

from pagemeter.net.credentials import IPNetwork
from pagemeter.snmp.codec import MalformedError, Message
from pagemeter.snmp.probe import EngineReport

Answer: TypeAlias = Message | EngineReport | MalformedError
Spot: TypeAlias = tuple[str, int]
Elsewhere: TypeAlias = tuple[IPNetwork, bytes]

LARGEST_SHORT = 0xFFFF
"""What 16 bits hold."""

_SIGN = 0x8000


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


class Payer(Protocol):
    """Whom the octets are charged to that come in."""

    def got(self, octets: int) -> None:
        """Charge them."""


class Ticket:
    """An outstanding question; ``next`` is another one to the same address and port."""

    __slots__ = (
        "due",
        "elsewhere",
        "future",
        "ids",
        "last_rubbish",
        "next",
        "on_answer",
        "payer",
        "reports",
        "request_id",
        "rubbish",
        "spot",
    )

    def __init__(self, spot: Spot, ids: Ids) -> None:
        self.spot = spot
        self.ids = ids
        self.request_id = 0
        self.next: Ticket | None = None
        self.due = 0.0
        self.future: asyncio.Future[Message | EngineReport] | None = None
        self.on_answer: Callable[[Answer], None] | None = None
        self.payer: Payer | None = None
        self.elsewhere: Elsewhere | None = None
        self.reports = True
        self.rubbish = 0
        self.last_rubbish: MalformedError | None = None

    def __await__(self) -> Generator[Any, None, Message | EngineReport]:
        """Wait for the answer; without a coroutine of its own, for there are thousands of them."""
        if self.future is None:
            raise RuntimeError("an answer is waited for that was given up")
        return self.future.__await__()

    def fits(self, request_id: int) -> bool:
        """Say whether an answer with this id answers the question."""
        if request_id == self.request_id:
            return True
        low = self.request_id & LARGEST_SHORT
        return self.ids is Ids.TRIAL and request_id in (low, low - 2 * _SIGN if low & _SIGN else low)
