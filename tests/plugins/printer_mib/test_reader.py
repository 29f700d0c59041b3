from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pagemeter.component import Answer, Ask, NotAPrinter
from pagemeter.errors import PluginError, Unreachable, Unreadable
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

    async def get(self, target: Target, oids: Sequence[Oid], *, within: float = 60.0) -> Walk:
        found = await super().get(target, oids, within=within)
        if not set(oids) & self._change.keys():
            return found
        changed = {key: value for key, value in self._change.items() if value is not None}
        rows = [row for row in found if row.oid not in self._change]
        tags = {bytes: Tag.OCTET_STRING, int: Tag.COUNTER32}
        return Walk([*rows, *(VarBind(key, tags[type(value)], value) for key, value in changed.items())])


async def test_each_packet_of_counters_asks_for_the_serial_number_too() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-colour-mfp")})
    [reading] = (await read(snmp)).readings
    reads = (*reading.meter_reads, *(rival.read for rival in reading.rivals))
    counters = {oid(place) for read in reads for place in read.origin.where.split(" + ")}
    packets = [oids for call, _, oids in snmp.asked if call == "get" and SERIAL in oids]
    assert counters == {place for oids in packets for place in oids} - {SERIAL}
    assert len(counters) > 9


async def test_the_value_is_that_of_the_packet_that_names_the_device() -> None:
    [reading] = (await read(MovedSnmp(recording("acme-colour-mfp"), {LIFE_COUNT: 1011}))).readings
    assert reading.meter_reads[0].value == 1011


async def test_nothing_is_told_of_a_visit_in_which_the_address_changed_hands() -> None:
    snmp = MovedSnmp(recording("acme-colour-mfp"), {SERIAL: b"OTHER9", LIFE_COUNT: 77})
    with pytest.raises(Unreadable, match="another device answered in the middle of the visit"):
        await read(snmp)


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


def own(folder: Path, text: str) -> None:
    (folder / "own").mkdir()
    (folder / "own/acme.yaml").write_text(
        "name: acme\ntitle: Acme\nroot: 1.3.6.1.4.1.99999\nsources: {T: a test}\n" + text, encoding="utf-8"
    )


def rows_of(name: str, *, alone: bool = False) -> list[VarBind]:
    return [row for row in recording(name) if not (alone and 4 in row.oid[-2:])]


def count(place: str, value: int) -> VarBind:
    return VarBind(oid(f"1.3.6.1.4.1.99999{place}"), Tag.COUNTER32, value)


TOLD = "source: T, unverified: true"
LEFT = "match: {words: Acme Left}\n"


async def test_an_own_profile_is_asked_before_the_shipped_ones(tmp_path: Path) -> None:
    own(tmp_path, LEFT + f"meters:\n  - {{oid: .1, work: copy, unit: impressions, {TOLD}}}\n")
    walk = Walk([*rows_of("acme-two-printers", alone=True), count(".1", 12)])
    reader = reader_of(RecordedSnmp({HOST: walk}), folder=tmp_path, profiles="own")
    found = await reader.read(TARGET, Ask(scopes=SCOPES))
    assert isinstance(found, Answer)
    assert {read.key: read.value for read in found.readings[0].meter_reads}["copy.any.any.any.impressions"] == 12


async def test_a_makers_objects_are_asked_only_of_its_devices() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-colour-mfp")})
    await reader_of(snmp).read(TARGET, Ask(scopes=SCOPES))
    allowed = {1347, 2699, *(place[6] for place in (*mib.DEVICE_IDS, *mib.PANELS))}
    private = {place[6] for _, _, oids in snmp.asked for place in oids if place[:6] == (1, 3, 6, 1, 4, 1)}
    assert 1347 in private
    assert private <= allowed


async def test_of_several_printers_no_maker_is_asked_for_its_own() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-two-printers")})
    await reader_of(snmp).read(TARGET, Ask(scopes=SCOPES))
    singles = {place for call, _, oids in snmp.asked if call == "get" for place in oids}
    columns = {place for call, _, oids in snmp.asked if call == "walk" for place in oids}
    enterprises = {place for place in (*singles, *columns) if place[:6] == (1, 3, 6, 1, 4, 1)}
    assert enterprises <= {*mib.DEVICE_IDS, *mib.PANELS, mib.PPM_PRINTER}


@pytest.mark.parametrize("probed", [True, False])
async def test_probes_cost_one_packet_and_only_where_a_profile_has_some(tmp_path: Path, *, probed: bool) -> None:
    probe = ", probe: [{oid: .8.0}, {oid: .9.0}]}" if probed else "}"
    own(tmp_path, LEFT.replace("}", probe) + f"identity:\n  firmware: [{{oid: .2.0, {TOLD}}}]\n")
    snmp = RecordedSnmp({HOST: Walk(rows_of("acme-two-printers", alone=True))})
    await reader_of(snmp, folder=tmp_path, profiles="own").read(TARGET, Ask(scopes=frozenset({Scope.IDENTITY})))
    packets = [oids for call, _, oids in snmp.asked if call == "get"]
    mine = [[place for place in oids if place[:7] == oid("1.3.6.1.4.1.99999")] for oids in packets]
    wanted = [count(".8.0", 0).oid, count(".9.0", 0).oid] if probed else [count(".2.0", 0).oid]
    assert [oids for oids in mine if oids] == [wanted]


async def test_a_visit_that_needs_nothing_of_a_profile_does_not_ask_for_its_probes(tmp_path: Path) -> None:
    own(tmp_path, LEFT.replace("}", ", probe: [{oid: .8.0}]}") + f"identity:\n  firmware: [{{oid: .2.0, {TOLD}}}]\n")
    snmp = RecordedSnmp({HOST: Walk([*rows_of("acme-two-printers", alone=True), count(".8.0", 1)])})
    reader = reader_of(snmp, folder=tmp_path, profiles="own")
    await reader.read(TARGET, Ask(scopes=frozenset({Scope.STATUS})))
    assert count(".8.0", 1).oid not in {place for _, _, oids in snmp.asked for place in oids}
    await reader.read(TARGET, Ask(scopes=frozenset({Scope.IDENTITY})))
    assert count(".8.0", 1).oid in {place for _, _, oids in snmp.asked for place in oids}


async def test_a_visit_for_the_status_asks_for_no_counters_of_the_maker() -> None:
    snmp = RecordedSnmp({HOST: recording("acme-colour-mfp")})
    await read(snmp, frozenset({Scope.STATUS}))
    everything = RecordedSnmp({HOST: recording("acme-colour-mfp")})
    [reading] = (await read(everything)).readings
    private = {place for r in reading.meter_reads for place in r.origin.where.split(" + ") if ".1347." in place}
    asked = {place for _, _, oids in snmp.asked for place in oids}
    assert private
    assert not {oid(place) for place in private} & asked


async def test_conditions_and_units_of_the_walk_count_for_the_second_reading_too(tmp_path: Path) -> None:
    rule = (
        f"{{oid: .1, unit_from: {{oid: .2, units: {{4: sheets}}}}, when: [{{oid: .3, is: [9]}}], work: copy, {TOLD}}}"
    )
    own(tmp_path, LEFT + f"meters:\n  - {rule}\n")
    walk = Walk([*rows_of("acme-two-printers", alone=True), count(".1", 12), count(".2", 4), count(".3", 9)])
    snmp = RecordedSnmp({HOST: walk})
    found = await reader_of(snmp, folder=tmp_path, profiles="own").read(TARGET, Ask(scopes=SCOPES))
    assert isinstance(found, Answer)
    assert {read.key: read.value for read in found.readings[0].meter_reads}["copy.any.any.any.sheets"] == 12
    assert not {count(".2", 0).oid, count(".3", 0).oid} & set(snmp.asked[-1][2])


async def test_a_decoded_counter_is_the_one_of_the_second_reading(tmp_path: Path) -> None:
    rule = f"{{oid: .1, decode: {{name: brother-records, field: 00}}, work: copy, unit: impressions, {TOLD}}}"
    own(tmp_path, LEFT + f"meters:\n  - {rule}\n")
    place = count(".1", 0).oid
    rows = [
        *rows_of("acme-two-printers", alone=True),
        VarBind(place, Tag.OCTET_STRING, bytes.fromhex("00010400000bb8ff")),
    ]
    snmp = MovedSnmp(Walk(rows), {place: bytes.fromhex("00010400000bb9ff")})
    found = await reader_of(snmp, folder=tmp_path, profiles="own").read(TARGET, Ask(scopes=SCOPES))
    assert isinstance(found, Answer)
    assert {read.key: read.value for read in found.readings[0].meter_reads}["copy.any.any.any.impressions"] == 3001


async def test_a_makers_table_that_was_cut_short_is_named_and_makes_no_counter(tmp_path: Path) -> None:
    own(tmp_path, LEFT + f"meters:\n  - {{column: .5.*, work: copy, unit: impressions, {TOLD}}}\n")
    rows = [*rows_of("acme-two-printers", alone=True), count(".5.1", 12)]
    reader = reader_of(RecordedSnmp({HOST: Walk(rows, {count(".5", 0).oid: "timeout"})}), tmp_path, "own")
    found = await reader.read(TARGET, Ask(scopes=SCOPES))
    assert isinstance(found, Answer)
    assert "copy" not in {read.work for read in found.readings[0].meter_reads}
    assert "1.3.6.1.4.1.99999.5: timeout" in found.readings[0].missing


def test_a_folder_of_profiles_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="nowhere: there is no such folder"):
        reader_of(RecordedSnmp({}), folder=tmp_path, profiles="nowhere")


async def test_an_own_profile_with_a_mistake_is_named_in_the_log_and_left_out_and_the_others_are_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own(tmp_path, LEFT + f"meters:\n  - {{oid: .1, work: copy, unit: impressions, {TOLD}}}\n")
    (tmp_path / "own" / "broken.yaml").write_text("name: broken\ntitel: x\n", encoding="utf-8")
    (tmp_path / "own" / "above.yaml").write_text(
        "name: above\ntitle: x\nbase: [broken]\nsources: {}\n", encoding="utf-8"
    )
    walk = Walk([*rows_of("acme-two-printers", alone=True), count(".1", 12)])
    reader = reader_of(RecordedSnmp({HOST: walk}), folder=tmp_path, profiles="own")
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [line.partition("others are used: ")[2].split(":")[0] for line in said] == ["above.yaml", "broken.yaml"]
    assert "there is no profile broken" in said[0]
    assert "broken.yaml:2: titel" in said[1]
    found = await reader.read(TARGET, Ask(scopes=SCOPES))
    assert isinstance(found, Answer)
    assert "copy.any.any.any.impressions" in {read.key for read in found.readings[0].meter_reads}
