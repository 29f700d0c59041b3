from __future__ import annotations

import pytest
from pydantic import ValidationError

from pagemeter_plugins.https_xml.settings import HttpsXmlSettings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "either url or folder"),
        ({"url": "https://a.example", "folder": "out"}, "either url or folder"),
        ({"url": "http://a.example"}, "allow_plain_http"),
        ({"url": "https://a.example", "receipt": "maybe"}, "'body' or 'status'"),
        ({"folder": "out", "keep": -1}, "greater than or equal to 0"),
        ({"folder": "out", "tokn": "t"}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_remedy(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        HttpsXmlSettings.model_validate(settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "https://a.example/report", "token": "t"},
        {"url": "http://localhost/report", "token": "t", "allow_plain_http": True},
        {"url": "https://a.example/report", "receipt": "status"},
        {"folder": "out"},
    ],
)
def test_settings_that_make_sense_are_taken(settings: dict[str, object]) -> None:
    HttpsXmlSettings.model_validate(settings)
