"""What a mail server's reply means for the report, in plain words (RFC 5321 section 4.2, RFC 3463). Pure."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from pagemeter.errors import DeliveryError, Refused, TooLarge
from pagemeter.text import scrub
from pagemeter.tls import NEEDS_AN_UPDATE, SPEAKS_NO_TLS, SPEAKS_OLD_TLS, untrusted

# Greylisting and full queues pass by in minutes.
PATIENCE = timedelta(minutes=5)

_ENHANCED = re.compile(rb"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_SIZE = re.compile(rb"\b(size|large|big|exceeds?)\b", re.IGNORECASE)
# RFC 3463: 5.2.3 and 5.3.4 are about the length of the message, 5.2.2 is a mailbox that is full.
_TOO_LONG = frozenset({b"5.2.3", b"5.3.4"})
_FULL = b"5.2.2"


class Step(StrEnum):
    """The steps of a conversation, by the names that ``outputs test`` gives them."""

    GREETING = "greeting"
    TLS = "TLS"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENTS = "recipients"
    MAIL = "mail"


_REMEDY = {
    Step.GREETING: "it takes no mail from here; does it know this host?",
    Step.TLS: "it does not begin TLS; is the port right, or does it want `tls: implicit` (465)?",
    Step.LOGIN: "the login is refused; are `user` and `password` right, and does the account allow SMTP?",
    Step.SENDER: "`sender` is refused; may this user or host send as that address?",
    Step.RECIPIENTS: "all of `recipients` are refused; are they right, and does the server want `user` and `password`?",
    Step.MAIL: "it does not take the mail; does a filter stop the attachment?",
}


def judged(step: Step, where: str, code: int, reply: bytes | str) -> DeliveryError:
    """Return the error that a reply stands for.

    4xx passes by; what says that the mail is too long is TooLarge; a login, a sender or recipients that are refused
    for good are Refused, for no other mail would fare better.
    """
    raw = reply if isinstance(reply, bytes) else reply.encode("utf-8", "replace")
    # What is said to a login may quote it.
    said = str(code) if step is Step.LOGIN else cut(code, raw)
    if not 200 <= code < 600:
        return DeliveryError(f"{where}: what answers does not speak SMTP; is the port right?")
    if 400 <= code < 500:
        return DeliveryError(f"{where}: not now ({said}) at {step}; it is tried again", retry_after=PATIENCE)
    if _is_too_large(step, code, raw):
        return TooLarge(f"{where}: the mail is too large for the server ({said}); it is parted")
    if code == 530:
        return Refused(f"{where}: the server wants a login or encryption first ({said}); set `user`, `password`, `tls`")
    error = DeliveryError if step in (Step.GREETING, Step.TLS, Step.MAIL) else Refused
    return error(f"{where}: {_REMEDY[step]} ({said})")


def slow(step: Step, where: str, seconds: float) -> DeliveryError:
    """Return the error of a server that says nothing."""
    remedy = "is it a server with `tls: implicit`?" if step is Step.GREETING else "is the server overloaded?"
    return DeliveryError(f"{where}: no answer at {step} within {seconds:g} s; {remedy}")


def broken(step: Step, where: str) -> DeliveryError:
    """Return the error of a connection that ended, or of an answer that is no SMTP."""
    remedies = {
        Step.GREETING: "is the port right, and `tls`?",
        Step.TLS: "does the server speak TLS 1.2 or newer there?",
    }
    remedy = remedies.get(step, "is the server well?")
    return DeliveryError(f"{where}: the connection ended at {step}; {remedy}")


def cut(code: int, reply: bytes) -> str:
    """Return a reply as one harmless line."""
    return f"{code} {scrub(reply, most=200) or ''}".strip()


def listed(refused: Mapping[str, str]) -> str:
    """Name the recipients that were refused, each with the reply."""
    return "; ".join(f"{recipient} ({reply})" for recipient, reply in refused.items())


def tls_words(error: ssl.SSLError) -> str:
    """Say why TLS failed, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return untrusted(error)
    reason = str(error.reason or "")
    if reason.endswith(SPEAKS_NO_TLS):
        return "no TLS is spoken there; does this port want `tls: starttls` (587)?"
    if reason.endswith(SPEAKS_OLD_TLS):
        return NEEDS_AN_UPDATE
    return "TLS failed; does the server speak TLS 1.2 or newer there?"


def _is_too_large(step: Step, code: int, reply: bytes) -> bool:
    if step not in (Step.SENDER, Step.MAIL):
        return False
    found = _ENHANCED.match(reply)
    enhanced = found[1] if found is not None else None
    if enhanced in _TOO_LONG:
        return True
    if code == 552:
        return enhanced != _FULL
    return code == 554 and enhanced is None and _SIZE.search(reply) is not None
