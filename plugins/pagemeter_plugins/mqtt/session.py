"""Our presence at the broker: one lasting connection, what it is greeted with, and what comes in over it."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pagemeter import Services, Stage
from pagemeter.errors import DeliveryError
from pagemeter.model import Scope
from pagemeter.tls import client_context
from pagemeter.wire import VERSION
from pagemeter_plugins.mqtt.acknowledgements import Acknowledgements
from pagemeter_plugins.mqtt.publications import Publications
from pagemeter_plugins.mqtt.settings import MqttSettings
from pagemeter_plugins.mqtt.topics import Message, Topics, slug

if TYPE_CHECKING:
    from pagemeter_plugins.mqtt.connection import Connection

log = logging.getLogger(__name__)

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


class Session:
    """Opens its connection when it is asked for, and again when it was lost."""

    def __init__(
        self,
        settings: MqttSettings,
        services: Services,
        *,
        topics: Topics,
        publications: Publications,
        acknowledgements: Acknowledgements,
    ) -> None:
        self._settings = settings
        self._services = services
        self._topics = topics
        self._publications = publications
        self._acknowledgements = acknowledgements
        own = settings.acknowledge
        self.ack_topic = own if isinstance(own, str) else topics.acknowledgement
        self._client_id = settings.client_id or _client_id(settings.topic, services.agent)
        self._tls: ssl.SSLContext | None = None
        self._connection: Connection | None = None
        self._opening = asyncio.Lock()
        self._learned = asyncio.Event()
        self._refused: set[str] = set()

    async def prepare(self) -> None:
        """Read the certificates; raises PluginError."""
        settings = self._settings
        if settings.tls:
            self._tls = await asyncio.to_thread(
                client_context,
                self._services.folder,
                ca=settings.ca,
                certificate=settings.client_certificate,
                key=settings.client_key,
            )

    async def close(self) -> None:
        """Say that we are offline, and disconnect."""
        if self._connection is not None:
            await self._connection.close(self._publications.presence("offline"))
            self._connection = None

    async def test(self) -> AsyncIterator[Stage]:
        """Log in beside the connection that there is, and publish that this is a test."""
        from pagemeter_plugins.mqtt.connection import Connection  # paho costs 40 ms and may be absent

        settings, topic = self._settings, self._topics.test
        name = f"{self._client_id}-test"
        connection = Connection(settings, client_id=name, heard=_deaf, clock=self._services.clock)
        stages: list[str] = []
        failure = None
        try:
            try:
                await connection.open(self._tls, stages)
                stages.append("publish")
                await connection.publish([Message(topic=topic, payload=b'{"v":%d,"type":"test"}' % VERSION)])
            except DeliveryError as error:
                failure = str(error)
            for stage in stages[:-1] if failure is not None else stages:
                text = _WENT_WELL[stage].format(host=settings.host, where=settings.broker.where, topic=topic)
                yield Stage(name=stage, ok=True, text=text)
            if failure is not None:
                yield Stage(name=stages[-1], ok=False, text=failure)
        finally:
            await connection.close()

    async def connected(self) -> Connection:
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
        from pagemeter_plugins.mqtt.connection import Connection  # as above

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
        if self._settings.acknowledge and not await self._subscribe(connection, self.ack_topic):
            raise DeliveryError(f"the broker does not let us subscribe to {self.ack_topic}; may this user read it?")
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
        if message.topic == self.ack_topic and self._settings.acknowledge:
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


def _client_id(topic: str, agent: str) -> str:
    """Return what the broker knows us by, always the same; two outputs with one id would throw each other out."""
    own = f"pagemeter-{slug(agent)}"
    return own if topic == MqttSettings.model_fields["topic"].default else f"{own}-{slug(topic)}"


def _deaf(_message: Message) -> None:
    """Hear nothing."""
