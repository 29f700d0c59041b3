"""Makers' own formats: what the facts say they hold is found, and nothing else is."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pagemeter_plugins.printer_mib.decoders import DECODERS, decoded


def record(code: int, value: int, octets: int = 4) -> bytes:
    """One of Brother's: code, 0x01, length, value."""
    return bytes([code, 1, octets]) + value.to_bytes(octets)


def packet(*fields: tuple[int, bytes], length: int | None = None) -> bytes:
    """Epson's status packet."""
    body = b"".join(bytes([kind, len(value)]) + value for kind, value in fields)
    return b"\0@BDC ST2\r\n" + (len(body) if length is None else length).to_bytes(2, "little") + body


INKS = bytes([3]) + bytes([1, 0, 62, 3, 1, 0x69, 4, 2, 100, 5, 3, 0])


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("brother-records", record(0x00, 1500) + record(0x6F, 7200) + b"\xff", {"00": 1500, "6f": 7200}),
        ("brother-records", bytes.fromhex("a101020a14a201020c14ff"), {"a1": 5000, "a2": 6000}),
        ("brother-records", bytes.fromhex("a101020a00a201021514a301020014ff"), {"a3": 0}),
        ("brother-records", record(0x11, 7) + b"\x41\x01\x04\x00", {"11": 7}),
        ("brother-records", record(0x11, 7) + b"\xff" + record(0x41, 9), {"11": 7}),
        ("brother-records", record(0x11, 7) + record(0x11, 9) + b"\xff", {"11": 7}),
        ("brother-records", b"\xff", {}),
        ("brother-records", b"", {}),
        ("brother-records", b"Toner OK", {}),
        ("brother-counts", bytes.fromhex("00020521ff"), {"00": 1313}),
        ("brother-counts", bytes.fromhex("870103a10100010200 05a10400000002ff"), {"87": 3, "a1": 0, "01": 5}),
        ("brother-counts", b"\xff", {}),
        ("hp-float", struct.pack(">f", 1234.5), {"hundredths": 123_450}),
        ("hp-float", struct.pack(">f", 0.0), {"hundredths": 0}),
        ("hp-float", struct.pack(">f", float("nan")), {}),
        ("hp-float", struct.pack(">f", float("inf")), {}),
        ("hp-float", struct.pack(">f", -1.0), {}),
        ("hp-float", b"\0\0\0", {}),
        ("zebra-odometer", b"2000 INCHES, 5080 CENTIMETERS", {"inches": 2000, "centimetres": 5080}),
        ("zebra-odometer", b"17 inches", {"inches": 17}),
        ("zebra-odometer", b"INCHES", {}),
        (
            "epson-st2",
            packet((1, b"\4"), (2, b"\5"), (4, b"\x10\x12"), (0x0F, INKS), (0x40, b"X9ZZ000001")),
            {
                "status": 4,
                "error": 5,
                "warning": 0x10,
                "serial": "X9ZZ000001",
                "ink-black": 62,
                "ink-magenta": 100,
                "ink-yellow": 0,
            },
        ),
        ("epson-st2", packet((0x0F, bytes([3, 1, 0, 10, 0x0B, 0, 90, 3, 1, 40]))), {"ink-cyan": 40}),
        ("epson-st2", packet((0x0F, bytes([2, 1, 0, 10]))), {}),
        ("epson-st2", packet((1, b"\4"), (2, b"\5"), length=3), {"status": 4}),
        ("epson-st2", packet((1, b""), (0x40, b"\0\0")), {}),
        ("epson-st2", b"\x02^S(SMA,S,ILI\x03\r\n", {}),
        ("epoch", b"1767225600", {"date": "2026-01-01T00:00:00+00:00"}),
        ("epoch", b"0", {}),
        ("epoch", b"9" * 12, {}),
        ("epoch", b"-5", {}),
        ("day-first", b"31.01.2026", {"date": "2026-01-31"}),
        ("day-first", b"1/2/2026 10:00", {"date": "2026-02-01"}),
        ("day-first", b"31/02/2026", {}),
        ("month-first", b"1/31/2026", {"date": "2026-01-31"}),
        ("month-first", b"2026-01-31", {}),
        ("hex-number", b"0x1F4\0", {"number": 500}),
        ("hex-number", b"1f4", {"number": 500}),
        ("hex-number", b"1f4g", {}),
        ("hex-number", b"f" * 17, {}),
        ("big-endian", b"\x01\xf4", {"number": 500}),
        ("big-endian", b"", {}),
        ("big-endian", bytes(9), {}),
        ("length-prefixed", b"\4TN-1 and more", {"text": "TN-1"}),
        ("length-prefixed", b"\x09TN-1", {}),
        ("length-prefixed", b"\0", {}),
    ],
)
def test_a_decoder_finds_what_its_format_holds(name: str, data: bytes, found: dict[str, int | str]) -> None:
    assert DECODERS[name](data) == found


def test_every_decoder_has_a_row_above() -> None:
    marks = test_a_decoder_finds_what_its_format_holds.pytestmark  # type: ignore[attr-defined]  # pytest puts it there
    assert {row[0] for row in marks[0].args[1]} == set(DECODERS)


def test_without_a_field_only_a_sole_value_is_meant() -> None:
    assert decoded("zebra-odometer", b"17 INCHES", None) == 17
    assert decoded("zebra-odometer", b"17 INCHES, 43 CENTIMETERS", None) is None
    assert decoded("zebra-odometer", b"17 INCHES, 43 CENTIMETERS", "centimetres") == 43
    assert decoded("zebra-odometer", b"17 INCHES", "miles") is None


@pytest.mark.parametrize("name", sorted(DECODERS))
@given(st.binary(max_size=300), st.sampled_from([b"", b"\0@BDC ST2\r\n", b"\x0f", b"\x00\x01\x02", b"1 INCHES"]))
@settings(max_examples=150, deadline=None)
def test_whatever_octets_come_a_decoder_finds_numbers_and_texts_or_nothing(name: str, data: bytes, head: bytes) -> None:
    for value in DECODERS[name](head + data).values():
        assert isinstance(value, str) or 0 <= value < 1 << 64 or name in ("hp-float", "zebra-odometer")


@pytest.mark.parametrize("name", sorted(DECODERS))
@pytest.mark.parametrize("octet", [b"\0", b"\x01", b"\xfe", b"9", b"f", b"1 INCHES,"])
def test_the_longest_value_that_is_looked_at_makes_no_more_than_its_octets(name: str, octet: bytes) -> None:
    data = octet * 1_000_000
    assert decoded(name, data, "no such field") is None
    assert len(DECODERS[name](data[:4096])) <= 256
