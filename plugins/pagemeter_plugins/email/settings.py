"""What can be set for ``email``."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from string import Formatter
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from pagemeter import Settings
from pagemeter.dial import HostName, Port, Printable, Server, is_this_host

# RFC 5322 section 3.4.1, addr-spec: a dot-atom on either side, in ASCII; nothing that ends a header or a command.
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*@{_LABEL}(?:\.{_LABEL})*")

PLACES = ("site", "date")


class Encryption(StrEnum):
    """When the connection is encrypted: after STARTTLS, from its first octet on, or never."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


class Sheet(StrEnum):
    """The sheets that a workbook may have."""

    DEVICES = "devices"
    METERS = "meters"
    SUPPLIES = "supplies"
    JOBS = "jobs"
    EVENTS = "events"


_PORTS = {Encryption.STARTTLS: 587, Encryption.IMPLICIT: 465, Encryption.NONE: 25}


def _is_an_address(value: str) -> str:
    if len(value) > 254 or not _ADDRESS.fullmatch(value) or len(value.partition("@")[0]) > 64:
        raise ValueError("a mail address in ASCII without a name, such as meters@example.com")
    return value


def _is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


MailAddress = Annotated[str, AfterValidator(_is_an_address)]


class EmailSettings(Settings):
    """Settings of the output ``email``."""

    host: HostName = Field(description="The mail server: a name or an address.")
    port: Port | None = Field(
        default=None, description="Its port; 587, 465 with `tls: implicit` or 25 with `tls: none`, if absent."
    )
    tls: Encryption = Field(
        default=Encryption.STARTTLS,
        description="When the connection is encrypted: `starttls`, first of all by the command STARTTLS; `implicit`, "
        "from the beginning; `none`, never. The certificate is verified.",
    )
    ca: str | None = Field(
        default=None,
        min_length=1,
        description="A PEM file with the authorities to trust instead of the system's; for a server of one's own.",
    )
    user: Printable | None = Field(default=None, min_length=1, max_length=255, description="The user to log in as.")
    password: SecretStr | None = Field(
        default=None, min_length=1, max_length=1024, description="The user's password; write it as `!secret NAME`."
    )
    allow_plain: bool = Field(
        default=False, description="Whether the password may travel with `tls: none` beyond this host."
    )
    sender: MailAddress = Field(description="The address that the mails come from; bounces go there.")
    recipients: tuple[MailAddress, ...] = Field(
        min_length=1, max_length=100, description="The addresses that get the mails; each sees the others."
    )
    subject: str = Field(
        default="Printers of {site}, {date}",
        min_length=1,
        max_length=150,
        description="The subject; `{site}` is the agent's site (its id where it has none), `{date}` the local date.",
    )
    attach: tuple[Sheet, ...] = Field(
        default=tuple(Sheet),
        min_length=1,
        description="The sheets of the workbook: `devices`, `meters`, `supplies`, `jobs`, `events`.",
    )
    max_megabytes: int = Field(
        default=20,
        ge=1,
        le=200,
        description="The most that one mail may have, in megabytes (1,000,000 octets); what is more comes as several.",
    )

    @field_validator("password")
    @classmethod
    def _has_no_nul(cls, value: SecretStr | None) -> SecretStr | None:
        # RFC 4616 parts user and password by NUL; a line break is what a file of secrets adds by mistake.
        if value is not None and any(character in value.get_secret_value() for character in "\0\r\n"):
            raise ValueError("a password has no NUL and no line break; is there one in the secret?")
        return value

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if any(character in value for character in " /@[]") or (":" in value and not _is_ip(value)):
            raise ValueError("a bare name or address, such as mail.example; the port is a setting of its own")
        return value

    @field_validator("subject")
    @classmethod
    def _is_a_template(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("one line of printable characters")
        try:
            parts = list(Formatter().parse(value))
        except ValueError:
            raise ValueError("a brace alone; write {{ or }} for one that is text") from None
        if any(name is not None and (name not in PLACES or spec or turned) for _, name, spec, turned in parts):
            raise ValueError("only {site} and {date} stand for something")
        return value

    @field_validator("recipients", "attach")
    @classmethod
    def _has_each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("one of them is there twice")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.password is None) != (self.user is None):
            raise ValueError("user and password go together")
        if self.tls is not Encryption.NONE:
            return self
        if self.ca is not None:
            raise ValueError("ca needs tls: starttls or tls: implicit")
        if self.password is not None and not (self.allow_plain or self.is_loopback):
            raise ValueError("the password would travel in clear text; use tls: starttls, or set allow_plain: true")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this host."""
        return is_this_host(self.host)

    @property
    def server_port(self) -> int:
        """The port in force."""
        return self.port if self.port is not None else _PORTS[self.tls]

    @property
    def server(self) -> Server:
        """Where mails go."""
        return Server(host=self.host, port=self.server_port, called="mail server")
