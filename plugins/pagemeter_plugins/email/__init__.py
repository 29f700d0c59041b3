"""Mails workbooks of the fleet."""

from __future__ import annotations

from pagemeter import Factory, Output, hookimpl


@hookimpl
def pagemeter_outputs() -> list[Factory[Output]]:
    """Offer ``email``."""
    from pagemeter_plugins.email.output import EmailOutput  # imported only where it is used
    from pagemeter_plugins.email.settings import EmailSettings

    return [Factory("email", EmailSettings, EmailOutput)]
