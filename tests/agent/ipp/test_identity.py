"""Who a printer says it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import pytest

from pagemeter.model import Ability, DeviceKind, Reading

Read: TypeAlias = Callable[..., Reading]


def test_a_printer_says_who_it_is_and_each_field_says_where(read: Read) -> None:
    reading = read(
        printer_uuid="urn:uuid:0A1B2C3D-0000-1000-8000-001122334455",
        printer_device_id="MFG:Hewlett-Packard;MDL:Color LaserJet 9999;CMD:PCL,PDF;SN:CNB0001234;",
        printer_make_and_model="HP Color LaserJet 9999",
        printer_name="copy-room",
        printer_location="2nd floor",
        color_supported=True,
        sides_supported=("one-sided", "two-sided-long-edge"),
        ipp_features_supported=("airprint-1.8", "faxout"),
        printer_firmware_name=("PDF", "System Firmware"),
        printer_firmware_string_version=("1.7", "5.11.0.1"),
        printer_up_time=3600,
    )
    who = reading.identity
    assert (who.manufacturer, who.model, who.serial_number) == ("HP", "HP Color LaserJet 9999", "CNB0001234")
    assert (who.name, who.location, who.firmware) == ("copy-room", "2nd floor", "5.11.0.1")
    assert who.uuid == "0a1b2c3d-0000-1000-8000-001122334455"
    assert who.abilities == {Ability.COLOR, Ability.DUPLEX, Ability.FAX}
    assert reading.uptime == timedelta(hours=1)
    origins = {field: str(origin) for field, origin in reading.origins}
    assert origins["serial_number"] == "ipp printer-device-id"
    assert origins["model"] == "ipp printer-make-and-model"
    assert origins.keys() == {
        *("abilities", "device_id", "firmware", "location", "manufacturer", "model", "name", "serial_number", "uuid"),
    }


@pytest.mark.parametrize(
    ("device_id", "serial_number"),
    [
        # The hex digits of "AB1C0042" and a control character, as Epson sends them.
        ("MFG:EPSON;MDL:XX-1;SN:414231433030343212;", "AB1C0042"),
        ("MFG:EPSON;MDL:XX-1;SN:AB1C0042;", "AB1C0042"),
        ("MFG:Acme;MDL:P;SN:414231433030343212;", "414231433030343212"),
        ("MFG:Acme;MDL:P;SERN:77-12;", "77-12"),
        ("MFG:Acme;MDL:P;SN:XXXXXXXXXX;", None),
        ("MFG:Acme;MDL:P;", None),
    ],
)
def test_a_serial_number_may_be_in_the_device_id(read: Read, device_id: str, serial_number: str | None) -> None:
    assert read(printer_device_id=device_id).identity.serial_number == serial_number


def test_the_attribute_for_the_serial_number_comes_before_the_device_id(read: Read) -> None:
    who = read(printer_serial_number="A-1", printer_device_id="MFG:Acme;MDL:P;SN:B-2;").identity
    assert who.serial_number == "A-1"


def test_a_path_is_no_name_and_a_label_printer_says_so(read: Read) -> None:
    who = read(printer_name="ipp/print", printer_dns_sd_name="Label desk", printer_kind="label").identity
    assert (who.name, who.kind) == ("Label desk", DeviceKind.LABEL)
