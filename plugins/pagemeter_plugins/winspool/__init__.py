"""winspool: queues and printed documents of a Windows print spooler."""

from __future__ import annotations

from pagemeter import Factory, Source, hookimpl


@hookimpl
def pagemeter_sources() -> list[Factory[Source]]:
    """Offer ``winspool``."""
    from pagemeter_plugins.winspool.settings import WinspoolSettings
    from pagemeter_plugins.winspool.source import WinspoolSource

    return [Factory("winspool", WinspoolSettings, WinspoolSource)]
