"""What authors of plugins get: services, SNMP from memory, and fixtures."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pagemeter.component import Services, Snmp
from pagemeter.errors import Unreachable
from pagemeter.model import Scope, Target, host_uri
from pagemeter.simulator import Behaviour, Simulator, in_background, load_device, load_fleet
from pagemeter.snmp.codec import V2C, Message, PduType, decode, encode
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.testing import FakeClock, FakeServices, RecordedSnmp
from pagemeter.testing.plugin import SimulatedPrinter

SYS_DESCR, SYS_NAME, SUPPLIES = oid("1.3.6.1.2.1.1.1.0"), oid("1.3.6.1.2.1.1.5.0"), oid("1.3.6.1.2.1.43.11.1.1")
PRINTER = Target(uri=host_uri("10.0.0.7"), found_by="test")
NOBODY = Target(uri=host_uri("10.0.0.8"), found_by="test")


def ask(simulator: Simulator, place: int = 0) -> object:
    """Ask a simulator that runs in the background for sysDescr."""
    request = Message(
        version=V2C, community=b"public", pdu=PduType.GET, request_id=1, rows=(VarBind(SYS_DESCR, Tag.NULL, None),)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        client.sendto(encode(request), simulator.places[place][:2])
        return decode(client.recv(2000)).rows[0].value


@pytest.fixture
def snmp() -> RecordedSnmp:
    return RecordedSnmp({"10.0.0.7": load_device("oki-c9990dn").walk})


async def test_get_returns_what_is_there_and_leaves_out_the_rest(snmp: RecordedSnmp) -> None:
    walk = await snmp.get(PRINTER, [SYS_NAME, oid("1.3.6.1.99")])
    assert [(row.oid, row.value) for row in walk] == [(SYS_NAME, b"OKI-C9990")]
    assert snmp.asked == [("get", "10.0.0.7", (SYS_NAME, oid("1.3.6.1.99")))]


async def test_walk_returns_whole_subtrees_and_what_is_missing() -> None:
    recorded = Walk(load_device("oki-c9990dn").walk, missing={SUPPLIES: "a timeout"})
    walk = await RecordedSnmp({"10.0.0.7": recorded}).walk(PRINTER, [SUPPLIES])
    assert len(walk) == 8 * 7
    assert {row.oid[: len(SUPPLIES)] for row in walk} == {SUPPLIES}
    assert walk.missing == {SUPPLIES: "a timeout"}


async def test_a_host_without_a_walk_is_unreachable(snmp: RecordedSnmp) -> None:
    with pytest.raises(Unreachable, match=r"10\.0\.0\.8"):
        await snmp.get(NOBODY, [SYS_DESCR])
    with pytest.raises(Unreachable):
        await snmp.walk(NOBODY, [SUPPLIES])


async def test_a_sweep_yields_who_has_a_value_and_keeps_what_was_asked(snmp: RecordedSnmp) -> None:
    found = [answer async for answer in snmp.sweep(["10.0.0.0/24"], [SYS_NAME], found_by="sweep")]
    assert [(answer.target.uri, answer.target.found_by) for answer in found] == [("host://10.0.0.7", "sweep")]
    assert snmp.swept == [("10.0.0.0/24",)]
    assert [answer async for answer in snmp.sweep(["10.0.0.0/24"], [oid("1.3.9")], found_by="sweep")] == []


def test_fake_services_are_services_and_keep_what_was_asked(tmp_path: Path, snmp: RecordedSnmp) -> None:
    fake = FakeServices(snmp=snmp, folder=tmp_path)
    services: Services = fake
    protocol: Snmp = services.snmp
    services.read_soon(PRINTER, frozenset({Scope.METERS}), "a button")
    services.progress(3, None)
    assert protocol is snmp
    assert isinstance(services.clock, FakeClock)
    assert services.folder == tmp_path
    assert fake.reads == [(PRINTER, frozenset({Scope.METERS}), "a button")]
    assert fake.progressed == [(3, None)]


def test_a_simulated_printer_is_a_color_mfp_unless_another_is_named(simulated_printer: SimulatedPrinter) -> None:
    with in_background(simulated_printer()) as simulator:
        assert ask(simulator) == b"KYOCERA Document Solutions Printing System"
    with in_background(simulated_printer("zebra-zt991")) as simulator:
        assert ask(simulator) == b"Zebra Technologies ZT991-300dpi ZPL"


def test_a_simulated_printer_takes_a_walk_and_a_behaviour(simulated_printer: SimulatedPrinter) -> None:
    walk = Walk([VarBind(SYS_DESCR, Tag.OCTET_STRING, b"mine")])
    simulator = simulated_printer(walk, Behaviour(drop=2))
    assert simulator.places[0].device.behaviour.drop == 2
    with in_background(simulator):
        assert ask(simulator) == b"mine"
    assert simulated_printer("canon-ir-adv-c9955").places[0].device.behaviour.versions == ("1",)


def test_a_simulated_fleet_is_all_of_it_or_what_is_named(simulated_fleet: Callable[..., Simulator]) -> None:
    assert len(simulated_fleet().places) == len(load_fleet())
    with in_background(simulated_fleet(["oki-c9990dn", "brother-hl-l9999cdw"])) as simulator:
        assert [ask(simulator, place) for place in (0, 1)] == [
            b"Brother NC-9999w, Firmware Ver.Z  ,MID 8CE-999",
            b"OKI OkiLAN 9999e Rev.09.99",
        ]


def test_a_free_port_can_be_bound(free_udp_port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", free_udp_port))
