from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pagemeter import Batch, Feed
from pagemeter.errors import ConfigError, DeliveryError
from pagemeter.model import AgentStatus, DeviceFound, Document, Event, Key, Target
from pagemeter.plugins import Kind, load_plugins
from pagemeter.testing import FakeClock, FakeServices

from pagemeter_example.discovery import ExampleLogDiscovery
from pagemeter_example.lines import addresses
from pagemeter_example.output import ExampleLogOutput
from pagemeter_example.settings import DiscoverySettings, OutputSettings

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    return FakeServices(clock=FakeClock(NOW), folder=tmp_path)


def batch(*seqs: int) -> Batch:
    found = Event(device="d1", at=NOW, facts=DeviceFound(address="10.0.0.7"))
    documents = [Document(key=Key(agent="a", epoch="e", seq=seq), at=NOW, body=found) for seq in seqs]
    status = AgentStatus(agent="a", version="1", started_at=NOW, at=NOW)
    return Batch(id="b", feed=Feed(name="documents"), agent=status, documents=documents)


def test_the_agent_takes_the_plugin() -> None:
    entry = EntryPoint(name="example_log", value="pagemeter_example", group="pagemeter")
    installed = load_plugins(["example_log"])
    registry = installed if installed.plugins else load_plugins(["example_log"], extra=[entry])
    assert registry.why_not("example_log") is None
    assert registry.factory(Kind.DISCOVERY, "example_log") is not None
    assert registry.factory(Kind.OUTPUT, "example_log") is not None


def test_comments_and_empty_lines_are_no_addresses() -> None:
    assert list(addresses(["# printers", "", "10.0.0.7  # hall", "  prn-west.lan", "2001:db8::7"])) == [
        "10.0.0.7",
        "prn-west.lan",
        "2001:db8::7",
    ]


async def test_a_listed_address_is_a_target(services: FakeServices) -> None:
    (services.folder / "printers.txt").write_text("10.0.0.7\n2001:db8::7\n", encoding="utf-8")
    discovery = ExampleLogDiscovery(DiscoverySettings(file="printers.txt"), services)
    found = [target async for target in discovery.discover({})]
    assert [target.uri for target in found if isinstance(target, Target)] == ["host://10.0.0.7", "host://[2001:db8::7]"]


async def test_a_file_that_is_missing_is_named(services: FakeServices) -> None:
    discovery = ExampleLogDiscovery(DiscoverySettings(file="printers.txt"), services)
    with pytest.raises(ConfigError, match=r"printers\.txt can't be read"):
        [target async for target in discovery.discover({})]


async def test_a_document_is_a_line_with_its_key(services: FakeServices) -> None:
    async with ExampleLogOutput(OutputSettings(file="documents.log"), services) as output:
        await output.deliver(batch(1, 2))
        await output.deliver(batch(3))
    assert (services.folder / "documents.log").read_bytes().splitlines() == [
        b"a/e/1 2026-01-31T12:00:00Z device-found d1",
        b"a/e/2 2026-01-31T12:00:00Z device-found d1",
        b"a/e/3 2026-01-31T12:00:00Z device-found d1",
    ]


async def test_a_file_that_cannot_be_written_is_a_delivery_that_failed(services: FakeServices) -> None:
    output = ExampleLogOutput(OutputSettings(file="missing/documents.log"), services)
    with pytest.raises(DeliveryError, match=r"documents\.log was not written"):
        await output.deliver(batch(1))
