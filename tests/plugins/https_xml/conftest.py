from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import pagemeter_plugins.https_xml
from pagemeter import Batch, Feed, Form
from pagemeter.model import (
    AgentStatus,
    Alert,
    Body,
    Device,
    DeviceSnapshot,
    Document,
    FleetEntry,
    HostName,
    Key,
    Level,
    LevelState,
    MeterColor,
    MeterRead,
    MeterUnit,
    NameOrigin,
    Origin,
    PrinterState,
    Scope,
    Severity,
    Status,
    Supply,
    SupplyKind,
    Training,
    Unknown,
    Work,
)
from pagemeter.testing import FakeClock, FakeServices

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
XSD = Path(pagemeter_plugins.https_xml.__file__).parent / "report-1.xsd"


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    return FakeServices(clock=FakeClock(NOW), folder=tmp_path)


@pytest.fixture(scope="session")
def complaints() -> Callable[[bytes], str]:
    """What xmllint has against a report; nothing if it is valid."""
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint (Debian: libxml2-utils) is not installed")

    def judge(report: bytes) -> str:
        command = ["xmllint", "--noout", "--nonet", "--schema", str(XSD), "-"]
        done = subprocess.run(command, input=report, capture_output=True, check=False, timeout=30)
        return "" if done.returncode == 0 else done.stderr.decode() or f"xmllint ends with {done.returncode}"

    return judge


@pytest.fixture
def agent_status() -> AgentStatus:
    return AgentStatus(
        agent="0a1b2c", version="0.1.0", site="Head office", started_at=NOW - timedelta(days=3), at=NOW,
        last_error="10.0.0.9 did not answer", last_error_at=NOW - timedelta(minutes=5),
    )  # fmt: skip


@pytest.fixture
def batch_of(agent_status: AgentStatus) -> Callable[..., Batch]:
    def build(
        *fleet: FleetEntry,
        id: str = "batch-1",  # noqa: A002 - the field's name
        documents: Sequence[Document] = (),
        part: int = 1,
        last: bool = True,
    ) -> Batch:
        feed = Feed(name="report", form=Form.REPORT)
        return Batch(
            id=id, feed=feed, period=timedelta(hours=1), agent=agent_status, fleet=fleet, documents=documents,
            part=part, last=last,
        )  # fmt: skip

    return build


@pytest.fixture
def document_of() -> Callable[..., Document]:
    def build(body: Body, *, seq: int = 1, at: datetime = NOW) -> Document:
        return Document(key=Key(agent="0a1b2c", epoch="00000001-0123456789abcdef", seq=seq), at=at, body=body)

    return build


@pytest.fixture
def printer() -> FleetEntry:
    device = Device(
        id="d1", serial_number="SN0001", manufacturer="Acme", model="Acme Laser 9", name="hall printer",
        host_names=(HostName(name="prn-hall", origin=NameOrigin.SYS_NAME),), macs=("00:11:22:33:44:55",),
        addresses=("10.0.0.7",), location="Hall, 2nd floor", asset_tag="A-17", site="Head office",
        labels=(("cost center", "4711"),),
    )  # fmt: skip
    count = Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1")
    level = Origin(protocol="snmp", where="1.3.6.1.2.1.43.11.1.1.9.1.1")
    snapshot = DeviceSnapshot(
        device=device, target="host://10.0.0.7", found_by=("sweep",), taken_at=NOW, read_by=("printer_mib",),
        scopes=frozenset(Scope),
        origins=(("serial_number", Origin(protocol="snmp", where="1.3.6.1.2.1.43.5.1.1.17.1")),),
        unknown=(Unknown(what="mono", why="no profile"),), uptime=timedelta(days=2),
        status=Status(state=PrinterState.ERROR, device_status="down", error_bits=("jammed",), origin=count),
        meter_reads=(
            MeterRead(work=Work.TOTAL, unit=MeterUnit.IMPRESSIONS, value=12345, raw="12345", origin=count, at=NOW),
            MeterRead(
                work=Work.PRINT, color=MeterColor.FULL_COLOR, media="large", unit=MeterUnit.IMPRESSIONS, code="122",
                value=0, raw="0", origin=count, at=NOW,
            ),
        ),
        supplies=(
            Supply(
                index="1.1", kind=SupplyKind.CONSUMED, type="tonerCartridge", colorants=("black",), part_number="TN-1",
                serial_number="T0099", unit="impressions", max_capacity=9000,
                level=Level(state=LevelState.MEASURED, units=3000, percent=33), origin=level, at=NOW,
            ),
            Supply(
                index="1.2", kind=SupplyKind.FILLED, type="wasteToner",
                level=Level(state=LevelState.SOME_REMAINING), origin=level, at=NOW,
            ),
        ),
        alerts=(
            Alert(
                key="1", severity=Severity.CRITICAL, training=Training.UNTRAINED, group="mediaPath", code=8,
                code_name="jam", description="Jam in tray 2", origin=level,
            ),
        ),
    )  # fmt: skip
    return FleetEntry(latest=snapshot, first_seen=NOW - timedelta(days=9), last_success=NOW)
