"""What a figure says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bench.speed.building import Ready
from bench.speed.setting import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: what was measured, and whether it reaches its target; none where it has none."""

    figure: str
    measured: str
    target: str = ""
    met: bool | None = None


@dataclass(slots=True, kw_only=True)
class Outcome:
    """The ratios of a figure, and the absolute figures behind them."""

    rows: list[Row] = field(default_factory=list)
    absolute: list[tuple[str, str]] = field(default_factory=list)

    def row(self, figure: str, measured: str, target: str = "", *, met: bool | None = None) -> None:
        self.rows.append(Row(figure=figure, measured=measured, target=target, met=met))

    def note(self, what: str, value: str) -> None:
        self.absolute.append((what, value))


Figure = Callable[[Setting, Ready], Outcome]
