"""Which fields say that two readings are of one device, and which say that they are not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from pagemeter.inventory.places import host_of
from pagemeter.inventory.signs import (
    Sign,
    bare_serial,
    comparable,
    host_sign,
    mac_sign,
    macs_of,
    maker_sign,
    model_sign,
    plain_uuid,
    same_source,
    seat_of,
    serial_sign,
    source_of,
    telling_hosts,
    uuid_sign,
)
from pagemeter.model import Device, DeviceSnapshot, Identity, Reading


class Match(IntEnum):
    """How sure it is that a reading is of a known device; higher is surer, ``CONTRADICTED`` rules it out.

    ``NAME`` is a host name, or a MAC that anybody may have set: it counts only for a device that is silent.
    """

    CONTRADICTED = -1
    NONE = 0
    NAME = 1
    ADDRESS = 2
    MAC = 3
    UUID = 4
    ALIKE = 5
    SERIAL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a reading was made: at the place of the known device or not, and whether several printers are there.

    ``only_model`` says that nobody else there has the model of this one.
    """

    here: bool
    crowded: bool = False
    only_model: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What each field of a known device and of a reading says."""

    serial: Sign
    maker: Sign
    uuid: Sign
    mac: Sign
    model: Sign
    host: Sign
    name: Sign
    seat: Sign
    sources_differ: bool

    @classmethod
    def of(cls, known: DeviceSnapshot, reading: Reading) -> Signs:
        """Hold a reading against what is known."""
        device, who = known.device, reading.identity
        one_source = same_source(known.origins, reading.origins, "model")
        seats = (seat_of(known.origins), seat_of(reading.origins))
        return cls(
            serial=serial_sign(device.serial_number, who.serial_number),
            maker=maker_sign(device.manufacturer, who.manufacturer),
            uuid=uuid_sign(device.uuid, who.uuid),
            mac=mac_sign(device.macs, who.macs),
            model=model_sign(device.model, who.model, one_source=one_source),
            host=host_sign(device, who),
            name=_name_sign(known, reading),
            seat=_plain_sign(*seats),
            sources_differ=not same_source(known.origins, reading.origins, "serial_number"),
        )


def match(signs: Signs, scene: Scene) -> Match:
    """Weigh what a reading says of itself against a known device.

    A serial number that both tell decides, with the maker: unequal is another device, whatever address or MAC say, for
    boards and print servers move between printers. Without it UUID and MAC count where nothing speaks against them, and
    an address alone only where neither of them, nor the model, is another one.
    """
    if signs.serial is Sign.SILENT:
        return _without_serial(signs, scene)
    if signs.serial is Sign.SAME:
        return Match.SERIAL if _is_makers_own(signs, scene) else Match.CONTRADICTED
    if signs.serial is Sign.ALIKE:
        told_otherwise = Sign.OTHER in (signs.mac, signs.model) or (
            signs.uuid is Sign.OTHER and signs.mac is not Sign.SAME
        )
        return Match.ALIKE if signs.maker is Sign.SAME and not told_otherwise else Match.CONTRADICTED
    return _with_two_serials(signs, scene)


def traces(who: Device | Identity, place: str) -> Iterator[tuple[str, str]]:
    """Yield by what a device can be looked up: everything that ``match`` may find equal."""
    yield ("place", place)
    hosts = [host for host in (host_of(place), *who.addresses) if host]
    for host in dict.fromkeys(hosts):
        yield ("host", host)
    if (serial := comparable(who.serial_number)) is not None:
        yield ("serial", serial)
    if (bare := bare_serial(who.serial_number)) is not None:
        yield ("bare", bare)
    if (uuid := plain_uuid(who.uuid)) is not None:
        yield ("uuid", uuid)
    for macs in macs_of(who.macs):
        for mac in macs:
            yield ("mac", mac)
    for name in telling_hosts(who):
        yield ("name", name)


def one_printer(first: Reading, second: Reading) -> bool | None:
    """Say whether two readers at one place read one printer; none where their words don't tell."""
    one, other = first.identity, second.identity
    serial = serial_sign(one.serial_number, other.serial_number)
    if serial is Sign.OTHER:
        return False
    if serial is not Sign.SILENT:
        return True
    if (uuid := uuid_sign(one.uuid, other.uuid)) is not Sign.SILENT:
        return uuid is Sign.SAME
    told = ((getattr(one, name), getattr(other, name)) for name in ("serial_number", "device_id"))
    return True if any(mine is not None and mine == theirs for mine, theirs in told) else None


def _is_makers_own(signs: Signs, scene: Scene) -> bool:
    """Say whether equal serial numbers are one maker's.

    A rebranded device is told by its builder's name here and its seller's there: other facts must agree then.
    """
    if signs.maker is Sign.ALIKE:
        return scene.here and Sign.SAME in (signs.uuid, signs.mac)
    return signs.maker is not Sign.OTHER


def _with_two_serials(signs: Signs, scene: Scene) -> Match:
    """Weigh serial numbers that differ: one source's say another device; two sources may each know its own number."""
    strange = Sign.OTHER in (signs.maker, signs.model, signs.uuid, signs.mac) or signs.seat is Sign.OTHER
    if not (signs.sources_differ and scene.here) or scene.crowded or strange:
        return Match.CONTRADICTED
    if signs.uuid is Sign.SAME:
        return Match.UUID
    return Match.MAC if signs.mac is Sign.SAME else Match.CONTRADICTED


def _without_serial(signs: Signs, scene: Scene) -> Match:
    if _is_another(signs, scene):
        return Match.CONTRADICTED
    if scene.here:
        return _at_its_place(signs, scene)
    # What moves keeps its names; a UUID or MAC that several devices share comes with other ones.
    stranger = Sign.OTHER in (signs.host, signs.name)
    in_its_seat = not scene.crowded or signs.seat is Sign.SAME
    if signs.uuid is Sign.SAME and not stranger:
        return Match.UUID
    if signs.mac is Sign.SAME and not stranger and in_its_seat:
        return Match.MAC
    weak = signs.host is Sign.SAME or (signs.mac is Sign.ALIKE and not stranger)
    return Match.NAME if weak and signs.model is Sign.SAME and not scene.crowded else Match.NONE


def _at_its_place(signs: Signs, scene: Scene) -> Match:
    if signs.uuid is Sign.SAME:
        return Match.UUID
    in_its_seat = not scene.crowded or signs.seat is not Sign.OTHER or scene.only_model
    if not in_its_seat:
        return Match.NONE
    return Match.MAC if signs.mac is Sign.SAME and not scene.crowded else Match.ADDRESS


def _is_another(signs: Signs, scene: Scene) -> bool:
    """Say whether a field rules it out where no serial number decides."""
    if Sign.OTHER in (signs.maker, signs.model, signs.mac):
        return True
    # A factory reset may make a new UUID; behind one address each of several printers has its own.
    return signs.uuid is Sign.OTHER and (scene.crowded or signs.mac is not Sign.SAME)


def _name_sign(known: DeviceSnapshot, reading: Reading) -> Sign:
    """Compare the names that devices tell of themselves: one that a table gave, or another source, says nothing."""
    one, other = (source_of(dict(origins).get("name")) for origins in (known.origins, reading.origins))
    if one is None or one != other:
        return Sign.SILENT
    return _plain_sign(known.device.name, reading.identity.name)


def _plain_sign(one: str | None, other: str | None) -> Sign:
    if one is None or other is None:
        return Sign.SILENT
    return Sign.SAME if one == other else Sign.OTHER
