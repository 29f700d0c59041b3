"""Every door: what a parser makes of hostile octets is clean text, and the rest is read all the same."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from pagemeter.ieee1284 import parse_device_id
from pagemeter.ipp.message import Attribute, Group, GroupTag, Value, ValueTag
from pagemeter.ipp.reading import SCOPES, parse_attributes
from pagemeter.ipp.values import text_of
from pagemeter.model import Scope, Target
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter.tail import Line
from pagemeter.testing import RecordedSnmp
from pagemeter_plugins.cups.jobs import job_of, record_of
from pagemeter_plugins.cups.queues import queue_of
from pagemeter_plugins.gateway.router import read_router
from pagemeter_plugins.gateway.segments import segments
from pagemeter_plugins.mdns.printers import Service, targets_of
from pagemeter_plugins.mdns.txt import parse_txt
from pagemeter_plugins.pcounter.lines import LineReader
from pagemeter_plugins.pcounter.settings import Form
from pagemeter_plugins.static.links import parse_table
from pagemeter_plugins.static.table import parse_csv
from pagemeter_plugins.usb.printers import seen
from pagemeter_plugins.usb.sysfs import UsbPrinter
from pagemeter_plugins.winspool.events import Printed, parse_event

# Three characters for each octet of the maker's, the model's and the serial number's text.
MOST_OF_A_URI = 3 * 3 * 4 * 255
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def octets_of(text: str, most: int = 60_000) -> bytes:
    return text.encode("utf-8", "surrogatepass")[:most]


def group(tag: int, octets: bytes, *names: str, **numbers: int) -> Group:
    """Attributes that all hold the text, and some that hold numbers."""
    found = [Attribute(name, (Value(ValueTag.NAME, text_of(octets)),)) for name in names]
    found += [Attribute.of(name.replace("_", "-"), ValueTag.INTEGER, number) for name, number in numbers.items()]
    return Group(tag, tuple(found))


def test_mdns_hints_are_clean_and_the_place_is_the_one_that_was_heard(hostile: str, judges: Any) -> None:
    strings = [key + octets_of(hostile, 240) for key in (b"ty=", b"note=", b"rp=", b"usb_SER=", b"UUID=", b"mac=")]
    txt = parse_txt(b"".join(bytes([len(one)]) + one for one in strings))
    assert judges.dirty(txt) == []
    host = octets_of(hostile, 200).decode("latin-1")
    service = Service(type="_ipp._tcp", instance="a", host=host, port=631, addresses=("10.0.0.7",), txt=txt)
    (target,) = targets_of([service], lambda _: True, found_by="mdns") or (None,)
    if target is None:  # its path looks like that of a queue
        return
    assert judges.dirty(target) == []
    assert target.uri == "host://10.0.0.7"
    for uri in target.hints.uris:
        assert re.fullmatch(r"ipp://10\.0\.0\.7:631/[!-~]*", uri)
        assert ".." not in uri.split("/")
        assert not set('"<>\\^`{|}#?') & set(uri)


async def test_a_routers_interfaces_have_clean_names(hostile: str, judges: Any) -> None:
    rows = [
        VarBind(oid("1.3.6.1.2.1.4.20.1.2.10.0.0.1"), Tag.INTEGER, 1),
        VarBind(oid("1.3.6.1.2.1.4.20.1.3.10.0.0.1"), Tag.IP_ADDRESS, bytes((255, 255, 255, 0))),
        VarBind(oid("1.3.6.1.2.1.2.2.1.8.1"), Tag.INTEGER, 1),
        VarBind(oid("1.3.6.1.2.1.2.2.1.2.1"), Tag.OCTET_STRING, octets_of(hostile)),
        VarBind(oid("1.3.6.1.2.1.4.22.1.2.1.10.0.0.9"), Tag.OCTET_STRING, octets_of(hostile)),
    ]
    target = Target(uri="host://10.0.0.1", found_by="gateway")
    router = await read_router(RecordedSnmp({"10.0.0.1": Walk(rows)}), target, most_routes=100)
    (segment,) = segments([router], [])
    assert segment.interface
    assert judges.dirty(segment) == []


def test_an_operators_table_is_clean(hostile: str, judges: Any) -> None:
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(["address", "name", "asset tag", "site", f"label:{hostile[:200]}", "label:room"])
    rows.writerow(["10.0.0.7", *([hostile] * 5)])
    rows.writerow(["10.0.0.8", "fine", "", "", "", "12"])
    read = list(parse_csv(text.getvalue().encode("utf-8", "surrogatepass")))
    table = parse_table(read, columns={}, labels=(), found_by="static")
    assert judges.dirty(table) == []
    (fine,) = [link for link in table.links if link.addresses == "10.0.0.8"]
    assert fine.name == "fine"
    assert ("room", "12") in fine.labels


def test_an_address_in_a_table_is_one_or_a_mistake(hostile: str, judges: Any) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["address", "name"], [hostile, "x"], ["10.0.0.8", "fine"]])
    read = list(parse_csv(text.getvalue().encode("utf-8", "surrogatepass")))
    table = parse_table(read, columns={}, labels=(), found_by="static")
    assert [link.addresses for link in table.links] == ["10.0.0.8"]
    assert len(table.mistakes) == 1
    assert judges.dirty(table) == []


def test_an_ieee_1284_device_id_is_clean(hostile: str, judges: Any) -> None:
    octets = octets_of(f"MFG:Acme;MDL:{hostile};SN:{hostile};CMD:PJL;")
    found = parse_device_id(octets)
    if found is None:  # taken for garbled
        assert any(octet < 0x20 or octet == 0x7F for octet in octets)
        return
    assert found.keys["MFG"] == "Acme"
    assert judges.dirty((found.text, dict(found.keys), found.serial_number)) == []


def test_a_printer_at_usb_has_a_place_and_clean_words(hostile: str, judges: Any) -> None:
    octets = octets_of(hostile, 4096)
    printer = UsbPrinter(
        port="1-1", manufacturer=octets, product=octets, serial=octets, device_id=b"MFG:" + octets + b";MDL:" + octets
    )
    (one,) = seen([printer])
    assert [text for text in judges.texts_in(one) if judges.unclean(text) or len(text) > MOST_OF_A_URI] == []
    assert re.fullmatch(r"usb://[!-~]+", one.target.uri)


def test_a_queue_of_cups_is_clean(hostile: str, judges: Any) -> None:
    names = (
        *("printer-name", "printer-uri-supported", "printer-uuid", "device-uri", "printer-make-and-model"),
        *("printer-location", "printer-state-reasons", "marker-names", "marker-types", "marker-colors"),
    )
    listed = queue_of(group(GroupTag.PRINTER, octets_of(hostile, 30_000), *names, printer_state=3), host="h", at=NOW)
    assert listed is not None
    assert judges.dirty(listed) == []


def test_a_device_uri_of_cups_is_a_clean_place_or_none(hostile: str, judges: Any) -> None:
    for scheme in ("usb://A/", "ipp://10.0.0.7/", "socket://", "hp:/net/a?ip=", "dnssd://", "ipp://"):
        attribute = Attribute("device-uri", (Value(ValueTag.URI, text_of(octets_of(scheme + hostile, 30_000))),))
        name = Attribute.of("printer-name", ValueTag.NAME, "office")
        listed = queue_of(Group(GroupTag.PRINTER, (name, attribute)), host="h", at=NOW)
        assert listed is not None
        assert listed.queue.printer is None or re.fullmatch(r"[a-z]+://[!-~]*", listed.queue.printer)
        assert [text for text in judges.texts_in(listed) if judges.unclean(text) or len(text) > MOST_OF_A_URI] == []


def test_a_job_of_cups_is_clean(hostile: str, judges: Any) -> None:
    names = (
        *("job-uuid", "job-name", "job-originating-user-name", "job-originating-host-name", "job-printer-uri"),
        *("job-actual-printer-uri", "sides", "document-format"),
    )
    found = job_of(group(GroupTag.JOB, octets_of(hostile, 30_000), *names, job_id=1, job_state=9, time_at_creation=1))
    assert found is not None
    record = record_of(found, {})
    assert judges.dirty(record) == []
    assert re.fullmatch(r"cups:[0-9a-fA-F-]+:1:1", record.id)


def test_a_line_of_pcounter_is_clean_or_quarantined(hostile: str, judges: Any) -> None:
    words = re.sub("[,\r\n]", " ", hostile)[:5000]
    for cost in ("0.30", f"{words[:3]}0.30", f"0.30{words[-3:]}"):
        line = f"{words},{words},{words},03/17/2026,08:05:09,{words},{words},{words},{words},{words},1,6,{cost},1\r\n"
        raw = octets_of(line)
        result = LineReader("gus", Form.model_validate({"timezone": "UTC"})).read("f", [Line(0, len(raw), raw)])
        assert len(result.jobs) + len(result.quarantined) == 1
        assert judges.dirty(result.jobs) == []
        assert all(job.id.isascii() for job in result.jobs)
        assert judges.dirty([piece.why for piece in result.quarantined]) == []


def test_an_event_of_windows_is_clean(hostile: str, judges: Any) -> None:
    words = "".join(f"&#{ord(c)};" if c in "\t\n\r\x85\u2028" else c for c in escape(hostile[:2000]))
    words = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", words)  # what XML can't say
    data = "".join(f"<Param{number}>{words}</Param{number}>" for number in range(2, 7))
    event = parse_event(
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><EventID>307</EventID>'
        '<EventRecordID>1</EventRecordID><TimeCreated SystemTime="2026-01-31T12:00:00.0Z"/>'
        f"<Computer>{words}</Computer></System><UserData><DocumentPrinted><Param1>1</Param1>{data}"
        "<Param8>2</Param8></DocumentPrinted></UserData></Event>"
    )
    assert isinstance(event, Printed)
    assert event.pages == 2
    assert judges.dirty(event) == []


def test_an_ipp_printer_is_clean(hostile: str, judges: Any) -> None:
    octets = octets_of(hostile, 30_000)
    names = (
        *("printer-make-and-model", "printer-name", "printer-location", "printer-device-id", "printer-uuid"),
        *("printer-serial-number", "printer-firmware-string-version", "printer-state-reasons", "marker-names"),
        *("marker-types", "marker-colors", "printer-alert-description", "printer-supply-description"),
    )
    lists = group(GroupTag.PRINTER, b"index=1;code=a;type=b;colorantname=" + octets, "printer-alert", "printer-supply")
    told = group(GroupTag.PRINTER, octets, *names, printer_state=5)
    reading = parse_attributes(Group(GroupTag.PRINTER, (*told.attributes, *lists.attributes)), scopes=SCOPES, at=NOW)
    assert Scope.SUPPLIES in reading.scopes
    assert judges.dirty(reading) == []
