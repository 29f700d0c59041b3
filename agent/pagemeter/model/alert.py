"""Alerts and device status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pagemeter.model.meter import Origin
from pagemeter.model.privacy import FreeText


class Severity(StrEnum):
    """prtAlertSeverityLevel (RFC 3805)."""

    OTHER = "other"
    CRITICAL = "critical"
    WARNING = "warning"
    WARNING_BINARY_CHANGE_EVENT = "warningBinaryChangeEvent"


class Training(StrEnum):
    """prtAlertTrainingLevel: the skill needed to clear an alert (RFC 3805)."""

    OTHER = "other"
    UNKNOWN = "unknown"
    UNTRAINED = "untrained"
    TRAINED = "trained"
    FIELD_SERVICE = "fieldService"
    MANAGEMENT = "management"
    NO_INTERVENTION_REQUIRED = "noInterventionRequired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A row of prtAlertTable or its like; ``key`` tells it from others of the device, ``code`` is the MIB's number."""

    key: str
    severity: Severity | None = None
    training: Training | None = None
    group: str | None = None
    code: int | None = None
    code_name: str | None = None
    description: FreeText | None = None
    location: int | None = None
    raised_at: datetime | None = None
    origin: Origin


class PrinterState(StrEnum):
    """The state that hrDeviceStatus, hrPrinterStatus and the error bits give together (RFC 3805 section 2.2.13.2)."""

    IDLE = "idle"
    PRINTING = "printing"
    WARMUP = "warmup"
    STANDBY = "standby"
    WARNING = "warning"
    ERROR = "error"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a printer is: the derived state beside the three raw words (RFC 2790)."""

    state: PrinterState
    device_status: str | None = None
    printer_status: str | None = None
    error_bits: tuple[str, ...] = ()
    origin: Origin
