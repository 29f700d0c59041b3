"""Publish: the latest of each device, what happened, jobs, and every document for a back end that wants them."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from pagemeter import Batch, Feed, Form, Output, Per, Services, Stage, Traffic
from pagemeter.errors import DeliveryError, PluginError, Refused
from pagemeter.model import Document, Scope
from pagemeter.wire import VERSION
from pagemeter_plugins.mqtt.acknowledgements import Acknowledgements, Parcel
from pagemeter_plugins.mqtt.dial import trust
from pagemeter_plugins.mqtt.publications import Publications
from pagemeter_plugins.mqtt.settings import MqttSettings
from pagemeter_plugins.mqtt.topics import Message, Topics, slug

if TYPE_CHECKING:
    from pagemeter_plugins.mqtt.connection import Connection

log = logging.getLogger(__name__)

STATE = Feed(name="state", form=Form.LATEST, most=100)
DOCUMENTS = Feed(name="documents", form=Form.EVERY, most=200)
BUTTON_SCOPES = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
MOST_COMMAND_OCTETS = 64
MOST_CONFIG_OCTETS = 256 * 1024
LEARNING_SECONDS = 5.0
_WENT_WELL = {
    "DNS": "{host} has an address",
    "TCP": "{where} takes connections",
    "TLS": "the certificate of {where} is trusted",
    "login": "{where} lets us in",
    "publish": "{where} took a message on {topic}",
}
SHORTEST_PAUSE, LONGEST_PAUSE, REFUSED_PAUSE = 1.0, 60.0, 900.0


class MqttOutput(Output):
    """Keeps one connection, as long as the broker lets it; a delivery that finds none opens it."""

    def __init__(self, settings: MqttSettings, services: Services) -> None:
        self._settings = settings
        self._services = services
        self._topics = Topics(base=settings.topic, agent=services.agent, prefix=settings.home_assistant_prefix)
        self._ack_topic = (
            settings.acknowledge if isinstance(settings.acknowledge, str) else self._topics.acknowledgement
        )
        self._client_id = settings.client_id or _client_id(settings.topic, services.agent)
        self._tls: ssl.SSLContext | None = None
        self._connection: Connection | None = None
        self._opening = asyncio.Lock()
        self._acknowledgements = Acknowledgements()
        self._publications = Publications(settings, self._topics)
        self._learned = asyncio.Event()
        self._refused: set[str] = set()

    async def __aenter__(self) -> Self:
        """Read the certificates; a broker that is down is no reason to fail."""
        await asyncio.to_thread(_require_paho)
        self._tls = await asyncio.to_thread(trust, self._settings, self._services.folder)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Say that we are offline, and disconnect."""
        if self._connection is not None:
            await self._connection.close(self._publications.presence("offline"))
            self._connection = None

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
            per=Per.DELIVERY,
            why=f"MQTT {settings.version}{' over TLS' if settings.tls else ''}: one lasting connection to the broker",
            carries=f"the latest of each device, events, jobs as far as they are kept{also}{secret}",
        )

    async def serve(self) -> None:
        """Stay connected: for the buttons, and so that the broker knows that we are there."""
        clock = self._services.clock
        pause = SHORTEST_PAUSE
        while True:
            began = clock.monotonic()
            try:
                connection = await self._connected()
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
        connection = await self._connected()
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

    async def test(self) -> AsyncIterator[Stage]:
        """Log in beside the connection that there is, and publish that this is a test."""
        from pagemeter_plugins.mqtt.connection import Connection  # as above

        name = f"{self._client_id}-test"
        connection = Connection(self._settings, client_id=name, heard=_deaf, clock=self._services.clock)
        stages: list[str] = []
        failure = None
        try:
            try:
                await connection.open(self._tls, stages)
                stages.append("publish")
                payload = b'{"v":%d,"type":"test"}' % VERSION
                await connection.publish([Message(topic=self._topics.test, payload=payload)])
            except DeliveryError as error:
                failure = str(error)
            where = f"{self._settings.host}:{self._settings.broker_port}"
            for stage in stages[:-1] if failure is not None else stages:
                yield Stage(
                    name=stage,
                    ok=True,
                    text=_WENT_WELL[stage].format(host=self._settings.host, where=where, topic=self._topics.test),
                )
            if failure is not None:
                yield Stage(name=stages[-1], ok=False, text=failure)
        finally:
            await connection.close()

    # ---- the connection

    async def _connected(self) -> Connection:
        """Return the connection, opened if it has to be; raises DeliveryError."""
        async with self._opening:
            if self._connection is not None:
                if self._connection.is_up:
                    return self._connection
                await self._connection.close()
                self._connection = None
            connection = await self._open()
            self._connection = connection
            return connection

    async def _open(self) -> Connection:
        from pagemeter_plugins.mqtt.connection import Connection  # paho costs 40 ms and may be absent

        connection = Connection(
            self._settings,
            client_id=self._client_id,
            will=self._publications.presence("offline"),
            heard=self._hear,
            clock=self._services.clock,
        )
        try:
            await connection.open(self._tls)
            await self._greet(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _greet(self, connection: Connection) -> None:
        """Subscribe, remind the broker of what it may have forgotten, and say that we are online."""
        await self._subscribe(connection, self._topics.commands)
        if self._settings.acknowledge and not await self._subscribe(connection, self._ack_topic):
            raise DeliveryError(f"the broker does not let us subscribe to {self._ack_topic}; may this user read it?")
        if self._settings.home_assistant:
            await self._subscribe(connection, self._topics.home_assistant)
        self._remind(connection)
        if self._settings.home_assistant and not self._learned.is_set():
            await self._learn(connection)
        await connection.publish([self._publications.presence("online")])

    async def _subscribe(self, connection: Connection, topic: str) -> bool:
        granted = await connection.subscribe(topic)
        if not granted and topic not in self._refused:
            self._refused.add(topic)
            log.warning("the broker does not let us subscribe to %s; may this user read it?", topic)
        return granted

    async def _learn(self, connection: Connection) -> None:
        """Read what an earlier run announced, once: entities that are gone since have to be removed by name."""
        filters = [self._topics.announced, self._topics.of_type("learned")]
        granted = [await self._subscribe(connection, topic) for topic in filters]
        if all(granted):
            # What the broker kept comes before what is published afterwards.
            await connection.publish([Message(topic=self._topics.of_type("learned"), payload=b"")], qos=1)
            try:
                async with asyncio.timeout(LEARNING_SECONDS):
                    await self._learned.wait()
            except TimeoutError:
                log.debug("the broker does not return our own message; what it kept may be unknown")
        self._learned.set()
        for topic in filters:
            connection.unsubscribe(topic)

    def _remind(self, connection: Connection) -> None:
        for message in self._publications.kept.messages():
            connection.send(message)

    # ---- what comes in

    def _hear(self, message: Message) -> None:
        """Understand what the broker hands us; what is none of our topics, or too long, is dropped."""
        if message.topic == self._ack_topic and self._settings.acknowledge:
            self._acknowledgements.hear(message.payload)
        elif message.topic == self._topics.home_assistant:
            if message.payload == b"online" and not message.retain and self._connection is not None:
                self._remind(self._connection)
        elif message.topic == self._topics.of_type("learned"):
            self._learned.set()
        elif (device := self._topics.device_of(message.topic)) is not None:
            # A command that the broker kept would be given anew at each connection.
            if not message.retain and len(message.payload) <= MOST_COMMAND_OCTETS:
                self._services.read_soon(self._publications.device_id(device), BUTTON_SCOPES, "a button, over MQTT")
        elif self._is_announcement(message) and not self._learned.is_set():
            self._publications.kept.keep(message)

    def _is_announcement(self, message: Message) -> bool:
        head, _, tail = self._topics.announced.partition("+")
        middle = message.topic.removeprefix(head).removesuffix(tail)
        return (
            message.retain
            and message.topic == f"{head}{middle}{tail}"
            and middle == slug(middle)
            and len(message.payload) <= MOST_CONFIG_OCTETS
        )

    # ---- what goes out

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
                f"the broker took the batch, but the back end did not acknowledge it on {self._ack_topic} within"
                f" {seconds:.0f} s; is it running and subscribed to {self._topics.batch(feed.name)}?"
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


def _client_id(topic: str, agent: str) -> str:
    """Return what the broker knows us by, always the same; two outputs with one id would throw each other out."""
    own = f"pagemeter-{slug(agent)}"
    return own if topic == MqttSettings.model_fields["topic"].default else f"{own}-{slug(topic)}"


def _deaf(_message: Message) -> None:
    """Hear nothing."""


def _require_paho() -> None:
    try:
        from pagemeter_plugins.mqtt import connection  # noqa: F401 - only whether paho is there
    except ImportError as error:
        raise PluginError("mqtt needs paho-mqtt: pip install 'pagemeter[mqtt]'") from error
