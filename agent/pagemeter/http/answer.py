"""What a server answered, and what the agent should do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from pagemeter.errors import DeliveryError, Refused, TooLarge

LONGEST_WAIT = timedelta(days=1)

_REMEDIES = {
    400: "it does not take this; is `url` right, and does it know this format?",
    404: "is the path of `url` right?",
    405: "is the path of `url` right?",
    408: "it did not get the whole in its time; it is tried again",
    410: "is the path of `url` right?",
    415: "it does not take this format; does it know gzip?",
    422: "it does not take this; does it know this format?",
}
# nginx says by a page with status 400 what went wrong in TLS.
_PAGES = {
    b"No required SSL certificate was sent": "it wants a client certificate; set client_certificate and client_key",
    b"The SSL certificate error": "it does not trust our client certificate; is client_certificate the right one?",
    b"plain HTTP request was sent to HTTPS port": "it wants TLS; write `url` with https://",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A server's answer: ``headers`` by their names in lower case, ``body`` unpacked, ``cut`` where it was too long."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    cut: bool = False

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people: of a portal, a login, a proxy, or a server's default."""
        start = self.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        media = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return media in ("text/html", "application/xhtml+xml") or start.startswith((b"<!doctype html", b"<html"))


def check(answer: HttpAnswer, *, now: datetime, judged: type[DeliveryError] = DeliveryError) -> None:
    """Raise what the agent should do about an answer (RFC 9110 section 15); a 2xx that is no page is a delivery.

    401, 403 and 407 are Refused, 413 is TooLarge, 400 and 422 are ``judged``, unless a page says so: then somebody
    else answered. All else is a DeliveryError. ``now`` is what a date in Retry-After is measured from.
    """
    status, host = answer.status, answer.host
    wait = retry_after(answer.headers.get("retry-after"), now)
    if 200 <= status < 300:
        if answer.is_html:
            raise DeliveryError(f"{host} answers {status} with a web page; is `url` right, or is a portal in between?")
    elif status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Refused(f"{host} refuses us ({status}); is the token right?", retry_after=wait)
    elif status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise Refused("the proxy refuses us (407); are proxy_user and proxy_password right?", retry_after=wait)
    elif status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise TooLarge(f"{host} wants smaller batches (413); raise its limit", retry_after=wait)
    elif status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY) and not answer.is_html:
        raise judged(f"{host} answers {status}; {_REMEDIES[status]}", retry_after=wait)
    else:
        raise DeliveryError(f"{host} answers {status}; {_remedy(answer)}", retry_after=wait)


def _remedy(answer: HttpAnswer) -> str:
    if 300 <= answer.status < 400:
        return "it has moved; put the new address into `url`"
    if answer.is_html:
        for words, remedy in _PAGES.items():
            if words in answer.body:
                return remedy
    return _REMEDIES.get(answer.status, "it is tried again")


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Understand Retry-After (RFC 9110 section 10.2.3): seconds or a date; at most a day, none for anything else."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST_WAIT.total_seconds()))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(timedelta(0), min(at - now, LONGEST_WAIT))
