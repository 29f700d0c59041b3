"""The meters of a printer as people look for them: a row a work, a column a color."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from pagemeter.cli.drawing import FirstFitting, plain_table, title
from pagemeter.cli.show import cell
from pagemeter.cli.summary import mark_of
from pagemeter.continuity.pace import between_reads
from pagemeter.model import DeviceSnapshot, MeterColor, MeterRead, Quality, Rival, Sides, Since, Work

_COLUMNS = (
    *(("All", MeterColor.ANY), ("Mono", MeterColor.MONOCHROME), ("Color", MeterColor.FULL_COLOR)),
    *(("Single", MeterColor.SINGLE), ("Two-color", MeterColor.TWO_COLOR), ("Highlight", MeterColor.HIGHLIGHT)),
    *(("Tier 1", MeterColor.TIER_1), ("Tier 2", MeterColor.TIER_2), ("Tier 3", MeterColor.TIER_3)),
)
_SIDES = {Sides.ANY: "", Sides.ONE: "one-sided", Sides.TWO: "two-sided"}

_Row: TypeAlias = tuple[str, str, str, str]
_Rows: TypeAlias = Mapping[_Row, Mapping[MeterColor, MeterRead]]


def counters(snapshot: DeviceSnapshot) -> Iterator[RenderableType]:
    """Yield the counters and what their marks mean; nothing where there are none."""
    if not snapshot.meter_reads:
        return
    rows: dict[_Row, dict[MeterColor, MeterRead]] = {}
    for read in sorted(snapshot.meter_reads, key=_order):
        rows.setdefault(_row(read), {})[read.color] = read
    shown = {name: row for name, row in rows.items() if not name[1] or any(read.value for read in row.values())}
    units = {unit for _, _, _, unit in shown}
    yield title(f"Meters, in {units.copy().pop()}" if len(units) == 1 else "Meters")
    yield FirstFitting([_table(shown, origins=True), _table(shown, origins=False), _list(shown)])
    for note in _notes(snapshot, hidden=len(rows) - len(shown)):
        yield Text.assemble((cell(note).plain, "dim"))


def rivals_of(snapshot: DeviceSnapshot, read: MeterRead) -> list[Rival]:
    """Return what other places told of a meter; the place that was read, asked twice, is no other one."""
    return [one for one in snapshot.rivals if one.read.key == read.key and one.read.origin != read.origin]


def agrees(read: MeterRead, rival: Rival) -> bool:
    """Say whether two values differ by no more than what may have been counted between the two reads."""
    apart = abs((read.at - rival.read.at).total_seconds())
    return abs(read.value - rival.read.value) <= between_reads(read.unit, apart)


def short(where: str) -> str:
    """Name a place; of several the first, the rest is in the explanation."""
    first, *others = where.split(" + ")
    return f"{first} and {len(others)} more" if others else first


def _row(read: MeterRead) -> _Row:
    parts = [str(read.work)]
    parts += [f"engine {read.engine}"] if read.engine is not None else []
    parts += [f"since {read.since}"] if read.since is not Since.LIFE else []
    parts += [f"#{read.code}"] if read.code is not None else []
    return " ".join(parts), "" if read.media == "any" else read.media, _SIDES[read.sides], str(read.unit)


def _order(read: MeterRead) -> tuple[int, bool, bool, bool]:
    """Put what people look for first: totals, then works as the model lists them, then media and sides."""
    return (
        list(Work).index(read.work),
        read.since is not Since.LIFE,
        read.media != "any" or read.sides is not Sides.ANY,
        read.code is not None,
    )


def _table(rows: _Rows, *, origins: bool) -> Table:
    """Lay the counters out in columns, of which those that say nothing are left out."""
    used = [(words, color) for words, color in _COLUMNS if any(color in row for row in rows.values())]
    words = [(0, "Work"), (1, "Media"), (2, "Sides")]
    words = [(place, heading) for place, heading in words if any(name[place] for name in rows)]
    several = len({name[3] for name in rows}) > 1
    headings = [heading for _, heading in words] + [heading for heading, _ in used]
    headings += (["Unit"] if several else []) + (["Read from"] if origins else [])
    table = plain_table(headings, right=[heading for heading, _ in used])
    for name, row in rows.items():
        cells: list[Text] = [cell(name[place]) for place, _ in words]
        cells += [_count(row[color]) if color in row else Text() for _, color in used]
        cells += [cell(name[3])] if several else []
        cells += [cell(_origins(row.values()))] if origins else []
        table.add_row(*cells)
    return table


def _list(rows: _Rows) -> Table:
    """Lay the counters out below each other, where there is no room for columns."""
    several = len({name[3] for name in rows}) > 1
    table = plain_table(("Meter", "Count"), right=("Count",))
    for (work, media, sides, unit), row in rows.items():
        for color, read in row.items():
            said = (work, "" if color is MeterColor.ANY else str(color), media, sides, unit if several else "")
            table.add_row(cell(" ".join(filter(None, said))), _count(read))
    return table


def _count(read: MeterRead) -> Text:
    style = "bold red" if read.quality is Quality.SUSPICIOUS else ""
    return Text(f"{read.value:,}{mark_of(read)}", style)


def _origins(reads: Iterable[MeterRead]) -> str:
    return short(" + ".join(dict.fromkeys(str(read.origin) for read in reads)))


def _notes(snapshot: DeviceSnapshot, *, hidden: int) -> Iterator[str]:
    reads: Sequence[MeterRead] = snapshot.meter_reads
    if any(read.quality is Quality.UNVERIFIED for read in reads):
        yield "? unverified: no recording of a device proves the place"
    for doubt in sorted({read.origin.doubt for read in reads if read.origin.doubt and mark_of(read) == "?"}):
        if doubt != str(Quality.UNVERIFIED):
            yield f"? {doubt}"
    if any(read.quality is Quality.SUSPICIOUS for read in reads):
        yield "! suspicious: not to be believed yet"
    if hidden:
        yield f"{hidden} sizes of which nothing was counted are not shown"
    differ = [read for read in reads if any(not agrees(read, rival) for rival in rivals_of(snapshot, read))]
    if differ:
        yield f"{len(differ)} told otherwise by another source: {', '.join(read.key for read in differ[:3])}" + (
            " ..." if len(differ) > 3 else ""
        )
