"""paho's client with sockets of our own and the agent's event loop: no thread, no waiting."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from pagemeter_plugins.mqtt.settings import MqttSettings
from pagemeter_plugins.mqtt.topics import Message


class Client(mqtt.Client):
    """Connects over ``ready``, a socket that is connected already; ``ended`` is told, perhaps twice, that it is over.

    Names of ours must not be names of paho's.
    """

    ready: socket.socket

    def __init__(
        self, settings: MqttSettings, *, client_id: str, will: Message | None, ended: Callable[[], None]
    ) -> None:
        version = mqtt.MQTTv311 if settings.version == "3.1.1" else mqtt.MQTTv5
        clean = True if version == mqtt.MQTTv311 else None
        super().__init__(CallbackAPIVersion.VERSION2, client_id, clean_session=clean, protocol=version)
        if will is not None:
            self.will_set(will.topic, will.payload, settings.qos, will.retain)
        if settings.user is not None:
            password = settings.password
            self.username_pw_set(settings.user, None if password is None else password.get_secret_value())
        self._ended = ended
        self._events = asyncio.get_running_loop()
        self.on_disconnect = lambda *_: ended()
        self.on_socket_open = self._opened
        self.on_socket_close = self._closed
        self.on_socket_register_write = self._full
        self.on_socket_unregister_write = self._written

    def hang_up(self) -> None:
        """Close the socket without a word."""
        self._sock_close()
        self._ended()

    def guarded(self, work: Callable[[], object]) -> None:
        """Read or write; whatever the broker's octets do to the library costs this connection only."""
        try:
            work()
        except Exception:  # noqa: BLE001 - a broken packet may raise anything in the library
            self.hang_up()

    def _create_socket(self) -> Any:
        return self.ready

    def _opened(self, _client: Any, _data: Any, opened: Any) -> None:
        self._events.add_reader(opened, self.guarded, self._read)

    def _closed(self, _client: Any, _data: Any, closed: Any) -> None:
        self._events.remove_reader(closed)

    def _full(self, _client: Any, _data: Any, full: Any) -> None:
        self._events.add_writer(full, self.guarded, self.loop_write)

    def _written(self, _client: Any, _data: Any, empty: Any) -> None:
        self._events.remove_writer(empty)

    def _read(self) -> None:
        self.loop_read()
        # Octets that TLS has decrypted already wake no one.
        while isinstance(opened := self.socket(), ssl.SSLSocket) and opened.pending():
            self.loop_read()
