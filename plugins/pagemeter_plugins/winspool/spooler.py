"""What is asked of Windows."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Protocol

from pagemeter.errors import PluginError
from pagemeter_plugins.winspool.structures import Buffer


class Spooler(Protocol):
    """The spooler of a host and its event channel; every call blocks and raises OSError."""

    def printers(self) -> Buffer:
        """Return PRINTER_INFO_2W of all local queues and connections."""

    def ports(self) -> Buffer:
        """Return PORT_INFO_2W of all ports."""

    def hosts(self) -> Mapping[str, str]:
        """Return the addresses of the standard TCP/IP ports by their names in small letters."""

    def enabled(self) -> bool:
        """Say whether the channel is written."""

    def events(self, condition: str) -> Iterator[str]:
        """Yield the events of the channel as XML, the oldest first; ``condition`` is an XPath of System."""


def local_spooler() -> Spooler:
    """Return the spooler of this host; raises PluginError where it is no Windows."""
    if sys.platform == "win32":
        from pagemeter_plugins.winspool.windows import WindowsSpooler

        return WindowsSpooler()
    raise PluginError("winspool: Windows only; on this system take cups")
