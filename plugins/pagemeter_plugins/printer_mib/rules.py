"""What the rules of profiles find in a walk: numbers, texts, conditions; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from pagemeter.model import Origin
from pagemeter.snmp.types import Oid, Walk, dotted
from pagemeter.text import scrub
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.decode import Decode
from pagemeter_plugins.printer_mib.decoders import OF_DIGITS, decoded
from pagemeter_plugins.printer_mib.localization import Charsets, text
from pagemeter_plugins.printer_mib.places import Place, Word
from pagemeter_plugins.printer_mib.profile import Profile, Scaled, TextRule, When

UNVERIFIED = "unverified"
_MOST_DIGITS = 19
_ALL_ONES = (1 << 32) - 1


def probed(walk: Walk, profile: Profile) -> bool:
    """Say whether a device answered all that a profile wants to see."""
    probes = profile.match.probe if profile.match is not None else ()
    for probe in probes:
        found = words_at(walk, probe.oid.oid)
        if found is None or (probe.matches is not None and probe.matches.search(found) is None):
            return False
    return True


@lru_cache(maxsize=4096)
def origin_of(*where: Oid, unverified: bool) -> Origin:
    """Say where a value was read, and that nothing proves the place where that is so."""
    return Origin(protocol="snmp", where=" + ".join(map(dotted, where)), doubt=UNVERIFIED if unverified else None)


def words_at(walk: Walk, where: Oid, *, charset: Charsets | None = None) -> str | None:
    """Return what stands there as text, a number too; none where nothing does."""
    row = walk.get(where)
    if row is None:
        return None
    return str(row.value) if isinstance(row.value, int) else text(walk, where, charset=charset)


def text_of(walk: Walk, rule: TextRule, *, charset: Charsets | None = None) -> str | None:
    """Return the text that a rule finds."""
    return text_at(walk, rule.oid.oid, rule.decode, rule.pattern, charset=charset)


def text_at(
    walk: Walk,
    where: Oid,
    decode: Decode | None = None,
    pattern: re.Pattern[str] | None = None,
    *,
    charset: Charsets | None = None,
) -> str | None:
    """Return a text, decoded and cut out by the first group of a pattern where one is named."""
    if decode is None:
        found = words_at(walk, where, charset=charset)
    else:
        value = decoded_at(walk, where, decode)
        found = scrub(str(value)) if value is not None else None
    if found is None or pattern is None:
        return found
    match = pattern.search(found)
    return None if match is None else ((match[1] if match.re.groups else match[0]) or "").strip() or None


def decoded_at(walk: Walk, where: Oid, decode: Decode) -> int | str | None:
    """Return what a decoder finds there; of a number only what reads digits makes something."""
    data = walk.octets(where)
    if data is None and decode.name in OF_DIGITS and (number := walk.integer(where)) is not None:
        data = str(number).encode("ascii")
    return None if data is None else decoded(decode.name, data, decode.field)


def number_at(walk: Walk, where: Oid, decode: Decode | None = None) -> int | None:
    """Return a number as the device sent it; digits in a text count, too."""
    if decode is not None:
        value = decoded_at(walk, where, decode)
        return value if isinstance(value, int) else None
    number = walk.integer(where)
    if number is None and (words := text(walk, where)) is not None and words.isascii() and words.isdigit():
        # What is longer is a number of something, and no count; a part of it would be another number.
        number = int(words) if len(words.lstrip("0")) <= _MOST_DIGITS else None
    return number


def counter_at(walk: Walk, where: Oid, decode: Decode | None = None, absent: Sequence[int] = ()) -> int | None:
    """Return a counter; none for a negative one, also where -1 came as unsigned, and for what no 63 bits hold."""
    return _counted(number_at(walk, where, decode), absent)


def scaled_at(walk: Walk, where: Oid, rule: Scaled, pattern: re.Pattern[str] | None = None) -> int | None:
    """Return a number as a rule scales it, cut out of a text by a pattern where one is named; none below 0.

    It is no counter: what 31 bits do not hold is a negative number that came as unsigned.
    """
    if pattern is None:
        number = number_at(walk, where, rule.decode)
    else:
        words = text_at(walk, where, rule.decode, pattern) or ""
        number = int(words) if re.fullmatch("[0-9]{1,19}", words) else None
    value = _counted(mib.signed(number), rule.absent)
    return None if value is None else value * rule.multiply // rule.divide


def _counted(value: int | None, absent: Sequence[int]) -> int | None:
    return None if value is None or not 0 <= value < 1 << 63 or value == _ALL_ONES or value in absent else value


def holds(walk: Walk, conditions: Iterable[When], *, engine: str | None) -> bool:
    """Say whether all conditions hold; ``engine`` is ``monochrome`` or ``color``, none where the device is silent."""
    for one in conditions:
        if one.engine is not None and one.engine != engine:
            return False
        if one.oid is not None and words_at(walk, one.oid.oid) not in one.is_:
            return False
        if one.has is not None and not answers(walk, one.has):
            return False
        if one.lacks is not None and (answers(walk, one.lacks) or not is_whole(walk, (one.lacks,))):
            return False
    return True


def answers(walk: Walk, place: Place) -> bool:
    """Say whether a device answered an object, or any row of a column."""
    return bool(walk.column(place.oid)) if place.column else place.oid in walk


def is_whole(walk: Walk, places: Iterable[Place]) -> bool:
    """Say whether nothing of objects was cut short; a number made of a part of them would be wrong."""
    return not walk.missing or not any(
        root[: len(place.oid)] == place.oid or place.oid[: len(root)] == root
        for place in places
        for root in walk.missing
    )


def rows_of(
    walk: Walk,
    column: Oid,
    where: Mapping[Place, tuple[Word, ...]],
    index: Mapping[int, tuple[int, ...]] = MappingProxyType({}),
) -> Iterator[Oid]:
    """Yield the row indexes of a column that have the wanted values in the other columns and numbers in themselves."""
    rows: Iterable[Oid] = walk.column(column)
    for place, numbers in index.items():
        rows = [row for row in rows if place < len(row) and row[place] in numbers]
    for other, wanted in where.items():
        rows = [row for row in rows if _beside(walk, other.oid, row) in wanted]
    yield from rows


def _beside(walk: Walk, column: Oid, row: Oid) -> str | None:
    """Return what another column says of a row: under the same index, else under the first numbers of it."""
    for end in range(len(row), 0, -1):
        if (words := words_at(walk, column + row[:end])) is not None:
            return words
    return None
