"""The store: one SQLite file, one writer thread, one log of documents."""

from pagemeter.store.feeds import Delivery, Owed
from pagemeter.store.lock import StoreLock
from pagemeter.store.reader import Decoy, Entry, Page, StoreReader
from pagemeter.store.records import Aside, Keep, ListedSegment, Position, StoreCorrupt, Suspect
from pagemeter.store.store import Store

__all__ = [
    "Aside",
    "Decoy",
    "Delivery",
    "Entry",
    "Keep",
    "ListedSegment",
    "Owed",
    "Page",
    "Position",
    "Store",
    "StoreCorrupt",
    "StoreLock",
    "StoreReader",
    "Suspect",
]
