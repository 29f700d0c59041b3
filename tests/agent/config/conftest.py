"""A catalog of invented plugins: what the configuration knows of plugins, without any plugin."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pytest
from pydantic import Field, SecretStr, field_validator

from pagemeter import Component, Factory, Settings
from pagemeter.net.ranges import parse_range
from pagemeter.plugins import Kind


class SweepSettings(Settings):
    """Asks every address of its ranges."""

    ranges: tuple[str, ...] = Field(min_length=1, description="What is swept.")
    large: bool = Field(default=False, description="Whether it may be large.")

    @field_validator("ranges")
    @classmethod
    def _are_ranges(cls, ranges: tuple[str, ...]) -> tuple[str, ...]:
        for text in ranges:
            parse_range(text)
        return ranges


class PrinterMibSettings(Settings):
    """Reads the Printer MIB."""

    profiles: tuple[str, ...] = Field(default=(), description="More profiles.")


class TlsSettings(Settings):
    """How a server proves who it is."""

    ca: str | None = Field(default=None, description="A file of authorities.")


class HttpsXmlSettings(Settings):
    """Sends reports."""

    url: str = Field(description="Where to.")
    token: SecretStr | None = Field(default=None, min_length=4, description="The bearer token.")
    tls: TlsSettings = Field(default=TlsSettings(), description="TLS.")
    color: str | int = Field(default="any", description="Takes text or a number.")

    @field_validator("url")
    @classmethod
    def _quotes_what_it_refuses(cls, url: str) -> str:
        if not url.startswith("https://"):
            raise ValueError(f"{url!r} is no https:// address")
        return url

    @field_validator("token")
    @classmethod
    def _quotes_even_a_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and " " in token.get_secret_value():
            raise ValueError(f"{token.get_secret_value()[:9]} has a space")
        return token


class MqttSettings(Settings):
    """Publishes to a broker."""

    host: str = Field(description="The broker.")
    port: int = Field(default=1883, ge=1, le=65535, description="Its port.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    home_assistant: bool = Field(default=False, description="Whether Home Assistant shall find it.")


class CupsSettings(Settings):
    """Follows a spooler."""


OFFERS: Mapping[Kind, Mapping[str, type[Settings]]] = {
    Kind.DISCOVERY: {"sweep": SweepSettings},
    Kind.READER: {"printer_mib": PrinterMibSettings},
    Kind.SOURCE: {"cups": CupsSettings},
    Kind.OUTPUT: {"https_xml": HttpsXmlSettings, "mqtt": MqttSettings},
}


class FakeCatalog:
    """Offers the plugins above, and ``cracked`` as an output that can't be loaded."""

    def __init__(self, named: Iterable[str]) -> None:
        self.named = list(named)

    def factory(self, kind: Kind, name: str) -> Factory[Any] | None:
        settings = OFFERS[kind].get(name)

        def build(_settings: Settings, _services: object) -> Component:
            raise AssertionError("a configuration builds no component")

        return None if settings is None or name not in self.named else Factory(name, settings, build)

    def names(self, kind: Kind) -> Collection[str]:
        return [*OFFERS[kind], *(["cracked"] if kind == Kind.OUTPUT else [])]

    def why_not(self, name: str) -> str | None:
        return {"cracked": "can't be imported: no module named porcelain", "headless": "no manifest"}.get(name)


@pytest.fixture
def catalog() -> type[FakeCatalog]:
    return FakeCatalog
