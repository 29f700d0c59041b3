"""The IPP requests that exist here: all read, and a subscription is the only thing that they create.

RFC 8011 (printers and jobs), RFC 3995 and RFC 3996 (subscriptions, ippget), CUPS's own. What prints, changes or
deletes is not in the table, and the client sends nothing that is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

from pagemeter.ipp.message import Attribute, Group, GroupTag, IppMessage, ValueTag

Version = tuple[int, int]

USER = "pagemeter"
"""The requesting-user-name of every request."""


class Operation(IntEnum):
    """operation-id of what may be asked."""

    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B
    CREATE_PRINTER_SUBSCRIPTIONS = 0x0016
    GET_SUBSCRIPTION_ATTRIBUTES = 0x0018
    GET_SUBSCRIPTIONS = 0x0019
    RENEW_SUBSCRIPTION = 0x001A
    CANCEL_SUBSCRIPTION = 0x001B
    GET_NOTIFICATIONS = 0x001C
    CUPS_GET_DEFAULT = 0x4001
    CUPS_GET_PRINTERS = 0x4002


class Status(IntEnum):
    """status-code of an answer (RFC 8011 appendix B): what somebody here acts on."""

    OK = 0x0000
    OK_IGNORED = 0x0001
    OK_CONFLICTING = 0x0002
    BAD_REQUEST = 0x0400
    FORBIDDEN = 0x0401
    NOT_AUTHENTICATED = 0x0402
    NOT_AUTHORIZED = 0x0403
    NOT_POSSIBLE = 0x0404
    TIMEOUT = 0x0405
    NOT_FOUND = 0x0406
    GONE = 0x0407
    ATTRIBUTES_NOT_SUPPORTED = 0x040B
    CHARSET_NOT_SUPPORTED = 0x040D
    INTERNAL_ERROR = 0x0500
    OPERATION_NOT_SUPPORTED = 0x0501
    SERVICE_UNAVAILABLE = 0x0502
    VERSION_NOT_SUPPORTED = 0x0503
    BUSY = 0x0507


def succeeded(answer: IppMessage) -> bool:
    """Say whether an answer brings what was asked, perhaps with attributes that were ignored (0x0000-0x00FF)."""
    return 0 <= answer.code <= 0xFF


def status_name(code: int) -> str:
    """Name a status-code as far as it is known: ``not-found (0x0406)``."""
    known = code in set(Status)
    return f"{Status(code).name.lower().replace('_', '-')} (0x{code:04x})" if known else f"0x{code:04x}"


def get_printer_attributes(uri: str, requested: Iterable[str] = (), version: Version = (2, 0)) -> IppMessage:
    """Ask a printer or queue for its attributes; all that it likes to tell where none are named."""
    return _request(Operation.GET_PRINTER_ATTRIBUTES, version, *_target(uri), *_requested(requested))


def get_jobs(
    uri: str,
    *,
    which: str = "not-completed",
    requested: Iterable[str] = (),
    limit: int | None = None,
    first_job_id: int | None = None,
    first_index: int | None = None,
    version: Version = (2, 0),
) -> IppMessage:
    """Ask for the jobs of a printer, everyone's; ``which`` is ``completed``, ``not-completed`` or ``all``.

    ``first_job_id`` is CUPS's own, ``first_index`` (from 1) PWG 5100.13's.
    """
    return _request(
        Operation.GET_JOBS,
        version,
        *_target(uri),
        *_integers("limit", limit),
        *_requested(requested),
        Attribute.of("which-jobs", ValueTag.KEYWORD, which),
        Attribute.of("my-jobs", ValueTag.BOOLEAN, False),
        *_integers("first-job-id", first_job_id),
        *_integers("first-index", first_index),
    )


def get_job_attributes(uri: str, job_id: int, requested: Iterable[str] = (), version: Version = (2, 0)) -> IppMessage:
    """Ask for the attributes of one job of a printer."""
    return _request(
        Operation.GET_JOB_ATTRIBUTES,
        version,
        Attribute.of("printer-uri", ValueTag.URI, uri),
        *_integers("job-id", job_id),
        Attribute.of("requesting-user-name", ValueTag.NAME, USER),
        *_requested(requested),
    )


def create_printer_subscription(
    uri: str, events: Sequence[str], *, lease: int = 86400, version: Version = (2, 0)
) -> IppMessage:
    """Ask to keep events (``job-completed``, ``printer-state-changed`` ...) to be fetched; ``lease`` in seconds.

    The answer's subscription group has notify-subscription-id and notify-lease-duration (RFC 3995 section 11.1.2).
    """
    template = Group(
        GroupTag.SUBSCRIPTION,
        (
            Attribute.of("notify-pull-method", ValueTag.KEYWORD, "ippget"),
            Attribute.of("notify-events", ValueTag.KEYWORD, *events),
            *_integers("notify-lease-duration", lease),
        ),
    )
    return _request(Operation.CREATE_PRINTER_SUBSCRIPTIONS, version, *_target(uri), groups=(template,))


def get_subscriptions(uri: str, version: Version = (2, 0)) -> IppMessage:
    """Ask for our own subscriptions at a printer, so that a restart finds the one it left."""
    mine = Attribute.of("my-subscriptions", ValueTag.BOOLEAN, True)
    return _request(Operation.GET_SUBSCRIPTIONS, version, *_target(uri), mine)


def renew_subscription(uri: str, subscription_id: int, *, lease: int = 86400, version: Version = (2, 0)) -> IppMessage:
    """Ask to keep a subscription for another ``lease`` seconds (RFC 3995 section 11.2.6)."""
    template = Group(GroupTag.SUBSCRIPTION, tuple(_integers("notify-lease-duration", lease)))
    target = _subscription(uri, subscription_id)
    return _request(Operation.RENEW_SUBSCRIPTION, version, *target, groups=(template,))


def cancel_subscription(uri: str, subscription_id: int, version: Version = (2, 0)) -> IppMessage:
    """End a subscription that we made (RFC 3995 section 11.2.7)."""
    return _request(Operation.CANCEL_SUBSCRIPTION, version, *_subscription(uri, subscription_id))


def get_notifications(
    uri: str, subscription_ids: Sequence[int], sequence_numbers: Sequence[int], version: Version = (2, 0)
) -> IppMessage:
    """Fetch the events of subscriptions from these sequence numbers on, without waiting (RFC 3996 section 5)."""
    return _request(
        Operation.GET_NOTIFICATIONS,
        version,
        *_target(uri),
        *_integers("notify-subscription-ids", *subscription_ids),
        *_integers("notify-sequence-numbers", *sequence_numbers),
        Attribute.of("notify-wait", ValueTag.BOOLEAN, False),
    )


def cups_get_printers(requested: Iterable[str] = (), *, version: Version = (2, 0)) -> IppMessage:
    """Ask a CUPS server for its queues; it has no printer-uri."""
    user = Attribute.of("requesting-user-name", ValueTag.NAME, USER)
    return _request(Operation.CUPS_GET_PRINTERS, version, user, *_requested(requested))


def _request(
    operation: Operation, version: Version, *attributes: Attribute, groups: tuple[Group, ...] = ()
) -> IppMessage:
    """Charset and language come first, in this order (RFC 8011 section 4.1.4), then the target."""
    head = (
        Attribute.of("attributes-charset", ValueTag.CHARSET, "utf-8"),
        Attribute.of("attributes-natural-language", ValueTag.NATURAL_LANGUAGE, "en"),
    )
    return IppMessage(version, operation, 1, (Group(GroupTag.OPERATION, (*head, *attributes)), *groups))


def _target(uri: str) -> Iterable[Attribute]:
    yield Attribute.of("printer-uri", ValueTag.URI, uri)
    yield Attribute.of("requesting-user-name", ValueTag.NAME, USER)


def _subscription(uri: str, subscription_id: int) -> Iterable[Attribute]:
    yield Attribute.of("printer-uri", ValueTag.URI, uri)
    yield from _integers("notify-subscription-id", subscription_id)
    yield Attribute.of("requesting-user-name", ValueTag.NAME, USER)


def _requested(names: Iterable[str]) -> Iterable[Attribute]:
    if wanted := tuple(names):
        yield Attribute.of("requested-attributes", ValueTag.KEYWORD, *wanted)


def _integers(name: str, *numbers: int | None) -> Iterable[Attribute]:
    if given := tuple(number for number in numbers if number is not None):
        yield Attribute.of(name, ValueTag.INTEGER, *given)
