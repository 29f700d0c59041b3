"""What a component hands over, held against its contract before it is learned: a breach costs that answer alone.

All functions raise PluginError that says what is wrong and never quotes a value.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from ipaddress import ip_network
from typing import Any, TypeVar

from pagemeter import wire
from pagemeter.component import Answer, Found, Gathered, NotAPrinter, Quarantined, Seen
from pagemeter.errors import PluginError
from pagemeter.model import Document, JobRecord, Link, Queue, Reading, Segment, Target

T = TypeVar("T")

MOST_OCTETS = 1 << 20
"""How long a value (a reading, a job, a memory) may be as JSON: a real one has some thousand octets."""
_MOST_INTEGER = 2**63 - 1


async def each(items: AsyncIterator[object], check: Callable[[object], T]) -> AsyncIterator[T]:
    """Yield what a component yields, each checked; the component's iterator is closed in the end."""
    try:
        async for item in items:
            yield check(item)
    finally:
        if (close := getattr(items, "aclose", None)) is not None:
            await close()


def checked_answer(answer: object) -> Answer | NotAPrinter | None:
    """Return what a reader answered."""
    if answer is None:
        return None
    if isinstance(answer, NotAPrinter):
        _is("read", "what", answer.what, str)
        return answer
    if not isinstance(answer, Answer):
        raise PluginError(f"read returned {type(answer).__name__}, which is no Answer")
    if answer.memory is not None:
        _memory("read", answer.memory)
    return replace(
        answer,
        readings=_values("read", "readings", answer.readings, Reading),
        jobs=_values("read", "jobs", answer.jobs, JobRecord),
    )


def checked_found(found: object) -> Found:
    """Return what a discovery yielded."""
    match found:
        case Target():
            return checked_target("discover", found)
        case Segment():
            return _network(_written("discover", found))
        case Link():
            return _written("discover", found)
        case Mapping():
            _memory("discover", found)
            return found
        case _:
            raise PluginError(f"discover yielded {type(found).__name__}, which its contract does not know")


def checked_gathered(gathered: object) -> Gathered:
    """Return what a source yielded; jobs and foreign documents, of which there are many, are checked when kept."""
    if not isinstance(gathered, Gathered):
        raise PluginError(f"collect yielded {type(gathered).__name__}, which its contract does not know")
    _is("collect", "stream", gathered.stream, str)
    _json("collect", "cursor", gathered.cursor)
    _is("collect", "seen", gathered.seen, tuple)
    _is("collect", "released", gathered.released, tuple)
    checked = replace(
        gathered,
        seen=tuple(map(_seen, gathered.seen)),
        queues=_values("collect", "queues", gathered.queues, Queue),
        jobs=_typed("collect", "jobs", gathered.jobs, JobRecord),
        quarantined=_values("collect", "quarantined", gathered.quarantined, Quarantined),
        foreign=_typed("collect", "foreign", gathered.foreign, Document),
    )
    for place in (*checked.released, *(n for one in checked.quarantined for n in (one.offset, one.length))):
        if type(place) is not int or abs(place) > _MOST_INTEGER:
            raise PluginError("collect: a place of the quarantine is no integer of 64 bits")
    return checked


def _seen(seen: Seen) -> Seen:
    _is("collect", "seen", seen, Seen)
    return Seen(
        target=checked_target("collect", seen.target), readings=_values("collect", "readings", seen.readings, Reading)
    )


def checked_target(work: str, target: object) -> Target:
    """Return a place; its URI can be taken apart."""
    if type(target) is not Target:
        raise PluginError(f"{work}: a place is a {type(target).__name__}, not a Target")
    read = _written(work, target)
    try:
        _ = read.host, read.port
    except ValueError:
        raise PluginError(f"{work}: the URI of a place can't be taken apart") from None
    return read


def _values(work: str, name: str, found: tuple[T, ...], cls: type[T]) -> tuple[T, ...]:
    return tuple(_written(work, one) for one in _typed(work, name, found, cls))


def _typed(work: str, name: str, found: tuple[T, ...], cls: type[T]) -> tuple[T, ...]:
    _is(work, name, found, tuple)
    for one in found:
        if type(one) is not cls:
            raise PluginError(f"{work}: among its {name} is a {type(one).__name__}, not a {cls.__name__}")
    return found


def _written(work: str, value: T) -> T:
    """Return a value as the store would give it back, for what can't be written or read again would be lost."""
    try:
        plain = wire.to_json(value)
        read: T = wire.from_json(type(value), plain)
    except wire.WireError as error:
        raise PluginError(f"{work}: {error}") from None
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise PluginError(f"{work}: a {type(value).__name__} can't be written: {type(error).__name__}") from None
    _short(work, type(value).__name__, plain)
    return read


def _memory(work: str, memory: object) -> None:
    _is(work, "memory", memory, Mapping)
    _json(work, "memory", dict(memory))  # type: ignore[call-overload] # a mapping


def _json(work: str, name: str, value: Any) -> None:
    try:
        plain = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise PluginError(f"{work}: its {name} is no JSON ({type(error).__name__})") from None
    _short(work, name, plain)


def _short(work: str, name: str, plain: bytes) -> None:
    if len(plain) > MOST_OCTETS:
        raise PluginError(f"{work}: a {name} of {len(plain)} octets; at most {MOST_OCTETS} are taken")


def _network(segment: Segment) -> Segment:
    try:
        ip_network(segment.network)
    except ValueError:
        raise PluginError("discover: the network of a segment is none") from None
    return segment


def _is(work: str, name: str, value: object, cls: type) -> None:
    if not isinstance(value, cls):
        raise PluginError(f"{work}: its {name} is a {type(value).__name__}, not a {cls.__name__}")
