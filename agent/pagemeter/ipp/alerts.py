"""Alerts (printer-alert of PWG 5100.9, printer-state-reasons of RFC 8011 section 5.4.12) and the status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from pagemeter.iana_printer_mib import ALERT_CODE, alert_code_named
from pagemeter.ipp.message import Group
from pagemeter.ipp.origins import origin
from pagemeter.ipp.pairs import MOST_CHARACTERS, number_of, pairs_of
from pagemeter.model import Alert, PrinterState, Severity, Status, Training

STOPPED = 5
PRINTER_STATES = {3: "idle", 4: "processing", STOPPED: "stopped"}
"""printer-state (RFC 8011 section 5.4.11)."""
_SUFFIXES = {"-error": Severity.CRITICAL, "-warning": Severity.WARNING, "-report": Severity.OTHER}

# Keywords of printer-state-reasons -> the code of PrtAlertCodeTC and the group of the Printer MIB that mean the same.
MEANINGS = {
    "media-empty": ("inputMediaSupplyEmpty", "input"),
    "media-needed": ("inputMediaSupplyEmpty", "input"),
    "media-low": ("inputMediaSupplyLow", "input"),
    "media-jam": ("jam", "mediaPath"),
    "input-tray-missing": ("inputMediaTrayMissing", "input"),
    "input-manual-input-request": ("inputManualInputRequest", "input"),
    "input-media-size-change": ("inputMediaSizeChange", "input"),
    "input-cannot-feed-size-selected": ("inputCannotFeedSizeSelected", "input"),
    "output-tray-missing": ("outputMediaTrayMissing", "output"),
    "output-area-almost-full": ("outputMediaTrayAlmostFull", "output"),
    "output-area-full": ("outputMediaTrayFull", "output"),
    "toner-low": ("markerTonerAlmostEmpty", "markerSupplies"),
    "toner-empty": ("markerTonerEmpty", "markerSupplies"),
    "marker-supply-low": ("subunitAlmostEmpty", "markerSupplies"),
    "marker-supply-almost-empty": ("subunitAlmostEmpty", "markerSupplies"),
    "marker-supply-empty": ("subunitEmpty", "markerSupplies"),
    "marker-supply-missing": ("subunitMissing", "markerSupplies"),
    "marker-ink-almost-empty": ("markerInkAlmostEmpty", "markerSupplies"),
    "marker-ink-empty": ("markerInkEmpty", "markerSupplies"),
    "marker-toner-cartridge-missing": ("markerTonerCartridgeMissing", "markerSupplies"),
    "marker-waste-almost-full": ("markerWasteTonerReceptacleAlmostFull", "markerSupplies"),
    "marker-waste-full": ("markerWasteTonerReceptacleFull", "markerSupplies"),
    "opc-near-eol": ("markerOpcLifeAlmostOver", "markerSupplies"),
    "opc-life-over": ("markerOpcLifeOver", "markerSupplies"),
    "developer-low": ("markerDeveloperAlmostEmpty", "markerSupplies"),
    "developer-empty": ("markerDeveloperEmpty", "markerSupplies"),
    "fuser-over-temp": ("markerFuserOverTemperature", "marker"),
    "fuser-under-temp": ("markerFuserUnderTemperature", "marker"),
    "cover-open": ("coverOpen", "cover"),
    "door-open": ("doorOpen", "cover"),
    "interlock-open": ("interlockOpen", "cover"),
}
# A state and no fault.
_ASLEEP = frozenset({"standby", "hibernate", "suspend"})
_WARMING = frozenset({"power-up", "warming-up"})
_NO_FAULTS = (
    frozenset({"none", "power-down", "configuration-change", "identify-printer-requested", "testing"})
    | {"connecting-to-device", "printer-nms-reset", "printer-manual-reset", "printer-ready-to-print"}
    | _ASLEEP
    | _WARMING
)
_NO_FAULT_CODES = frozenset(
    {"coverclosed", "interlockclosed", "doorclosed", "powerup", "subunitpowersaver", "subunitwarmingup"}
    | {"printerreadytoprint", "alertremovalofbinarychangeentry"}
)
_GENERIC = frozenset({"", "other", "unknown"})


def alerts_of(printer: Group) -> tuple[Alert, ...]:
    """Read printer-alert, then the reasons that say something else."""
    rows = tuple(_rows(printer))
    told = {row.code_name for row in rows}
    return (*rows, *(alert for alert in _reasons(printer) if alert.code_name not in told))


def status_of(printer: Group, alerts: Sequence[Alert]) -> Status | None:
    """Make one state of printer-state, its reasons and the alerts; none where printer-state is absent or no state."""
    word = PRINTER_STATES.get(printer.integer("printer-state") or 0)
    if word is None:
        return None
    reasons = {keyword for keyword, _ in _split_reasons(printer)}
    return Status(
        state=_state(word, reasons, {alert.severity for alert in alerts}),
        printer_status=word,
        origin=origin("printer-state", "printer-state-reasons"),
    )


def _state(word: str, reasons: set[str], severities: set[Severity | None]) -> PrinterState:
    if word == "processing":
        return PrinterState.PRINTING
    if "offline" in reasons or "shutdown" in reasons:
        return PrinterState.OFFLINE
    if word == "stopped" or Severity.CRITICAL in severities:
        return PrinterState.ERROR
    if reasons & _WARMING:
        return PrinterState.WARMUP
    if severities & {Severity.WARNING, Severity.WARNING_BINARY_CHANGE_EVENT}:
        return PrinterState.WARNING
    return PrinterState.STANDBY if reasons & _ASLEEP else PrinterState.IDLE


def _rows(printer: Group) -> Iterator[Alert]:
    """Decode printer-alert; a row without a code that says something counts by its description.

    Without a severity, too, it is a fault only while the printer's reasons say that something is the matter.
    """
    well = set(printer.texts("printer-state-reasons")) == {"none"}
    words = printer.texts("printer-alert-description")
    for place, text in enumerate(printer.texts("printer-alert", most=MOST_CHARACTERS), 1):
        pairs = pairs_of(text)
        description = words[place - 1] if place <= len(words) else None
        code, severity = pairs.get("code", ""), _severity(pairs.get("severity"))
        generic = code.casefold() in _GENERIC
        slight = severity is Severity.OTHER or (severity is None and well)
        if code.casefold() in _NO_FAULT_CODES or (generic and (description is None or slight)):
            continue
        marks = (pairs.get(key, "") for key in ("time", "code", "group", "groupindex"))
        yield Alert(
            key=":".join([f"ipp.{number_of(pairs, 'index') or place}", *marks]),
            severity=severity,
            training=_training(pairs.get("training")),
            group=pairs.get("group"),
            code=(number := alert_code_named(code)),
            code_name=ALERT_CODE.get(number or 0, code) or None,
            description=description,
            location=number_of(pairs, "location"),
            origin=origin("printer-alert"),
        )


def _reasons(printer: Group) -> Iterator[Alert]:
    for keyword, severity in _split_reasons(printer):
        if keyword in _NO_FAULTS:
            continue
        code, group = MEANINGS.get(keyword, (keyword, None))
        yield Alert(
            key=f"ipp.{keyword}",
            severity=severity,
            group=group,
            code=alert_code_named(code),
            code_name=code,
            description=keyword,
            origin=origin("printer-state-reasons"),
        )


def _split_reasons(printer: Group) -> Iterator[tuple[str, Severity]]:
    """Split the severity off each keyword, each once; without one it is an error if the printer stopped."""
    stopped = printer.integer("printer-state") == STOPPED
    bare = Severity.CRITICAL if stopped else Severity.WARNING
    seen: set[str] = set()
    for reason in printer.texts("printer-state-reasons"):
        for suffix, severity in _SUFFIXES.items():
            if reason is not None and reason.endswith(suffix):
                keyword, found = reason.removesuffix(suffix), severity
                break
        else:
            keyword, found = reason or "none", bare
        if keyword not in seen:
            seen.add(keyword)
            yield keyword, found


def _severity(word: str | None) -> Severity | None:
    """Read a severity; some firmware leaves out what stands between it and the group, and writes ``otherother``."""
    with suppress(ValueError):
        return Severity("other" if word == "otherother" else word or "")
    return None


def _training(word: str | None) -> Training | None:
    with suppress(ValueError):
        return Training(word or "")
    return None
