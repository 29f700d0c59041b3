from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pagemeter import Batch, Feed, Form
from pagemeter.model import (
    AgentStatus,
    Body,
    Device,
    DeviceSnapshot,
    Document,
    FleetEntry,
    Key,
    MeterColor,
    MeterRead,
    MeterUnit,
    Origin,
    Work,
)
from pagemeter.testing import FakeClock, FakeServices

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)

_COUNT = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    return FakeServices(clock=FakeClock(NOW), folder=tmp_path)


@pytest.fixture
def printer() -> Device:
    return Device(
        id="d1", serial_number="SN0001", manufacturer="Acme", model="Acme Laser 9", macs=("00:11:22:33:44:55",),
        addresses=("10.0.0.7", "10.0.0.8"), location='Hall, "west"', asset_tag="A-17",
    )  # fmt: skip


@pytest.fixture
def snapshot_of() -> Callable[[Device], DeviceSnapshot]:
    def build(device: Device) -> DeviceSnapshot:
        reads = (
            MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=12345, raw="12345", origin=_COUNT, at=NOW),
            MeterRead(
                work=Work.PRINT, color=MeterColor.FULL_COLOR, unit=MeterUnit.IMPRESSIONS, code="122", value=0,
                raw="0", origin=_COUNT, at=NOW,
            ),
        )  # fmt: skip
        return DeviceSnapshot(device=device, target="host://10.0.0.7", taken_at=NOW, meter_reads=reads)

    return build


@pytest.fixture
def document_of() -> Callable[..., Document]:
    def build(body: Body, *, seq: int = 1, at: datetime = NOW) -> Document:
        return Document(key=Key(agent="0a1b2c", epoch="00000001-0123456789abcdef", seq=seq), at=at, body=body)

    return build


@pytest.fixture
def agent_status() -> AgentStatus:
    return AgentStatus(agent="0a1b2c", version="0.1.0", site="Head office", started_at=NOW - timedelta(days=3), at=NOW)


@pytest.fixture
def daily(agent_status: AgentStatus) -> Callable[..., Batch]:
    def build(*documents: Document) -> Batch:
        return Batch(id="batch-1", feed=Feed(name="documents"), agent=agent_status, documents=documents)

    return build


@pytest.fixture
def report(agent_status: AgentStatus) -> Callable[..., Batch]:
    def build(*fleet: FleetEntry) -> Batch:
        feed = Feed(name="report", form=Form.REPORT)
        return Batch(id="batch-2", feed=feed, period=timedelta(hours=1), agent=agent_status, fleet=fleet)

    return build
