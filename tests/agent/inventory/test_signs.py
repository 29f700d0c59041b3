"""What devices tell of themselves, held against each other field by field."""

from __future__ import annotations

import pytest

from pagemeter.inventory.signs import (
    Sign,
    comparable,
    host_sign,
    mac_sign,
    maker_sign,
    model_sign,
    plain_uuid,
    same_source,
    seat_of,
    serial_sign,
    uuid_sign,
)
from pagemeter.model import HostName, Identity, NameOrigin, Origin

SAME, ALIKE, OTHER, SILENT = Sign.SAME, Sign.ALIKE, Sign.OTHER, Sign.SILENT


@pytest.mark.parametrize(
    "serial",
    [
        *(None, "", "   ", "N/A", "0000000000", "XXXXXXXXXX", "AAAA", "1234567890", "77", "-"),
        *("12345678", "123456", "ABCDEFGHIJ", "SN00000000", "(null)", "No Serial"),
    ],
)
def test_a_placeholder_compares_with_nothing(serial: str | None) -> None:
    assert comparable(serial) is None
    assert serial_sign(serial, serial) is SILENT


@pytest.mark.parametrize(
    ("mine", "theirs", "sign"),
    [
        ("VSM0000001", "vsm0000001 ", SAME),
        ("VSM 0000001", "VSM0000001", SAME),
        ("VSM0000001", "VSM0000002", OTHER),
        ("00VSM00001", "VSM00001", ALIKE),
        ("VSM-00001", "VSM00001", ALIKE),
        ("VSM00001....", "VSM00001", ALIKE),
        ("VSM0000100", "VSM00001", OTHER),
        # Too little is left of it to be sure.
        ("0000012", "00012", OTHER),
        ("VSM0000001", None, SILENT),
    ],
)
def test_serial_numbers(mine: str | None, theirs: str | None, sign: Sign) -> None:
    assert serial_sign(mine, theirs) is serial_sign(theirs, mine) is sign


@pytest.mark.parametrize(
    ("mine", "theirs", "sign"),
    [
        ("HP", "Hewlett-Packard Company", SAME),
        ("KYOCERA Document Solutions", "Kyocera Mita", SAME),
        ("Acme  Ink", "acme ink", SAME),
        ("HP", "Brother", OTHER),
        ("Ricoh", "LANIER", ALIKE),
        ("Ricoh", "Kyocera", OTHER),
        ("HP", "", SILENT),
        (None, "HP", SILENT),
    ],
)
def test_makers(mine: str | None, theirs: str | None, sign: Sign) -> None:
    assert maker_sign(mine, theirs) is maker_sign(theirs, mine) is sign


@pytest.mark.parametrize(
    ("mine", "theirs", "sign"),
    [
        (["00:C0:EE:00:00:01"], ["00-c0-ee-00-00-01"], SAME),
        (["00:c0:ee:00:00:01", "00:c0:ee:00:00:02"], ["00c0ee000002"], SAME),
        (["00:c0:ee:00:00:01"], ["00:c0:ee:00:00:02"], OTHER),
        (["00:00:00:00:00:00"], ["00:00:00:00:00:00"], SILENT),
        (["ff:ff:ff:ff:ff:ff"], ["ff:ff:ff:ff:ff:ff"], SILENT),
        (["01:00:5e:00:00:01"], ["01:00:5e:00:00:01"], SILENT),
        (["02:00:00:00:00:01"], ["02:00:00:00:00:01"], ALIKE),
        (["02:00:00:00:00:01"], ["02:00:00:00:00:02"], OTHER),
        # One of a maker and one that anybody may have set are two interfaces as likely as two devices.
        (["02:00:00:00:00:01"], ["00:c0:ee:00:00:01"], SILENT),
        ([], ["00:c0:ee:00:00:01"], SILENT),
        (["nonsense"], ["nonsense"], SILENT),
    ],
)
def test_macs(mine: list[str], theirs: list[str], sign: Sign) -> None:
    assert mac_sign(mine, theirs) is mac_sign(theirs, mine) is sign


@pytest.mark.parametrize(
    "uuid",
    [
        *("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "", None),
        # Brother's prefix without the MAC that belongs behind it.
        "e3248000-80ce-11db-8000-000000000000",
    ],
)
def test_a_uuid_that_names_no_device_compares_with_nothing(uuid: str | None) -> None:
    assert plain_uuid(uuid) is None
    assert uuid_sign(uuid, uuid) is SILENT


def test_a_uuid_is_the_same_however_it_is_written() -> None:
    plain = "e3248000-80ce-11db-8000-001ba9000001"
    assert uuid_sign(plain, f"urn:uuid:{plain.upper()}") is SAME
    assert uuid_sign(plain, plain.replace("1", "2")) is OTHER


@pytest.mark.parametrize(
    ("mine", "theirs", "one_source", "sign"),
    [
        ("ECOSYS P9001dn", "ecosys  p9001DN", True, SAME),
        ("LaserJet M9001", "HP LaserJet M9001", True, SAME),
        ("HP LaserJet 9", "HP LaserJet 90", True, OTHER),
        ("Aficio MP C9002", "RICOH MP C9002", False, SAME),
        ("iR-ADV C9235 /P", "Canon iR-ADV C9235/9240 UFR II", False, SAME),
        ("HL-9001", "MFC-9002", False, OTHER),
        ("Mono", "Color", True, OTHER),
        ("Mono", "Color", False, SILENT),
        (None, "Color", True, SILENT),
    ],
)
def test_models(mine: str | None, theirs: str | None, one_source: bool, sign: Sign) -> None:
    assert model_sign(mine, theirs, one_source=one_source) is sign


@pytest.mark.parametrize(
    ("mine", "theirs", "sign"),
    [
        ("KM000001", "km000001.example.net", SAME),
        ("KM000001", "KM000002", OTHER),
        ("localhost", "localhost", SILENT),
        ("localhost.localdomain", "printer", SILENT),
        ("10.0.0.7", "10.0.0.7", SILENT),
        ("ECOSYS-P9001dn", "ECOSYS-P9001dn", SILENT),
        ("Kyocera", "Kyocera", SILENT),
        ("", "KM000001", SILENT),
    ],
)
def test_host_names(mine: str, theirs: str, sign: Sign) -> None:
    one, other = (
        Identity(
            manufacturer="Kyocera",
            model="ECOSYS P9001dn",
            host_names=(HostName(name=name, origin=NameOrigin.SYS_NAME),),
        )
        for name in (mine, theirs)
    )
    assert host_sign(one, other) is sign


def test_the_seat_of_a_printer_is_its_row_of_the_hosts_tables() -> None:
    descr = Origin(protocol="snmp", where="1.3.6.1.2.1.25.3.2.1.3.2")
    serial = Origin(protocol="snmp", where="1.3.6.1.2.1.43.5.1.1.17.3")
    private = Origin(protocol="snmp", where="1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.3.0")
    assert seat_of((("model", descr), ("serial_number", serial))) == "2"
    assert seat_of((("serial_number", serial),)) == "3"
    assert seat_of((("model", private),)) is None
    assert seat_of(()) is None


def test_two_rows_of_a_table_are_one_source_and_two_protocols_are_two() -> None:
    one, other, ipp = (
        (("serial_number", Origin(protocol=protocol, where=where)),)
        for protocol, where in (
            ("snmp", "1.3.6.1.2.1.43.5.1.1.17.1"),
            ("snmp", "1.3.6.1.2.1.43.5.1.1.17.2"),
            ("ipp", "printer-serial-number"),
        )
    )
    assert same_source(one, other, "serial_number")
    assert not same_source(one, ipp, "serial_number")
    assert same_source(one, (), "serial_number")
