"""Who a printer is: serial number, model, maker, names, MACs, each with where it was read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pagemeter.model import Ability, DeviceKind, HostName, Identity, NameOrigin, Origin
from pagemeter.nameplate import maker_by_words, serial_number
from pagemeter.snmp.types import Oid, Walk
from pagemeter_plugins.printer_mib import makers, mib
from pagemeter_plugins.printer_mib.device_id import FoundDeviceId, device_id_of
from pagemeter_plugins.printer_mib.enumerations import DUPLEX_PATHS
from pagemeter_plugins.printer_mib.evidence import printers_of
from pagemeter_plugins.printer_mib.localization import text
from pagemeter_plugins.printer_mib.profile import Profile
from pagemeter_plugins.printer_mib.profiles import fitting
from pagemeter_plugins.printer_mib.rules import origin_of, probed, text_of

_Found = tuple[str, Origin]
# ifType ethernetCsmacd and ieee80211; 7, 62, 69 and 117 are what Ethernet was before RFC 3635.
_ETHERNET_TYPES = frozenset({6, 7, 62, 69, 71, 117})
_NO_MACS = frozenset({bytes(6), b"\xff" * 6})
_MAC_TEXT = re.compile(r"[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){5}", re.IGNORECASE)
_PROCESS_COLORS = frozenset({"cyan", "magenta", "yellow"})


class Person:
    """One printer of a walk; ``alone`` if there is no other, so that what the host tells is told of it."""

    def __init__(self, walk: Walk, index: int, *, alone: bool, profiles: Sequence[Profile]) -> None:
        self.walk, self.index, self.alone = walk, index, alone
        self.device_id: FoundDeviceId | None = device_id_of(walk, index, alone=alone)
        self.descr = text(walk, (*mib.HR_DEVICE_DESCR, mib.host_index(walk, index)))
        self.sys_descr = text(walk, mib.SYS_DESCR)
        words = (self.descr, self.device_id.value.text if self.device_id else None, self.sys_descr)
        self.words = " | ".join(word for word in words if word is not None)
        self.candidates = fitting(profiles, walk.oid(mib.SYS_OBJECT_ID), self.words) if alone else ()
        self.profiles = tuple(profile for profile in self.candidates if probed(walk, profile))


def proof_of(walk: Walk) -> tuple[Oid, ...]:
    """Return the objects that say who it is: a serial number, else the names, else the device id or description."""
    serials = tuple((*mib.GENERAL_SERIAL_NUMBER, *row) for row in walk.column(mib.GENERAL_SERIAL_NUMBER))
    descrs = ((*mib.HR_DEVICE_DESCR, mib.host_index(walk, index)) for index in printers_of(walk))
    choices: tuple[tuple[Oid, ...], ...] = (
        serials[:1],
        tuple(place for place in (mib.SYS_NAME, *descrs) if walk.octets(place)),
        tuple(place for place in (*mib.DEVICE_IDS, mib.SYS_DESCR) if walk.octets(place))[:1],
    )
    return next((choice for choice in choices if any(walk.octets(place) for place in choice)), ())


def identity_of(
    who: Person, *, colorants: int | None, colors: Iterable[str]
) -> tuple[Identity, tuple[tuple[str, Origin], ...]]:
    """Read the identity; every field comes with its origin, what is nowhere stays absent."""
    found: dict[str, _Found | None] = {
        "serial_number": next(_serial_numbers(who), None),
        "model": next(_models(who), None),
        "manufacturer": next(_manufacturers(who), None),
        "product_number": next(_private(who, "product_number"), None),
        "firmware": next(_firmwares(who), None),
        "name": next(_names(who), None),
        "location": _row(who.walk, mib.SYS_LOCATION),
        "contact": _row(who.walk, mib.SYS_CONTACT),
        "device_id": (who.device_id.value.text, who.device_id.origin) if who.device_id else None,
    }
    macs = tuple(_macs(who.walk))
    sys_name = _row(who.walk, mib.SYS_NAME)
    abilities, ability_origins = _abilities(who, colorants, colors)
    sort = makers.sort_of(who.words)
    identity = Identity(
        kind=DeviceKind(sort) if sort is not None else None,
        abilities=abilities,
        host_names=(HostName(name=sys_name[0], origin=NameOrigin.SYS_NAME),) if sys_name else (),
        macs=tuple(dict.fromkeys(mac for mac, _ in macs)),
        **{name: value[0] for name, value in found.items() if value is not None},  # type: ignore[arg-type]  # all of them are texts
    )
    origins = {name: value[1] for name, value in found.items() if value is not None} | ability_origins
    if macs:
        origins["macs"] = macs[0][1]
    if sys_name:
        origins["host_names"] = sys_name[1]
    return identity, tuple(sorted(origins.items()))


def _serial_numbers(who: Person) -> Iterator[_Found]:
    for value in _several(
        _row(who.walk, (*mib.GENERAL_SERIAL_NUMBER, who.index)),
        *_private(who, "serial_number"),
        _of_device_id(who, who.device_id.value.serial_number if who.device_id else None),
        _of_sys_descr(who, "serial_number"),
    ):
        if (clean := serial_number(value[0])) is not None:
            yield clean, value[1]


def _models(who: Person) -> Iterator[_Found]:
    descr = _row(who.walk, (*mib.HR_DEVICE_DESCR, mib.host_index(who.walk, who.index)))
    model = who.device_id.value.keys.get("MDL") if who.device_id else None
    yield from _several(descr, *_private(who, "model"), _of_device_id(who, model), _of_sys_descr(who, "model"))


def _manufacturers(who: Person) -> Iterator[_Found]:
    """Words on the case come before the enterprise number, which is the builder's; JetDirect's imitators come last."""
    if who.device_id and (maker := who.device_id.value.keys.get("MFG")):
        yield maker_by_words(maker) or maker, who.device_id.origin
    model = next(_models(who), None)
    descr = None if (who.sys_descr or "").upper().startswith("HP ETHERNET") else who.sys_descr
    enterprise = makers.enterprise_of(who.walk.oid(mib.SYS_OBJECT_ID))
    for maker, where in (
        (maker_by_words(model[0]) if model else None, model[1] if model else None),
        (maker_by_words(descr), mib.origin(mib.SYS_DESCR)),
        (makers.MAKER_BY_ENTERPRISE.get(enterprise or 0), mib.origin(mib.SYS_OBJECT_ID)),
        (maker_by_words(who.sys_descr), mib.origin(mib.SYS_DESCR)),
    ):
        if maker is not None and where is not None:
            yield maker, where


def _firmwares(who: Person) -> Iterator[_Found]:
    yield from _several(*_private(who, "firmware"), _of_sys_descr(who, "firmware"))


def _names(who: Person) -> Iterator[_Found]:
    ppm = who.walk.column(mib.PPM_PRINTER_NAME) if who.alone else {}
    yield from _several(
        _row(who.walk, (*mib.GENERAL_PRINTER_NAME, who.index)),
        *(_row(who.walk, (*mib.PPM_PRINTER_NAME, *row)) for row in ppm if len(ppm) == 1),
        *_private(who, "name"),
    )


def _private(who: Person, field: str) -> Iterator[_Found]:
    for profile in who.profiles:
        for rule in getattr(profile.identity, field):
            words = text_of(who.walk, rule)
            if words is not None and words.upper() != "NULL":
                yield words, origin_of(rule.oid.oid, unverified=rule.unverified)


def _row(walk: Walk, where: Oid) -> _Found | None:
    words = text(walk, where)
    return None if words is None or words.upper() == "NULL" else (words, mib.origin(where))


def _of_device_id(who: Person, words: str | None) -> _Found | None:
    return None if words is None or who.device_id is None else (words, who.device_id.origin)


def _of_sys_descr(who: Person, field: str) -> _Found | None:
    words = makers.described(who.sys_descr).get(field) if who.alone else None
    return None if words is None else (words, mib.origin(mib.SYS_DESCR))


def _several(*values: _Found | None) -> Iterator[_Found]:
    return (value for value in values if value is not None)


def _macs(walk: Walk) -> Iterator[_Found]:
    """Yield the MACs of Ethernet and wireless interfaces, and of those without ifType, in the interfaces' order."""
    for row in walk.column(mib.IF_PHYS_ADDRESS):
        where = (*mib.IF_PHYS_ADDRESS, *row)
        octets = _mac_octets(walk.octets(where) or b"")
        kind = walk.integer((*mib.IF_TYPE, *row))
        if octets is not None and octets not in _NO_MACS and (kind is None or kind in _ETHERNET_TYPES):
            yield octets.hex(":"), mib.origin(where)


def _mac_octets(raw: bytes) -> bytes | None:
    if len(raw) == 6:
        return raw
    words = raw.decode("ascii", errors="replace").strip(' "\0')
    if _MAC_TEXT.fullmatch(words):
        return bytes(int(part, 16) for part in re.split("[:-]", words))
    return bytes.fromhex(words) if re.fullmatch("[0-9A-Fa-f]{12}", words) else None


def _abilities(
    who: Person, colorants: int | None, colors: Iterable[str]
) -> tuple[frozenset[Ability], dict[str, Origin]]:
    abilities, where = set(), None
    if (colorants or 0) >= 3:
        abilities.add(Ability.COLOR)
        where = mib.MARKER_PROCESS_COLORANTS
    elif _PROCESS_COLORS & set(colors):
        abilities.add(Ability.COLOR)
        where = mib.SUPPLIES
    paths = {row: bind.value for row, bind in who.walk.column(mib.MEDIA_PATH_TYPE).items() if row[0] == who.index}
    if DUPLEX_PATHS & set(paths.values()):
        abilities.add(Ability.DUPLEX)
        where = where or mib.MEDIA_PATH_TYPE
    return frozenset(abilities), {"abilities": mib.origin(where)} if where else {}
