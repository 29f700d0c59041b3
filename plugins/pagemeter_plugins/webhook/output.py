"""Post batches of documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from http import HTTPStatus
from typing import Self
from uuid import uuid4

from pagemeter import Batch, Feed, Form, Output, Services, Stage, Traffic, __version__
from pagemeter.errors import PluginError, Undeliverable
from pagemeter.http import HttpAnswer, HttpClient, Trial, check, diagnose, traffic_of
from pagemeter.model import AgentStatus
from pagemeter_plugins.webhook.batch import signature, write_batch
from pagemeter_plugins.webhook.settings import WebhookSettings

CONTENT_TYPE = "application/json"


class WebhookOutput(Output):
    """Posts every document as it comes, or the newest snapshot of each device."""

    def __init__(self, settings: WebhookSettings, services: Services) -> None:
        self._settings = settings
        self._folder = services.folder
        self._clock = services.clock
        self._client: HttpClient | None = None

    async def __aenter__(self) -> Self:
        """Read what the server is judged by."""
        self._client = await HttpClient.open(self._settings, folder=self._folder, clock=self._clock)
        return self

    def feeds(self) -> Sequence[Feed]:
        """One feed, with a position of its own for either form."""
        if self._settings.latest:
            return (Feed(name="latest", form=Form.LATEST, most=self._settings.most),)
        return (Feed(name="documents", most=self._settings.most),)

    def traffic(self) -> Iterable[Traffic]:
        """Name one connection a batch, to the server or to the proxy."""
        what = "the newest snapshot of each device" if self._settings.latest else "every document"
        carries = f"{what}: meters, supplies, alerts" + ("" if self._settings.latest else ", events, queues, jobs")
        return traffic_of(self._settings, why="batches of documents", carries=carries, packets=30, octets=12_000)

    async def deliver(self, batch: Batch) -> None:
        """Deliver the batch: 2xx, or 409 for one that the receiver had already."""
        if self._client is None:
            raise PluginError("webhook: deliver was called before it was opened")
        body = await asyncio.to_thread(write_batch, batch)
        answer = await self._client.post(body, content_type=CONTENT_TYPE, headers=self._headers(batch, body))
        if not _had_it(answer):
            check(answer, now=self._clock.now(), judged=Undeliverable)

    async def test(self) -> AsyncIterator[Stage]:
        """Post a batch without documents that says that it is a test."""
        if self._client is None:
            raise PluginError("webhook: test was called before it was opened")
        now = self._clock.now()
        nobody = AgentStatus(agent="test", version=__version__, started_at=now, at=now)
        batch = Batch(id=uuid4().hex, feed=self.feeds()[0], agent=nobody)
        body = write_batch(batch, test=True)
        trial = Trial(
            body=body,
            content_type=CONTENT_TYPE,
            headers=self._headers(batch, body),
            receipt=lambda answer: f"the status {answer.status} is all that a webhook has to say",
        )
        async for stage in diagnose(self._client, trial):
            yield stage

    def _headers(self, batch: Batch, body: bytes) -> dict[str, str]:
        headers = {"Idempotency-Key": batch.id}
        if self._settings.secret is not None:
            secret = self._settings.secret.get_secret_value()
            headers["Pagemeter-Signature"] = signature(secret, body, self._clock.now())
        return headers


def _had_it(answer: HttpAnswer) -> bool:
    return answer.status == HTTPStatus.CONFLICT and not answer.is_html
