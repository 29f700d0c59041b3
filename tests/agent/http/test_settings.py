from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from pagemeter.config.load import parse_config
from pagemeter.errors import ConfigError
from pagemeter.http import HttpSettings
from pagemeter.http.settings import digest_of

A = "https://a.example"
PIN = "sha256/" + base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "ftp://a.example"}, "write it as"),
        ({"url": "a.example/report"}, "write it as"),
        ({"url": "https://"}, "write it as"),
        ({"url": "https://me:pw@a.example"}, "no user or password"),
        ({"url": "https://a.example:99999"}, "Port out of range"),
        ({"url": "https://a.example:0"}, "port 0"),
        ({"url": "https://a.example/a b"}, "no blanks"),
        ({"url": "http://a.example"}, "allow_plain_http: true"),
        ({"url": "http://10.0.0.1"}, "allow_plain_http: true"),
        ({"url": "http://127.0.0.1"}, "allow_plain_http: true"),
        ({"url": "http://localhost"}, "allow_plain_http: true"),
        ({"url": "http://a.example", "allow_plain_http": True, "token": "t"}, "never travel"),
        ({"url": "http://a.example", "allow_plain_http": True, "headers": {"X-Key": "pw"}}, "never travel"),
        ({"url": "http://localhost.example", "allow_plain_http": True, "token": "t"}, "never travel"),
        (
            {"url": "http://localhost", "allow_plain_http": True, "token": "t", "proxy": "http://proxy.lan:3128"},
            "never travel",
        ),
        ({"url": "http://localhost", "allow_plain_http": True, "pin": [PIN]}, "need https"),
        ({"url": A, "token": "line\nbreak"}, "line break"),
        ({"url": A, "headers": {"X Key": "pw"}}, "letters, digits and hyphens"),
        ({"url": A, "headers": {"X-Key\r\nHost": "pw"}}, "letters, digits and hyphens"),
        ({"url": A, "headers": {"X-Key": "pw\r\nHost: b"}}, "line break"),
        ({"url": A, "headers": {"content-LENGTH": "pw"}}, "set by the agent"),
        ({"url": A, "headers": {"authorization": "Basic pw"}, "token": "t"}, "leave one of them out"),
        ({"url": A, "proxy": "http://me:pw@proxy.lan"}, "no user or password"),
        ({"url": A, "proxy": "https://proxy.lan"}, "http://host:port"),
        ({"url": A, "proxy": "socks5://proxy.lan"}, "write it as"),
        ({"url": A, "proxy": "http://proxy.lan", "proxy_password": "pw"}, "needs proxy_user"),
        ({"url": A, "proxy_user": "me", "proxy_password": "pw"}, "needs proxy"),
        ({"url": A, "proxy": "http://proxy.lan", "proxy_user": "me:pw"}, "colon"),
        ({"url": A, "client_key": "key.pem"}, "needs client_certificate"),
        ({"url": A, "client_key_password": "pw"}, "needs client_certificate"),
        ({"url": A, "pin": ["sha256/AAAA"]}, "44 characters"),
        ({"url": A, "pin": ["sha1:" + "00" * 20]}, "44 characters"),
        ({"url": A, "pin": ["sha256:" + "xy" * 32]}, "64 hex digits"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_remedy(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        HttpSettings.model_validate(settings)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"url": A, "token": "t", "headers": {"X-Api-Key": "k"}},
        {"url": A, "headers": {"Authorization": "Basic Og=="}},
        {"url": "HTTPS://a.example/report"},
        {"url": "http://127.0.0.1:8080/report", "token": "t", "allow_plain_http": True},
        {"url": "http://[::1]:8080/report", "token": "t", "allow_plain_http": True},
        {"url": "http://a.example", "allow_plain_http": True},
        {"url": A, "pin": [PIN, "sha256:" + bytes(range(32)).hex(":")]},
        {"url": A, "proxy": "http://proxy.lan:3128", "proxy_user": "me"},
    ],
)
def test_settings_that_make_sense_are_taken(settings: dict[str, object]) -> None:
    HttpSettings.model_validate(settings)


def test_a_pin_is_the_same_in_both_notations() -> None:
    assert digest_of(PIN) == digest_of("sha256:" + bytes(range(32)).hex()) == bytes(range(32))


def test_secrets_are_not_printed() -> None:
    settings = HttpSettings.model_validate({
        "url": A, "token": "canary", "headers": {"X-Key": "canary"}, "proxy": "http://proxy.lan", "proxy_user": "me",
        "proxy_password": "canary", "client_certificate": "c.pem", "client_key_password": "canary",
    })  # fmt: skip
    assert "canary" not in f"{settings} {settings!r} {settings.model_dump_json()}"


YAML = """
networks: [{network: 10.0.0.0/8}]
outputs:
  - {plugin: https_xml, url: "https://a.example", headers: {X-Api-Key: !secret key}, pin: [PIN]}
"""


def test_the_yaml_takes_headers_from_secrets_and_a_list_of_pins() -> None:
    text = YAML.replace("PIN", PIN)
    config = parse_config(text, "pagemeter.yaml", environ={}, secrets={"key": "canary"})
    settings = config.outputs[0].settings
    assert isinstance(settings, HttpSettings)
    assert settings.headers["X-Api-Key"].get_secret_value() == "canary"
    assert settings.pin == (PIN,)
    with pytest.raises(ConfigError, match=r"pagemeter\.yaml:4: .*line break") as caught:
        parse_config(text, "pagemeter.yaml", environ={}, secrets={"key": "canary\n"})
    assert "canary" not in str(caught.value)
