"""What the broker shall keep for us: remembered, for a broker that restarts may have forgotten it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from pagemeter_plugins.mqtt.topics import Message


class Kept:
    """The last retained message of each topic, compressed: some kilobytes a device."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}

    def keep(self, message: Message) -> None:
        """Remember a message, or forget its topic where it is empty."""
        if message.payload:
            self._packed[message.topic] = zlib.compress(message.payload)
        else:
            self._packed.pop(message.topic, None)

    def payload(self, topic: str) -> bytes | None:
        """Return what is kept under a topic."""
        packed = self._packed.get(topic)
        return None if packed is None else zlib.decompress(packed)

    def messages(self) -> Iterator[Message]:
        """Yield all, in the order in which their topics were first kept."""
        for topic, packed in list(self._packed.items()):
            yield Message(topic=topic, payload=zlib.decompress(packed), retain=True)
