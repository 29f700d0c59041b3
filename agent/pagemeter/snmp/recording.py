"""Recordings of devices: ``.snmprec`` files, a row a line, ``OID|TAG|VALUE``."""

from __future__ import annotations

from pathlib import Path

from pagemeter.errors import PagemeterError
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, dotted, oid

# Opaque is kept in hex even where it is printable: its bytes are BER, never text.
_NUMBERS = frozenset({Tag.INTEGER, Tag.COUNTER32, Tag.GAUGE32, Tag.TIME_TICKS, Tag.COUNTER64})


class RecordingError(PagemeterError):
    """A recording can't be read; the message names file and line."""


def read_recording(path: Path) -> Walk:
    """Read a recording; raises RecordingError with file and line, OSError where there is no file."""
    return Walk(parse_recording(path.read_text(encoding="utf-8"), name=path.name))


def parse_recording(text: str, *, name: str = "recording") -> list[VarBind]:
    """Parse the text of a recording; empty lines and lines that start with ``#`` are skipped."""
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            rows.append(_row(line.rstrip("\r")))
        except ValueError as error:
            raise RecordingError(f"{name}:{number}: is not OID|TAG|VALUE ({error})") from error
    return rows


def write_recording(walk: Walk, path: Path) -> None:
    """Write a walk as a recording, sorted by object identifier."""
    path.write_text("".join(f"{format_row(row)}\n" for row in walk), encoding="utf-8", newline="\n")


def format_row(row: VarBind) -> str:
    """Write one row; octets that are not plain printable ASCII are written in hex (tag ``4x``)."""
    tag, value = str(int(row.tag)), row.value
    match value:
        case bytes() if row.tag == Tag.IP_ADDRESS:
            text = ".".join(map(str, value))
        case bytes() if row.tag == Tag.OCTET_STRING and all(32 <= octet < 127 for octet in value):
            text = value.decode("ascii")
        case bytes():
            tag, text = f"{tag}x", value.hex()
        case tuple():
            text = dotted(value)
        case None:
            text = ""
        case _:
            text = str(value)
    return f"{dotted(row.oid)}|{tag}|{text}"


def _row(line: str) -> VarBind:
    name, tag_text, text = line.split("|", 2)
    tag = int(tag_text.removesuffix("x"))
    value: int | bytes | Oid | None
    if tag in _NUMBERS:
        value = int(text)
    elif tag_text.endswith("x"):
        value = bytes.fromhex(text)
    elif tag == Tag.OBJECT_IDENTIFIER:
        value = oid(text)
    elif tag == Tag.IP_ADDRESS:
        value = bytes(int(part) for part in text.split("."))
    elif tag == Tag.NULL:
        value = None
    else:
        value = text.encode("utf-8")
    return VarBind(oid(name), tag, value)
