"""From the services of a link to one target a printer."""

from __future__ import annotations

import pytest

from pagemeter.model import Target
from pagemeter.testing import FakeServices
from pagemeter_plugins.mdns.printers import MOST_URIS, Service, targets_of

UUID = "f85659e4-91eb-340c-62e3-2756fcbc39f4"


def service(
    kind: str,
    port: int,
    *addresses: str,
    name: str = "Acme Ink",
    host: str = "acme.local.",
    **txt: str,
) -> Service:
    return Service(
        type=f"_{kind}._tcp", instance=name, host=host, port=port, addresses=addresses or ("10.0.0.7",), txt=txt
    )


def targets(*services: Service, networks: tuple[str, ...] = ("0.0.0.0/0", "::/0")) -> tuple[Target, ...]:
    return targets_of(services, FakeServices(networks=networks).allows, found_by="mdns")


def uris(*services: Service, networks: tuple[str, ...] = ("0.0.0.0/0", "::/0")) -> list[str]:
    return [target.uri for target in targets(*services, networks=networks)]


def test_the_services_of_a_printer_are_one_host_with_its_doors_as_hints() -> None:
    [target] = targets(
        service("uscan", 80, ty="Acme Ink 9000 scanner"),
        service("pdl-datastream", 9100, ty="Acme Ink 9000", usb_ser="S1"),
        service("printer", 515),
        service("ipps", 443, rp="ipp/print", uuid=UUID),
        service("ipp", 631, rp="ipp/print", ty="Acme Ink 9000", uuid=UUID, mac="00005e005301"),
    )
    assert target.uri == "host://10.0.0.7"
    assert target.found_by == "mdns"
    hints = target.hints
    assert hints.uris == ("ipp://10.0.0.7:631/ipp/print", "ipps://10.0.0.7:443/ipp/print")
    assert (hints.name, hints.model, hints.uuid) == ("Acme Ink", "Acme Ink 9000", UUID)
    assert (hints.mac, hints.serial_number) == ("00:00:5e:00:53:01", "S1")


@pytest.mark.parametrize("kind", ["printer", "pdl-datastream", "uscan", "uscans"])
def test_of_other_services_only_the_address_is_used(kind: str) -> None:
    [target] = targets(service(kind, 9100))
    assert target.uri == "host://10.0.0.7"
    assert target.hints.uris == ()


def test_programs_at_other_ports_of_one_computer_stay_several() -> None:
    found = targets(
        service("ipp", 8631, "127.0.0.1", name="One", rp="ipp/print"),
        service("ipps", 8631, "127.0.0.1", name="One", rp="ipp/print"),
        service("ipp", 8632, "127.0.0.1", name="Two", rp="ipp/print/two"),
        service("printer", 0, "127.0.0.1", name="One"),
        service("uscan", 8090, "127.0.0.1", name="Scanner of the computer"),
    )
    assert [(target.uri, target.hints.uris) for target in found] == [
        ("ipp://127.0.0.1:8631/ipp/print", ("ipps://127.0.0.1:8631/ipp/print",)),
        ("ipp://127.0.0.1:8632/ipp/print/two", ()),
    ]


def test_a_second_door_at_another_port_belongs_to_the_printer() -> None:
    [target] = targets(service("ipp", 631), service("ipps", 8443))
    assert target.uri == "host://10.0.0.7"
    assert target.hints.uris == ("ipp://10.0.0.7:631/ipp/print", "ipps://10.0.0.7:8443/ipp/print")


def test_the_queues_of_a_print_server_are_left_out_with_all_that_bears_their_name() -> None:
    assert uris(
        service("ipp", 631, name="Office", rp="printers/office"),
        service("printer", 515, name="Office", rp="office"),
        service("uscan", 8090, name="A scanner that it shares"),
    ) == []  # fmt: skip


@pytest.mark.parametrize("port", [515, 9100, 9107])
def test_ipp_at_a_port_that_prints_is_never_a_door(port: int) -> None:
    [target] = targets(service("ipp", port))
    assert target.uri == "host://10.0.0.7"
    assert target.hints.uris == ()


def test_what_is_not_offered_is_nothing() -> None:
    assert uris(service("printer", 0), service("ipp", 0)) == []


def test_one_printer_with_several_addresses_is_known_by_the_lowest_ipv4_address() -> None:
    addresses = ("fe80::7%2", "2001:db8::7", "10.0.0.10", "10.0.0.9", "169.254.3.4")
    assert uris(service("ipp", 631, *addresses)) == ["host://10.0.0.9"]
    split = (service("ipp", 631, "2001:db8::7"), service("ipps", 631, "10.0.0.9", host="ACME.local."))
    assert uris(*split) == ["host://10.0.0.9"]


@pytest.mark.parametrize(
    ("networks", "uri"),
    [
        (("10.0.1.0/24",), "host://10.0.1.9"),
        (("2001:db8::/32",), "host://[2001:db8::7]"),
        (("fe80::/10", "2001:db8::/32"), "host://[2001:db8::7]"),
        (("fe80::/10",), "host://[fe80::7%2]"),
        (("169.254.0.0/16", "fe80::/10"), "host://169.254.3.4"),
    ],
)
def test_only_an_address_inside_the_fence_is_chosen(networks: tuple[str, ...], uri: str) -> None:
    addresses = ("fe80::7%2", "2001:db8::7", "10.0.0.9", "10.0.1.9", "169.254.3.4")
    assert uris(service("ipp", 631, *addresses), networks=networks) == [uri]


def test_a_printer_outside_the_fence_is_not_there() -> None:
    assert uris(service("ipp", 631, "10.9.0.7", "2001:db8::7"), networks=("10.0.0.0/16",)) == []


@pytest.mark.parametrize("address", ["224.0.0.1", "0.0.0.0", "ff02::1", "::", "::ffff:10.0.0.7", "fe80::7"])  # noqa: S104 - announced, not bound
def test_an_address_that_no_printer_has_is_not_chosen(address: str) -> None:
    assert uris(service("ipp", 631, address)) == []


def test_an_ipv6_address_stands_in_brackets_in_each_uri() -> None:
    [target] = targets(service("ipp", 631, "2001:db8::7"))
    assert target.host == "2001:db8::7"
    assert target.hints.uris == ("ipp://[2001:db8::7]:631/ipp/print",)


def test_two_names_for_one_address_are_one_printer() -> None:
    assert uris(service("ipp", 631, name="A", host="a.local."), service("ipp", 631, name="B", host="b.local.")) == [
        "host://10.0.0.7"
    ]


def test_the_doors_of_a_host_are_bounded() -> None:
    many = [service("ipp", 631, name=f"N{number:03}", rp=f"ipp/{number}") for number in range(100)]
    [target] = targets(*many)
    assert len(target.hints.uris) == MOST_URIS
