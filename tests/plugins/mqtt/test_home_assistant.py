"""The announcements, against the rules that Home Assistant's sensor platform enforces."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pagemeter.model import AgentStatus, Condition, FleetEntry, Outlook, PrinterState, Since, Supply
from pagemeter_plugins.mqtt.entities import entities_of, values_of
from pagemeter_plugins.mqtt.home_assistant import agent_config, components_of, device_config
from pagemeter_plugins.mqtt.topics import Topics

TOPICS = Topics(base="pagemeter", agent="agent-1", prefix="homeassistant")

EntryOf = Callable[..., FleetEntry]
TonerOf = Callable[[int | None], Supply]
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def announced(entry: FleetEntry, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return dict(device_config(entry, TOPICS, before or {}))


def test_a_printer_is_one_device_with_our_id(entry_of: EntryOf) -> None:
    assert announced(entry_of())["dev"] == {
        "ids": ["pagemeter_d1"],
        "name": "hall printer",
        "mf": "Acme",
        "mdl": "Acme Laser 9",
        "mdl_id": "A9-100",
        "sn": "SN0001",
        "sw": "4.2",
        "cu": "http://10.0.0.7/",
        "via_device": "pagemeter_agent-1",
    }


def test_a_meter_is_a_sensor_that_only_rises(entry_of: EntryOf) -> None:
    assert announced(entry_of())["cmps"]["meter_total_any_any_any_impressions"] == {
        "p": "sensor",
        "uniq_id": "pagemeter_d1_meter_total_any_any_any_impressions",
        "name": "Total impressions",
        "val_tpl": "{{ value_json.get('meter_total_any_any_any_impressions') }}",
        "stat_cla": "total_increasing",
        "unit_of_meas": "pages",
        "ic": "mdi:counter",
    }


def test_the_rules_of_home_assistant_are_kept(entry_of: EntryOf, agent_status: AgentStatus) -> None:
    for config in (announced(entry_of()), agent_config(agent_status, TOPICS)):
        components: Any = config["cmps"]
        unique = [component["uniq_id"] for component in components.values()]
        assert len(set(unique)) == len(unique)
        for key, component in components.items():
            assert re.fullmatch(r"[a-zA-Z0-9_-]+", key)
            assert component["p"] in {"sensor", "binary_sensor", "button"}
            assert ("ops" in component) == (component.get("dev_cla") == "enum")
            if "ops" in component:
                assert not {"stat_cla", "unit_of_meas"} & component.keys()
            assert component.get("ent_cat") in (None, "diagnostic")


def test_every_value_that_an_entity_shows_is_published(entry_of: EntryOf) -> None:
    entry = entry_of()
    values = values_of(entry)
    for key, component in announced(entry)["cmps"].items():
        if "val_tpl" in component:
            assert component["val_tpl"] == f"{{{{ value_json.get('{key}') }}}}"
            assert key in values


def test_an_enumeration_never_says_what_is_none_of_its_options(entry_of: EntryOf, toner: TonerOf) -> None:
    for condition in (None, *Condition):
        for state in PrinterState:
            status = replace(entry_of().latest.status, state=state)  # type: ignore[type-var] # there is one
            entry = entry_of(status=status, supplies=(replace(toner(None), condition=condition),))
            values, components = values_of(entry), announced(entry)["cmps"]
            for key in ("status", "supply_1_1_state"):
                assert values[key] is None or values[key] in components[key]["ops"]


def test_a_silent_printer_keeps_its_counters_and_its_state_is_not_known(entry_of: EntryOf) -> None:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    values = values_of(replace(entry_of(), silent_since=at, last_success=at - timedelta(hours=1)))
    assert values["meter_total_any_any_any_impressions"] == 12345
    assert (values["status"], values["problem"], values["reachable"]) == (None, None, "OFF")
    assert values["last_seen"] == "2026-01-31T11:00:00+00:00"


def test_a_name_is_made_of_words(entry_of: EntryOf, toner: TonerOf) -> None:
    latest = entry_of().latest
    reads = (latest.meter_reads[1], replace(latest.meter_reads[0], engine=1, since=Since.POWER_ON))
    supplies = (
        toner(1),
        replace(toner(1), index="1.2", type="other", description="fuser kit"),
        replace(toner(1), index="1.3", type=None, description=None),
    )
    components = announced(entry_of(meter_reads=reads, supplies=supplies))["cmps"]
    names = {component["name"] for component in components.values()}
    assert {
        "Print full color large impressions (122)",
        "Total impressions of engine 1 since power on",
        "Black toner cartridge",
        "Black toner cartridge state",
        "Fuser kit",
        "Supply 1.3",
    } <= names


def test_what_is_gone_is_removed_by_its_platform_and_then_forgotten(entry_of: EntryOf) -> None:
    before = announced(entry_of())["cmps"]
    fewer = entry_of(meter_reads=entry_of().latest.meter_reads[:1])
    [gone] = before.keys() - announced(fewer)["cmps"].keys()
    after = announced(fewer, before)["cmps"]
    assert after[gone] == {"p": "sensor"}
    assert gone not in announced(fewer, after)["cmps"]


def test_a_table_that_was_cut_short_removes_nothing(entry_of: EntryOf) -> None:
    before = announced(entry_of())["cmps"]
    assert announced(entry_of(supplies=(), missing=("prtMarkerSuppliesTable",)), before)["cmps"] == before


@pytest.mark.parametrize(
    ("addresses", "page"),
    [
        (("fe80::1", "2001:db8::7"), "http://[2001:db8::7]/"),
        (("javascript:alert(1)", "10.0.0.8"), "http://10.0.0.8/"),
        (("10.0.0.8/../x",), None),
        ((), None),
    ],
)
def test_only_an_address_becomes_a_page(entry_of: EntryOf, addresses: tuple[str, ...], page: str | None) -> None:
    device = replace(entry_of().latest.device, addresses=addresses)
    assert announced(entry_of(device=device))["dev"].get("cu") == page


def test_a_device_without_a_name_gets_one(entry_of: EntryOf) -> None:
    device = replace(entry_of().latest.device, id="0123456789abcdef", name=None, model=None)
    assert announced(entry_of(device=device))["dev"]["name"] == "Printer 01234567"


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"[]", b"null", b"[" * 5000, b'{"cmps": []}', b'{"cmps": {"a b": {"p": "sensor"}}}',
     b'{"cmps": {"a": {"p": "camera"}}}', b'{"cmps": {"a": {"p": ["sensor"]}}}'],
)  # fmt: skip
def test_what_is_no_announcement_of_ours_is_none(payload: bytes) -> None:
    assert components_of(payload) == {}


def test_the_days_that_a_supply_will_last_are_a_sensor_once_they_are_known(entry_of: EntryOf, toner: TonerOf) -> None:
    outlook = Outlook(pages=900, pages_low=700, pages_high=1100, days=12, days_low=9, days_high=15, since=SINCE)
    known, unknown = (entry_of(supplies=(supply,)) for supply in (replace(toner(33), outlook=outlook), toner(33)))
    assert [e.value for e in entities_of(known) if e.key.endswith("_days")] == [12]
    assert [e.lasting for e in entities_of(unknown) if e.key.endswith("_days")] == [False]
