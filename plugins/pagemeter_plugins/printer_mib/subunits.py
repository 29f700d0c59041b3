"""Markers, inputs, covers and the panel."""

from __future__ import annotations

from pagemeter.model import Cover, Input, Level, Marker
from pagemeter.snmp.types import Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.enumerations import COVER_STATUS, INPUT_TYPE, MARK_TECHNOLOGY, PERCENT, UNIT
from pagemeter_plugins.printer_mib.integers import integer
from pagemeter_plugins.printer_mib.localization import Charsets, console_charset, description, description_charset, text


def markers_of(walk: Walk, index: int) -> tuple[Marker, ...]:
    """Read prtMarkerTable."""
    return tuple(
        Marker(
            index=f"{index}.{row}",
            technology=MARK_TECHNOLOGY.get(integer(walk, (*mib.MARKER, 2, index, row)) or 0),
            process_colorants=integer(walk, (*mib.MARKER_PROCESS_COLORANTS, index, row)),
            status=integer(walk, (*mib.MARKER, 15, index, row)),
            origin=mib.origin((*mib.MARKER, 2, index, row)),
        )
        for row in mib.rows_of(walk, mib.MARKER, index)
    )


def inputs_of(walk: Walk, index: int) -> tuple[Input, ...]:
    """Read prtInputTable."""
    charset = description_charset(walk, index)
    return tuple(_input(walk, index, row, charset) for row in mib.rows_of(walk, mib.INPUT, index))


def _input(walk: Walk, index: int, row: int, charset: Charsets) -> Input:
    def number(column: int) -> int | None:
        return integer(walk, (*mib.INPUT, column, index, row))

    def words(column: int) -> str | None:
        return description(walk, (*mib.INPUT, column, index, row), charset=charset)

    unit, capacity, level = number(8), number(9), number(10)
    return Input(
        index=f"{index}.{row}",
        type=INPUT_TYPE.get(number(2) or 0),
        name=words(13),
        description=words(18),
        media=words(12),
        unit=UNIT.get(unit or 0),
        max_capacity=capacity,
        level=Level.from_mib(level, capacity, in_percent=unit == PERCENT),
        status=number(11),
        origin=mib.origin((*mib.INPUT, 10, index, row)),
    )


def covers_of(walk: Walk, index: int) -> tuple[Cover, ...]:
    """Read prtCoverTable; a status outside the enumeration is absent."""
    charset = description_charset(walk, index)
    return tuple(
        Cover(
            index=f"{index}.{row}",
            description=description(walk, (*mib.COVER, 2, index, row), charset=charset),
            state=COVER_STATUS.get(integer(walk, (*mib.COVER, 3, index, row)) or 0),
            origin=mib.origin((*mib.COVER, 3, index, row)),
        )
        for row in mib.rows_of(walk, mib.COVER, index)
    )


def panel_of(walk: Walk, index: int, *, alone: bool) -> tuple[str, ...]:
    """Read what the display shows, a line each without empty ones; vendors' own rows where the MIB has none."""
    charset = console_charset(walk, index)
    rows = sorted(key for key in walk.column(mib.CONSOLE_DISPLAY) if key[0] == index)
    lines = [text(walk, (*mib.CONSOLE_DISPLAY, *row), charset=charset) for row in rows]
    if not any(lines) and alone:
        lines = [next((line for place in mib.PANELS if (line := text(walk, place, charset=charset))), None)]
    return tuple(line for line in lines if line is not None)
