"""Further doors of a printer: other places at which it was found, and serial numbers that stand in a place's URI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qs, urlsplit

from pagemeter.ieee1284 import spelt_out

MOST_DOORS = 20_000
"""More than a site of thousands of printers has; the ones found longest ago go first."""


class Doors:
    """Remembers at which places a device was found, since the agent began."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def found(self, device: str, uris: Iterable[str]) -> None:
        """Take note of the places of a device; a place that was another one's is so no more."""
        for uri in uris:
            self._of.pop(uri, None)
            self._of[uri] = device
        while len(self._of) > MOST_DOORS:
            del self._of[next(iter(self._of))]

    def of(self, uri: str) -> str | None:
        """Return the device that was found at a place last."""
        return self._of.get(uri)


def serials_of(uri: str) -> Iterator[str]:
    """Yield the serial number that ``usb://Maker/Model?serial=...`` names, as it stands there and spelt out."""
    parts = urlsplit(uri)
    if parts.scheme == "usb":
        for serial in parse_qs(parts.query).get("serial", ())[:1]:
            yield serial
            yield spelt_out(serial, parts.hostname)
