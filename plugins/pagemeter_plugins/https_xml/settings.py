"""What can be set for ``https_xml``."""

from __future__ import annotations

import ipaddress
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from pagemeter import Settings


class HttpsXmlSettings(Settings):
    """Settings of the output ``https_xml``: exactly one of ``url`` and ``folder``."""

    url: str | None = Field(default=None, description="Where reports are sent by POST, `https://...`; or set `folder`.")
    folder: str | None = Field(
        default=None,
        min_length=1,
        description="The folder that gets `report.xml` instead; a relative one is meant from the folder of the YAML.",
    )
    keep: int = Field(
        default=0, ge=0, description="How many dated copies (`report-20260131T120000Z.xml`) `folder` keeps beside it."
    )
    token: SecretStr | None = Field(
        default=None, min_length=1, description="Sent as `Authorization: Bearer ...`; write it as `!secret NAME`."
    )
    ca: str | None = Field(
        default=None,
        min_length=1,
        description="A PEM file with the authorities to trust instead of the system's; for a server of one's own.",
    )
    proxy: str | None = Field(default=None, description="The HTTP proxy to go through, `http://proxy.lan:3128`.")
    proxy_user: str | None = Field(default=None, min_length=1, description="The user for the proxy.")
    proxy_password: SecretStr | None = Field(default=None, description="The password for the proxy; `!secret NAME`.")
    gzip: bool = Field(default=False, description="Whether the body is compressed (`Content-Encoding: gzip`).")
    plain_http: bool = Field(
        default=False, description="Whether `http://` may be used beyond this host; never together with `token`."
    )

    @field_validator("url", "proxy")
    @classmethod
    def _is_a_bare_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("write it as https://host/path or http://host:port")
            if parts.username is not None or parts.password is not None:
                raise ValueError("no user or password in here; there are settings for secrets")
            _ = parts.port  # raises ValueError for one that is none
        return value

    @field_validator("token")
    @classmethod
    def _fits_into_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not (value.get_secret_value().isascii() and value.get_secret_value().isprintable()):
            raise ValueError("a token has printable ASCII characters only; is there a line break in the secret?")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.url is None) == (self.folder is None):
            raise ValueError("set either url or folder")
        if self.url is not None and urlsplit(self.url).scheme != "https" and not _is_loopback(self.url):
            if not self.plain_http:
                raise ValueError("http:// sends reports in clear text; use https://, or set plain_http: true")
            if self.token is not None:
                raise ValueError("a token never travels over http://; use https://, or leave the token out")
        if self.proxy_password is not None and self.proxy_user is None:
            raise ValueError("proxy_password needs proxy_user")
        return self


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
