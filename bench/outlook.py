"""How far off the days left are that a supply's outlook tells, and how often the truth lies in its interval.

    python bench/outlook.py [devices]

Simulates offices over 90 days: working days and weekends, days that differ, holidays, covers that differ, a refill when
a supply is used up. At each visit the outlook is held against what came true; prints the median error in days and pages
and the share of moments whose interval held the truth, for levels in whole per cent and in steps of ten.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import mean, median

from pagemeter.continuity.supplies import follow_supplies
from pagemeter.continuity.supply_memory import SupplyMemory
from pagemeter.continuity.usage import Usage
from pagemeter.model import (
    Device,
    DeviceSnapshot,
    Level,
    LevelState,
    Origin,
    Outlook,
    Scope,
    Supply,
    SupplyKind,
)

HISTORY = 90
AHEAD = 400
START = datetime(2026, 1, 5, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VISITS = (7, 11, 15, 19)
"""The hours of a day at which the device is visited."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """One device: pages by visit, what each page takes of the supply, and in which steps it tells the level."""

    pages: list[list[int]]
    share_of_page: list[float]
    yield_pages: int
    step: int
    rounding: str
    first: float


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Median errors as shares of the truth, and shares of moments whose interval held it."""

    moments: int
    days: float
    days_inside: float
    pages: float
    pages_inside: float


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What was told at one moment, and what came true."""

    at: datetime
    outlook: Outlook
    pages: int
    days: float
    left: float


def office(seed: int, *, step: int, volume: float = 0.3, coverage: float = 0.2) -> Office:
    """Make one: busy or quiet; ``volume`` and ``coverage`` say how much days differ (sigma of their logarithms)."""
    dice = random.Random(seed)
    usual = dice.choice([40, 120, 400, 1500])
    by_weekday = [dice.uniform(0.6, 1.4) for _ in range(5)] + dice.choice([[0.0, 0.0], [0.0, 0.0], [0.3, 0.05]])
    holidays: set[int] = set()
    day = dice.randrange(20, 120)
    while day < HISTORY + AHEAD:
        holidays |= set(range(day, day + dice.choice([3, 7, 14])))
        day += dice.randrange(60, 200)
    pages, shares = [], []
    for day in range(HISTORY + AHEAD):
        factor = by_weekday[day % 7] * dice.lognormvariate(0, volume) * (0.1 if day in holidays else 1)
        whole = round(usual * factor)
        cuts = sorted(dice.random() for _ in range(len(VISITS) - 1))
        marks = [0, *(round(whole * cut) for cut in cuts), whole]
        pages.append([b - a for a, b in pairwise(marks)])
        shares.append(dice.lognormvariate(0, coverage))
    # The supply lasts for 40 to 80 days, so that a history of 90 days has a refill in it.
    weekly = usual * sum(by_weekday)
    return Office(
        pages=pages,
        share_of_page=shares,
        yield_pages=round(weekly / 7 * dice.uniform(40, 80)),
        step=step,
        rounding=dice.choice(["floor", "ceil", "round"]),
        first=dice.uniform(0.3, 1.0),
    )


def told_level(left: float, one: Office) -> int:
    """Return the level in per cent as the device shows it."""
    steps = 100 * left / one.step
    whole = {"floor": int(steps), "ceil": -int(-steps // 1), "round": int(steps + 0.5)}[one.rounding]
    return max(0, min(100, whole * one.step))


def moments(one: Office) -> Iterator[Moment]:
    """Follow a device through its history, and say at each visit of it what was told and what came true."""
    taken = [page_share / one.yield_pages for page_share in one.share_of_page]
    left, usage = one.first, Usage()
    memory: tuple[SupplyMemory, ...] = ()
    visits = [(day, place) for day in range(HISTORY) for place in range(len(VISITS))]
    for day, place in visits:
        printed = one.pages[day][place]
        left -= printed * taken[day]
        if left <= 0.02:
            left = 1.0
        at = START + timedelta(days=day, hours=VISITS[place])
        usage = with_pages(usage, (at - EPOCH).days, printed)
        followed = follow_supplies(memory, snapshot(told_level(left, one), at), usage=usage)
        memory = followed.memory
        outlook = followed.supplies[0].outlook
        if outlook is not None:
            pages, days = truth(one, taken, day, place, left)
            yield Moment(at=at, outlook=outlook, pages=pages, days=days, left=left)


def with_pages(usage: Usage, day: int, pages: int) -> Usage:
    """Add pages to a day."""
    days = dict(usage.days)
    days[day] = days.get(day, 0) + pages
    return replace(usage, days=tuple(sorted(days.items())[-100:]))


def snapshot(percent: int, at: datetime) -> DeviceSnapshot:
    """Return a visit that finds one toner cartridge."""
    supply = Supply(
        index="1.1",
        kind=SupplyKind.CONSUMED,
        type="tonerCartridge",
        colorants=("black",),
        unit="percent",
        max_capacity=100,
        level=Level(state=LevelState.MEASURED, units=percent, percent=percent),
        origin=Origin(protocol="snmp", where="1.3.6.1.2.1.43.11.1.1.9.1.1"),
        at=at,
    )
    return DeviceSnapshot(
        device=Device(id="d1"),
        target="host://10.0.0.7",
        taken_at=at,
        scopes=frozenset({Scope.SUPPLIES}),
        supplies=(supply,),
    )


def truth(one: Office, taken: list[float], day: int, place: int, left: float) -> tuple[int, float]:
    """Print on until nothing is left; returns pages and days from the visit on."""
    pages, begin = 0, day + VISITS[place] / 24
    for later in range(day, HISTORY + AHEAD):
        for slot, printed in enumerate(one.pages[later]):
            if later == day and slot <= place:
                continue
            if printed * taken[later] >= left:
                share = left / (printed * taken[later])
                before = VISITS[slot - 1] / 24 if slot else 0.0
                now = later + before + share * (VISITS[slot] / 24 - before)
                return pages + round(share * printed), now - begin
            left -= printed * taken[later]
            pages += printed
    raise AssertionError("the simulation is too short")


def figures(devices: int, *, step: int, volume: float = 0.3, coverage: float = 0.2) -> Figures:
    """Hold the outlooks of so many devices against the truth."""
    told = [m for seed in range(devices) for m in moments(office(seed, step=step, volume=volume, coverage=coverage))]
    return Figures(
        moments=len(told),
        days=median(abs(m.outlook.days - m.days) / max(1.0, m.days) for m in told),
        days_inside=mean(m.outlook.days_low <= m.days <= m.outlook.days_high for m in told),
        pages=median(abs(m.outlook.pages - m.pages) / max(1, m.pages) for m in told),
        pages_inside=mean(m.outlook.pages_low <= m.pages <= m.outlook.pages_high for m in told),
    )


def main() -> None:
    """Print a line for calm and restless offices and either kind of level."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("devices", nargs="?", type=int, default=100)
    devices = parser.parse_args().devices
    for volume, coverage in ((0.3, 0.2), (0.5, 0.35)):
        for step in (1, 10):
            found = figures(devices, step=step, volume=volume, coverage=coverage)
            print(
                f"days differ by {volume:.0%}, covers by {coverage:.0%}, levels in steps of {step:>2} %: "
                f"{found.moments:,} moments; days off by {found.days:.1%} (inside {found.days_inside:.0%}), "
                f"pages off by {found.pages:.1%} (inside {found.pages_inside:.0%})"
            )


if __name__ == "__main__":
    main()
