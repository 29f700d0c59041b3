"""What is published of a device, of a document and of the agent, and what of it the broker shall keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from pagemeter.model import AgentStatus, DevicesMerged, DeviceState, Document, Event, FleetEntry
from pagemeter.wire import VERSION, to_json, type_of
from pagemeter_plugins.mqtt.entities import values_of
from pagemeter_plugins.mqtt.home_assistant import agent_config, components_of, device_config
from pagemeter_plugins.mqtt.kept import Kept
from pagemeter_plugins.mqtt.settings import MqttSettings
from pagemeter_plugins.mqtt.topics import Message, Topics, slug


class Publications:
    """Turns values of the model into messages; knows what was published before, by this run or an earlier one."""

    def __init__(self, settings: MqttSettings, topics: Topics) -> None:
        self._settings = settings
        self._topics = topics
        self._ids: dict[str, str] = {}
        self.kept = Kept()

    def presence(self, word: str) -> Message:
        """Say ``online`` or ``offline``."""
        return _message(self._topics.availability, word.encode(), retain=True)

    def of_agent(self, agent: AgentStatus) -> Iterator[Message]:
        """Yield how Home Assistant shows the agent, where that has changed."""
        if self._settings.home_assistant:
            yield from self._announcement(self._topics.config("agent"), agent_config(agent, self._topics))

    def of_device(self, entry: FleetEntry) -> Iterator[Message]:
        """Yield a device's messages: how to show it before what it shows; one that is given up is removed."""
        device = entry.latest.device
        if device.state is not DeviceState.MANAGED:
            yield from self._removal(device.id)
            return
        self._ids[slug(device.id)] = device.id
        if self._settings.home_assistant:
            before = components_of(self.kept.payload(self._topics.config(device.id)) or b"")
            config = device_config(entry, self._topics, before)
            yield from self._announcement(self._topics.config(device.id), config)
        head: dict[str, JsonValue] = {"v": VERSION, "device": device.id, "at": entry.latest.taken_at.isoformat()}
        retain = self._settings.retain
        yield _message(self._topics.device(device.id, "values"), _json(head | values_of(entry)), retain=retain)
        state = b'{"v":%d,"type":"device","body":%b}' % (VERSION, to_json(entry))
        yield _message(self._topics.device(device.id, "state"), state, retain=retain)

    def of_document(self, document: Document) -> Iterator[Message]:
        """Yield where a document goes: what happened and jobs each to its topic, all of them to ``documents``."""
        body, kind = document.body, type_of(document.body)
        payload = to_json(document)
        if isinstance(body, Event) and isinstance(body.facts, DevicesMerged):
            yield from self._removal(body.facts.alias)
        if isinstance(body, Event) and body.device is not None:
            yield _message(self._topics.device(body.device, "event"), payload)
        elif isinstance(body, AgentStatus):
            yield _message(self._topics.of_type("state"), payload, retain=self._settings.retain)
        elif kind != "snapshot":
            yield _message(self._topics.of_type(kind), payload)
        if self._settings.documents:
            yield _message(self._topics.documents, payload)

    def published(self, messages: Iterable[Message]) -> None:
        """Remember what the broker has taken and shall keep."""
        for message in messages:
            if message.retain:
                self.kept.keep(message)

    def device_id(self, slug_: str) -> str:
        """Return the id of a device by its part of a topic."""
        return self._ids.get(slug_, slug_)

    def _announcement(self, topic: str, config: dict[str, JsonValue]) -> Iterator[Message]:
        payload = _json(config)
        if self.kept.payload(topic) != payload:
            yield _message(topic, payload, retain=True)

    def _removal(self, device: str) -> Iterator[Message]:
        """Yield what makes the broker and Home Assistant forget a device."""
        topics = self._topics
        if self._settings.home_assistant and self.kept.payload(topics.config(device)) is not None:
            yield _message(topics.config(device), b"", retain=True)
        if self._settings.retain:
            yield _message(topics.device(device, "values"), b"", retain=True)
            yield _message(topics.device(device, "state"), b"", retain=True)


def _message(topic: str, payload: bytes, *, retain: bool = False) -> Message:
    return Message(topic=topic, payload=payload, retain=retain)


def _json(value: dict[str, JsonValue]) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
