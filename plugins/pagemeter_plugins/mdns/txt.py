"""TXT records of DNS-SD (RFC 6763 section 6) with the keys of the Bonjour Printing Specification 1.2.1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote
from uuid import UUID

from pagemeter.text import scrub

MOST_KEYS = 64

# Keys are printable ASCII without "=" (RFC 6763 section 6.4).
_KEY = re.compile(rb"[\x20-\x3c\x3e-\x7e]+")
# cups_ptype_t of CUPS: a class of printers, and a queue whose printer is another server's.
_CLASS_OR_REMOTE = 0x1 | 0x2
_QUEUE_PATHS = ("printers/", "classes/")


def parse_txt(raw: bytes) -> dict[str, str]:
    """Parse the data of a TXT record: keys in lower case, values scrubbed, "" for what has none.

    Of a repeated key the first counts; a string that is no pair, and one that the record cuts short, is passed over.
    """
    found: dict[str, str] = {}
    for text in _strings(raw):
        key, _, value = text.partition(b"=")
        name = key.decode("ascii").lower() if _KEY.fullmatch(key) else ""
        if name and name not in found and len(found) < MOST_KEYS:
            found[name] = scrub(value) or ""
    return found


def model(txt: Mapping[str, str]) -> str | None:
    """Name make and model: ``ty``, else ``usb_MFG`` and ``usb_MDL``, else ``product`` without its parentheses."""
    maker = txt.get("usb_mfg") or txt.get("usb_manufacturer") or ""
    name = txt.get("usb_mdl") or txt.get("usb_model") or ""
    usb = name if name.lower().startswith(maker.lower()) else f"{maker} {name}"
    product = txt.get("product", "").removeprefix("(").removesuffix(")")
    return txt.get("ty") or (usb.strip() if name else None) or product.strip() or None


def uuid(txt: Mapping[str, str]) -> str | None:
    """Return ``UUID`` in its usual form, lower case and without ``urn:uuid:``; none where it is none."""
    try:
        return str(UUID(txt["uuid"].lower().removeprefix("urn:uuid:")))
    except (KeyError, ValueError):
        return None


def mac(txt: Mapping[str, str]) -> str | None:
    """Return ``mac`` as ``00:00:5e:00:53:01``; none where it is none."""
    digits = re.sub(r"[:.\-]", "", txt.get("mac", "").lower())
    if not re.fullmatch(r"[0-9a-f]{12}", digits) or not int(digits, 16):
        return None
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def serial_number(txt: Mapping[str, str]) -> str | None:
    """Return ``usb_SER``, which ipp-usb tells; the specification has no key for a serial number."""
    return txt.get("usb_ser") or None


def resource_path(txt: Mapping[str, str]) -> str:
    """Return ``rp`` as it stands in a URI, without the leading slash; ``ipp/print`` where it is not told."""
    path = txt.get("rp", "").lstrip("/")
    if not path or ".." in path.split("/"):
        return "ipp/print"
    return quote(path, safe="/%-._~!$&'()*+,;=:@")


def is_queue(txt: Mapping[str, str]) -> bool:
    """Say whether it is a print server's queue (CUPS), which is no device of its own."""
    try:
        kind = int(txt.get("printer-type", "0"), 16)
    except ValueError:
        kind = 0
    return txt.get("rp", "").lstrip("/").lower().startswith(_QUEUE_PATHS) or bool(kind & _CLASS_OR_REMOTE)


def _strings(raw: bytes) -> Iterator[bytes]:
    """Yield the strings, each behind an octet with its length (RFC 1035 section 3.3.14)."""
    at = 0
    while at < len(raw):
        end = at + 1 + raw[at]
        if end <= len(raw):
            yield raw[at + 1 : end]
        at = end
