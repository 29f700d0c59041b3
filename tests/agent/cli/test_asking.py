"""``scan``, ``read`` and ``record`` as a person with a printer and no configuration tries them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import pagemeter_plugins.webhook
from pagemeter.simulator import load_fleet
from pagemeter.snmp.recording import read_recording

ALL = "127.41.0.1-127.41.0.20"
MFP = "kyocera-ecosys-m9140cidn"
SPEAKS_V1_ONLY = "canon-ir-adv-c9955"
SLEEPS = "hp-laserjet-m9606"
TALKS_GARBAGE = "pantum-bm9990dn"
SWITCH = "hp-switch-s9048"
CONFIRMED = "brother-hl-l9999cdw"
JAPANESE = "sharp-mx-9070n"
WIRE = Path(pagemeter_plugins.webhook.__file__).parent / "batch-1.json"
PRINTERS = [d.name for d in load_fleet() if d.expected["printer"] and d.expected["answers"]]


def test_a_scan_finds_every_printer_that_answers_and_names_maker_model_and_serial_number(
    pagemeter: Any, fleet: Any
) -> None:
    said = pagemeter("scan", ALL, "--port", fleet.port, "--timeout", 1)
    assert said.code == 0
    rows = {line.split()[0]: line for line in said.out.splitlines() if line.strip().startswith("127.")}
    printers = fleet.answering(printer=True)
    assert set(rows) == set(printers)
    for address, device in printers.items():
        assert device.expected["manufacturer"] in rows[address]
        assert device.expected["model"] in rows[address]
        assert device.expected["serial_number"] in rows[address]
    assert "2 that answered are no printers (--all shows them)" in said.out


def test_a_scan_for_programs_prints_one_line_a_printer(pagemeter: Any, fleet: Any) -> None:
    said = pagemeter("scan", ALL, "--port", fleet.port, "--timeout", 1, "--json")
    assert said.code == 0
    found = {line["device"]["addresses"][0]: line["device"]["serial_number"] for line in said.lines()}
    assert len(said.lines()) == len(found)
    assert found == {a: d.expected["serial_number"] for a, d in fleet.answering(printer=True).items()}
    assert all(line["printer"] is True for line in said.lines())


def test_a_scan_of_all_adds_a_line_for_each_device_that_is_no_printer(pagemeter: Any, fleet: Any) -> None:
    said = pagemeter("scan", ALL, "--port", fleet.port, "--timeout", 1, "--json", "--all")
    others = [line for line in said.lines() if line["printer"] is False]
    expected = fleet.answering(printer=False)
    assert len(expected) == 2
    assert {line["what"] for line in others} == {device.expected["what"] for device in expected.values()}
    assert len(said.lines()) == len(expected) + len(fleet.answering(printer=True))


def test_the_installed_command_says_the_same_in_a_process_of_its_own(fleet: Any) -> None:
    command = [str(Path(sys.executable).with_name("pagemeter")), "scan", ALL, "--port", str(fleet.port), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    serials = {json.loads(line)["device"]["serial_number"] for line in done.stdout.splitlines()}
    assert serials == {device.expected["serial_number"] for device in fleet.answering(printer=True).values()}


def all_of(terminal: int) -> bytes:
    """Read until nobody writes to the terminal any more; one read gives 4 KiB at most, and a slow run shows more."""
    read = b""
    with suppress(OSError):  # EIO is how Linux says that it was the end
        while part := os.read(terminal, 65_536):
            read += part
    return read


@pytest.mark.parametrize("command", ["read", "scan"])
def test_who_waits_at_a_terminal_sees_that_something_is_asked(fleet: Any, tmp_path: Path, command: str) -> None:
    pty = pytest.importorskip("pty", reason="there are no terminals of this kind on Windows")
    address = next(iter(fleet.answering(printer=True)))
    ours, its = pty.openpty()
    with (tmp_path / "out").open("wb") as out:
        asking = subprocess.Popen(
            [str(Path(sys.executable).with_name("pagemeter")), command, address, "--port", str(fleet.port)],
            stdout=out,
            stderr=its,
            env={**os.environ, "TERM": "xterm"},
        )
    os.close(its)
    shown = all_of(ours).decode()
    os.close(ours)
    assert asking.wait(60) == 0
    assert (f"Asking {address}" if command == "read" else "1/1") in shown
    assert "Asking" not in (tmp_path / "out").read_text("utf-8")


def test_nothing_outside_of_the_named_range_is_asked(pagemeter: Any, fleet: Any) -> None:
    before = fleet.requests()
    said = pagemeter("scan", "127.41.0.7-127.41.0.9", "--port", fleet.port, "--timeout", 1, "--json")
    after = fleet.requests()
    asked = {address for address in after if after[address] > before[address]}
    assert said.code == 0
    assert asked == {"127.41.0.7", "127.41.0.8", "127.41.0.9"}


def test_a_read_asks_its_address_only(pagemeter: Any, fleet: Any) -> None:
    before = fleet.requests()
    pagemeter("read", fleet.address(MFP), "--port", fleet.port)
    after = fleet.requests()
    assert {address for address in after if after[address] > before[address]} == {fleet.address(MFP)}


@pytest.mark.parametrize("name", PRINTERS)
def test_a_read_for_programs_agrees_with_the_facts_of_the_device(pagemeter: Any, fleet: Any, name: str) -> None:
    said = pagemeter("read", fleet.address(name), "--port", fleet.port, "--timeout", 1, "--json")
    facts = fleet.facts(name)
    assert said.code == 0
    (line,) = said.lines()
    assert line["printer"] is True
    assert line["device"]["serial_number"] == facts["serial_number"]
    assert line["device"]["model"] == facts["model"]
    assert line["device"]["manufacturer"] == facts["manufacturer"]
    lives = [read for read in line["meter_reads"] if read["origin"]["where"].startswith("1.3.6.1.2.1.43.10.2.1.4.")]
    expected = [(count["life"], count["unit"]) for count in facts["life_counts"]]
    assert [(read["value"], read["unit"]) for read in lives] == expected
    assert [_supply(supply) for supply in line.get("supplies", [])] == [_supply(s) for s in facts["supplies"]]


def _supply(supply: dict[str, Any]) -> dict[str, Any]:
    """Keep the names that the model promises; an absent value stays absent."""
    names = ("index", "kind", "type", "colorants", "level")
    kept = {name: supply[name] for name in names if name in supply and supply[name] != []}
    return {**kept, "level": {k: v for k, v in kept["level"].items() if k in ("state", "units", "percent")}}


@pytest.mark.parametrize("name", PRINTERS)
def test_a_vendors_meters_have_key_value_quality_and_origin(pagemeter: Any, fleet: Any, name: str) -> None:
    (line,) = pagemeter("read", fleet.address(name), "--port", fleet.port, "--timeout", 1, "--json").lines()
    facts = fleet.facts(name)
    reads = [read for read in line["meter_reads"] if not read["origin"]["where"].startswith("1.3.6.1.2.1.43.10.")]
    got = {_key(read): (read["value"], read["quality"], read["origin"]["where"]) for read in reads}
    assert got == {one["key"]: (one["value"], one["quality"], one["where"]) for one in facts["vendor_meters"]}
    told_twice = [(_key(one["read"]), one["read"]["value"]) for one in line.get("rivals", [])]
    assert sorted(told_twice) == sorted((one["key"], one["value"]) for one in facts["rivals"])
    assert {read["origin"]["protocol"] for read in reads} <= {"snmp"}
    assert all(datetime.fromisoformat(read["at"]).tzinfo is not None for read in reads)


def _key(read: dict[str, Any]) -> str:
    """Write a meter's name as the ledger does."""
    key = ".".join(read[part] for part in ("work", "color", "media", "sides", "unit"))
    key += f"@{read['engine']}" if "engine" in read else ""
    key += f"+{read['since']}" if read["since"] != "life" else ""
    return key + (f"#{read['code']}" if "code" in read else "")


def test_what_a_device_does_not_say_is_absent_and_not_empty(pagemeter: Any, fleet: Any) -> None:
    (line,) = pagemeter("read", fleet.address("zebra-zt991"), "--port", fleet.port, "--json").lines()
    assert _empties(line) == []
    assert "id" not in line["device"]


def _empties(value: Any, path: str = "") -> list[str]:
    """Name every place where null, an empty text, an empty list or an empty object stands."""
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in _empties(v, f"{path}.{k}")] if value else [path]
    if isinstance(value, list):
        return [p for n, v in enumerate(value) for p in _empties(v, f"{path}[{n}]")] if value else [path]
    return [path] if value is None or value == "" else []


def test_a_read_for_people_shows_what_the_panel_would_say(pagemeter: Any, fleet: Any) -> None:
    said = pagemeter("read", fleet.address(MFP), "--port", fleet.port)
    facts = fleet.facts(MFP)
    assert said.code == 0
    assert facts["serial_number"] in said.out
    assert facts["model"] in said.out
    assert facts["panel"][0] in said.out
    assert f"{facts['life_counts'][0]['life']:,}" in said.out
    for supply in facts["supplies"]:
        row = next(line for line in said.out.splitlines() if line.strip().startswith(supply["description"]))
        level = supply["level"]
        assert (f"{level['percent']} %" if "percent" in level else "some") in row


@pytest.fixture(scope="module")
def wire() -> Draft202012Validator:
    """The published schema of a snapshot, less the id that only a store gives."""
    published = json.loads(WIRE.read_text("utf-8"))
    device = published["$defs"]["Device"]
    device["required"].remove("id")
    schema = {"$defs": published["$defs"], "$ref": "#/$defs/DeviceSnapshot"}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", PRINTERS)
def test_a_read_for_programs_is_the_wire_format(
    pagemeter: Any, fleet: Any, wire: Draft202012Validator, name: str
) -> None:
    lines = pagemeter("read", fleet.address(name), "--port", fleet.port, "--timeout", 1, "--json").lines()
    assert len(lines) == 1
    for line in lines:
        assert line.pop("printer") is True
        assert [f"{list(error.path)}: {error.message}" for error in wire.iter_errors(line)] == []


def test_the_schema_of_the_wire_refuses_what_a_read_never_says(
    pagemeter: Any, fleet: Any, wire: Draft202012Validator
) -> None:
    (line,) = pagemeter("read", fleet.address(MFP), "--port", fleet.port, "--json").lines()
    line["supplies"][0]["level"]["percent"] = "40 %"
    assert not wire.is_valid(line)


@pytest.mark.parametrize("name", PRINTERS)
def test_every_value_is_explained_by_its_place_and_every_rival_by_its_difference(
    pagemeter: Any, fleet: Any, name: str
) -> None:
    asked = ("read", fleet.address(name), "--port", fleet.port, "--timeout", 1)
    (line,) = pagemeter(*asked, "--json").lines()
    said = pagemeter(*asked, "--explain")
    assert said.code == 0
    flat = " ".join(said.out.split())
    values = {read["origin"]["where"]: read["value"] for read in line["meter_reads"]}
    assert all(f"snmp {where}" in flat for where in values)
    for rival in line.get("rivals", []):
        read = rival["read"]
        off = read["value"] - next(one["value"] for one in line["meter_reads"] if _meant(one) == _meant(read))
        words = "agrees" if not off else f"{abs(off):,} {'more' if off > 0 else 'less'}"
        assert f"snmp {read['origin']['where']}: {read['value']:,}, {words}" in flat
        assert f"not elected: {rival['why']}" in flat
    assert all(unknown["why"] in flat for unknown in line.get("unknown", []))
    for supply in line.get("supplies", []):
        assert f"{supply['origin']['protocol']} {supply['origin']['where']}" in flat


def _meant(read: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(read.get(part) for part in ("work", "color", "media", "sides", "unit", "engine", "since", "code"))


def test_a_second_place_that_agrees_is_named_as_confirming(pagemeter: Any, fleet: Any) -> None:
    said = pagemeter("read", fleet.address(CONFIRMED), "--port", fleet.port, "--explain").out
    start = said.index("total.any.any.any.impressions  ")
    first, second = (line.strip() for line in said[start:].splitlines()[1:3])
    assert first == "snmp 1.3.6.1.2.1.43.10.2.1.4.1.1: elected, and confirmed"
    assert second.startswith("snmp 1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.10.0: ")
    assert second.endswith(", agrees; not elected: the Printer MIB tells this meter too")


@pytest.mark.parametrize("option", ["--json", "--explain"])
def test_an_output_of_another_character_set_gets_escapes_and_no_error(fleet: Any, option: str) -> None:
    command = [str(Path(sys.executable).with_name("pagemeter")), "read", fleet.address(JAPANESE)]
    command += ["--port", str(fleet.port), option]
    environ = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    panel = fleet.facts(JAPANESE)["panel"][0]
    if option == "--json":
        assert json.loads(done.stdout)["panel"][0] == panel
    else:
        assert panel.encode("ascii", "backslashreplace").decode() in done.stdout
        assert "####" in done.stdout


OWN_PROFILE = """\
name: own
title: Own
root: 1.3.6.1.4.1.1347
match: {sys_object_id: [1.3.6.1.4.1.1347]}
sources: {SELF: our own look}
meters:
  - {oid: .43.10.1.1.12.1.1, work: report, unit: impressions, code: own, source: SELF, unverified: true}
"""


def configured(fleet: Any, folder: Path, *, readers: str) -> Path:
    """Write a configuration with these readers, and a folder with a profile of our own beside it."""
    (folder / "mine").mkdir()
    (folder / "mine" / "own.yaml").write_text(OWN_PROFILE, encoding="utf-8")
    path = folder / "pagemeter.yaml"
    path.write_text(
        "networks: [{network: 127.41.0.0/24}]\n"
        f"credentials: [{{networks: [127.41.0.0/24], snmp: {{version: 2c, community: public, port: {fleet.port}}}}}]\n"
        f"readers: [{readers}]\n",
        encoding="utf-8",
    )
    return path


def test_profiles_of_the_file_count_when_it_is_named(pagemeter: Any, fleet: Any, tmp_path: Path) -> None:
    path = configured(fleet, tmp_path, readers="{plugin: printer_mib, profiles: mine}")
    said = pagemeter("read", fleet.address(MFP), "--config", path, "--explain")
    assert said.code == 0
    assert "report.any.any.any.impressions#own  73,200" in said.out
    (line,) = pagemeter("read", fleet.address(MFP), "--config", path, "--json").lines()
    (own,) = (read for read in line["meter_reads"] if read.get("code") == "own")
    facts = {meter["where"]: meter["value"] for meter in fleet.facts(MFP)["vendor_meters"]}
    assert (own["value"], own["quality"]) == (facts["1.3.6.1.4.1.1347.43.10.1.1.12.1.1"], "unverified")
    without = pagemeter("read", fleet.address(MFP), "--port", fleet.port, "--json").lines()[0]
    assert not any(read.get("code") == "own" for read in without["meter_reads"])


def test_a_reader_of_the_file_that_is_named_twice_confirms_nothing(pagemeter: Any, fleet: Any, tmp_path: Path) -> None:
    twice = "{plugin: printer_mib}, {plugin: printer_mib, name: again, profiles: mine}"
    path = configured(fleet, tmp_path, readers=twice)
    said = pagemeter("read", fleet.address(MFP), "--config", path, "--explain").out
    assert "printer_mib, again" in said
    start = said.index("total.any.any.any.impressions  ")
    assert said[start:].splitlines()[1].strip() == "snmp 1.3.6.1.2.1.43.10.2.1.4.1.1: the only source"
    assert "report.any.any.any.impressions#own  73,200" in said


def test_a_profile_of_the_file_that_is_broken_is_named_and_the_others_are_used(fleet: Any, tmp_path: Path) -> None:
    path = configured(fleet, tmp_path, readers="{plugin: printer_mib, profiles: mine}")
    (tmp_path / "mine" / "own.yaml").write_text(OWN_PROFILE.replace("work: report", "work: rapport"), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("pagemeter")), "read", fleet.address(MFP), "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert "own.yaml:7: meters[0].work" in done.stderr
    assert f"{fleet.facts(MFP)['life_counts'][0]['life']:,}" in done.stdout


def test_a_printer_of_snmp_version_1_only_is_read_without_saying_so(pagemeter: Any, fleet: Any) -> None:
    (line,) = pagemeter("read", fleet.address(SPEAKS_V1_ONLY), "--port", fleet.port, "--timeout", 1, "--json").lines()
    assert line["device"]["serial_number"] == fleet.facts(SPEAKS_V1_ONLY)["serial_number"]


def test_the_version_that_is_named_is_the_only_one_that_is_tried(pagemeter: Any, fleet: Any) -> None:
    asked = ("read", fleet.address(SPEAKS_V1_ONLY), "--port", fleet.port, "--timeout", 0.3)
    assert pagemeter(*asked, "--snmp-version", "1").code == 0
    assert pagemeter(*asked, "--snmp-version", "2c").code == 3


def test_a_device_that_is_no_printer_is_named_as_what_it_is(pagemeter: Any, fleet: Any) -> None:
    for_people = pagemeter("read", fleet.address(SWITCH), "--port", fleet.port)
    for_programs = pagemeter("read", fleet.address(SWITCH), "--port", fleet.port, "--json")
    assert for_people.code == for_programs.code == 0
    assert fleet.facts(SWITCH)["what"] in for_people.out
    (line,) = for_programs.lines()
    assert line["printer"] is False
    assert line["what"] == fleet.facts(SWITCH)["what"]


def test_a_recording_holds_the_rows_of_the_device(pagemeter: Any, fleet: Any, tmp_path: Path) -> None:
    file = tmp_path / "mfp.snmprec"
    said = pagemeter("record", fleet.address(MFP), file, "--port", fleet.port)
    device, _ = fleet.at[fleet.address(MFP)]
    assert said.code == 0
    assert list(read_recording(file)) == list(device.walk)
    assert f"{len(device.walk)} rows" in said.err


def test_a_recording_that_can_not_be_written_is_refused_before_the_device_is_asked(
    pagemeter: Any, fleet: Any, tmp_path: Path
) -> None:
    before = fleet.requests()
    for file in (tmp_path / "no/such/folder.snmprec", tmp_path):
        said = pagemeter("record", fleet.address(MFP), file, "--port", fleet.port)
        assert said.code == 2
        assert said.err.count("\n") == 1
        assert str(file) in said.err
        assert "a folder that exists" in said.err
    assert fleet.requests() == before


def test_a_device_that_does_not_answer_leaves_the_recording_that_is_there_alone(
    pagemeter: Any, fleet: Any, tmp_path: Path
) -> None:
    file = tmp_path / "kept.snmprec"
    file.write_text("1.3.6.1.2.1.1.1.0|4|kept\n")
    said = pagemeter("record", fleet.address(SLEEPS), file, "--port", fleet.port, "--timeout", 0.2)
    assert said.code == 3
    assert file.read_text() == "1.3.6.1.2.1.1.1.0|4|kept\n"
    new = tmp_path / "new.snmprec"
    assert pagemeter("record", fleet.address(SLEEPS), new, "--port", fleet.port, "--timeout", 0.2).code == 3
    assert not new.exists()


@pytest.mark.parametrize("command", ["scan", "read"])
def test_where_nothing_answers_the_exit_code_is_3_and_the_line_asks_for_the_community(
    pagemeter: Any, fleet: Any, command: str
) -> None:
    said = pagemeter(command, fleet.address(SLEEPS), "--port", fleet.port, "--timeout", 0.2)
    assert said.code == 3
    assert said.out == ""
    assert "community" in said.err


def test_a_wrong_community_finds_nothing(pagemeter: Any, fleet: Any) -> None:
    said = pagemeter("read", fleet.address(MFP), "--port", fleet.port, "--timeout", 0.2, "--community", "wrong")
    assert said.code == 3


def test_a_device_that_answers_garbage_is_named_with_the_reason(pagemeter: Any, fleet: Any) -> None:
    said = pagemeter("read", fleet.address(TALKS_GARBAGE), "--port", fleet.port, "--timeout", 0.2)
    assert said.code == 3
    assert "not in SNMP" in said.err
    assert said.err.count("\n") == 1


MISUSES = {
    "a range that is none": (["scan", "10.0.0.0/40"], "write one such as 10.1.2.0/24"),
    "half a range": (["scan", "10.1.2.3-x"], "write both ends in full"),
    "no range": (["scan"], "Missing argument"),
    "a host that is not known": (["read", "no-such-host.invalid"], "no such host; is the name right?"),
    "no host": (["read"], "Missing argument"),
    "no file to record to": (["record", "127.41.0.1"], "Missing argument"),
    "a version that there is not": (["read", "127.41.0.1", "--snmp-version", "4"], "is not one of 1, 2c, 3"),
    "version 3 without a user": (["read", "127.41.0.1", "--snmp-version", "3"], "needs --user"),
    "privacy without authentication": (
        ["read", "127.41.0.1", "--user", "u", "--priv", "aes128:env:METER_PRIV"],
        "--priv needs --auth",
    ),
    "a variable that is not set": (
        ["read", "127.41.0.1", "--user", "u", "--auth", "sha256:env:NO_SUCH_METER"],
        "the environment has no NO_SUCH_METER",
    ),
    "a file of a password that is missing": (
        ["read", "127.41.0.1", "--user", "u", "--auth", "sha256:file:/no/such/meter"],
        "can't be read",
    ),
    "a protocol that there is not": (["read", "127.41.0.1", "--user", "u", "--auth", "rot13:env:A"], "one of md5"),
    "a port that is none": (["read", "127.41.0.1", "--port", "70000"], "less than or equal to 65535"),
    "a configuration that is missing": (["scan", "127.41.0.1", "--config", "/no/such.yaml"], "is the path right?"),
    "an option that there is not": (["scan", "127.41.0.1", "--comunity", "x"], "--comunity"),
}


@pytest.mark.parametrize(("arguments", "remedy"), MISUSES.values(), ids=MISUSES)
def test_misuse_ends_in_exit_code_2_with_a_remedy(pagemeter: Any, arguments: list[str], remedy: str) -> None:
    said = pagemeter(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert remedy in said.err


@pytest.mark.parametrize("option", ["--auth", "--priv"])
def test_a_password_on_the_command_line_is_refused_unprinted_and_the_message_says_how(
    pagemeter: Any, option: str
) -> None:
    protocol = {"--auth": "sha256", "--priv": "aes128"}[option]
    other = ["--auth", "sha256:env:METER_AUTH"] if option == "--priv" else []
    for literal in (f"{protocol}:hunter2hunter2", "hunter2hunter2"):
        said = pagemeter("read", "127.41.0.1", "--user", "u", *other, option, literal, METER_AUTH="long enough")
        assert said.code == 2
        assert f"{option}: " in said.err
        assert ":env:NAME" in said.err
        assert "hunter2" not in said.err + said.out


def test_a_reader_of_the_output_that_goes_away_is_no_error(fleet: Any) -> None:
    command = f"{Path(sys.executable).with_name('pagemeter')} scan {ALL} --port {fleet.port} --json | head -c 20"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith('{"printer": true')
    assert done.stderr == ""


def test_a_range_that_is_too_large_is_refused_before_anything_is_sent(pagemeter: Any) -> None:
    done = pagemeter("scan", "10.0.0.0/8")
    assert done.code == 2
    assert "16,777,214 addresses, more than 131,072; name a smaller range" in done.err


def test_read_wants_one_address_and_points_to_scan(pagemeter: Any) -> None:
    done = pagemeter("read", "10.0.0.0/28")
    assert done.code == 2
    assert "`pagemeter scan` takes ranges" in done.err


def test_the_command_line_and_the_file_do_not_both_say_how_to_log_in(pagemeter: Any, tmp_path: Path) -> None:
    path = tmp_path / "pagemeter.yaml"
    path.write_text("networks: [{network: 10.0.0.0/24}]\n", encoding="utf-8")
    done = pagemeter("read", "10.0.0.7", "--config", str(path), "--community", "other")
    assert done.code == 2
    assert "--community: --config says how to log in; leave one of the two out" in done.err
