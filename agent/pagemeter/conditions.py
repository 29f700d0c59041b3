"""The condition of supplies: what alerts, error bits and state reasons say of them, and which one they can mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pagemeter.model import Condition, LevelState, Supply, SupplyKind

_COLORING = "coloring"
_WASTE = "waste"
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
_LOW, _EMPTY, _MISSING = Condition.LOW, Condition.EMPTY, Condition.MISSING
# The worst first.
_RANK = (_MISSING, _EMPTY, _LOW, Condition.FOREIGN, Condition.OK)

_OF_CODE: dict[int, tuple[Condition, str | None]] = {
    **{1101: (_EMPTY, "toner"), 1102: (_EMPTY, "ink"), 1103: (_EMPTY, "ribbon")},
    **{1104: (_LOW, "toner"), 1105: (_LOW, "ink"), 1106: (_LOW, "ribbon")},
    **{1107: (_LOW, "wasteToner"), 1108: (_LOW, "wasteInk"), 1109: (_EMPTY, "wasteToner"), 1110: (_EMPTY, "wasteInk")},
    **{1111: (_LOW, "opc"), 1112: (_EMPTY, "opc"), 1113: (_LOW, "developer"), 1114: (_EMPTY, "developer")},
    **{1115: (_MISSING, "toner"), 1116: (_MISSING, "cleaner"), 1117: (_MISSING, "developer")},
    **{1118: (_MISSING, "fuser"), 1119: (_MISSING, "ink"), 1120: (_MISSING, "opc"), 1121: (_MISSING, "ribbon")},
    **{1122: (_LOW, None), 1123: (_EMPTY, None), 1124: (_MISSING, None)},
    **{1125: (_LOW, _WASTE), 1126: (_EMPTY, _WASTE), 1127: (_MISSING, _WASTE)},
    **{1128: (_MISSING, "wasteInk"), 1129: (_MISSING, "wasteToner"), 1130: (_MISSING, "toner")},
}
# Codes of any subunit: they speak of a supply where the alert's group does.
_OF_GENERIC_CODE: dict[int, tuple[Condition, str | None]] = {
    **{9: (_MISSING, None), 26: (_MISSING, None)},
    **{10: (_LOW, None), 11: (_EMPTY, None), 12: (_LOW, None), 13: (_EMPTY, None)},
    **{14: (_LOW, _WASTE), 15: (_EMPTY, _WASTE)},
}
# printer-state-reasons (RFC 8011 and the IANA registry), without their ending for severity.
_OF_REASON: dict[str, tuple[Condition, str | None]] = {
    **{
        "toner-low": (_LOW, "toner"),
        "toner-empty": (_EMPTY, "toner"),
        "marker-toner-cartridge-missing": (_MISSING, "toner"),
    },
    **{"marker-toner-almost-empty": (_LOW, "toner"), "marker-toner-empty": (_EMPTY, "toner")},
    **{"marker-toner-missing": (_MISSING, "toner")},
    **{
        "marker-ink-almost-empty": (_LOW, "ink"),
        "marker-ink-empty": (_EMPTY, "ink"),
        "marker-ink-missing": (_MISSING, "ink"),
    },
    **{"marker-print-ribbon-almost-empty": (_LOW, "ribbon"), "marker-print-ribbon-empty": (_EMPTY, "ribbon")},
    **{"marker-supply-low": (_LOW, _COLORING), "marker-supply-almost-empty": (_LOW, _COLORING)},
    **{"marker-supply-empty": (_EMPTY, _COLORING), "marker-supply-missing": (_MISSING, _COLORING)},
    **{"marker-waste-almost-full": (_LOW, _WASTE), "marker-waste-full": (_EMPTY, _WASTE)},
    **{"marker-waste-toner-receptacle-almost-full": (_LOW, "wasteToner")},
    **{"marker-waste-toner-receptacle-full": (_EMPTY, "wasteToner")},
    **{"marker-waste-ink-receptacle-almost-full": (_LOW, "wasteInk")},
    **{"marker-waste-ink-receptacle-full": (_EMPTY, "wasteInk"), "marker-waste-missing": (_MISSING, _WASTE)},
    **{"opc-near-eol": (_LOW, "opc"), "opc-life-over": (_EMPTY, "opc"), "marker-opc-life-almost-over": (_LOW, "opc")},
    **{
        "marker-opc-life-over": (_EMPTY, "opc"),
        "developer-low": (_LOW, "developer"),
        "developer-empty": (_EMPTY, "developer"),
    },
    **{"marker-developer-almost-empty": (_LOW, "developer"), "marker-developer-empty": (_EMPTY, "developer")},
    **{"cleaner-life-almost-over": (_LOW, "cleaner"), "cleaner-life-over": (_EMPTY, "cleaner")},
}
# hrPrinterDetectedErrorState (RFC 2790).
_OF_BIT: dict[str, Condition] = {"lowToner": _LOW, "noToner": _EMPTY, "markerSupplyMissing": _MISSING}
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
    family: str | None = None
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
        worst = min(said, key=_RANK.index) if said else _by_level(supply, well=well)
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


def _fits(supply: Supply, family: str | None, *, alone: bool) -> bool:
    filled = supply.kind is SupplyKind.FILLED
    if family is None:
        return not filled
    if family == _WASTE:
        return filled
    if family == _COLORING:
        return _is_coloring(supply, alone=alone)
    if family.startswith("waste"):
        return filled and (supply.type in _FAMILIES[family] or supply.type in _UNTYPED)
    return not filled and (supply.type in _FAMILIES[family] or supply.type in _UNTYPED)


def _is_coloring(supply: Supply, *, alone: bool) -> bool:
    if supply.kind is SupplyKind.FILLED:
        return False
    return supply.type in _COLORED or (supply.type in _UNTYPED and (alone or bool(supply.colorants)))
