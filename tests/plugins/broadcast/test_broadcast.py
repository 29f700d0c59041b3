"""The discovery hands on who answers; what may be sent where is the engine's to decide."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from pagemeter.component import Responder
from pagemeter.errors import AccessDenied
from pagemeter.model import Target
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, oid
from pagemeter.testing import FakeServices, RecordedSnmp
from pagemeter_plugins.broadcast.discovery import SYS_OBJECT_ID, BroadcastDiscovery
from pagemeter_plugins.broadcast.settings import BroadcastSettings

PRINTER = Walk([VarBind(SYS_OBJECT_ID, Tag.OBJECT_IDENTIFIER, oid("1.3.6.1.4.1.99999.1"))])
WALKS = {"10.0.0.7": PRINTER, "10.0.0.8": Walk(()), "10.0.1.7": PRINTER}


async def found(settings: BroadcastSettings, snmp: RecordedSnmp) -> tuple[dict[str, Target], FakeServices]:
    services = FakeServices(snmp=snmp)
    async with BroadcastDiscovery(settings, services) as discovery:
        targets = [one async for one in discovery.discover({}) if isinstance(one, Target)]
    assert len({one.uri for one in targets}) == len(targets)
    return {one.uri: one for one in targets}, services


async def test_who_answers_is_found_with_what_it_said() -> None:
    snmp = RecordedSnmp(WALKS)
    targets, services = await found(BroadcastSettings(segments=("10.0.0.0/24",)), snmp)
    assert {uri: one.hints.sys_object_id for uri, one in targets.items()} == {
        "host://10.0.0.7": "1.3.6.1.4.1.99999.1",
        "host://10.0.0.8": None,
    }
    assert {one.found_by for one in targets.values()} == {"broadcast"}
    assert snmp.called == ["10.0.0.0/24"]
    assert services.progressed == [(1, 1)]


async def test_who_answers_two_broadcasts_is_told_once() -> None:
    snmp = RecordedSnmp(WALKS)
    targets, services = await found(BroadcastSettings(segments=("10.0.0.0/24",), limited=True), snmp)
    assert set(targets) == {"host://10.0.0.7", "host://10.0.0.8", "host://10.0.1.7"}
    assert snmp.called == ["10.0.0.0/24", None]
    assert services.progressed == [(1, 2), (2, 2)]


class Fenced(RecordedSnmp):
    """Refuses one segment."""

    async def broadcast(
        self, network: str | None, oid: Oid, *, found_by: str, seconds: float = 5.0
    ) -> AsyncIterator[Responder]:
        if network == "10.0.0.0/24":
            raise AccessDenied("10.0.0.0/24 is not wholly inside the networks")
        async for one in super().broadcast(network, oid, found_by=found_by, seconds=seconds):
            yield one


async def test_a_segment_that_may_not_be_asked_does_not_keep_the_others_from_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    targets, _ = await found(BroadcastSettings(segments=("10.0.0.0/24", "10.0.1.0/24")), Fenced(WALKS))
    assert set(targets) == {"host://10.0.1.7"}
    assert "10.0.0.0/24 is not asked: 10.0.0.0/24 is not wholly inside the networks" in caplog.text


async def test_where_no_segment_may_be_asked_the_discovery_fails_with_the_reason() -> None:
    with pytest.raises(AccessDenied, match="not wholly inside"):
        await found(BroadcastSettings(segments=("10.0.0.0/24",)), Fenced(WALKS))


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "name segments, or say limited: true"),
        ({"segments": ("10.0.0.7",)}, "has no broadcast address"),
        ({"segments": ("10.0.0.0/31",)}, "has no broadcast address"),
        ({"segments": ("10.0.0.7/24",)}, "is no IPv4 network"),
        ({"segments": ("fd00::/64",)}, "is no IPv4 network"),
        ({"limited": True, "seconds": 0}, "seconds"),
        ({"limited": True, "community": "public"}, "community"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_remedy(keys: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        BroadcastSettings.model_validate(keys)


def test_the_plan_says_where_the_broadcasts_go() -> None:
    settings = BroadcastSettings(segments=("10.0.0.0/24", "10.0.0.0/24"), limited=True)
    traffic = list(BroadcastDiscovery(settings, FakeServices()).traffic())
    assert [(one.to, one.port, one.direction) for one in traffic] == [
        ("10.0.0.255", 161, "out"),
        ("255.255.255.255", 161, "out"),
    ]
