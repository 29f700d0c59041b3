from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pagemeter import Batch, Form, Services
from pagemeter.errors import DeliveryError, PluginError
from pagemeter.model import AgentStatus, Device, DeviceFound, DeviceSnapshot, Document, Event, FleetEntry
from pagemeter.wire import from_json
from pagemeter_plugins.files.output import FilesOutput
from pagemeter_plugins.files.settings import FilesSettings

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FOUND = Event(device="d1", at=NOW, facts=DeviceFound(address="10.0.0.7"))

BatchOf = Callable[..., Batch]
DocumentOf = Callable[..., Document]
SnapshotOf = Callable[[Device], DeviceSnapshot]


async def deliver(services: Services, *batches: Batch, **settings: object) -> None:
    async with FilesOutput(FilesSettings.model_validate({"folder": "out", **settings}), services) as output:
        for batch in batches:
            await output.deliver(batch)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_documents_are_lines_of_their_days(
    services: Services, daily: BatchOf, document_of: DocumentOf, tmp_path: Path
) -> None:
    old = document_of(FOUND, seq=1, at=datetime(2026, 1, 30, 23, tzinfo=UTC))
    new = [document_of(FOUND, seq=seq) for seq in (2, 3)]
    await deliver(services, daily(old, new[0]), daily(new[1]))
    written = files(tmp_path / "out")
    assert written.keys() == {"documents-2026-01-30.jsonl", "documents-2026-01-31.jsonl"}
    lines = written["documents-2026-01-31.jsonl"].splitlines()
    assert [from_json(Document, line) for line in lines] == new


async def test_a_batch_that_comes_again_repeats_its_keys_and_loses_nothing(
    services: Services, daily: BatchOf, document_of: DocumentOf, tmp_path: Path
) -> None:
    batch = daily(document_of(FOUND, seq=1))
    await deliver(services, batch, batch)
    first, second = files(tmp_path / "out")["documents-2026-01-31.jsonl"].splitlines()
    assert first == second
    assert json.loads(first)["key"] == {"agent": "0a1b2c", "epoch": "00000001-0123456789abcdef", "seq": 1}


async def test_csv_has_the_meter_reads_only(
    services: Services,
    daily: BatchOf,
    document_of: DocumentOf,
    snapshot_of: SnapshotOf,
    printer: Device,
    tmp_path: Path,
) -> None:
    batch = daily(document_of(FOUND, seq=1), document_of(snapshot_of(printer), seq=2))
    await deliver(services, daily(document_of(FOUND)), batch, batch, format="csv")
    written = files(tmp_path / "out")
    assert written.keys() == {"meters-2026-01-31.csv"}
    rows = written["meters-2026-01-31.csv"].split(b"\r\n")
    assert [row.split(b",")[0] for row in rows] == [b"device_id", b"d1", b"d1", b"d1", b"d1", b""]


async def test_the_report_is_the_whole_fleet(
    services: Services, report: BatchOf, snapshot_of: SnapshotOf, printer: Device, tmp_path: Path
) -> None:
    silent = FleetEntry(latest=snapshot_of(printer), first_seen=NOW, silent_since=NOW)
    await deliver(services, report(), report(silent))
    written = files(tmp_path / "out")
    assert written.keys() == {"report.json"}
    content = json.loads(written["report.json"])
    assert (content["batch"], content["period"]) == ("batch-2", 3600)
    assert from_json(AgentStatus, json.dumps(content["agent"])).site == "Head office"
    assert [from_json(FleetEntry, json.dumps(entry)) for entry in content["fleet"]] == [silent]


async def test_the_report_of_no_devices_is_one_too(services: Services, report: BatchOf, tmp_path: Path) -> None:
    await deliver(services, report())
    assert json.loads(files(tmp_path / "out")["report.json"])["fleet"] == []


@pytest.mark.parametrize(
    ("settings", "forms"),
    [
        ({}, [Form.EVERY, Form.REPORT]),
        ({"report": False}, [Form.EVERY]),
        ({"daily": False}, [Form.REPORT]),
    ],
)
def test_only_what_is_switched_on_is_asked_for(
    services: Services, settings: dict[str, bool], forms: list[Form]
) -> None:
    output = FilesOutput(FilesSettings.model_validate({"folder": "out", **settings}), services)
    assert [feed.form for feed in output.feeds()] == forms


async def test_a_folder_that_cannot_be_made_is_said_when_it_is_opened(services: Services, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(PluginError, match="may the agent write there"):
        await deliver(services)


async def test_what_was_written_before_an_error_is_accepted(
    services: Services, daily: BatchOf, document_of: DocumentOf, tmp_path: Path
) -> None:
    old = document_of(FOUND, seq=1, at=datetime(2026, 1, 30, 23, tzinfo=UTC))
    (tmp_path / "out/documents-2026-01-31.jsonl").mkdir(parents=True)
    with pytest.raises(DeliveryError, match=r"documents-2026-01-31\.jsonl was not written") as caught:
        await deliver(services, daily(old, document_of(FOUND, seq=2)))
    assert caught.value.accepted == (old,)
