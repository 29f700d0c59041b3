"""One meter that SNMP and IPP both tell: which value counts, what is told of the other, and what the ledger says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

Live = Callable[..., Any]
KEY = "print.any.any.any.impressions"
SNMP, IPP = "snmp 1.3.6.1.4.1.99999.1.2.1.0", "ipp printer-impressions-completed"
WHO = {"printer_serial_number": "ACM0000031"}


def ipp(count: int) -> dict[str, Any]:
    return {**WHO, "printer_impressions_completed": count}


def told(home: Any) -> list[tuple[str, int, int | None, int | None]]:
    """Return what the documents say of the meter: where it was read, value, series and delta."""
    return [(str(read.origin), read.value, read.series, read.delta) for read in home.reads(KEY)]


def test_a_second_source_that_agrees_confirms_the_first_ones_value(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(serial="ACM0000031", printed=500), ipp(500))

    home = live(story)
    assert told(home) == [(SNMP, 500, 1, 0)]
    [rival] = home.latest.rivals
    assert (str(rival.read.origin), rival.read.value, rival.read.key) == (IPP, 500, KEY)
    assert rival.why == "a source named earlier tells this meter too"
    assert home.told("meter") == []


def test_a_second_source_that_differs_is_told_once_and_stays_visible(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        for count in (0, 10, 20):
            await home.visit(snmp(serial="ACM0000031", printed=500 + count), ipp(480 + count))

    home = live(story)
    assert told(home) == [(SNMP, 500, 1, 0), (SNMP, 510, 1, 10), (SNMP, 520, 1, 10)]
    [event] = home.told("meter")
    assert event.kind == "meters-disagree"
    assert (event.facts.key, event.facts.elected, event.facts.other) == (KEY, 500, 480)
    assert (str(event.facts.elected_origin), str(event.facts.other_origin)) == (SNMP, IPP)
    assert event.facts.why == "a source named earlier tells this meter too"
    assert [(rival.read.value, str(rival.read.origin)) for rival in home.latest.rivals] == [(500, IPP)]


def test_sources_that_agreed_again_and_differ_anew_are_told_anew_but_not_for_a_silent_visit(
    live: Live, snmp: Any
) -> None:
    async def story(home: Any) -> None:
        for other in (480, None, 480, 500, 480):
            told = None if other is None else ipp(other)
            await home.visit(snmp(serial="ACM0000031", printed=500), told)

    assert [event.kind for event in live(story).told("meter")] == ["meters-disagree"] * 2


def test_the_order_of_the_readers_elects(live: Live, snmp: Any, readers: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(serial="ACM0000031", printed=500), ipp(480))

    home = live(story, readers=readers[::-1])
    assert told(home) == [(IPP, 480, 1, 0)]
    assert [str(rival.read.origin) for rival in home.latest.rivals] == [SNMP]


def test_a_silent_second_source_changes_nothing_of_the_first_ones_series(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(serial="ACM0000031", printed=500), ipp(500))
        visited = await home.visit(snmp(serial="ACM0000031", printed=510), None)
        assert [snapshot.read_by for snapshot in visited.snapshots] == [("printer_mib",)]
        await home.visit(snmp(serial="ACM0000031", printed=520), ipp(520))

    home = live(story)
    assert told(home) == [(SNMP, 500, 1, 0), (SNMP, 510, 1, 10), (SNMP, 520, 1, 10)]
    assert home.told("meter") == []


def test_a_source_that_agreed_stands_in_for_the_silent_one_in_the_same_series(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(serial="ACM0000031", printed=500), ipp(500))
        await home.visit(None, ipp(510))
        await home.visit(snmp(serial="ACM0000031", printed=530), ipp(530))

    home = live(story)
    assert told(home) == [(SNMP, 500, 1, 0), (IPP, 510, 1, 10), (SNMP, 530, 1, 20)]
    assert home.told("meter") == []
    [row] = home.ledger(KEY)
    assert (row.first, row.last, row.counted) == (500, 530, 30)


def test_a_source_that_differed_stands_in_without_counting_and_nothing_is_counted_twice(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(serial="ACM0000031", printed=500), ipp(480))
        await home.visit(None, ipp(490))
        await home.visit(snmp(serial="ACM0000031", printed=520), ipp(500))

    home = live(story)
    assert told(home) == [(SNMP, 500, 1, 0), (IPP, 490, None, None), (SNMP, 520, 1, 20)]
    assert [event.kind for event in home.told("meter")] == ["meters-disagree"]
    [row] = home.ledger(KEY)
    assert (row.first, row.last, row.counted, row.ended_by) == (500, 520, 20, None)


def test_a_stranger_that_stands_in_for_a_day_begins_a_series_of_its_own_with_a_word(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(serial="ACM0000031", printed=500), ipp(480))
        for hours, count in ((2, 490), (12, 500), (13, 510), (2, 515)):
            await home.visit(None, ipp(count), after=timedelta(hours=hours))

    home = live(story)
    assert told(home) == [
        (SNMP, 500, 1, 0),
        (IPP, 490, None, None),
        (IPP, 500, None, None),
        (IPP, 510, 2, 20),
        (IPP, 515, 2, 5),
    ]
    [differ, changed] = home.told("meter")
    assert (differ.kind, changed.kind) == ("meters-disagree", "meter-suspicious")
    assert (changed.facts.old, changed.facts.new) == (500, 490)
    assert "for a day now" in changed.facts.why
    first, second = sorted(home.ledger(KEY), key=lambda row: row.number)
    assert (first.counted, first.ended_by) == (0, "source-changed")
    assert (second.first, second.last, second.counted) == (490, 515, 25)


def test_a_meter_that_only_the_silent_source_tells_is_absent_and_counted_when_it_is_back(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        for told in (ipp(480), None, ipp(500)):
            await home.visit(snmp(serial="ACM0000031", life=900), told)

    home = live(story)
    assert told(home) == [(IPP, 480, 1, 0), (IPP, 500, 1, 20)]
    assert home.latest.rivals == ()


def test_what_the_print_service_counted_is_another_meter_than_what_the_engine_counted(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(serial="ACM0000031", life=900), ipp(480))

    home = live(story)
    values = {read.key: read.value for read in home.latest.meter_reads}
    assert values == {"total.any.any.any.impressions": 900, KEY: 480}
    assert (home.latest.rivals, home.told("meter")) == ((), [])
