from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pagemeter.errors import PluginError
from pagemeter.model import Target
from pagemeter.testing import FakeServices
from pagemeter_plugins.static.discovery import StaticDiscovery
from pagemeter_plugins.static.places import parse_place
from pagemeter_plugins.static.settings import StaticSettings


async def found(settings: StaticSettings, folder: Path = Path()) -> list[str]:
    discovery = StaticDiscovery(settings, FakeServices(folder=folder))
    async with discovery:
        return [one.uri for one in [got async for got in discovery.discover({})] if isinstance(one, Target)]


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("10.0.0.7", "host://10.0.0.7"),
        (" 10.0.0.7:1161 ", "snmp://10.0.0.7:1161"),
        ("printer.example", "host://printer.example"),
        ("printer.example:161", "snmp://printer.example:161"),
        ("2001:db8::7", "host://[2001:db8::7]"),
        ("[2001:db8::7]", "host://[2001:db8::7]"),
        ("[2001:db8::7]:1161", "snmp://[2001:db8::7]:1161"),
        ("snmp://10.0.0.7:1161", "snmp://10.0.0.7:1161"),
        ("ipp://10.0.0.7/ipp/print", "ipp://10.0.0.7/ipp/print"),
    ],
)
def test_a_place_becomes_a_uri(text: str, uri: str) -> None:
    assert parse_place(text) == uri


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.0/24", "sweep takes ranges"),
        ("10.0.0.7:0", "port between 1 and 65535"),
        ("10.0.0.7:http", "port between 1 and 65535"),
        ("10.0.0.300", "is no place"),
        ("a b", "is no place"),
        ("", "is no place"),
        ("[2001:db8::7", "port"),
        ("ftp://10.0.0.7", "its scheme is one of"),
        ("snmp://", "with a host"),
        ("snmp://10.0.0.7:99999", "is no place"),
        ("ipp://user:secret@10.0.0.7/", "no user and no password"),
    ],
)
def test_what_is_no_place_is_refused_with_a_remedy(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_place(text)


async def test_listed_places_are_found_once_each_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "places.txt").write_text(
        "\ufeff# the second floor\n10.0.0.9\n\nhost://10.0.0.7 # again\n", encoding="utf-8"
    )
    settings = StaticSettings(targets=("10.0.0.7", "10.0.0.8"), file="places.txt")
    assert await found(settings, tmp_path) == ["host://10.0.0.7", "host://10.0.0.8", "host://10.0.0.9"]


async def test_a_line_that_is_no_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "places.txt").write_text("10.0.0.9\n10.0.0.0/8\n", encoding="utf-8")
    with pytest.raises(PluginError, match=r"places\.txt:2: .*range"):
        await found(StaticSettings(file="places.txt"), tmp_path)


async def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"places\.txt can't be read"):
        await found(StaticSettings(file="places.txt"), tmp_path)


def test_an_empty_list_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="name targets, file or table"):
        StaticSettings()
