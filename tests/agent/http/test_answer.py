from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pagemeter.errors import DeliveryError, Refused, TooLarge, Undeliverable
from pagemeter.http import HttpAnswer, check
from pagemeter.http.answer import retry_after

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def answer(status: int, body: bytes = b"", **headers: str) -> HttpAnswer:
    return HttpAnswer(
        host="a.example", status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_a_delivery(status: int) -> None:
    check(answer(status, b"OK"), now=NOW)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Refused, "token"),
        (403, Refused, "token"),
        (407, Refused, "proxy_password"),
        (413, TooLarge, "smaller"),
        (400, DeliveryError, "format"),
        (404, DeliveryError, "path"),
        (405, DeliveryError, "path"),
        (410, DeliveryError, "path"),
        (415, DeliveryError, "gzip"),
        (422, DeliveryError, "format"),
        (301, DeliveryError, "moved"),
        (308, DeliveryError, "moved"),
        (429, DeliveryError, "tried again"),
        (500, DeliveryError, "tried again"),
        (599, DeliveryError, "tried again"),
        (999, DeliveryError, "tried again"),
        (100, DeliveryError, "tried again"),
    ],
)
def test_any_other_says_what_to_do(status: int, kind: type[Exception], words: str) -> None:
    with pytest.raises(DeliveryError, match=words) as caught:
        check(answer(status), now=NOW)
    assert type(caught.value) is kind


@pytest.mark.parametrize("status", [400, 422])
def test_only_the_receiver_itself_judges_documents(status: int) -> None:
    with pytest.raises(Undeliverable):
        check(answer(status, b'{"error": 1}'), now=NOW, judged=Undeliverable)
    with pytest.raises(DeliveryError) as caught:
        check(answer(status, b"<html>", content_type="text/html"), now=NOW, judged=Undeliverable)
    assert type(caught.value) is DeliveryError


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "text/html"),
        (b"hello", "Text/HTML; charset=utf-8"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE HTML><html>", "application/xml"),
        (b"<HTML lang=en>", ""),
    ],
)
def test_a_2xx_that_is_a_web_page_is_no_delivery(body: bytes, content_type: str) -> None:
    with pytest.raises(DeliveryError, match="web page"):
        check(answer(200, body, content_type=content_type), now=NOW)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (b"<html><h1>400 Bad Request</h1><center>No required SSL certificate was sent</center>", "client_certificate"),
        (b"<html><center>The SSL certificate error</center>", "does not trust our client certificate"),
        (b"<html><center>The plain HTTP request was sent to HTTPS port</center>", "https://"),
        (b"<html>Bad Request", "format"),
    ],
)
def test_what_nginx_says_of_tls_by_a_page_is_understood(page: bytes, words: str) -> None:
    with pytest.raises(DeliveryError, match=words):
        check(answer(400, page), now=NOW)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("90", timedelta(seconds=90)),
        ("Sat, 31 Jan 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Sat, 31 Jan 2026 12:02:00", timedelta(minutes=2)),
        ("Sat, 31 Jan 2026 11:00:00 GMT", timedelta(0)),
        ("999999999999999999999", timedelta(days=1)),
        ("Sat, 31 Jan 9999 12:02:00 GMT", timedelta(days=1)),
        ("soon", None),
        ("-5", None),
        ("\u0663", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_understood(text: str | None, wait: timedelta | None) -> None:
    assert retry_after(text, NOW) == wait


@pytest.mark.parametrize("status", [401, 413, 429, 503])
def test_retry_after_goes_with_the_error(status: int) -> None:
    with pytest.raises(DeliveryError) as caught:
        check(answer(status, retry_after="7"), now=NOW)
    assert caught.value.retry_after == timedelta(seconds=7)
