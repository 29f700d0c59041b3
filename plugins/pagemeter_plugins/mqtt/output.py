"""Publish: the latest of each device, what happened, jobs, and every document for a back end that wants them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from pagemeter import Batch, Feed, Form, Output, Per, Services, Stage, Traffic
from pagemeter.errors import DeliveryError, PluginError, Refused
from pagemeter.model import Document
from pagemeter_plugins.mqtt.acknowledgements import Acknowledgements, Parcel
from pagemeter_plugins.mqtt.publications import Publications
from pagemeter_plugins.mqtt.session import Session
from pagemeter_plugins.mqtt.settings import MqttSettings
from pagemeter_plugins.mqtt.topics import Message, Topics

if TYPE_CHECKING:
    from pagemeter_plugins.mqtt.connection import Connection

log = logging.getLogger(__name__)

STATE = Feed(name="state", form=Form.LATEST, most=100)
DOCUMENTS = Feed(name="documents", form=Form.EVERY, most=200)
SHORTEST_PAUSE, LONGEST_PAUSE, REFUSED_PAUSE = 1.0, 60.0, 900.0


class MqttOutput(Output):
    """Keeps one connection, as long as the broker lets it; a delivery that finds none opens it."""

    def __init__(self, settings: MqttSettings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._topics = Topics(base=settings.topic, agent=services.agent, prefix=settings.home_assistant_prefix)
        self._acknowledgements = Acknowledgements()
        self._publications = Publications(settings, self._topics)
        self._session = Session(
            settings,
            services,
            topics=self._topics,
            publications=self._publications,
            acknowledgements=self._acknowledgements,
        )

    async def __aenter__(self) -> Self:
        """Read the certificates; a broker that is down is no reason to fail."""
        await asyncio.to_thread(_require_paho)
        await self._session.prepare()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Say that we are offline, and disconnect."""
        await self._session.close()

    def feeds(self) -> Sequence[Feed]:
        """Two: the latest of each device, and every document."""
        return (STATE, DOCUMENTS)

    def traffic(self) -> Iterable[Traffic]:
        """Name the one connection, and what each side may say in it."""
        settings = self._settings
        secret = ", the password" if settings.password is not None else ""
        also = ", every document" if settings.documents or settings.acknowledge else ""
        yield Traffic(
            to=settings.host,
            port=settings.broker_port,
            protocol="tcp",
            per=Per.DEVICE,
            packets=40,
            octets=30_000,
            why=f"MQTT {settings.version}{' over TLS' if settings.tls else ''}: one lasting connection to the broker",
            carries=f"the latest of each device, events, jobs as far as they are kept{also}{secret}",
        )
        yield Traffic(
            to=settings.host,
            port=settings.broker_port,
            protocol="tcp",
            direction="in",
            why="in the same connection: a button of the broker asks for an early read, which is rationed",
        )

    async def serve(self) -> None:
        """Stay connected: for the buttons, and so that the broker knows that we are there."""
        clock = self._services.clock
        pause = SHORTEST_PAUSE
        while True:
            began = clock.monotonic()
            try:
                connection = await self._session.connected()
                await connection.lost()
            except Refused as error:
                log.debug("not connected: %s", error)  # a delivery says it aloud
                pause = REFUSED_PAUSE
            except DeliveryError as error:
                log.debug("not connected: %s", error)
            # One that lasted is opened again soon; two clients of one id must not throw each other out without end.
            pause = SHORTEST_PAUSE if clock.monotonic() - began > LONGEST_PAUSE else pause
            await clock.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def deliver(self, batch: Batch) -> None:
        """Deliver: the broker has taken it, or with ``acknowledge`` the back end has."""
        connection = await self._session.connected()
        publications = self._publications
        failures, _ = await self._publish(connection, [(None, list(publications.of_agent(batch.agent)))])
        if batch.feed.form is Form.LATEST:
            more, _ = await self._publish(connection, [(None, list(publications.of_device(e))) for e in batch.fleet])
            accepted: list[Document] = []
        else:
            pairs = [(document, list(publications.of_document(document))) for document in batch.documents]
            more, accepted = await self._publish(connection, pairs)
        for failure in [*failures, *more]:
            # With an acknowledgement it is the back end that accepts.
            failure.accepted = () if self._settings.acknowledge else tuple(accepted)
            raise failure
        if self._settings.acknowledge and batch.feed.form is Form.EVERY:
            await self._acknowledged(connection, Parcel.of(batch), batch.feed)

    def test(self) -> AsyncIterator[Stage]:
        """Log in beside the connection that there is, and publish that this is a test."""
        return self._session.test()

    async def _publish(
        self, connection: Connection, pairs: Sequence[tuple[Document | None, list[Message]]]
    ) -> tuple[list[DeliveryError], list[Document]]:
        """Publish all messages in order; return the failures, and the documents that the broker took whole."""
        sent = [(document, messages, [connection.send(m) for m in messages]) for document, messages in pairs]
        failures: list[DeliveryError] = []
        accepted = []
        for document, messages, waiting in sent:
            failed = [failure for failure in await connection.taken(waiting) if failure is not None]
            failures += failed
            if not failed:
                self._publications.published(messages)
                accepted += [document] if document is not None else []
        return failures, accepted

    async def _acknowledged(self, connection: Connection, parcel: Parcel, feed: Feed) -> None:
        """Publish the batch and wait until the back end says that it has it; raises DeliveryError."""
        said = self._acknowledgements.expect(parcel)
        if not said.done():
            message = Message(topic=self._topics.batch(feed.name), payload=parcel.payload)
            await connection.publish([message], qos=max(1, self._settings.qos))
            await self._wait_for(said, connection)
        if not said.done():
            seconds = self._settings.acknowledge_within.total_seconds()
            raise DeliveryError(
                f"the broker took the batch, but the back end did not acknowledge it on {self._session.ack_topic}"
                f" within {seconds:.0f} s; is it running and subscribed to {self._topics.batch(feed.name)}?"
            )
        if (failure := said.result()) is not None:
            raise failure

    async def _wait_for(self, said: asyncio.Future[DeliveryError | None], connection: Connection) -> None:
        lost = asyncio.ensure_future(connection.lost())
        waiting: set[asyncio.Future[Any]] = {said, lost}
        try:
            await asyncio.wait(
                waiting,
                timeout=self._settings.acknowledge_within.total_seconds(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)


def _require_paho() -> None:
    try:
        from pagemeter_plugins.mqtt import connection  # noqa: F401 - only whether paho is there
    except ImportError as error:
        raise PluginError("mqtt needs paho-mqtt: pip install 'pagemeter[mqtt]'") from error
