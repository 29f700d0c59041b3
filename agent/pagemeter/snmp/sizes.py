"""How long the rows of columns are in answers, as this agent's devices have them."""

from __future__ import annotations

from collections.abc import Sequence

from pagemeter.snmp.caps import size_of
from pagemeter.snmp.types import Oid, VarBind

# Beside the column's own identifier: its index, the headers, and a short value.
_ELSE = 14
_STEP = 4
_SHARE = 4
_MOST_COLUMNS = 5000
_LONGEST = 250
_SELDOM = 64


class Sizes:
    """Octets of a row by column: a moving mean, in steps, so that devices that are nearly alike are asked alike.

    ``edition`` changes with any of them.
    """

    def __init__(self) -> None:
        self.edition = 0
        self._octets: dict[Oid, int] = {}
        self._answers = 0

    def of(self, column: Oid) -> int:
        """Return the octets of a row."""
        return self._octets.get(column) or len(column) + _ELSE

    def learn(self, names: Sequence[Oid], rows: Sequence[VarBind]) -> None:
        """Take note of the rows of some columns; of those that are known, only now and then."""
        self._answers += 1
        if self._answers % _SELDOM and all(name in self._octets for name in names):
            return
        for name in names:
            if here := [row for row in rows if row.oid[: len(name)] == name]:
                self._note(name, size_of(here) // len(here))

    def _note(self, name: Oid, mean: int) -> None:
        known = self._octets.get(name)
        if (known is not None and known - 2 * _STEP <= mean <= known) or len(self._octets) >= _MOST_COLUMNS:
            return
        moved = mean if known is None else known + (mean - known) // _SHARE
        octets = min(_LONGEST, (moved // _STEP + 1) * _STEP)
        if octets != known:
            self._octets[name] = octets
            self.edition += 1
