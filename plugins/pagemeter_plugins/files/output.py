"""Deliver into the files of a folder."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Self

from pagemeter import Batch, Feed, Form, Output, Services
from pagemeter.durable import replace_file
from pagemeter.errors import DeliveryError, PluginError
from pagemeter.model import Document
from pagemeter_plugins.files import disk
from pagemeter_plugins.files.lines import by_day, csv_header, csv_rows, json_lines
from pagemeter_plugins.files.report import write_report
from pagemeter_plugins.files.settings import FileFormat, FilesSettings


class FilesOutput(Output):
    """Appends documents to a file a day and replaces the report of the fleet; delivered means on the disk."""

    def __init__(self, settings: FilesSettings, services: Services) -> None:
        self._settings = settings
        self._folder = services.folder / settings.folder
        # A delivery that was given up may still hang in its thread (a lost network drive): the next must not join in.
        self._busy = {feed.name: threading.Lock() for feed in self.feeds()}

    async def __aenter__(self) -> Self:
        """Make the folder."""
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise PluginError(f"{self._folder}: {error.strerror}; may the agent write there?") from error
        return self

    def feeds(self) -> Sequence[Feed]:
        """Every document for the daily files, the fleet for the report; each only where it is switched on."""
        daily = [Feed(name="documents")] if self._settings.daily else []
        return daily + ([Feed(name="report", form=Form.REPORT, history=False)] if self._settings.report else [])

    async def deliver(self, batch: Batch) -> None:
        """Write the batch and return when it is on the disk."""
        await asyncio.to_thread(self._deliver, batch)

    def _deliver(self, batch: Batch) -> None:
        busy = self._busy[batch.feed.name]
        if not busy.acquire(blocking=False):
            raise DeliveryError(f"{self._folder}: an earlier write hangs; is the drive there?")
        try:
            if batch.feed.form is Form.REPORT:
                self._replace_report(batch)
            else:
                self._append(batch.documents)
        finally:
            busy.release()

    def _replace_report(self, batch: Batch) -> None:
        path = self._folder / "report.json"
        try:
            replace_file(path, write_report(batch))
        except OSError as error:
            raise DeliveryError(_remedy(path.name, error)) from error

    def _append(self, documents: Sequence[Document]) -> None:
        is_csv = self._settings.format is FileFormat.CSV
        done: list[Document] = []
        for day, of_day in by_day(documents).items():
            name = f"meters-{day}.csv" if is_csv else f"documents-{day}.jsonl"
            lines = csv_rows(of_day) if is_csv else json_lines(of_day)
            try:
                if lines:
                    disk.append(self._folder / name, csv_header() if is_csv else b"", lines)
            except OSError as error:
                raise DeliveryError(_remedy(name, error), accepted=done) from error
            done += of_day


def _remedy(name: str, error: OSError) -> str:
    return f"{name} was not written: {error.strerror}; is the folder there, with space and the right to write?"
