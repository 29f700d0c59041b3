"""What a home sees of a printer: entities, each with a key of ours, a name, a value, and how it is to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from pagemeter.model import (
    Alert,
    Condition,
    FleetEntry,
    LevelState,
    MeterColor,
    MeterRead,
    MeterUnit,
    PrinterState,
    Severity,
    Sides,
    Since,
    Supply,
)
from pagemeter_plugins.mqtt.topics import slug_of_key

MOST_STATE = 255
"""The longest state that Home Assistant takes."""
MOST_ALERTS = 20

_UNITS = {
    MeterUnit.IMPRESSIONS: "pages",
    MeterUnit.METRES: "m",
    MeterUnit.FEET: "ft",
    MeterUnit.MICROMETRES: "µm",
    MeterUnit.SQUARE_CENTIMETRES: "cm²",
    MeterUnit.HOURS: "h",
}
_SUPPLY_STATES = [
    *(str(condition) for condition in Condition),
    *(str(state) for state in LevelState if state is not LevelState.MEASURED),
]
_IN_TROUBLE = {PrinterState.ERROR, PrinterState.OFFLINE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One value of a printer; ``platform`` and ``about`` are Home Assistant's, ``value`` none where it is not known.

    One that is not ``lasting`` is announced when it first has a value.
    """

    key: str
    platform: str = "sensor"
    name: str
    value: JsonValue
    about: Mapping[str, JsonValue] = field(default_factory=dict)
    lasting: bool = True


def entities_of(entry: FleetEntry) -> Iterator[Entity]:
    """Yield all of a printer, each key once.

    A printer that is silent keeps its counters and levels, the last that are known; its status is not known.
    """
    seen: set[str] = set()
    for entity in (*_states(entry), *map(_meter, entry.latest.meter_reads), *_supplies(entry)):
        if entity.key not in seen:
            seen.add(entity.key)
            yield entity


def values_of(entry: FleetEntry) -> dict[str, JsonValue]:
    """Return the values by key, with the text of the alerts beside their number."""
    values = {entity.key: entity.value for entity in entities_of(entry)}
    return values | {"alert_list": [_alert(alert) for alert in entry.latest.alerts[:MOST_ALERTS]]}


def _states(entry: FleetEntry) -> Iterator[Entity]:
    latest, silent = entry.latest, entry.silent_since is not None
    state = latest.status.state if latest.status is not None and not silent else None
    critical = any(alert.severity is Severity.CRITICAL for alert in latest.alerts)
    trouble = None if state is None else "ON" if critical or state in _IN_TROUBLE else "OFF"
    seen = entry.last_success.isoformat() if entry.last_success is not None else None
    yield Entity(
        key="status",
        name="Status",
        value=None if state in (None, PrinterState.UNKNOWN) else str(state),
        about={"dev_cla": "enum", "ops": [str(state) for state in PrinterState], "ic": "mdi:printer"},
    )
    yield Entity(key="problem", platform="binary_sensor", name="Problem", value=trouble, about={"dev_cla": "problem"})
    yield Entity(
        key="reachable",
        platform="binary_sensor",
        name="Reachable",
        value="OFF" if silent else "ON",
        about={"dev_cla": "connectivity", "ent_cat": "diagnostic"},
    )
    yield Entity(
        key="alerts", name="Alerts", value=len(latest.alerts), about={"stat_cla": "measurement", "ic": "mdi:alert"}
    )
    yield Entity(key="last_seen", name="Last seen", value=seen, about={"dev_cla": "timestamp", "ent_cat": "diagnostic"})


def _alert(alert: Alert) -> dict[str, JsonValue]:
    said = {
        "severity": alert.severity,
        "code": alert.code_name,
        "training": alert.training,
        "description": alert.description,
    }
    return {key: str(value)[:MOST_STATE] for key, value in said.items() if value is not None}


def _meter(read: MeterRead) -> Entity:
    return Entity(
        key=f"meter_{slug_of_key(read.key)}",
        name=_name_of_meter(read),
        value=read.value,
        about={
            "stat_cla": "total_increasing",
            "unit_of_meas": _UNITS.get(read.unit, str(read.unit)),
            "ic": "mdi:timer-outline" if read.unit is MeterUnit.HOURS else "mdi:counter",
        },
    )


def _name_of_meter(read: MeterRead) -> str:
    """Say a key in words: ``Print full color large one-sided impressions (122)``."""
    words = [
        str(read.work),
        str(read.color) if read.color is not MeterColor.ANY else "",
        read.media if read.media != "any" else "",
        {Sides.ONE: "one-sided", Sides.TWO: "two-sided"}.get(read.sides, ""),
        str(read.unit),
        f"of engine {read.engine}" if read.engine is not None else "",
        f"since {read.since}" if read.since is not Since.LIFE else "",
        f"({read.code})" if read.code is not None else "",
    ]
    return _sentence(" ".join(word for word in words if word).replace("-", " "))


def _supplies(entry: FleetEntry) -> Iterator[Entity]:
    """Yield for each supply its level and the days that are left, once they were known, and its condition in a word."""
    for supply in entry.latest.supplies:
        key, name = f"supply_{slug_of_key(supply.index)}", _name_of_supply(supply)
        percent = supply.level.percent if supply.level is not None else None
        yield Entity(
            key=key,
            name=name,
            value=percent,
            about={"stat_cla": "measurement", "unit_of_meas": "%", "ic": "mdi:water-percent"},
            lasting=percent is not None,
        )
        yield Entity(
            key=f"{key}_state",
            name=f"{name} state",
            value=_state_of(supply),
            about={"dev_cla": "enum", "ops": list(_SUPPLY_STATES), "ent_cat": "diagnostic", "ic": "mdi:water-outline"},
        )
        yield Entity(
            key=f"{key}_days",
            name=f"{name} days left",
            value=supply.outlook.days if supply.outlook is not None else None,
            about={"stat_cla": "measurement", "unit_of_meas": "d", "ic": "mdi:calendar-clock"},
            lasting=supply.outlook is not None,
        )


def _state_of(supply: Supply) -> str | None:
    if supply.condition is not None:
        return str(supply.condition)
    if supply.level is None or supply.level.state is LevelState.MEASURED:
        return None
    return str(supply.level.state)


def _name_of_supply(supply: Supply) -> str:
    """Say what it is: colour and type in words, else what the device calls it, else its row."""
    if supply.type in (None, "other", "unknown"):
        return _sentence(supply.description or f"Supply {supply.index}")
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", supply.type or "").lower()
    return _sentence(f"{' '.join(supply.colorants)} {kind}".strip())


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:])[:MOST_STATE]
