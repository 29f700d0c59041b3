"""The requests: what the RFCs want in them, and that nothing else can be asked."""

from __future__ import annotations

import pytest

from pagemeter.ipp import operations
from pagemeter.ipp.message import GroupTag, IppMessage, decode, encode
from pagemeter.ipp.operations import Operation, status_name, succeeded

URI = "ipp://printer.example/ipp/print"
REQUESTS = [
    operations.get_printer_attributes(URI, ["printer-state"]),
    operations.get_jobs(URI, which="completed", requested=["job-id"], limit=5, first_job_id=8),
    operations.get_job_attributes(URI, 3),
    operations.create_printer_subscription(URI, ["job-completed"], lease=60),
    operations.get_subscriptions(URI),
    operations.renew_subscription(URI, 4, lease=60),
    operations.cancel_subscription(URI, 4),
    operations.get_notifications(URI, [4], [1]),
    operations.cups_get_printers(["printer-name"]),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: Operation(one.code).name)
def test_charset_and_language_come_first_and_the_target_next(request_: IppMessage) -> None:
    names = [attribute.name for attribute in request_.groups[0].attributes]
    assert request_.groups[0].tag == GroupTag.OPERATION
    assert names[:2] == ["attributes-charset", "attributes-natural-language"]
    assert "printer-uri" not in names or names[2] == "printer-uri"
    assert decode(encode(request_)) == request_


def test_what_prints_changes_or_deletes_has_no_code() -> None:
    # RFC 8011, RFC 3998, PWG 5100.22 and CUPS: Print-Job 2 ... Send-URI 7, Cancel-Job 8, Hold 0xc ... Purge-Jobs 0x12,
    # Set-Printer-Attributes 0x13, Set-Job-Attributes 0x14, Enable-Printer 0x22 and on, CUPS-Add-Modify 0x4003 and on.
    changing = {*range(0x02, 0x09), *range(0x0C, 0x16), 0x17, *range(0x1D, 0x4001), *range(0x4003, 0x10000)}
    assert not changing & set(Operation)


def test_a_subscription_asks_for_events_to_be_fetched() -> None:
    request = operations.create_printer_subscription(URI, ["job-completed", "printer-state-changed"], lease=600)
    group = request.group(GroupTag.SUBSCRIPTION)
    assert group is not None
    assert group.text("notify-pull-method") == "ippget"
    assert group.texts("notify-events") == ("job-completed", "printer-state-changed")
    assert group.integer("notify-lease-duration") == 600


def test_jobs_are_asked_of_everyone() -> None:
    group = operations.get_jobs(URI, which="completed").groups[0]
    assert group.text("which-jobs") == "completed"
    assert group.boolean("my-jobs") is False


def test_an_answer_succeeds_below_256() -> None:
    assert succeeded(IppMessage((2, 0), 0x0001, 1))
    assert not succeeded(IppMessage((2, 0), 0x0400, 1))
    assert status_name(0x0503) == "version-not-supported (0x0503)"
    assert status_name(0x04FF) == "0x04ff"
