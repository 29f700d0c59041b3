"""Feeds read the log: masks, batches, back-off, what is set aside. At least once, in order, position after delivery."""

from pagemeter.outbox.outbox import FeedResult, Outbox
from pagemeter.outbox.subscription import Subscription

__all__ = ["FeedResult", "Outbox", "Subscription"]
