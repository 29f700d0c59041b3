"""Ranges with holes: what is left of them when others are taken away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pagemeter.net.ranges import AddressRange, parse_range

# A /15; more in one range is rather a slip of the pen than a wish.
MOST = 1 << 17


def checked_range(text: str, *, large: bool) -> AddressRange:
    """Parse a range; raises ValueError with a remedy, also for a large one that is not meant to be."""
    found = parse_range(text)
    if found.count is not None and found.count > MOST and not large:
        raise ValueError(
            f"{text!r} has {found.count:,} addresses; say large: true if all shall be asked, or name smaller ranges"
        )
    return found


def checked_exclude(text: str) -> AddressRange:
    """Parse a range that is left out; a host name can't be, for its address may be any."""
    found = parse_range(text)
    if found.host is not None:
        raise ValueError(f"{text!r} is a host name; name the address that shall be left alone")
    return found


def without(ranges: Iterable[AddressRange], excluded: Iterable[AddressRange]) -> tuple[str, ...]:
    """Write what is left of the ranges, in their order, each as it can be parsed again; host names stay."""
    holes = [_ends(hole) for hole in excluded]
    left: list[str] = []
    for one in ranges:
        if one.first is None or one.last is None:
            left.append(one.text)
            continue
        make = type(one.first)
        mine = [(low, high) for version, low, high in holes if version == one.first.version]
        left += [
            str(make(low)) if low == high else f"{make(low)}-{make(high)}"
            for low, high in _remains(int(one.first), int(one.last), sorted(mine))
        ]
    return tuple(dict.fromkeys(left))


def _ends(one: AddressRange) -> tuple[int, int, int]:
    if one.first is None or one.last is None:
        raise ValueError(f"{one.text!r} is a host name; name the address that shall be left alone")
    return one.first.version, int(one.first), int(one.last)


def _remains(first: int, last: int, holes: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for low, high in holes:
        if high < first:
            continue
        if low > last:
            break
        if low > first:
            yield first, low - 1
        first = high + 1
    if first <= last:
        yield first, last
