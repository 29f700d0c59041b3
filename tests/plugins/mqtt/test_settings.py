from __future__ import annotations

from collections.abc import Iterable

import pytest
from pydantic import ValidationError

from pagemeter import Per, Traffic
from pagemeter.testing import FakeServices
from pagemeter_plugins.mqtt.output import MqttOutput
from pagemeter_plugins.mqtt.settings import MqttSettings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "Field required"),
        ({"host": "broker", "port": 0}, "greater than or equal to 1"),
        ({"host": "bro\nker"}, "printable"),
        ({"host": "broker", "version": "4"}, "3.1.1"),
        ({"host": "broker", "topic": "a/#"}, "wildcards"),
        ({"host": "broker", "topic": "a\x00b"}, "control characters"),
        ({"host": "broker", "topic": "$SYS/a"}, "without"),
        ({"host": "broker", "topic": "/a"}, "not empty"),
        ({"host": "broker", "topic": "a//b"}, "not empty"),
        ({"host": "broker", "acknowledge": "a/+/b"}, "wildcards"),
        ({"host": "broker", "password": "pw"}, "password needs user"),
        ({"host": "broker", "user": "me", "password": "pw"}, "clear text"),
        ({"host": "10.0.0.1", "user": "me", "password": "pw"}, "clear text"),
        ({"host": "localhost.example", "user": "me", "password": "pw"}, "clear text"),
        ({"host": "broker", "ca": "ca.pem"}, "tls: true"),
        ({"host": "broker", "tls": True, "client_key": "key.pem"}, "needs client_certificate"),
        ({"host": "broker", "keepalive": "2s"}, "5s to 18h"),
        ({"host": "broker", "keepalive": "2d"}, "5s to 18h"),
        ({"host": "broker", "qos": 3}, "0, 1 or 2"),
        ({"host": "broker", "hots": "b"}, "Extra inputs"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_remedy(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        MqttSettings.model_validate(settings)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "port"),
    [
        ({"host": "broker"}, 1883),
        ({"host": "broker", "tls": True, "user": "me", "password": "pw"}, 8883),
        ({"host": "broker", "allow_plain_password": True, "user": "me", "password": "pw"}, 1883),
        ({"host": "127.0.0.1", "port": 1884, "user": "me", "password": "pw"}, 1884),
        ({"host": "::1", "version": 5}, 1883),
        ({"host": "broker", "acknowledge": "head-office/ack", "acknowledge_within": "2m"}, 1883),
    ],
)
def test_settings_that_make_sense_are_taken(settings: dict[str, object], port: int) -> None:
    assert MqttSettings.model_validate(settings).broker_port == port


def test_a_password_is_not_printed() -> None:
    settings = MqttSettings.model_validate({"host": "broker", "tls": True, "user": "me", "password": "oPeN"})
    assert "oPeN" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_the_plan_names_the_broker_and_what_travels() -> None:
    settings = MqttSettings.model_validate({"host": "broker", "tls": True, "user": "me", "password": "pw"})
    traffic: Iterable[Traffic] = MqttOutput(settings, FakeServices()).traffic()
    connection, button = traffic
    assert (connection.to, connection.port, connection.protocol) == ("broker", 8883, "tcp")
    assert (connection.per, connection.direction, button.direction) == (Per.DEVICE, "out", "in")
    assert (button.to, button.port) == ("broker", 8883)
    assert "the password" in connection.carries
    assert "every document" not in connection.carries
