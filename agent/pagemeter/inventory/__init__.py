"""Which device is this? Evidence, merging, silence."""

from pagemeter.inventory.inventory import Inventory
from pagemeter.inventory.learned import Learned
from pagemeter.inventory.links import Links

__all__ = ["Inventory", "Learned", "Links"]
