"""Sources that tell different values of one meter: told when it begins, and again after they agreed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pagemeter.continuity.memory import source_of
from pagemeter.continuity.pace import between_reads
from pagemeter.model import MeterRead, MetersDisagree, Rival

MOST_TOLD = 500
"""How many disagreements of one device are remembered; the ones told longest ago go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreements:
    """The rivals without those that are none, what began, what is remembered, and who told the same by key."""

    rivals: tuple[Rival, ...]
    facts: tuple[MetersDisagree, ...]
    memory: tuple[tuple[str, str], ...]
    twins: Mapping[str, str]


def disagreements(
    memory: tuple[tuple[str, str], ...], reads: Sequence[MeterRead], rivals: Sequence[Rival]
) -> Disagreements:
    """Lay the rivals beside the elected reads of their meters; ``memory`` is who disagreed so far: (key, source).

    A read of the very place that was elected is no rival of it: one reader named twice.
    """
    if not rivals:
        return Disagreements(rivals=(), facts=(), memory=memory, twins={})
    elected = {read.key: read for read in reversed(reads)}
    others = {
        (rival.read.key, rival.read.origin): rival
        for rival in rivals
        if rival.read.key in elected and rival.read.origin != elected[rival.read.key].origin
    }
    told, facts, twins = dict.fromkeys(memory), [], {}
    for rival in others.values():
        mine, theirs = elected[rival.read.key], rival.read
        who = (theirs.key, source_of(theirs.origin))
        if _agree(mine, theirs):
            told.pop(who, None)
            # That both start at 0 does not say that they count the same.
            if mine.value > 0:
                twins[theirs.key] = who[1]
        elif who not in told:
            told[who] = None
            facts.append(_fact(mine, rival))
    return Disagreements(
        rivals=tuple(others.values()), facts=tuple(facts), memory=tuple(told)[-MOST_TOLD:], twins=twins
    )


def _agree(mine: MeterRead, theirs: MeterRead) -> bool:
    """Say whether two reads differ by no more than what may have been counted between them."""
    apart = (mine.at - theirs.at).total_seconds()
    return abs(mine.value - theirs.value) <= between_reads(mine.unit, apart)


def _fact(mine: MeterRead, rival: Rival) -> MetersDisagree:
    return MetersDisagree(
        key=mine.key,
        elected=mine.value,
        elected_origin=mine.origin,
        other=rival.read.value,
        other_origin=rival.read.origin,
        why=rival.why,
    )
