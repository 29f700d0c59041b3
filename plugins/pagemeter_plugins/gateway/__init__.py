"""gateway: lists the network segments that the default gateway and further routers know."""

from __future__ import annotations

from pagemeter import Discovery, Factory, hookimpl


@hookimpl
def pagemeter_discoveries() -> list[Factory[Discovery]]:
    """Offer ``gateway``."""
    from pagemeter_plugins.gateway.discovery import GatewayDiscovery
    from pagemeter_plugins.gateway.settings import GatewaySettings

    return [Factory("gateway", GatewaySettings, GatewayDiscovery)]
