"""ipp: identity, meters, supplies, trays, status and alerts of printers that speak IPP (RFC 8011, PWG 5100)."""

from __future__ import annotations

from pagemeter import Factory, Reader, hookimpl


@hookimpl
def pagemeter_readers() -> list[Factory[Reader]]:
    """Offer ``ipp``."""
    from pagemeter_plugins.ipp.reader import IppReader
    from pagemeter_plugins.ipp.settings import IppSettings

    return [Factory("ipp", IppSettings, IppReader)]
