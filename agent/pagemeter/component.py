"""The contracts between the agent and its plugins.

The agent does around a component what all have in common (schedules, timeouts, retries, batching, masks,
statistics); a component does only its own work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeAlias, TypeVar, overload

from pydantic import BaseModel, ConfigDict, JsonValue

from pagemeter.clock import Clock
from pagemeter.ipp.message import IppMessage
from pagemeter.model import (
    AgentStatus,
    DeviceSnapshot,
    Document,
    FleetEntry,
    JobRecord,
    Link,
    Queue,
    Reading,
    Scope,
    Segment,
    Target,
)
from pagemeter.model.privacy import FreeText
from pagemeter.snmp.types import Oid, Walk

Memory: TypeAlias = Mapping[str, JsonValue]
Found: TypeAlias = Target | Segment | Link | Memory
"""What a discovery yields."""


class Form(StrEnum):
    """In which form a feed hands on: every document in order, only the latest per device, or a report of the fleet."""

    EVERY = "every"
    LATEST = "latest"
    REPORT = "report"


class Settings(BaseModel):
    """The base of all settings: frozen, closed, and its errors never quote a value."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAPrinter:
    """The device answers and is no printer; ``what`` says what it is, as far as it tells."""

    what: str


class Per(StrEnum):
    """What a Traffic's numbers are counted for."""

    RUN = "run"
    DEVICE = "device"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a component sends or takes in, for ``plan``.

    ``to`` is a host, an address, a range or words ("every printer that is known"); ``port`` is none where the peer
    chooses it; ``each_address`` says that every address of ``to`` is asked. ``packets`` and ``octets`` are the most
    that one run, one device or one delivery (``per``) needs, both ways together, absent where nobody can tell. ``why``
    says what for; ``carries`` what of the site's data or secrets is in it, such as "the community" or "the meters".
    """

    to: str
    port: int | None
    protocol: str = "udp"
    direction: Literal["out", "in"] = "out"
    packets: int | None = None
    octets: int | None = None
    per: Per = Per.RUN
    each_address: bool = False
    why: str = ""
    carries: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a visit wants: the scopes, what is known of the devices at that place, and the reader's own memory."""

    scopes: frozenset[Scope]
    known: tuple[DeviceSnapshot, ...] = ()
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a reader learned at one place: a reading a printer, jobs, what to remember, and when to come again."""

    readings: tuple[Reading, ...] = ()
    jobs: tuple[JobRecord, ...] = ()
    memory: Memory | None = None
    again_within: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a source read of a printer at ``target``; without readings it is there no more, or switched off."""

    target: Target
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A piece of a stream that can't be understood: where it stands, how long it is (octets), and why.

    ``text`` is kept only where the configuration allows job details in full; ``why`` must not quote it.
    """

    offset: int
    length: int
    why: str
    text: FreeText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A source's batch; ``cursor`` says how far ``stream`` was read and is kept in the batch's transaction.

    ``released`` are the offsets of pieces of this stream that were quarantined and are understood now. Jobs come with
    all that the source knows; what of them is kept is the agent's to decide (``agent.job_details``).
    Neither ``cursor`` nor a job's id may hold a person's name or a document's title.
    """

    stream: str
    cursor: JsonValue
    seen: tuple[Seen, ...] = ()
    queues: tuple[Queue, ...] = ()
    jobs: tuple[JobRecord, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    released: tuple[int, ...] = ()
    foreign: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One stream of an output with a position of its own; ``most`` documents a batch.

    ``history`` says whether a report carries what was kept since the last one; without it only the fleet. ``types``
    names the types of documents that its history is made of (``snapshot``, ``event``, ``job``, ``queue``), all of them
    if empty.
    """

    name: str
    form: Form = Form.EVERY
    most: int = 500
    history: bool = True
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What an output delivers at once; ``id`` is the same when it is tried again.

    ``period`` is how often the report is sent. ``fleet`` is filled for report feeds; their ``documents`` are what was
    kept since the last report that was taken. A report too long for one batch comes as several: ``part`` counts from
    1, ``last`` is true for the last one.
    """

    id: str
    feed: Feed
    period: timedelta | None = None
    agent: AgentStatus
    documents: Sequence[Document] = ()
    fleet: Sequence[FleetEntry] = ()
    part: int = 1
    last: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of ``outputs test``: what was tried (DNS, proxy, TCP, TLS ...), whether it went well, and what to do."""

    name: str
    ok: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """An address that answered a sweep, with the rows that it answered."""

    target: Target
    walk: Walk


class Snmp(Protocol):
    """SNMP through the fence, the packet budget and the credentials of the target's network.

    Every call raises Unreachable, AccessDenied or Unreadable. Nothing is ever set.
    """

    async def get(self, target: Target, oids: Sequence[Oid], *, within: float = 60.0) -> Walk:
        """Ask for single values in one packet where the device takes it; absent ones are not in the walk.

        What was not answered within so many seconds is named in ``missing``.
        """

    async def again(
        self,
        target: Target,
        rows: Mapping[Oid, int],
        *,
        proof: Sequence[Oid],
        ends: Mapping[Oid, Oid] = MappingProxyType({}),
        columns: Mapping[Oid, int] = MappingProxyType({}),
        within: float = 60.0,
    ) -> Walk:
        """Read once more what an earlier visit found, in as few packets as the device takes.

        ``rows`` maps single values to the octets that each took, 0 where it was absent. Every packet asks for those of
        ``proof``, too, which say whose they are: values of a packet that does not answer the proof, or answers it
        otherwise than the first one, are not in the walk but in ``missing``. ``ends`` maps columns to the last rows
        that they had (to themselves where they had none): other rows that are met in the column are in the walk, at
        least one where there is any behind the last. ``columns``
        are those whose rows come and go; they are read to their ends, so many rows are expected. Where the device falls
        silent on the way, or ``within`` seconds are over, what is left is in ``missing``.
        """

    async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = 60.0) -> Walk:
        """Read whole subtrees, for ``within`` seconds at most; one that was cut short is named in ``missing``."""

    async def columns(
        self, target: Target, columns: Mapping[Oid, int], *, instances: Sequence[Oid] = (), within: float = 60.0
    ) -> Walk:
        """Read columns, and single values beside them, in as few packets as the device takes.

        ``columns`` maps each to the rows that are expected, as of a visit before; one that has more is read to its end
        all the same. What is absent is not in the walk; what was cut short is named in ``missing``.
        """

    def broadcast(
        self, network: str | None, oid: Oid, *, found_by: str, seconds: float = 5.0
    ) -> AsyncIterator[Responder]:
        """Ask a local segment at once, by its directed broadcast, or all of them by 255.255.255.255 where none.

        Yields who answers from inside the fence, each once. It carries only communities that may be sent to the whole
        segment.
        """

    @overload
    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: None = None,
    ) -> AsyncIterator[Responder]: ...

    @overload
    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory,
    ) -> AsyncIterator[Responder | Memory]: ...

    def sweep(
        self,
        ranges: Sequence[str],
        oids: Sequence[Oid],
        *,
        found_by: str,
        progress: Callable[[int, int], None] | None = None,
        memory: Memory | None = None,
    ) -> AsyncIterator[Responder | Memory]:
        """Ask each address of the ranges that is inside the fence for the values; yield those that answer.

        ``progress`` is told how many addresses are done and how many there are. With a ``memory``, empty at first, it
        yields now and then what to remember: a sweep of the same ranges that is given it goes on from there.
        """


class Ipp(Protocol):
    """IPP through the fence and the packet budget: questions and subscriptions, nothing that prints or changes."""

    async def ask(self, uri: str, message: IppMessage, *, server: bool = False) -> IppMessage:
        """Ask a printer, or a print server that the settings name (``server``: the networks need not hold it).

        ``uri`` is ``ipp://host[:631]/path``, ``ipps://...`` or ``ipp+unix:///run/cups/cups.sock``, the latter for
        servers only. Raises Unreachable, AccessDenied or Unreadable; an answer whose status is an error is returned.
        """


class Services(Protocol):
    """What a component may use; its only way to the network, the clock and the agent."""

    @property
    def snmp(self) -> Snmp:
        """SNMP to devices."""

    @property
    def ipp(self) -> Ipp:
        """IPP to devices and print servers."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def agent(self) -> str:
        """The id of this agent, which never changes."""

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the settings refer to: that of the YAML file."""

    def allows(self, address: str) -> bool:
        """Say whether an IP address is inside the fence, quiet hours aside; false for what is no address."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The networks that were selected of what gateways list, such as ``10.4.0.0/22``; the fence holds them."""

    def read_soon(self, what: Target | str, scopes: frozenset[Scope], why: str) -> None:
        """Ask for a visit soon (a trap, a button) of a place, or of a device by its id; merged and rationed."""

    def progress(self, done: int, total: int | None) -> None:
        """Say how far a long work is."""


class Component(ABC):  # noqa: B024 - the abstract methods are those of the four kinds
    """An asynchronous context manager: entered and left by its supervisor, which reopens it after a failure."""

    async def __aenter__(self) -> Self:
        """Open what the component needs."""
        return self

    async def __aexit__(self, *exc_info: object) -> None:  # noqa: B027 - optional
        """Close it."""

    async def serve(self) -> None:  # noqa: B027 - optional
        """Run what goes on in the background; returns when there is nothing (more) to do, raises when it fails."""

    def traffic(self) -> Iterable[Traffic]:
        """Say what will be sent, for ``plan``; nothing unless overridden."""
        return ()


class Discovery(Component):
    """Finds places where printers may be."""

    @abstractmethod
    def discover(self, memory: Memory) -> AsyncIterator[Found]:
        """Yield targets, segments and links as they are found; a Memory says where to resume.

        Ends, or goes on for ever (mDNS); what one run linked replaces what the run before linked when it ends.
        """


class Reader(Component):
    """Reads one device over one protocol."""

    scopes: ClassVar[frozenset[Scope]]
    wakes: ClassVar[bool] = False

    @abstractmethod
    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        """Read what was asked; none where the device does not speak this protocol. Raises DeviceError."""


class Source(Component):
    """Gathers from something that is no single device: a spooler, a job log, traps."""

    @abstractmethod
    def collect(self, cursors: Mapping[str, JsonValue]) -> AsyncIterator[Gathered]:
        """Yield batches; the next one is asked for when this one is on the disk. Ends, or goes on for ever."""


class Output(Component):
    """Hands documents on."""

    @abstractmethod
    def feeds(self) -> Sequence[Feed]:
        """Name the feeds that this output wants."""

    @abstractmethod
    async def deliver(self, batch: Batch) -> None:
        """Deliver the whole batch, or raise DeliveryError."""

    async def test(self) -> AsyncIterator[Stage]:
        """Try the way to the receiver step by step, for ``outputs test``; ends with the first step that fails.

        Nothing that is owed is delivered by it; what is sent says that it is a test.
        """
        yield Stage(name="delivery", ok=True, text="this output can't be tested without delivering; nothing was tried")


C_co = TypeVar("C_co", bound=Component, covariant=True)
S = TypeVar("S", bound=Settings)

RESERVED = frozenset({"plugin", "name", "every", "on", "at", "timeout", "select", "mask", "hash", "only"})


class Factory(Generic[C_co]):
    """A component's name, the class of its settings and how it is built; generic in the component only."""

    def __init__(self, name: str, settings: type[S], build: Callable[[S, Services], C_co]) -> None:
        """Raise TypeError where the settings take a key that belongs to the agent."""
        if clash := RESERVED & settings.model_fields.keys():
            raise TypeError(f"{name}: {', '.join(sorted(clash))} belongs to the agent")
        self.name = name
        self.settings: type[Settings] = settings
        self._build: Callable[[Any, Services], C_co] = build

    def __call__(self, settings: Settings, services: Services) -> C_co:
        """Build the component from settings that were validated against ``settings``."""
        return self._build(settings, services)
