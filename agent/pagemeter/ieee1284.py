"""IEEE 1284 device ids: ``MFG:Brother;MDL:HL-2270DW series;CMD:PJL,PCL;CLS:PRINTER;``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pagemeter.text import scrub

MOST_CHARACTERS = 2048

_SHORT = {"MANUFACTURER": "MFG", "MODEL": "MDL", "COMMAND SET": "CMD", "CLASS": "CLS", "DESCRIPTION": "DES"}
_SERIALS = ("SN", "SERN", "SER", "SERIALNUMBER")
_PADDING = b"\0\t\r\n "
_CONTROLS = bytes(range(0x20))
_LEAST_LETTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceId:
    """A device id as clean text, and its keys, upper-case and short (``MFG``, ``MDL``, ``CMD``); all have a value."""

    text: str
    keys: Mapping[str, str]

    @property
    def serial_key(self) -> str | None:
        """The key of the serial number that some makers add."""
        return next((name for name in _SERIALS if name in self.keys), None)

    @property
    def serial_number(self) -> str | None:
        """The serial number as it stands on the case, whichever way the maker writes it."""
        key = self.serial_key
        return None if key is None else spelt_out(self.keys[key], self.keys.get("MFG"))


def parse_device_id(raw: bytes | str | None) -> DeviceId | None:
    """Read a device id of at most 2,048 characters; none where it has no keys, or where octets of it are garbled.

    Octets may begin with the two of its length, which are cut off, and be padded; text is clean of these already.
    """
    if isinstance(raw, bytes):
        raw = _unpacked(raw)
    text = scrub(raw, most=MOST_CHARACTERS)
    keys = _keys(text) if text is not None else {}
    return DeviceId(text=text, keys=keys) if text is not None and keys else None


def spelt_out(serial_number: str, manufacturer: str | None) -> str:
    """Decode a serial number that Epson writes as the hexadecimal ASCII codes of its letters; any other stays."""
    if manufacturer is None or not re.search(r"\bepson\b", manufacturer, re.IGNORECASE):
        return serial_number
    try:
        # A control character stands behind the letters: 583434593035343012 is X44Y0540.
        letters = bytes.fromhex(serial_number).strip(_CONTROLS)
    except ValueError:
        return serial_number
    return letters.decode() if len(letters) >= _LEAST_LETTERS and letters.isalnum() else serial_number


def _unpacked(raw: bytes) -> bytes | None:
    if len(raw) > 2 and raw[0] < 0x20 and raw[2:3].isalpha():
        raw = raw[2:]
    raw = raw.strip(_PADDING)
    garbled = any((octet < 0x20 and octet not in _PADDING[1:]) or octet == 0x7F for octet in raw)
    return None if garbled else raw


def _keys(text: str) -> dict[str, str]:
    """Split into keys and values; the first of several counts, and a value may hold a colon."""
    keys: dict[str, str] = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        words, short = scrub(value), name.strip().upper()
        if colon and short and words is not None:
            keys.setdefault(_SHORT.get(short, short), words)
    return keys
