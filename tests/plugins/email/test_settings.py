from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from pagemeter.testing import FakeServices
from pagemeter_plugins.email.output import EmailOutput
from pagemeter_plugins.email.settings import EmailSettings

SettingsOf = Callable[..., EmailSettings]
LOGIN = {"user": "meter", "password": "open sesame"}


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_the_port_follows_the_encryption(settings_of: SettingsOf, tls: str, port: int) -> None:
    assert settings_of(tls=tls).server_port == port
    assert settings_of(tls=tls, port=2525).server_port == 2525


@pytest.mark.parametrize(
    "address",
    [
        "office", "@example.com", "office@", "a b@example.com", "a@b@example.com", "a@example.com\r\nBcc: b@c.example",
        "a@example.com>", "<a@example.com>", "Office <a@example.com>", "a@example.com,b@example.com", "büro@c.example",
        "a@bücher.example", "a..b@example.com", ".a@example.com", "a@-example.com", "a@example..com", '"a b"@c.example',
        "a" * 65 + "@example.com", "a@" + "b." * 130 + "com", "a@example.com\n", "a@example.com ",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(settings_of: SettingsOf, address: str) -> None:
    for changed in ({"sender": address}, {"recipients": ["office@example.com", address]}):
        with pytest.raises(ValidationError, match="a mail address in ASCII"):
            settings_of(**changed)


def test_an_address_of_version_6_is_a_host(settings_of: SettingsOf) -> None:
    assert settings_of(host="::1").is_loopback


@pytest.mark.parametrize("address", ["a@example.com", "o'neil+meters_1@xn--bcher-kva.example", "a.b@localhost"])
def test_a_plain_address_is_taken(settings_of: SettingsOf, address: str) -> None:
    assert settings_of(sender=address).sender == address


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"recipients": []}, "at least 1"),
        ({"recipients": ["a@example.com", "a@example.com"]}, "there twice"),
        ({"attach": []}, "at least 1"),
        ({"attach": ["jobs", "jobs"]}, "there twice"),
        ({"attach": ["alerts"]}, "devices"),
        ({"host": "mail.example:25"}, "the port is a setting of its own"),
        ({"host": "smtp://mail.example"}, "bare name"),
        ({"host": "mail.example\n"}, "printable"),
        ({"tls": "none", "ca": "ca.pem"}, "ca needs tls"),
        ({"user": "meter"}, "go together"),
        ({"password": "open sesame"}, "go together"),
        ({"tls": "none", **LOGIN}, "clear text"),
        ({"user": "meter", "password": "open\n"}, "no line break"),
        ({"subject": "{site.x}"}, "only {site} and {date}"),
        ({"subject": "{site!r}"}, "only {site} and {date}"),
        ({"subject": "{date:%s}"}, "only {site} and {date}"),
        ({"subject": "{}"}, "only {site} and {date}"),
        ({"subject": "{agent}"}, "only {site} and {date}"),
        ({"subject": "{site"}, "a brace alone"),
        ({"subject": "a\r\nBcc: b@example.com"}, "one line"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    settings_of: SettingsOf, changed: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValidationError, match=why.replace("{", r"\{")) as refused:
        settings_of(**changed)
    assert "sesame" not in str(refused.value)


def test_a_password_may_go_in_clear_text_to_this_host_or_where_it_is_allowed(settings_of: SettingsOf) -> None:
    assert settings_of(host="127.0.0.1", tls="none", **LOGIN).is_loopback
    assert settings_of(tls="none", allow_plain=True, **LOGIN).password


def test_the_plan_says_what_goes_where(settings_of: SettingsOf) -> None:
    [traffic] = EmailOutput(settings_of(attach=["meters", "devices"], **LOGIN), FakeServices()).traffic()
    assert (traffic.to, traffic.port, traffic.protocol, traffic.direction) == ("mail.example", 587, "tcp", "out")
    assert traffic.carries == "a workbook: devices, meters, user and password"
    assert "office@example.com" in traffic.why
    [plain] = EmailOutput(settings_of(tls="none"), FakeServices()).traffic()
    assert plain.carries == "a workbook: devices, meters, supplies, jobs, events, all in clear text"


def test_of_the_history_only_what_a_sheet_has_is_asked_for(settings_of: SettingsOf) -> None:
    [feed] = EmailOutput(settings_of(), FakeServices()).feeds()
    assert (feed.history, feed.types) == (True, ("job", "event"))
    [feed] = EmailOutput(settings_of(attach=["devices", "events"]), FakeServices()).feeds()
    assert (feed.history, feed.types) == (True, ("event",))
    [feed] = EmailOutput(settings_of(attach=["devices"]), FakeServices()).feeds()
    assert feed.history is False
