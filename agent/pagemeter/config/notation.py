"""How values are written in the YAML: durations, weekdays, times of day, networks, names."""

from __future__ import annotations

import re
from datetime import time, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from pagemeter.masks import parse_hash, parse_mask, parse_only
from pagemeter.net.credentials import IPAddress, IPNetwork
from pagemeter.net.fence import Never

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = r"^[1-9][0-9]{0,5}[smhd]$"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"

LOCAL: Literal["local"] = "local"
SEGMENTS: Literal["segments"] = "segments"


class Weekday(StrEnum):
    """The days of the week, Monday first as datetime counts them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def parse_duration(value: object) -> object:
    """Read ``90s``, ``15m``, ``12h`` or ``2d``; what is no text passes. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(_DURATION, value) is None:
        raise ValueError("this is no duration; write it like 90s, 15m, 12h or 2d")
    return timedelta(seconds=int(value[:-1]) * _SECONDS[value[-1]])


def format_duration(value: timedelta) -> str:
    """Write a duration of whole seconds as it stands in the YAML, in its largest unit that fits."""
    seconds = int(value.total_seconds())
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def parse_time(value: object) -> object:
    """Read ``02:00``; what is no text passes. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(_CLOCK, value) is None:
        raise ValueError('this is no time of day; write it like "02:00"')
    return time.fromisoformat(value)


def parse_network(value: object) -> object:
    """Read ``10.20.0.0/16``, a single address or ``local``; what is no text passes. Raises ValueError."""
    if not isinstance(value, str) or value == LOCAL:
        return value
    try:
        return ip_network(value)
    except ValueError:
        pass
    try:
        wider = ip_network(value, strict=False)
    except ValueError:
        raise ValueError("this is no network; write it like 10.20.0.0/16, or `local`") from None
    raise ValueError(f"this network has bits behind its prefix; did you mean {wider}?")


def parse_reach(value: object) -> object:
    """Read what ``parse_network`` reads, or ``segments``: those that were selected. Raises ValueError."""
    return value if value == SEGMENTS else parse_network(value)


def parse_never(value: object) -> object:
    """Read an address or a network that is left alone. Raises ValueError."""
    if not isinstance(value, str):
        return value
    try:
        return ip_address(value)
    except ValueError:
        if value == LOCAL:
            raise ValueError("`local` can't be left alone; write an address or a network") from None
        return parse_network(value)


def parse_address(value: object) -> object:
    """Read one address; what is no text passes. Raises ValueError."""
    if not isinstance(value, str):
        return value
    try:
        return ip_address(value)
    except ValueError:
        raise ValueError("this is no address; write one such as 10.20.0.1") from None


Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _DURATION, "examples": ["90s", "15m", "12h", "2d"]}),
]
TimeOfDay: TypeAlias = Annotated[
    time,
    BeforeValidator(parse_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$", "examples": ['"02:00"']}),
]
Quiet: TypeAlias = Annotated[str, Field(pattern=f"^{_CLOCK}-{_CLOCK}$", examples=['"22:00-06:00"'])]
Network: TypeAlias = Annotated[
    IPv4Network | IPv6Network | Literal["local"],
    BeforeValidator(parse_network),
    WithJsonSchema({"type": "string", "examples": ["10.20.0.0/16", "local"]}),
]
Reach: TypeAlias = Annotated[
    IPv4Network | IPv6Network | Literal["local", "segments"],
    BeforeValidator(parse_reach),
    WithJsonSchema({"type": "string", "examples": ["10.20.0.0/16", "local", "segments"]}),
]
Selected: TypeAlias = Annotated[
    IPv4Network | IPv6Network,
    BeforeValidator(parse_network),
    WithJsonSchema({"type": "string", "examples": ["10.4.0.0/22"]}),
]
NeverAsked: TypeAlias = Annotated[
    Never,
    BeforeValidator(parse_never),
    WithJsonSchema({"type": "string", "examples": ["10.20.1.1", "10.20.9.0/24"]}),
]
Elsewhere: TypeAlias = Annotated[
    IPAddress,
    BeforeValidator(parse_address),
    WithJsonSchema({"type": "string", "examples": ["10.20.0.1"]}),
]
ItemName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", examples=["head-office"])]
Masked: TypeAlias = Annotated[str, AfterValidator(parse_mask), Field(examples=["contact", "job.user", "person"])]
Hashed: TypeAlias = Annotated[str, AfterValidator(parse_hash), Field(examples=["serial_number", "job.user", "person"])]
Allowed: TypeAlias = Annotated[str, AfterValidator(parse_only), Field(examples=["snapshot", "job.printed", "serial"])]
AnyNetwork: TypeAlias = IPNetwork | Literal["local", "segments"]
