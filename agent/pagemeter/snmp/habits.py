"""What was learned of a device and spares it the next mistake; kept small, for there are ten thousand of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeAlias
from zlib import crc32

from pydantic import JsonValue

from pagemeter.component import Memory
from pagemeter.net.credentials import SnmpCredential
from pagemeter.snmp.turns import InTurns
from pagemeter.snmp.types import Oid, oid

SYS_DESCR: Oid = oid("1.3.6.1.2.1.1.1.0")
"""Printers name their firmware there: with another text, what was learned is tried out again."""

MOST_REPETITIONS = 60
MOST_OCTETS = 1400
FEWEST_OCTETS = 100
MOST_AT_ONCE = 60
DAYS_OF_A_LIMIT = 7

_MOST_ENDS = 3

_Kept: TypeAlias = tuple[object, ...]


@dataclass(slots=True, kw_only=True)
class Habits(InTurns):
    """What is known of one address; all but the credential's name and the engine id are limits of its firmware.

    ``bulk`` is none until GETBULK was tried; ``repetitions`` were answered or are worth a try, never more than
    ``most_repetitions``. ``oids_per_packet`` is for GET and GETNEXT, of which ``oids_answered`` is the largest that was
    answered; ``at_once`` is for columns side by side. ``octets`` is the longest answer it is asked for. ``wide`` says
    whether it keeps a request id of 31 bits. ``get_by_next`` is true where v1 fails a whole GET for one absent value.
    ``strikes`` counts what large questions met silence. ``ends`` counts how often an end of the MIB was doubted and
    was one; -1 where it was none. ``described`` is a checksum of sysDescr, ``since`` the day of the newest limit.
    ``engine_waiting`` is another SNMPv3 engine than ``engine_id``: it answers there now, and has to be confirmed.
    """

    credential: SnmpCredential | None = None
    doubted: bool = False
    heard: bool = False
    bulk: bool | None = None
    repetitions: int = 10
    most_repetitions: int = MOST_REPETITIONS
    oids_per_packet: int = 10
    oids_answered: int = 0
    at_once: int = 20
    most_at_once: int = MOST_AT_ONCE
    octets: int = MOST_OCTETS
    wide: bool | None = None
    get_by_next: bool = False
    ends: int = 0
    strikes: int = 0
    engine_id: bytes | None = None
    engine_waiting: bytes | None = None
    described: int | None = None
    since: int = 0
    kept: _Kept = ()

    @property
    def limits(self) -> _Kept:
        """Return what is tried out again after a week: what the firmware could not do."""
        return (
            self.bulk is False,
            self.most_repetitions,
            min(self.oids_per_packet, 10),
            self.most_at_once,
            self.octets,
            self.wide is False,
            self.get_by_next,
            self.ends < 0,
        )

    def try_again(self) -> None:
        """Forget the limits, so that the better ways are tried once more."""
        self.put_back(_FRESH)

    def as_before(self) -> _Kept:
        """Return the limits as they are, for ``put_back``; all devices without any share one."""
        limits = _limits_of(self)
        return _FRESH if limits == _FRESH else limits

    def put_back(self, before: _Kept) -> None:
        """Forget the limits that were learned since ``as_before``."""
        for name, value in zip(_LIMITS, before, strict=True):
            setattr(self, name, value)

    def describe(self, sys_descr: bytes, today: int) -> None:
        """Take note of sysDescr: with another firmware the limits are forgotten, at most once a day."""
        described = crc32(sys_descr)
        if self.described not in (None, described) and self.since and self.since != today:
            self.try_again()
            self.since = 0
        self.described = described

    def settle(self, today: int) -> bool:
        """Note the day of a new limit; returns whether anything changed that is worth to be kept."""
        limits = self.limits
        if limits == _NO_LIMITS:
            limits = _NO_LIMITS  # one for all devices
        if limits != (self.kept[0] if self.kept else _NO_LIMITS):
            self.since = today
        now: _Kept = (
            limits,
            self.bulk,
            self.wide,
            self.credential and self.credential.name,
            self.repetitions,
            self.oids_per_packet,
            self.oids_answered,
            self.at_once,
            self.ends,
            self.engine_id,
            self.engine_waiting,
            self.described,
            self.since,
        )
        changed, self.kept = now != self.kept, now
        return changed

    def as_memory(self) -> Memory:
        """Return what is kept: only what differs from what is taken for granted."""
        memory: dict[str, JsonValue] = {}
        for name in _KEPT:
            if (value := getattr(self, name)) != _DEFAULTS[name]:
                memory[name] = value
        if self.credential is not None:
            memory["credential"] = self.credential.name
        for name in _ENGINES:
            if (engine_id := getattr(self, name)) is not None:
                memory[name] = engine_id.hex()
        return memory

    @classmethod
    def from_memory(cls, memory: Mapping[str, object], credentials: tuple[SnmpCredential, ...]) -> Habits:
        """Build from what was kept; what does not fit is ignored, as is a credential that may no longer be sent."""
        habits = cls()
        for name, (lowest, highest) in _NUMBERS.items():
            value = memory.get(name)
            if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
                setattr(habits, name, value)
        for name in ("bulk", "wide", "get_by_next"):
            if isinstance(value := memory.get(name), bool):
                setattr(habits, name, value)
        habits.repetitions = min(habits.repetitions, habits.most_repetitions)
        named = memory.get("credential")
        habits.credential = next((one for one in credentials if one.name == named), None)
        for name in _ENGINES:
            if isinstance(engine_id := memory.get(name), str):
                with suppress(ValueError):
                    setattr(habits, name, bytes.fromhex(engine_id)[:32] or None)
        return habits


_LIMITS = (
    "bulk",
    "repetitions",
    "most_repetitions",
    "oids_per_packet",
    "oids_answered",
    "at_once",
    "most_at_once",
    "octets",
    "wide",
    "get_by_next",
    "ends",
)
_limits_of = attrgetter(*_LIMITS)
_FRESH: _Kept = _limits_of(Habits())
_KEPT = (*_LIMITS, "described", "since")
_ENGINES = ("engine_id", "engine_waiting")
_DEFAULTS = {name: getattr(Habits(), name) for name in _KEPT}
_NO_LIMITS = Habits().limits
_NUMBERS = {
    "repetitions": (1, MOST_REPETITIONS),
    "most_repetitions": (1, MOST_REPETITIONS),
    "oids_per_packet": (1, MOST_AT_ONCE),
    "oids_answered": (0, MOST_AT_ONCE),
    "at_once": (1, MOST_AT_ONCE),
    "most_at_once": (1, MOST_AT_ONCE),
    "octets": (FEWEST_OCTETS, MOST_OCTETS),
    "ends": (-1, _MOST_ENDS),
    "described": (0, 2**32 - 1),
    "since": (0, 10**6),
}
