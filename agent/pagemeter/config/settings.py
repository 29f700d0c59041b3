"""What the YAML may say, and what it becomes: settings that are frozen, closed and describe themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from pagemeter.component import Settings
from pagemeter.config.notation import (
    Allowed,
    Duration,
    Elsewhere,
    Hashed,
    ItemName,
    Masked,
    Network,
    NeverAsked,
    Quiet,
    Selected,
    TimeOfDay,
    Weekday,
)
from pagemeter.config.snmp import NetworkCredentialSettings
from pagemeter.model.job import JobDetails
from pagemeter.net.credentials import IPNetwork
from pagemeter.plugins import Kind

DEFAULT_CYCLES = {
    "meters": timedelta(minutes=15),
    "alerts": timedelta(minutes=15),
    "jobs": timedelta(minutes=5),
    "local": timedelta(minutes=30),
    "status": timedelta(minutes=15),
}


class AgentSettings(Settings):
    """The agent itself."""

    site: str | None = Field(default=None, min_length=1, max_length=100, description="The site that reports name.")
    state: Path | None = Field(
        default=None,
        description="The folder of the state, relative to this file; the platform's folder if absent.",
    )
    packets_per_second: float = Field(
        default=500, ge=1, le=50_000, description="The most packets that are sent to devices in a second, all together."
    )
    bytes_per_second: float | None = Field(
        default=None,
        ge=1000,
        le=1_000_000_000,
        description="The most bytes of payload that are sent to devices and received from them in a second, on average "
        "and all together; without the headers of UDP, TCP and IP. No limit if absent.",
    )
    reads_at_once: int = Field(
        default=40, ge=1, le=1000, description="The most devices that are read at once, all together."
    )
    job_details: JobDetails = Field(
        default=JobDetails.OFF,
        description="What is kept of who printed what: `off` no owners, titles and hosts; `pseudonymous` keyed hashes "
        "of owner and host, no titles, times to the hour; `full` everything.",
    )


class NetworkSettings(Settings):
    """A network that may be asked. What is in none of them is never asked, whoever found it."""

    network: Network = Field(
        description="A network, an address, or `local`: the private networks that this host is attached to."
    )
    site: str | None = Field(default=None, min_length=1, max_length=100, description="The site of its devices.")
    packets_per_second: float | None = Field(
        default=None, ge=1, le=50_000, description="The most packets that are sent to this network in a second."
    )
    bytes_per_second: float | None = Field(
        default=None,
        ge=1000,
        le=1_000_000_000,
        description="The most bytes of payload that are sent to this network and received from it in a second, on "
        "average.",
    )
    reads_at_once: int | None = Field(
        default=None, ge=1, le=1000, description="The most devices of this network that are read at once."
    )
    requests_per_device: int = Field(
        default=1, ge=1, le=10, description="The most requests that one device of this network has to answer at once."
    )
    quiet: Quiet | None = Field(default=None, description="Local hours in which nothing is asked.")
    never: tuple[NeverAsked, ...] = Field(default=(), description="Addresses and networks in it that are left alone.")
    answers_from: tuple[Elsewhere, ...] = Field(
        default=(),
        description="Addresses in it that answer from another address of it, as routers with a virtual address do; "
        "from all others only what the asked address sends is an answer.",
    )

    @model_validator(mode="after")
    def _holds_what_answers(self) -> Self:
        if isinstance(self.network, IPNetwork):
            for address in self.answers_from:
                if address not in self.network:
                    raise ValueError(f"answers_from: {address} is not in {self.network}; write it where its network is")
        return self


class ScheduleSettings(Settings):
    """When something is done: ever so often, or at a local time on some weekdays."""

    every: Duration | None = Field(default=None, description="How often; or set `at`.")
    on: tuple[Weekday, ...] = Field(default=(), description="The weekdays on which `at` counts; all if absent.")
    at: TimeOfDay | None = Field(default=None, description="The local time of day.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if self.every is not None and self.at is not None:
            raise ValueError("set either every or at")
        if self.on and self.at is None:
            raise ValueError('on needs at, such as at: "02:00"')
        return self

    @property
    def weekdays(self) -> frozenset[int]:
        """The days as datetime counts them (0 is Monday); empty when all are meant."""
        return frozenset(list(Weekday).index(day) for day in self.on)

    @property
    def says_nothing(self) -> bool:
        """Whether neither is set."""
        return self.every is None and self.at is None


class CycleSettings(ScheduleSettings):
    """One of the agent's own cycles."""

    enabled: bool = Field(default=True, description="Whether it runs.")


def _cycle(name: str, what: str) -> CycleSettings:
    default: CycleSettings = Field(default=CycleSettings(every=DEFAULT_CYCLES[name]), description=what)
    return default


class CyclesSettings(Settings):
    """The agent's own cycles; each visits the devices that are known, not the ranges."""

    meters: CycleSettings = _cycle("meters", "Reads meters and supplies.")
    alerts: CycleSettings = _cycle("alerts", "Reads status and alerts.")
    jobs: CycleSettings = _cycle("jobs", "Reads the devices' own lists of jobs.")
    local: CycleSettings = _cycle("local", "Asks the sources of this host.")
    status: CycleSettings = _cycle("status", "Reports the agent's own status.")

    @field_validator("*")
    @classmethod
    def _keeps_its_default(cls, cycle: CycleSettings, info: ValidationInfo) -> CycleSettings:
        """Leave the schedule as it was where only `enabled` is set."""
        if cycle.says_nothing and info.field_name is not None:
            return cycle.model_copy(update={"every": DEFAULT_CYCLES[info.field_name]})
        return cycle


class CoreSettings(Settings):
    """The sections that are no lists of plugins."""

    agent: AgentSettings = Field(default=AgentSettings(), description="The agent itself.")
    networks: tuple[NetworkSettings, ...] = Field(
        default=(), description="The fence: nothing outside of these networks is asked."
    )
    credentials: tuple[NetworkCredentialSettings, ...] = Field(
        default=(), description="What to log in with, tried in order."
    )
    cycles: CyclesSettings = Field(default=CyclesSettings(), description="When devices are visited.")


class ItemSettings(Settings):
    """What the agent takes for any item, whatever its plugin."""

    plugin: str = Field(description="The plugin, as `pagemeter plugins` lists it.")
    name: ItemName | None = Field(
        default=None, description="What logs and the state call this item; the plugin's name if absent."
    )
    timeout: Duration | None = Field(default=None, description="How long one call may take.")


class ReaderItem(ItemSettings):
    """A reader: asked in each visit, in the order of the YAML."""


class DiscoveryItem(ItemSettings, ScheduleSettings):
    """A discovery: every 12h unless a schedule says otherwise."""

    select: tuple[Selected, ...] = Field(
        default=(),
        description="Segments, of those that this discovery lists, that may be asked; they join `networks`, and "
        "`ranges: [segments]` of a sweep searches them.",
    )


class SourceItem(ItemSettings, ScheduleSettings):
    """A source: with the local cycle unless a schedule of its own is set."""


class OutputItem(ItemSettings, ScheduleSettings):
    """An output: reports leave every 1h unless a schedule says otherwise, documents as they come."""

    only: tuple[Allowed, ...] = Field(
        default=(),
        description="The types of documents (snapshot, event, job, queue, agent) and the fields that may leave; "
        "everything if absent.",
    )
    mask: tuple[Masked, ...] = Field(
        default=(),
        description="Fields, or categories of fields (person, address, serial, free-text), that never leave.",
    )
    hash: tuple[Hashed, ...] = Field(
        default=(),
        description="Texts, or categories of them, that leave only as a keyed hash (16 hexadecimal digits).",
    )


ITEM_SETTINGS: dict[Kind, type[ItemSettings]] = {
    Kind.DISCOVERY: DiscoveryItem,
    Kind.READER: ReaderItem,
    Kind.SOURCE: SourceItem,
    Kind.OUTPUT: OutputItem,
}
DEFAULT_SCHEDULES = {
    Kind.DISCOVERY: ScheduleSettings(every=timedelta(hours=12)),
    Kind.OUTPUT: ScheduleSettings(every=timedelta(hours=1)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemConfig:
    """One item of the YAML: a plugin, its settings and what the agent does around it.

    ``settings`` is none where the plugin can't be loaded; ``broken`` says why, and the rest runs. Settings may hold
    what came from a secret as plain text (a URL), so they are not in the repr.
    """

    kind: Kind
    plugin: str
    name: str
    settings: Settings | None = field(default=None, repr=False)
    schedule: ScheduleSettings | None = None
    timeout: timedelta | None = None
    select: tuple[IPNetwork, ...] = ()
    only: tuple[str, ...] = ()
    mask: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    where: str = ""
    broken: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """What the agent shall do; relative paths are meant from ``folder``."""

    path: Path
    agent: AgentSettings = field(default_factory=AgentSettings)
    networks: tuple[NetworkSettings, ...] = ()
    credentials: tuple[NetworkCredentialSettings, ...] = ()
    discoveries: tuple[ItemConfig, ...] = ()
    readers: tuple[ItemConfig, ...] = ()
    sources: tuple[ItemConfig, ...] = ()
    outputs: tuple[ItemConfig, ...] = ()
    cycles: CyclesSettings = field(default_factory=CyclesSettings)

    @property
    def folder(self) -> Path:
        """The folder of the YAML file."""
        return self.path.parent

    @property
    def items(self) -> tuple[ItemConfig, ...]:
        """All items, section by section."""
        return self.discoveries + self.readers + self.sources + self.outputs
