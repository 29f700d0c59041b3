"""Meters, supplies and alerts over time."""

from pagemeter.continuity.continuity import Continuity, Followed
from pagemeter.continuity.records import AlertLife, Moved, Records, Series, SupplyLife

__all__ = ["AlertLife", "Continuity", "Followed", "Moved", "Records", "Series", "SupplyLife"]
