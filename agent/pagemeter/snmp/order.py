"""The order of a sweep: from segment to segment, so that no switch gets a run of packets for its own hosts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_OCTET = 256

# 0, 128, 64, 192, 32 ...: also in a single segment neighbours are far apart in time.
_SCATTERED = tuple(int(f"{number:08b}"[::-1], 2) for number in range(_OCTET))


class Stretch(NamedTuple):
    """IPv4 addresses in a row as numbers, both ends included."""

    first: int
    last: int


class Segment(NamedTuple):
    """What is asked of the 256 addresses that share their first three octets, from host ``low`` to ``high``."""

    prefix: int
    low: int
    high: int


class Order:
    """Puts addresses into the order in which they are asked, and finds the position of an address.

    It depends on the stretches alone. Four columns hold the octets of the addresses in that order.
    """

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        """Take stretches that do not overlap."""
        self._segments = sorted(part for stretch in stretches for part in _segments(stretch))
        self.prefixes = tuple(dict.fromkeys(segment.prefix for segment in self._segments))
        self._rows: list[tuple[int, dict[int, int]]] = [(0, {})] * _OCTET
        self.columns = self._arranged()
        self.count = len(self.columns[0])

    def position(self, address: int) -> int | None:
        """Return the position of an address; none where it is not asked."""
        start, ranks = self._rows[address & 0xFF]
        rank = ranks.get(address >> 8)
        return None if rank is None else start + rank

    def address(self, position: int) -> int:
        """Return the address at a position."""
        return int.from_bytes(column[position] for column in self.columns)

    def _arranged(self) -> tuple[bytes, bytes, bytes, bytes]:
        # Most hosts are asked in all segments; the columns of such a row are made once.
        low = max((segment.low for segment in self._segments), default=0)
        high = min((segment.high for segment in self._segments), default=-1)
        whole = _Row(self._segments)
        start, parts = 0, []
        for host in _SCATTERED:
            row = whole if low <= host <= high else _Row(s for s in self._segments if s.low <= host <= s.high)
            self._rows[host] = start, row.ranks
            parts.append((*row.columns, bytes((host,)) * len(row.ranks)))
            start += len(row.ranks)
        a, b, c, d = (b"".join(column) for column in zip(*parts, strict=True))
        return a, b, c, d


class _Row:
    """The same host in some segments: the columns of their prefixes, and where each stands."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        prefixes = [segment.prefix for segment in segments]
        self.ranks = {prefix: rank for rank, prefix in enumerate(prefixes)}
        self.columns = tuple(bytes(prefix >> shift & 0xFF for prefix in prefixes) for shift in (16, 8, 0))


def _segments(stretch: Stretch) -> Iterable[Segment]:
    for prefix in range(stretch.first >> 8, (stretch.last >> 8) + 1):
        first, last = prefix << 8, prefix << 8 | 0xFF
        yield Segment(prefix, max(stretch.first, first) & 0xFF, min(stretch.last, last) & 0xFF)
