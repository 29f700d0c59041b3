from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from pagemeter import Batch, Feed
from pagemeter.model import (
    AgentStatus,
    Amount,
    Body,
    Cost,
    Device,
    DeviceMoved,
    DeviceSnapshot,
    Document,
    Event,
    JobRecord,
    Key,
    MeterRead,
    MeterUnit,
    Origin,
    Queue,
    Scope,
    Work,
)
from pagemeter.testing import FakeClock, FakeServices

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
COUNT = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    return FakeServices(clock=FakeClock(NOW), folder=tmp_path)


@pytest.fixture
def agent_status() -> AgentStatus:
    return AgentStatus(agent="0a1b2c", version="0.1.0", site="Head office", started_at=NOW - timedelta(days=3), at=NOW)


@pytest.fixture
def bodies(agent_status: AgentStatus) -> tuple[Body, ...]:
    """One body of each type."""
    read = MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=12345, raw="12345", origin=COUNT, at=NOW)
    device = Device(id="d1", serial_number="SN0001", name='hall "west" \\ \u2028 <b>', addresses=("10.0.0.7",))
    return (
        DeviceSnapshot(
            device=device, target="host://10.0.0.7", taken_at=NOW, uptime=timedelta(days=2, milliseconds=10),
            scopes=frozenset(Scope), meter_reads=(read,),
        ),
        JobRecord(id="j1", printed=Amount(impressions=3, media=(("a4", 2),)), cost=Cost(amount=Decimal("0.10"))),
        Queue(name="hall", at=NOW),
        Event(device="d1", at=NOW, facts=DeviceMoved(old_address="10.0.0.6", address="10.0.0.7")),
        agent_status,
    )  # fmt: skip


@pytest.fixture
def document_of() -> Callable[..., Document]:
    def build(body: Body, *, seq: int = 1) -> Document:
        return Document(key=Key(agent="0a1b2c", epoch="00000001-0123456789abcdef", seq=seq), at=NOW, body=body)

    return build


@pytest.fixture
def batch_of(agent_status: AgentStatus) -> Callable[..., Batch]:
    def build(*documents: Document, id: str = "batch-1") -> Batch:  # noqa: A002 - the field's name
        return Batch(id=id, feed=Feed(name="documents"), agent=agent_status, documents=documents)

    return build
