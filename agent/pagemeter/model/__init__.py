"""The words: frozen values named after the Printer MIB, IPP and the trade."""

from pagemeter.model.alert import Alert, PrinterState, Severity, Status, Training
from pagemeter.model.device import Ability, Device, DeviceKind, DeviceState, HostName, Identity, NameOrigin
from pagemeter.model.document import AgentStatus, Body, Document, FleetEntry, Key
from pagemeter.model.event import (
    DeviceBack,
    DeviceFound,
    DeviceMoved,
    DeviceSilent,
    DevicesMerged,
    Event,
    Facts,
    MeterReset,
    SegmentFound,
)
from pagemeter.model.job import Amount, Cost, JobDetails, JobRecord, Queue
from pagemeter.model.meter import MeterColor, MeterRead, MeterUnit, Origin, Quality, Sides, Since, Work
from pagemeter.model.privacy import Private
from pagemeter.model.reading import Reading, Scope, Unknown
from pagemeter.model.snapshot import DeviceSnapshot, snapshot_of
from pagemeter.model.supply import Condition, Cover, Input, Level, LevelState, Marker, Supply, SupplyKind
from pagemeter.model.target import Hints, Link, Segment, Target, host_uri, usb_uri

__all__ = [
    "Ability",
    "AgentStatus",
    "Alert",
    "Amount",
    "Body",
    "Condition",
    "Cost",
    "Cover",
    "Device",
    "DeviceBack",
    "DeviceFound",
    "DeviceKind",
    "DeviceMoved",
    "DeviceSilent",
    "DeviceSnapshot",
    "DeviceState",
    "DevicesMerged",
    "Document",
    "Event",
    "Facts",
    "FleetEntry",
    "Hints",
    "HostName",
    "Identity",
    "Input",
    "JobDetails",
    "JobRecord",
    "Key",
    "Level",
    "LevelState",
    "Link",
    "Marker",
    "MeterColor",
    "MeterRead",
    "MeterReset",
    "MeterUnit",
    "NameOrigin",
    "Origin",
    "PrinterState",
    "Private",
    "Quality",
    "Queue",
    "Reading",
    "Scope",
    "Segment",
    "SegmentFound",
    "Severity",
    "Sides",
    "Since",
    "Status",
    "Supply",
    "SupplyKind",
    "Target",
    "Training",
    "Unknown",
    "Work",
    "host_uri",
    "snapshot_of",
    "usb_uri",
]
