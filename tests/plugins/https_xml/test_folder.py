from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pagemeter import Batch, Services
from pagemeter.errors import DeliveryError, PluginError
from pagemeter.model import FleetEntry
from pagemeter_plugins.https_xml.output import HttpsXmlOutput
from pagemeter_plugins.https_xml.report import write_report
from pagemeter_plugins.https_xml.settings import HttpsXmlSettings

BatchOf = Callable[..., Batch]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_folder_gets_the_report_and_nothing_else(
    services: Services, batch_of: BatchOf, printer: FleetEntry, tmp_path: Path
) -> None:
    batch = batch_of(printer)
    async with HttpsXmlOutput(HttpsXmlSettings(folder="out/reports"), services) as output:
        await output.deliver(batch_of())
        await output.deliver(batch)
    folder = tmp_path / "out/reports"
    assert names(folder) == ["report.xml"]
    assert (folder / "report.xml").read_bytes() == write_report(batch)


async def test_dated_copies_are_kept_as_many_as_wanted_and_strange_files_stay(
    services: Services, batch_of: BatchOf, tmp_path: Path
) -> None:
    (tmp_path / "report-old.xml").touch()
    async with HttpsXmlOutput(HttpsXmlSettings(folder=".", keep=2), services) as output:
        for hours in range(4):
            batch = batch_of()
            at = batch.agent.at + timedelta(hours=hours)
            await output.deliver(replace(batch, agent=replace(batch.agent, at=at)))
    assert names(tmp_path) == [
        "report-20260131T140000Z.xml",
        "report-20260131T150000Z.xml",
        "report-old.xml",
        "report.xml",
    ]


async def test_the_parts_of_a_long_report_are_files_of_their_own_and_those_of_a_longer_one_go(
    services: Services, batch_of: BatchOf, tmp_path: Path
) -> None:
    async with HttpsXmlOutput(HttpsXmlSettings(folder=".", keep=1), services) as output:
        for number in (1, 2, 3):
            await output.deliver(batch_of(part=number, last=number == 3))
        assert names(tmp_path) == [
            "report-20260131T120000Z.2.xml",
            "report-20260131T120000Z.3.xml",
            "report-20260131T120000Z.xml",
            "report.2.xml",
            "report.3.xml",
            "report.xml",
        ]
        batch = batch_of()
        await output.deliver(replace(batch, agent=replace(batch.agent, at=batch.agent.at + timedelta(hours=1))))
    assert names(tmp_path) == ["report-20260131T130000Z.xml", "report.xml"]


async def test_a_folder_can_be_tested(services: Services, tmp_path: Path) -> None:
    async with HttpsXmlOutput(HttpsXmlSettings(folder="out"), services) as output:
        assert [(stage.name, stage.ok) async for stage in output.test()] == [("folder", True)]
        (tmp_path / "out").rmdir()
        assert [(stage.name, stage.ok) async for stage in output.test()] == [("folder", False)]


async def test_a_folder_that_cannot_be_made_is_said_when_it_is_opened(services: Services, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PluginError, match="may the agent write there"):
        await HttpsXmlOutput(HttpsXmlSettings(folder="file/reports"), services).__aenter__()


async def test_a_folder_that_is_gone_is_a_delivery_that_failed(
    services: Services, batch_of: BatchOf, tmp_path: Path
) -> None:
    async with HttpsXmlOutput(HttpsXmlSettings(folder="out"), services) as output:
        (tmp_path / "out").rmdir()
        with pytest.raises(DeliveryError, match=r"report\.xml was not written"):
            await output.deliver(batch_of())


def test_without_aiohttp_a_folder_works_and_a_url_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "sys.modules['aiohttp'] = None\n"
        "from pagemeter.testing import FakeServices\n"
        "from pagemeter_plugins.https_xml.output import HttpsXmlOutput\n"
        "from pagemeter_plugins.https_xml.settings import HttpsXmlSettings\n"
        "services = FakeServices(folder=Path(sys.argv[1]))\n"
        "asyncio.run(HttpsXmlOutput(HttpsXmlSettings(folder='out'), services).__aenter__())\n"
        "try:\n"
        "    asyncio.run(HttpsXmlOutput(HttpsXmlSettings(url='https://a.example'), services).__aenter__())\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "PluginError `url` needs aiohttp: pip install 'pagemeter[http]'\n"
