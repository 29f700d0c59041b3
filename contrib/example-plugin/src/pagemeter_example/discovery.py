"""Read the file, yield targets; the agent asks each one that its fence allows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pagemeter import Discovery, Memory, Services
from pagemeter.errors import ConfigError
from pagemeter.model import Segment, Target, host_uri

from pagemeter_example.lines import addresses
from pagemeter_example.settings import DiscoverySettings


class ExampleLogDiscovery(Discovery):
    """Finds what a file lists; read anew every time."""

    def __init__(self, settings: DiscoverySettings, services: Services) -> None:
        self._path = services.folder / settings.file

    async def discover(self, memory: Memory) -> AsyncIterator[Target | Segment | Memory]:
        """Yield a target a line."""
        try:
            # Files block: a thread reads, the event loop goes on.
            text = await asyncio.to_thread(self._path.read_text, encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self._path} can't be read; is it a text file that the agent may read?") from error
        for address in addresses(text.splitlines()):
            yield Target(uri=host_uri(address), found_by="example_log")
