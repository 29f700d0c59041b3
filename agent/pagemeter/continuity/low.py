"""Low and empty: told once each, at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pagemeter.continuity.levels import is_filled, left_of, measured, percent_of
from pagemeter.continuity.supply_memory import SupplyMemory
from pagemeter.continuity.supply_words import Word
from pagemeter.model import Condition, Supply, SupplyEmpty, SupplyLow

LOW = 1_000
"""What is left of a supply that is low, in hundredths of a per cent, where the device itself does not say so."""
_RISEN = 500
_QUIET = timedelta(days=7)
_WORDS: Mapping[Word, int] = {"low": 1, "empty": 2}


def told(
    new: SupplyMemory, supply: Supply, word: Word | None, at: datetime
) -> tuple[SupplyMemory, list[SupplyLow | SupplyEmpty]]:
    """Tell low and empty once each, until another supply is there or the level rose well above what was told.

    Where no level says so, the device must have been silent about it for a week: some warnings sleep with the device.
    """
    left = left_of(measured(supply), filled=is_filled(supply), drift=new.drift)
    by_level: Word | None = None if left is None or left > LOW else "low" if left > 0 else "empty"
    now = max(_WORDS[one] if one else 0 for one in (word, by_level))
    if now > new.told:
        fact = SupplyEmpty if now == _WORDS["empty"] else SupplyLow
        said = fact(
            index=supply.index,
            description=supply.description,
            colorants=supply.colorants,
            serial_number=supply.serial_number,
            percent=percent_of(supply),
            # Readers call a level of 0 empty, so that there the word says no more than the level.
            by="device" if word and _WORDS[word] == now and left != 0 else "level",
        )
        return replace(new, told=now, told_at=left, quiet_since=None), [said]
    if now > 0 or new.told == 0 or supply.condition is Condition.MISSING:
        return (replace(new, quiet_since=None) if new.quiet_since else new), []
    if left is not None and new.told_at is not None:
        again = left >= max(new.told_at, LOW) + _RISEN
    else:
        new = replace(new, quiet_since=new.quiet_since or at)
        again = at - (new.quiet_since or at) >= _QUIET
    return (replace(new, told=0, told_at=None, quiet_since=None) if again else new), []
