"""Logs as Pcounter writes them, invented from its documented fields, and a source that keeps its cursors."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pagemeter import Gathered
from pagemeter.model import JobRecord
from pagemeter.testing import FakeClock, FakeServices
from pagemeter_plugins.pcounter.settings import PcounterSettings
from pagemeter_plugins.pcounter.source import PcounterSource

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
Line = Callable[..., str]


class Agent:
    """What the agent does with a source: keeps cursors with jobs, and takes quarantined pieces in and out."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        self.cursors: dict[str, Any] = {}
        self.jobs: list[JobRecord] = []
        self.quarantine: dict[tuple[str, int], str] = {}
        self.open()

    def open(self, **changed: Any) -> None:
        """Start the source anew, with settings that may have been mended."""
        self.settings |= changed
        services = FakeServices(folder=self.folder, clock=FakeClock(NOW))
        self.source = PcounterSource(PcounterSettings(**self.settings), services)

    async def round(self, *, kept: int | None = None) -> list[JobRecord]:
        """Take a round; only ``kept`` batches are kept, then the agent is killed."""
        new: list[JobRecord] = []
        batches = self.source.collect(self.cursors)
        count = 0
        async for gathered in batches:
            if kept is not None and count == kept:
                break
            count += 1
            self._keep(gathered)
            new += gathered.jobs
        await batches.aclose()  # type: ignore[attr-defined]  # an async generator
        await self.source.__aexit__()
        if kept is not None:
            self.open()
        return new

    def _keep(self, gathered: Gathered) -> None:
        self.cursors[gathered.stream] = json.loads(json.dumps(gathered.cursor))
        self.jobs += gathered.jobs
        for piece in gathered.quarantined:
            assert (gathered.stream, piece.offset) not in self.quarantine
            self.quarantine[gathered.stream, piece.offset] = piece.why
        for offset in gathered.released:
            del self.quarantine[gathered.stream, offset]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "PCOUNTER.LOG"


@pytest.fixture
def line() -> Line:
    def build(**changed: str) -> str:
        fields = {
            "user": "SCHOOL\\ada", "document": "Timetable", "queue": "\\\\GUS\\LIB-HP1", "date": "03/17/2026",
            "time": "08:05:09", "client": "\\\\PC-14", "account": "4711", "subaccount": "", "paper": "A4",
            "options": "/D/C/Cp=2/Jt=103/", "size": "20480", "pages": "6", "cost": "0.30", "balance": "9.70",
        }  # fmt: skip
        return ",".join({**fields, **changed}.values())

    return build


@pytest.fixture
def make_agent(tmp_path: Path) -> Callable[..., Agent]:
    def build(**settings: Any) -> Agent:
        return Agent(tmp_path, **{"path": "PCOUNTER.LOG", "timezone": "UTC", **settings})

    return build
