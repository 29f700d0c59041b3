from __future__ import annotations

import pytest
from pydantic import ValidationError

from pagemeter_plugins.https_xml.settings import HttpsXmlSettings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "either url or folder"),
        ({"url": "https://a.example", "folder": "out"}, "either url or folder"),
        ({"url": "ftp://a.example"}, "write it as"),
        ({"url": "a.example/report"}, "write it as"),
        ({"url": "https://"}, "write it as"),
        ({"url": "https://me:pw@a.example"}, "no user or password"),
        ({"url": "https://a.example:99999"}, "Port out of range"),
        ({"url": "http://a.example"}, "clear text"),
        ({"url": "http://10.0.0.1"}, "clear text"),
        ({"url": "http://localhost.example"}, "clear text"),
        ({"url": "http://a.example", "plain_http": True, "token": "t"}, "never travels"),
        ({"url": "https://a.example", "token": "line\nbreak"}, "line break"),
        ({"url": "https://a.example", "proxy": "http://me:pw@proxy.lan"}, "no user or password"),
        ({"url": "https://a.example", "proxy_password": "pw"}, "needs proxy_user"),
        ({"folder": "out", "keep": -1}, "greater than or equal to 0"),
        ({"folder": "out", "tokn": "t"}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_remedy(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        HttpsXmlSettings.model_validate(settings)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "https://a.example/report", "token": "t"},
        {"url": "HTTPS://a.example/report", "token": "t"},
        {"url": "http://127.0.0.1:8080/report", "token": "t"},
        {"url": "http://[::1]:8080/report", "token": "t"},
        {"url": "http://localhost/report"},
        {"url": "http://a.example", "plain_http": True},
        {"folder": "out"},
    ],
)
def test_settings_that_make_sense_are_taken(settings: dict[str, object]) -> None:
    HttpsXmlSettings.model_validate(settings)


def test_a_token_is_not_printed() -> None:
    settings = HttpsXmlSettings.model_validate({"url": "https://a.example", "token": "tOkEn"})
    assert "tOkEn" not in f"{settings} {settings!r} {settings.model_dump_json()}"
