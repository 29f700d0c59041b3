from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter_plugins.mqtt.topics import Topics, slug, slug_of_key

TOPICS = Topics(base="site/pagemeter", agent="agent-1", prefix="homeassistant")


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("total.any.any.any.impressions", "total_any_any_any_impressions"),
        ("print.full-color.large.one.impressions", "print_full-color_large_one_impressions"),
        ("1.3", "1_3"),
    ],
)
def test_plain_keys_stay_readable(key: str, wanted: str) -> None:
    assert slug_of_key(key) == wanted


@given(st.text())
def test_whatever_a_device_says_makes_one_level_of_a_topic(text: str) -> None:
    for made in (slug(text), slug_of_key(text)):
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", made)


@given(st.sets(st.text(alphabet="aB1._-#@+/ ", max_size=4), min_size=2, max_size=30))
def test_different_keys_stay_different(keys: set[str]) -> None:
    assert len({slug_of_key(key) for key in keys}) == len(keys)


def test_ids_of_ours_stay_as_they_are() -> None:
    assert slug("0123456789abcdef0123456789abcdef") == "0123456789abcdef0123456789abcdef"
    assert slug("3f2b8c1e-0000-4000-8000-000000000000") == "3f2b8c1e-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("site/pagemeter/agent-1/device/d1/read", "d1"),
        ("site/pagemeter/agent-1/device/d1/state", None),
        ("site/pagemeter/agent-1/device/d1/read/more", None),
        ("site/pagemeter/agent-1/device//read", None),
        ("site/pagemeter/agent-1/device/d 1/read", None),
        ("site/pagemeter/agent-2/device/d1/read", None),
        ("x/site/pagemeter/agent-1/device/d1/read", None),
    ],
)
def test_a_command_names_its_device(topic: str, device: str | None) -> None:
    assert TOPICS.device_of(topic) == device
