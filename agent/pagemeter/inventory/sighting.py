"""What was seen of a device at a place: joined with what is known of it and with what operators say of the place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pagemeter.inventory.doors import Doors
from pagemeter.inventory.links import Links
from pagemeter.inventory.merge import LINK, told, unlinked
from pagemeter.inventory.places import addresses_of, is_visited, kept_place, same_place
from pagemeter.inventory.roster import Roster
from pagemeter.inventory.signs import macs_of
from pagemeter.model import (
    Device,
    DeviceSnapshot,
    FleetEntry,
    Link,
    Origin,
    Reading,
    Target,
    snapshot_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where, when and by which readers something was read: a reading for each printer."""

    target: Target
    at: datetime
    read_by: tuple[str, ...]
    read: tuple[Reading, ...]


class Sightings:
    """Makes snapshots; remembers which device was met at which address last, so that a second address is no move."""

    def __init__(self, roster: Roster, links: Links, *, new_id: Callable[[], str]) -> None:
        self._roster = roster
        self._links = links
        self._new_id = new_id
        self._passed = Doors()
        self._met: dict[str, str] = {}
        for device, place in roster.places():
            self._passed.found(device, (place,))

    def note(self, device: str, target: Target) -> None:
        """Remember whom a visit met."""
        self._passed.found(device, (target.uri,))
        self._met[device] = target.uri

    def at_last_door(self, entry: FleetEntry) -> FleetEntry | None:
        """Put a device where it was met last, if that was another one of its addresses; none where it was not."""
        device, door = entry.latest.device, self._met.get(entry.latest.device.id, entry.latest.target)
        here = addresses_of(Target(uri=door, found_by=""))
        if same_place(door, entry.latest.target) or not here or here[0] not in device.addresses:
            return None
        addresses = (*here, *(one for one in device.addresses if one not in here))
        return replace(entry, latest=replace(entry.latest, target=door, device=replace(device, addresses=addresses)))

    def snapshot(self, visit: Visit, reading: Reading, known: FleetEntry | None) -> DeviceSnapshot:
        """Join what was read with what is known of the device and what operators say of the place."""
        target = visit.target
        place, addresses = self._place(known, reading, target)
        device = told(
            unlinked(known.latest) if known else Device(id=self._new_id()),
            reading.identity,
            addresses=reading.identity.addresses or addresses,
        )
        device, said = self._linked(device, Target(uri=place, found_by=target.found_by, hints=target.hints))
        found_by = () if target.found_by == "inventory" else (target.found_by,)
        origins = {**dict(reading.origins), **said}
        origins |= _origins_of_the_key(known, device, reading)
        return snapshot_of(
            device,
            replace(reading, origins=tuple(sorted(origins.items()))),
            target=place,
            found_by=found_by or (known.latest.found_by if known else ()),
            taken_at=visit.at,
            read_by=visit.read_by,
        )

    def _place(self, known: FleetEntry | None, reading: Reading, target: Target) -> tuple[str, tuple[str, ...]]:
        """Return the place that counts and the addresses: one at which it answers too is a second door, no move."""
        here = addresses_of(target)
        if known is None or known.silent_since is not None or not (here and is_visited(target.uri)):
            return kept_place(known, target), here
        device, place = known.latest.device, known.latest.target
        if same_place(place, target.uri):
            return kept_place(known, target), (*here, *(one for one in device.addresses if one not in here))
        passed = self._passed.of(target.uri)
        was_here = here[0] in device.addresses or (passed is not None and self._roster.id_of(passed) == device.id)
        if was_here and _is_multi_homed(device, reading, here[0]):
            return place, tuple(dict.fromkeys((*device.addresses, *here)))
        return kept_place(known, target), here

    def _linked(self, device: Device, target: Target) -> tuple[Device, dict[str, Origin]]:
        """Add what operators say of the place: a table first, then the discovery's hints, then what was said before.

        Also returned is which fields a table told: they count as long as it does.
        """
        hints, link = target.hints, self._links.of(target.host) or Link(addresses=target.host)
        linked = replace(
            device,
            site=link.site or hints.site or device.site,
            name=link.name or device.name or hints.name,
            asset_tag=link.asset_tag or hints.asset_tag or device.asset_tag,
            labels=link.labels or hints.labels or device.labels,
        )
        names = (name for name in ("site", "name", "asset_tag", "labels") if getattr(link, name))
        return linked, {name: Origin(protocol=LINK, where=name) for name in names}


def _origins_of_the_key(known: FleetEntry | None, device: Device, reading: Reading) -> dict[str, Origin]:
    """Return where serial number and maker were read, where they stayed as they were told before."""
    before = dict(known.latest.origins) if known is not None else {}
    names = ("serial_number", "manufacturer")
    kept = (name for name in names if getattr(device, name) != getattr(reading.identity, name))
    return {name: before[name] for name in kept if name in before}


def _is_multi_homed(device: Device, reading: Reading, address: str) -> bool:
    """Say whether a device can be at two addresses at once: by two interfaces, or by IPv4 and IPv6."""
    macs = macs_of((*device.macs, *reading.identity.macs))
    both = {":" in one for one in (*device.addresses, address)}
    return len(macs.universal | macs.local) > 1 or len(both) > 1
