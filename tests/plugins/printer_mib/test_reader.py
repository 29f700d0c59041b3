from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pagemeter.component import Answer, Ask, NotAPrinter
from pagemeter.errors import PluginError, Unreachable
from pagemeter.model import Scope, Target
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter.testing import FakeServices, RecordedSnmp
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.printer_mib import SCOPES
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

DEVICES = Path(__file__).resolve().parents[2] / "devices"
HOST = "10.0.0.7"
TARGET = Target(uri=f"host://{HOST}", found_by="test")
LIFE_COUNT = (*mib.MARKER_LIFE_COUNT, 1, 1)
SERIAL = (*mib.GENERAL_SERIAL_NUMBER, 1)


def recording(name: str) -> Walk:
    return read_recording(DEVICES / name / "snmp.snmprec")


def reader_of(snmp: RecordedSnmp, folder: Path = Path(), profiles: str | None = None) -> PrinterMibReader:
    return PrinterMibReader(PrinterMibSettings(profiles=profiles), FakeServices(snmp=snmp, folder=folder))


async def read(snmp: RecordedSnmp, scopes: frozenset[Scope] = SCOPES) -> Answer:
    found = await reader_of(snmp).read(TARGET, Ask(scopes=scopes))
    assert isinstance(found, Answer)
    return found


class MovedSnmp(RecordedSnmp):
    """Whoever answers the last question is not who answered the first."""

    def __init__(self, walk: Walk, change: dict[Oid, bytes | int | None]) -> None:
        super().__init__({HOST: walk})
        self._change = change

    async def get(self, target: Target, oids: Sequence[Oid]) -> Walk:
        found = await super().get(target, oids)
        if not set(oids) & self._change.keys():
            return found
        changed = {key: value for key, value in self._change.items() if value is not None}
        rows = [row for row in found if row.oid not in self._change]
        tags = {bytes: Tag.OCTET_STRING, int: Tag.COUNTER32}
        return Walk([*rows, *(VarBind(key, tags[type(value)], value) for key, value in changed.items())])


async def test_counters_are_asked_for_in_one_packet_with_the_serial_number() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-colour-mfp")})
    [reading] = (await read(snmp)).readings
    last = snmp.asked[-1]
    counters = {oid(place) for r in reading.meter_reads for place in r.origin.where.split(" + ")}
    assert last[0] == "get"
    assert set(last[2]) == counters | {SERIAL}


async def test_the_value_is_that_of_the_packet_that_names_the_device() -> None:
    [reading] = (await read(MovedSnmp(recording("acme-colour-mfp"), {LIFE_COUNT: 1011}))).readings
    assert reading.meter_reads[0].value == 1011


async def test_counters_of_another_device_at_the_address_are_not_kept() -> None:
    snmp = MovedSnmp(recording("acme-colour-mfp"), {SERIAL: b"OTHER9", LIFE_COUNT: 77})
    [reading] = (await read(snmp)).readings
    assert reading.meter_reads == ()
    assert Scope.METERS not in reading.scopes
    assert "meters: another device answered" in map(str, reading.unknown)


async def test_counters_without_an_identity_beside_them_are_not_kept() -> None:
    [reading] = (await read(MovedSnmp(recording("acme-colour-mfp"), {SERIAL: None}))).readings
    assert reading.meter_reads == ()
    assert "meters: no identity came with them" in map(str, reading.unknown)


async def test_names_identify_where_there_is_no_serial_number() -> None:
    walk = Walk(
        [
            *(row for row in recording("acme-two-printers") if row.oid[: len(mib.GENERAL)] != mib.GENERAL),
        ]
    )
    snmp = RecordedSnmp({HOST: walk})
    answer = await read(snmp)
    assert [reading.meter_reads[0].value for reading in answer.readings] == [1000, 2000]
    assert set(snmp.asked[-1][2]) > {mib.SYS_NAME, (*mib.HR_DEVICE_DESCR, 1), (*mib.HR_DEVICE_DESCR, 4)}


async def test_what_is_no_printer_is_asked_no_more_than_the_first_questions() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-print-queues")})
    found = await reader_of(snmp).read(TARGET, Ask(scopes=SCOPES))
    assert found == NotAPrinter(what="Hardware: Acme64 - Software: Acme Server 9")
    asked = {root for _, _, oids in snmp.asked for root in oids}
    assert asked == {*mib.FIRST, *mib.DEVICE_IDS, mib.LOCALIZATION, mib.MARKER}


async def test_only_the_tables_of_the_scopes_are_walked() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-odd-answers")})
    [reading] = (await read(snmp, frozenset({Scope.STATUS}))).readings
    walked = {root for call, _, oids in snmp.asked for root in oids if call == "walk"}
    assert mib.ALERT in walked
    assert not walked & {mib.SUPPLIES, mib.INPUT, mib.IF_PHYS_ADDRESS}
    assert (reading.scopes, reading.meter_reads, reading.supplies) == (frozenset({Scope.STATUS}), (), ())
    assert reading.identity.model == "RICOH Acme 5"


async def test_a_table_that_was_cut_short_does_not_count_as_answered() -> None:
    rows = (row for row in recording("acme-colour-mfp") if row.oid[: len(mib.MARKER)] != mib.MARKER)
    kept = [row for row in rows if row.oid[:7] != oid("1.3.6.1.4.1.1347")]
    [reading] = (await read(RecordedSnmp({HOST: Walk(kept, {mib.MARKER: "timeout"})}))).readings
    assert Scope.METERS not in reading.scopes
    assert reading.missing == ("prtMarkerTable: timeout",)


async def test_a_place_that_is_no_host_is_left_to_other_readers() -> None:
    snmp = RecordedSnmp({})
    target = Target(uri="usb://Acme/100", found_by="test")
    assert await reader_of(snmp).read(target, Ask(scopes=SCOPES)) is None
    assert snmp.asked == []


async def test_a_device_that_answers_nothing_does_not_speak_it() -> None:
    assert await reader_of(RecordedSnmp({HOST: Walk([])})).read(TARGET, Ask(scopes=SCOPES)) is None


async def test_silence_is_passed_on() -> None:
    with pytest.raises(Unreachable):
        await reader_of(RecordedSnmp({})).read(TARGET, Ask(scopes=SCOPES))


async def test_jobs_are_not_its_work() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-colour-mfp")})
    assert await reader_of(snmp).read(TARGET, Ask(scopes=frozenset({Scope.JOBS}))) == Answer()
    assert snmp.asked == []


async def test_an_own_profile_is_asked_before_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/acme.yaml").write_text(
        "name: acme\nmatch: {model: Acme Left}\nsource: a test\n"
        "meters:\n  - {oid: 1.3.6.1.4.1.99999.1, work: copy, unit: impressions}\n",
        encoding="utf-8",
    )
    rows = [row for row in recording("acme-two-printers") if 4 not in row.oid[-2:]]
    walk = Walk([*rows, VarBind(oid("1.3.6.1.4.1.99999.1"), Tag.COUNTER32, 12)])
    reader = reader_of(RecordedSnmp({HOST: walk}), folder=tmp_path, profiles="own")
    found = await reader.read(TARGET, Ask(scopes=SCOPES))
    assert isinstance(found, Answer)
    assert {read.key: read.value for read in found.readings[0].meter_reads}["copy.any.any.any.impressions"] == 12


def test_a_folder_of_profiles_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="nowhere: is no folder"):
        reader_of(RecordedSnmp({}), folder=tmp_path, profiles="nowhere")
