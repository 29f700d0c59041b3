"""What the source cups makes of a server's answers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import JsonValue

from pagemeter import Gathered
from pagemeter.errors import AccessDenied, Unreadable
from pagemeter.ipp.message import Content, Group, GroupTag, IppMessage
from pagemeter.ipp.operations import Operation, Status
from pagemeter.model import Amount, JobRecord, Queue
from pagemeter.testing import FakeClock, FakeServices, RecordedIpp, ipp_group
from pagemeter_plugins.cups.jobs import job_of, record_of
from pagemeter_plugins.cups.position import Position, Waiting
from pagemeter_plugins.cups.queues import Listed
from pagemeter_plugins.cups.settings import CupsSettings
from pagemeter_plugins.cups.source import CupsSource

URI = "ipp://localhost:631/"
AT = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)
BOOT = 1_736_150_000


def job(number: int, state: int = 9, **more: Content) -> Group:
    told: dict[str, Content] = {
        "job_id": number,
        "job_state": state,
        "job_uuid": f"urn:uuid:00000000-0000-3000-8000-{number:012x}",
        "job_printer_uri": "ipp://localhost/printers/office",
        "time_at_creation": BOOT + number,
        "time_at_completed": BOOT + number + 5,
        "job_printer_up_time": BOOT + 1000,
        "copies": 1,
        "job_impressions_completed": 2,
        "document_format": "application/pdf",
    }
    return ipp_group(GroupTag.JOB, **(told | more))


def event(number: int, sequence: int, *, state: int = 9, at: int = BOOT + 900) -> Group:
    return ipp_group(
        GroupTag.EVENT_NOTIFICATION,
        notify_job_id=number,
        notify_sequence_number=sequence,
        job_state=state,
        printer_up_time=at,
        printer_name="office",
    )


QUEUE = ipp_group(
    printer_name="office",
    printer_uri_supported="ipp://localhost/printers/office",
    printer_uuid="urn:uuid:00000000-0000-3000-8000-0000000000ff",
    device_uri="ipp://10.0.0.7/ipp/print",
    printer_make_and_model="Acme Ink 9000",
    printer_state=3,
)


class Server:
    """A CUPS server as far as the source asks one: Get-Jobs goes by number, and jobs may be missing."""

    def __init__(self, *jobs: Group, queues: Sequence[Group] = (QUEUE,), events: Sequence[Group] = ()) -> None:
        self.jobs = {group.integer("job-id") or 0: group for group in jobs}
        self.queues = list(queues)
        self.events = list(events)
        self.now = BOOT + 1000
        self.refuses: dict[int, int] = {}
        self.subscriptions: list[int] = []
        self.asked: list[IppMessage] = []

    def __call__(self, question: IppMessage) -> IppMessage:
        self.asked.append(question)
        if (status := self.refuses.get(question.code)) is not None:
            return IppMessage((2, 0), status, 1)
        status, groups = self.answers(question)
        return IppMessage((2, 0), status, 1, tuple(groups))

    def answers(self, question: IppMessage) -> tuple[int, list[Group]]:  # noqa: PLR0911 - one for each operation
        head = question.groups[0]
        match question.code:
            case Operation.CUPS_GET_PRINTERS:
                names = [one.text("printer-name") for one in self.queues]
                after = head.text("first-printer-name")
                first = names.index(after) if after is not None else 0
                found = self.queues[first : first + (head.integer("limit") or 1000)]
                return (Status.OK if found else Status.NOT_FOUND), found
            case Operation.GET_JOBS:
                first, limit = head.integer("first-job-id") or 1, head.integer("limit") or 500
                all_of_them = head.text("which-jobs") == "all"
                found = [self.jobs[number] for number in sorted(self.jobs) if number >= first]
                return Status.OK, [one for one in found if all_of_them or (one.integer("job-state") or 0) < 7][:limit]
            case Operation.GET_JOB_ATTRIBUTES:
                one = self.jobs.get(head.integer("job-id") or 0)
                return (Status.OK, [one]) if one is not None else (Status.NOT_FOUND, [])
            case Operation.CREATE_PRINTER_SUBSCRIPTIONS:
                self.subscriptions.append(len(self.subscriptions) + 1)
                return Status.OK, [ipp_group(GroupTag.SUBSCRIPTION, notify_subscription_id=self.subscriptions[-1])]
            case Operation.RENEW_SUBSCRIPTION:
                known = head.integer("notify-subscription-id") in self.subscriptions
                return (Status.OK if known else Status.NOT_FOUND), []
            case Operation.GET_NOTIFICATIONS:
                first = head.integer("notify-sequence-numbers") or 1
                events = [one for one in self.events if (one.integer("notify-sequence-number") or 0) >= first]
                return Status.OK, [ipp_group(GroupTag.OPERATION, printer_up_time=self.now), *events]
            case _:
                return Status.NOT_FOUND, []


async def run(server: Server, cursor: JsonValue = None, **settings: object) -> tuple[list[JobRecord], JsonValue]:
    batches = await batches_of(server, cursor, **settings)
    return [job for batch in batches for job in batch.jobs], batches[-1].cursor


async def batches_of(server: Server, cursor: JsonValue = None, **settings: object) -> list[Gathered]:
    services = FakeServices(ipp=RecordedIpp({URI: server}), clock=FakeClock(AT))
    async with CupsSource(CupsSettings.model_validate(settings), services) as source:
        return [batch async for batch in source.collect({} if cursor is None else {"jobs": cursor})]


def numbers(jobs: Sequence[JobRecord]) -> list[int]:
    return [int(job.id.split(":")[2]) for job in jobs]


async def test_a_long_list_is_taken_page_by_page_and_each_page_moves_the_cursor() -> None:
    server = Server(*(job(number) for number in range(1, 451)))
    batches = await batches_of(server)
    assert [len(batch.jobs) for batch in batches if batch.stream == "jobs"] == [200, 200, 50, 0]
    jobs = [one for batch in batches for one in batch.jobs]
    assert numbers(jobs) == list(range(1, 451))
    # Stopped after the first page.
    rest, _ = await run(server, batches[1].cursor)
    assert numbers(rest) == list(range(201, 451))


async def test_a_job_that_had_not_ended_is_taken_when_it_has() -> None:
    server = Server(job(1), job(2, 5), job(3))
    first, cursor = await run(server)
    server.jobs[2] = job(2, 8)
    second, cursor = await run(server, cursor)
    assert (numbers(first), numbers(second)) == ([1, 3], [2])
    assert second[0].state == "aborted"
    assert second[0].printed is None
    assert (await run(server, cursor))[0] == []


async def test_a_job_that_is_forgotten_is_told_by_its_event_without_a_count() -> None:
    server = Server(job(1), job(2, 4))
    _, cursor = await run(server)
    del server.jobs[2]
    server.events = [event(2, 1, state=7)]
    [gone], cursor = await run(server, cursor)
    assert (gone.state, gone.queue, gone.printer, gone.printed) == (
        "canceled",
        "office",
        "ipp://10.0.0.7/ipp/print",
        None,
    )
    assert gone.submitted_at == datetime.fromtimestamp(BOOT + 2, UTC)
    assert (await run(server, cursor))[0] == []


async def test_numbers_that_nobody_tells_of_are_counted_as_lost(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(job(1))
    _, cursor = await run(server)
    server.jobs = {5000: job(5000)}
    with caplog.at_level(logging.WARNING):
        jobs, _ = await run(server, cursor)
    assert numbers(jobs) == [5000]
    assert "up to 4998 jobs" in caplog.text


async def test_the_first_list_of_a_server_has_no_lost_jobs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        jobs, _ = await run(Server(job(7000)))
    assert numbers(jobs) == [7000]
    assert caplog.text == ""


async def test_numbers_that_begin_anew_are_jobs_of_their_own() -> None:
    server = Server(job(1), job(2), job(3))
    old, cursor = await run(server)
    server.jobs = {number: job(number, time_at_creation=BOOT + 100 + number) for number in (1, 2, 3)}
    new, cursor = await run(server, cursor)
    assert numbers(new) == [1, 2, 3]
    assert not {one.id for one in old} & {one.id for one in new}
    assert (await run(server, cursor))[0] == []


async def test_the_last_numbers_that_are_given_again_are_jobs_of_their_own(caplog: pytest.LogCaptureFixture) -> None:
    server = Server(job(1), job(2, 4), job(3))
    old, cursor = await run(server)
    server.jobs |= {2: job(2), 3: job(3, time_at_creation=BOOT + 103), 4: job(4, time_at_creation=BOOT + 104)}
    new, cursor = await run(server, cursor)
    assert (numbers(old), numbers(new)) == ([1, 3], [2, 3, 4])
    assert not {one.id for one in old} & {one.id for one in new}
    # From then on numbers are missed again.
    server.jobs[7] = job(7, time_at_creation=BOOT + 107)
    with caplog.at_level(logging.WARNING):
        later, cursor = await run(server, cursor)
    assert numbers(later) == [7]
    assert "up to 2 jobs" in caplog.text


async def test_events_that_are_counted_from_an_earlier_number_again_are_heard() -> None:
    server = Server(job(1), job(2, 4), events=[event(1, 10)])
    _, cursor = await run(server)
    del server.jobs[2]
    server.events = [event(2, 3, at=BOOT + 1100)]
    jobs, _ = await run(server, cursor)
    assert numbers(jobs) == [2]


async def test_a_subscription_is_made_once_and_again_when_the_server_lost_it() -> None:
    server = Server()
    _, cursor = await run(server)
    _, cursor = await run(server, cursor)
    assert server.subscriptions == [1]
    server.subscriptions = []
    await run(server, cursor)
    assert server.subscriptions == [1]
    [made] = {one.code for one in server.asked if one.code == Operation.CREATE_PRINTER_SUBSCRIPTIONS}
    message = next(one for one in server.asked if one.code == made)
    told = message.group(GroupTag.SUBSCRIPTION)
    assert told is not None
    assert (told.text("notify-pull-method"), told.texts("notify-events")) == ("ippget", ("job-completed",))


async def test_a_server_that_wants_no_subscriptions_is_followed_by_its_list() -> None:
    server = Server(job(1))
    server.refuses = {Operation.CREATE_PRINTER_SUBSCRIPTIONS: Status.NOT_AUTHORIZED}
    jobs, _ = await run(server)
    assert numbers(jobs) == [1]


async def test_a_server_that_refuses_its_jobs_is_told_in_plain_words() -> None:
    server = Server(job(1))
    server.refuses = {Operation.GET_JOBS: Status.FORBIDDEN}
    with pytest.raises(AccessDenied, match="does its policy allow the user 'ada'"):
        await run(server, user="ada")
    server.refuses = {Operation.CUPS_GET_PRINTERS: Status.OPERATION_NOT_SUPPORTED}
    with pytest.raises(Unreadable, match="is it a CUPS server"):
        await run(server)


async def test_every_question_is_asked_under_the_name_of_the_settings() -> None:
    server = Server(job(1), job(2, 5))
    _, cursor = await run(server, user="ada")
    await run(server, cursor, user="ada")
    assert {one.groups[0].text("requesting-user-name") for one in server.asked} == {"ada"}


async def test_jobs_are_left_alone_where_only_queues_are_wanted() -> None:
    server = Server(job(1))
    [batch] = await batches_of(server, jobs=False)
    assert [queue.name for queue in batch.queues] == ["office"]
    assert {one.code for one in server.asked} == {Operation.CUPS_GET_PRINTERS}


@pytest.mark.parametrize("cursor", [7, "x", [], {"floor": "9", "waiting": [1]}, {"waiting": {"a": 1, "3": [None]}}])
async def test_a_cursor_that_is_not_ours_is_none(cursor: JsonValue) -> None:
    assert Position.from_json(cursor) == Position()
    jobs, _ = await run(Server(job(1)), cursor)
    assert numbers(jobs) == [1]


def test_a_position_comes_back_as_it_was_written() -> None:
    position = Position(
        floor=9,
        waiting={3: Waiting(created=BOOT), 4: Waiting(again=True)},
        subscription=2,
        sequence=8,
        heard=BOOT,
        newest=(8, BOOT),
        created=BOOT,
        taken=BOOT - 1,
    )
    assert Position.from_json(position.to_json()) == position


def listed(*, driven: bool) -> Listed:
    return Listed(queue=Queue(name="office", at=AT), driven=driven)


@pytest.mark.parametrize(
    ("told", "driven", "printed"),
    [
        ({"job_impressions_completed": 4, "copies": 2}, True, Amount(impressions=4)),
        ({"job_impressions_completed": 1}, True, Amount(impressions=1)),
        ({"job_impressions_completed": 0}, True, None),
        ({"job_impressions_completed": 1}, False, None),
        ({"job_impressions_completed": 5, "copies": 5}, False, None),
        ({"job_impressions_completed": 6, "copies": 5}, False, Amount(impressions=6)),
        ({"job_impressions_completed": 1, "document_format": "application/vnd.cups-raw"}, True, None),
        ({"sides": "one-sided", "job_media_sheets_completed": 2}, True, Amount(impressions=2, sheets=2)),
        ({"sides": "two-sided-long-edge", "job_media_sheets_completed": 1}, True, Amount(impressions=2)),
        ({"job_media_sheets_completed": 2}, True, Amount(impressions=2)),
        ({"job_state": 7, "job_impressions_completed": 40}, True, None),
    ],
)
def test_a_count_that_nobody_counted_is_absent(told: dict[str, Content], driven: bool, printed: Amount | None) -> None:
    found = job_of(job(1, 9, **told))
    assert found is not None
    assert record_of(found, {"office": listed(driven=driven)}).printed == printed


def test_a_job_of_a_class_belongs_to_the_printer_that_took_it() -> None:
    found = job_of(
        job(1, job_printer_uri="ipp://localhost/classes/any", job_actual_printer_uri="ipp://localhost/printers/office")
    )
    assert found is not None
    at = Queue(name="office", printer="host://10.0.0.7", at=AT)
    record = record_of(found, {"office": Listed(queue=at, driven=True)})
    assert (record.queue, record.printer) == ("any", "host://10.0.0.7")


def test_the_id_of_a_job_holds_nothing_personal() -> None:
    found = job_of(job(1, job_name="Dismissal of Ada", job_originating_user_name="ada"))
    assert found is not None
    record = record_of(found, {})
    assert (record.user, record.document) == ("ada", "Dismissal of Ada")
    assert record.id == f"cups:00000000-0000-3000-8000-000000000001:1:{BOOT + 1}"


async def test_a_server_with_more_queues_than_fit_into_one_answer_is_asked_page_by_page() -> None:
    queues = [ipp_group(printer_name=f"queue-{number:04}") for number in range(501)]
    server = Server(queues=queues)
    batch, *_ = await batches_of(server)
    assert [queue.name for queue in batch.queues] == [f"queue-{number:04}" for number in range(501)]
    assert sum(one.code == Operation.CUPS_GET_PRINTERS for one in server.asked) == 3


async def test_times_and_numbers_at_the_end_of_the_calendar_are_no_harm() -> None:
    edge = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    server = Server(job(2**31 - 1, date_time_at_creation=edge, job_uuid="urn:uuid:Ada Lovelace", time_at_creation=-1))
    [record], cursor = await run(server)
    assert record.submitted_at is None
    assert record.id == "cups:-:2147483647:-1"
    assert (await run(server, cursor))[0] == []


async def test_hostile_words_of_a_server_are_harmless() -> None:
    nasty = "a\x00b\x1b[31m<script>\u202e" + "x" * 4000
    told = ipp_group(printer_name=nasty, printer_location=nasty, device_uri=nasty, marker_names=[nasty])
    server = Server(job(1, job_name=nasty, job_originating_user_name=nasty, job_printer_uri=nasty), queues=[told])
    queues, jobs, _ = await batches_of(server)
    [queue], [record] = queues.queues, jobs.jobs
    texts = [queue.name, queue.location, queue.supplies[0].description, record.user, record.document, record.queue]
    assert all(text is not None and text.isprintable() and len(text) <= 255 for text in texts)
