"""pcounter: follows the logs of Pcounter print servers."""

from __future__ import annotations

from collections.abc import Iterable

from pagemeter import Command, Factory, Source, hookimpl


@hookimpl
def pagemeter_sources() -> list[Factory[Source]]:
    """Offer ``pcounter``."""
    from pagemeter_plugins.pcounter.settings import PcounterSettings
    from pagemeter_plugins.pcounter.source import PcounterSource

    return [Factory("pcounter", PcounterSettings, PcounterSource)]


@hookimpl
def pagemeter_commands() -> Iterable[Command]:
    """Offer ``pagemeter pcounter check``."""
    from pagemeter_plugins.pcounter.command import app

    return [Command("pcounter", "Explain a log of Pcounter.", app)]
