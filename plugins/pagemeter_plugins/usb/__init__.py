"""usb: the printers at the USB ports of this host, read from sysfs."""

from __future__ import annotations

from pagemeter import Factory, Source, hookimpl


@hookimpl
def pagemeter_sources() -> list[Factory[Source]]:
    """Offer ``usb``."""
    from pagemeter_plugins.usb.settings import UsbSettings
    from pagemeter_plugins.usb.source import UsbSource

    return [Factory("usb", UsbSettings, UsbSource)]
