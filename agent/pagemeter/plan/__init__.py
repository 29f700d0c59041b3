"""What a configuration will send, where, when and how much, told without sending anything."""

from pagemeter.plan.planner import plan_of, unusable
from pagemeter.plan.values import Known, Plan, PlannedItem, PlannedNetwork, PlannedTraffic, totals, words

__all__ = ["Known", "Plan", "PlannedItem", "PlannedNetwork", "PlannedTraffic", "plan_of", "totals", "unusable", "words"]
