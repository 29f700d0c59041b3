"""What operators say of addresses, and which of several sayings counts."""

from __future__ import annotations

from ipaddress import ip_network

from pagemeter.inventory import Links
from pagemeter.model import Link


def links(*told: Link) -> Links:
    found = Links([(ip_network("10.0.0.0/16"), "Plant 2")])
    found.replace({"table": told})
    return found


def site(found: Link | None) -> str | None:
    return found.site if found else None


def test_a_network_of_the_yaml_gives_its_site() -> None:
    assert site(links().of("10.0.3.7")) == "Plant 2"
    assert links().of("10.1.0.1") is None
    assert links().of("printer.example") is None


def test_the_narrowest_link_counts_field_by_field() -> None:
    found = links(
        Link(addresses="10.0.3.0/24", site="Hall 3", labels=(("cost", "1"), ("floor", "0"))),
        Link(addresses="10.0.3.7", asset_tag="A-7", labels=(("cost", "2"),)),
    ).of("10.0.3.7")
    assert found is not None
    assert (found.site, found.asset_tag, dict(found.labels)) == ("Hall 3", "A-7", {"cost": "2", "floor": "0"})


def test_of_two_lines_on_one_address_the_later_counts() -> None:
    assert site(links(Link(addresses="10.0.3.7", site="A"), Link(addresses="10.0.3.7", site="B")).of("10.0.3.7")) == "B"


def test_spans_wildcards_and_host_names_are_understood() -> None:
    found = links(
        Link(addresses="10.0.3.7-10.0.3.9", site="span"),
        Link(addresses="10.9.2.*", site="stars"),
        Link(addresses="Printer.Example", site="name"),
        Link(addresses="2001:db8::7", site="six"),
    )
    told = ("10.0.3.8", "10.9.2.200", "printer.example", "2001:db8::7", "10.0.3.10")
    assert [site(found.of(host)) for host in told] == ["span", "stars", "name", "six", "Plant 2"]


def test_a_later_run_takes_the_place_of_the_one_before() -> None:
    found = links(Link(addresses="10.0.3.7", site="A"))
    found.replace({"table": ()})
    assert site(found.of("10.0.3.7")) == "Plant 2"
