"""``pagemeter read`` of a printer that answers SNMP and IPP, and of several printers at one address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from pagemeter.ipp.message import IppMessage, decode, encode
from pagemeter.simulator import SimulatedDevice, Simulator, in_background
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.testing import ipp_group
from pagemeter.testing.ipp import Told

ADDRESS, PORT_OF_IPP = "127.41.1.1", 631
ACME = "1.3.6.1.4.1.99999.1"
PROFILE = """\
name: acme
title: Acme
root: 1.3.6.1.4.1.99999.1
match: {sys_object_id: [1.3.6.1.4.1.99999]}
sources: {MIB: ACME-PRINTER-MIB}
meters:
  - {oid: .2.1.0, work: print, unit: impressions, source: MIB, unverified: true}
"""


def walk_of(rows: Mapping[str, Any]) -> Walk:
    tags = {bytes: Tag.OCTET_STRING, int: Tag.INTEGER, tuple: Tag.OBJECT_IDENTIFIER}
    return Walk(VarBind(oid(place), tags[type(value)], value) for place, value in rows.items())


def printer(index: int, serial: bytes | None, life: int) -> dict[str, Any]:
    """One printer of an agent (RFC 2790, RFC 3805), at this hrDeviceIndex."""
    device, prt = "1.3.6.1.2.1.25.3", "1.3.6.1.2.1.43"
    rows: dict[str, Any] = {
        f"{device}.2.1.2.{index}": oid("1.3.6.1.2.1.25.3.1.5"),
        f"{device}.2.1.3.{index}": b"ACME Printer %d" % index,
        f"{device}.2.1.5.{index}": 2,
        f"{device}.5.1.1.{index}": 3,
        f"{prt}.5.1.1.16.{index}": b"Printer %d" % index,
        f"{prt}.10.2.1.2.{index}.1": 4,
        f"{prt}.10.2.1.3.{index}.1": 7,
        f"{prt}.10.2.1.4.{index}.1": life,
    }
    return rows | ({f"{prt}.5.1.1.17.{index}": serial} if serial is not None else {})


SYSTEM = {"1.3.6.1.2.1.1.1.0": b"ACME", "1.3.6.1.2.1.1.2.0": oid(ACME), "1.3.6.1.2.1.1.3.0": 4711}
TONER = {
    f"1.3.6.1.2.1.43.11.1.1.{column}.1.1": value
    for column, value in enumerate((1, 1, 3, 21, b"Schwarz", 7, -2, -3), start=2)
}


@contextmanager
def speaking_ipp(attributes: Mapping[str, Told]) -> Iterator[None]:
    """A printer that answers IPP where printers do; skips where nobody may listen there."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = decode(self.rfile.read(int(self.headers["Content-Length"])))
            body = encode(IppMessage(asked.version, 0, asked.request_id, (ipp_group(**attributes),)))
            self.send_response(200)
            self.send_header("Content-Type", "application/ipp")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    try:
        server = HTTPServer((ADDRESS, PORT_OF_IPP), Answering)
    except PermissionError:
        pytest.skip(f"nobody but root may listen on port {PORT_OF_IPP} here")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def speaking_snmp(walk: Walk) -> Iterator[int]:
    with in_background(Simulator([(ADDRESS, 0, SimulatedDevice(walk))])) as simulator:
        yield simulator.places[0].port


ATTRIBUTES: dict[str, Told] = {
    "printer_make_and_model": "ACME Printer 1",
    "printer_serial_number": "ACM0000041",
    "printer_state": 3,
    "printer_impressions_completed": 480,
    "marker_names": "Black",
    "marker_types": "toner-cartridge",
    "marker_colors": "#000000",
    "marker_levels": 43,
}


def test_what_snmp_does_not_tell_is_read_over_ipp_and_named_so(pagemeter: Any, tmp_path: Any) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "acme.yaml").write_text(PROFILE, encoding="utf-8")
    walk = walk_of({**SYSTEM, **printer(1, None, 900), **TONER, f"{ACME}.2.1.0": 500})
    with speaking_snmp(walk) as port, speaking_ipp(ATTRIBUTES):
        path = tmp_path / "pagemeter.yaml"
        path.write_text(
            f"networks: [{{network: {ADDRESS}}}]\n"
            f"credentials: [{{networks: [{ADDRESS}], snmp: {{version: 2c, community: public, port: {port}}}}}]\n"
            "readers: [{plugin: printer_mib, profiles: mine}, {plugin: ipp}]\n",
            encoding="utf-8",
        )
        said = pagemeter("read", ADDRESS, "--config", path, "--explain")
        (line,) = pagemeter("read", ADDRESS, "--config", path, "--json").lines()
    assert said.code == 0
    text = " ".join(said.out.split())
    assert "Serial number ACM0000041" in text
    assert "43 % by ipp" in text
    assert "ipp marker-levels; snmp: only that some is left" in text
    assert "serial_number ipp printer-serial-number" in text
    assert "1 told otherwise by another source: print.any.any.any.impressions" in text
    assert f"print.any.any.any.impressions 500 snmp {ACME}.2.1.0: elected; the other source differs; unverified" in text
    assert (
        "ipp printer-impressions-completed: 480, 20 less; not elected: a source named earlier tells this meter too"
        in text
    )
    [rival] = line["rivals"]
    assert (rival["read"]["value"], rival["read"]["origin"]["protocol"]) == (480, "ipp")
    assert line["supplies"][0]["level"] == {
        "state": "measured",
        "percent": 43,
        "why": "snmp: only that some is left",
    }


def test_without_a_configuration_both_are_asked_and_complete_each_other(pagemeter: Any) -> None:
    with speaking_snmp(walk_of({**SYSTEM, **printer(1, None, 900)})) as port, speaking_ipp(ATTRIBUTES):
        said = pagemeter("read", ADDRESS, "--port", port)
    assert said.code == 0
    text = " ".join(said.out.split())
    assert "Serial number ACM0000041" in text
    assert "total 900" in text
    assert "print 480" in text


def test_several_printers_at_one_address_are_shown_one_after_the_other(pagemeter: Any) -> None:
    walk = walk_of({**SYSTEM, **printer(1, b"ACM0000001", 100), **printer(2, b"ACM0000002", 200)})
    with speaking_snmp(walk) as port:
        said = pagemeter("read", ADDRESS, "--port", port)
        lines = pagemeter("read", ADDRESS, "--port", port, "--json").lines()
    first, second = said.out.split(f"Printer 2 of 2 at {ADDRESS}:")
    assert first.startswith(f"Printer 1 of 2 at {ADDRESS}:\n")
    assert ("ACM0000001" in first, "ACM0000002" in first) == (True, False)
    assert ("ACM0000001" in second, "ACM0000002" in second) == (False, True)
    assert [line["device"]["serial_number"] for line in lines] == ["ACM0000001", "ACM0000002"]
