"""The condition of supplies: what alerts, error bits and state reasons say of them, and which one they can mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pagemeter.model import Condition, LevelState, Supply, SupplyKind
from pagemeter.model.supply import WORST_FIRST

_COLORING = "coloring"
_WASTE = "waste"
_ANY = "any"
# Which types (PrtMarkerSuppliesTypeTC) a word of an alert code means.
_FAMILIES = {
    "toner": frozenset({"toner", "tonerCartridge", "matteToner"}),
    "ink": frozenset({"ink", "inkCartridge", "solidWax", "matteInk"}),
    "ribbon": frozenset({"inkRibbon", "ribbonWax"}),
    "opc": frozenset({"opc"}),
    "developer": frozenset({"developer"}),
    "cleaner": frozenset({"cleanerUnit", "fuserCleaningPad"}),
    "fuser": frozenset({"fuser"}),
    "wasteToner": frozenset({"wasteToner"}),
    "wasteInk": frozenset({"wasteInk"}),
}
_COLORED = _FAMILIES["toner"] | _FAMILIES["ink"] | _FAMILIES["ribbon"]
_UNTYPED = frozenset({None, "other", "unknown"})
# Condition, what sort of supply (any: all that are used up), alert codes (PrtAlertCodeTC, the later registrations too),
# and printer-state-reasons (RFC 8011 and the IANA registry) without their ending for severity.
_TABLE = """
empty   toner      1101       toner-empty marker-toner-empty
low     toner      1104       toner-low marker-toner-almost-empty
missing toner      1115,1130  marker-toner-cartridge-missing marker-toner-missing
empty   ink        1102       marker-ink-empty
low     ink        1105       marker-ink-almost-empty
missing ink        1119       marker-ink-missing
empty   ribbon     1103       marker-print-ribbon-empty
low     ribbon     1106       marker-print-ribbon-almost-empty
missing ribbon     1121       marker-print-ribbon-missing
low     wasteToner 1107       marker-waste-toner-receptacle-almost-full
empty   wasteToner 1109       marker-waste-toner-receptacle-full
missing wasteToner 1129       marker-waste-toner-receptacle-missing
low     wasteInk   1108       marker-waste-ink-receptacle-almost-full
empty   wasteInk   1110       marker-waste-ink-receptacle-full
missing wasteInk   1128       marker-waste-ink-receptacle-missing
low     waste      1125       marker-waste-almost-full
empty   waste      1126       marker-waste-full
missing waste      1127       marker-waste-missing
low     opc        1111       opc-near-eol marker-opc-life-almost-over
empty   opc        1112       opc-life-over marker-opc-life-over
missing opc        1120       marker-opc-missing
low     developer  1113       developer-low marker-developer-almost-empty
empty   developer  1114       developer-empty marker-developer-empty
missing developer  1117       marker-developer-missing
low     cleaner    -          cleaner-life-almost-over
empty   cleaner    -          cleaner-life-over
missing cleaner    1116       marker-cleaner-missing
missing fuser      1118       marker-fuser-missing
low     any        1122       -
empty   any        1123       -
missing any        1124       -
low     coloring   -          marker-supply-low marker-supply-almost-empty
empty   coloring   -          marker-supply-empty
missing coloring   -          marker-supply-missing
"""
# Codes of any subunit, which speak of a supply where the alert's group does: missing, removed, life, empty, full.
_GENERIC_TABLE = """
missing any   9,26
low     any   10,12
empty   any   11,13
low     waste 14
empty   waste 15
"""


def _by_code(table: str) -> dict[int, tuple[Condition, str]]:
    rows = (line.split() for line in table.strip().splitlines())
    return {int(code): (Condition(row[0]), row[1]) for row in rows for code in row[2].split(",") if code != "-"}


_OF_CODE = _by_code(_TABLE)
_OF_GENERIC_CODE = _by_code(_GENERIC_TABLE)
_OF_REASON = {
    reason: (Condition(row[0]), row[1])
    for row in (line.split() for line in _TABLE.strip().splitlines())
    for reason in row[3:]
    if reason != "-"
}
# hrPrinterDetectedErrorState (RFC 2790).
_OF_BIT = {"lowToner": Condition.LOW, "noToner": Condition.EMPTY, "markerSupplyMissing": Condition.MISSING}
_SEVERITY = re.compile(r"-(?:report|warning|error)$")
# Only words that say it in so many words; "genuine" alone is praise.
_FOREIGN = re.compile(
    r"""\b(?: non-?\ ?(?:genuine|original|oem|hp|xerox|lexmark|brother|canon|epson|kyocera|ricoh|samsung|oki|dell|sharp
                        |toshiba|konica)
            | not\ (?:a\ )?(?:genuine|original) | counterfeit )\b""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What a device says of a supply: its ``condition``, and what it tells of which one.

    ``supply`` is its index (``1.3``), ``family`` what sort it is of, ``colorants`` what the words name.
    """

    condition: Condition
    supply: str | None = None
    family: str = _ANY
    colorants: tuple[str, ...] = ()


def sign_of_code(
    code: int | None, *, of_supplies: bool, supply: str | None = None, colorants: tuple[str, ...] = ()
) -> Sign | None:
    """Read an alert code (PrtAlertCodeTC); ``of_supplies`` says that the alert's group is markerSupplies."""
    known = _OF_CODE.get(code or 0) or (_OF_GENERIC_CODE.get(code or 0) if of_supplies else None)
    return known and Sign(condition=known[0], family=known[1], supply=supply, colorants=colorants)


def signs_of_bits(bits: Iterable[str]) -> tuple[Sign, ...]:
    """Read the error bits that are about toner or ink."""
    return tuple(Sign(condition=_OF_BIT[bit], family=_COLORING) for bit in bits if bit in _OF_BIT)


def signs_of_reasons(reasons: Iterable[str]) -> tuple[Sign, ...]:
    """Read printer-state-reasons."""
    known = (_OF_REASON.get(_SEVERITY.sub("", reason.lower())) for reason in reasons)
    return tuple(Sign(condition=found[0], family=found[1]) for found in known if found is not None)


@lru_cache(maxsize=1024)
def is_foreign(words: str | None) -> bool:
    """Say whether a device's words call a supply one of another maker."""
    return words is not None and _FOREIGN.search(words) is not None


def judged(
    supplies: Sequence[Supply], signs: Iterable[Sign], *, toner_well: bool = False, all_well: bool = False
) -> tuple[Supply, ...]:
    """Give each supply the worst condition that is said of it, where only that one can be meant.

    ``toner_well``: the device says that neither toner nor ink is low; ``all_well``: that nothing is the matter. Then
    "some is left" is ok. A level of 0 is empty, for what is used up.
    """
    told: dict[str, list[Condition]] = {}
    for sign in signs:
        if (index := _meant(sign, supplies)) is not None:
            told.setdefault(index, []).append(sign.condition)
    found = []
    for supply in supplies:
        said = [*told.get(supply.index, ()), *([supply.condition] if supply.condition else [])]
        if is_foreign(supply.description):
            said.append(Condition.FOREIGN)
        well = all_well or (toner_well and _is_coloring(supply, alone=len(supplies) == 1))
        worst = min(said, key=WORST_FIRST.index) if said else _by_level(supply, well=well)
        found.append(supply if worst is supply.condition else replace(supply, condition=worst))
    return tuple(found)


def _by_level(supply: Supply, *, well: bool) -> Condition | None:
    level = supply.level
    if level is None:
        return None
    if supply.kind is SupplyKind.CONSUMED and level.units == 0 and level.percent == 0:
        return Condition.EMPTY
    return Condition.OK if well and level.state is LevelState.SOME_REMAINING else None


def _meant(sign: Sign, supplies: Sequence[Supply]) -> str | None:
    """Return the index of the supply that a sign is about; none where it could be one of several."""
    alone = len(supplies) == 1
    fitting = [supply for supply in supplies if _fits(supply, sign.family, alone=alone)]
    named = [supply for supply in fitting if supply.index == sign.supply]
    if not named and sign.colorants:
        fitting = [supply for supply in fitting if set(supply.colorants) == set(sign.colorants)]
    found = named or fitting
    return found[0].index if len(found) == 1 else None


def _fits(supply: Supply, family: str, *, alone: bool) -> bool:
    filled = supply.kind is SupplyKind.FILLED
    if family in (_ANY, _WASTE):
        return filled is (family == _WASTE)
    if family == _COLORING:
        return _is_coloring(supply, alone=alone)
    return filled is family.startswith("waste") and supply.type in _FAMILIES[family] | _UNTYPED


def _is_coloring(supply: Supply, *, alone: bool) -> bool:
    if supply.kind is SupplyKind.FILLED:
        return False
    return supply.type in _COLORED or (supply.type in _UNTYPED and (alone or bool(supply.colorants)))
