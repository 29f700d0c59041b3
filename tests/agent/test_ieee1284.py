"""One reading of a device id, whichever way it came."""

from __future__ import annotations

import pytest

from pagemeter.ieee1284 import MOST_CHARACTERS, parse_device_id, spelt_out


def test_keys_are_folded_to_their_short_names_and_values_may_hold_colons() -> None:
    device_id = parse_device_id(b"MANUFACTURER:A;COMMAND SET:PJL,PCL; Model :9:1;DES:;SERN:7;SERN:8;")
    assert device_id is not None
    assert device_id.keys == {"MFG": "A", "CMD": "PJL,PCL", "MDL": "9:1", "SERN": "7"}
    assert (device_id.serial_key, device_id.serial_number) == ("SERN", "7")


def test_octets_with_their_length_in_front_and_text_are_the_same_device_id() -> None:
    told = "MFG:Acme;MDL:Ink 9000;SN:A-1;"
    packed = (len(told) + 2).to_bytes(2, "big") + told.encode() + b"\0\n"
    assert parse_device_id(packed) == parse_device_id(told.encode()) == parse_device_id(told)


@pytest.mark.parametrize(
    "raw", [None, b"", "", b"\0\0", "no key", ";;;:::;;;", b"MFG:X\x00Y;MDL:Z;", b"\x1b%-1@PJL MFG:X;"]
)
def test_what_is_garbled_or_has_no_keys_is_no_device_id(raw: bytes | str | None) -> None:
    assert parse_device_id(raw) is None


def test_a_device_id_without_end_is_cut_and_clean() -> None:
    device_id = parse_device_id("MFG:A\u202e;MDL:" + "M" * 70_000)
    assert device_id is not None
    assert len(device_id.text) == MOST_CHARACTERS
    assert device_id.keys["MFG"] == "A"
    assert all(value.isprintable() for value in device_id.keys.values())


@pytest.mark.parametrize(
    ("serial_number", "manufacturer", "expected"),
    [
        ("583434593035343012", "EPSON", "X44Y0540"),
        ("583434593035343012", "Seiko Epson", "X44Y0540"),
        ("583434593035343012", "Brother", "583434593035343012"),
        ("583434593035343012", None, "583434593035343012"),
        ("X44Y054012", "EPSON", "X44Y054012"),
        ("00000000", "EPSON", "00000000"),
        ("5834", "EPSON", "5834"),
        ("58343459FF35", "EPSON", "58343459FF35"),
        ("5834345930\uff13\uff13", "EPSON", "5834345930\uff13\uff13"),
    ],
)
def test_epson_spells_its_serial_numbers_in_hexadecimal(
    serial_number: str, manufacturer: str | None, expected: str
) -> None:
    assert spelt_out(serial_number, manufacturer) == expected
