from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pagemeter.errors import PluginError
from pagemeter.model import Target
from pagemeter.net.ranges import AddressRange, parse_range
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.testing import FakeServices, RecordedSnmp
from pagemeter_plugins.sweep.discovery import SYS_DESCR, SYS_OBJECT_ID, SweepDiscovery
from pagemeter_plugins.sweep.settings import SweepSettings
from pagemeter_plugins.sweep.spans import without

PRINTER = Walk(
    [
        VarBind(SYS_DESCR, Tag.OCTET_STRING, b"Acme"),
        VarBind(SYS_OBJECT_ID, Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.99999.1")),
    ]
)


async def swept(settings: SweepSettings, folder: Path = Path()) -> tuple[list[Target], FakeServices, RecordedSnmp]:
    snmp = RecordedSnmp({"10.0.0.7": PRINTER})
    services = FakeServices(snmp=snmp, folder=folder)
    discovery = SweepDiscovery(settings, services)
    async with discovery:
        targets = [one async for one in discovery.discover({}) if isinstance(one, Target)]
    return targets, services, snmp


async def test_who_answers_is_found_with_what_it_said() -> None:
    [target], services, snmp = await swept(SweepSettings(ranges=("10.0.0.0/24",)))
    assert (target.uri, target.found_by) == ("host://10.0.0.7", "sweep")
    assert target.hints.sys_object_id == "1.3.6.1.4.1.99999.1"
    assert services.progressed == [(1, 1)]
    assert snmp.asked == [("sweep", "10.0.0.7", (SYS_DESCR, SYS_OBJECT_ID))]


async def test_what_is_excluded_is_not_asked() -> None:
    settings = SweepSettings(ranges=("10.0.0.0/28", "printer.example"), exclude=("10.0.0.1", "10.0.0.4-10.0.0.6"))
    _, _, snmp = await swept(settings)
    assert snmp.swept == [("10.0.0.2-10.0.0.3", "10.0.0.7-10.0.0.14", "printer.example")]


async def test_nothing_is_asked_where_everything_is_excluded() -> None:
    targets, _, snmp = await swept(SweepSettings(ranges=("10.0.0.7",), exclude=("10.0.0.0/24",)))
    assert (targets, snmp.swept) == ([], [])


async def test_ranges_of_a_file_are_asked_too(tmp_path: Path) -> None:
    (tmp_path / "ranges.txt").write_text("# plant 2\n10.0.1.*   # hall\n", encoding="utf-8")
    _, _, snmp = await swept(SweepSettings(ranges=("10.0.0.7",), file="ranges.txt"), tmp_path)
    assert snmp.swept == [("10.0.0.7", "10.0.1.1-10.0.1.254")]


@pytest.mark.parametrize("line", ["10.0.0.0/33", "10.0.0.0/8"])
async def test_a_line_that_can_not_be_asked_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "ranges.txt").write_text(f"10.0.0.7\n{line}\n", encoding="utf-8")
    with pytest.raises(PluginError, match=r"ranges\.txt:2: "):
        await swept(SweepSettings(file="ranges.txt"), tmp_path)


def test_a_large_range_must_be_meant() -> None:
    with pytest.raises(ValidationError, match="large: true"):
        SweepSettings(ranges=("10.0.0.0/14",))
    assert SweepSettings(ranges=("10.0.0.0/14",), large=True).large
    assert SweepSettings(ranges=("10.0.0.0/15",)).ranges == ("10.0.0.0/15",)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "name ranges, file or both"),
        ({"ranges": ("10.0.0.5-10.0.0.1",)}, "runs backwards"),
        ({"ranges": ("10.0.0.7",), "exclude": ("printer.example",)}, "is a host name"),
        ({"ranges": ("10.0.0.7",), "community": "public"}, "community"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_remedy(keys: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        SweepSettings.model_validate(keys)


def test_the_plan_says_how_many_packets_go_where() -> None:
    discovery = SweepDiscovery(SweepSettings(ranges=("10.0.0.0/24", "printer.example")), FakeServices())
    assert [(one.to, one.port, one.packets) for one in discovery.traffic()] == [
        ("10.0.0.0/24", 161, 254),
        ("printer.example", 161, None),
    ]


SPANS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted).map(lambda pair: span(*pair))


def span(low: int, high: int) -> AddressRange:
    return parse_range(f"10.0.0.{low}-10.0.0.{high}")


@given(ranges=st.lists(SPANS, max_size=4), holes=st.lists(SPANS, max_size=4))
def test_what_is_left_is_what_was_wanted_and_not_excluded(
    ranges: list[AddressRange], holes: list[AddressRange]
) -> None:
    left = {address for text in without(ranges, holes) for address in parse_range(text).addresses()}
    excluded = {address for hole in holes for address in hole.addresses()}
    assert left == {address for one in ranges for address in one.addresses()} - excluded


def test_a_hole_of_the_other_protocol_changes_nothing() -> None:
    ranges = [parse_range("10.0.0.1-10.0.0.9"), parse_range("2001:db8::7")]
    assert without(ranges, [parse_range(str(ip_address(0x0A000001 << 96)))]) == ("10.0.0.1-10.0.0.9", "2001:db8::7")
