"""What devices tell of themselves, made comparable: serial number, maker, UUID, MAC, model, names, seat."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from pagemeter.model import HostName, Identity, Origin
from pagemeter.nameplate import maker_by_words, serial_number

_LEAST_SERIAL = 4
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ONLY_ZEROS = re.compile(r"[A-Z]{1,3}0{4,}")
# Who sells whose devices, as the names on the case and the enterprise numbers in recordings tell.
_FAMILIES = (
    frozenset({"ricoh", "nrg", "lanier", "savin", "gestetner", "infotec", "nashuatec", "rex rotary"}),
    frozenset({"konica minolta", "develop", "olivetti", "minolta"}),
    frozenset({"kyocera", "utax", "ta triumph-adler", "olivetti", "copystar"}),
    frozenset({"xerox", "fujifilm"}),
    frozenset({"samsung", "hp", "xerox", "dell"}),
    frozenset({"lexmark", "dell", "toshiba", "ibm", "infoprint"}),
)
_NO_HOSTS = frozenset({
    "localhost", "printer", "default", "unknown", "none", "null", "noname", "host", "device", "networkprinter", "mfp",
    "printserver", "hostname", "sysname", "notset", "snmp", "root", "admin", "test",
})  # fmt: skip
# hrDeviceEntry (RFC 2790) and prtGeneralEntry (RFC 3805): both are indexed by hrDeviceIndex.
_TABLES = ("1.3.6.1.2.1.25.3.2.1.", "1.3.6.1.2.1.43.5.1.1.")

Origins = dict[str, Origin]

# One visit asks the same of the same texts a dozen times.
_once = lru_cache(maxsize=1024)


class Sign(Enum):
    """What two tellings of one thing say: the same, alike but for how it is written, another, or nothing."""

    SAME = "same"
    ALIKE = "alike"
    OTHER = "other"
    SILENT = "silent"


class Macs(NamedTuple):
    """The MACs of a device: those that a maker gave out, and those that anybody may have set (IEEE 802, bit U/L)."""

    universal: frozenset[str]
    local: frozenset[str]


@_once
def comparable(serial: str | None) -> str | None:
    """Return a serial number as it is compared, or none where it can't tell devices apart.

    Placeholders can't, and neither can what is shorter than any maker's numbers, nor what is typed where something must
    be typed: a count, the alphabet, zeros behind letters.
    """
    folded = "".join((serial_number(serial) or "").split()).upper()
    bare = re.sub(r"[\W_]", "", folded)
    typed = bare in "0123456789" or bare in _ALPHABET or _ONLY_ZEROS.fullmatch(bare) is not None
    return folded if len(bare) >= _LEAST_SERIAL and len(set(bare)) > 1 and not typed else None


@_once
def bare_serial(serial: str | None) -> str | None:
    """Return a serial number without leading zeros and marks, which some sources write; none where little is left."""
    folded = comparable(serial)
    bare = re.sub(r"[\W_]", "", folded).lstrip("0") if folded is not None else ""
    return bare if len(bare) >= _LEAST_SERIAL else None


def serial_sign(mine: str | None, theirs: str | None) -> Sign:
    """Compare serial numbers; alike are those that differ only in leading zeros and marks."""
    one, other = comparable(mine), comparable(theirs)
    if one is None or other is None:
        return Sign.SILENT
    if one == other:
        return Sign.SAME
    bare = bare_serial(mine)
    return Sign.ALIKE if bare is not None and bare == bare_serial(theirs) else Sign.OTHER


@_once
def maker(words: str | None) -> str | None:
    """Return a maker as it is compared: ``Hewlett-Packard`` and ``HP Inc.`` are one."""
    folded = " ".join((words or "").split()).casefold()
    return (maker_by_words(words) or folded).casefold() if folded else None


def maker_sign(mine: str | None, theirs: str | None) -> Sign:
    """Compare makers; alike are a builder and those who sell its devices under their own names."""
    one, other = maker(mine), maker(theirs)
    if one is not None and one != other and any({one, other} <= family for family in _FAMILIES):
        return Sign.ALIKE
    return _sign(one, other)


@_once
def plain_uuid(uuid: str | None) -> str | None:
    """Return a UUID as it is compared, none for a placeholder: one whose node is only zeros or only ones (RFC 9562)."""
    plain = re.sub(r"[\W_]", "", (uuid or "").lower().removeprefix("urn:uuid:"))
    return plain if plain and set(plain[20:] or plain) not in ({"0"}, {"f"}) else None


def uuid_sign(mine: str | None, theirs: str | None) -> Sign:
    """Compare UUIDs."""
    return _sign(plain_uuid(mine), plain_uuid(theirs))


def macs_of(told: Iterable[str]) -> Macs:
    """Sort MACs, however they are written; zeros, broadcast and groups are none."""
    return _macs_of(tuple(told))


@_once
def _macs_of(told: tuple[str, ...]) -> Macs:
    digits = [re.sub(r"[^0-9a-f]", "", mac.lower()) for mac in told]
    single = [mac for mac in digits if len(mac) == 12 and mac.strip("0") and not int(mac[:2], 16) & 1]
    local = frozenset(mac for mac in single if int(mac[:2], 16) & 2)
    return Macs(universal=frozenset(single) - local, local=local)


def mac_sign(mine: Iterable[str], theirs: Iterable[str]) -> Sign:
    """Compare MACs: one in common is enough; one that anybody may have set makes them only alike."""
    one, other = macs_of(mine), macs_of(theirs)
    if one.universal & other.universal:
        return Sign.SAME
    if one.universal and other.universal:
        return Sign.OTHER
    if one.local & other.local:
        return Sign.ALIKE
    return Sign.OTHER if one.local and other.local and not (one.universal or other.universal) else Sign.SILENT


def model_sign(mine: str | None, theirs: str | None, *, one_source: bool) -> Sign:
    """Compare models; of two sources the words with digits count, for each has its own way to name a model."""
    one, other = _words(mine), _words(theirs)
    if not one or not other:
        return Sign.SILENT
    if one <= other or other <= one:
        return Sign.SAME
    if one_source:
        return Sign.OTHER
    numbers, others = ({word for word in words if any(map(str.isdigit, word))} for words in (one, other))
    if not numbers or not others:
        return Sign.SILENT
    return Sign.SAME if numbers & others else Sign.OTHER


def host_sign(mine: Identity, theirs: Identity) -> Sign:
    """Compare host names that name one device: no ``localhost``, no address, no maker or model."""
    one, other = telling_hosts(mine), telling_hosts(theirs)
    if not one or not other:
        return Sign.SILENT
    return Sign.SAME if one & other else Sign.OTHER


def telling_hosts(who: Identity) -> frozenset[str]:
    """Return the host names of a device that may be its own, folded, without domain."""
    return _telling(who.host_names, who.manufacturer, who.model)


@_once
def _telling(host_names: tuple[HostName, ...], manufacturer: str | None, model: str | None) -> frozenset[str]:
    common = _words(f"{manufacturer or ''} {model or ''}") | _words(maker(manufacturer))
    return frozenset(name for told in host_names if (name := _host(told)) and not _words(name) <= common)


def seat_of(origins: Iterable[tuple[str, Origin]]) -> str | None:
    """Return which of several printers behind one address it is: its hrDeviceIndex, as where its identity was read."""
    known = dict(origins)
    for name in ("model", "serial_number", "name"):
        where = known[name].where if name in known and known[name].protocol == "snmp" else ""
        if where.startswith(_TABLES):
            return where.rpartition(".")[2]
    return None


def source_of(origin: Origin | None) -> str | None:
    """Return the table or attribute that a value was read from, without the row."""
    if origin is None:
        return None
    where = origin.where.rpartition(".")[0] if origin.protocol == "snmp" else origin.where
    return f"{origin.protocol} {where}"


def same_source(mine: Iterable[tuple[str, Origin]], theirs: Iterable[tuple[str, Origin]], name: str) -> bool:
    """Say whether a field was told by one source; where it is not known whose it is, it counts as one."""
    one, other = source_of(dict(mine).get(name)), source_of(dict(theirs).get(name))
    return one is None or other is None or one == other


def _host(told: HostName) -> str | None:
    name = told.name.strip().casefold().rstrip(".")
    if re.fullmatch(r"[0-9.]+|.*:.*", name):
        return None
    first = name.partition(".")[0]
    return first if len(first) > 1 and re.sub(r"[\W_]", "", first) not in _NO_HOSTS else None


@_once
def _words(text: str | None) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", (text or "").casefold()))


def _sign(one: object, other: object) -> Sign:
    if one is None or other is None:
        return Sign.SILENT
    return Sign.SAME if one == other else Sign.OTHER
