"""The latest of a device: the newest values per scope, so that an alert visit never wipes the meters."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from pagemeter.model import Device, DeviceSnapshot, Identity, Origin, Scope, Unknown

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
    return replace(
        new,
        **kept,
        markers=new.markers or old.markers,
        found_by=tuple(sorted({*old.found_by, *new.found_by})),
        origins=tuple(sorted({**_not_linked(old), **dict(new.origins)}.items())),
        scopes=old.scopes | new.scopes,
        unknown=_unknown(old, new),
        missing=new.missing,
    )


def told(device: Device, identity: Identity, *, addresses: tuple[str, ...]) -> Device:
    """Take what the device tells of itself now; what it does not tell this time stays as it was."""
    said = {f.name: getattr(identity, f.name) for f in fields(Identity)}
    known = {name: value for name, value in said.items() if value not in (None, (), frozenset())}
    return replace(device, **{**known, "addresses": addresses or device.addresses})


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
