"""Which proxy, if any, leads to a URL: that of the settings, else that of the environment."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from pagemeter.errors import DeliveryError, PluginError, Refused
from pagemeter.http.settings import HttpSettings, is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP/1.1 proxy and who we are for it; ``origin`` says which setting or variable names it."""

    host: str
    port: int
    user: str | None = None
    password: SecretStr | None = None
    origin: str = "proxy"

    @property
    def url(self) -> str:
        """The address, without the user."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """Proxy-Authorization, Basic (RFC 7617), where there is a user."""
        if self.user is None:
            return {}
        password = self.password.get_secret_value() if self.password is not None else ""
        return {"Proxy-Authorization": "Basic " + base64.b64encode(f"{self.user}:{password}".encode()).decode()}

    @property
    def remedy(self) -> str:
        """What to look at when it does not want us."""
        return "are proxy_user and proxy_password right?" if self.origin == "proxy" else f"is {self.origin} right?"


def proxy_of(settings: HttpSettings, environ: Mapping[str, str]) -> Proxy | None:
    """Name the proxy for ``settings.url``; raises PluginError for one of the environment that can't be used."""
    url = settings.url or ""
    if settings.proxy is not None:
        parts = urlsplit(settings.proxy)
        return Proxy(
            host=parts.hostname or "",
            port=parts.port or 80,
            user=settings.proxy_user,
            password=settings.proxy_password,
        )
    if not settings.proxy_from_environment or is_loopback(url) or _is_spared(url, environ):
        return None
    scheme = urlsplit(url).scheme
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        # HTTP_PROXY is what a request's header Proxy becomes in CGI; the agent is none.
        if text := environ.get(name, "").strip():
            return _of_environment(name, text)
    return None


def proxy_failure(host: str, proxy: Proxy | None, status: int, wait: timedelta | None = None) -> DeliveryError:
    """Make the error for a proxy that answers CONNECT by anything but 200 (RFC 9110 section 9.3.6)."""
    name = f"the proxy {proxy.host}" if proxy is not None else "the proxy"
    if status in (401, 407):  # tinyproxy says 401 where the password is wrong
        remedy = proxy.remedy if proxy is not None else ""
        return Refused(f"{name} refuses us ({status}); {remedy}", retry_after=wait)
    if status == 403:
        return DeliveryError(f"{name} does not let us through to {host} (403); it has to allow it", retry_after=wait)
    if status >= 500:
        return DeliveryError(f"{name} can't reach {host} ({status}); it is tried again", retry_after=wait)
    return DeliveryError(f"{name} answers {status}; is it an HTTP proxy?", retry_after=wait)


def _of_environment(name: str, text: str) -> Proxy:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme != "http" or not host:
        raise PluginError(
            f"{name} names no proxy of the form http://host:port; mend it, set `proxy`, "
            "or proxy_from_environment: false"
        )
    return Proxy(
        host=host,
        port=port or 80,
        user=unquote(parts.username) if parts.username else None,
        password=SecretStr(unquote(parts.password)) if parts.password else None,
        origin=name,
    )


def _is_spared(url: str, environ: Mapping[str, str]) -> bool:
    """Hold a URL against NO_PROXY: names with all below them, addresses, networks, ``*``; a port where it is named."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for entry in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").lower().split(","):
        name, only = _entry(entry.strip())
        if only in (None, port) and (name == "*" or _covers(name, host)):
            return True
    return False


def _entry(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
    else:
        name, port = text, ""
    return name.removeprefix("*.").strip("."), int(port) if port.isascii() and port.isdigit() else None


def _covers(name: str, host: str) -> bool:
    if not name:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == name or host.endswith(f".{name}")
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False
