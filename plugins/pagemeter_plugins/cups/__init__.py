"""cups: the queues and jobs of a CUPS server."""

from __future__ import annotations

from pagemeter import Factory, Source, hookimpl


@hookimpl
def pagemeter_sources() -> list[Factory[Source]]:
    """Offer ``cups``."""
    from pagemeter_plugins.cups.settings import CupsSettings
    from pagemeter_plugins.cups.source import CupsSource

    return [Factory("cups", CupsSettings, CupsSource)]
