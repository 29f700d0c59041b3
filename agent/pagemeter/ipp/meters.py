"""The counters of PWG 5100.22: impressions, sheets and pages of the print service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from pagemeter.ipp.message import Collection, Group
from pagemeter.ipp.origins import origin
from pagemeter.model import MeterColor, MeterRead, MeterUnit, Sides, Work

_UNITS = {
    "printer-impressions-completed": MeterUnit.IMPRESSIONS,
    "printer-media-sheets-completed": MeterUnit.SHEETS,
}
_PAGES = "printer-pages-completed"
_COLORS = {
    "full-color": MeterColor.FULL_COLOR,
    "highlight-color": MeterColor.HIGHLIGHT,
    "monochrome": MeterColor.MONOCHROME,
}
_TWO_SIDED = "-two-sided"


def meter_reads_of(printer: Group, at: datetime) -> tuple[MeterRead, ...]:
    """Read all counters; they count what the print service printed, for copies and faxes are services of their own."""
    return (*_sums(printer, at), *_collections(printer, at))


def _sums(printer: Group, at: datetime) -> Iterator[MeterRead]:
    for name, unit in _UNITS.items():
        if (value := _count(printer.integer(name))) is not None:
            yield MeterRead(work=Work.PRINT, unit=unit, value=value, raw=str(value), origin=origin(name), at=at)
    # Pages of the documents, before copies and layout: no unit of the trade.
    if (pages := _count(printer.integer(_PAGES))) is not None:
        yield MeterRead(
            work=Work.PRINT,
            unit=MeterUnit.OTHER,
            code="pages",
            value=pages,
            raw=str(pages),
            origin=origin(_PAGES),
            at=at,
        )


def _collections(printer: Group, at: datetime) -> Iterator[MeterRead]:
    for name, unit in _UNITS.items():
        members = _members(printer, f"{name}-col")
        sides = _sides_of_plain(members, _count(printer.integer(name)))
        for member, value in members.items():
            color = _COLORS.get(member.removesuffix(_TWO_SIDED))
            two_sided = member.endswith(_TWO_SIDED)
            yield MeterRead(
                work=Work.PRINT,
                color=color or MeterColor.ANY,
                sides=Sides.TWO if two_sided else sides or Sides.ANY,
                unit=unit,
                code=None if color is not None and (two_sided or sides is not None) else member,
                value=value,
                raw=str(value),
                origin=origin(f"{name}-col/{member}"),
                at=at,
            )


def _members(printer: Group, name: str) -> dict[str, int]:
    collection = printer.first(name)
    if not isinstance(collection, Collection):
        return {}
    group = Group(printer.tag, collection.members)
    known = [*_COLORS, "blank"]
    names = [*known, *(f"{member}{_TWO_SIDED}" for member in known)]
    counts = {member: _count(group.integer(member)) for member in names}
    return {member: count for member, count in counts.items() if count is not None}


def _sides_of_plain(members: Mapping[str, int], total: int | None) -> Sides | None:
    """Say whether ``monochrome`` counts all sides or one-sided sheets only: the total tells, and nothing else does."""
    two_sided = sum(count for member, count in members.items() if member.endswith(_TWO_SIDED))
    plain = sum(count for member, count in members.items() if not member.endswith(_TWO_SIDED))
    if not two_sided:
        return Sides.ANY
    return {plain: Sides.ANY, plain + two_sided: Sides.ONE}.get(-1 if total is None else total)


def _count(value: int | None) -> int | None:
    return value if value is not None and value >= 0 else None
