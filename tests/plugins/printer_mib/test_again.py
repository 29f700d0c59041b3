"""The second visit of a printer: what describes comes from the first one, all else is read again or not told."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from pagemeter.component import Answer, Ask
from pagemeter.errors import DeviceError, Unreachable
from pagemeter.model import Reading, Scope, Target
from pagemeter.simulator import load_fleet
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter.testing import FakeClock, FakeServices, RecordedSnmp
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.printer_mib import SCOPES
from pagemeter_plugins.printer_mib.profiles import shipped_profiles
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings
from pagemeter_plugins.printer_mib.shelving import rules_of

TESTS = Path(__file__).resolve().parents[2]
MADE_UP = sorted((*TESTS.glob("devices/*/snmp.snmprec"), *Path(__file__).parent.glob("vendors/*/snmp.snmprec")))
PRINTERS = {
    **{path.parent.name: read_recording(path) for path in MADE_UP if path.parent.name != "acme-print-queues"},
    **{device.name: device.walk for device in load_fleet() if device.expected["printer"]},
}
HOST = "10.0.0.7"
TARGET = Target(uri=f"host://{HOST}", found_by="test")
STATUS = frozenset({Scope.STATUS})
SERIAL = (*mib.GENERAL_SERIAL_NUMBER, 1)
LIFE_COUNT = (*mib.MARKER_LIFE_COUNT, 1, 1)
LEVEL = (*mib.SUPPLIES_LEVEL, 1, 1)


class Site:
    """A reader, and the printer that it visits; ``put`` changes what the printer answers."""

    def __init__(self, walk: Walk, folder: Path = Path(), own: str | None = None) -> None:
        self.walk, self.clock = walk, FakeClock()
        self.memory: Mapping[str, JsonValue] = {}
        self.asked: list[tuple[str, tuple[Oid, ...]]] = []
        self._folder, self._own = folder, own

    async def visit(self, scopes: frozenset[Scope] = SCOPES) -> tuple[Reading, ...]:
        """Read the printer, with what the visit before left, through JSON as the store keeps it."""
        snmp = RecordedSnmp({HOST: self.walk})
        services = FakeServices(snmp=snmp, clock=self.clock, folder=self._folder)
        reader = PrinterMibReader(PrinterMibSettings(profiles=self._own), services)
        answer = await reader.read(TARGET, Ask(scopes=scopes, memory=json.loads(json.dumps(dict(self.memory)))))
        assert isinstance(answer, Answer)
        self.left = answer.memory
        if answer.memory is not None:
            self.memory = answer.memory
        self.asked = [(call, oids) for call, _, oids in snmp.asked]
        return answer.readings

    @property
    def walked(self) -> bool:
        """Say whether the last visit read everything."""
        return any(call == "walk" for call, _ in self.asked)

    def put(self, *rows: VarBind, without: Iterable[Oid] = ()) -> None:
        """Change rows, add some or take some away."""
        gone = set(without)
        self.walk = Walk(row for row in self.walk.joined(Walk(rows)) if row.oid not in gone)


def number(where: Oid, value: int) -> VarBind:
    return VarBind(where, Tag.INTEGER, value)


def words(where: Oid, value: bytes) -> VarBind:
    return VarBind(where, Tag.OCTET_STRING, value)


@pytest.fixture
async def site() -> Site:
    """A printer that was visited once; it has been on for a day."""
    site = Site(PRINTERS["kyocera-ecosys-m9140cidn"])
    site.put(VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 8_640_000))
    await site.visit()
    assert site.walked
    return site


def told(readings: Iterable[Reading]) -> list[Reading]:
    return [replace(reading, uptime=None) for reading in readings]


@pytest.mark.parametrize(
    "scopes",
    [SCOPES, STATUS, *(frozenset({scope}) for scope in sorted(SCOPES - STATUS))],
    ids=lambda scopes: "+".join(sorted(scopes)),
)
@pytest.mark.parametrize("name", PRINTERS)
async def test_a_second_visit_tells_what_the_first_one_did(name: str, scopes: frozenset[Scope]) -> None:
    site = Site(PRINTERS[name])
    first = await site.visit(scopes)
    assert await site.visit(scopes) == first
    assert not site.walked


async def test_what_changed_is_told_anew(site: Site) -> None:
    alert = [number((*mib.ALERT, column, 1, 77), value) for column, value in ((2, 3), (4, 6), (7, 3))]
    changes = [number(LIFE_COUNT, 123_456_789), number(LEVEL, 1), number((*mib.HR_PRINTER_STATUS, 1), 4), *alert]
    site.put(*changes, VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 8_650_000))
    second = await site.visit()
    assert not site.walked
    fresh = Site(site.walk)
    assert second == await fresh.visit()
    assert second[0].uptime == timedelta(seconds=86_500)
    assert 123_456_789 in {read.value for read in second[0].meter_reads}


async def test_a_visit_leaves_no_memory_where_nothing_changed(site: Site) -> None:
    await site.visit()
    assert site.left is None


async def test_a_level_a_counter_and_a_state_of_the_first_visit_are_not_in_its_memory(site: Site) -> None:
    packed = site.memory["shelf"]
    assert isinstance(packed, str)
    assert len(packed) < 4096
    sections = json.loads(zlib.decompress(base64.b64decode(packed)))["sections"]
    kept = {
        (*oid(column), first, second): value
        for _, kind, _, groups in sections
        for column, rows in groups
        for first, second, tag, value in rows
        if kind == "settled"
        or (kind in ("live", "counter", "passing") and tag != Tag.OCTET_STRING and value is not None)
    }
    settled_at_best = (mib.MARKER_LIFE_COUNT, mib.MARKER_POWER_ON_COUNT, mib.SUPPLIES_LEVEL, mib.INPUT_LEVEL)
    assert kept
    assert not [where for where in kept if where[:-2] in settled_at_best or where[:-1] == mib.HR_PRINTER_STATUS]


NO_COUNTER = "a counter that is not answered"
REASONS: dict[str, tuple[list[VarBind], list[Oid]]] = {
    "another serial number": ([words(SERIAL, b"OTHER9")], []),
    "another name": ([words(mib.SYS_NAME, b"other")], []),
    "another sysObjectID": ([VarBind(mib.SYS_OBJECT_ID, Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.1347.41.9"))], []),
    "a restart": ([VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 100)], []),
    "a changed configuration": ([number((*mib.GENERAL_CONFIG_CHANGES, 1), 4711)], []),
    "another unit of the counter": ([number((*mib.MARKER_COUNTER_UNIT, 1, 1), 8)], []),
    "a supply more": ([number((*mib.SUPPLIES_LEVEL, 1, 99), 5)], []),
    "a supply less": ([], [LEVEL]),
    "a tray more": ([number((*mib.INPUT_STATUS, 1, 99), 0)], []),
    "a tray less": ([], [(*mib.INPUT_STATUS, 1, 1)]),
    "a cover more": ([number((*mib.COVER_STATUS, 1, 99), 4)], []),
    "a marker more": ([number((*mib.MARKER, column, 1, 99), 0) for column in (2, 15)], []),
    "a level that rose": ([number(LEVEL, 10**6)], []),
    "a level that is known no more": ([number(LEVEL, -3)], []),
    "another capacity": ([number((*mib.SUPPLIES_MAX_CAPACITY, 1, 1), 77)], []),
    NO_COUNTER: ([], [LIFE_COUNT]),
}


@pytest.mark.parametrize("reason", REASONS)
async def test_everything_is_read_anew_in_the_same_visit(site: Site, reason: str) -> None:
    changed, gone = REASONS[reason]
    site.put(*changed, without=gone)
    second = await site.visit()
    assert site.walked
    assert site.left is not None
    lost = "counters that were read before are not answered any more" if reason == NO_COUNTER else None
    assert [one.why.split(":")[0] for one in second[0].unknown if one.what == "meters"] == [lost] * (lost is not None)
    unknown = tuple(one for one in second[0].unknown if one.what != "meters")
    assert (replace(second[0], unknown=unknown),) == await Site(site.walk).visit()
    assert await site.visit() == second
    assert not site.walked


@pytest.mark.parametrize("other", ["pantum-one-supply", "acme-quiet-inkjet"])
async def test_a_printer_of_another_model_has_lost_no_counter_of_the_one_before(site: Site, other: str) -> None:
    site.walk = PRINTERS[other]
    first = await Site(site.walk).visit()
    assert await site.visit() == first
    assert await site.visit() == first
    assert not site.walked


async def test_a_counter_that_comes_back_is_read_at_once(site: Site) -> None:
    before = site.walk
    site.put(without=[LIFE_COUNT])
    await site.visit()
    site.walk = before
    [reading] = await site.visit()
    assert site.walked
    assert str(LIFE_COUNT[-3]) in {read.origin.where.split(".")[-3] for read in reading.meter_reads}


async def test_a_shelf_ends_within_four_hours_and_not_for_all_printers_at_once() -> None:
    ends = set()
    for serial in (b"A1", b"B2", b"C3", b"D4"):
        site = Site(PRINTERS["kyocera-ecosys-m9140cidn"])
        site.put(words(SERIAL, serial), VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 864_000_000))
        await site.visit()
        site.asked.clear()
        while not site.walked:
            await site.clock.advance(600)
            await site.visit()
        ends.add((site.clock.now() - FakeClock().now()) // timedelta(minutes=1))
    assert min(ends) >= 180
    assert max(ends) <= 240
    assert len(ends) > 1


async def test_a_clock_that_was_set_back_ends_a_shelf(site: Site) -> None:
    site.clock = FakeClock(site.clock.now() - timedelta(hours=1))
    await site.visit()
    assert site.walked


async def test_a_printer_that_was_on_for_less_than_went_by_was_started_again(site: Site) -> None:
    await site.clock.advance(3 * 3600 - 60)
    site.put(VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 9_720_000 - 6_000))
    await site.visit()
    assert not site.walked
    young = Site(PRINTERS["kyocera-ecosys-m9140cidn"])
    young.put(VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 100))
    await young.visit()
    await young.clock.advance(3600)
    young.put(VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 60_000))
    await young.visit()
    assert young.walked


async def test_a_visit_for_more_than_the_shelf_covers_reads_everything() -> None:
    site = Site(PRINTERS["kyocera-ecosys-m9140cidn"])
    await site.visit(STATUS)
    await site.visit()
    assert site.walked
    await site.visit(STATUS)
    assert not site.walked


async def test_a_visit_for_the_alerts_leaves_the_shelf_of_a_larger_one(site: Site) -> None:
    site.put(VarBind(mib.SYS_UP_TIME, Tag.TIME_TICKS, 100))
    await site.visit(STATUS)
    assert site.walked
    assert site.left is None


async def test_a_visit_for_the_alerts_asks_for_no_counter_and_no_level(site: Site) -> None:
    await site.visit(STATUS)
    asked = {place for _, oids in site.asked for place in oids}
    assert LIFE_COUNT not in asked
    assert not {place for place in asked if place[: len(mib.SUPPLIES)] == mib.SUPPLIES}


async def test_another_profile_ends_a_shelf(site: Site, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    own = Site(site.walk, tmp_path, "own")
    own.memory = site.memory
    await own.visit()
    assert not own.walked
    (tmp_path / "own/acme.yaml").write_text(
        "name: acme\ntitle: Acme\nsources: {T: a test}\nmatch: {words: Acme}\nidentity:\n  firmware:"
        " [{oid: 1.3.6.1.4.1.99999.1.0, source: T, unverified: true}]\n",
        encoding="utf-8",
    )
    await own.visit()
    assert own.walked


def test_the_rules_of_a_shelf_are_those_of_all_profiles() -> None:
    profiles = shipped_profiles()
    assert rules_of(profiles) == rules_of(tuple(profiles))
    assert rules_of(profiles) != rules_of(profiles[1:])


async def test_a_table_that_was_cut_short_leaves_no_shelf() -> None:
    site = Site(Walk(PRINTERS["kyocera-ecosys-m9140cidn"], {mib.SUPPLIES: "no answer"}))
    await site.visit()
    assert site.left is None


def damaged(memory: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Return memories that nobody wrote, by what is wrong with them."""
    packed = str(memory["shelf"])
    content = json.loads(zlib.decompress(base64.b64decode(packed)))

    def repacked(**changes: Any) -> dict[str, Any]:
        octets = zlib.compress(json.dumps({**content, **changes}).encode())
        return {**memory, "shelf": base64.b64encode(octets).decode()}

    return {
        "another form": {**memory, "form": 99},
        "no text": {**memory, "shelf": 7},
        "no base64": {**memory, "shelf": "£"},
        "cut off": {**memory, "shelf": packed[: len(packed) // 2]},
        "not packed": {**memory, "shelf": base64.b64encode(b"{}").decode()},
        "a bomb": {**memory, "shelf": base64.b64encode(zlib.compress(b" " * 50_000_000)).decode()},
        "nested": {**memory, "shelf": base64.b64encode(zlib.compress(b"[" * 100_000)).decode()},
        "a list": {**memory, "shelf": base64.b64encode(zlib.compress(b"[]")).decode()},
        "unknown scopes": repacked(scopes=["everything"]),
        "no time": repacked(read_at="soon"),
        "a time far away": repacked(read_at=1e300),
        "no proof": repacked(proof=["1.3.x"]),
        "no sections": repacked(sections=[["settled"]]),
        "an unknown kind": repacked(sections=[[["meters"], "made-up", "", []]]),
        "no numbers": repacked(sections=[[["meters"], "settled", "", [["1.3.6", [["1", 2, 4, "x"]]]]]]),
        "no value": repacked(sections=[[["meters"], "settled", "", [["1.3.6", [[1, 2, 4, {}]]]]]]),
        "no octets": repacked(sections=[[["meters"], "settled", "", [["1.3.6", [[1, 2, 4, "€"]]]]]]),
        "no text of up time": repacked(up_time="7"),
    }


DAMAGES = (
    *("another form", "no text", "no base64", "cut off", "not packed", "a bomb", "nested", "a list", "unknown scopes"),
    *(
        "no time",
        "a time far away",
        "no proof",
        "no sections",
        "an unknown kind",
        "no numbers",
        "no value",
        "no octets",
    ),
    "no text of up time",
)


@pytest.mark.parametrize("what", DAMAGES)
async def test_a_memory_that_is_none_is_ignored(site: Site, what: str) -> None:
    expected = await site.visit()
    site.memory = damaged(site.memory)[what]
    assert await site.visit() == expected
    assert site.walked


class Leaving(RecordedSnmp):
    """What is behind the counters and all questions after that meet silence."""

    async def again(self, target: Target, rows: Mapping[Oid, int], **known: Any) -> Walk:
        walk = await super().again(target, rows, **known)
        kept = [row for row in walk if row.oid < mib.SUPPLIES]
        gone = {one for one in (*rows, *known["columns"], *known["ends"]) if one >= mib.SUPPLIES}
        return Walk(kept, dict.fromkeys(gone, "no answer"))

    async def walk(self, target: Target, roots: Sequence[Oid], *, within: float = 60.0) -> Walk:
        raise Unreachable(f"{target.uri} did not answer")


@pytest.mark.parametrize("serial", [None, b"OTHER9"])
async def test_a_known_printer_that_falls_silent_on_the_way_tells_what_it_said(
    site: Site, serial: bytes | None
) -> None:
    expected = await site.visit()
    if serial is not None:
        site.put(words(SERIAL, serial))
    reader = PrinterMibReader(
        PrinterMibSettings(), FakeServices(snmp=Leaving({HOST: site.walk}), clock=site.clock, folder=Path())
    )
    visit = reader.read(TARGET, Ask(scopes=SCOPES, memory=site.memory))
    if serial is not None:
        with pytest.raises(DeviceError, match="is not to be read"):
            await visit
        return
    answer = await visit
    assert isinstance(answer, Answer)
    assert answer.memory is None
    [reading] = answer.readings
    assert reading.identity.serial_number == expected[0].identity.serial_number
    assert "prtMarkerSuppliesTable: no answer" in reading.missing
    assert "prtAlertTable: no answer" in reading.missing
    told = {(read.key, read.value) for read in reading.meter_reads}
    assert told <= {(read.key, read.value) for read in expected[0].meter_reads}
    assert reading.supplies == ()
