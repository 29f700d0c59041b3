"""The host of a target is what a reader of URIs says, however it is found."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.model import Target
from pagemeter.model.target import host_uri


def host(uri: str) -> str:
    return Target(uri=uri, found_by="test").host


@pytest.mark.parametrize(
    ("uri", "named"),
    [
        (host_uri("10.0.0.7"), "10.0.0.7"),
        (host_uri("10.0.0.7", port=1161), "10.0.0.7"),
        (host_uri("2001:db8::7"), "2001:db8::7"),
        (host_uri("Printer.Example"), "printer.example"),
        ("10.0.0.7", ""),
        ("host://", ""),
        ("usb://Brother/HL-2270DW", "brother"),
    ],
)
def test_a_host_is_named_without_brackets_and_port(uri: str, named: str) -> None:
    assert host(uri) == named


@given(st.text("0123456789.:/@[]?#aA²", max_size=20))
def test_the_host_is_that_of_a_reader_of_uris(rest: str) -> None:
    uri = f"host://{rest}"
    try:
        named = urlsplit(uri).hostname or ""
    except ValueError:
        with pytest.raises(ValueError, match=r"\S"):
            host(uri)
    else:
        assert host(uri) == named
