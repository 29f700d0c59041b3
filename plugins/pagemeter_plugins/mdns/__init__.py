"""mdns: printers that announce themselves by Bonjour (DNS-SD over multicast DNS)."""

from __future__ import annotations

from pagemeter import Discovery, Factory, hookimpl


@hookimpl
def pagemeter_discoveries() -> list[Factory[Discovery]]:
    """Offer ``mdns``."""
    from pagemeter_plugins.mdns.discovery import MdnsDiscovery
    from pagemeter_plugins.mdns.settings import MdnsSettings

    return [Factory("mdns", MdnsSettings, MdnsDiscovery)]
