"""Writes docs/devices.md: what is read of each recorded model, and by which source.

``python docs/devices.py FOLDER...`` takes folders with recordings (``*.snmprec``) and IPP answers
(``ipp/*.get-printer-attributes.bin``); what is no printer is counted only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pagemeter.component import NotAPrinter
from pagemeter.ipp.message import GroupTag, decode
from pagemeter.ipp.reading import SCOPES as IPP_SCOPES
from pagemeter.ipp.reading import parse_attributes
from pagemeter.model import LevelState, MeterColor, MeterRead, Quality, Reading, Sides, Since, Work
from pagemeter.snmp.recording import read_recording
from pagemeter_plugins.printer_mib.evidence import printers_of
from pagemeter_plugins.printer_mib.identity import Person
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import shipped_profiles

AT = datetime(2000, 1, 1, tzinfo=UTC)
STANDARD = "1.3.6.1.2.1."
PLACE = Path(__file__).with_name("devices.md")

HEAD = """\
# Devices

What is read of each model of which there is a recording, and by which source. Written by
`python docs/devices.py ../shared/walks`; a test holds that it is up to date.

| sign | what it says |
|---|---|
| M | the Printer MIB and its neighbours (RFC 3805, RFC 2790, RFC 1213) |
| P | the vendor profile that is named, at a place that a recording proves |
| P? | the profile, at a place that only a source names: the value is marked `unverified` |
| I | IPP |
| - | the recording does not say it; nothing is made up |

*Formats*: how many sizes have counters of their own. *Work*: which of print, copy, scan and fax are counted.
*Supplies*: how many there are, how many of them have a percentage, a serial number, a part number. Many recordings are
only parts of a device: what they lack the device may tell.
"""
COLUMNS = (
    *("Maker", "Model", "Recording", "Profile", "Serial number", "Firmware", "Total", "Mono", "Color", "Formats"),
    *("Two-sided", "Work", "Supplies", "Trays", "Status"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A reading of a recording, and the profiles that took part."""

    name: str
    reading: Reading
    profiles: tuple[str, ...] = ()


def recorded(folders: Iterable[Path]) -> tuple[tuple[Recorded, ...], int]:
    """Read every recording; returns the printers in order, and how many recordings are of no printer."""
    found: list[Recorded] = []
    others = 0
    for path in sorted({path for folder in folders for path in folder.rglob("*.snmprec")}):
        walk = read_recording(path)
        read = parse_printer_mib(walk, SCOPES, AT, shipped_profiles())
        if isinstance(read, NotAPrinter):
            others += 1
            continue
        indexes = printers_of(walk)
        alone = len(indexes) == 1
        person = Person(walk, indexes[0], alone=alone, profiles=shipped_profiles())
        name = path.stem if path.stem != "snmp" else path.parent.name
        names = tuple(profile.name for profile in person.profiles)
        found += [Recorded(name=name, reading=reading, profiles=names) for reading in read]
    found += _ipp(folders)
    return tuple(sorted(found, key=lambda one: (_maker(one).casefold(), one.name))), others


def _ipp(folders: Iterable[Path]) -> Iterator[Recorded]:
    for path in sorted({path for folder in folders for path in folder.rglob("*.get-printer-attributes.bin")}):
        group = decode(path.read_bytes()).group(GroupTag.PRINTER)
        if group is not None:
            name = path.name.removesuffix(".get-printer-attributes.bin")
            yield Recorded(name=name, reading=parse_attributes(group, scopes=IPP_SCOPES, at=AT))


def row_of(one: Recorded) -> tuple[str, ...]:
    """Make the line of one recording."""
    reading, who = one.reading, one.reading.identity
    origins = dict(reading.origins)
    life = [read for read in reading.meter_reads if read.since is Since.LIFE]
    whole = [read for read in life if read.media == "any" and read.sides is Sides.ANY]
    sizes = {read.media for read in life if read.media != "any"}
    works = [f"{work} {_best(r for r in life if r.work is work)}" for work in (Work.PRINT, Work.COPY, Work.SCAN)]
    works.append(f"fax {_best(r for r in life if r.work in (Work.FAX, Work.FAX_IN, Work.FAX_OUT))}")

    def of(*colors: MeterColor) -> str:
        mine = [r for r in whole if r.color in colors]
        return _best(r for r in mine if r.work is Work.TOTAL) if mine else "-"

    def counted(color: MeterColor) -> str:
        total = of(color)
        return total if total != "-" else _best(r for r in whole if r.color is color and r.work is Work.PRINT)

    return (
        _maker(one),
        who.model or "-",
        one.name,
        ", ".join(one.profiles) or "-",
        *(_sign(origins[name].where, origins[name].doubt) if name in origins else "-"
          for name in ("serial_number", "firmware")),
        of(MeterColor.ANY),
        counted(MeterColor.MONOCHROME),
        counted(MeterColor.FULL_COLOR),
        f"{len(sizes)} {_best(r for r in life if r.media != 'any')}" if sizes else "-",
        _best(r for r in life if r.sides is Sides.TWO),
        ", ".join(work for work in works if not work.endswith(" -")) or "-",
        _supplies(reading),
        str(len(reading.inputs)) if reading.inputs else "-",
        str(reading.status.state) if reading.status else "-",
    )  # fmt: skip


def _maker(one: Recorded) -> str:
    return one.reading.identity.manufacturer or "-"


def _best(reads: Iterable[MeterRead]) -> str:
    signs = sorted({_sign(r.origin.where, r.quality if r.quality is Quality.UNVERIFIED else None) for r in reads})
    return next(iter(signs), "-")


def _sign(where: str, doubt: str | None) -> str:
    if not where[:1].isdigit():
        return "I"
    return "M" if where.startswith(STANDARD) else "P?" if doubt else "P"


def _supplies(reading: Reading) -> str:
    many = reading.supplies
    if not many:
        return "-"
    percent = sum(s.level is not None and s.level.percent is not None for s in many)
    some = sum(s.level is not None and s.level.state is LevelState.SOME_REMAINING for s in many)
    serials, parts = (sum(getattr(s, name) is not None for s in many) for name in ("serial_number", "part_number"))
    told = (("%", percent), ("only some", some), ("serials", serials), ("part numbers", parts))
    return f"{len(many)}" + "".join(f", {count} {what}" for what, count in told if count)


def page(folders: Sequence[Path]) -> str:
    """Write the page."""
    found, others = recorded(folders)
    rows = [row_of(one) for one in found]
    full = sum(all(cell != "-" for cell in row[6:8]) for row in rows)
    lines = [
        HEAD,
        f"{len(rows)} printers; {full} tell total and mono; {others} other recordings are told from printers.\n",
    ]
    lines.append("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write docs/devices.md of the folders that are named."""
    folders = [Path(argument) for argument in sys.argv[1:]]
    if not folders or not all(folder.is_dir() for folder in folders):
        sys.exit("usage: python docs/devices.py FOLDER...  (folders with recordings)")
    PLACE.write_text(page(folders), encoding="utf-8")


if __name__ == "__main__":
    main()
