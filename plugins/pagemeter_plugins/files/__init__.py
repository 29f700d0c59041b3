"""Writes documents, meter reads and the fleet into files of a folder."""

from __future__ import annotations

from pagemeter import Factory, Output, hookimpl


@hookimpl
def pagemeter_outputs() -> list[Factory[Output]]:
    """Offer ``files``."""
    from pagemeter_plugins.files.output import FilesOutput  # imported only where it is used
    from pagemeter_plugins.files.settings import FilesSettings

    return [Factory("files", FilesSettings, FilesOutput)]
