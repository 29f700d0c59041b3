"""Finds the addresses that a file lists, and writes a line a document into a file."""

from __future__ import annotations

from pagemeter import Discovery, Factory, Output, hookimpl


@hookimpl
def pagemeter_discoveries() -> list[Factory[Discovery]]:
    """Offer the discovery ``example_log``."""
    from pagemeter_example.discovery import ExampleLogDiscovery
    from pagemeter_example.settings import DiscoverySettings

    return [Factory("example_log", DiscoverySettings, ExampleLogDiscovery)]


@hookimpl
def pagemeter_outputs() -> list[Factory[Output]]:
    """Offer the output ``example_log``."""
    from pagemeter_example.output import ExampleLogOutput
    from pagemeter_example.settings import OutputSettings

    return [Factory("example_log", OutputSettings, ExampleLogOutput)]
