"""``pagemeter read``: one printer as its panel would show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from pagemeter.cli.counters import counters
from pagemeter.cli.drawing import BAR, Bar, FirstFitting, plain_table, text_table, title
from pagemeter.cli.show import cell
from pagemeter.cli.summary import level_text
from pagemeter.model import (
    Alert,
    Condition,
    DeviceSnapshot,
    Input,
    Level,
    LevelState,
    Origin,
    PrinterState,
    Severity,
    Supply,
    SupplyKind,
)

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
_STATES = {
    PrinterState.ERROR: "bold red",
    PrinterState.OFFLINE: "red",
    PrinterState.WARNING: "yellow",
    PrinterState.UNKNOWN: "dim",
}
# The worst first.
_SEVERITIES = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "yellow",
    Severity.WARNING_BINARY_CHANGE_EVENT: "yellow",
    Severity.OTHER: "",
    None: "dim",
}
_CONDITIONS = {
    Condition.EMPTY: "bold red",
    Condition.MISSING: "bold red",
    Condition.LOW: "yellow",
    Condition.FOREIGN: "yellow",
}
# The words of the model are those of what is used up; of a box that fills, empty is full.
_OF_WHAT_FILLS = {Condition.OK: "has room", Condition.LOW: "nearly full", Condition.EMPTY: "full"}


def picture(snapshot: DeviceSnapshot) -> Iterator[RenderableType]:
    """Yield who it is and how, supplies as bars, meters by work and color, trays, alerts, and what is not known."""
    yield from _head(snapshot)
    if snapshot.supplies:
        origins = dict(snapshot.origins)
        yield title("Supplies")
        yield FirstFitting([_supplies(snapshot.supplies, origins), _short_supplies(snapshot.supplies, origins)])
    yield from counters(snapshot)
    if snapshot.inputs:
        yield title("Trays")
        yield text_table(("Name", "Media", "Level"), [_tray(tray) for tray in snapshot.inputs])
    if snapshot.alerts:
        yield title("Alerts")
        yield _alerts(snapshot.alerts)
    gaps = [(unknown.what, unknown.why) for unknown in snapshot.unknown]
    gaps += [(name, f"cut short: {why}" if why else "cut short") for name, _, why in _cut(snapshot)]
    if gaps:
        yield title("Not known")
        yield text_table(("What", "Why"), gaps)


def _head(snapshot: DeviceSnapshot) -> Iterator[RenderableType]:
    device, status = snapshot.device, snapshot.status
    known, maker = device.model or "A printer that does not say what it is", device.manufacturer
    name = known if maker is None or known.casefold().startswith(maker.casefold()) else f"{maker} {known}"
    state = ("status unknown", "dim") if status is None else (str(status.state), _STATES.get(status.state, "green"))
    yield Text.assemble((cell(name).plain, "bold"), "  ", state)
    names = dict.fromkeys(filter(None, (device.name, *(told.name for told in device.host_names))))
    facts = (
        ("Address", ", ".join(device.addresses) or snapshot.target),
        ("Serial number", device.serial_number),
        ("Name", ", ".join(names)),
        ("Location", device.location),
        ("Contact", device.contact),
        ("MAC", ", ".join(device.macs)),
        ("Firmware", device.firmware),
        ("Error bits", ", ".join(status.error_bits) if status else None),
        ("Covers", ", ".join(f"{c.description or c.index}: {c.state or 'unknown'}" for c in snapshot.covers)),
        ("Panel", " / ".join(snapshot.panel)),
    )
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for heading, value in facts:
        if value:
            table.add_row(Text(heading, "dim"), cell(value))
    yield table


# ---- supplies


def _supplies(supplies: Sequence[Supply], origins: Mapping[str, Origin]) -> Table:
    """Draw a supply a line: name, bar, level, what is said of it, what is left, its numbers."""
    table = _grid(6)
    for supply in supplies:
        numbers = " ".join(filter(None, (supply.part_number, supply.serial_number)))
        table.add_row(*_drawn(supply, BAR), _said(supply, origins), cell(_left(supply)), cell(numbers))
    return table


def _short_supplies(supplies: Sequence[Supply], origins: Mapping[str, Origin]) -> Table:
    """Draw what has no room in one line: the words below each other."""
    table = _grid(4)
    for supply in supplies:
        words = Text("\n").join(
            part
            for part in (
                _said(supply, origins),
                cell(_left(supply)),
                cell(supply.part_number or ""),
                cell(supply.serial_number or ""),
            )
            if part
        )
        table.add_row(*_drawn(supply, BAR // 2), words)
    return table


def _grid(columns: int) -> Table:
    table = Table.grid(padding=(0, 2))
    for place in range(columns):
        table.add_column(overflow="fold", justify="right" if place == 2 else "left", no_wrap=place in (1, 2))
    return table


def _drawn(supply: Supply, wide: int) -> tuple[RenderableType, ...]:
    """Draw name, bar and level; what is no number is drawn as unknown, and never as a share."""
    level = supply.level
    percent = None if level is None else level.percent
    ink = next((_INKS[color] for color in supply.colorants if color in _INKS), None)
    hollow = supply.kind is not SupplyKind.CONSUMED
    some = level is not None and level.state is LevelState.SOME_REMAINING
    style = "white" if hollow else ink or _grade(percent)
    bar = Bar(percent, style, wide=wide, hollow=hollow, blank="?" if some else " ")
    name = supply.description or ", ".join(supply.colorants) or supply.type or supply.index
    return cell(name), bar, cell(_level(level, None if percent is not None else supply.unit))


def _grade(percent: int | None) -> str:
    """Color what is used up and has no ink: green while it is good."""
    known = 0 if percent is None else percent
    return "green" if known > GOOD_ABOVE else "yellow" if known > LOW_BELOW else "red"


def _level(level: Level | None, unit: str | None) -> str:
    if level is None or level.percent is not None or level.units is None:
        return level_text(level)
    return f"{level.units:,} {unit or ''}".strip()


def _said(supply: Supply, origins: Mapping[str, Origin]) -> Text:
    """Say the condition, how far the level is known and why, and who told it where that is another source."""
    filled = supply.kind is SupplyKind.FILLED or (supply.type or "").startswith("waste")
    condition, level = supply.condition, supply.level
    parts: list[Text] = []
    if condition is not None and (filled or condition is not Condition.OK):
        words = _OF_WHAT_FILLS.get(condition, str(condition)) if filled else str(condition)
        parts.append(Text(words, _CONDITIONS.get(condition, "")))
    if level is not None:
        if filled and level.percent is not None and condition not in (Condition.LOW, Condition.EMPTY):
            parts.append(Text("fill or room: not told which", "dim"))
        if level.step is not None:
            parts.append(Text(f"in steps of {level.step} %"))
        if level.percent is None and level.why is not None:
            parts.append(cell(level.why))
    told = origins.get(f"supplies.{supply.index}.level", supply.origin)
    if told.protocol != supply.origin.protocol:
        parts.append(Text.assemble("by ", cell(told.protocol)))
    return Text(", ").join(parts)


def _left(supply: Supply) -> str:
    if (one := supply.outlook) is not None:
        return (
            f"about {one.pages:,} pages ({one.pages_low:,}-{one.pages_high:,}),"
            f" {one.days:,} days ({one.days_low:,}-{one.days_high:,})"
        )
    return f"{supply.pages_left:,} pages, says the device" if supply.pages_left is not None else ""


# ---- trays, alerts, gaps


def _tray(tray: Input) -> tuple[str, str, str]:
    level, why = tray.level, tray.level.why if tray.level is not None else None
    words = _level(level, tray.unit)
    told = level is not None and level.percent is None and why is not None
    return tray.name or tray.description or tray.index, tray.media or "", f"{words}: {why}" if told else words


def _alerts(alerts: Sequence[Alert]) -> Table:
    """List the alerts, critical ones first."""
    table = plain_table(("Severity", "What", "Who can clear it", "Since"))
    for alert in sorted(alerts, key=lambda one: list(_SEVERITIES).index(one.severity)):
        since = f"{alert.raised_at:%Y-%m-%d %H:%M} UTC" if alert.raised_at else ""
        what = alert.description or alert.code_name or (str(alert.code) if alert.code is not None else alert.key)
        severity = Text(str(alert.severity or "not told"), _SEVERITIES[alert.severity])
        table.add_row(severity, cell(what), cell(str(alert.training or "")), cell(since))
    return table


def _cut(snapshot: DeviceSnapshot) -> Iterator[tuple[str, str, str]]:
    return (entry.partition(": ") for entry in snapshot.missing)
