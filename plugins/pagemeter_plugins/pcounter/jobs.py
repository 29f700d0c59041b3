"""A line into a job: pure, and for ever the same job for the same line at the same place."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from pagemeter.model import Amount, Cost, JobRecord
from pagemeter.text import scrub
from pagemeter_plugins.pcounter.dates import DateOrder, Undecided, date_of, utc_of
from pagemeter_plugins.pcounter.layout import Layout, NotUnderstood
from pagemeter_plugins.pcounter.options import Options, options_of

PARSER: Final = 1
"""Raised when this file understands more than before: what was quarantined is then tried again."""

_TRANSACTION: Final = re.compile(r"\s*\W?(deposit|setbal)", re.IGNORECASE)
_MONEY: Final = re.compile(r"\s*([^\d\s.,+-]{0,3})\s*([+-]?[\d.,']*\d)\s*([^\d\s.,]{0,3})\s*")
_CURRENCIES: Final = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}

scrubbed: Final[Callable[[str], str | None]] = lru_cache(maxsize=4096)(scrub)
"""Queues, users and computers come again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the lines of one piece are read; ``order`` is none while day and month can't be told apart."""

    layout: Layout
    delimiter: str
    order: DateOrder | None
    zone: tzinfo
    currency: str | None = None


def job_id(server: str, file: str, offset: int, raw: bytes) -> str:
    """Return the id of the job of a line: 128 bits that are the same whenever that line is read at that place."""
    return (
        "pcounter-"
        + blake2b(b"%s\0%s\0%d\0%s" % (server.encode(), file.encode(), offset, raw), digest_size=16).hexdigest()
    )


def job_of(fields: Sequence[str], reading: Reading, job: str, *, revision: int = 0) -> JobRecord | None:
    """Return the job of the fields of a line, or none for what is no job but a deposit; raises NotUnderstood.

    Its time is absent while the order of day and month is not known.
    """
    (user, document, queue, date, time, client, account, sub_account, paper, flags, counted, cost, copies) = (
        reading.layout.picked(fields)
    )
    pages = _pages(counted)
    if not pages and _TRANSACTION.match(document):
        return None
    options = options_of(flags)
    return JobRecord(
        id=job,
        revision=revision,
        service=options.service,
        user=scrubbed(user),
        document=scrub(document),
        queue=scrubbed(queue),
        client=scrubbed(client.lstrip("\\")),
        account=_account(account, sub_account),
        completed_at=_time(date, time, reading) if date else None,
        state="completed",
        ordered=_amount(pages, options, paper, _pages(copies)),
        cost=_cost(cost, reading.currency),
    )


def _time(date: str, time: str, reading: Reading) -> datetime | None:
    try:
        return utc_of(date_of(date, reading.order), time, reading.zone)
    except Undecided:
        return None
    except (ValueError, OverflowError):
        raise NotUnderstood("its date or time is none") from None


@lru_cache(maxsize=4096)
def _amount(pages: int, options: Options, paper: str, copies: int) -> Amount:
    """Say what was ordered; zero pages mean that nobody counted them, and are absent like all that is not known."""
    color = options.color_pages
    if color is None and options.color is not None and pages:
        color = pages if options.color else 0
    media = scrub(paper)
    return Amount(
        impressions=pages or None,
        color_impressions=color,
        copies=options.copies or copies or None,
        sides=options.sides,
        media=((media, pages),) if media and pages else (),
    )


@lru_cache(maxsize=4096)
def _pages(text: str) -> int:
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    if not text:
        return 0
    whole, _, rest = text.partition(".")
    if whole.isascii() and whole.isdigit() and len(whole) < 10 and not rest.strip("0"):
        return int(whole)
    raise NotUnderstood("its number of pages is none")


@lru_cache(maxsize=4096)
def _account(code: str, sub_code: str) -> str | None:
    return scrubbed("/".join(part for part in (code.strip(), sub_code.strip()) if part))


@lru_cache(maxsize=4096)
def _cost(text: str, currency: str | None) -> Cost | None:
    if not text.strip():
        return None
    found = _MONEY.fullmatch(text)
    if found is None:
        raise NotUnderstood("its cost is no number")
    sign = scrub(found[1] or found[3]) or ""
    try:
        return Cost(amount=Decimal(_plain(found[2])), currency=currency or _CURRENCIES.get(sign, sign or None))
    except InvalidOperation:
        raise NotUnderstood("its cost is no number") from None


def _plain(number: str) -> str:
    """Write a number with a point: of several separators the last is the decimal one."""
    number = number.replace("'", "")
    last = max(number.rfind("."), number.rfind(","))
    if last < 0:
        return number
    whole, rest = number[:last].replace(".", "").replace(",", ""), number[last + 1 :]
    return f"{whole}.{rest}"
