"""What the attributes of a printer say: PWG 5100.13, 5100.9, 5100.22 and CUPS's marker-*."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagemeter.component import NotAPrinter
from pagemeter.ipp.message import (
    Attribute,
    Collection,
    Content,
    Group,
    GroupTag,
    IppMessage,
    MalformedError,
    OutOfBand,
    Value,
    ValueTag,
    decode,
    encode,
)
from pagemeter.model import (
    Ability,
    Condition,
    DeviceKind,
    LevelState,
    PrinterState,
    Reading,
    Scope,
    Severity,
    Sides,
    SupplyKind,
    Training,
)
from pagemeter_plugins.ipp.attributes import ATTRIBUTES, SCOPES, WHO, parse_printer, wanted

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
_TAGS = {
    bool: ValueTag.BOOLEAN,
    int: ValueTag.INTEGER,
    str: ValueTag.TEXT,
    bytes: ValueTag.OCTET_STRING,
    Collection: ValueTag.COLLECTION,
}


def attribute(name: str, *contents: Content) -> Attribute:
    return Attribute(
        name,
        tuple(Value(int(c.value) if isinstance(c, OutOfBand) else _TAGS[type(c)], c) for c in contents),
    )


def printer(**attributes: Content | Sequence[Content]) -> Group:
    """A printer group; ``printer_name="x"`` is printer-name."""
    return Group(
        GroupTag.PRINTER,
        tuple(
            attribute(name.replace("_", "-"), *(value if isinstance(value, tuple | list) else (value,)))
            for name, value in attributes.items()
        ),
    )


def read(**attributes: Content | Sequence[Content]) -> Reading:
    reading = parse_printer(printer(**attributes), SCOPES, AT)
    assert isinstance(reading, Reading)
    return reading


def collection(**members: int) -> Collection:
    return Collection(tuple(attribute(name.replace("_", "-"), value) for name, value in members.items()))


def test_a_printer_says_who_it_is_and_each_field_says_where() -> None:
    reading = read(
        printer_uuid="urn:uuid:0A1B2C3D-0000-1000-8000-001122334455",
        printer_device_id="MFG:Hewlett-Packard;MDL:Color LaserJet 9999;CMD:PCL,PDF;SN:CNB0001234;",
        printer_make_and_model="HP Color LaserJet 9999",
        printer_name="copy-room",
        printer_location="2nd floor",
        color_supported=True,
        sides_supported=("one-sided", "two-sided-long-edge"),
        ipp_features_supported=("airprint-1.8", "faxout"),
        printer_firmware_name=("PDF", "System Firmware"),
        printer_firmware_string_version=("1.7", "5.11.0.1"),
        printer_up_time=3600,
    )
    who = reading.identity
    assert (who.manufacturer, who.model, who.serial_number) == ("HP", "HP Color LaserJet 9999", "CNB0001234")
    assert (who.name, who.location, who.firmware) == ("copy-room", "2nd floor", "5.11.0.1")
    assert who.uuid == "0a1b2c3d-0000-1000-8000-001122334455"
    assert who.abilities == {Ability.COLOR, Ability.DUPLEX, Ability.FAX}
    assert reading.uptime == timedelta(hours=1)
    origins = {field: str(origin) for field, origin in reading.origins}
    assert origins["serial_number"] == "ipp printer-device-id"
    assert origins["model"] == "ipp printer-make-and-model"
    assert origins.keys() == {
        *("abilities", "device_id", "firmware", "location", "manufacturer", "model", "name", "serial_number", "uuid"),
    }


@pytest.mark.parametrize(
    ("device_id", "serial_number"),
    [
        # The hex digits of "AB1C0042" and a control character, as Epson sends them.
        ("MFG:EPSON;MDL:XX-1;SN:414231433030343212;", "AB1C0042"),
        ("MFG:EPSON;MDL:XX-1;SN:AB1C0042;", "AB1C0042"),
        ("MFG:Acme;MDL:P;SN:414231433030343212;", "414231433030343212"),
        ("MFG:Acme;MDL:P;SERN:77-12;", "77-12"),
        ("MFG:Acme;MDL:P;SN:XXXXXXXXXX;", None),
        ("MFG:Acme;MDL:P;", None),
    ],
)
def test_a_serial_number_may_be_in_the_device_id(device_id: str, serial_number: str | None) -> None:
    assert read(printer_device_id=device_id).identity.serial_number == serial_number


def test_the_attribute_for_the_serial_number_comes_before_the_device_id() -> None:
    who = read(printer_serial_number="A-1", printer_device_id="MFG:Acme;MDL:P;SN:B-2;").identity
    assert who.serial_number == "A-1"


def test_a_path_is_no_name_and_a_label_printer_says_so() -> None:
    who = read(printer_name="ipp/print", printer_dns_sd_name="Label desk", printer_kind="label").identity
    assert (who.name, who.kind) == ("Label desk", DeviceKind.LABEL)


def test_hostile_text_comes_out_as_one_clean_line() -> None:
    reading = read(
        printer_name="a\x1b[31m\r\nb\u202e" + "x" * 1000,
        printer_make_and_model="=cmd|'/C calc'!A0\x00",
        printer_supply=b"type=toner;level=5;maxcapacity=100;colorantname=\x07black;index=1",
        printer_supply_description="\u2028<script>",
        printer_state_reasons="toner\nlow-error",
    )
    texts = [reading.identity.name, reading.identity.model, reading.supplies[0].description]
    texts += [alert.code_name for alert in reading.alerts]
    for text in texts:
        assert text is not None
        assert len(text) <= 255
        assert text.isprintable()


def test_impressions_and_sheets_are_counters_of_the_print_service() -> None:
    reading = read(printer_impressions_completed=1200, printer_media_sheets_completed=900, printer_pages_completed=1100)
    assert {read.key: read.value for read in reading.meter_reads} == {
        "print.any.any.any.impressions": 1200,
        "print.any.any.any.sheets": 900,
        "print.any.any.any.other#pages": 1100,
    }
    assert {str(read.origin) for read in reading.meter_reads} >= {"ipp printer-impressions-completed"}
    assert Scope.METERS in reading.scopes


def test_a_collection_gives_counters_by_colour() -> None:
    reading = read(
        printer_impressions_completed=100,
        printer_impressions_completed_col=collection(monochrome=60, full_color=38, blank=2),
    )
    assert {read.key: read.value for read in reading.meter_reads} == {
        "print.any.any.any.impressions": 100,
        "print.monochrome.any.any.impressions": 60,
        "print.full-color.any.any.impressions": 38,
        "print.any.any.any.impressions#blank": 2,
    }


@pytest.mark.parametrize(
    ("total", "plain", "two_sided"),
    [
        (60, "print.monochrome.any.any.impressions", "print.monochrome.any.two.impressions"),
        (100, "print.monochrome.any.one.impressions", "print.monochrome.any.two.impressions"),
        (77, "print.monochrome.any.any.impressions#monochrome", "print.monochrome.any.two.impressions"),
        (None, "print.monochrome.any.any.impressions#monochrome", "print.monochrome.any.two.impressions"),
    ],
)
def test_the_total_tells_whether_plain_members_mean_all_sides(total: int | None, plain: str, two_sided: str) -> None:
    more: dict[str, Content] = {} if total is None else {"printer_impressions_completed": total}
    reading = read(printer_impressions_completed_col=collection(monochrome=60, monochrome_two_sided=40), **more)
    values = {read.key: read.value for read in reading.meter_reads}
    assert (values[plain], values[two_sided]) == (60, 40)
    assert all(read.sides in Sides for read in reading.meter_reads)


def test_a_counter_that_is_no_number_is_absent_and_a_zero_is_a_number() -> None:
    reading = read(printer_impressions_completed=OutOfBand.UNKNOWN, printer_media_sheets_completed=0)
    assert [(read.key, read.value) for read in reading.meter_reads] == [("print.any.any.any.sheets", 0)]
    assert read(printer_impressions_completed=-2).meter_reads == ()


def test_a_supply_keeps_what_its_octets_say() -> None:
    [waste, black, cyan] = read(
        printer_supply=(
            b"index=1;class=receptacleThatIsFilled;type=wasteToner;unit=percent;maxcapacity=100;level=25;colorantname=unknown;",
            b"COLORANTNAME=black;Index=2;Class=supplyThatIsConsumed;Type=toner-cartridge;unit=tenthsOfGrams;maxcapacity=2000;level=500",
            b"type=toner;maxcapacity=-2;level=-3;colorantname=cyan;vendor=x;;=;nothing",
        ),
        printer_supply_description=("Waste", "Black Toner S/N:AB12", "Light Cyan"),
    ).supplies
    assert (waste.index, waste.kind, waste.type, waste.colorants) == ("1.1", SupplyKind.FILLED, "wasteToner", ())
    assert waste.level is not None
    assert waste.level.percent == 25
    assert (black.index, black.kind, black.type) == ("1.2", SupplyKind.CONSUMED, "tonerCartridge")
    assert (black.unit, black.max_capacity, black.serial_number) == ("tenthsOfGrams", 2000, "AB12")
    assert black.level is not None
    assert (black.level.units, black.level.percent) == (500, 25)
    assert (cyan.index, cyan.colorants, cyan.kind) == ("1.3", ("light-cyan",), SupplyKind.CONSUMED)
    assert cyan.level is not None
    assert (cyan.level.state, cyan.level.percent) == (LevelState.SOME_REMAINING, None)


def test_supplies_come_from_markers_where_there_are_no_others() -> None:
    supplies = read(
        marker_names=("Black", "Tri-color", "Waste", "Drum", "Odd"),
        marker_types=("toner-cartridge", "inkCartridge", "waste-toner", "opc", "pixie-dust"),
        marker_colors=("#000000", "#00FFFF#FF00FF#FFFF00", "none", "none", "#123456"),
        marker_levels=(9, 70, 5, -1, -3),
        marker_low_levels=(10, 10, 10, 10, 10),
    ).supplies
    assert [supply.index for supply in supplies] == [f"marker.{n}" for n in range(1, 6)]
    types = [supply.type for supply in supplies]
    assert types == ["tonerCartridge", "inkCartridge", "wasteToner", "opc", "pixie-dust"]
    assert [supply.colorants for supply in supplies] == [("black",), ("cyan", "magenta", "yellow"), (), (), ()]
    assert [supply.condition for supply in supplies] == [Condition.LOW, Condition.OK, None, None, None]
    states = [supply.level.state for supply in supplies if supply.level is not None]
    assert states == [*[LevelState.MEASURED] * 3, LevelState.UNKNOWN, LevelState.SOME_REMAINING]
    assert supplies[2].kind is SupplyKind.FILLED


def test_marker_lists_of_unequal_length_lose_nothing() -> None:
    supplies = read(marker_names="Black", marker_levels=(50, 60)).supplies
    assert [(supply.description, supply.level and supply.level.percent) for supply in supplies] == [
        ("Black", 50),
        (None, 60),
    ]


def test_trays_are_inputs() -> None:
    [tray, manual] = read(
        printer_input_tray=(
            b"type=sheetFeedAutoRemovableTray;unit=sheets;maxcapacity=250;level=100;name=tray-1;medianame=iso_a4_210x297mm;",
            b"type=sheetFeedManual;maxcapacity=1;level=-3;status=9;name=manual",
        )
    ).inputs
    assert (tray.index, tray.type, tray.name, tray.media) == (
        *("1.1", "sheetFeedAutoRemovableTray", "tray-1"),
        "iso_a4_210x297mm",
    )
    assert tray.level is not None
    assert (tray.unit, tray.max_capacity, tray.level.units, tray.level.percent) == ("sheets", 250, 100, 40)
    assert manual.level is not None
    assert (manual.level.state, manual.status) == (LevelState.SOME_REMAINING, 9)


def test_alerts_come_from_rows_and_from_reasons_that_say_something_else() -> None:
    reading = read(
        printer_state=3,
        printer_state_reasons=("cover-open-error", "marker-supply-low-warning", "offline-report", "none"),
        printer_alert=(
            b"code=coverOpen;index=3;severity=critical;training=untrained;group=cover;groupindex=1;location=2;time=99",
            b"code=other",
            b"",
            b"code=unknown;severity=other",
        ),
        printer_alert_description=("Front cover open", "feed roller needed soon", "", "Sleep"),
    )
    rows = [(alert.code_name, alert.severity, alert.description) for alert in reading.alerts]
    assert rows == [
        ("coverOpen", Severity.CRITICAL, "Front cover open"),
        ("other", None, "feed roller needed soon"),
        ("subunitAlmostEmpty", Severity.WARNING, "marker-supply-low"),
        ("offline", Severity.OTHER, "offline"),
    ]
    cover = reading.alerts[0]
    assert (cover.training, cover.group, cover.location) == (Training.UNTRAINED, "cover", 2)
    assert len({alert.key for alert in reading.alerts}) == 4


@pytest.mark.parametrize(
    ("state", "reason", "severity"),
    [
        (5, "media-jam", Severity.CRITICAL),
        (3, "media-jam", Severity.WARNING),
        (3, "media-jam-error", Severity.CRITICAL),
        (5, "media-jam-warning", Severity.WARNING),
        (3, "some-vendor-thing-report", Severity.OTHER),
    ],
)
def test_the_suffix_of_a_reason_is_its_severity_and_without_one_the_state_tells(
    state: int, reason: str, severity: Severity
) -> None:
    [alert] = read(printer_state=state, printer_state_reasons=reason).alerts
    assert alert.severity is severity


@pytest.mark.parametrize(
    ("number", "reasons", "state"),
    [
        (3, ("none",), PrinterState.IDLE),
        (3, ("toner-low-warning",), PrinterState.WARNING),
        (3, ("media-empty-error",), PrinterState.ERROR),
        (3, ("standby",), PrinterState.STANDBY),
        (4, ("toner-low-warning",), PrinterState.PRINTING),
        (5, ("paused",), PrinterState.ERROR),
        (5, ("offline-report",), PrinterState.OFFLINE),
    ],
)
def test_state_and_reasons_make_one_status(number: int, reasons: tuple[str, ...], state: PrinterState) -> None:
    status = read(printer_state=number, printer_state_reasons=reasons).status
    assert status is not None
    assert status.state is state


def test_a_state_that_is_none_is_unknown_and_says_so() -> None:
    reading = read(printer_state=99)
    assert reading.status is None
    assert "status: device does not tell" in map(str, reading.unknown)
    assert Scope.STATUS not in reading.scopes


@pytest.mark.parametrize(
    "attributes",
    [
        {"cups_version": "2.4.2", "printer_type": 4},
        {"printer_uri_supported": "ipp://server/printers/office", "printer_type": 4},
        {"printer_uri_supported": "http://server/printers/Office/.printer", "printer_type": 4},
    ],
)
def test_a_queue_of_a_print_server_is_no_printer(attributes: dict[str, Content]) -> None:
    found = parse_printer(printer(printer_make_and_model="Acme P", **attributes), SCOPES, AT)
    assert found == NotAPrinter(what="a print server's queue for Acme P")


def test_an_up_time_that_is_a_date_is_none() -> None:
    assert read(printer_up_time=1_772_000_000).uptime is None


def test_each_scope_asks_only_for_its_own_and_always_for_who_answers() -> None:
    assert set(wanted(frozenset({Scope.STATUS}))) == {*WHO, *ATTRIBUTES[Scope.STATUS]}
    assert len(wanted(SCOPES)) == len(set(wanted(SCOPES)))
    reading = parse_printer(
        printer(printer_impressions_completed=5, printer_state=3, marker_levels=5), frozenset({Scope.STATUS}), AT
    )
    assert isinstance(reading, Reading)
    assert (reading.meter_reads, reading.supplies) == ((), ())
    assert reading.scopes == {Scope.STATUS}


RICH = encode(
    IppMessage(
        (2, 0),
        0,
        1,
        (
            printer(
                printer_uuid="urn:uuid:0a1b2c3d-0000-1000-8000-001122334455",
                printer_device_id="MFG:EPSON;MDL:XX-1;SN:414231433030343212;",
                printer_uri_supported="ipp://10.0.0.7/ipp/print",
                printer_up_time=99,
                printer_type=4,
                printer_impressions_completed=9,
                printer_impressions_completed_col=collection(monochrome=5, full_color=4, blank_two_sided=1),
                printer_supply=b"index=1;class=receptacleThatIsFilled;type=wasteToner;maxcapacity=100;level=-3;",
                printer_input_tray=b"type=other;maxcapacity=-2;level=5;status=0;name=main;",
                marker_levels=(9, -3),
                marker_colors=("#000000", "none"),
                printer_state=3,
                printer_state_reasons=("toner-low-warning",),
                printer_alert=b"code=jam;index=3;severity=critical;training=trained;location=2",
            ),
        ),
    )
)


@given(st.lists(st.tuples(st.integers(0, len(RICH) - 1), st.integers(0, 255)), max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=300)
def test_a_damaged_answer_is_malformed_or_still_a_reading(damage: list[tuple[int, int]]) -> None:
    data = bytearray(RICH)
    for place, octet in damage:
        data[place] = octet
    try:
        group = decode(bytes(data)).group(GroupTag.PRINTER)
    except MalformedError:
        return
    if group is not None:
        assert isinstance(parse_printer(group, SCOPES, AT), Reading | NotAPrinter)


def test_a_uri_that_is_none_is_no_queue() -> None:
    assert read(printer_uri_supported=("http://[", "ipp://x:99999999/printers"), printer_type=4).scopes


def test_what_another_reader_knows_is_no_longer_unknown() -> None:
    first = read(printer_name="a", printer_state=3)
    assert {one.what for one in first.unknown} >= {"life_count", "model", "supplies"}
    second = read(printer_make_and_model="HP X", printer_impressions_completed=5, marker_levels=50, marker_names="B")
    assert {one.what for one in first.completed_by(second).unknown} == {"serial_number"}
