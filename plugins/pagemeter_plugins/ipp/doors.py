"""Where a printer may answer IPP, the likeliest place first; pure."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pagemeter.model import Target

SCHEMES = frozenset({"host", "ipp", "ipps", "snmp"})
PATHS = ("/ipp/print", "/ipp", "/ipp/printer", "/", "/ipp/port1")
"""IPP Everywhere's first; the others are older devices' and print servers'."""


def doors_of(target: Target, remembered: str | None) -> tuple[str, ...]:
    """List the URIs to try on the port that is asked first; an ``ipp`` target with a path is asked there only."""
    return tuple(dict.fromkeys(_doors(target, remembered)))


def second_doors_of(target: Target) -> tuple[str, ...]:
    """List where TLS may answer while port 631 is closed; only for hosts that are printers for sure."""
    return () if is_ipp(target) else (f"ipps://{_host(target)}:443/ipp/print",)


def is_ipp(target: Target) -> bool:
    """Say whether the target itself names IPP, so that its silence is an error."""
    return urlsplit(target.uri).scheme in ("ipp", "ipps")


def _doors(target: Target, remembered: str | None) -> Iterator[str]:
    if is_ipp(target) and urlsplit(target.uri).path.strip("/"):
        yield target.uri
        return
    if remembered is not None and (remembered in target.hints.uris or _is_at(remembered, target.host)):
        yield remembered
    yield from (uri for uri in target.hints.uris if uri.startswith(("ipp://", "ipps://")))
    base = target.uri.rstrip("/") if is_ipp(target) else f"ipp://{_host(target)}"
    yield from (f"{base}{path}" for path in PATHS)


def _is_at(uri: str, host: str) -> bool:
    """Say whether a URI is of that host: the device may have moved since, and another one live there."""
    try:
        return urlsplit(uri).hostname == host
    except ValueError:
        return False


def _host(target: Target) -> str:
    return f"[{target.host}]" if ":" in target.host else target.host
