"""Documents and other values of the model as JSON: schema version 1, strict in both directions.

What is absent (None, an empty tuple) is absent in the JSON. Times are RFC 3339 with ``Z``, durations seconds, sets
sorted. A value that could not be read back is refused when it is written.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Annotated, Any, Final, Generic, Literal, TypeVar, cast, get_args

from pydantic import ConfigDict, Discriminator, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, SchemaSerializer, SchemaValidator, core_schema
from pydantic_core import from_json as parse_json
from pydantic_core import to_json as write_json

from pagemeter.errors import PagemeterError
from pagemeter.model import (
    AgentStatus,
    Body,
    DeviceSnapshot,
    Document,
    Event,
    Facts,
    FleetEntry,
    JobRecord,
    Key,
    Queue,
)

VERSION: Final = 1

# From an older version to the next one: a function of the parsed document, applied until it is of VERSION.
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

T = TypeVar("T")


class WireError(PagemeterError):
    """A value can't be written, or what was read is no document of ours; the message never quotes a value."""


def to_json(value: object) -> bytes:
    """Write a dataclass of the model as JSON; a document gets its version and the type of its body.

    Raises WireError where a field holds what its annotation does not allow: a naive time, a wrong type.
    """
    if isinstance(value, FleetEntry):
        return _entry_to_json(value)
    if not isinstance(value, Document):
        return _codec(type(value)).write(value)
    kind = type_of(value.body)
    written = _WireDocument(v=VERSION, key=value.key, at=value.at, type=kind, body=value.body)
    return _codec(_WireDocument).write(written)


def from_json(cls: type[T], data: bytes | str) -> T:
    """Read a dataclass of the model; raises WireError for whatever ``to_json`` would not have written."""
    raw = data.encode() if isinstance(data, str) else data
    if cls is not Document:
        return cast("T", _codec(cls).read(raw))
    read = _codec(_WireDocument).read(upgraded(raw))
    return cast("T", Document(key=read.key, at=read.at, body=read.body))


def body_to_json(body: Body) -> bytes:
    """Write ``{"v": 1, "type": ..., "body": ...}``: a document whose key and time are kept beside it."""
    # Put together by hand, and the same to the letter: the union of all bodies costs a third more.
    plain = _snapshot_to_json(body) if isinstance(body, DeviceSnapshot) else _codec(type(body)).write(body)
    return b'{"v":%d,"type":"%b","body":%b}' % (VERSION, type_of(body).encode(), plain)


def body_from_json(data: bytes) -> Body:
    """Read what ``body_to_json`` wrote, or an older version of it."""
    return cast("Body", _codec(_WireBody).read(upgraded(data)).body)


def type_of(body: Body) -> str:
    """Name the type of a document by its body: snapshot, job, queue, event or agent."""
    return TYPES[type(body)]


def upgraded(data: bytes, *, upgrades: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] | None = None) -> bytes:
    """Bring a document of an older version to VERSION; raises WireError for a newer one."""
    if data.startswith(_CURRENT):
        return data
    try:
        document = parse_json(data)
    except ValueError:
        raise WireError("not JSON, or cut short") from None
    version = document.get("v") if isinstance(document, dict) else None
    if not isinstance(version, int) or version > VERSION:
        raise WireError(f"a document of version {VERSION} or older is needed; a newer Pagemeter reads newer ones")
    steps = UPGRADES if upgrades is None else upgrades
    for number in range(version, VERSION):
        if number not in steps:
            raise WireError(f"no way leads from version {number} to {number + 1}")
        document = steps[number](document)
    return write_json({**document, "v": VERSION})


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntryTimes:
    """What a FleetEntry adds to its snapshot."""

    first_seen: datetime
    last_success: datetime | None = None
    silent_since: datetime | None = None
    scope_times: tuple[tuple[str, datetime], ...] = ()


def _entry_to_json(entry: FleetEntry) -> bytes:
    """Put an entry together of two parts: after a visit its snapshot is the document that is written beside it."""
    times = _EntryTimes(
        first_seen=entry.first_seen,
        last_success=entry.last_success,
        silent_since=entry.silent_since,
        scope_times=entry.scope_times,
    )
    return b'{"latest":%b,%b' % (_snapshot_to_json(entry.latest), _codec(_EntryTimes).write(times)[1:])


def _snapshot_to_json(snapshot: DeviceSnapshot) -> bytes:
    last, plain = _written[0]
    if last is not snapshot:
        plain = _codec(DeviceSnapshot).write(snapshot)
        _written[0] = (snapshot, plain)
    return plain


# What was written last.
_written: list[tuple[DeviceSnapshot | None, bytes]] = [(None, b"")]


# ---- documents on the wire

_CURRENT = b'{"v":%d,' % VERSION
TYPES: dict[type, str] = {
    DeviceSnapshot: "snapshot",
    JobRecord: "job",
    Queue: "queue",
    Event: "event",
    AgentStatus: "agent",
}

N = TypeVar("N")
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class _WireBody(Generic[N, B]):
    v: Literal[1]
    type: N
    body: B


@dataclass(frozen=True, slots=True, kw_only=True)
class _WireDocument(Generic[N, B]):
    v: Literal[1]
    key: Key
    at: datetime
    type: N
    body: B


_ANY_BODY: Any = Annotated[
    _WireBody[Literal["snapshot"], DeviceSnapshot]
    | _WireBody[Literal["job"], JobRecord]
    | _WireBody[Literal["queue"], Queue]
    | _WireBody[Literal["event"], Event]
    | _WireBody[Literal["agent"], AgentStatus],
    Discriminator("type"),
]
_ANY_DOCUMENT: Any = Annotated[
    _WireDocument[Literal["snapshot"], DeviceSnapshot]
    | _WireDocument[Literal["job"], JobRecord]
    | _WireDocument[Literal["queue"], Queue]
    | _WireDocument[Literal["event"], Event]
    | _WireDocument[Literal["agent"], AgentStatus],
    Discriminator("type"),
]


# ---- pydantic


class _Codec:
    """The validator and the serializer of one class."""

    def __init__(self, hint: Any) -> None:
        # The optional union is there because an adapter takes no configuration for a bare dataclass.
        config = ConfigDict(strict=True, extra="forbid")
        adapter: TypeAdapter[Any] = TypeAdapter(hint | None, config=config)
        schema = _hardened(adapter.core_schema)
        self.name = hint.__name__ if isinstance(hint, type) else "document"
        flags = [name.encode() for name in _flags(schema)]
        self._flags = tuple(b'"%b":%b' % (name, word) for name in flags for word in (b"true", b"false"))
        self._validator = SchemaValidator(schema)
        self._serializer = SchemaSerializer(schema)

    def read(self, data: bytes) -> Any:
        try:
            value = self._validator.validate_json(data)
        except ValidationError as error:
            raise WireError(f"not a {self.name} of version {VERSION}: {_where(error)}") from None
        if value is None:
            raise WireError(f"not a {self.name} of version {VERSION}: null")
        return value

    def write(self, value: object) -> bytes:
        try:
            data = self._serializer.to_json(value, warnings="error")
            # Read back: a none in a field that must have a value passes the serializer without a word, and so does a
            # boolean in the place of a number. Absent values are left out, so that most documents hold none of both but
            # where one belongs.
            if b"null" in data or not self._has_only_flags(data):
                self._validator.validate_json(data)
        except ValidationError as error:
            raise WireError(f"a {self.name} can't be written: {_where(error)}") from None
        except PydanticSerializationError as error:
            # The library's message quotes the value.
            raise WireError(f"a {self.name} can't be written: a field breaks its annotation{_ours(error)}") from None
        return data

    def _has_only_flags(self, data: bytes) -> bool:
        """Say whether each true and false stands in a field of that type; a quote inside of a text is escaped."""
        said = data.count(b"true") + data.count(b"false")
        return not said or said == sum(map(data.count, self._flags))


_CODECS: dict[type, _Codec] = {}


def _codec(cls: type) -> _Codec:
    if cls not in _CODECS:
        _CODECS[cls] = _Codec({_WireBody: _ANY_BODY, _WireDocument: _ANY_DOCUMENT}.get(cls, cls))
    return _CODECS[cls]


def _hardened(schema: Any) -> Any:
    """Rewrite a schema of pydantic: aware times, durations in seconds, sorted sets, absent tuples, facts by kind."""
    if isinstance(schema, list):
        return [_hardened(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    new = {key: _hardened(part) for key, part in schema.items()}
    match new.get("type"):
        case "datetime":
            new |= {"tz_constraint": "aware", "serialization": _writer(_rfc3339)}
        case "timedelta":
            seconds = core_schema.float_schema(strict=True, allow_inf_nan=False)
            read = core_schema.no_info_after_validator_function(_duration, seconds)
            new = cast("dict[str, Any]", core_schema.json_or_python_schema(read, new, serialization=_writer(_seconds)))
        case "decimal":
            new["serialization"] = _writer(_finite)
        case "frozenset":
            new["serialization"] = _writer(partial(_sorted, new.get("items_schema", {}).get("cls")))
        case "dataclass-field" if new["schema"]["type"] == "default":
            # Not exclude_none: a none in a field that must have a value is a mistake to be seen.
            match new["schema"].get("default", MISSING):
                case None:
                    new["serialization_exclude_if"] = _is_none
                case () | frozenset():
                    new["serialization_exclude_if"] = _is_empty
        case "union" if all(choice.get("cls") in get_args(Facts) for choice in new["choices"]):
            by_kind = {_kind(choice["cls"]): choice for choice in new["choices"]}
            new = cast("dict[str, Any]", core_schema.tagged_union_schema(by_kind, "kind"))
    return new


def _flags(schema: Any) -> frozenset[str]:
    """Name the fields that are booleans, whichever class they stand in."""
    found: dict[str, set[str]] = {}

    def look(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("type") == "dataclass-field":
                inner = part["schema"]
                kind = inner["schema"] if inner["type"] == "default" else inner
                found.setdefault(part["name"], set()).add(kind["type"])
            for one in part.values():
                look(one)
        elif isinstance(part, list):
            for one in part:
                look(one)

    look(schema)
    return frozenset(name for name, kinds in found.items() if kinds == {"bool"})


def _writer(function: Callable[[Any], Any]) -> core_schema.SerSchema:
    return core_schema.plain_serializer_function_ser_schema(function, when_used="json")


# A document names a handful of moments, each many times.
@lru_cache(maxsize=512)
def _rfc3339(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat()[: -len("+00:00")] + "Z"


def _duration(seconds: float) -> timedelta:
    return timedelta(microseconds=round(seconds * 1_000_000))


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()


def _sorted(cls: type | None, items: frozenset[Any]) -> list[Any]:
    if not all(type(item) is cls for item in items):
        raise ValueError("a set of something else")
    return sorted(items)


def _finite(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError("a number that is not finite")
    return str(number)


# Functions of C: they are called for every field of every document.
_is_none = partial(operator.is_, None)
_is_empty = operator.not_


def _kind(cls: type) -> str:
    return str(cls.__dataclass_fields__["kind"].default)  # type: ignore[attr-defined]


def _where(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the whole'}: {first['type']}"


def _ours(error: Exception) -> str:
    found = re.search(r"a time without a zone|a number that is not finite", str(error))
    return f" ({found[0]})" if found else ""
