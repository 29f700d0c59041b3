"""sweep: asks every address of ranges whether it speaks SNMP."""

from __future__ import annotations

from pagemeter import Discovery, Factory, hookimpl


@hookimpl
def pagemeter_discoveries() -> list[Factory[Discovery]]:
    """Offer ``sweep``."""
    from pagemeter_plugins.sweep.discovery import SweepDiscovery
    from pagemeter_plugins.sweep.settings import SweepSettings

    return [Factory("sweep", SweepSettings, SweepDiscovery)]
