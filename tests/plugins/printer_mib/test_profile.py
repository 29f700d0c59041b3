from __future__ import annotations

import pytest

from pagemeter.errors import PluginError
from pagemeter.snmp.types import oid
from pagemeter_plugins.printer_mib.profiles import fitting, parse_profile, shipped_profiles

GOOD = "name: acme\ntitle: Acme\nmatch: {sys_object_id: [1.3.6.1.4.1.99999]}\nsources: {T: a test}\n"
TOLD = "source: T, unverified: true, work: total"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "acme.yaml:1: "),
        ("- 1", "acme.yaml:1: a profile is a list"),
        (GOOD + "metres: []\n", "acme.yaml:5: metres: Extra inputs are not permitted"),
        (GOOD.replace("acme", "Acme Inc."), "acme.yaml:1: name: String should match"),
        (GOOD.replace("{sys_object_id: [1.3.6.1.4.1.99999]}", "{}"), "name sys_object_id, words or both"),
        (GOOD.replace("1.3.6.1.4.1.99999", "iso.3"), "no object identifier"),
        (GOOD + f"meters: [{{{TOLD}, unit: impressions}}]\n", "exactly one of oid, column, sum_of, each"),
        (GOOD + f"meters: [{{each: 1.3.6.1.4.*, {TOLD}, unit: impressions}}]\n", "each and media_names belong"),
        (GOOD + f"meters: [{{oid: 1.3.6.1.4, {TOLD}, unit: pages}}]\n", r"acme.yaml:5: meters\[0\].unit: "),
        (GOOD + f"meters: [{{oid: 1.3.6.1.4.*, {TOLD}, unit: sheets}}]\n", "is a column; one instance is wanted here"),
        (GOOD + f"meters: [{{column: 1.3.6.1.4, {TOLD}, unit: sheets}}]\n", "write 1.3.6.1.4.*"),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, {TOLD}, unit: sheets}}]\n".replace("unverified: true", "note: x"),
            "name the recordings in seen_in, or say unverified",
        ),
        (
            GOOD + f"meters: [{{oid: 1.3.6.1.4, {TOLD}, unit: sheets}}]\n".replace("source: T", "source: X"),
            "source X is not listed in sources",
        ),
        (GOOD.replace("{sys_object_id: [1.3.6.1.4.1.99999]}", "{words: '('}"), "match.words: "),
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
