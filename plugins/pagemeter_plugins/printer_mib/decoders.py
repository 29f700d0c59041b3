"""Named decoders of makers' own formats: octets -> named numbers and texts; pure, silent about all else.

Each reads a bounded number of octets once, from front to back; what is cut short ends it, and what came before stays.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TypeAlias

Decoded: TypeAlias = Mapping[str, int | str]
Decoder: TypeAlias = Callable[[bytes], Decoded]

_MOST_OCTETS = 4096
_END_OF_RECORDS = 0xFF
_NUMERATOR_AND_DENOMINATOR = 2
_OCTETS_OF_A_FLOAT = 4
_MOST_OCTETS_OF_A_NUMBER = 8
_NEVER = 253_402_300_800  # the first second of the year 10000, which no datetime holds
_ST2 = b"@BDC ST2\r\n"
_ST2_STATUS, _ST2_ERROR, _ST2_WARNING, _ST2_INK, _ST2_SERIALS = 0x01, 0x02, 0x04, 0x0F, (0x40, 0x1F)
_ST2_COLORS = {0: "black", 1: "cyan", 2: "magenta", 3: "yellow", 4: "light-cyan", 5: "light-magenta"}
_ODOMETER = re.compile(rb"(\d{1,15}) ?(INCHES|CENTIMETERS)", re.IGNORECASE)
_ODOMETER_UNITS = {b"INCHES": "inches", b"CENTIMETERS": "centimetres"}
_DAY_FIRST = re.compile(rb"\s*(?P<day>\d{1,2})[./-](?P<month>\d{1,2})[./-](?P<year>\d{4})\b")
_MONTH_FIRST = re.compile(rb"\s*(?P<month>\d{1,2})[./-](?P<day>\d{1,2})[./-](?P<year>\d{4})\b")


def decoded(name: str, data: bytes, field: str | None) -> int | str | None:
    """Return one value that a decoder finds, its only one where no field is named; none where it finds none."""
    found = DECODERS[name](data[:_MOST_OCTETS])
    if field is not None:
        return found.get(field)
    return next(iter(found.values())) if len(found) == 1 else None


def brother_records(data: bytes) -> Decoded:
    """Read Brother's maintenance, counter and next-care lists: a field a record, named by its code, ``00`` to ``fe``.

    A record is code, 0x01, length, value (big-endian); 0xff ends the list. A value of two octets is a numerator and a
    denominator, and told in hundredths of a per cent, as the values of four octets that are a percentage are.
    """
    found: dict[str, int | str] = {}
    at = 0
    while at + 3 <= len(data) and data[at] != _END_OF_RECORDS and data[at + 1] == 1:
        value = data[at + 3 : at + 3 + data[at + 2]]
        if len(value) < data[at + 2]:
            break
        number = _share(value) if len(value) == _NUMERATOR_AND_DENOMINATOR else _unsigned(value)
        if number is not None:
            found.setdefault(f"{data[at]:02x}", number)
        at += 3 + len(value)
    return found


def brother_counts(data: bytes) -> Decoded:
    """Read Brother's coverage, replacement and jam lists: code, length, value (big-endian); 0xff ends the list.

    The fields are named by their codes, ``00`` to ``fe``.
    """
    found: dict[str, int | str] = {}
    for code, value in _tagged(data):
        if code == _END_OF_RECORDS:
            break
        if (number := _unsigned(value)) is not None:
            found.setdefault(f"{code:02x}", number)
    return found


def hp_float(data: bytes) -> Decoded:
    """Read ``hundredths`` of an IEEE 754 number in four octets, big-endian (HP's charge units); none below 0."""
    if len(data) != _OCTETS_OF_A_FLOAT:
        return {}
    (value,) = struct.unpack(">f", data)
    return {"hundredths": round(value * 100)} if math.isfinite(value) and value >= 0 else {}


def zebra_odometer(data: bytes) -> Decoded:
    """Read ``inches`` and ``centimetres`` of ``1920 INCHES, 4876 CENTIMETERS``."""
    return {_ODOMETER_UNITS[unit.upper()]: int(number) for number, unit in _ODOMETER.findall(data)}


def epson_st2(data: bytes) -> Decoded:
    """Read Epson's status packet: ``status``, ``error``, ``warning`` (the first), ``serial``, ``ink-black`` and so on.

    Behind ``@BDC ST2`` and a length (two octets, little-endian) stand fields of type, length and value; an ink is
    cartridge, colour, level in per cent. A level above 100 only says that there is some, two inks of one colour can't
    be told apart: both are left out.
    """
    _, mark, rest = data.partition(_ST2)
    if not mark or len(rest) < 2:
        return {}
    fields: dict[int, bytes] = {}
    for kind, value in _tagged(rest[2 : 2 + int.from_bytes(rest[:2], "little")]):
        fields.setdefault(kind, value)
    named = ((_ST2_STATUS, "status"), (_ST2_ERROR, "error"), (_ST2_WARNING, "warning"))
    found: dict[str, int | str] = {name: fields[kind][0] for kind, name in named if fields.get(kind)}
    serials = (fields[kind] for kind in _ST2_SERIALS if fields.get(kind, b"").isalnum())
    if (serial := next(serials, None)) is not None:
        found["serial"] = serial.decode("ascii")
    return found | _inks(fields.get(_ST2_INK, b""))


def epoch(data: bytes) -> Decoded:
    """Read a ``date`` from seconds since 1970 (UTC), in digits."""
    words = data.strip(b"\0 ")
    seconds = int(words) if words.isdigit() and len(words) <= len(str(_NEVER)) else 0
    return {"date": datetime.fromtimestamp(seconds, UTC).isoformat()} if 0 < seconds < _NEVER else {}


def day_first(data: bytes) -> Decoded:
    """Read a ``date`` from ``31.1.2026``, also with slashes or dashes."""
    return _date(_DAY_FIRST.match(data))


def month_first(data: bytes) -> Decoded:
    """Read a ``date`` from ``1/31/2026``, also with dots or dashes."""
    return _date(_MONTH_FIRST.match(data))


def hex_number(data: bytes) -> Decoded:
    """Read a ``number`` that is written in hexadecimal digits, with or without ``0x`` before it."""
    words = data.strip(b"\0 ").lower().removeprefix(b"0x")
    return {"number": int(words, 16)} if re.fullmatch(rb"[0-9a-f]{1,16}", words) else {}


def big_endian(data: bytes) -> Decoded:
    """Read a ``number`` of one to eight octets, the first the highest."""
    number = _unsigned(data)
    return {} if number is None else {"number": number}


def length_prefixed(data: bytes) -> Decoded:
    """Read a ``text`` the length of which stands in the octet before it."""
    if not data or len(data) <= data[0]:
        return {}
    text = data[1 : 1 + data[0]]
    return {"text": text.decode("utf-8", errors="replace")} if text else {}


DECODERS: Mapping[str, Decoder] = MappingProxyType(
    {
        "big-endian": big_endian,
        "brother-counts": brother_counts,
        "brother-records": brother_records,
        "day-first": day_first,
        "epoch": epoch,
        "epson-st2": epson_st2,
        "hex-number": hex_number,
        "hp-float": hp_float,
        "length-prefixed": length_prefixed,
        "month-first": month_first,
        "zebra-odometer": zebra_odometer,
    }
)
"""By the names that profiles use; each finds nothing in what it does not understand, and never raises."""

OF_DIGITS = frozenset({"epoch"})
"""Decoders that read decimal digits, and so a number too; the octets of others are none that a number has."""

_CODES = frozenset(f"{code:02x}" for code in range(_END_OF_RECORDS))
FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "big-endian": frozenset({"number"}),
        "brother-counts": _CODES,
        "brother-records": _CODES,
        "day-first": frozenset({"date"}),
        "epoch": frozenset({"date"}),
        "epson-st2": frozenset({"status", "error", "warning", "serial"} | {f"ink-{c}" for c in _ST2_COLORS.values()}),
        "hex-number": frozenset({"number"}),
        "hp-float": frozenset({"hundredths"}),
        "length-prefixed": frozenset({"text"}),
        "month-first": frozenset({"date"}),
        "zebra-odometer": frozenset(_ODOMETER_UNITS.values()),
    }
)
"""What each decoder may find."""


def _tagged(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what stands there as type, length, value; a value that is cut short ends it."""
    at = 0
    while at + 2 <= len(data):
        value = data[at + 2 : at + 2 + data[at + 1]]
        if len(value) < data[at + 1]:
            return
        yield data[at], value
        at += 2 + len(value)


def _unsigned(value: bytes) -> int | None:
    return int.from_bytes(value) if 0 < len(value) <= _MOST_OCTETS_OF_A_NUMBER else None


def _share(value: bytes) -> int | None:
    numerator, denominator = value
    return 10_000 * numerator // denominator if numerator <= denominator and denominator else None


def _inks(field: bytes) -> dict[str, int | str]:
    found: dict[str, int | str] = {}
    size = field[0] if field else 0
    colors: set[str | None] = set()
    for at in range(1, len(field) - size + 1, size) if size >= 3 else ():
        color, level = _ST2_COLORS.get(field[at + 1]), field[at + 2]
        if color is not None and color not in colors and level <= 100:
            found[f"ink-{color}"] = level
        elif color in colors:
            found.pop(f"ink-{color}", None)
        colors.add(color)
    return found


def _date(match: re.Match[bytes] | None) -> Decoded:
    if match is None:
        return {}
    try:
        return {"date": date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()}
    except ValueError:
        return {}
