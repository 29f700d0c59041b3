"""What the rows of a table mean, and what happens to those that mean nothing."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from pagemeter import Found
from pagemeter.errors import PluginError
from pagemeter.model import Hints, Link, Target
from pagemeter.testing import FakeServices
from pagemeter_plugins.static.discovery import StaticDiscovery
from pagemeter_plugins.static.links import Column, Table, parse_table
from pagemeter_plugins.static.settings import StaticSettings
from pagemeter_plugins.static.table import parse_csv


def parsed(text: str, *, columns: dict[Column, str] | None = None, labels: tuple[str, ...] = ()) -> Table:
    return parse_table(list(parse_csv(text.encode())), columns=columns or {}, labels=labels, found_by="static")


async def found(settings: StaticSettings, folder: Path) -> list[Found]:
    async with StaticDiscovery(settings, FakeServices(folder=folder)) as discovery:
        return [one async for one in discovery.discover({})]


def test_a_row_with_one_address_is_a_link_and_a_place() -> None:
    table = parsed("IP address,Site,Name,Asset tag,label:room,Cost centre\n10.0.3.7,Plant 2,Gate,4711,0.12,77\n")
    labels = (("room", "0.12"),)
    assert table.links == (Link(addresses="10.0.3.7", site="Plant 2", name="Gate", asset_tag="4711", labels=labels),)
    hints = Hints(site="Plant 2", name="Gate", asset_tag="4711", labels=labels)
    assert table.targets == (Target(uri="host://10.0.3.7", found_by="static", hints=hints),)
    assert table.mistakes == ()


@pytest.mark.parametrize("addresses", ["10.0.3.0/24", "10.0.3.7-10.0.3.9", "10.1.2.*", "2001:db8::1-2001:db8::9"])
def test_a_row_with_a_network_or_range_is_a_link_only(addresses: str) -> None:
    table = parsed(f"Range;Site\n{addresses};Plant 2\n")
    assert table.links == (Link(addresses=addresses, site="Plant 2"),)
    assert table.targets == ()


@pytest.mark.parametrize(
    ("address", "addresses", "uri"),
    [
        ("printer.example", "printer.example", "host://printer.example"),
        ("10.0.3.7/32", "10.0.3.7", "host://10.0.3.7"),
        ("2001:DB8::7", "2001:db8::7", "host://[2001:db8::7]"),
        ("10.0.3.7:1161", "10.0.3.7", "snmp://10.0.3.7:1161"),
        ("[2001:db8::7]:1161", "2001:db8::7", "snmp://[2001:db8::7]:1161"),
        ("ipp://10.0.3.7:8631/ipp/print", "10.0.3.7", "ipp://10.0.3.7:8631/ipp/print"),
    ],
)
def test_a_single_place_may_be_written_in_several_ways(address: str, addresses: str, uri: str) -> None:
    table = parsed(f"IP;Site\n{address};Plant 2\n")
    assert [link.addresses for link in table.links] == [addresses]
    assert [target.uri for target in table.targets] == [uri]


@pytest.mark.parametrize(
    "header",
    [
        "IP-Address,Site,Printer Name,Asset No.",
        "IP-Adresse;Standort;Gerätename;Inventar-Nr.",
        "Adresse IP;Agence;Nom de l'imprimante;N° d'inventaire",
        "Host;Niederlassung;Bezeichnung;Inventarnummer",
        "Réseau;Établissement;Désignation;Numéro d'inventaire",
    ],
)
def test_the_usual_headers_of_three_languages_are_known(header: str) -> None:
    delimiter = ";" if ";" in header else ","
    table = parsed(header + "\n" + delimiter.join(["10.0.3.7", "Plant 2", "Gate", "4711"]) + "\n")
    assert table.links == (Link(addresses="10.0.3.7", site="Plant 2", name="Gate", asset_tag="4711"),)


def test_of_several_columns_with_addresses_that_of_the_ip_counts() -> None:
    table = parsed("Adresse;Ort;IP;Name\nHafenweg 5;Bremen;10.0.3.7;Gate\n")
    assert table.links == (Link(addresses="10.0.3.7", site="Bremen", name="Gate"),)


def test_named_columns_count_more_than_known_words() -> None:
    table = parsed(
        "IP,Old IP,Where,Site\n10.0.3.7,10.9.9.9,Plant 2,no\n", columns={"address": "old ip", "site": "WHERE"}
    )
    assert table.links == (Link(addresses="10.9.9.9", site="Plant 2"),)


def test_named_columns_become_labels_of_that_name() -> None:
    table = parsed("IP,Cost-Centre,Room\n10.0.3.7,77,\n", labels=("Cost centre", "Room"))
    assert table.links == (Link(addresses="10.0.3.7", labels=(("Cost centre", "77"),)),)


def test_a_title_above_the_header_is_passed_over() -> None:
    table = parsed("Our printers,,\n,,\nIP,Site,\n10.0.3.7,Plant 2,\n")
    assert table.links == (Link(addresses="10.0.3.7", site="Plant 2"),)


@pytest.mark.parametrize(
    ("text", "columns", "labels", "says"),
    [
        ("Colour,Site\nred,Plant 2\n", {}, (), "no column whose header says that it holds addresses"),
        ("IP,Site\n10.0.3.7,Plant 2\n", {"address": "Wo"}, (), "no column 'Wo' in the first 20 rows"),
        ("IP,Site\n10.0.3.7,Plant 2\n", {"site": "Werk"}, (), "row 1 has no column 'Werk'; it has 'IP', 'Site'"),
        ("IP,Site\n10.0.3.7,Plant 2\n", {}, ("Room",), "row 1 has no column 'Room'; it has 'IP', 'Site'"),
        ("", {}, (), "no column"),
    ],
)
def test_a_header_that_lacks_a_column_is_an_error(
    text: str, columns: dict[Column, str], labels: tuple[str, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        parsed(text, columns=columns, labels=labels)


def test_a_row_that_means_nothing_is_told_and_the_others_count() -> None:
    table = parsed('IP,Site\n10.0.3.300,A\n10.0.3.7,B\n,C\n10.0.3.8,"D\n10.0.4.0/16,E\n10.0.3.9,F\n')
    assert [link.addresses for link in table.links] == ["10.0.3.7", "10.0.3.9"]
    numbers = [mistake.partition(":")[0] for mistake in table.mistakes]
    assert numbers == ["2", "4", "5", "6"]
    assert "'10.0.3.300' is no range" in table.mistakes[0]
    assert "its address is empty" in table.mistakes[1]
    assert "quotes" in table.mistakes[2]
    assert "did you mean 10.0.0.0/16" in table.mistakes[3]


def test_of_two_rows_with_the_same_address_the_later_counts_with_a_word_about_it() -> None:
    table = parsed("IP,Site\n10.0.3.7,A\nPrinter.example,B\n10.0.3.7/32,C\nprinter.example.,D\n")
    assert [(link.addresses, link.site) for link in table.links] == [("10.0.3.7", "C"), ("printer.example", "D")]
    assert [mistake.partition(":")[0] for mistake in table.mistakes] == ["4", "5"]
    assert "stands in row 2 already" in table.mistakes[0]


async def test_links_come_before_places_and_a_place_of_the_table_carries_its_hints(tmp_path: Path) -> None:
    (tmp_path / "assets.csv").write_text("IP,Site\n10.0.3.7,Plant 2\n10.0.4.0/24,Plant 3\n", encoding="utf-8")
    settings = StaticSettings(targets=("10.0.0.9", "10.0.3.7"), table="assets.csv")
    assert await found(settings, tmp_path) == [
        Link(addresses="10.0.3.7", site="Plant 2"),
        Link(addresses="10.0.4.0/24", site="Plant 3"),
        Target(uri="host://10.0.0.9", found_by="static"),
        Target(uri="host://10.0.3.7", found_by="static", hints=Hints(site="Plant 2")),
    ]


async def test_mistakes_are_told_once_a_file_the_first_of_them_with_their_rows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "assets.csv").write_text("IP,Site\n" + "nowhere!,A\n" * 9 + "10.0.3.7,B\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        some = await found(StaticSettings(table="assets.csv"), tmp_path)
    assert len(some) == 2
    [record] = caplog.records
    assert record.getMessage().startswith("assets.csv:2: 'nowhere!' is no range")
    assert record.getMessage().endswith("; and 4 more")


async def test_a_table_without_addresses_stops_the_discovery_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "assets.csv").write_text("Colour\nred\n", encoding="utf-8")
    with pytest.raises(PluginError, match=r"assets\.csv: no column whose header"):
        await found(StaticSettings(table="assets.csv"), tmp_path)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"table": "assets.ods"}, "no table that can be read"),
        ({"targets": ["10.0.0.7"], "columns": {"address": "IP"}}, "belong to a table"),
        ({"table": "assets.csv", "sheet": "Printers"}, "has no sheets"),
        ({"table": "assets.csv", "columns": {"adress": "IP"}}, "address"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        StaticSettings.model_validate(settings)


def test_a_workbook_without_openpyxl_is_an_error_that_names_the_extra(tmp_path: Path) -> None:
    program = (
        "import sys\nsys.modules['openpyxl'] = None\n"
        "from pathlib import Path\n"
        "from pagemeter.errors import PluginError\n"
        "from pagemeter_plugins.static.table import read_table\n"
        "try:\n    read_table(Path(sys.argv[1]))\nexcept PluginError as error:\n    print(error)\n"
    )
    (tmp_path / "assets.xlsx").write_bytes(b"PK")
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "assets.xlsx"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "pip install 'pagemeter[xlsx]'" in done.stdout
