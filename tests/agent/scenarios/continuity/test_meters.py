"""What becomes of a counter over time: each row is a story, told by a printer on the wire and kept by a whole agent."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from pagemeter.model import Event, MeterFrozen, MeterReset, MeterSuspicious, MeterUnitChanged, Quality

TOTAL = "total.any.any.any.impressions"
SHEETS = "total.any.any.any.sheets"
UNNAMED = "total.any.any.any.other"
POWER_ON = f"{TOTAL}+power-on"
ENGINE_1, ENGINE_2 = f"{TOTAL}@1", f"{TOTAL}@2"
CODE = f"{TOTAL}#service-count"
KYOCERA = "1.3.6.1.4.1.1347.41"
FULL = 2**32
DAY = 24 * 60
UNITS = {"impressions": 7, "sheets": 8, "hours": 11, "micrometres": 4, None: None}


@dataclass(frozen=True)
class Visit:
    """What the printer shows when it is read, and how much time passed since the visit before."""

    facts: dict[str, Any]
    passed: timedelta = timedelta()
    clock_set_by: timedelta = timedelta()
    place: int = 0


@dataclass(frozen=True)
class Story:
    """What happens, visit by visit, and what must come of it."""

    title: str
    facts: dict[str, Any] = field(default_factory=lambda: {"uptime": timedelta(hours=30)})
    visits: tuple[Visit, ...] = ()
    waited: timedelta = timedelta()
    clock_set_by: timedelta = timedelta()
    place: int = 0
    runs: dict[str, list[str]] = field(default_factory=dict)
    deltas: dict[str, list[int | None]] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    doubted: tuple[int, ...] = ()

    # ---- what happens

    def shows(self, life: int | None = None, **facts: Any) -> Story:
        """Let the printer be read with a life count, and whatever else changed."""
        unit = {"unit": UNITS[facts.pop("unit")]} if "unit" in facts else {}
        now = {**self.facts, **facts, **unit, "life": life}
        visit = Visit(facts=now, passed=self.waited, clock_set_by=self.clock_set_by, place=self.place)
        lasting = {name: value for name, value in now.items() if name not in ("cut_short", "printing", "asleep")}
        return replace(self, facts=lasting, visits=(*self.visits, visit), waited=timedelta(), clock_set_by=timedelta())

    def after(self, *, minutes: float = 0, days: float = 0) -> Story:
        """Let time pass; the printer runs on meanwhile."""
        passed = timedelta(minutes=minutes, days=days)
        facts = {**self.facts, "uptime": self.facts["uptime"] + passed}
        return replace(self, facts=facts, waited=self.waited + passed)

    def power_cycled(self, *, minutes: float = 15, up: float = 5) -> Story:
        """Let time pass, with a power cycle in it."""
        facts = {**self.facts, "uptime": timedelta(minutes=up)}
        return replace(self, facts=facts, waited=self.waited + timedelta(minutes=minutes))

    def clock_set(self, **by: float) -> Story:
        """Set the agent's wall clock."""
        return replace(self, clock_set_by=timedelta(**by))

    def moved_to(self, place: int) -> Story:
        """Give the printer its second address."""
        return replace(self, place=place)

    # ---- what must come of it

    def runs_of(self, key: str, *runs: str) -> Story:
        """Each run of the ledger reads ``1: 1000 > 1010 counted 10, found`` and ``, ended by`` where it ended."""
        return replace(self, runs={**self.runs, key: list(runs)})

    def counts(self, *deltas: int | None, key: str = TOTAL) -> Story:
        """Name the delta of each visit, none where the counter was not followed."""
        return replace(self, deltas={**self.deltas, key: list(deltas)})

    def tells(self, *events: str) -> Story:
        """Name the events, all of them: ``reset 1000 > 12 because all 2``."""
        return replace(self, told=events)

    def doubts(self, *values: int) -> Story:
        """Name the values that are read as suspicious."""
        return replace(self, doubted=values)


def a_printer(title: str, **facts: Any) -> Story:
    """Begin a story with a printer that runs since 30 hours."""
    story = Story(title)
    return replace(story, facts={**story.facts, **facts})


STORIES = [
    # ---- the normal way
    a_printer("first sight begins a run and counts nothing")
    .shows(1000)
    .counts(0)
    .runs_of(TOTAL, "1: 1000 > 1000 counted 0, found"),
    a_printer("a counter goes on")
    .shows(1000)
    .after(minutes=15)
    .shows(1012)
    .after(minutes=15)
    .shows(1020)
    .counts(0, 12, 8)
    .runs_of(TOTAL, "1: 1000 > 1020 counted 20, found"),
    a_printer("the same value again counts nothing")
    .shows(1000)
    .after(minutes=15)
    .shows(1000)
    .after(minutes=15)
    .shows(1000)
    .counts(0, 0, 0)
    .runs_of(TOTAL, "1: 1000 > 1000 counted 0, found"),
    a_printer("a new printer begins at 0")
    .shows(0)
    .after(minutes=15)
    .shows(0)
    .after(minutes=15)
    .shows(25)
    .counts(0, 0, 25)
    .runs_of(TOTAL, "1: 0 > 25 counted 25, found"),
    a_printer("a device that was silent for three months may have printed much")
    .shows(1000)
    .after(days=90)
    .shows(61_000)
    .counts(0, 60_000)
    .runs_of(TOTAL, "1: 1000 > 61000 counted 60000, found"),
    a_printer("a counter that is missing in one visit goes on in the same run")
    .shows(1000, power_on=5)
    .after(minutes=15)
    .shows(None, power_on=9)
    .after(minutes=15)
    .shows(1010, power_on=15)
    .counts(0, 10)
    .runs_of(TOTAL, "1: 1000 > 1010 counted 10, found"),
    a_printer("a known printer is asked for its counters by name, also when its walk would be cut short")
    .shows(1000)
    .after(minutes=15)
    .shows(1005, cut_short=True)
    .after(minutes=15)
    .shows(1010)
    .counts(0, 5, 5)
    .runs_of(TOTAL, "1: 1000 > 1010 counted 10, found"),
    # ---- volatile tails
    a_printer("a power cycle takes the last pages, and they are not counted twice")
    .shows(1000)
    .power_cycled()
    .shows(995)
    .after(minutes=15)
    .shows(998)
    .after(minutes=15)
    .shows(1003)
    .counts(0, 0, 0, 3)
    .tells("volatile-tail 1000 > 995 because the device was restarted, and only 5 are missing")
    .runs_of(TOTAL, "1: 1000 > 1003 counted 3, found"),
    a_printer("nine pages are a tail")
    .shows(1000)
    .power_cycled()
    .shows(991)
    .after(minutes=15)
    .shows(1001)
    .counts(0, 0, 1)
    .tells("volatile-tail 1000 > 991")
    .runs_of(TOTAL, "1: 1000 > 1001 counted 1, found"),
    a_printer("two tails one after the other are taken from the same high")
    .shows(1000)
    .power_cycled()
    .shows(995)
    .power_cycled(up=3)
    .shows(990)
    .after(minutes=15)
    .shows(1002)
    .counts(0, 0, 0, 2)
    .tells("volatile-tail 1000 > 995", "volatile-tail 995 > 990")
    .runs_of(TOTAL, "1: 1000 > 1002 counted 2, found"),
    a_printer("a power cycle long ago is seen by an up time that is shorter than the silence")
    .shows(1000)
    .power_cycled(minutes=10 * DAY, up=31 * 60)
    .shows(996)
    .counts(0, 0)
    .tells("volatile-tail 1000 > 996 because the device was restarted")
    .runs_of(TOTAL, "1: 1000 > 996 counted 0, found"),
    a_printer("some pages less without a restart are not counted again either")
    .shows(1000)
    .after(minutes=15)
    .shows(996)
    .after(minutes=15)
    .shows(1001)
    .counts(0, 0, 1)
    .tells("volatile-tail 1000 > 996 because no restart was seen")
    .runs_of(TOTAL, "1: 1000 > 1001 counted 1, found"),
    # ---- resets
    a_printer("a reset to 0 begins a new run")
    .shows(5000)
    .power_cycled()
    .shows(0)
    .after(minutes=15)
    .shows(20)
    .counts(0, 0, 20)
    .tells("reset 5000 > 0 because it began at or near 0")
    .runs_of(TOTAL, "1: 5000 > 5000 counted 0, found, reset", "2: 0 > 20 counted 20, reset"),
    a_printer("a reset that has counted some pages already counts none of them")
    .shows(4000)
    .after(minutes=15)
    .shows(5000)
    .after(minutes=15)
    .shows(12)
    .after(minutes=15)
    .shows(30)
    .counts(0, 1000, 0, 18)
    .tells("reset 5000 > 12")
    .runs_of(TOTAL, "1: 4000 > 5000 counted 1000, found, reset", "2: 12 > 30 counted 18, reset"),
    a_printer("eight pages to none without a restart is a reset and no tail")
    .shows(8)
    .after(minutes=15)
    .shows(0)
    .counts(0, 0)
    .tells("reset 8 > 0")
    .runs_of(TOTAL, "1: 8 > 8 counted 0, found, reset", "2: 0 > 0 counted 0, reset"),
    a_printer("two resets are three runs")
    .shows(5000)
    .after(minutes=15)
    .shows(3)
    .after(minutes=15)
    .shows(600)
    .after(minutes=15)
    .shows(1)
    .counts(0, 0, 597, 0)
    .tells("reset 5000 > 3", "reset 600 > 1")
    .runs_of(
        TOTAL,
        "1: 5000 > 5000 counted 0, found, reset",
        "2: 3 > 600 counted 597, reset, reset",
        "3: 1 > 1 counted 0, reset",
    ),
    # ---- replacements
    a_printer("a board with another MAC brings its own count")
    .shows(50_000)
    .power_cycled()
    .shows(812, mac="02504d0000ff")
    .after(minutes=15)
    .shows(830)
    .counts(0, 0, 18)
    .tells("replacement 50000 > 812 because the MAC address changed with it")
    .runs_of(TOTAL, "1: 50000 > 50000 counted 0, found, replacement", "2: 812 > 830 counted 18, replacement"),
    a_printer("an engine with other colorants brings its own count")
    .shows(50_000)
    .power_cycled()
    .shows(10, colorants=4)
    .counts(0, 0)
    .tells("replacement 50000 > 10 because the print engine changed with it")
    .runs_of(TOTAL, "1: 50000 > 50000 counted 0, found, replacement", "2: 10 > 10 counted 0, replacement"),
    a_printer("a fall to where no reset leads is another part's count")
    .shows(50_000)
    .after(minutes=15)
    .shows(32_000)
    .counts(0, 0)
    .tells("replacement 50000 > 32000 because a reset leads to 0 and not here")
    .runs_of(TOTAL, "1: 50000 > 50000 counted 0, found, replacement", "2: 32000 > 32000 counted 0, replacement"),
    a_printer("a board with a higher count bills nothing of it")
    .shows(10_000)
    .power_cycled()
    .shows(80_000, mac="02504d0000ff")
    .after(minutes=15)
    .shows(80_010)
    .counts(0, 0, 10)
    .tells("suspicious 10000 > 80000 because the MAC address changed with it")
    .runs_of(TOTAL, "1: 10000 > 10000 counted 0, found, replacement", "2: 80000 > 80010 counted 10, replacement"),
    a_printer("a second network interface is no other board")
    .shows(1000)
    .after(minutes=15)
    .shows(1001, second_mac="02504d000002")
    .counts(0, 1)
    .runs_of(TOTAL, "1: 1000 > 1001 counted 1, found"),
    # ---- falls that were none
    a_printer("a 0 that is read once while the device starts is taken back")
    .shows(50_000)
    .power_cycled()
    .shows(0)
    .after(minutes=15)
    .shows(50_010)
    .after(minutes=15)
    .shows(50_015)
    .counts(0, 0, 10, 5)
    .tells("reset 50000 > 0", "suspicious 0 > 50010 because it goes on where it stood before it fell")
    .runs_of(TOTAL, "1: 50000 > 50015 counted 15, found", "2: 0 > 0 counted 0, reset, taken-back"),
    a_printer("a 0 that is read once a day is taken back too")
    .shows(50_000)
    .power_cycled(minutes=DAY)
    .shows(0)
    .after(days=1)
    .shows(50_400)
    .counts(0, 0, 400)
    .tells("reset 50000 > 0", "suspicious 0 > 50400")
    .runs_of(TOTAL, "1: 50000 > 50400 counted 400, found", "2: 0 > 0 counted 0, reset, taken-back"),
    a_printer("an old board that is put in again goes on where it stood")
    .shows(50_000)
    .power_cycled()
    .shows(3, mac="02504d0000ff")
    .after(days=10)
    .shows(800)
    .power_cycled()
    .shows(50_004, mac="02504d000001")
    .after(minutes=15)
    .shows(50_900)
    .counts(0, 0, 797, 0, 103)
    .tells("replacement 50000 > 3", "suspicious 800 > 50004")
    .runs_of(TOTAL, "1: 50000 > 50900 counted 103, found", "2: 3 > 800 counted 797, replacement, taken-back"),
    a_printer("a board that is back is known by where it stands, not by what was counted without it")
    .shows(50_000)
    .power_cycled()
    .shows(3, mac="02504d0000ff")
    .after(days=10)
    .shows(800)
    .power_cycled()
    .shows(50_004, mac="02504d000001")
    .power_cycled()
    .shows(0)
    .after(minutes=15)
    .shows(50_900)
    .counts(0, 0, 797, 0, 0, 103)
    .tells("replacement 50000 > 3", "suspicious 800 > 50004", "reset 50004 > 0", "suspicious 0 > 50900")
    .runs_of(
        TOTAL,
        "1: 50000 > 50900 counted 103, found",
        "2: 3 > 800 counted 797, replacement, taken-back",
        "3: 0 > 0 counted 0, reset, taken-back",
    ),
    a_printer("a reset after one that was taken back gets a number of its own")
    .shows(50_000)
    .after(minutes=15)
    .shows(0)
    .after(minutes=15)
    .shows(50_001)
    .after(minutes=15)
    .shows(7)
    .counts(0, 0, 1, 0)
    .tells("reset 50000 > 0", "suspicious 0 > 50001", "reset 50001 > 7")
    .runs_of(
        TOTAL,
        "1: 50000 > 50001 counted 1, found, reset",
        "2: 0 > 0 counted 0, reset, taken-back",
        "3: 7 > 7 counted 0, reset",
    ),
    a_printer("after a fall it goes on where it stands, and not far below at a run of long ago")
    .shows(100)
    .after(minutes=15)
    .shows(500_000, mac="02504d0000ff")
    .after(days=200)
    .shows(300_000)
    .after(minutes=15)
    .shows(300_020)
    .counts(0, 0, 0, 20)
    .tells("suspicious 100 > 500000 because the MAC address changed", "replacement 500000 > 300000")
    .runs_of(
        TOTAL,
        "1: 100 > 100 counted 0, found, replacement",
        "2: 500000 > 500000 counted 0, replacement, replacement",
        "3: 300000 > 300020 counted 20, replacement",
    ),
    a_printer("a value that jumps above the run of a year ago is held as any other one")
    .shows(90_000)
    .after(minutes=15)
    .shows(3)
    .after(days=1)
    .shows(50)
    .after(days=365)
    .shows(1700)
    .after(minutes=15)
    .shows(400_000)
    .after(minutes=15)
    .shows(1710)
    .counts(0, 0, 47, 1650, 0, 10)
    .doubts(400_000)
    .tells("reset 90000 > 3", "suspicious 1700 > 400000", "suspicious 400000 > 1710 because the value before")
    .runs_of(TOTAL, "1: 90000 > 90000 counted 0, found, reset", "2: 3 > 1710 counted 1707, reset"),
    # ---- wraps
    a_printer("a counter of 32 bits begins anew and its run goes on")
    .shows(FULL - 100)
    .after(minutes=15)
    .shows(50)
    .after(minutes=15)
    .shows(60)
    .counts(0, 150, 10)
    .tells("wrap 4294967196 > 50 because a counter of 32 bits begins anew at 0; 150 were counted")
    .runs_of(TOTAL, "1: 4294967196 > 60 counted 160, found"),
    a_printer("a length in micrometres wraps within a quarter of an hour")
    .shows(FULL - 50_000_000, unit="micrometres")
    .after(minutes=15)
    .shows(20_000_000)
    .counts(0, 70_000_000, key="total.any.any.any.micrometres")
    .tells("wrap 4244967296 > 20000000")
    .runs_of("total.any.any.any.micrometres", "1: 4244967296 > 20000000 counted 70000000, found"),
    a_printer("a fall from 2^31 is no wrap, for no counter of SNMP ends there")
    .shows(2**31 - 100)
    .after(minutes=15)
    .shows(50)
    .counts(0, 0)
    .tells("reset 2147483548 > 50")
    .runs_of(TOTAL, "1: 2147483548 > 2147483548 counted 0, found, reset", "2: 50 > 50 counted 0, reset"),
    a_printer("a fall from 9,999,990 is no wrap, for nobody knows how many digits there are")
    .shows(9_999_990)
    .after(minutes=15)
    .shows(10)
    .counts(0, 0)
    .tells("reset 9999990 > 10")
    .runs_of(TOTAL, "1: 9999990 > 9999990 counted 0, found, reset", "2: 10 > 10 counted 0, reset"),
    # ---- units
    a_printer("impressions become sheets: another meter, and nothing is converted")
    .shows(1000, unit="impressions")
    .after(minutes=15)
    .shows(1010)
    .after(minutes=15)
    .shows(600, unit="sheets")
    .after(minutes=15)
    .shows(604)
    .counts(0, 10)
    .counts(0, 4, key=SHEETS)
    .tells("unit total.any.any.any.impressions 1010 > total.any.any.any.sheets 600")
    .runs_of(TOTAL, "1: 1000 > 1010 counted 10, found, unit-changed")
    .runs_of(SHEETS, "1: 600 > 604 counted 4, unit-changed"),
    a_printer("a unit that was not told at first")
    .shows(1000, unit=None)
    .after(minutes=15)
    .shows(1004, unit="impressions")
    .counts(0, key=UNNAMED)
    .counts(0)
    .tells("unit total.any.any.any.other 1000 > total.any.any.any.impressions 1004")
    .runs_of(UNNAMED, "1: 1000 > 1000 counted 0, found, unit-changed")
    .runs_of(TOTAL, "1: 1004 > 1004 counted 0, unit-changed"),
    a_printer("a unit that comes back begins a run of its own")
    .shows(1000)
    .after(minutes=15)
    .shows(600, unit="sheets")
    .after(minutes=15)
    .shows(1020, unit="impressions")
    .counts(0, 0)
    .counts(0, key=SHEETS)
    .tells(
        "unit total.any.any.any.impressions 1000 > total.any.any.any.sheets 600",
        "unit total.any.any.any.sheets 600 > total.any.any.any.impressions 1020",
    )
    .runs_of(TOTAL, "1: 1000 > 1000 counted 0, found, unit-changed", "2: 1020 > 1020 counted 0, unit-changed")
    .runs_of(SHEETS, "1: 600 > 600 counted 0, unit-changed, unit-changed"),
    # ---- steps that can't be
    a_printer("a value that jumps up and falls back is not counted")
    .shows(1000)
    .after(minutes=15)
    .shows(901_000)
    .after(minutes=15)
    .shows(1010)
    .counts(0, 0, 10)
    .doubts(901_000)
    .tells("suspicious 1000 > 901000 because 900,000 more in 15 minutes", "suspicious 901000 > 1010 because the value")
    .runs_of(TOTAL, "1: 1000 > 1010 counted 10, found"),
    a_printer("a jump that the next read confirms is counted, and told twice")
    .shows(1000)
    .after(minutes=15)
    .shows(901_000)
    .after(minutes=15)
    .shows(901_007)
    .after(minutes=15)
    .shows(901_010)
    .counts(0, 0, 900_007, 3)
    .doubts(901_000)
    .tells("suspicious 1000 > 901000", "suspicious 1000 > 901007 because the read after it confirms the step")
    .runs_of(TOTAL, "1: 1000 > 901010 counted 900010, found"),
    a_printer("2^31 - 1 is no count, however often it is read")
    .shows(1000)
    .after(minutes=15)
    .shows(2**31 - 1)
    .after(minutes=15)
    .shows(2**31 - 1)
    .after(days=30)
    .shows(2**31 - 1)
    .after(minutes=15)
    .shows(1300)
    .counts(0, 0, 0, 0, 300)
    .doubts(*[2**31 - 1] * 3)
    .tells("suspicious 1000 > 2147483647", "suspicious 2147483647 > 1300")
    .runs_of(TOTAL, "1: 1000 > 1300 counted 300, found"),
    a_printer("2^31 - 1 begins no run")
    .shows(2**31 - 1)
    .after(minutes=15)
    .shows(1000)
    .after(minutes=15)
    .shows(1005)
    .counts(None, 0, 5)
    .doubts(2**31 - 1)
    .runs_of(TOTAL, "1: 1000 > 1005 counted 5, found"),
    a_printer("more than a year's pages at once are never counted; after a day they are another count")
    .shows(1000)
    .after(minutes=15)
    .shows(700_000_000)
    .after(minutes=15)
    .shows(700_000_010)
    .after(days=1)
    .shows(700_000_200)
    .after(minutes=15)
    .shows(700_000_207)
    .counts(0, 0, 0, 0, 7)
    .doubts(700_000_000, 700_000_010)
    .tells("suspicious 1000 > 700000000", "suspicious 1000 > 700000200 because it stands there for a day")
    .runs_of(TOTAL, "1: 1000 > 1000 counted 0, found, jumped", "2: 700000200 > 700000207 counted 7, jumped"),
    a_printer("a first sight of 0 jumps to where the counter really stands, and nothing of it is counted")
    .shows(0)
    .after(minutes=15)
    .shows(120_000)
    .after(minutes=15)
    .shows(120_010)
    .after(minutes=15)
    .shows(120_025)
    .counts(0, 0, 0, 15)
    .doubts(120_000)
    .tells("suspicious 0 > 120000", "suspicious 0 > 120010 because the 0 before was told while")
    .runs_of(TOTAL, "1: 0 > 0 counted 0, found, jumped", "2: 120010 > 120025 counted 15, jumped"),
    a_printer("garbage that differs each time is never counted")
    .shows(1000)
    .after(minutes=15)
    .shows(1_900_000_000)
    .after(minutes=15)
    .shows(700_000_000)
    .after(minutes=15)
    .shows(1_200_000_000)
    .after(minutes=15)
    .shows(1001)
    .counts(0, 0, 0, 0, 1)
    .doubts(1_900_000_000, 700_000_000, 1_200_000_000)
    .tells(
        "suspicious 1000 > 1900000000",
        "suspicious 1900000000 > 700000000 because neither",
        "suspicious 1200000000 > 1001",
    )
    .runs_of(TOTAL, "1: 1000 > 1001 counted 1, found"),
    a_printer("a press that is faster than thought is counted, and doubted once")
    .shows(1000)
    .after(minutes=15)
    .shows(6000)
    .after(minutes=15)
    .shows(11_000)
    .after(minutes=15)
    .shows(16_000)
    .after(minutes=15)
    .shows(21_000)
    .counts(0, 0, 10_000, 5000, 5000)
    .doubts(6000)
    .tells("suspicious 1000 > 6000", "suspicious 1000 > 11000")
    .runs_of(TOTAL, "1: 1000 > 21000 counted 20000, found"),
    a_printer("a reset while a value is held is told, and the value is forgotten")
    .shows(5000)
    .after(minutes=15)
    .shows(900_000)
    .after(minutes=15)
    .shows(4)
    .counts(0, 0, 0)
    .doubts(900_000)
    .tells("suspicious 5000 > 900000", "reset 5000 > 4")
    .runs_of(TOTAL, "1: 5000 > 5000 counted 0, found, reset", "2: 4 > 4 counted 0, reset"),
    # ---- clocks
    a_printer("a clock that was set back makes no time negative, and what the device counted counts")
    .shows(1000)
    .after(minutes=30)
    .clock_set(hours=-24)
    .shows(1400)
    .after(minutes=15)
    .shows(1410)
    .counts(0, 400, 10)
    .runs_of(TOTAL, "1: 1000 > 1410 counted 410, found"),
    a_printer("a reset after the clock was set back comes after the run before it")
    .shows(5000)
    .after(minutes=15)
    .clock_set(days=-400)
    .shows(4)
    .counts(0, 0)
    .tells("reset 5000 > 4")
    .runs_of(TOTAL, "1: 5000 > 5000 counted 0, found, reset", "2: 4 > 4 counted 0, reset"),
    a_printer("a clock that was set forward by years changes no count")
    .shows(1000)
    .after(minutes=15)
    .clock_set(days=3650)
    .shows(1010)
    .after(minutes=15)
    .clock_set(days=-3650)
    .shows(1020)
    .counts(0, 10, 10)
    .runs_of(TOTAL, "1: 1000 > 1020 counted 20, found"),
    # ---- counters of other kinds
    a_printer("a power-on counter has a run each start, and no event")
    .shows(1000, power_on=40)
    .power_cycled()
    .shows(1003, power_on=3)
    .after(minutes=15)
    .shows(1010, power_on=10)
    .power_cycled(up=2)
    .shows(1030, power_on=20)
    .counts(0, 0, 7, 0, key=POWER_ON)
    .runs_of(TOTAL, "1: 1000 > 1030 counted 30, found")
    .runs_of(
        POWER_ON,
        "1: 40 > 40 counted 0, found, power-on",
        "2: 3 > 10 counted 7, power-on, power-on",
        "3: 20 > 20 counted 0, power-on",
    ),
    a_printer(
        "sysUpTime begins anew after 497 days, and that is no restart", uptime=timedelta(seconds=2**32 / 100 - 300)
    )
    .shows(1000, power_on=40)
    .after(minutes=15)
    .shows(1003, power_on=43)
    .counts(0, 3, key=POWER_ON)
    .runs_of(TOTAL, "1: 1000 > 1003 counted 3, found")
    .runs_of(POWER_ON, "1: 40 > 43 counted 3, found"),
    a_printer("two engines have a run each, and one of them may fall alone")
    .shows(1000, life_2=7000)
    .after(minutes=15)
    .shows(1010, life_2=2)
    .after(minutes=15)
    .shows(1011, life_2=5)
    .counts(0, 10, 1, key=ENGINE_1)
    .counts(0, 0, 3, key=ENGINE_2)
    .tells("reset 7000 > 2 because it began at or near 0; it fell alone")
    .runs_of(ENGINE_1, "1: 1000 > 1011 counted 11, found")
    .runs_of(ENGINE_2, "1: 7000 > 7000 counted 0, found, reset", "2: 2 > 5 counted 3, reset"),
    a_printer("the counters of a device that is reset fall together, and each is told")
    .shows(1000, life_2=7000)
    .power_cycled()
    .shows(0, life_2=0)
    .counts(0, 0, key=ENGINE_1)
    .counts(0, 0, key=ENGINE_2)
    .tells(
        "reset 1000 > 0 because it began at or near 0; all 2 counters of the device fell together",
        "reset 7000 > 0 because it began at or near 0; all 2 counters",
    )
    .runs_of(ENGINE_1, "1: 1000 > 1000 counted 0, found, reset", "2: 0 > 0 counted 0, reset")
    .runs_of(ENGINE_2, "1: 7000 > 7000 counted 0, found, reset", "2: 0 > 0 counted 0, reset"),
    a_printer("a counter with the vendor's own number has a run of its own", object_id=KYOCERA, colorants=4)
    .shows(1000, service_count=990)
    .after(minutes=15)
    .shows(1010, service_count=999)
    .after(minutes=15)
    .shows(1015, service_count=4)
    .counts(0, 9, 0, key=CODE)
    .counts(0, 10, 5)
    .tells("reset 999 > 4")
    .runs_of(TOTAL, "1: 1000 > 1015 counted 15, found")
    .runs_of(CODE, "1: 990 > 999 counted 9, found, reset", "2: 4 > 4 counted 0, reset"),
    a_printer("hours are no pages: two more in a quarter of an hour are believed, ten are not")
    .shows(500, unit="hours")
    .after(minutes=15)
    .shows(502)
    .after(minutes=15)
    .shows(512)
    .counts(0, 2, 0, key="total.any.any.any.hours")
    .doubts(512)
    .tells("suspicious 502 > 512")
    .runs_of("total.any.any.any.hours", "1: 500 > 502 counted 2, found"),
    # ---- frozen
    a_printer("a life count that stands still while the power-on count goes on is frozen, and told once")
    .shows(1000, power_on=0)
    .after(minutes=15)
    .shows(1000, power_on=30)
    .after(minutes=15)
    .shows(1000, power_on=60)
    .after(minutes=15)
    .shows(1000, power_on=90)
    .after(minutes=15)
    .shows(1000, power_on=120)
    .counts(0, 0, 0, 0, 0)
    .tells("frozen 1000 because counters of its parts counted 90 meanwhile, in 3 visits")
    .runs_of(TOTAL, "1: 1000 > 1000 counted 0, found"),
    a_printer("a device that prints visit after visit and counts nothing is frozen")
    .shows(1000, printing=True)
    .after(minutes=15)
    .shows(1000, printing=True)
    .after(minutes=15)
    .shows(1000, printing=True)
    .after(minutes=15)
    .shows(1000, printing=True)
    .after(minutes=15)
    .shows(1000, printing=True)
    .after(minutes=15)
    .shows(1000, printing=True)
    .after(minutes=15)
    .shows(1000, printing=True)
    .tells("frozen 1000 because the device was printing in 6 visits meanwhile")
    .runs_of(TOTAL, "1: 1000 > 1000 counted 0, found"),
    a_printer("a counter that stands still while nothing is printed is not frozen")
    .shows(1000, power_on=30)
    .after(days=10)
    .shows(1000)
    .after(days=10)
    .shows(1000)
    .after(days=10)
    .shows(1000)
    .runs_of(TOTAL, "1: 1000 > 1000 counted 0, found"),
    # ---- moves
    a_printer("a device at another address goes on in the same run")
    .shows(1000)
    .after(minutes=15)
    .moved_to(1)
    .shows(1010)
    .after(minutes=15)
    .shows(1011)
    .counts(0, 10, 1)
    .runs_of(TOTAL, "1: 1000 > 1011 counted 11, found"),
    a_printer("a device that was taken for another one for a while is one again, and no page is lost or counted twice")
    .shows(1000)
    .after(minutes=15)
    .shows(1005)
    .after(minutes=15)
    .moved_to(1)
    .shows(1020, serial="", mac="", name="")
    .after(minutes=15)
    .shows(1030)
    .after(minutes=15)
    .shows(1040, serial="ACM0000001", mac="02504d000001", name="printer")
    .after(minutes=15)
    .shows(1042)
    .counts(0, 5, 0, 10, 25, 2)
    .runs_of(TOTAL, "1: 1000 > 1042 counted 42, found"),
    a_printer("a device that was reset while it was taken for another one keeps the runs of both")
    .shows(1000)
    .after(minutes=15)
    .moved_to(1)
    .shows(1020, serial="", mac="", name="")
    .after(minutes=15)
    .shows(3)
    .after(minutes=15)
    .shows(10, serial="ACM0000001", mac="02504d000001", name="printer")
    .counts(0, 0, 0, 7)
    .tells("reset 1020 > 3")
    .runs_of(
        TOTAL,
        "1: 1000 > 1000 counted 0, found, merged",
        "2: 1020 > 1020 counted 0, found, reset",
        "3: 3 > 10 counted 7, reset",
    ),
]


@pytest.mark.parametrize("restarts", [False, True], ids=["one agent", "a restart before each visit"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_a_story(story: Story, restarts: bool, tell: Callable[..., Any]) -> None:
    home = tell(story.visits, restarts=restarts)
    ledger = home.ledger()
    for key, runs in story.runs.items():
        assert [_said(row) for row in ledger if row.key == key] == runs
    for key, deltas in story.deltas.items():
        reads = home.reads(key)
        assert [read.delta for read in reads] == deltas
        assert sum(delta or 0 for delta in deltas) == sum(row.counted for row in ledger if row.key == key)
        assert all(read.raw == str(read.value) for read in reads)
        assert [read.value for read in reads if read.quality is Quality.SUSPICIOUS] == list(story.doubted)
    _assert_told(home.events(), story.told)
    assert all(row.began_at <= row.last_at for row in ledger)
    last = next(iter(story.runs))
    assert home.current(last) in (None, *home.reads(last)[-1:])


def _said(row: Any) -> str:
    """Say a run of the ledger in a line."""
    ended = f", {row.ended_by}" if row.ended_by else ""
    return f"{row.number}: {row.first} > {row.last} counted {row.counted}, {row.began_by}{ended}"


def _assert_told(events: list[Event], told: tuple[str, ...]) -> None:
    said = [_told(event) for event in events]
    assert len(said) == len(told), said
    for real, wanted in zip(said, told, strict=True):
        assert real.startswith(wanted), (real, wanted)


def _told(event: Event) -> str:
    """Say an event in a line."""
    match event.facts:
        case MeterReset(old=old, new=new, cause=cause, why=why):
            return f"{cause} {old} > {new} because {why}"
        case MeterSuspicious(old=old, new=new, why=why):
            return f"suspicious {old} > {new} because {why}"
        case MeterUnitChanged(key=key, old_key=old_key, old=old, new=new):
            return f"unit {old_key} {old} > {key} {new}"
        case MeterFrozen(value=value, why=why):
            return f"frozen {value} because {why}"
        case _:
            return event.kind


def test_there_are_stories_enough_and_none_is_told_twice() -> None:
    titles = [story.title for story in STORIES]
    assert len(titles) == len(set(titles)) >= 35
    words = {"tail", "reset", "board", "32 bits", "sheets", "jumps", "frozen"}
    assert {word for word in words if any(re.search(word, title) for title in titles)} == words
