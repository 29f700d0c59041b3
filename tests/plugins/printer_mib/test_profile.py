from __future__ import annotations

import pytest

from pagemeter.errors import PluginError
from pagemeter.snmp.types import oid
from pagemeter_plugins.printer_mib.profile import fitting, parse_profile, shipped_profiles

GOOD = "name: acme\nmatch: {sys_object_id: [1.3.6.1.4.1.99999]}\nsource: a test\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "acme.yaml: is no YAML"),
        ("- 1", "acme.yaml: "),
        (GOOD + "metres: []\n", "metres: Extra inputs are not permitted"),
        (GOOD.replace("acme", "Acme Inc."), "name: .*lower-case word"),
        ("name: acme\nmatch: {}\nsource: a test\n", "match: .*name sys_object_id, model or both"),
        (GOOD.replace("1.3.6.1.4.1.99999", "iso.3"), "no object identifier"),
        (GOOD + "meters: [{work: total, unit: impressions}]\n", "exactly one of oid, each, sum_of"),
        (
            GOOD + "meters: [{each: 1.3.6.1.4, work: total, unit: impressions}]\n",
            "each and media_names belong together",
        ),
        (GOOD + "meters: [{oid: 1.3.6.1.4, work: total, unit: pages}]\n", "meters.0.unit: "),
        ("name: acme\nmatch: {model: '('}\nsource: a test\n", "match.model: "),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(PluginError, match=says):
        parse_profile(text, name="acme.yaml")


def test_both_conditions_must_fit_where_both_are_named() -> None:
    text = GOOD.replace("}", ", model: '^Big'}")
    profile = parse_profile(text, name="acme.yaml")
    assert fitting([profile], oid("1.3.6.1.4.1.99999.1"), "Big 100") == (profile,)
    assert fitting([profile], oid("1.3.6.1.4.1.99999.1"), "Small 100") == ()
    assert fitting([profile], oid("1.3.6.1.4.1.99998.1"), "Big 100") == ()
    assert fitting([profile], None, "Big 100") == ()


def test_shipped_profiles_have_names_of_their_own() -> None:
    names = [profile.name for profile in shipped_profiles()]
    assert "kyocera" in names
    assert len(set(names)) == len(names)
