"""What pictures are made of: bars, plain tables, and layouts of which the first that fits is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from pagemeter.cli.show import cell

BAR = 24
"""How many signs a bar is wide, where there is room."""


@dataclass(frozen=True)
class Bar:
    """A share of 0 to 100 per cent; none is drawn as ``blank``, which is no share. Plain signs where others can't be.

    ``hollow`` is for a share of which nobody knows whether much of it is good.
    """

    percent: int | None
    style: str
    wide: int = BAR
    hollow: bool = False
    blank: str = " "

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Draw it."""
        filled, empty = ("#", "-") if options.ascii_only else ("█", "░")
        if self.hollow:
            filled, empty = ("=", ".") if options.ascii_only else ("▒", "·")
        if self.percent is None:
            yield Text(self.blank * self.wide, "dim")
            return
        # Only nothing is drawn as nothing, and only all as all.
        full = {0: 0, 100: self.wide}.get(
            self.percent, min(self.wide - 1, max(1, round(self.wide * self.percent / 100)))
        )
        yield Text.assemble((filled * full, self.style), (empty * (self.wide - full), "dim"))

    def __rich_measure__(self, _console: Console, _options: ConsoleOptions) -> Measurement:
        """Never narrower: half a bar is another level."""
        return Measurement(self.wide, self.wide)


@dataclass(frozen=True)
class FirstFitting:
    """Draws the first layout that has room in the width that there is, else the last one."""

    layouts: Sequence[RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Choose one."""
        *others, last = self.layouts
        fits = (one for one in others if Measurement.get(console, _endless(options), one).maximum <= options.max_width)
        yield next(fits, last)


def _endless(options: ConsoleOptions) -> ConsoleOptions:
    return options.update(width=10_000)


def title(words: str) -> Text:
    """Make the title of a part; the words may be a device's."""
    return Text.assemble("\n", (cell(words).plain, "bold"))


def plain_table(headings: Sequence[str], *, right: Sequence[str] = ()) -> Table:
    """Make a table without edges; of ``right`` columns nothing is cut or folded, for half a number is another one."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in headings:
        number = heading in right
        table.add_column(heading, overflow="fold", justify="right" if number else "left", no_wrap=number)
    return table


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Make a table of texts, which are shown as they are."""
    table = plain_table(headings)
    for row in rows:
        table.add_row(*map(cell, row))
    return table
