"""Deliver the report: to a server, or into a folder."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Iterable, Sequence
from typing import Self
from urllib.parse import urlsplit

from pagemeter import Batch, Feed, Form, Output, Services, Traffic
from pagemeter.errors import DeliveryError, PluginError
from pagemeter_plugins.https_xml.disk import keep_report
from pagemeter_plugins.https_xml.report import write_report
from pagemeter_plugins.https_xml.settings import HttpsXmlSettings


class HttpsXmlOutput(Output):
    """Sends the whole fleet at its time, also when nothing answered: a missing report means a missing agent."""

    def __init__(self, settings: HttpsXmlSettings, services: Services) -> None:
        self._settings = settings
        self._base = services.folder
        self._clock = services.clock
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        """Make the folder, or read the authorities that the server is judged by."""
        if self._settings.url is None:
            await asyncio.to_thread(self._make_folder)
        else:
            await asyncio.to_thread(_require_client)
            self._tls = await asyncio.to_thread(self._trust)
        return self

    def feeds(self) -> Sequence[Feed]:
        """One feed: the report of the fleet."""
        return (Feed(name="report", form=Form.REPORT),)

    def traffic(self) -> Iterable[Traffic]:
        """Name one connection a report, to the server or to the proxy."""
        if self._settings.url is None:
            return
        hop = urlsplit(self._settings.proxy or self._settings.url)
        port = hop.port or (443 if hop.scheme == "https" else 80)
        why = "the report of the fleet" + (" through a proxy" if self._settings.proxy is not None else "")
        yield Traffic(to=hop.hostname or "", port=port, protocol="tcp", why=why)

    async def deliver(self, batch: Batch) -> None:
        """Deliver the report: the server took it (2xx), or it is on the disk."""
        body = await asyncio.to_thread(write_report, batch)
        if self._settings.url is None:
            await asyncio.to_thread(self._keep, batch, body)
        else:
            await self._post(batch, body)

    async def _post(self, batch: Batch, body: bytes) -> None:
        from pagemeter_plugins.https_xml import client  # aiohttp costs 150 ms and may be absent

        if self._tls is None:
            raise PluginError("https_xml: deliver was called before it was opened")
        headers = {
            "Content-Type": "application/xml",
            "Idempotency-Key": batch.id,
            "User-Agent": f"Pagemeter/{batch.agent.version}",
        }
        if self._settings.gzip:
            headers["Content-Encoding"] = "gzip"
            body = await asyncio.to_thread(gzip.compress, body, mtime=0)
        await client.post(self._settings, body, headers=headers, tls=self._tls, now=self._clock.now())

    def _make_folder(self) -> None:
        folder = self._base / (self._settings.folder or "")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PluginError(f"{folder}: {error.strerror}; may the agent write there?") from error

    def _keep(self, batch: Batch, body: bytes) -> None:
        folder = self._base / (self._settings.folder or "")
        try:
            keep_report(folder, body, at=batch.agent.at, keep=self._settings.keep)
        except OSError as error:
            remedy = "is the folder there, with space and the right to write?"
            raise DeliveryError(f"{folder}: report.xml was not written: {error.strerror}; {remedy}") from error

    def _trust(self) -> ssl.SSLContext:
        ca = None if self._settings.ca is None else self._base / self._settings.ca
        try:
            return ssl.create_default_context(cafile=ca)
        except OSError as error:  # ssl.SSLError is one: a file that is no PEM
            raise PluginError(f"{ca} can't be used as `ca`; is it a PEM file that the agent may read?") from error


def _require_client() -> None:
    try:
        from pagemeter_plugins.https_xml import client  # noqa: F401 - only whether aiohttp is there
    except ImportError as error:
        raise PluginError("https_xml needs aiohttp for `url`: pip install 'pagemeter[https-xml]'") from error
