"""Alerts and status: PWG 5100.9 and printer-state-reasons."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from pagemeter.iana_printer_mib import ALERT_CODE, alert_code_named
from pagemeter.ipp.alerts import MEANINGS
from pagemeter.model import PrinterState, Reading, Scope, Severity, Training

Read: TypeAlias = Callable[..., Reading]


def test_alerts_come_from_rows_and_from_reasons_that_say_something_else(read: Read) -> None:
    reading = read(
        printer_state=3,
        printer_state_reasons=("cover-open-error", "marker-supply-low-warning", "offline-report", "none"),
        printer_alert=(
            b"code=coverOpen;index=3;severity=critical;training=untrained;group=cover;groupindex=1;location=2;time=99",
            b"code=other",
            b"",
            b"code=unknown;severity=other",
        ),
        printer_alert_description=("Front cover open", "feed roller needed soon", "", "Sleep"),
    )
    rows = [(alert.code_name, alert.severity, alert.description) for alert in reading.alerts]
    assert rows == [
        ("coverOpen", Severity.CRITICAL, "Front cover open"),
        ("other", None, "feed roller needed soon"),
        ("subunitAlmostEmpty", Severity.WARNING, "marker-supply-low"),
        ("offline", Severity.OTHER, "offline"),
    ]
    cover = reading.alerts[0]
    assert (cover.training, cover.group, cover.location) == (Training.UNTRAINED, "cover", 2)
    assert len({alert.key for alert in reading.alerts}) == 4


@pytest.mark.parametrize(
    ("reason", "alert"),
    [
        # A severity that ran into the group says "other", whatever the reasons are.
        ("marker-supply-low-warning", b"code=unknown;severity=otherother"),
        # Without code and severity nothing is said, while the reasons say that all is well.
        ("none", b"other"),
    ],
)
def test_a_row_that_tells_a_state_is_no_alert(read: Read, reason: str, alert: bytes) -> None:
    reading = read(
        printer_state=3,
        printer_state_reasons=(reason,),
        printer_alert=(alert,),
        printer_alert_description=("Acme rests",),
    )
    assert "Acme rests" not in [alert.description for alert in reading.alerts]


@pytest.mark.parametrize(
    ("state", "reason", "severity"),
    [
        (5, "media-jam", Severity.CRITICAL),
        (3, "media-jam", Severity.WARNING),
        (3, "media-jam-error", Severity.CRITICAL),
        (5, "media-jam-warning", Severity.WARNING),
        (3, "some-vendor-thing-report", Severity.OTHER),
    ],
)
def test_the_suffix_of_a_reason_is_its_severity_and_without_one_the_state_tells(
    read: Read, state: int, reason: str, severity: Severity
) -> None:
    [alert] = read(printer_state=state, printer_state_reasons=reason).alerts
    assert alert.severity is severity


@pytest.mark.parametrize(
    ("number", "reasons", "state"),
    [
        (3, ("none",), PrinterState.IDLE),
        (3, ("toner-low-warning",), PrinterState.WARNING),
        (3, ("media-empty-error",), PrinterState.ERROR),
        (3, ("standby",), PrinterState.STANDBY),
        (4, ("toner-low-warning",), PrinterState.PRINTING),
        (5, ("paused",), PrinterState.ERROR),
        (5, ("offline-report",), PrinterState.OFFLINE),
    ],
)
def test_state_and_reasons_make_one_status(
    read: Read, number: int, reasons: tuple[str, ...], state: PrinterState
) -> None:
    status = read(printer_state=number, printer_state_reasons=reasons).status
    assert status is not None
    assert status.state is state


def test_a_state_that_is_none_is_unknown_and_says_so(read: Read) -> None:
    reading = read(printer_state=99)
    assert reading.status is None
    assert "status: device does not tell" in map(str, reading.unknown)
    assert Scope.STATUS not in reading.scopes


def test_both_readers_give_an_alert_the_same_code(read: Read) -> None:
    [row, registered, vendor] = read(
        printer_state=3,
        printer_alert=b"code=COVEROPEN;severity=critical",
        printer_state_reasons=("media-jam-error", "pixie-dust-low-warning"),
    ).alerts
    # PrtAlertCodeTC of IANA-PRINTER-MIB: coverOpen(3), jam(8).
    assert (row.code, row.code_name) == (3, "coverOpen")
    assert (registered.code, registered.code_name) == (8, "jam")
    assert (vendor.code, vendor.code_name) == (None, "pixie-dust-low")


@pytest.mark.parametrize("code", sorted({code for code, _ in MEANINGS.values()}))
def test_what_a_reason_means_is_a_registered_code(code: str) -> None:
    assert ALERT_CODE[alert_code_named(code) or 0] == code
