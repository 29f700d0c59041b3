"""printer_mib: identity, meters, supplies and status of any printer with a Printer MIB (RFC 3805)."""

from __future__ import annotations

from collections.abc import Iterable

from pagemeter import Command, Factory, Reader, hookimpl


@hookimpl
def pagemeter_readers() -> list[Factory[Reader]]:
    """Offer ``printer_mib``."""
    from pagemeter_plugins.printer_mib.reader import PrinterMibReader
    from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

    return [Factory("printer_mib", PrinterMibSettings, PrinterMibReader)]


@hookimpl
def pagemeter_commands() -> Iterable[Command]:
    """Offer ``pagemeter profile``."""
    from pagemeter_plugins.printer_mib.command import app

    return [Command("profile", "List, show, check and draft vendor profiles.", app)]
