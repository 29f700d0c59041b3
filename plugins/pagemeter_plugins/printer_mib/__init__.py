"""printer_mib: identity, meters, supplies and status of any printer with a Printer MIB (RFC 3805)."""

from __future__ import annotations

from pagemeter import Factory, Reader, hookimpl


@hookimpl
def pagemeter_readers() -> list[Factory[Reader]]:
    """Offer ``printer_mib``."""
    from pagemeter_plugins.printer_mib.reader import PrinterMibReader
    from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

    return [Factory("printer_mib", PrinterMibSettings, PrinterMibReader)]
