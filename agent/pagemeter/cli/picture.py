"""``pagemeter read``: one printer as its panel would show it, and the reasons behind each value."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pagemeter.cli.show import cell, level_text
from pagemeter.model import (
    Alert,
    Condition,
    DeviceSnapshot,
    LevelState,
    MeterColor,
    MeterRead,
    PrinterState,
    Quality,
    Severity,
    Since,
    Supply,
    SupplyKind,
    Work,
)
from pagemeter.text import escaped

BAR = 24
"""How many signs a supply's bar is wide."""
GOOD_ABOVE = 20
LOW_BELOW = 10

_INKS = {
    "black": "bright_black",
    "cyan": "cyan",
    "magenta": "magenta",
    "yellow": "yellow",
    "red": "red",
    "green": "green",
    "blue": "blue",
    "gray": "white",
    "grey": "white",
    "light-cyan": "bright_cyan",
    "light-magenta": "bright_magenta",
}
_STATES = {PrinterState.ERROR: "bold red", PrinterState.OFFLINE: "red", PrinterState.WARNING: "yellow"}
_SEVERITIES = {Severity.CRITICAL: "bold red", Severity.WARNING: "yellow"}
_CONDITIONS = {Condition.EMPTY: "bold red", Condition.MISSING: "bold red", Condition.LOW: "yellow"}
_COLUMNS = (
    *(("All", MeterColor.ANY), ("Mono", MeterColor.MONOCHROME), ("Color", MeterColor.FULL_COLOR)),
    *(("Single", MeterColor.SINGLE), ("Two-color", MeterColor.TWO_COLOR), ("Highlight", MeterColor.HIGHLIGHT)),
    *(("Tier 1", MeterColor.TIER_1), ("Tier 2", MeterColor.TIER_2), ("Tier 3", MeterColor.TIER_3)),
)


def picture(snapshot: DeviceSnapshot) -> Iterator[RenderableType]:
    """Yield who it is and how, supplies as bars, meters by work and color, trays, alerts, and what is not known."""
    yield _head(snapshot)
    parts = (_supplies(snapshot.supplies), _meters(snapshot.meter_reads), _inputs(snapshot), _alerts(snapshot.alerts))
    for part in parts:
        if part is not None:
            yield from ("", part)
    gaps = [(unknown.what, unknown.why) for unknown in snapshot.unknown]
    gaps += [(name, f"cut short: {why}" if why else "cut short") for name, _, why in _cut(snapshot.missing)]
    if gaps:
        yield _table("Not known", ("What", "Why"), gaps)


def explanation(snapshot: DeviceSnapshot) -> Iterator[RenderableType]:
    """Yield where every value comes from, which sources told it too, and why the one that counts was elected."""
    rows = [row for read in snapshot.meter_reads for row in _explained(read, snapshot)]
    if rows:
        yield _table("Meters: which value counts, and why", ("Meter", "Value", "Sent", "Read from", "Why"), rows)
    origins = [(field, str(origin), origin.doubt or "") for field, origin in snapshot.origins]
    if origins:
        yield _table("Who it is: where each part was read", ("What", "Read from", "Doubt"), origins)
    supplies = [
        (s.index, s.description or ", ".join(s.colorants), level_text(s.level), _level_reason(s), str(s.origin))
        for s in snapshot.supplies
    ]
    if supplies:
        yield _table("Supplies: where each level was read", ("Index", "What", "Level", "Why", "Read from"), supplies)


def _explained(read: MeterRead, snapshot: DeviceSnapshot) -> Iterator[tuple[str, ...]]:
    rivals = [rival for rival in snapshot.rivals if rival.read.key == read.key]
    differ = [rival for rival in rivals if rival.read.value != read.value]
    if not rivals:
        why = "the only source that tells it"
    elif differ:
        why = f"elected; {len(differ)} of {len(rivals)} other sources differ"
    else:
        why = "elected; confirmed by " + ", ".join(_short(str(rival.read.origin)) for rival in rivals)
    if read.quality is Quality.UNVERIFIED:
        why += "; unverified: no recording of a device proves the place"
    yield read.key, f"{read.value:,}", read.raw, str(read.origin), why
    for rival in rivals:
        off = rival.read.value - read.value
        told = f"not elected: {rival.why}" + (f"; differs by {off:+,}" if off else "; agrees")
        yield "", f"{rival.read.value:,}", rival.read.raw, str(rival.read.origin), told


def _level_reason(supply: Supply) -> str:
    if supply.level is None:
        return "no level is told"
    if supply.level.why is not None:
        return supply.level.why
    return f"known in steps of {supply.level.step} %" if supply.level.step is not None else ""


def _head(snapshot: DeviceSnapshot) -> RenderableType:
    device, status = snapshot.device, snapshot.status
    known = device.model or "A printer that does not say what it is"
    maker = device.manufacturer
    title = known if maker is None or known.casefold().startswith(maker.casefold()) else f"{maker} {known}"
    lines = [Text.assemble((escaped(title), "bold"), "  ", _state(snapshot))]
    names = ", ".join(dict.fromkeys([device.name or "", *(name.name for name in device.host_names)]))
    facts = (
        ("Address", ", ".join(device.addresses) or snapshot.target),
        ("Serial number", device.serial_number),
        ("Name", names.strip(", ")),
        ("Location", device.location),
        ("Contact", device.contact),
        ("MAC", ", ".join(device.macs)),
        ("Firmware", device.firmware),
        ("Error bits", ", ".join(status.error_bits) if status else None),
        ("Covers", ", ".join(f"{c.description or c.index}: {c.state}" for c in snapshot.covers)),
        ("Panel", " / ".join(snapshot.panel)),
    )
    table = Table.grid(padding=(0, 2))
    for name, value in facts:
        if value:
            table.add_row(Text(name, "dim"), cell(value))
    return Group(*lines, table)


def _state(snapshot: DeviceSnapshot) -> Text:
    if snapshot.status is None:
        return Text("status unknown", "dim")
    state = snapshot.status.state
    return Text(str(state), _STATES.get(state, "green"))


def _supplies(supplies: Sequence[Supply]) -> Table | None:
    if not supplies:
        return None
    table = Table(title="Supplies", box=None, title_justify="left", show_header=False, pad_edge=False)
    for justify in ("left", "left", "right", "left", "left", "left"):
        table.add_column(justify=justify, overflow="fold")
    for supply in supplies:
        said = [str(supply.condition)] if supply.condition not in (None, Condition.OK) else []
        said += [f"in steps of {supply.level.step} %"] if supply.level and supply.level.step else []
        table.add_row(
            cell(_name_of(supply)),
            _bar(supply),
            cell(level_text(supply.level)),
            Text(", ".join(said), _CONDITIONS.get(supply.condition, "") if supply.condition else ""),
            cell(_left(supply)),
            cell(" ".join(filter(None, (supply.part_number, supply.serial_number)))),
        )
    return table


def _name_of(supply: Supply) -> str:
    return supply.description or ", ".join(supply.colorants) or supply.type or supply.index


def _bar(supply: Supply) -> Text:
    """Draw a level; what is no number is drawn as unknown, and never as a share."""
    level = supply.level
    if level is None or level.percent is None:
        some = level is not None and level.state is LevelState.SOME_REMAINING
        return Text(("?" if some else " ") * BAR, "dim")
    full = round(BAR * level.percent / 100)
    ink = next((_INKS[color] for color in supply.colorants if color in _INKS), None)
    filled, empty = _signs()
    return Text.assemble((filled * full, ink or _grade(supply, level.percent)), (empty * (BAR - full), "dim"))


def _signs() -> tuple[str, str]:
    """Return the signs of a bar: blocks where the output can write them, else plain ones."""
    try:
        "█░".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#", "-"
    return "█", "░"


def _grade(supply: Supply, percent: int) -> str:
    """Color what has no ink: green while it is good, which for a box that fills is the other way round."""
    if supply.kind is SupplyKind.FILLED:
        return "cyan"
    return "green" if percent > GOOD_ABOVE else "yellow" if percent > LOW_BELOW else "red"


def _left(supply: Supply) -> str:
    if supply.outlook is not None:
        one = supply.outlook
        return (
            f"about {one.pages:,} pages ({one.pages_low:,}-{one.pages_high:,}),"
            f" {one.days:,} days ({one.days_low:,}-{one.days_high:,})"
        )
    return f"{supply.pages_left:,} pages, says the device" if supply.pages_left is not None else ""


def _meters(reads: Sequence[MeterRead]) -> Table | None:
    """Lay the counters out by what was done, a column a color."""
    if not reads:
        return None
    rows: dict[tuple[str, ...], dict[MeterColor, MeterRead]] = {}
    for read in sorted(reads, key=_order):
        rows.setdefault(_row(read), {}).setdefault(read.color, read)
    used = [(title, color) for title, color in _COLUMNS if any(color in row for row in rows.values())]
    table = Table(title="Meters", box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for title in ("Work", "Media", "Sides"):
        table.add_column(title, overflow="fold")
    for title, _ in used:
        table.add_column(title, justify="right", no_wrap=True)
    for title in ("Unit", "Read from"):
        table.add_column(title, overflow="fold")
    shown = {name: row for name, row in rows.items() if not name[1] or any(read.value for read in row.values())}
    for (work, media, sides, unit), row in shown.items():
        counts = (_count(row.get(color)) for _, color in used)
        table.add_row(cell(work), cell(media), cell(sides), *counts, cell(unit), cell(_origins(row.values())))
    notes = []
    if any(read.quality is Quality.UNVERIFIED for read in reads):
        notes.append("? unverified: no recording proves the place")
    if any(read.quality is Quality.SUSPICIOUS for read in reads):
        notes.append("! suspicious: not to be believed yet")
    if len(shown) < len(rows):
        notes.append(f"{len(rows) - len(shown)} sizes of which nothing was counted are not shown")
    table.caption, table.caption_justify = "; ".join(notes) or None, "left"
    return table


def _row(read: MeterRead) -> tuple[str, str, str, str]:
    parts = [str(read.work)]
    parts += [f"engine {read.engine}"] if read.engine is not None else []
    parts += [f"since {read.since}"] if read.since is not Since.LIFE else []
    parts += [f"#{read.code}"] if read.code is not None else []
    media, sides = ("" if word == "any" else str(word) for word in (read.media, read.sides))
    return " ".join(parts), media, sides, str(read.unit)


def _order(read: MeterRead) -> tuple[int, bool, bool, bool]:
    """Put what people look for first: totals, then works as the model lists them, then media and sides."""
    return (
        list(Work).index(read.work),
        read.since is not Since.LIFE,
        read.media != "any" or read.sides != "any",
        read.code is not None,
    )


def _count(read: MeterRead | None) -> Text:
    if read is None:
        return Text("")
    mark = {Quality.UNVERIFIED: "?", Quality.SUSPICIOUS: "!"}.get(read.quality, "")
    return Text(f"{read.value:,}{mark}", "bold red" if read.quality is Quality.SUSPICIOUS else "")


def _origins(reads: Iterable[MeterRead]) -> str:
    """Say where a row was read; of several places the first, the rest is in the explanation."""
    return _short(" + ".join(str(read.origin) for read in reads))


def _short(origin: str) -> str:
    first, *others = origin.split(" + ")
    return f"{first} and {len(others)} more" if others else first


def _inputs(snapshot: DeviceSnapshot) -> Table | None:
    rows = [
        (i.name or i.description or i.index, i.media or "", level_text(i.level), i.unit or "") for i in snapshot.inputs
    ]
    return _table("Trays", ("Name", "Media", "Level", "Unit"), rows) if rows else None


def _alerts(alerts: Sequence[Alert]) -> Table | None:
    if not alerts:
        return None
    table = Table(title="Alerts", box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for title in ("Severity", "What", "Who can clear it", "Since"):
        table.add_column(title, overflow="fold")
    for alert in alerts:
        since = f"{alert.raised_at:%Y-%m-%d %H:%M} UTC" if alert.raised_at else ""
        what = alert.description or alert.code_name or (str(alert.code) if alert.code is not None else "")
        severity = Text(str(alert.severity or ""), _SEVERITIES.get(alert.severity, "") if alert.severity else "")
        table.add_row(severity, cell(what), cell(str(alert.training or "")), cell(since))
    return table


def _cut(missing: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    return (entry.partition(": ") for entry in missing)


def _table(title: str, headings: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", justify="right" if heading in ("Value", "Sent") else "left")
    for row in rows:
        table.add_row(*(cell(text) for text in row))
    return table
