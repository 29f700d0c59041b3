"""What every output that speaks HTTP can be told."""

from __future__ import annotations

import base64
import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from pagemeter.component import Settings
from pagemeter.dial import is_this_host

# RFC 9110 section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# What the client itself says, or what would change how the body is framed.
_OWN_HEADERS = frozenset({
    "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
    "idempotency-key", "pagemeter-signature", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    "user-agent",
})  # fmt: skip


class HttpSettings(Settings):
    """Where to send and how; the base of the settings of an output. Relative files are meant from the YAML's folder."""

    url: str | None = Field(default=None, description="Where it is sent by POST, `https://...`.")
    token: SecretStr | None = Field(
        default=None, min_length=1, description="Sent as `Authorization: Bearer ...`; write it as `!secret NAME`."
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Further headers, such as `X-Api-Key: !secret NAME`."
    )
    ca: str | None = Field(
        default=None,
        min_length=1,
        description="A PEM file with the authorities to trust instead of the system's; for a server of one's own.",
    )
    client_certificate: str | None = Field(
        default=None, min_length=1, description="A PEM file with our certificate, where the server wants one."
    )
    client_key: str | None = Field(
        default=None, min_length=1, description="The PEM file with its key; that of `client_certificate` if absent."
    )
    client_key_password: SecretStr | None = Field(
        default=None, description="The password of an encrypted key; `!secret NAME`."
    )
    pin: tuple[str, ...] = Field(
        default=(),
        description="The server's public key must be one of these, besides being trusted: `sha256/` and the SHA-256 of "
        "its SubjectPublicKeyInfo in base64, or `sha256:` and the same in hex. List the next key too.",
    )
    proxy: str | None = Field(default=None, description="The HTTP proxy to go through, `http://proxy.lan:3128`.")
    proxy_user: str | None = Field(default=None, min_length=1, description="The user for the proxy.")
    proxy_password: SecretStr | None = Field(default=None, description="The password for the proxy; `!secret NAME`.")
    proxy_from_environment: bool = Field(
        default=True,
        description="Whether, without `proxy`, HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY of the agent's "
        "environment count.",
    )
    gzip: bool = Field(default=False, description="Whether the body is compressed (`Content-Encoding: gzip`).")
    allow_plain_http: bool = Field(
        default=False,
        description="Whether `url` may be `http://`, in clear text; `token` and `headers` only to this host then.",
    )

    @field_validator("url")
    @classmethod
    def _is_a_bare_url(cls, value: str | None) -> str | None:
        if value is not None:
            _judge_url(value)
        return value

    @field_validator("proxy")
    @classmethod
    def _is_a_bare_proxy(cls, value: str | None) -> str | None:
        if value is not None:
            _judge_url(value)
            if urlsplit(value).scheme != "http":
                raise ValueError("write it as http://host:port; what goes through it is encrypted all the same")
        return value

    @field_validator("token")
    @classmethod
    def _fits_into_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_printable(value):
            raise ValueError("a token has printable ASCII characters only; is there a line break in the secret?")
        return value

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, text in value.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError("the name of a header has letters, digits and hyphens, such as X-Api-Key")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"{name} is set by the agent; leave it out")
            if not _is_printable(text):
                raise ValueError(f"{name} has printable ASCII characters only; is there a line break in the secret?")
        return value

    @field_validator("pin")
    @classmethod
    def _are_pins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pin in value:
            digest_of(pin)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.url is not None and urlsplit(self.url).scheme != "https":
            self._judge_clear_text(self.url)
        if self.proxy_password is not None and self.proxy_user is None:
            raise ValueError("proxy_password needs proxy_user")
        if self.proxy_user is not None:
            if self.proxy is None:
                raise ValueError("proxy_user needs proxy; a proxy of the environment has its user there")
            if ":" in self.proxy_user:
                raise ValueError("proxy_user can't have a colon (RFC 7617)")
        if self.token is not None and "authorization" in {name.lower() for name in self.headers}:
            raise ValueError("token is the header Authorization; leave one of them out")
        if self.client_key is not None and self.client_certificate is None:
            raise ValueError("client_key needs client_certificate")
        if self.client_key_password is not None and self.client_certificate is None:
            raise ValueError("client_key_password needs client_certificate")
        return self

    def _judge_clear_text(self, url: str) -> None:
        if not self.allow_plain_http:
            raise ValueError("http:// sends everything in clear text; use https://, or set allow_plain_http: true")
        if (self.token is not None or self.headers) and (not is_loopback(url) or self.proxy is not None):
            raise ValueError("token and headers never travel over http://; use https://, or leave them out")
        if self.pin or self.client_certificate is not None:
            raise ValueError("pin and client_certificate need https://")


def digest_of(pin: str) -> bytes:
    """Read a pin: the 32 octets of a SHA-256, ``sha256/`` in base64 or ``sha256:`` in hex; raises ValueError."""
    try:
        if pin.startswith("sha256/"):
            digest = base64.b64decode(pin.removeprefix("sha256/"), validate=True)
        elif pin.startswith("sha256:"):
            digest = bytes.fromhex(pin.removeprefix("sha256:").replace(":", ""))
        else:
            digest = b""
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ValueError("write a pin as sha256/ and 44 characters of base64, or sha256: and 64 hex digits")
    return digest


def is_loopback(url: str) -> bool:
    """Tell whether a URL stays on this host."""
    return is_this_host(urlsplit(url).hostname or "")


def _judge_url(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write it as https://host/path or http://host:port")
    if parts.username is not None or parts.password is not None:
        raise ValueError("no user or password in here; there are settings for secrets")
    if parts.port == 0:
        raise ValueError("port 0 is none")
    if not value.isprintable() or " " in value:
        raise ValueError("no blanks in here; is there a line break in it?")


def _is_printable(value: SecretStr) -> bool:
    text = value.get_secret_value()
    return text.isascii() and text.isprintable()
