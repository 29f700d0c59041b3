"""``pagemeter profile``: what integrators type, and what they get."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner, Result

from pagemeter_plugins.printer_mib.command import app
from pagemeter_plugins.printer_mib.matrix import COUNTED_BY, Proof, matrix
from pagemeter_plugins.printer_mib.profiles import profile_schema, shipped_profiles

# An invented device: 1234 printed, of which 1000 mono and 234 color; the maker's tree is nobody's.
RECORDING = """\
1.3.6.1.2.1.1.1.0|4|Acme Laser Printer 7
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1.7
1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5
1.3.6.1.2.1.25.3.2.1.3.1|4|Acme 7
1.3.6.1.2.1.43.5.1.1.17.1|4|ACME0000777
1.3.6.1.2.1.43.10.2.1.3.1.1|2|7
1.3.6.1.2.1.43.10.2.1.4.1.1|65|12340
1.3.6.1.4.1.99999.3.1.0|65|10000
1.3.6.1.4.1.99999.3.2.0|65|2340
1.3.6.1.4.1.99999.3.3.0|65|12340
1.3.6.1.4.1.99999.3.4.0|4|ACME0000777
1.3.6.1.4.1.99999.3.5.0|65|12300
1.3.6.1.4.1.99999.3.6.0|65|777
1.3.6.1.4.1.99999.4.1.1|65|12000
1.3.6.1.4.1.99999.4.1.2|65|300
1.3.6.1.4.1.99999.4.1.3|65|40
"""
PROFILE = """\
name: acme
title: Acme
root: 1.3.6.1.4.1.99999
match: {sys_object_id: [.1]}
sources: {acme: The maker's letter}
meters:
  - {oid: .3.1.0, work: total, color: monochrome, unit: impressions, source: acme, unverified: true}
"""
MIB = """\
ACME-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises FROM RFC1155-SMI OBJECT-TYPE FROM RFC-1212;
acme OBJECT IDENTIFIER ::= { enterprises 99999 }
acmeCounters OBJECT IDENTIFIER ::= { acme 3 }
-- acmeLie OBJECT IDENTIFIER ::= { acme 4 }
acmeHalf OBJECT IDENTIFIER
acmeScanCount OBJECT-TYPE
    SYNTAX Counter
    ACCESS read-only
    STATUS mandatory
    DESCRIPTION "Scans; not ::= { acmeCounters 5 }."
    ::= { acmeCounters 6 }
END
"""


def profile(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "acme-7.snmprec"
    path.write_text(RECORDING, encoding="utf-8")
    return path


def written(tmp_path: Path, text: str, name: str = "acme.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_profile_without_a_mistake_is_said_to_have_none(tmp_path: Path) -> None:
    said = profile("check", written(tmp_path, PROFILE))
    assert said.exit_code == 0
    assert said.stdout == "acme: 1 meter, 0 rules for supplies; no mistake\n"


def test_each_mistake_is_named_with_file_and_line_and_the_exit_code_is_2(tmp_path: Path) -> None:
    bad = written(tmp_path, PROFILE.replace("unit: impressions", "unit: pages").replace("title", "tittle"))
    said = profile("check", bad, tmp_path / "none.yaml")
    assert said.exit_code == 2
    assert f"{bad}:2: tittle: unknown key; did you mean title?" in said.stderr
    assert f"{bad}:7: meters[0].unit: " in said.stderr
    assert "none.yaml: is no file, or leads to none; name the YAML file" in said.stderr


def test_a_check_against_a_recording_says_what_is_read(tmp_path: Path, recording: Path) -> None:
    said = profile("check", written(tmp_path, PROFILE), "--against", recording, "--json")
    (line,) = lines(said)
    (read,) = line["read"]
    assert (line["ok"], read["profiles"]) == (["acme"], ["acme"])
    (twice,) = lines(profile("check", tmp_path / "acme.yaml", "--profiles", tmp_path, "--against", recording, "--json"))
    assert twice["read"][0]["profiles"] == ["acme"]
    meters = {(m["work"], m["color"]): (m["value"], m["quality"]) for m in read["printers"][0]["meter_reads"]}
    assert meters == {("total", "any"): (12340, "measured"), ("total", "monochrome"): (10000, "unverified")}


def test_a_check_for_people_shows_meters_and_doubts(tmp_path: Path, recording: Path) -> None:
    said = profile("check", written(tmp_path, PROFILE), "--against", recording)
    assert "total.monochrome.any.any.impressions: 10000 (unverified), 1.3.6.1.4.1.99999.3.1.0" in said.stdout
    assert "serial_number: ACME0000777" in said.stdout


def test_a_check_says_what_the_recording_has_not(tmp_path: Path, recording: Path) -> None:
    wrong = written(tmp_path, PROFILE.replace(".3.1.0", ".3.9.0"))
    said = profile("check", wrong, "--against", recording)
    assert "  not in the recording: 1.3.6.1.4.1.99999.3.9.0; is it written right?" in said.stdout.splitlines()


def test_a_check_says_that_a_profile_is_not_for_the_device(tmp_path: Path, recording: Path) -> None:
    strange = written(tmp_path, PROFILE.replace("[.1]", "[.2]"))
    said = profile("check", strange, "--against", recording)
    assert "  acme is not for this device: sysObjectID is 1.3.6.1.4.1.99999.1.7; see its match" in said.stdout


def test_a_check_shows_what_a_profile_adds_to_supplies_and_alerts(tmp_path: Path) -> None:
    rows = (
        RECORDING
        + """\
1.3.6.1.2.1.43.10.2.1.5.1.1|65|3
1.3.6.1.2.1.43.11.1.1.2.1.1|2|1
1.3.6.1.2.1.43.11.1.1.5.1.1|2|3
1.3.6.1.2.1.43.11.1.1.6.1.1|4|Toner
1.3.6.1.2.1.43.11.1.1.8.1.1|2|100
1.3.6.1.2.1.43.11.1.1.9.1.1|2|40
1.3.6.1.4.1.99999.6.1|4|T-0001
1.3.6.1.4.1.99999.7.0|2|17
"""
    )
    text = (
        PROFILE
        + """\
supplies: [{key: {by: index}, serial_number: {column: .6.*}, source: acme, unverified: true}]
status: [{oid: .7.0, codes: {17: {description: Cover open, severity: critical}}, source: acme, unverified: true}]
"""
    )
    said = profile("check", written(tmp_path, text), "--against", written(tmp_path, rows, "a.snmprec")).stdout
    assert "  total.any.any.any.impressions+power-on: 3, 1.3.6.1.2.1.43.10.2.1.5.1.1" in said.splitlines()
    assert "  supply 1.1 Toner: 40 %, serial_number T-0001 (unverified)" in said.splitlines()
    assert "  alert: Cover open (critical)" in said.splitlines()


def test_a_profile_without_a_match_is_said_to_be_a_base(tmp_path: Path) -> None:
    said = profile("check", written(tmp_path, PROFILE.replace("match: {sys_object_id: [.1]}\n", "")))
    assert said.stdout.endswith("no mistake; only a base for others, for it has no match\n")


@pytest.mark.parametrize("by_folder", [True, False])
def test_a_base_of_ones_own_is_found_in_the_folder_and_among_the_files(tmp_path: Path, by_folder: bool) -> None:
    own = tmp_path / "own"
    own.mkdir()
    base = written(own, PROFILE.replace("match: {sys_object_id: [.1]}\n", ""))
    derived = written(own, "name: bolt\ntitle: Bolt\nbase: [acme]\nmatch: {words: Bolt}\nsources: {}\n", "bolt.yaml")
    said = profile("check", derived, *(("--profiles", own) if by_folder else (base,)))
    again = profile("check", derived, base, "--profiles", own, "--against", written(tmp_path, RECORDING, "a.snmprec"))
    assert "a.snmprec: profiles none fits" in again.stdout
    assert said.stdout.splitlines()[0] == "bolt: 1 meter, 0 rules for supplies; no mistake"


def test_what_is_no_recording_is_refused_with_its_place(tmp_path: Path) -> None:
    broken = written(tmp_path, "1.3.6|x\n", "broken.snmprec")
    said = profile("check", written(tmp_path, PROFILE), "--against", broken)
    assert said.exit_code == 2
    assert "broken.snmprec:1: is not OID|TAG|VALUE" in said.stderr


def test_the_list_has_a_line_a_profile_and_says_how_many_count() -> None:
    said = profile("list", "--json")
    names = [line["name"] for line in lines(said)]
    assert names == sorted(one.name for one in shipped_profiles() if one.match is not None)
    assert " give total, mono and color" in profile("list").stdout.splitlines()[-1]


def test_an_own_folder_is_listed_too_and_its_mistakes_end_it(tmp_path: Path) -> None:
    written(tmp_path, PROFILE)
    assert "acme" in [line["name"] for line in lines(profile("list", "--profiles", tmp_path, "--json"))]
    written(tmp_path, "name: [", "bad.yaml")
    said = profile("list", "--profiles", tmp_path)
    assert (said.exit_code, "bad.yaml:1: " in said.stderr) == (2, True)


def test_show_names_each_place_with_its_source(tmp_path: Path) -> None:
    written(tmp_path, PROFILE)
    said = profile("show", "acme", "--profiles", tmp_path)
    row = next(line for line in said.stdout.splitlines() if line.startswith("total.monochrome"))
    assert row.split() == ["total.monochrome.any.any.impressions", "1.3.6.1.4.1.99999.3.1.0", "acme", "unverified"]
    assert "acme: The maker's letter" in said.stdout
    assert profile("show", "nobody").exit_code == 2


def test_each_shipped_profile_can_be_shown() -> None:
    for one in shipped_profiles():
        assert profile("show", one.name, "--json").exit_code == 0


def test_the_json_schema_takes_every_shipped_profile_and_refuses_a_misspelt_key() -> None:
    judge = jsonschema.Draft202012Validator(profile_schema())
    folder = Path(sys.modules["pagemeter_plugins.printer_mib"].__path__[0]) / "profiles"
    files = sorted(folder.glob("*.yaml"))
    assert len(files) >= 15
    for file in files:
        assert [error.message for error in judge.iter_errors(_texts(file.read_text(encoding="utf-8")))] == []
    assert list(judge.iter_errors({**_texts(PROFILE), "metres": []}))
    assert json.loads(profile("schema").stdout) == profile_schema()


def _texts(text: str) -> Any:
    """Read YAML as the agent does: no fractions, for `.41` is an object."""

    class Plain(yaml.SafeLoader):
        pass

    Plain.yaml_implicit_resolvers = {
        sign: [(tag, pattern) for tag, pattern in rules if not tag.endswith((":float", ":timestamp"))]
        for sign, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader=Plain)  # noqa: S506 - a safe loader


def test_at_least_fifteen_makers_give_total_mono_and_color() -> None:
    rows = matrix(shipped_profiles())
    given = [row for row in rows if all(row.cells[name] not in (Proof.NONE, Proof.NOT_TOLD) for name in COUNTED_BY)]
    assert len(given) >= 15


@pytest.mark.parametrize(
    "maker",
    [
        *("hp", "canon", "ricoh", "konica-minolta", "kyocera", "xerox", "lexmark", "brother", "samsung", "epson"),
        *("oki", "sharp", "toshiba", "dell", "zebra"),
    ],
)
def test_each_of_the_named_makers_counts(maker: str) -> None:
    rows = {row.profile.name: row for row in matrix(shipped_profiles())}
    assert rows[maker].counts


# ---- drafts


def test_a_draft_points_at_counters_that_it_knows_by_their_values(tmp_path: Path, recording: Path) -> None:
    said = profile("draft", recording, "--into", tmp_path, "--json")
    (line,) = lines(said)
    known = {one["oid"].removeprefix("1.3.6.1.4.1.99999"): (one["may_be"], one["why"]) for one in line["recognised"]}
    assert known[".3.3.0"] == ("total", "equal to prtMarkerLifeCount")
    assert known[".3.4.0"] == ("serial_number", "equal to the serial number")
    assert known[".3.1.0"][1] == "adds up to prtMarkerLifeCount with 1.3.6.1.4.1.99999.3.2.0"
    assert known[".3.5.0"][1].startswith("40 below prtMarkerLifeCount")
    assert known[".4.1"] == ("a column: pages by size, tray or side", "its 3 rows add up to prtMarkerLifeCount")
    assert ".3.6.0" not in known


def test_a_draft_knows_what_the_panel_and_the_makers_mib_say(tmp_path: Path, recording: Path) -> None:
    mibs = tmp_path / "mibs"
    mibs.mkdir()
    (mibs / "ACME-MIB").write_text(MIB, encoding="utf-8")
    by_mib = lines(profile("draft", recording, "--into", tmp_path, "--mibs", mibs, "--json"))[0]["recognised"]
    by_panel = lines(profile("draft", recording, "--into", tmp_path, "--name", "b", "--count", "scans=777", "--json"))
    of = "1.3.6.1.4.1.99999.3.6.0"
    assert [one["may_be"] for one in by_mib if one["oid"] == of] == ["acmeScanCount"]
    assert [one["may_be"] for one in by_panel[0]["recognised"] if one["oid"] == of] == ["scans"]


def test_what_a_draft_writes_is_a_profile_without_mistake_and_a_test_that_passes(
    tmp_path: Path, recording: Path
) -> None:
    folder = Path(lines(profile("draft", recording, "--into", tmp_path, "--json"))[0]["folder"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "acme-7.yaml", "expected.json", "snmp.snmprec", "test_acme_7.py",
    ]  # fmt: skip
    assert profile("check", folder / "acme-7.yaml").exit_code == 0
    assert "unverified: true" in (folder / "acme-7.yaml").read_text(encoding="utf-8")
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    assert subprocess.run(run, capture_output=True, cwd=folder, check=False).returncode == 0
    profile_file = folder / "acme-7.yaml"
    profile_file.write_text(
        profile_file.read_text(encoding="utf-8").replace("99999.3.3.0", "99999.3.6.0"), encoding="utf-8"
    )
    failed = subprocess.run(run, capture_output=True, cwd=folder, check=False, text=True)
    assert (failed.returncode, "delete expected.json and run this again" in failed.stdout) == (1, True)
    (folder / "expected.json").unlink()
    assert subprocess.run(run, capture_output=True, cwd=folder, check=False).returncode == 0


def test_a_draft_never_writes_over_what_is_there(tmp_path: Path, recording: Path) -> None:
    assert profile("draft", recording, "--into", tmp_path).exit_code == 0
    again = profile("draft", recording, "--into", tmp_path)
    assert (again.exit_code, "is there already; name another --name or --into" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["--count", "copies"], "write NAME=NUMBER, such as copies=1234"),
        (["--count", "co\npies=7"], "write NAME=NUMBER, such as copies=1234"),
        (["--mibs", "/nowhere/mibs"], "is no folder"),
        (["--name", "../acme"], "--name ../acme: write small letters, digits and hyphens, such as acme-c100"),
    ],
)
def test_a_wrong_option_of_a_draft_says_what_to_write(
    tmp_path: Path, recording: Path, arguments: list[str], remedy: str
) -> None:
    said = profile("draft", recording, "--into", tmp_path, *arguments)
    assert said.exit_code == 2
    assert remedy in said.stderr
    assert [path.name for path in tmp_path.iterdir()] == [recording.name]


def test_a_draft_says_which_count_it_did_not_find_and_whose_name_it_takes(tmp_path: Path, recording: Path) -> None:
    said = profile("draft", recording, "--into", tmp_path, "--name", "hp", "--count", "faxes=99", "--json")
    absent, taken = lines(said)[0]["hints"]
    assert absent.startswith("faxes=99 stands in no private object of the recording")
    assert taken.startswith("hp is a shipped profile too")


def test_a_draft_names_what_it_knows_by_value_as_the_mib_does_too(tmp_path: Path, recording: Path) -> None:
    (tmp_path / "mibs").mkdir()
    (tmp_path / "mibs/ACME-MIB").write_text(
        MIB.replace("acmeCounters 6", "acmeCounters 1").replace("acmeScanCount", "acmeMono"), encoding="utf-8"
    )
    said = lines(profile("draft", recording, "--into", tmp_path, "--mibs", tmp_path / "mibs", "--json"))[0]
    why = {one["oid"]: one["why"] for one in said["recognised"]}
    assert why["1.3.6.1.4.1.99999.3.1.0"].endswith("with 1.3.6.1.4.1.99999.3.2.0; the MIB calls it acmeMono")


def test_a_recording_of_no_printer_is_named_as_what_it_is(tmp_path: Path) -> None:
    switch = written(tmp_path, "1.3.6.1.2.1.1.1.0|4|Acme Switch 48\n", "switch.snmprec")
    said = profile("draft", switch, "--into", tmp_path)
    assert said.exit_code == 2
    assert "switch.snmprec is no printer: Acme Switch 48" in said.stderr
