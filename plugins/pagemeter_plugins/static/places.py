"""How a place is written: an address, a host name, either with a port, or a URI."""

from __future__ import annotations

from urllib.parse import urlsplit

from pagemeter.model import host_uri
from pagemeter.net.ranges import parse_range

_SCHEMES = ("host", "snmp", "ipp", "ipps", "usb", "cups")
_WAYS = "write 10.0.0.7, printer.example, [2001:db8::7]:1161 or snmp://10.0.0.7:1161"


def parse_place(text: str) -> str:
    """Return the URI of a place; raises ValueError that says what may be written instead."""
    text = text.strip()
    if "://" in text:
        return _uri(text)
    host, port = _split_port(text)
    try:
        found = parse_range(host)
    except ValueError:
        raise ValueError(f"{text!r} is no place; {_WAYS}") from None
    if found.host is None and found.count != 1:
        raise ValueError(f"{text!r} is a range; the discovery sweep takes ranges")
    return host_uri(found.host or str(found.first), port=port)


def _uri(text: str) -> str:
    try:
        parts = urlsplit(text)
        told = parts.scheme in _SCHEMES and bool(parts.netloc) and parts.port != 0
    except ValueError:
        told = False
    if not told:
        raise ValueError(f"{text!r} is no place; its scheme is one of {', '.join(_SCHEMES)}, with a host behind ://")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a place holds no user and no password; write those under credentials")
    return text


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":") if bracket else "none"
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise ValueError(f"{text!r} has no port between 1 and 65535 behind its host; {_WAYS}")
    return host, int(port)
