"""Who it is, its supplies and its alerts, where SNMP tells one part and IPP another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pagemeter.model import Condition, LevelState

Live = Callable[..., Any]
UUID = "4509a320-00a0-008f-00b6-02504d000031"
WHO = {"printer_serial_number": "ACM0000031", "printer_uuid": f"urn:uuid:{UUID}"}
LATER = timedelta(hours=2)


def ipp_supply(**pairs: object) -> bytes:
    return "".join(f"{name}={value};" for name, value in pairs.items()).encode()


# ---- who it is


def test_each_field_of_the_identity_comes_from_the_first_source_that_tells_it(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(location="2nd floor"), {**WHO, "printer_location": "Hall", "printer_name": "hall"})

    latest = live(story).latest
    told = latest.device
    assert (told.serial_number, told.uuid, told.location) == ("ACM0000031", UUID, "2nd floor")
    where = {name: str(origin) for name, origin in latest.origins}
    assert where["serial_number"] == "ipp printer-serial-number"
    assert where["uuid"] == "ipp printer-uuid"
    assert where["location"] == "snmp 1.3.6.1.2.1.1.6.0"
    assert latest.read_by == ("printer_mib", "ipp")


def test_a_source_that_is_silent_takes_nothing_away_and_makes_no_second_device(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(location="2nd floor"), WHO)
        await home.visit(snmp(location="2nd floor"), None)
        await home.visit(None, WHO)

    home = live(story)
    told = home.latest.device
    assert (told.serial_number, told.uuid, told.location) == ("ACM0000031", UUID, "2nd floor")
    assert [event.kind for event in home.told("device")] == ["device-found"]


def test_a_serial_number_that_ipp_tells_later_is_added_to_the_device_that_is_known_without(
    live: Live, snmp: Any
) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(), None)
        first = home.latest.device.id
        await home.visit(snmp(), WHO)
        assert home.latest.device.id == first

    assert live(story).latest.device.serial_number == "ACM0000031"


def test_where_the_other_order_is_configured_ipp_is_asked_first_and_wins(live: Live, snmp: Any, readers: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(location="2nd floor"), {**WHO, "printer_location": "Hall"})

    assert live(story, readers=readers[::-1]).latest.device.location == "Hall"


# ---- supplies


def marker(name: str, level: int, color: str = "#000000", kind: str = "toner-cartridge") -> tuple[Any, ...]:
    return name, kind, color, level


def markers(*rows: tuple[Any, ...]) -> dict[str, Any]:
    names, kinds, colors, levels = (list(column) for column in zip(*rows, strict=True))
    return {"marker_names": names, "marker_types": kinds, "marker_colors": colors, "marker_levels": levels}


def test_a_level_that_snmp_does_not_know_is_taken_from_the_same_supply_of_ipp(live: Live, snmp: Any, row: Any) -> None:
    async def story(home: Any) -> None:
        rows = (row(color=1, level=-3, words="Schwarz"), row(color=2, level=-2, words="Cyan"), row(color=3, level=-1))
        told = markers(marker("Black", 43), marker("Cyan", 7, "#00FFFF"), marker("Magenta", 60, "#FF00FF"))
        await home.visit(snmp(supplies=rows), {**WHO, **told})

    latest = live(story).latest
    black, cyan, magenta = latest.supplies
    assert (black.level.state, black.level.percent) == (LevelState.MEASURED, 43)
    # 43 of what SNMP counts in impressions would be another level.
    assert (black.level.units, black.unit, black.max_capacity) == (None, "impressions", -2)
    assert black.level.why == "snmp: only that some is left"
    assert (cyan.level.percent, cyan.level.why) == (7, "snmp: the device says that it does not know (-2)")
    assert magenta.level.state is LevelState.UNRESTRICTED
    assert black.origin.protocol == "snmp"
    where = {name: str(origin) for name, origin in latest.origins if name.startswith("supplies.")}
    assert where == {
        "supplies.1.1.level": "ipp marker-levels",
        "supplies.1.2.level": "ipp marker-levels",
        "supplies.1.3.description": "ipp marker-levels",
    }


def test_a_level_that_snmp_measured_stays(live: Live, snmp: Any, row: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(supplies=(row(level=900, capacity=1000),)), {**WHO, **markers(marker("Black", 43))})

    (black,) = live(story).latest.supplies
    assert (black.level.units, black.level.percent, black.level.why) == (900, 90, None)


def test_a_number_without_a_capacity_gets_no_percentage_from_elsewhere(live: Live, snmp: Any, row: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(supplies=(row(level=1200),)), {**WHO, **markers(marker("Black", 43))})

    (black,) = live(story).latest.supplies
    assert (black.level.units, black.level.percent) == (1200, None)


def test_two_black_cartridges_are_never_mixed_up(live: Live, snmp: Any, row: Any) -> None:
    async def story(home: Any) -> None:
        told = markers(marker("Toner", 43), marker("Toner", 88))
        await home.visit(snmp(supplies=(row(words="Black"), row(words="Black"))), {**WHO, **told})

    latest = live(story).latest
    assert [supply.level.state for supply in latest.supplies] == [LevelState.SOME_REMAINING] * 2
    assert not any(name.startswith("supplies.") for name, _ in latest.origins)


def test_two_black_cartridges_with_names_of_their_own_are_told_apart_in_any_order(
    live: Live, snmp: Any, row: Any
) -> None:
    async def story(home: Any) -> None:
        told = markers(marker("Black Toner 2", 88), marker("Black Toner 1", 43))
        rows = (row(words="Black Toner 1"), row(words="Black Toner 2"))
        await home.visit(snmp(supplies=rows), {**WHO, **told})

    latest = live(story).latest
    assert [(one.description, one.level.percent) for one in latest.supplies] == [
        ("Black Toner 1", 43),
        ("Black Toner 2", 88),
    ]


def test_serial_and_part_numbers_are_added_and_the_supply_stays_the_same_while_ipp_is_silent(
    live: Live, snmp: Any, row: Any
) -> None:
    told: dict[str, Any] = {
        **WHO,
        "printer_supply": ipp_supply(index=9, **{"class": "supplyThatIsConsumed"}, type="toner", unit="percent")
        + b"maxcapacity=100;level=43;colorantname=black;",
        "printer_supply_description": "Black Toner, PN 006R99999;SN4711AB",
    }

    async def story(home: Any) -> None:
        for ipp in (told, None, {**told, "printer_supply": told["printer_supply"].replace(b"43", b"41")}):
            await home.visit(snmp(supplies=(row(words="Toner"),)), ipp)

    home = live(story)
    (black,) = home.latest.supplies
    assert (black.part_number, black.serial_number, black.level.percent) == ("006R99999", "4711AB", 41)
    assert black.first_seen == home.latest.taken_at - 2 * LATER
    assert home.told("supply") == []


def test_the_level_of_a_waste_box_is_not_completed_for_sources_count_it_from_either_end(
    live: Live, snmp: Any, row: Any
) -> None:
    async def story(home: Any) -> None:
        told = markers(marker("Waste Toner", 20, "none", "waste-toner"))
        await home.visit(snmp(supplies=(row(color=0, type=4, filled=True, words="Waste Toner"),)), {**WHO, **told})

    (box,) = live(story).latest.supplies
    assert box.level.state is LevelState.SOME_REMAINING


def test_some_is_left_is_not_overruled_by_nothing_is_left(live: Live, snmp: Any, row: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(supplies=(row(level=-3),)), {**WHO, **markers(marker("Black", 0))})

    (black,) = live(story).latest.supplies
    assert black.level.state is LevelState.SOME_REMAINING


def test_the_word_for_low_of_ipps_threshold_is_added_once_told_and_not_told_again(
    live: Live, snmp: Any, row: Any
) -> None:
    low = {**WHO, **markers(marker("Black", 12)), "marker_low_levels": 15}

    async def story(home: Any) -> None:
        for ipp in (low, None, low):
            await home.visit(snmp(supplies=(row(level=-3),)), ipp)

    home = live(story)
    assert home.latest.supplies[0].condition is Condition.LOW
    assert [event.kind for event in home.told("supply")] == ["supply-low"]


def test_supplies_that_only_ipp_lists_are_whole_and_its_own(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(), {**WHO, **markers(marker("Black", 43))})

    (black,) = live(story).latest.supplies
    assert (black.index, black.origin.protocol, black.level.percent) == ("marker.1", "ipp", 43)


def test_a_row_that_only_ipp_has_is_not_added_to_the_list_of_snmp(live: Live, snmp: Any, row: Any) -> None:
    async def story(home: Any) -> None:
        told = markers(marker("Black", 43), marker("Fuser", 71, "none", "fuser"))
        await home.visit(snmp(supplies=(row(level=-3),)), {**WHO, **told})

    (black,) = live(story).latest.supplies
    assert black.level.percent == 43


# ---- alerts


COVER = (3, 6, 3, "Cover open")


@pytest.mark.parametrize("silent", ["ipp", "snmp"])
def test_an_alert_that_both_tell_is_raised_once_though_one_of_them_is_silent_at_times(
    live: Live, snmp: Any, silent: str
) -> None:
    reasons = {**WHO, "printer_state_reasons": "cover-open-error"}

    async def story(home: Any) -> None:
        both = (snmp(alerts=(COVER,)), reasons)
        one = (both[0], None) if silent == "ipp" else (None, reasons)
        for told in (both, one, both, one, both):
            await home.visit(*told)
        assert [alert.origin.protocol for alert in home.latest.alerts] == ["snmp"]
        await home.visit(snmp(), {**WHO, "printer_state_reasons": "none"})

    home = live(story)
    assert [event.kind for event in home.told("alert")] == ["alert-raised", "alert-cleared"]
    assert home.told("alert")[1].facts.lasted == 5 * LATER


def test_the_alerts_are_the_whole_list_of_the_first_source_that_has_some(live: Live, snmp: Any) -> None:
    async def story(home: Any) -> None:
        await home.visit(snmp(alerts=(COVER,)), {**WHO, "printer_state_reasons": ["cover-open-error", "media-low"]})

    assert [alert.description for alert in live(story).latest.alerts] == ["Cover open"]


def test_an_alert_that_only_ipp_tells_stays_while_ipp_is_silent(live: Live, snmp: Any) -> None:
    reasons = {**WHO, "printer_state_reasons": "media-low-warning"}

    async def story(home: Any) -> None:
        for ipp in (reasons, None, reasons):
            await home.visit(snmp(), ipp)

    assert [event.kind for event in live(story).told("alert")] == ["alert-raised"]
