"""Stores in a folder of the test's own, and documents to put in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pagemeter.model import Device, DeviceSnapshot, MeterRead, MeterUnit, Origin, Scope, Work
from pagemeter.store import Store
from pagemeter.testing import FakeClock

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
Snapshots = Callable[..., DeviceSnapshot]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(AT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "pagemeter.db"


@pytest.fixture
async def store(path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        yield store


@pytest.fixture
def snapshot() -> Snapshots:
    return _snapshot


def _snapshot(device: str, pages: int, *, scopes: frozenset[Scope] = frozenset({Scope.METERS})) -> DeviceSnapshot:
    read = MeterRead(
        work=Work.TOTAL,
        unit=MeterUnit.IMPRESSIONS,
        value=pages,
        raw=str(pages),
        origin=Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1"),
        at=AT,
    )
    return DeviceSnapshot(
        device=Device(id=device, model="Laser 9", serial_number=f"SN-{device}", contact="Ada"),
        target="host://10.0.0.7",
        taken_at=AT,
        scopes=scopes,
        meter_reads=(read,),
    )
