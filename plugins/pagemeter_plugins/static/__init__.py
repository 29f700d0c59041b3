"""static: places that an operator lists."""

from __future__ import annotations

from pagemeter import Discovery, Factory, hookimpl


@hookimpl
def pagemeter_discoveries() -> list[Factory[Discovery]]:
    """Offer ``static``."""
    from pagemeter_plugins.static.discovery import StaticDiscovery
    from pagemeter_plugins.static.settings import StaticSettings

    return [Factory("static", StaticSettings, StaticDiscovery)]
