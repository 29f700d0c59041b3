"""What an answer as a whole says, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pagemeter.ipp.message import GroupTag, IppMessage, MalformedError, decode, encode
from pagemeter.ipp.reading import ATTRIBUTES, SCOPES, WHO, parse_attributes, queue_told_by, wanted
from pagemeter.model import Reading, Scope
from pagemeter.testing import ipp_group
from pagemeter.testing.ipp import Told

Read: TypeAlias = Callable[..., Reading]
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_hostile_text_comes_out_as_one_clean_line(read: Read) -> None:
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


@pytest.mark.parametrize(
    "attributes",
    [
        {"cups_version": "2.4.2", "printer_type": 4},
        {"printer_uri_supported": "ipp://server/printers/office", "printer_type": 4},
        {"printer_uri_supported": "http://server/printers/Office/.printer", "printer_type": 4},
    ],
)
def test_a_queue_of_a_print_server_is_no_printer(attributes: dict[str, Told]) -> None:
    group = ipp_group(printer_make_and_model="Acme P", **attributes)
    assert queue_told_by(group) == "a print server's queue for Acme P"


def test_an_up_time_that_is_a_date_is_none(read: Read) -> None:
    assert read(printer_up_time=1_772_000_000).uptime is None


def test_each_scope_asks_only_for_its_own_and_always_for_who_answers() -> None:
    assert set(wanted(frozenset({Scope.STATUS}))) == {*WHO, *ATTRIBUTES[Scope.STATUS]}
    assert len(wanted(SCOPES)) == len(set(wanted(SCOPES)))
    reading = parse_attributes(
        ipp_group(printer_impressions_completed=5, printer_state=3, marker_levels=5),
        scopes=frozenset({Scope.STATUS}),
        at=AT,
    )
    assert (reading.meter_reads, reading.supplies) == ((), ())
    assert reading.scopes == {Scope.STATUS}


RICH = encode(
    IppMessage(
        (2, 0),
        0,
        1,
        (
            ipp_group(
                printer_uuid="urn:uuid:0a1b2c3d-0000-1000-8000-001122334455",
                printer_device_id="MFG:EPSON;MDL:XX-1;SN:414231433030343212;",
                printer_uri_supported="ipp://10.0.0.7/ipp/print",
                printer_up_time=99,
                printer_type=4,
                printer_impressions_completed=9,
                printer_impressions_completed_col={"monochrome": 5, "full_color": 4, "blank_two_sided": 1},
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
        queue_told_by(group)
        assert parse_attributes(group, scopes=SCOPES, at=AT).scopes >= {Scope.IDENTITY}


def test_a_uri_that_is_none_is_no_queue() -> None:
    group = ipp_group(printer_uri_supported=("http://[", "ipp://x:99999999/printers"), printer_type=4)
    assert queue_told_by(group) is None


def test_what_another_reader_knows_is_no_longer_unknown(read: Read) -> None:
    first = read(printer_name="a", printer_state=3)
    assert {one.what for one in first.unknown} >= {"life_count", "model", "supplies"}
    second = read(printer_make_and_model="HP X", printer_impressions_completed=5, marker_levels=50, marker_names="B")
    assert {one.what for one in first.completed_by(second).unknown} == {"serial_number"}
