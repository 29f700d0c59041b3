"""The tables of continuity: packed histories, and the rows that people and bills read."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self, TypeVar

from pagemeter.continuity.records import AlertLife, Records, Series, SupplyLife

R = TypeVar("R", Series, SupplyLife, AlertLife)

TABLES: Mapping[type[Series] | type[SupplyLife] | type[AlertLife], str] = {
    Series: "series",
    SupplyLife: "supply_life",
    AlertLife: "alert_life",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRows:
    """The rows of one Keep, made before the writer's thread gets them."""

    histories: tuple[tuple[str, bytes], ...]
    rows: Mapping[str, tuple[tuple[Any, ...], ...]]

    @classmethod
    def of(cls, records: Mapping[str, Records]) -> Self:
        """Spread what changed over the tables."""
        told = {Series: "series", SupplyLife: "supplies", AlertLife: "alerts"}
        return cls(
            histories=tuple((device, one.history) for device, one in records.items() if one.history is not None),
            rows={
                table: tuple(
                    (device, *_columns(row)) for device, one in records.items() for row in getattr(one, told[kind])
                )
                for kind, table in TABLES.items()
            },
        )

    def write(self, db: sqlite3.Connection) -> None:
        """Write the rows; the caller's transaction holds."""
        db.executemany("REPLACE INTO history VALUES (?, ?)", self.histories)
        for table, rows in self.rows.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                db.executemany(f"REPLACE INTO {table} VALUES ({marks})", rows)  # noqa: S608 - names of ours


def forget(db: sqlite3.Connection, device: str) -> None:
    """Take away the rows of an id that was given up; its history lives on under the one that stays."""
    for table in ("history", *TABLES.values()):
        db.execute(f"DELETE FROM {table} WHERE device = ?", (device,))  # noqa: S608 - names of ours


def read_row(kind: type[R], columns: tuple[Any, ...]) -> R:
    """Make a value of the columns of its table, less the device."""
    named = zip(fields(kind), columns, strict=True)
    values: dict[str, Any] = {f.name: _time(value) if "datetime" in str(f.type) else value for f, value in named}
    return kind(**values)


def _columns(row: Any) -> tuple[Any, ...]:
    values = (getattr(row, f.name) for f in fields(row))
    return tuple(value.isoformat() if isinstance(value, datetime) else value for value in values)


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
