"""One connection to the broker, over paho-mqtt with sockets of our own and the agent's event loop.

aiomqtt 2.5 does not serve: its publish does not look at the reason in a PUBACK (MQTT 5 says "not authorized" there),
waits for its deadline when the connection is lost, and a login that times out leaves a socket and a task behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from pagemeter.clock import Clock
from pagemeter.dial import dial
from pagemeter.errors import DeliveryError, Refused, TooLarge
from pagemeter_plugins.mqtt.client import Client
from pagemeter_plugins.mqtt.settings import MqttSettings
from pagemeter_plugins.mqtt.topics import Message

OPENING_SECONDS = 20.0
SILENCE_SECONDS = 30.0
CLOSING_SECONDS = 2.0
# MQTT 5 section 2.4: bad user name or password, not authorized, banned, bad authentication method.
_REFUSALS = {134, 135, 138, 140}
_TOO_LARGE = 149


class Connection:
    """Opened once, never again; whoever opened it closes it."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        client_id: str,
        will: Message | None = None,
        heard: Callable[[Message], None],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._where = settings.broker.where
        self._heard = heard
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._welcome: asyncio.Future[ReasonCode | None] = self._loop.create_future()
        self._waiting: dict[int, asyncio.Future[DeliveryError | None]] = {}
        self._granted: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._lost = asyncio.Event()
        self._largest: int | None = None
        self._taken = 0
        self._pulse: asyncio.Task[None] | None = None
        self._paho = Client(settings, client_id=client_id, will=will, ended=self._end)
        self._paho.on_connect = self._on_connect
        self._paho.on_publish = self._on_publish
        self._paho.on_subscribe = self._on_subscribe
        self._paho.on_message = self._on_message

    @property
    def is_up(self) -> bool:
        """Whether it is open, as far as is known."""
        return not self._lost.is_set()

    async def lost(self) -> None:
        """Wait until the connection is gone."""
        await self._lost.wait()

    async def open(self, tls: ssl.SSLContext | None, stages: list[str] | None = None) -> None:
        """Connect and log in; raises DeliveryError that says what failed, Refused for a wrong secret.

        ``stages`` gets the name of each stage (DNS, TCP, TLS, login) before it begins.
        """
        stages = [] if stages is None else stages
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                self._paho.ready = await dial(self._settings.broker, tls, stages.append)
                stages.append("login")
                await self._log_in()
        except TimeoutError as error:
            raise DeliveryError(
                f"{self._where}: no answer within {OPENING_SECONDS:.0f} s ({stages[-1]}); is this the broker, and"
                " does a firewall let us out?"
            ) from error
        self._pulse = self._loop.create_task(self._beat())

    async def _log_in(self) -> None:
        try:
            self._paho.connect(self._settings.host, self._settings.broker_port, self._keepalive)
            code = await self._welcome
        except BaseException:
            self._paho.hang_up()
            raise
        if code is None:
            raise DeliveryError(
                f"{self._where} hangs up while we log in; is this an MQTT broker, with TLS as `tls` says and of this"
                " `version`?"
            )
        if code.is_failure:
            self._paho.hang_up()
            kind = Refused if code.value in _REFUSALS else DeliveryError
            raise kind(f"{self._where} refuses us ({code}); are user, password, client_id and version right?")

    def send(self, message: Message, *, qos: int | None = None) -> asyncio.Future[DeliveryError | None]:
        """Publish; the future's result is none when the broker has taken it, else why it was not."""
        taken: asyncio.Future[DeliveryError | None] = self._loop.create_future()
        if not self.is_up:
            taken.set_result(self._broken())
        elif self._largest is not None and len(message.payload) + len(message.topic) + 64 > self._largest:
            taken.set_result(TooLarge(f"{self._where} takes no messages above {self._largest} octets; raise its limit"))
        else:
            level = self._settings.qos if qos is None else qos
            info = self._paho.publish(message.topic, message.payload, level, message.retain)
            if info.rc == mqtt.MQTT_ERR_SUCCESS:
                self._waiting[info.mid] = taken
            else:
                taken.set_result(self._broken())
        return taken

    async def publish(self, messages: Iterable[Message], *, qos: int | None = None) -> None:
        """Publish in order and wait until the broker has taken all; raises the first DeliveryError."""
        for failure in await self.taken([self.send(message, qos=qos) for message in messages]):
            if failure is not None:
                raise failure

    async def taken(self, sent: Sequence[asyncio.Future[DeliveryError | None]]) -> list[DeliveryError | None]:
        """Wait until each has its result; a broker that takes nothing at all for a while is given up."""
        while waiting := [future for future in sent if not future.done()]:
            before = self._taken
            await asyncio.wait(waiting, timeout=SILENCE_SECONDS)
            if self._taken == before:
                self._paho.hang_up()
        return [future.result() for future in sent]

    async def subscribe(self, topic: str) -> bool:
        """Subscribe and return whether the broker grants it; raises DeliveryError where it does not answer."""
        granted: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        code, mid = self._paho.subscribe(topic, qos=1)
        if code != mqtt.MQTT_ERR_SUCCESS or mid is None or not self.is_up:
            raise self._broken()
        self._granted[mid] = granted
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                codes = await granted
        except TimeoutError as error:
            raise DeliveryError(f"{self._where} does not answer a subscription; it is tried again") from error
        if not codes:
            raise self._broken()
        return not codes[0].is_failure

    def unsubscribe(self, topic: str) -> None:
        """Subscribe no more."""
        self._paho.unsubscribe(topic)

    async def close(self, farewell: Message | None = None) -> None:
        """Say farewell as long as the broker listens, and disconnect: it does not publish the will then."""
        try:
            if farewell is not None and self.is_up:
                with contextlib.suppress(TimeoutError, DeliveryError):
                    async with asyncio.timeout(CLOSING_SECONDS):
                        await self.publish([farewell])
            if self.is_up:
                self._paho.disconnect()
                self._paho.loop_write()
        finally:
            self._paho.hang_up()
            if self._pulse is not None:
                self._pulse.cancel()
                await asyncio.gather(self._pulse, return_exceptions=True)

    @property
    def _keepalive(self) -> int:
        return int(self._settings.keepalive.total_seconds())

    # ---- what paho tells; all in the event loop

    def _on_connect(
        self, _client: Any, _data: Any, _flags: Any, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._largest = getattr(properties, "MaximumPacketSize", None)
        if not self._welcome.done():
            self._welcome.set_result(code)

    def _on_publish(self, _client: Any, _data: Any, mid: int, code: ReasonCode, _properties: Any) -> None:
        self._taken += 1
        taken = self._waiting.pop(mid, None)
        if taken is None or taken.done():
            return
        if not code.is_failure:
            taken.set_result(None)
        elif code.value == _TOO_LARGE:
            taken.set_result(TooLarge(f"{self._where} says that the message is too large; raise its limit"))
        else:
            taken.set_result(
                DeliveryError(f"{self._where} does not take it ({code}); may this user publish to our topics?")
            )

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, codes: list[ReasonCode], _properties: Any) -> None:
        granted = self._granted.pop(mid, None)
        if granted is not None and not granted.done():
            granted.set_result(codes)

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._heard(Message(topic=topic, payload=bytes(message.payload), retain=message.retain))

    async def _beat(self) -> None:
        """Keep alive, and notice a broker that is silent."""
        while self.is_up:
            await self._clock.sleep(1)
            self._paho.guarded(self._paho.loop_misc)

    def _end(self) -> None:
        """Tell all who wait that the connection is gone."""
        self._lost.set()
        if not self._welcome.done():
            self._welcome.set_result(None)
        for taken in self._waiting.values():
            if not taken.done():
                taken.set_result(self._broken())
        for granted in self._granted.values():
            if not granted.done():
                granted.set_result([])
        self._waiting.clear()
        self._granted.clear()

    def _broken(self) -> DeliveryError:
        return DeliveryError(f"{self._where}: the connection broke; it is tried again")
