"""IEEE 1284 device ids: ``MFG:Brother;MDL:HL-2270DW series;CMD:PJL,PCL;CLS:PRINTER;``."""

from __future__ import annotations

from pagemeter.text import scrub

MOST_CHARACTERS = 2048

_NAMES = {"MANUFACTURER": "MFG", "MODEL": "MDL", "COMMAND SET": "CMD", "CLASS": "CLS", "DESCRIPTION": "DES"}
_SERIALS = ("SERIALNUMBER", "SERN", "SN")
_PADDING = b"\0\t\r\n "


def device_id_text(raw: bytes | None) -> str | None:
    """Return a device id as clean text; none where it holds control characters, for then it is garbled.

    sysfs gives it without the two octets of its length; where a maker sent them twice they are cut off.
    """
    if raw is None:
        return None
    if len(raw) > 2 and raw[0] <= 0x1F and raw[2:3].isalpha():
        raw = raw[2:]
    raw = raw.strip(_PADDING)
    if any((octet < 0x20 and octet not in _PADDING[1:]) or octet == 0x7F for octet in raw):
        return None
    text = scrub(raw, most=MOST_CHARACTERS)
    return text if text is not None and ":" in text else None


def keys_of(text: str) -> dict[str, str]:
    """Split a device id into its keys, upper-case and short (``MFG``, ``MDL``, ``CMD``); empty values are dropped."""
    keys: dict[str, str] = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        words = scrub(value)
        if colon and name.strip() and words is not None:
            short = name.strip().upper()
            keys.setdefault(_NAMES.get(short, short), words)
    return keys


def serial_number_of(keys: dict[str, str]) -> tuple[str, str] | None:
    """Return the key and the serial number that some makers add."""
    return next(((name, keys[name]) for name in _SERIALS if name in keys), None)


def spelt_out(serial_number: str, manufacturer: str | None) -> str:
    """Decode a serial number that Epson writes as the hexadecimal ASCII codes of its letters; any other stays."""
    if manufacturer is None or not manufacturer.casefold().startswith("epson"):
        return serial_number
    try:
        letters = bytes.fromhex(serial_number).rstrip(bytes(range(0x20)))
    except ValueError:
        return serial_number
    return letters.decode() if len(letters) >= 4 and letters.isalnum() else serial_number
