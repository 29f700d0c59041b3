"""When the items and cycles of a configuration work, in words."""

from __future__ import annotations

from collections.abc import Iterator

from pagemeter.component import Form, Output
from pagemeter.config import AgentConfig
from pagemeter.config.notation import format_duration
from pagemeter.config.settings import ItemConfig, ScheduleSettings
from pagemeter.plugins import Kind


def when(item: ItemConfig, config: AgentConfig) -> str:
    """Say when an item works, in words."""
    match item.kind:
        case Kind.READER:
            return "in the cycles, each device that is known"
        case Kind.SOURCE:
            return _schedule(item.schedule or config.cycles.local)
    return _schedule(item.schedule)


def delivers(output: Output, schedule: ScheduleSettings | None) -> str:
    """Say when an output delivers, by the forms of its feeds."""
    forms = {feed.form for feed in output.feeds()}
    told = ((Form.EVERY, "documents as they come"), (Form.LATEST, "the latest of each device as it comes"))
    reports = [f"a report {_schedule(schedule)}"] if Form.REPORT in forms else []
    return ", ".join([words for form, words in told if form in forms] + reports) or "never: it has no feed"


def _schedule(schedule: ScheduleSettings | None) -> str:
    if schedule is None:
        return "never"
    if schedule.every is not None:
        return f"every {format_duration(schedule.every)}"
    days = ", ".join(str(day) for day in schedule.on) or "every day"
    return f"{days} at {schedule.at:%H:%M}" if schedule.at is not None else "never"


def cycles_of(config: AgentConfig) -> Iterator[tuple[str, str, str]]:
    """Yield each cycle: its name, when it comes round, and what it does."""
    cycles = config.cycles
    told = (
        ("meters", cycles.meters, "identity, meters, supplies and status of each known device"),
        ("alerts", cycles.alerts, "status and alerts of each known device"),
        ("jobs", cycles.jobs, "the job lists of each known device, where a reader reads them"),
        ("local", cycles.local, "the sources of this host"),
        ("status", cycles.status, "the agent's own status; nothing is sent to a device"),
    )
    for name, cycle, what in told:
        yield name, _schedule(cycle) if cycle.enabled else "switched off", what
