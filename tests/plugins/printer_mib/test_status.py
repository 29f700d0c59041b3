from __future__ import annotations

import pytest

from pagemeter.model import Alert, Origin, PrinterState, Severity
from pagemeter_plugins.printer_mib.status import derived_state, error_bits

CRITICAL = Alert(key="1", severity=Severity.CRITICAL, origin=Origin(protocol="snmp", where="1"))


@pytest.mark.parametrize(
    ("device", "printer", "bits", "state"),
    [  # RFC 3805 section 2.2.13.2, row by row
        ("running", "idle", (), PrinterState.IDLE),
        ("running", "printing", (), PrinterState.PRINTING),
        ("warning", "idle", ("lowToner",), PrinterState.WARNING),
        ("warning", "printing", ("lowPaper",), PrinterState.WARNING),
        ("down", "other", ("jammed",), PrinterState.ERROR),
        ("down", "other", (), PrinterState.ERROR),
        ("warning", "idle", ("offline",), PrinterState.WARNING),
        ("down", "other", ("offline",), PrinterState.OFFLINE),
        ("down", "warmup", (), PrinterState.WARMUP),
        ("running", "other", (), PrinterState.STANDBY),
        # what the table lacks
        ("down", "other", ("offline", "doorOpen"), PrinterState.ERROR),
        ("running", "idle", ("noPaper",), PrinterState.ERROR),
        ("running", "idle", ("lowToner",), PrinterState.WARNING),
        (None, None, ("offline",), PrinterState.OFFLINE),
        (None, "idle", (), PrinterState.IDLE),
        ("unknown", "unknown", (), PrinterState.UNKNOWN),
        ("running", None, (), PrinterState.UNKNOWN),
        ("warning", "idle", ("jammed", "lowToner"), PrinterState.ERROR),
    ],
)
def test_three_words_make_one_state(
    device: str | None, printer: str | None, bits: tuple[str, ...], state: PrinterState
) -> None:
    assert derived_state(device, printer, bits) is state


def test_a_critical_alert_decides_where_the_words_say_nothing() -> None:
    assert derived_state(None, None, (), [CRITICAL]) is PrinterState.ERROR


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        (b"", ()),
        (b"\x00", ()),
        (b"\x80", ("lowPaper",)),
        (b"\x01\x80", ("serviceRequested", "inputTrayMissing")),
        (b"\x00\x02", ("overduePreventMaint",)),
        (b"\x00\x01", ()),
        (b" ", ("lowToner",)),
        (b"2000", ("lowToner",)),
        (b"0x44", ("noPaper", "jammed")),
        (b'"04 00 "', ("jammed",)),
        (b"\x04\x00\xff", ("jammed",)),
        (0x20, ("lowToner",)),
        (0x0080, ("lowPaper",)),
        (-1, ()),
        (1 << 40, ()),
        ((1, 3), ()),
        (None, ()),
    ],
)
def test_error_bits_are_read_from_whatever_they_are_in(value: object, bits: tuple[str, ...]) -> None:
    assert error_bits(value) == bits
