"""Append documents to a file; the agent batches them, tries again and keeps what is owed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from pagemeter import Batch, Feed, Output, Services
from pagemeter.errors import DeliveryError

from pagemeter_example.lines import line_of
from pagemeter_example.settings import OutputSettings


class ExampleLogOutput(Output):
    """Appends a line a document."""

    def __init__(self, settings: OutputSettings, services: Services) -> None:
        self._path = services.folder / settings.file

    def feeds(self) -> Sequence[Feed]:
        """Ask for every document, in order."""
        return (Feed(name="documents"),)

    async def deliver(self, batch: Batch) -> None:
        """Return when the lines are on the disk; what raises is delivered again."""
        text = "".join(line_of(document) for document in batch.documents)
        try:
            await asyncio.to_thread(self._append, text)
        except OSError as error:
            raise DeliveryError(f"{self._path} was not written: {error.strerror}; may the agent write it?") from error

    def _append(self, text: str) -> None:
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
