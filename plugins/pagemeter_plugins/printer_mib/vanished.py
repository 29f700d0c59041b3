"""What an earlier visit read and a full read does not meet: gone for sure, or hidden by a wrong answer; pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pagemeter.model import Scope, Unknown
from pagemeter.snmp.types import Oid, Walk, dotted
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.columns import Kind
from pagemeter_plugins.printer_mib.shelf import Shelf

HIDDEN = "GET finds rows that the walk did not meet"

# For so long what was there counts more than a walk that does not meet it.
_DOUBTED_FOR = timedelta(days=1)
_PASSING = frozenset({Kind.PASSING, Kind.GONE})


def is_another(shelf: Shelf, walk: Walk) -> bool:
    """Say whether a walk tells of another device than the shelf: by its proof, else by sysObjectID or hrDeviceDescr."""
    marks = [row for one in shelf.sections if one.kind is Kind.MARK for row in one.rows if row.oid in walk]
    proof = [row for row in marks if row.oid in shelf.proof]
    kinds = [row for row in marks if row.oid == mib.SYS_OBJECT_ID or row.oid[:-1] == mib.HR_DEVICE_DESCR]
    return any(walk.get(row.oid) != row for row in proof or kinds)


def vanished(shelf: Shelf, walk: Walk, scopes: frozenset[Scope], now: datetime) -> tuple[Oid, ...]:
    """Return the objects that the shelf knows and a walk of the same device has not met, nor named as missing.

    Empty where the walk says that it is another device, or the shelf is too old.
    """
    if is_another(shelf, walk) or not timedelta(0) <= now - shelf.read_at < _DOUBTED_FOR:
        return ()
    sections = [one for one in shelf.sections if not scopes.isdisjoint(one.scopes) and one.kind not in _PASSING]
    rows = {row.oid for one in sections for row in one.rows}
    cut = walk.missing
    return tuple(
        one for one in sorted(rows) if one not in walk and not (cut and any(one[: len(root)] == root for root in cut))
    )


def witnesses(shelf: Shelf, gone: Sequence[Oid]) -> tuple[Oid, ...]:
    """Choose the objects of which a GET shows what became of all: a counter, and others from both ends."""
    counted = shelf.counted()
    counters = [one for one in gone if one in counted]
    return tuple(dict.fromkeys((*counters[:1], gone[0], gone[-1])))


def with_doubt(walk: Walk, shelf: Shelf, gone: Sequence[Oid], found: Walk) -> Walk:
    """Name what vanished as missing where a witness was found, or could not be asked; as it is where they are gone.

    Of a device that hides rows an empty table of what comes and goes says nothing either.
    """
    if not (len(found) or found.missing):
        return walk
    why = HIDDEN if len(found) else next(iter(found.missing.values()))
    passing = [one.column for one in shelf.sections if one.kind is Kind.PASSING and one.column is not None]
    empty = [column for column in passing if not walk.column(column)]
    named = mib.with_cut_tables(Walk((), dict.fromkeys((*gone, *empty), why)))
    return walk.joined(Walk((), {**named.missing, **walk.missing}))


def unknown_counters(shelf: Shelf, gone: Sequence[Oid]) -> tuple[Unknown, ...]:
    """Say which counters the device does not tell any more."""
    counted = shelf.counted()
    if not (lost := [one for one in gone if one in counted]):
        return ()
    more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    why = f"counters that were read before are not answered any more: {dotted(lost[0])}{more}"
    return (Unknown(what="meters", why=why),)
