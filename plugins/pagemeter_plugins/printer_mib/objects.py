"""What is asked of a device for the sake of profiles: each object once, and only for the scopes of the visit; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pagemeter.model import Scope
from pagemeter.snmp.types import Oid
from pagemeter_plugins.printer_mib.columns import Kind
from pagemeter_plugins.printer_mib.places import Place
from pagemeter_plugins.printer_mib.profile import IdentityRules, MeterRule, Profile, SupplyRule, SupplyValue, When

# Another one of these is another supply.
_TELLS_WHICH = frozenset({"serial_number", "part_number", "description", "installed_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What is asked for: single instances, and columns that are walked."""

    instances: tuple[Oid, ...] = ()
    columns: tuple[Oid, ...] = ()


def objects_of(profiles: Iterable[Profile], scopes: frozenset[Scope], walked: Iterable[Oid] = ()) -> Objects:
    """Return what the profiles need of a device for these scopes, each object once; not what is ``walked`` anyway."""
    places = dict.fromkeys(place for profile in profiles for place in _needed(profile, scopes))
    known = frozenset(walked)
    named = frozenset(place.oid for place in places if place.column)
    columns = [
        place.oid
        for place in places
        if place.column and not _is_below(place.oid, known) and not _is_below(place.oid, named, own=False)
    ]
    below = known | frozenset(columns)
    instances = [place.oid for place in places if not place.column]
    return Objects(
        instances=tuple(one for one in instances if not _is_below(one, below)),
        columns=tuple(columns),
    )


def is_needed(profile: Profile, scopes: frozenset[Scope]) -> bool:
    """Say whether a profile has anything to tell for these scopes."""
    return bool(profile.not_told) or next(_needed(profile, scopes), None) is not None


def probes_of(profiles: Iterable[Profile]) -> tuple[Oid, ...]:
    """Return the objects that decide whether profiles are for a device."""
    places = (probe.oid for profile in profiles if profile.match is not None for probe in profile.match.probe)
    return tuple(dict.fromkeys(place.oid for place in places))


def places_of(rule: MeterRule) -> Iterator[Place]:
    """Yield all objects that a counter needs, its conditions among them."""
    yield from _counting(rule)
    yield from _conditions_of(rule)


def _conditions_of(rule: MeterRule) -> Iterator[Place]:
    yield from rule.where
    yield from _of_conditions(rule.when)
    if rule.media_names is not None:
        yield rule.media_names.column
    if rule.unit_from is not None:
        yield rule.unit_from.oid


def _needed(profile: Profile, scopes: frozenset[Scope]) -> Iterator[Place]:
    if Scope.IDENTITY in scopes:
        for name in IdentityRules.model_fields:
            yield from (rule.oid for rule in getattr(profile.identity, name))
    if Scope.METERS in scopes:
        for meter in profile.meters:
            yield from places_of(meter)
        yield from (rule.oid for rule in profile.coverage)
    if Scope.SUPPLIES in scopes:
        for supply in profile.supplies:
            yield from _of_supply(supply)
    if Scope.STATUS in scopes:
        yield from (rule.oid for rule in profile.panel)
        yield from (rule.oid for rule in profile.status)


def _of_supply(rule: SupplyRule) -> Iterator[Place]:
    yield from _of_conditions(rule.when)
    yield from rule.where
    if rule.key is not None and rule.key.column is not None:
        yield rule.key.column
    for value in rule.values.values():
        yield from _of_value(value)


def _of_value(value: SupplyValue) -> Iterator[Place]:
    yield from (place for place in (value.column, value.oid) if place is not None)


def _of_conditions(conditions: Iterable[When]) -> Iterator[Place]:
    for one in conditions:
        yield from (place for place in (one.oid, one.has, one.lacks) if place is not None)


def kinds_of(profiles: Sequence[Profile], scope: Scope) -> Iterator[tuple[Place, Kind]]:
    """Yield the objects that profiles need for a scope, each with how its value may change; some more than once.

    What counts is ``counter``; where a condition looks at such an object, too, it is ``live``.
    """
    for profile in profiles:
        match scope:
            case Scope.IDENTITY:
                texts = (rule for name in IdentityRules.model_fields for rule in getattr(profile.identity, name))
                yield from ((rule.oid, Kind.SETTLED) for rule in texts)
            case Scope.METERS:
                counting = frozenset(place.oid for meter in profile.meters for place in _counting(meter))
                for meter in profile.meters:
                    for place in _conditions_of(meter):
                        yield place, Kind.LIVE if _is_below(place.oid, counting) else Kind.SETTLED
                    if meter.unit_from is not None:
                        yield meter.unit_from.oid, Kind.MARK
                    yield from ((place, Kind.COUNTER) for place in _counting(meter))
                yield from ((rule.oid, Kind.LIVE) for rule in profile.coverage)
            case Scope.SUPPLIES:
                for supply in profile.supplies:
                    yield from _kinds_of_supply(supply)
            case Scope.STATUS:
                yield from ((text.oid, Kind.LIVE) for text in profile.panel)
                yield from ((code.oid, Kind.LIVE) for code in profile.status)


def _kinds_of_supply(rule: SupplyRule) -> Iterator[tuple[Place, Kind]]:
    values = frozenset(place for value in rule.values.values() for place in _of_value(value))
    yield from ((place, Kind.SETTLED) for place in _of_supply(rule) if place not in values)
    for name, value in rule.values.items():
        kind = Kind.MARK if name in _TELLS_WHICH and value.decode is None else Kind.LIVE
        yield from ((place, kind) for place in _of_value(value))


def _counting(rule: MeterRule) -> Iterator[Place]:
    yield from (place for place in (rule.oid, rule.column, rule.each) if place is not None)
    yield from (*rule.sum_of, *rule.optional, *rule.minus)


def _is_below(what: Oid, roots: Collection[Oid], *, own: bool = True) -> bool:
    """Say whether it stands in a subtree of one of the roots; without ``own`` it is not in its own."""
    lengths = range(1, len(what) + own)
    return any(what[:length] in roots for length in lengths)
