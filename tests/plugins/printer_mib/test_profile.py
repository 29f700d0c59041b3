from __future__ import annotations

import re
from pathlib import Path

import pytest

from pagemeter.errors import PluginError
from pagemeter.snmp.types import oid
from pagemeter_plugins.printer_mib.decoders import DECODERS, FIELDS
from pagemeter_plugins.printer_mib.profiles import (
    fitting,
    parse_profile,
    profile_schema,
    profiles_of,
    shipped_profiles,
    usable_profiles,
)

PAGE = (Path(__file__).resolve().parents[3] / "docs/profiles.md").read_text(encoding="utf-8")
GOOD = "name: acme\ntitle: Acme\nmatch: {sys_object_id: [1.3.6.1.4.1.99999]}\nsources: {T: a test}\n"
TOLD = "source: T, unverified: true, work: total"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "acme.yaml:1: "),
        ("- 1", "acme.yaml:1: a profile is a list"),
        (GOOD + "metres: []\n", "acme.yaml:5: metres: unknown key; did you mean meters"),
        (GOOD.replace("acme", "Acme Inc."), "acme.yaml:1: name: this should be small letters"),
        (GOOD.replace("{sys_object_id: [1.3.6.1.4.1.99999]}", "{}"), "name sys_object_id, words or both"),
        (GOOD.replace("1.3.6.1.4.1.99999", "iso.3"), "no object identifier"),
        (GOOD + f"meters: [{{{TOLD}, unit: impressions}}]\n", "exactly one of oid, column, sum_of, each"),
        (GOOD + f"meters: [{{each: 1.3.6.1.4.*, {TOLD}, unit: impressions}}]\n", "each and media_names belong"),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, index: {{0: [1]}}, {TOLD}, unit: sheets}}]\n",
            "where and index need column or each",
        ),
        (GOOD + f"meters: [{{oid: 1.3.6.1.4, {TOLD}, unit: pages}}]\n", r"acme.yaml:5: meters\[0\].unit: "),
        (GOOD + f"meters: [{{oid: 1.3.6.1.4.*, {TOLD}, unit: sheets}}]\n", "is a column; one instance is wanted here"),
        (GOOD + f"meters: [{{column: 1.3.6.1.4, {TOLD}, unit: sheets}}]\n", "write 1.3.6.1.4.*"),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, {TOLD}, unit: sheets}}]\n".replace("unverified: true", "note: x"),
            "name the recordings in seen_in, or say unverified",
        ),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, {TOLD}, unit: sheets}}]\n".replace("source: T", "source: X"),
            r"acme.yaml:5: meters\[0\].source: source X is not listed in sources; there are T",
        ),
        (
            GOOD.replace("{sys_object_id: [1.3.6.1.4.1.99999]}", "{words: '('}"),
            r"words: this is no regular expression \(missing",
        ),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, decode: {{name: hp-floot}}, {TOLD}, unit: sheets}}]\n",
            r"acme.yaml:5: meters\[0\].decode.name: there is no such decoder; did you mean hp-float",
        ),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, decode: {{name: epson-st2, field: ink-blakc}}, {TOLD}}}]\n",
            "epson-st2 finds no ink-blakc; did you mean ink-black",
        ),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, decode: {{name: epson-st2}}, {TOLD}, unit: sheets}}]\n",
            "epson-st2 finds several values; name the field: error, ink-black",
        ),
        (GOOD + f"meters: [{{oid: .2.1.0, {TOLD}, unit: sheets}}]\n", r"\.2\.1\.0 begins with a dot; write `root:"),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, wrok: copy, {TOLD}, unit: sheets}}]\n",
            "wrok: unknown key; did you mean work",
        ),
        (
            GOOD + "meters: [{oid: 1.3.6.1.4, source: T, unverified: true, unit: sheets}]\n",
            "work: this is missing; write",
        ),
        (
            GOOD + "supplies: [{types: [tonr], percent: {oid: 1.3.6.1.4}, source: T, unverified: true}]\n",
            r"supplies\[0\].types: tonr is none of RFC 3805; did you mean toner",
        ),
        (
            GOOD + "supplies: [{colorants: [Schwarz], percent: {oid: 1.3.6.1.4}, source: T, unverified: true}]\n",
            r"supplies\[0\].colorants: Schwarz is no color as the supplies name them; write black",
        ),
        (GOOD + "supplies: [{serial_number: {oid: 1.3.6.1.4}, source: T, unverified: true}]\n", "say which supply"),
        (GOOD + "supplies: [{colorants: [black], source: T, unverified: true}]\n", "say what of the supply"),
        (
            GOOD + "supplies: [{key: {by: index}, percent: {oid: 1.3.6.1.4}, source: T, unverified: true}]\n",
            "a key finds the rows of columns",
        ),
        (
            GOOD + "supplies: [{colorants: [black], adds: true, percent: {oid: 1.3.6.1.4}, source: T, seen_in: [a]}]\n",
            "say the type of the supply that is added",
        ),
        (GOOD + "base: [nobody]\n", "there is no profile nobody; known are"),
        (GOOD + "base: [acme]\n", "acme -> acme goes round in a circle"),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(PluginError, match=says):
        parse_profile(text, name="acme.yaml")


def test_both_conditions_must_fit_where_both_are_named() -> None:
    text = GOOD.replace("99999]}", "99999], words: '^Big'}")
    profile = parse_profile(text, name="acme.yaml")
    assert fitting([profile], oid("1.3.6.1.4.1.99999.1"), "Big 100") == (profile,)
    assert fitting([profile], oid("1.3.6.1.4.1.99999.1"), "Small 100") == ()
    assert fitting([profile], oid("1.3.6.1.4.1.99998.1"), "Big 100") == ()
    assert fitting([profile], None, "Big 100") == ()


def test_shipped_profiles_have_names_of_their_own() -> None:
    names = [profile.name for profile in shipped_profiles()]
    assert "kyocera" in names
    assert len(set(names)) == len(names)


def named(name: str, match: str) -> str:
    return GOOD.replace("acme", name).replace("{sys_object_id: [1.3.6.1.4.1.99999]}", match)


ORDER = {
    "tree": "{sys_object_id: [1.3.6.1.4.1.99999.7.1, 1.3.6.1.4]}",
    "probe": "{sys_object_id: [1.3.6.1.4.1.99999], words: Big, probe: [{oid: 1.3.6.1.4.1.99999.1.0}]}",
    "words": "{sys_object_id: [1.3.6.1.4.1.99999], words: Big}",
    "maker": "{sys_object_id: [1.3.6.1.4.1.99999]}",
    "brand": "{words: Big}",
}


def test_the_more_particular_profile_counts_before_the_general_one() -> None:
    profiles = [parse_profile(named(name, match), name="acme.yaml") for name, match in reversed(ORDER.items())]
    found = fitting(profiles, oid("1.3.6.1.4.1.99999.7.1.3"), "Big 100")
    assert [one.name for one in found] == list(ORDER)


def test_an_own_profile_counts_before_a_more_particular_one_that_is_shipped(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(named("mine", "{words: ECOSYS}"), encoding="utf-8")
    found = fitting(profiles_of(tmp_path), oid("1.3.6.1.4.1.1347.41"), "ECOSYS P1")
    assert [one.name for one in found][:2] == ["mine", "kyocera"]


def test_an_own_profile_takes_the_place_of_a_shipped_one_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(named("kyocera", "{sys_object_id: [1.3.6.1.4.1.1347.41]}"), encoding="utf-8")
    [found] = [one for one in profiles_of(tmp_path) if one.name == "kyocera"]
    assert found.own
    assert found.meters == ()


def test_a_mistake_in_an_own_folder_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD + "metres: []\n", encoding="utf-8")
    with pytest.raises(PluginError, match=r"a\.yaml:5: metres: "):
        profiles_of(tmp_path)


def test_two_own_files_with_one_name_are_a_mistake(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    with pytest.raises(PluginError, match=r"b\.yaml: a\.yaml is called acme too; rename one of them"):
        profiles_of(tmp_path)


def test_a_base_gives_its_rules_after_the_own_ones_and_below_the_own_root() -> None:
    rule = "{oid: %s, source: T, unverified: true, work: total, unit: sheets}"
    base = "name: base\ntitle: Base\nroot: 1.3.6.1.4.1.1\nsources: {T: a test}\nmeters:\n  - " + rule % ".5.0" + "\n"
    text = GOOD + "root: 1.3.6.1.4.1.99999\nbase: [base]\nmeters:\n  - " + rule % ".6.0" + "\n"
    profile = parse_profile(text, name="acme.yaml", others={"base": ("base.yaml", base)})
    assert [str(meter.oid) for meter in profile.meters] == ["1.3.6.1.4.1.99999.6.0", "1.3.6.1.4.1.99999.5.0"]


def test_a_counters_code_and_a_decoders_field_may_be_written_as_numbers() -> None:
    rule = "oid: 1.3.6.1.4, decode: {name: brother-records, field: 11}, code: 112, unit: sheets"
    text = f"meters: [{{{rule}, {TOLD}}}]\n"
    [meter] = parse_profile(GOOD + text, name="acme.yaml").meters
    assert meter.decode is not None
    assert (meter.code, meter.decode.field) == ("112", "11")


def test_the_example_of_the_page_is_a_profile() -> None:
    [example] = re.findall(r"```yaml\n(name: .*?)```", PAGE, re.DOTALL)
    profile = parse_profile(example, name="acme.yaml")
    assert (len(profile.meters), len(profile.supplies), len(profile.status)) == (3, 1, 1)


def test_the_page_explains_every_key_and_every_decoder() -> None:
    schema = profile_schema()
    keys = {key for part in (schema, *schema["$defs"].values()) for key in part.get("properties", {})}
    assert {"sum_of", "pages_left", "not_told"} <= keys
    assert {key for key in (*keys, *DECODERS) if not re.search(rf"[`{{ ]{re.escape(key)}[`: ]", PAGE)} == set()


def test_an_object_written_in_full_behind_a_dot_is_what_it_is() -> None:
    rule = "{oid: .1.3.6.1.4.1.99999.6.0, source: T, unverified: true, work: total, unit: sheets}"
    [meter] = parse_profile(f"{GOOD}root: 1.3.6.1.4.1.99999\nmeters:\n  - {rule}\n", name="acme.yaml").meters
    assert str(meter.oid) == "1.3.6.1.4.1.99999.6.0"


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        (GOOD.encode() + "# Büro".encode("latin-1"), r"a\.yaml:5: this is no UTF-8 text; save it as UTF-8"),
        (b"# " + b"x" * 2_000_000, r"a\.yaml: is larger than 1 MiB"),
    ],
)
def test_a_file_that_is_no_profile_is_named_with_what_to_do(octets: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(octets)
    with pytest.raises(PluginError, match=says):
        profiles_of(tmp_path)


def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(PluginError, match=r"a\.yaml: is no file"):
        profiles_of(tmp_path)


def test_a_folder_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="there is no such folder; make it, or take `profiles` out"):
        profiles_of(tmp_path / "none")


def test_of_two_own_files_with_one_name_the_second_is_left_out_and_named(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text(GOOD, encoding="utf-8")
    found, mistakes = usable_profiles(tmp_path)
    assert mistakes == ("b.yml: a.yaml is called acme too; rename one of them",)
    assert [one.name for one in found if one.own] == ["acme"]


def test_every_decoder_says_what_it_may_find() -> None:
    assert FIELDS.keys() == DECODERS.keys()
