"""POST a report, and say in a line what went wrong."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from pagemeter.errors import DeliveryError, Refused, TooLarge
from pagemeter_plugins.https_xml.settings import HttpsXmlSettings

_LONGEST_WAIT = timedelta(days=1)

_REMEDIES = {
    HTTPStatus.NOT_FOUND: "is the path of `url` right?",
    HTTPStatus.METHOD_NOT_ALLOWED: "is the path of `url` right?",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "are proxy_user and proxy_password right?",
    HTTPStatus.BAD_REQUEST: "it does not take this report; does it know report-1.xsd?",
    HTTPStatus.UNPROCESSABLE_ENTITY: "it does not take this report; does it know report-1.xsd?",
}


async def post(
    settings: HttpsXmlSettings, body: bytes, *, headers: Mapping[str, str], tls: ssl.SSLContext, now: datetime
) -> None:
    """Send the body to ``settings.url``; ``now`` is what a date in Retry-After is measured from.

    The deadline is the caller's. Redirects are not followed: they would carry the report to who knows where.
    Raises Refused (401, 403), TooLarge (413), DeliveryError (anything else but 2xx).
    """
    url = settings.url or ""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session,
            session.post(
                url,
                data=body,
                headers=dict(headers) | _authorization(settings),
                ssl=tls,
                proxy=settings.proxy,
                proxy_headers=_proxy_authorization(settings),
                allow_redirects=False,
            ) as response,
        ):
            status, retry_after = response.status, response.headers.get("Retry-After")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise DeliveryError(f"{urlsplit(url).hostname}: {_why(error, settings)}") from _bare(error)
    check(urlsplit(url).hostname or "", status, retry_after, now)


def check(host: str, status: int, retry_after: str | None, now: datetime) -> None:
    """Raise what the agent should do about an HTTP status (RFC 9110 section 15); 2xx is a delivery."""
    if 200 <= status < 300:
        return
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Refused(f"{host} refuses us ({status}); is the token right?")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise TooLarge(f"{host} wants smaller reports (413); raise its limit")
    remedy = _REMEDIES.get(HTTPStatus(status)) if status in _STATUSES else None
    if remedy is None:
        moved = 300 <= status < 400
        remedy = "it has moved; put the new address into `url`" if moved else "it is tried again"
    raise DeliveryError(f"{host} answers {status}; {remedy}", retry_after=_wait(retry_after, now))


_STATUSES = frozenset(status.value for status in HTTPStatus)


def _wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """Understand Retry-After (RFC 9110 section 10.2.3): seconds or a date; at most a day, none for anything else."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), _LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(timedelta(0), min(at - now, _LONGEST_WAIT))


def _authorization(settings: HttpsXmlSettings) -> dict[str, str]:
    if settings.token is None:
        return {}
    return {"Authorization": f"Bearer {settings.token.get_secret_value()}"}


def _proxy_authorization(settings: HttpsXmlSettings) -> dict[str, str]:
    if settings.proxy_user is None:
        return {}
    password = settings.proxy_password.get_secret_value() if settings.proxy_password is not None else ""
    basic = base64.b64encode(f"{settings.proxy_user}:{password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {basic}"}


def _why(error: Exception, settings: HttpsXmlSettings) -> str:
    """Say it in our own words: the library's quote the address and more."""
    proxy = urlsplit(settings.proxy or "").hostname
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "TLS failed; is the server's certificate from an authority that `ca` or the system trusts?"
        case aiohttp.ClientProxyConnectionError():
            return f"the proxy {proxy} can't be reached; is `proxy` right?"
        case aiohttp.ClientHttpProxyError():
            return f"the proxy {proxy} answers {error.status}; are proxy_user and proxy_password right?"
        case aiohttp.ClientConnectorDNSError():
            return "the name can't be resolved; is `url` right, and does DNS work here?"
        case aiohttp.ClientConnectorError():
            return f"no connection ({error.os_error.strerror}); is the server up, and does a firewall let us out?"
    return f"the connection broke ({type(error).__name__}); it is tried again"


def _bare(error: Exception) -> Exception | None:
    """Keep the cause for a log, unless it could quote a header."""
    return error if isinstance(error, OSError) else None
