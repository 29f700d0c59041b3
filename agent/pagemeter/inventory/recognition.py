"""Which known device a reading is of, and which other entries turn out to be that device too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from pagemeter.inventory.evidence import Match, Scene, Signs, match
from pagemeter.inventory.places import host_of, same_place
from pagemeter.inventory.signs import Sign, comparable, macs_of, maker_sign, model_sign, plain_uuid, serial_sign
from pagemeter.model import FleetEntry, Reading, Unknown

_SHARED = Unknown(what="serial_number", why="several printers behind this address tell the same one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A known device that a reading may be of, how sure that is, and whether the reading was made at its place.

    One is ``displaced`` where another device answered there after it.
    """

    entry: FleetEntry
    sure: Match
    signs: Signs
    here: bool
    displaced: bool


def told_apart(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Settle who tells one serial number twice in a visit, and put those that tell more first.

    Rows of one model are one machine that is listed twice; of several models the number is their print server's.
    """
    apart: list[Reading] = []
    for reading in readings:
        twins = [other for other in readings if _one_serial(other, reading)]
        if len(twins) < 2:
            apart.append(reading)
        elif any(_model_sign(twins[0], twin) is Sign.OTHER for twin in twins):
            apart.append(_without_serial(reading))
        elif twins[0] is reading:
            apart.append(reduce(Reading.completed_by, twins))
    return tuple(sorted(apart, key=_told_little))


def candidates_of(
    reading: Reading,
    known: Sequence[FleetEntry],
    place: str,
    *,
    read: Sequence[Reading],
    there: Sequence[FleetEntry],
) -> tuple[Candidate, ...]:
    """Weigh a reading against every entry that has something in common with it; those ruled out are left out.

    ``there`` are the entries whose last place this is, ``read`` all readings of the visit.
    """
    live = [entry for entry in there if entry.silent_since is None]
    crowded = len(read) > 1 or len(live) > 1
    of_its_model = sum(_model_sign(one, reading) is Sign.SAME for one in read)
    only_model = sum(_same_model(entry, reading) for entry in there) == of_its_model == 1
    found = []
    for entry in known:
        scene = Scene(here=_is_here(entry, place), crowded=crowded, only_model=only_model)
        signs = Signs.of(entry.latest, reading)
        sure = match(signs, scene)
        gone = any(_took_the_place(other, entry) for other in there)
        stranger = gone and sure is Match.ADDRESS and _is_named(reading) and signs.mac is not Sign.SAME
        # Behind two ports of an address are two printers, that may have one MAC.
        neighbour = not scene.here and host_of(entry.latest.target) == host_of(place) is not None
        if sure > Match.NONE and not stranger and not (neighbour and sure < Match.UUID):
            found.append(Candidate(entry=entry, sure=sure, signs=signs, here=scene.here, displaced=gone))
    return tuple(found)


def chosen_of(candidates: Sequence[Candidate], reading: Reading) -> Candidate | None:
    """Choose the device; none where several are equally likely elsewhere, for a wrong guess mixes two devices."""
    strong = [one for one in candidates if one.sure > Match.NAME]
    if not strong:
        gone = [one for one in candidates if one.entry.silent_since is not None and _is_known_so(one, reading)]
        return gone[0] if len(gone) == 1 else None
    surest = max(one.sure for one in strong)
    likely = [one for one in strong if one.sure is surest]
    here = [one for one in likely if one.here]
    if len(likely) > 1 and not here and surest < Match.ALIKE:
        return None
    chosen = min(here or likely, key=_preference)
    return _namesake(chosen, candidates) or chosen


def _is_known_so(one: Candidate, reading: Reading) -> bool:
    """Say whether a weak sign is all there is: of a device with a serial number only its name, told alone, counts."""
    return _is_provisional(one.entry) or (one.signs.host is Sign.SAME and not _is_named(reading))


def _namesake(chosen: Candidate, candidates: Sequence[Candidate]) -> Candidate | None:
    """Return who has the host name that was told, where only the address speaks for the one chosen, by another name."""
    if chosen.sure is not Match.ADDRESS or chosen.signs.host is not Sign.OTHER:
        return None
    others = [one for one in candidates if one.sure is Match.NAME and one.signs.host is Sign.SAME]
    return others[0] if len(others) == 1 else None


def merged_with(
    chosen: Candidate, candidates: Sequence[Candidate], reading: Reading, *, alone: bool
) -> list[FleetEntry]:
    """Return the other entries that are the same device; never two that are known by serial numbers of their own.

    Of several without one elsewhere that are equally likely none is, for at most one of them can be.
    """
    same = [one for one in candidates if one is not chosen and _is_same(one, chosen, reading, alone=alone)]
    doubtful = Counter(one.sure for one in same if not one.here and _is_provisional(one.entry))
    return [one.entry for one in same if one.here or doubtful[one.sure] < 2 or not _is_provisional(one.entry)]


def _is_same(one: Candidate, chosen: Candidate, reading: Reading, *, alone: bool) -> bool:
    mine, theirs = chosen.entry.latest.device, one.entry.latest.device
    if not _is_provisional(one.entry):
        same = serial_sign(mine.serial_number, theirs.serial_number)
        makers = maker_sign(mine.manufacturer, theirs.manufacturer)
        return one.sure >= Match.ALIKE and same in (Sign.SAME, Sign.ALIKE) and makers is not Sign.OTHER
    if one.sure >= Match.UUID:
        return True
    if one.sure is Match.MAC:
        # Printers behind one print server have its MAC: they live side by side, or in other seats.
        lived_apart = _ended_before(one, chosen) or _ended_before(chosen, one)
        return one.signs.seat is not Sign.OTHER if one.here else lived_apart
    if not alone:
        return False
    if one.sure is Match.NAME:
        return _is_provisional(chosen.entry) and one.entry.silent_since is not None and _ended_before(one, chosen)
    # Known by its place alone until now: what stands there says who it is.
    named = comparable(reading.identity.serial_number) is not None
    told = named or (plain_uuid(reading.identity.uuid) is not None and _ended_before(one, chosen))
    nameless = not any(macs_of(theirs.macs)) and plain_uuid(theirs.uuid) is None
    return one.here and nameless and not one.displaced and told and one.signs.host is not Sign.OTHER


def _ended_before(one: Candidate, other: Candidate) -> bool:
    """Say whether one entry was never seen again once the other one was: two that lived side by side are two."""
    return one.entry.last_success is not None and one.entry.last_success < other.entry.first_seen


def _preference(one: Candidate) -> tuple[object, ...]:
    """Sort the likelier one first: its seat, its model, who answers still, who answered last, the older."""
    entry = one.entry
    answered = entry.last_success or entry.first_seen
    return (
        one.signs.seat is not Sign.SAME,
        one.signs.model is not Sign.SAME,
        entry.silent_since is not None,
        -answered.timestamp(),
        entry.first_seen,
        entry.latest.device.id,
    )


def _is_here(entry: FleetEntry, place: str) -> bool:
    return same_place(entry.latest.target, place) or host_of(place) in entry.latest.device.addresses[1:]


def _took_the_place(other: FleetEntry, entry: FleetEntry) -> bool:
    if other.latest.device.id == entry.latest.device.id or entry.silent_since is None or other.last_success is None:
        return False
    return other.last_success >= entry.silent_since


def _is_provisional(entry: FleetEntry) -> bool:
    """Say whether an entry has no serial number, so that better evidence may take it in."""
    return comparable(entry.latest.device.serial_number) is None


def _same_model(entry: FleetEntry, reading: Reading) -> bool:
    return model_sign(entry.latest.device.model, reading.identity.model, one_source=True) is Sign.SAME


def _is_named(reading: Reading) -> bool:
    """Say whether a reading tells more than a place does: who lost that place would have told it too."""
    who = reading.identity
    return comparable(who.serial_number) is not None or plain_uuid(who.uuid) is not None or any(macs_of(who.macs))


def _told_little(reading: Reading) -> tuple[bool, bool]:
    who = reading.identity
    return comparable(who.serial_number) is None, plain_uuid(who.uuid) is None


def _one_serial(one: Reading, other: Reading) -> bool:
    mine, theirs = one.identity, other.identity
    return (
        serial_sign(mine.serial_number, theirs.serial_number) is Sign.SAME
        and maker_sign(mine.manufacturer, theirs.manufacturer) is not Sign.OTHER
    )


def _model_sign(one: Reading, other: Reading) -> Sign:
    return model_sign(one.identity.model, other.identity.model, one_source=True)


def _without_serial(reading: Reading) -> Reading:
    origins = tuple(pair for pair in reading.origins if pair[0] != "serial_number")
    identity = replace(reading.identity, serial_number=None)
    return replace(reading, identity=identity, origins=origins, unknown=(*reading.unknown, _SHARED))
