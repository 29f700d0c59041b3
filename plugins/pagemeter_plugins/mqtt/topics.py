"""Topics, made only of our own ids: no text of a device can add a level, a wildcard or a NUL."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

MOST_CHARACTERS = 64


def slug(text: str) -> str:
    """Make one level of a topic (``[A-Za-z0-9_-]``) of an id; what can't be kept as it is gets a hash behind it."""
    return text if re.fullmatch(rf"[A-Za-z0-9_-]{{1,{MOST_CHARACTERS}}}", text) else _hashed(text)


def slug_of_key(key: str) -> str:
    """Make one of a meter's key or a supply's index: ``print.any.any.any.sheets`` is ``print_any_any_any_sheets``.

    Different keys give different slugs: only a key that has nothing but ``a-z 0-9 - .`` goes without a hash.
    """
    return key.replace(".", "_") if re.fullmatch(rf"[a-z0-9.-]{{1,{MOST_CHARACTERS}}}", key) else _hashed(key)


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    clean = re.sub(r"[^A-Za-z0-9-]+", "_", text)[: MOST_CHARACTERS - 16]
    return f"{clean}_{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is published, or what came in; an empty payload that is retained removes what the broker keeps."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The topics of one agent; ``base`` and ``prefix`` are the settings', ``agent`` is the agent's id."""

    base: str
    agent: str
    prefix: str

    @property
    def root(self) -> str:
        """Return what all of the agent's topics begin with."""
        return f"{self.base}/{slug(self.agent)}"

    @property
    def availability(self) -> str:
        """Return where ``online`` and ``offline`` are said."""
        return f"{self.root}/availability"

    @property
    def documents(self) -> str:
        """Return where every document goes."""
        return f"{self.root}/documents"

    @property
    def test(self) -> str:
        """Return where ``outputs test`` publishes."""
        return f"{self.root}/test"

    @property
    def acknowledgement(self) -> str:
        """Return where the back end acknowledges, unless a topic is set."""
        return f"{self.root}/ack"

    @property
    def commands(self) -> str:
        """Return the filter of what the devices' buttons send."""
        return self.device("+", "read", literal=True)

    @property
    def home_assistant(self) -> str:
        """Return where Home Assistant says that it has started."""
        return f"{self.prefix}/status"

    @property
    def announced(self) -> str:
        """Return the filter of all that this agent announced to Home Assistant."""
        return f"{self.prefix}/device/{self.node}/+/config"

    @property
    def node(self) -> str:
        """Return Home Assistant's name of the agent, also as an identifier."""
        return f"pagemeter_{slug(self.agent)}"

    def of_type(self, type_: str) -> str:
        """Return where documents of a type go that belong to no device: event, job, queue, state."""
        return f"{self.root}/{type_}"

    def batch(self, feed: str) -> str:
        """Return where batches go that want to be acknowledged."""
        return f"{self.root}/batch/{slug(feed)}"

    def device(self, device: str, what: str, *, literal: bool = False) -> str:
        """Return a topic of a device: state, values, event, read."""
        return f"{self.root}/device/{device if literal else slug(device)}/{what}"

    def config(self, device: str) -> str:
        """Return where a device is announced to Home Assistant."""
        return f"{self.prefix}/device/{self.node}/{slug(device)}/config"

    def device_of(self, topic: str) -> str | None:
        """Return the slug of the device that a command is for, or none where it is no command."""
        head, _, rest = topic.partition(f"{self.root}/device/")
        device, _, what = rest.partition("/")
        return device if not head and what == "read" and device == slug(device) else None
