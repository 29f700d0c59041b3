"""broadcast: asks all of a local segment at once whether it speaks SNMP."""

from __future__ import annotations

from pagemeter import Discovery, Factory, hookimpl


@hookimpl
def pagemeter_discoveries() -> list[Factory[Discovery]]:
    """Offer ``broadcast``."""
    from pagemeter_plugins.broadcast.discovery import BroadcastDiscovery
    from pagemeter_plugins.broadcast.settings import BroadcastSettings

    return [Factory("broadcast", BroadcastSettings, BroadcastDiscovery)]
