"""Vendor x meter: what the profiles give, and how far each of it is proved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pagemeter.model import MeterColor, Sides, Since, Work
from pagemeter_plugins.printer_mib.profile import MeterRule, Profile


class Proof(StrEnum):
    """How a profile gives something: by the Printer MIB itself, seen in a recording, on a source's word, or not."""

    STANDARD = "standard"
    SEEN = "seen"
    UNVERIFIED = "unverified"
    NOT_TOLD = "not told"
    NONE = "none"


COLUMNS = (
    *("total", "mono", "color", "formats", "duplex", "print", "copy", "scan", "fax"),
    *("supply serials", "part numbers", "firmware"),
)
COUNTED_BY = ("total", "mono", "color")
"""What a vendor's profile must give for the vendor to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One profile's line of the matrix."""

    profile: Profile
    cells: Mapping[str, Proof] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Say whether total, mono and color are given; a maker whose devices never have one of them is excused."""
        return all(self.cells[name] is not Proof.NONE for name in COUNTED_BY)


def matrix(profiles: Sequence[Profile]) -> tuple[Row, ...]:
    """Return a row for each profile that is for devices, in the order of their names."""
    rows = (Row(profile=one, cells=_cells(one)) for one in profiles if one.match is not None)
    return tuple(sorted(rows, key=lambda row: row.profile.name))


def _cells(profile: Profile) -> dict[str, Proof]:
    found = {name: [] for name in COLUMNS}  # type: dict[str, list[Proof]]
    for rule in profile.meters:
        proof = Proof.UNVERIFIED if rule.unverified else Proof.SEEN
        for name in _columns(rule):
            found[name].append(proof)
    for supply in profile.supplies:
        proof = Proof.UNVERIFIED if supply.unverified else Proof.SEEN
        found["supply serials"] += [proof] if supply.serial_number is not None else []
        found["part numbers"] += [proof] if supply.part_number is not None else []
    found["firmware"] += [Proof.UNVERIFIED if one.unverified else Proof.SEEN for one in profile.identity.firmware]
    # prtMarkerLifeCount is there on nearly every device.
    found["total"].append(Proof.STANDARD)
    standard = {"supply_serial_number": "supply serials", "part_number": "part numbers"}
    for what in profile.by_standard:
        found[standard[what]].append(Proof.STANDARD)
    excused = {"mono": "mono", "color": "color", "supply_serial_number": "supply serials"}
    for silent in profile.not_told:
        found[excused[silent]].append(Proof.NOT_TOLD)
    return {name: _best(proofs) for name, proofs in found.items()}


def _columns(rule: MeterRule) -> Iterator[str]:
    if rule.since is not Since.LIFE:
        return
    colored = {MeterColor.MONOCHROME: "mono", MeterColor.FULL_COLOR: "color"}
    if rule.work in (Work.TOTAL, Work.PRINT) and rule.media == "any" and rule.each is None:
        if rule.color in colored and rule.sides is Sides.ANY:
            yield colored[rule.color]
        if rule.work is Work.TOTAL and rule.color is MeterColor.ANY and rule.sides is Sides.ANY:
            yield "total"
    if rule.media != "any" or rule.each is not None:
        yield "formats"
    if rule.sides is Sides.TWO:
        yield "duplex"
    if rule.work in (Work.PRINT, Work.COPY, Work.SCAN):
        yield str(rule.work)
    if rule.work in (Work.FAX, Work.FAX_IN, Work.FAX_OUT):
        yield "fax"


def _best(proofs: Iterable[Proof]) -> Proof:
    order = (Proof.SEEN, Proof.STANDARD, Proof.UNVERIFIED, Proof.NOT_TOLD, Proof.NONE)
    return min(proofs, key=order.index, default=Proof.NONE)
