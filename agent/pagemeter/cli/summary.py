"""A device in a line of a table: its main counters and its supplies in a few signs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pagemeter.model import (
    Condition,
    Level,
    LevelState,
    MeterColor,
    MeterRead,
    MeterUnit,
    Quality,
    Sides,
    Since,
    Supply,
    SupplyKind,
    Work,
)

_SHORT = {"black": "K", "cyan": "C", "magenta": "M", "yellow": "Y"}
_INKS = frozenset({None, "toner", "tonerCartridge", "ink", "inkCartridge", "inkRibbon", "solidWax", "ribbonWax"})
_FILLED = {Condition.OK: "ok", Condition.LOW: "nearly full", Condition.EMPTY: "full"}
_WORDS = {LevelState.SOME_REMAINING: "some", LevelState.UNKNOWN: "unknown", LevelState.UNRESTRICTED: "unrestricted"}
_PAGES = frozenset({MeterUnit.IMPRESSIONS, MeterUnit.SHEETS})


def main_meters(reads: Sequence[MeterRead]) -> tuple[str, str, str]:
    """Pick total, mono and color for a table.

    Several engines, or printed, copied and faxed where no total by color is told, are joined by ``+``; ``?`` marks what
    is in doubt, ``!`` what is suspicious, and a unit stands where it is no page.
    """
    life = [read for read in reads if (read.since, read.media, read.sides) == (Since.LIFE, "any", Sides.ANY)]
    colors = (MeterColor.ANY, MeterColor.MONOCHROME, MeterColor.FULL_COLOR)
    total, mono, color = (_shown([read for read in life if read.color is one]) for one in colors)
    return total, mono, color


def level_text(level: Level | None) -> str:
    """Say a level in one word or number: ``73 %``, ``some``, ``unknown``, ``1200``."""
    if level is None:
        return "-"
    if level.state is not LevelState.MEASURED:
        return _WORDS[level.state]
    return f"{level.percent} %" if level.percent is not None else str(level.units)


def supply_text(supply: Supply) -> str:
    """Say a supply in a few signs: ``K 73 %``, ``opc K 12 %``, ``waste nearly full``."""
    if supply.kind is SupplyKind.FILLED or (supply.type or "").startswith("waste"):
        return f"waste {_filled(supply)}"
    colors = "/".join(_SHORT.get(colorant, colorant) for colorant in supply.colorants)
    words = (colors,) if colors and supply.type in _INKS else (supply.type or "", colors)
    level = level_text(supply.level)
    if supply.level is not None and supply.level.state is LevelState.MEASURED and supply.level.percent is None:
        level = f"{level} {supply.unit or ''}".strip()
    return f"{' '.join(filter(None, words)) or supply.index} {level}"


def _filled(supply: Supply) -> str:
    """Say how full a box is, where the device tells; its number alone may be the room that is left."""
    if supply.condition in _FILLED:
        return _FILLED[supply.condition]
    doubt = "?" if supply.level is not None and supply.level.state is LevelState.MEASURED else ""
    return level_text(supply.level) + doubt


def _shown(reads: Sequence[MeterRead]) -> str:
    totals = sorted((read for read in reads if read.work is Work.TOTAL), key=_preference)
    if totals:
        best = totals[0]
        if best.engine is None:
            return _number(best)
        alike = [read for read in totals if (read.unit, read.code) == (best.unit, best.code)]
        return " + ".join(map(_number, alike))
    parts = [read for read in _parts(reads) if read.value]
    return " + ".join(map(_number, parts)) or "-"


def _parts(reads: Iterable[MeterRead]) -> list[MeterRead]:
    """Return what was printed, copied and faxed, where the total of a color is told in parts only."""
    works = (Work.PRINT, Work.COPY, Work.FAX)
    mine = [read for read in reads if read.work in works and read.code is None and read.color is not MeterColor.ANY]
    return sorted((read for read in mine if read.unit is MeterUnit.IMPRESSIONS), key=lambda one: works.index(one.work))


def _preference(read: MeterRead) -> tuple[bool, bool, bool, bool, int]:
    """Put the device's own count in impressions first; a measured one before one that is not."""
    return (
        read.unit is not MeterUnit.IMPRESSIONS,
        read.engine is not None,
        read.code is not None,
        read.quality is not Quality.MEASURED,
        read.engine or 0,
    )


def _number(read: MeterRead) -> str:
    unit = "" if read.unit in _PAGES or read.unit is MeterUnit.OTHER else f" {read.unit}"
    return f"{read.value:,}{mark_of(read)}{unit}"


def mark_of(read: MeterRead) -> str:
    """Return the sign of a counter that is not simply to be believed: ``!`` suspicious, ``?`` doubted."""
    if read.quality is Quality.SUSPICIOUS:
        return "!"
    return "?" if read.quality is Quality.UNVERIFIED or read.origin.doubt is not None else ""
