"""Deliver the report: to a server, or into a folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from typing import Self
from uuid import uuid4

from pagemeter import Batch, Feed, Form, Output, Services, Stage, Traffic, __version__
from pagemeter.errors import DeliveryError, PluginError
from pagemeter.http import HttpAnswer, HttpClient, Trial, check, diagnose, traffic_of
from pagemeter.model import AgentStatus
from pagemeter_plugins.https_xml.disk import keep_report
from pagemeter_plugins.https_xml.receipt import NoReceipt, Receipt, read_receipt, require
from pagemeter_plugins.https_xml.report import write_report
from pagemeter_plugins.https_xml.settings import HttpsXmlSettings, ReceiptKind

CONTENT_TYPE = "application/xml"
REPORT = Feed(name="report", form=Form.REPORT)


class HttpsXmlOutput(Output):
    """Sends the whole fleet at its time, also when nothing answered: a missing report means a missing agent."""

    def __init__(self, settings: HttpsXmlSettings, services: Services) -> None:
        self._settings = settings
        self._base = services.folder
        self._folder = services.folder / (settings.folder or "")
        self._clock = services.clock
        self._client: HttpClient | None = None

    async def __aenter__(self) -> Self:
        """Make the folder, or read what the server is judged by."""
        if self._settings.url is None:
            await asyncio.to_thread(self._make_folder)
        else:
            self._client = await HttpClient.open(self._settings, folder=self._base, clock=self._clock)
        return self

    def feeds(self) -> Sequence[Feed]:
        """One feed: the report of the fleet, with what was kept since the last one."""
        return (REPORT,)

    def traffic(self) -> Iterable[Traffic]:
        """Name one connection a report, to the server or to the proxy."""
        if self._settings.url is not None:
            carries = "all devices with meters, supplies and alerts, their history, events, queues, jobs where allowed"
            yield from traffic_of(
                self._settings, why="the report of the fleet", carries=carries, packets=40, octets=30_000
            )

    async def deliver(self, batch: Batch) -> None:
        """Deliver the report: the server said that it has it, or it is on the disk."""
        body = await asyncio.to_thread(write_report, batch)
        if self._settings.url is None:
            await asyncio.to_thread(self._keep, batch, body)
            return
        if self._client is None:
            raise PluginError("https_xml: deliver was called before it was opened")
        headers = {"Idempotency-Key": batch.id}
        answer = await self._client.post(body, content_type=CONTENT_TYPE, headers=headers)
        check(answer, now=self._clock.now())
        self._require_receipt(_sent(batch, body), answer)

    async def test(self) -> AsyncIterator[Stage]:
        """Send a report without devices that says that it is a test, and wait for its receipt."""
        if self._client is None:
            ok = await asyncio.to_thread(os.access, self._folder, os.W_OK)
            text = "reports can be written there" if ok else "reports can't be written there; may the agent?"
            yield Stage(name="folder", ok=ok, text=f"{self._folder}: {text}")
            return
        now = self._clock.now()
        nobody = AgentStatus(agent="test", version=__version__, started_at=now, at=now)
        batch = Batch(id=uuid4().hex, feed=REPORT, agent=nobody)
        body = write_report(batch, test=True)
        trial = Trial(
            body=body,
            content_type=CONTENT_TYPE,
            headers={"Idempotency-Key": batch.id},
            receipt=partial(self._require_receipt, _sent(batch, body)),
        )
        async for stage in diagnose(self._client, trial):
            yield stage

    def _require_receipt(self, sent: Receipt, answer: HttpAnswer) -> str:
        """Say what was received; raises DeliveryError where the answer is no receipt of what was sent."""
        if self._settings.receipt is ReceiptKind.STATUS:
            return f"the status {answer.status} is enough (receipt: status)"
        try:
            if answer.cut:
                raise NoReceipt("the body is too long for a receipt")
            require(read_receipt(answer.body), sent)
        except NoReceipt as error:
            raise DeliveryError(
                f"{answer.host} answers {answer.status} without a receipt of the report: {error}; it stays owed. "
                "Does it know report-1.xsd? A server that sends no receipts needs receipt: status"
            ) from None
        return "it repeats the report's id, number of devices and SHA-256"

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PluginError(f"{self._folder}: {error.strerror}; may the agent write there?") from error

    def _keep(self, batch: Batch, body: bytes) -> None:
        try:
            keep_report(
                self._folder, body, at=batch.agent.at, keep=self._settings.keep, part=batch.part, last=batch.last
            )
        except OSError as error:
            remedy = "is the folder there, with space and the right to write?"
            raise DeliveryError(f"{self._folder}: report.xml was not written: {error.strerror}; {remedy}") from error


def _sent(batch: Batch, body: bytes) -> Receipt:
    return Receipt(report=batch.id, devices=len(batch.fleet), sha256=hashlib.sha256(body).hexdigest())
