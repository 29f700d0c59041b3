"""The latest of a device: the newest values per scope, so that an alert visit never wipes the meters."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from pagemeter.inventory.signs import comparable, macs_of, maker, plain_uuid
from pagemeter.model import (
    Device,
    DeviceSnapshot,
    DeviceState,
    FleetEntry,
    Identity,
    Marker,
    Origin,
    Scope,
    Unknown,
)

LINK = "link"
"""The protocol of an origin that is an operator's table."""

# Which fields of a snapshot belong to which scope; what stands here under no scope is taken from the newer one.
_FIELDS: dict[Scope, tuple[str, ...]] = {
    Scope.METERS: ("meter_reads", "rivals"),
    Scope.SUPPLIES: ("supplies", "inputs"),
    Scope.STATUS: ("status", "panel", "covers", "alerts"),
}


def merged_latest(old: DeviceSnapshot, new: DeviceSnapshot) -> DeviceSnapshot:
    """Lay the newer snapshot over the older one, scope by scope."""
    kept = {name: getattr(old, name) for scope, names in _FIELDS.items() if scope not in new.scopes for name in names}
    kept |= {
        "markers": _markers(old, new),
        "found_by": tuple(sorted({*old.found_by, *new.found_by})),
        "origins": tuple(sorted({**_still_there(old, new), **dict(new.origins)}.items())),
        "scopes": old.scopes | new.scopes,
        "unknown": _unknown(old, new),
    }
    # Where the newer one tells all that is known it stays the same object, which is written once.
    return new if all(getattr(new, name) == value for name, value in kept.items()) else replace(new, **kept)


def _markers(old: DeviceSnapshot, new: DeviceSnapshot) -> tuple[Marker, ...]:
    """Take the newer markers; their coverage is only told with the meters, and stays until then."""
    if Scope.METERS in new.scopes or not new.markers:
        return new.markers or old.markers
    coverage = {marker.index: marker.coverage for marker in old.markers}
    return tuple(replace(marker, coverage=coverage.get(marker.index)) for marker in new.markers)


def _still_there(old: DeviceSnapshot, new: DeviceSnapshot) -> dict[str, Origin]:
    """Return the older origins but those of parts that the newer one replaces, and of an operator's table."""
    replaced = {name for scope, names in _FIELDS.items() if scope in new.scopes for name in names}
    replaced |= {"markers"} if Scope.METERS in new.scopes else set()
    return {name: origin for name, origin in _not_linked(old).items() if name.partition(".")[0] not in replaced}


def told(device: Device, identity: Identity, *, addresses: tuple[str, ...]) -> Device:
    """Take what the device tells of itself now; what it does not tell this time stays as it was.

    A serial number that can tell devices apart stays for ever with its maker, as both were written first. A placeholder
    of a UUID or of the MACs never takes the place of a real one, nor another spelling that of the maker.
    """
    said = {f.name: getattr(identity, f.name) for f in fields(Identity)}
    known = {name: value for name, value in said.items() if value not in (None, (), frozenset())}
    has_key = comparable(device.serial_number) is not None
    if has_key:
        known.pop("serial_number", None)
    if plain_uuid(device.uuid) is not None and plain_uuid(identity.uuid) is None:
        known.pop("uuid", None)
    if any(macs_of(device.macs)) and not any(macs_of(identity.macs)):
        known.pop("macs", None)
    if maker(device.manufacturer) == maker(identity.manufacturer) or (has_key and device.manufacturer is not None):
        known.pop("manufacturer", None)
    if len(addresses) > 1:
        # Each of its interfaces may tell only its own.
        known["macs"] = tuple(dict.fromkeys((*device.macs, *identity.macs)))
    return replace(device, **{**known, "addresses": addresses or device.addresses})


def fused(stays: FleetEntry, gone: FleetEntry) -> FleetEntry:
    """Lay two entries of one device together under the id that stays: the newer of each scope, all that each knew."""
    old, new = sorted((gone, stays), key=lambda entry: entry.last_success or entry.first_seen)
    times = {name: max(at for at in _times(old, new, name) if at) for name in _times_of(old) | _times_of(new)}
    newer_old = [scope for scope in _FIELDS if _is_newer(old, new, scope)]
    kept = {name: getattr(old.latest, name) for scope in newer_old for name in _FIELDS[scope]}
    latest = replace(merged_latest(old.latest, new.latest), **kept, device=_one_device(stays, gone, newest=new))
    successes = [entry.last_success for entry in (old, new) if entry.last_success is not None]
    return FleetEntry(
        latest=latest,
        first_seen=min(old.first_seen, new.first_seen),
        last_success=max(successes, default=None),
        silent_since=new.silent_since,
        scope_times=tuple(sorted(times.items())),
    )


def _one_device(stays: FleetEntry, gone: FleetEntry, *, newest: FleetEntry) -> Device:
    mine, theirs = stays.latest.device, gone.latest.device
    first, second = (mine, theirs) if newest is stays else (theirs, mine)
    values = {f.name: getattr(first, f.name) or getattr(second, f.name) for f in fields(Device)}
    serials = [one.serial_number for one in (mine, theirs) if comparable(one.serial_number) is not None]
    state = mine.state if mine.state is not DeviceState.MANAGED else theirs.state
    return replace(
        mine, **{**values, "id": mine.id, "serial_number": next(iter(serials), mine.serial_number), "state": state}
    )


def _times_of(entry: FleetEntry) -> set[str]:
    return set(dict(entry.scope_times))


def _times(old: FleetEntry, new: FleetEntry, name: str) -> tuple[datetime | None, datetime | None]:
    return dict(old.scope_times).get(name), dict(new.scope_times).get(name)


def _is_newer(old: FleetEntry, new: FleetEntry, scope: Scope) -> bool:
    one, other = _times(old, new, str(scope))
    return one is not None and (other is None or one > other)


def unlinked(snapshot: DeviceSnapshot) -> Device:
    """Return the device without what an operator's table said of it, for the table may say something else by now."""
    linked = dict(snapshot.origins).keys() - _not_linked(snapshot).keys()
    absent: dict[str, Any] = {name: () if name == "labels" else None for name in linked}
    return replace(snapshot.device, **absent)


def _not_linked(snapshot: DeviceSnapshot) -> dict[str, Origin]:
    return {name: origin for name, origin in snapshot.origins if origin.protocol != LINK}


def _unknown(old: DeviceSnapshot, new: DeviceSnapshot) -> tuple[Unknown, ...]:
    if new.scopes >= old.scopes:
        return new.unknown
    said = {unknown.what for unknown in new.unknown}
    return new.unknown + tuple(unknown for unknown in old.unknown if unknown.what not in said)
