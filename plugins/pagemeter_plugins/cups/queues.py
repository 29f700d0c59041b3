"""From what CUPS-Get-Printers answers to queues: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pagemeter.ipp.message import Group
from pagemeter.model import Condition, Level, LevelState, Origin, Queue, Supply, SupplyKind
from pagemeter_plugins.cups.places import place_of

REQUESTED = (
    "printer-name",
    "printer-uri-supported",
    "printer-uuid",
    "device-uri",
    "printer-make-and-model",
    "printer-location",
    "printer-state",
    "printer-state-reasons",
    "printer-is-accepting-jobs",
    "queued-job-count",
    "marker-names",
    "marker-types",
    "marker-colors",
    "marker-levels",
    "marker-low-levels",
)
STATES = {3: "idle", 4: "processing", 5: "stopped"}
RAW = frozenset({"Local Raw Printer", "Remote Printer"})
"""What cupsd calls a queue that has no driver (scheduler/printers.c)."""

_COLORS = {
    "000000": "black",
    "00FFFF": "cyan",
    "FF00FF": "magenta",
    "FFFF00": "yellow",
    "FF0000": "red",
    "00FF00": "green",
    "0000FF": "blue",
    "FFFFFF": "white",
}
_T = TypeVar("_T")
_ORIGIN = Origin(protocol="ipp", where="marker-levels")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A queue as the server lists it; ``driven`` tells if filters count its pages, ``uuid`` is the queue's own."""

    queue: Queue
    driven: bool
    uuid: str | None = None


def queue_of(group: Group, *, host: str, at: datetime) -> Listed | None:
    """Read one queue; none for a group without a name."""
    name = group.text("printer-name")
    if name is None:
        return None
    model = group.text("printer-make-and-model")
    queue = Queue(
        name=name,
        host=host,
        uri=group.text("printer-uri-supported"),
        printer=place_of(_string(group, "device-uri")),
        model=model,
        location=group.text("printer-location"),
        state=STATES.get(group.integer("printer-state") or 0),
        reasons=tuple(reason for reason in group.texts("printer-state-reasons") if reason and reason != "none"),
        accepting=group.boolean("printer-is-accepting-jobs"),
        queued_jobs=group.integer("queued-job-count"),
        supplies=tuple(_supplies(group, at)),
        at=at,
    )
    driven = model is not None and model not in RAW
    return Listed(queue=queue, driven=driven, uuid=group.text("printer-uuid"))


def _string(group: Group, name: str) -> str | None:
    content = group.first(name)
    return content if isinstance(content, str) else None


def _supplies(group: Group, at: datetime) -> Iterator[Supply]:
    """Read marker-*: parallel lists that may differ in length; the name counts (CUPS cups/encode.c)."""
    names, types, colors = (group.texts(f"marker-{what}") for what in ("names", "types", "colors"))
    levels, lows = group.integers("marker-levels"), group.integers("marker-low-levels")
    for number, name in enumerate(names):
        kind = _nth(types, number)
        level = _nth(levels, number)
        filled = kind is not None and kind.casefold().startswith("waste")
        yield Supply(
            index=f"marker.{number + 1}",
            kind=SupplyKind.FILLED if filled else SupplyKind.CONSUMED if kind else SupplyKind.OTHER,
            type=_label(kind),
            colorants=_colorants(_nth(colors, number)),
            description=name,
            unit="percent" if level is not None else None,
            max_capacity=100 if level is not None else None,
            level=None if level is None else _level(level),
            condition=None if level is None else _condition(level, _nth(lows, number), filled=filled),
            origin=_ORIGIN,
            at=at,
        )


def _nth(values: tuple[_T, ...], number: int) -> _T | None:
    return values[number] if number < len(values) else None


def _label(kind: str | None) -> str | None:
    """Spell a type as RFC 3805 does: ``toner-cartridge`` is ``tonerCartridge``; ``unknown`` is none."""
    if kind is None or kind == "unknown":
        return None
    return re.sub(r"-([a-z])", lambda match: match[1].upper(), kind)


def _colorants(color: str | None) -> tuple[str, ...]:
    """Name the colors of ``#00FFFF#FF00FF``; one without a name stays as it is written, ``none`` is none."""
    if color is None or not color.startswith("#"):
        return ()
    return tuple(_COLORS.get(part.upper(), f"#{part.lower()}") for part in color.split("#") if part)


def _level(level: int) -> Level:
    # Here -1 is "not available", unlike in the MIB, where it is "no restriction".
    return Level(state=LevelState.UNKNOWN) if level == -1 else Level.from_mib(level, 100, in_percent=True)


def _condition(level: int, low: int | None, *, filled: bool) -> Condition | None:
    # No two makers agree on what a waste box's level is, and CUPS turns some of them round.
    if level < 0 or filled:
        return None
    if level == 0:
        return Condition.EMPTY
    return Condition.LOW if low is not None and level <= low else Condition.OK
