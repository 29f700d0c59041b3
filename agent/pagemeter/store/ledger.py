"""The tables of continuity: packed histories, and the rows that people and bills read."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Self, TypeVar

from pagemeter.continuity.records import AlertLife, Records, Series, SupplyLife

R = TypeVar("R", Series, SupplyLife, AlertLife)

TABLES: Mapping[type[Series] | type[SupplyLife] | type[AlertLife], str] = {
    Series: "series",
    SupplyLife: "supply_life",
    AlertLife: "alert_life",
}
_VALUES = {kind: attrgetter(*(f.name for f in fields(kind))) for kind in TABLES}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRows:
    """The rows of one Keep, made before the writer's thread gets them."""

    histories: tuple[tuple[str, bytes], ...]
    moved: tuple[tuple[str, int, str, str], ...]
    rows: Mapping[str, tuple[tuple[Any, ...], ...]]

    @classmethod
    def of(cls, records: Mapping[str, Records]) -> Self:
        """Spread what changed over the tables."""
        told = {Series: "series", SupplyLife: "supplies", AlertLife: "alerts"}
        return cls(
            histories=tuple((device, one.history) for device, one in records.items() if one.history is not None),
            moved=tuple((device, m.by, m.alias, m.key) for device, one in records.items() for m in one.moved),
            rows={
                table: tuple(
                    (device, *_columns(row)) for device, one in records.items() for row in getattr(one, told[kind])
                )
                for kind, table in TABLES.items()
            },
        )

    def move(self, db: sqlite3.Connection) -> None:
        """Take over series of ids that are given up, before ``hand_over`` takes the rest of their rows away."""
        db.executemany(
            "UPDATE OR REPLACE series SET device = ?, number = number + ? WHERE device = ? AND key = ?", self.moved
        )

    def write(self, db: sqlite3.Connection) -> None:
        """Write the rows, after those of ids that are given up; the caller's transaction holds."""
        db.executemany("REPLACE INTO history VALUES (?, ?)", self.histories)
        for table, rows in self.rows.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                db.executemany(f"REPLACE INTO {table} VALUES ({marks})", rows)  # noqa: S608 - names of ours


def hand_over(db: sqlite3.Connection, device: str, stays: str) -> None:
    """Give the rows of an id that is given up to the one that stays; of its series ``move`` took what is kept.

    Supplies get numbers behind those of the one that stays; an alert that both have is kept once.
    """
    mine = "SELECT place, MAX(number) FROM supply_life WHERE device = ? GROUP BY place"
    taken = db.execute(mine, (stays,)).fetchall()
    db.executemany(
        "UPDATE supply_life SET device = ?, number = number + ? WHERE device = ? AND place = ?",
        [(stays, number, device, place) for place, number in taken],
    )
    db.execute("UPDATE supply_life SET device = ? WHERE device = ?", (stays, device))
    db.execute(
        "UPDATE OR IGNORE alert_life SET device = ?1 WHERE device = ?2 AND (cleared_at IS NOT NULL OR key NOT IN"
        " (SELECT key FROM alert_life WHERE device = ?1 AND cleared_at IS NULL))",
        (stays, device),
    )
    for table in ("history", *TABLES.values()):
        db.execute(f"DELETE FROM {table} WHERE device = ?", (device,))  # noqa: S608 - names of ours


def read_row(kind: type[R], columns: tuple[Any, ...]) -> R:
    """Make a value of the columns of its table, less the device."""
    named = zip(fields(kind), columns, strict=True)
    values: dict[str, Any] = {f.name: _time(value) if "datetime" in str(f.type) else value for f, value in named}
    return kind(**values)


def _columns(row: Any) -> tuple[Any, ...]:
    return tuple([value.isoformat() if type(value) is datetime else value for value in _VALUES[type(row)](row)])


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
