"""Posts documents as JSON batches, signed."""

from __future__ import annotations

from pagemeter import Factory, Output, hookimpl


@hookimpl
def pagemeter_outputs() -> list[Factory[Output]]:
    """Offer ``webhook``."""
    from pagemeter_plugins.webhook.output import WebhookOutput  # imported only where it is used
    from pagemeter_plugins.webhook.settings import WebhookSettings

    return [Factory("webhook", WebhookSettings, WebhookOutput)]
