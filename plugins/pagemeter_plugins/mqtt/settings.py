"""What can be set for ``mqtt``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from pagemeter import Settings
from pagemeter.config.notation import Duration
from pagemeter.dial import HostName, Port, Printable, Server, is_this_host

MOST_KEEPALIVE = timedelta(seconds=65535)


def _is_a_topic(value: str) -> str:
    """Refuse what can't be published to (MQTT 5 section 4.7.3)."""
    if not value.isprintable() or any(character in value for character in "+#$"):
        raise ValueError("a topic without the wildcards + and #, without $ and control characters")
    if value.startswith("/") or value.endswith("/") or "//" in value:
        raise ValueError("a topic whose levels are not empty, such as pagemeter or site/pagemeter")
    return value


Topic = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_is_a_topic)]


class MqttSettings(Settings):
    """Settings of the output ``mqtt``."""

    host: HostName = Field(description="The broker: a name or an address.")
    port: Port | None = Field(default=None, description="Its port; 1883, or 8883 with `tls`, if absent.")
    version: Literal["3.1.1", "5", 5] = Field(default="3.1.1", description="The version of MQTT: `3.1.1` or `5`.")
    client_id: Printable | None = Field(
        default=None,
        min_length=1,
        max_length=128,
        description="What the broker knows us by, one per output; `pagemeter-` and the agent's id if absent, with "
        "a `topic` of your own that as well.",
    )
    user: Printable | None = Field(default=None, min_length=1, description="The user to log in as.")
    password: SecretStr | None = Field(default=None, description="The user's password; write it as `!secret NAME`.")
    allow_plain_password: bool = Field(
        default=False, description="Whether the password may travel without `tls` beyond this host."
    )
    tls: bool = Field(default=False, description="Whether the connection is encrypted; the certificate is verified.")
    ca: str | None = Field(
        default=None,
        min_length=1,
        description="A PEM file with the authorities to trust instead of the system's; for a broker of one's own.",
    )
    client_certificate: str | None = Field(
        default=None, min_length=1, description="A PEM file with our certificate, where the broker wants one."
    )
    client_key: str | None = Field(
        default=None,
        min_length=1,
        description="A PEM file with its key; if absent, the key is in `client_certificate`.",
    )
    topic: Topic = Field(default="pagemeter", description="What all our topics begin with.")
    qos: Literal[0, 1, 2] = Field(
        default=1, description="The quality of service of what is published; with 0 nothing tells whether it arrived."
    )
    retain: bool = Field(default=True, description="Whether the broker keeps the last state of each device.")
    keepalive: Duration = Field(
        default=timedelta(seconds=60),
        description="How long the connection may be silent; after one and a half the broker says that we are offline.",
    )
    documents: bool = Field(default=False, description="Whether every document is published, also each snapshot.")
    acknowledge: bool | Topic = Field(
        default=False,
        description="Whether documents count as delivered only when the back end says so, on the topic `.../ack`; "
        "or the topic.",
    )
    acknowledge_within: Duration = Field(
        default=timedelta(seconds=30), description="How long the back end may take to acknowledge a batch."
    )
    home_assistant: bool = Field(default=False, description="Whether devices are announced to Home Assistant.")
    home_assistant_prefix: Topic = Field(
        default="homeassistant", description="The prefix of discovery that is set in Home Assistant."
    )

    @field_validator("keepalive")
    @classmethod
    def _fits_into_16_bits(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=5) <= value <= MOST_KEEPALIVE:
            raise ValueError("5s to 18h")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.password is not None and self.user is None:
            raise ValueError("password needs user")
        if self.client_key is not None and self.client_certificate is None:
            raise ValueError("client_key needs client_certificate")
        if not self.tls and (self.ca is not None or self.client_certificate is not None):
            raise ValueError("ca and client_certificate need tls: true")
        if self.password is not None and not (self.tls or self.allow_plain_password or self.is_loopback):
            raise ValueError("the password would travel in clear text; set tls: true, or allow_plain_password: true")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether the broker is on this host."""
        return is_this_host(self.host)

    @property
    def broker_port(self) -> int:
        """The port in force."""
        return self.port if self.port is not None else 8883 if self.tls else 1883

    @property
    def broker(self) -> Server:
        """Where to connect."""
        return Server(host=self.host, port=self.broker_port, called="broker")
