"""Which device is this? Evidence, merging, silence."""

from pagemeter.inventory.inventory import Inventory, Learned

__all__ = ["Inventory", "Learned"]
