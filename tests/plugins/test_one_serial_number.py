"""A printer that is read in several ways is one printer: it gives one serial number and one device id."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pagemeter.ipp.identity import identity_of as ipp_identity
from pagemeter.ipp.message import Attribute, Group, GroupTag, Value, ValueTag
from pagemeter.model import Identity
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.usb.printers import seen
from pagemeter_plugins.usb.sysfs import UsbPrinter

DEVICE_IDS = [
    # Epson: the hexadecimal codes of "AB1C0042" and a control character.
    ("MFG:EPSON;CMD:ESCPL2;MDL:XX-1;CLS:PRINTER;SN:414231433030343212;", "AB1C0042"),
    ("MANUFACTURER:Acme;COMMAND SET:PCL;MODEL:Laser 9;SERIALNUMBER:77-12;SERN:X7712;", "X7712"),
    # Longer than the 255 characters of other texts.
    (f"MFG:Acme;MDL:Laser 9;CMD:{'PCL,' * 80}PDF;SN:ABC0042;", "ABC0042"),
]


def over_snmp(device_id: str) -> Identity:
    def words(where: Oid, value: bytes) -> VarBind:
        return VarBind(where, Tag.OCTET_STRING, value)

    rows = [VarBind((*mib.MARKER, 2, 1, 1), Tag.INTEGER, 4), words((*mib.PPM_DEVICE_ID, 1), device_id.encode())]
    found = parse_printer_mib(Walk(rows), SCOPES, datetime(2026, 3, 1, tzinfo=UTC), ())
    assert isinstance(found, tuple)
    return found[0].identity


def over_ipp(device_id: str) -> Identity:
    attribute = Attribute("printer-device-id", (Value(ValueTag.TEXT, device_id),))
    return ipp_identity(Group(GroupTag.PRINTER, (attribute,)))[0]


def over_usb(device_id: str) -> Identity:
    packed = (len(device_id) + 2).to_bytes(2, "big") + device_id.encode()
    ((place),) = seen([UsbPrinter(port="1-2", device_id=packed)])
    return place.readings[0].identity


@pytest.mark.parametrize(("device_id", "serial_number"), DEVICE_IDS)
def test_each_way_to_read_a_device_id_finds_the_same_printer(device_id: str, serial_number: str) -> None:
    told = [over_snmp(device_id), over_ipp(device_id), over_usb(device_id)]
    assert [who.serial_number for who in told] == [serial_number] * 3
    assert {who.device_id for who in told} == {device_id}
    assert len({who.manufacturer.casefold() for who in told if who.manufacturer}) == 1
