"""Gathers the queues and jobs of a CUPS server."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from platform import node
from urllib.parse import urlsplit

from pydantic import JsonValue

from pagemeter import Gathered, Per, Services, Source, Traffic
from pagemeter.model import JobRecord
from pagemeter_plugins.cups.catch_up import CatchUp, Step
from pagemeter_plugins.cups.position import Position
from pagemeter_plugins.cups.queues import Listed, queue_of
from pagemeter_plugins.cups.server import CupsServer
from pagemeter_plugins.cups.settings import CupsSettings

log = logging.getLogger(__name__)

QUEUES, JOBS = "queues", "jobs"

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


_OCTETS = 200_000
"""Of some queues and a hundred ended jobs."""


class CupsSource(Source):
    """Asks a server what its queues are like and which jobs have ended since; each run ends when all is taken."""

    def __init__(self, settings: CupsSettings, services: Services) -> None:
        """Keep the settings; nothing is asked before the first run."""
        self._settings, self._clock = settings, services.clock
        self._server = CupsServer(services.ipp, settings.uri, settings.user)

    def traffic(self) -> Iterable[Traffic]:
        """Say what is asked of the server."""
        if self._settings.server.startswith("/"):
            yield Traffic(
                to=self._settings.server,
                port=None,
                protocol="unix",
                per=Per.RUN,
                octets=_OCTETS,
                why="queues and jobs of this CUPS server",
            )
            return
        parts = urlsplit(self._settings.server)
        yield Traffic(
            to=parts.hostname or "",
            port=parts.port or 631,
            protocol="tcp",
            per=Per.RUN,
            packets=120,
            octets=_OCTETS,
            why="queues, ended jobs, and a subscription to the events of ended jobs, by IPP",
            carries="the name of the user; back come queues and jobs, with owner and title where the server shows them",
        )

    async def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Gathered]:
        """Yield the queues, then the jobs that ended; raises DeviceError where the server does not answer."""
        now, host = self._clock.now(), self._host()
        found = (queue_of(group, host=host, at=now) for group in await self._server.queues())
        queues = {one.queue.name: one for one in found if one is not None}
        yield Gathered(
            stream=QUEUES,
            cursor=None,
            queues=tuple(one.queue for one in queues.values() if self._wanted(one.queue.name)),
        )
        if not self._settings.jobs:
            return
        async for step in CatchUp(self._server, Position.from_json(cursors.get(JOBS))).steps():
            yield Gathered(stream=JOBS, cursor=step.position.to_json(), jobs=self._records(step, queues))
            if step.lost:
                log.warning(
                    "%s has forgotten up to %d jobs that ended since the last run, and they are missing; ask "
                    "more often (every:), or let it remember more (MaxJobs, PreserveJobHistory, MaxEvents)",
                    self._settings.server,
                    step.lost,
                )

    def _records(self, step: Step, queues: Mapping[str, Listed]) -> tuple[JobRecord, ...]:
        records = step.records(queues)
        return tuple(record for record in records if self._wanted(record.queue))

    def _wanted(self, queue: str | None) -> bool:
        return not self._settings.queues or queue in self._settings.queues

    def _host(self) -> str:
        name = "" if self._settings.server.startswith("/") else urlsplit(self._settings.server).hostname or ""
        return node() if not name or name in _HERE else name
