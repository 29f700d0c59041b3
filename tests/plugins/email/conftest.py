from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pagemeter import Batch, Feed, Form
from pagemeter.model import (
    AgentStatus,
    Amount,
    Body,
    Condition,
    Cost,
    Device,
    DeviceSnapshot,
    Document,
    FleetEntry,
    JobRecord,
    Key,
    Level,
    LevelState,
    MeterColor,
    MeterRead,
    MeterUnit,
    Origin,
    PrinterState,
    Status,
    Supply,
    SupplyKind,
    Work,
)
from pagemeter_plugins.email.settings import EmailSettings

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
COUNT = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")


@pytest.fixture
def agent_status() -> AgentStatus:
    return AgentStatus(agent="0a1b2c", version="0.1.0", site="Head office", started_at=NOW - timedelta(days=3), at=NOW)


@pytest.fixture
def settings_of() -> Callable[..., EmailSettings]:
    def build(**changed: Any) -> EmailSettings:
        plain = {"host": "mail.example", "sender": "meters@example.com", "recipients": ["office@example.com"]}
        return EmailSettings.model_validate({**plain, **changed})

    return build


@pytest.fixture
def supply_of() -> Callable[..., Supply]:
    def build(**changed: Any) -> Supply:
        plain = {
            "index": "1.1", "kind": SupplyKind.CONSUMED, "type": "tonerCartridge", "colorants": ("black",),
            "description": "Black toner", "part_number": "TN-1", "serial_number": "T0001", "unit": "impressions",
            "max_capacity": 12000, "level": Level(state=LevelState.MEASURED, units=5040, percent=42),
            "condition": Condition.OK, "origin": COUNT, "at": NOW,
        }  # fmt: skip
        return Supply(**{**plain, **changed})

    return build


@pytest.fixture
def entry_of(supply_of: Callable[..., Supply]) -> Callable[..., FleetEntry]:
    """Build a printer of the fleet that has something in every column."""

    def build(*, of: dict[str, Any] | None = None, silent_since: datetime | None = None, **changed: Any) -> FleetEntry:
        device = {
            "id": "d1", "site": "Plant 2", "manufacturer": "Acme", "model": "Acme Laser 9", "serial_number": "SN0001",
            "asset_tag": "0042", "name": "hall", "location": "Hall west", "addresses": ("10.0.0.7", "10.0.0.8"),
            "firmware": "1.2.3", "labels": (("Room", "12"), ("Floor", "1")),
        }  # fmt: skip
        reads = (
            MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=12345, raw="12345", origin=COUNT, at=NOW),
            MeterRead(
                work=Work.PRINT, color=MeterColor.FULL_COLOR, unit=MeterUnit.IMPRESSIONS, code="122", value=0,
                raw="0", origin=COUNT, at=NOW,
            ),
        )  # fmt: skip
        snapshot = {
            "target": "host://10.0.0.7", "found_by": ("sweep", "mdns"), "taken_at": NOW, "meter_reads": reads,
            "status": Status(state=PrinterState.IDLE, origin=COUNT), "supplies": (supply_of(),),
        }  # fmt: skip
        latest = DeviceSnapshot(device=Device(**{**device, **(of or {})}), **{**snapshot, **changed})
        return FleetEntry(latest=latest, first_seen=NOW, last_success=NOW, silent_since=silent_since)

    return build


@pytest.fixture
def job_of() -> Callable[..., JobRecord]:
    def build(**changed: Any) -> JobRecord:
        plain = {
            "id": "j1", "user": "kim", "document": "Plan.pdf", "queue": "office", "printer": "ipp://10.0.0.7/ipp/print",
            "device": "d1", "client": "pc-7", "account": "4711", "submitted_at": NOW - timedelta(minutes=1),
            "completed_at": NOW, "state": "completed", "cost": Cost(amount=Decimal("0.35"), currency="EUR"),
            "ordered": Amount(impressions=8), "printed": Amount(impressions=7, color_impressions=0, sheets=4, copies=1),
        }  # fmt: skip
        return JobRecord(**{**plain, **changed})

    return build


@pytest.fixture
def report_of(agent_status: AgentStatus) -> Callable[..., Batch]:
    """Build a batch of fleet entries and bodies of documents."""

    def build(*given: FleetEntry | Body, **changed: Any) -> Batch:
        bodies = [one for one in given if not isinstance(one, FleetEntry)]
        plain = {
            "id": "ba5eba11", "feed": Feed(name="report", form=Form.REPORT), "agent": agent_status,
            "fleet": tuple(one for one in given if isinstance(one, FleetEntry)),
            "documents": tuple(
                Document(key=Key(agent="0a1b2c", epoch="00000001-0123456789abcdef", seq=seq), at=NOW, body=body)
                for seq, body in enumerate(bodies, 1)
            ),
        }  # fmt: skip
        return Batch(**{**plain, **changed})

    return build
