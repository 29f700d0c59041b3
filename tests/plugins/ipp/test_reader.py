"""The reader: where it asks, in which version, what it remembers, and what it makes of refusals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from pagemeter.component import Answer, Ask, Memory, NotAPrinter, Per
from pagemeter.errors import AccessDenied, DeviceError, Unreachable, Unreadable
from pagemeter.ipp.message import Attribute, Group, GroupTag, IppMessage, ValueTag
from pagemeter.ipp.operations import Operation
from pagemeter.model import Device, DeviceSnapshot, Hints, Reading, Scope, Target, snapshot_of
from pagemeter.testing import FakeClock, FakeServices, RecordedIpp
from pagemeter_plugins.ipp.reader import IppReader
from pagemeter_plugins.ipp.settings import IppSettings

HOST = Target(uri="host://10.0.0.7", found_by="test")
PRINT = "ipp://10.0.0.7/ipp/print"
NOT_FOUND = IppMessage((2, 0), 0x0406, 1)
OLD = IppMessage((1, 1), 0x0503, 1)
ALL = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})


def printer(name: str = "first floor", *attributes: Attribute) -> IppMessage:
    group = Group(GroupTag.PRINTER, (Attribute.of("printer-name", ValueTag.NAME, name), *attributes))
    return IppMessage((2, 0), 0, 1, (Group(GroupTag.OPERATION), group))


def known() -> tuple[DeviceSnapshot, ...]:
    device = Device(id="d1")
    return (
        snapshot_of(
            device, Reading(), target=HOST.uri, found_by=(), taken_at=FakeClock().now(), read_by=("printer_mib",)
        ),
    )


class Case:
    """A reader with scripted answers."""

    def __init__(self, answers: Mapping[str, Any], **settings: Any) -> None:
        self.ipp = RecordedIpp(answers)
        self.clock = FakeClock()
        self.reader = IppReader(IppSettings(**settings), FakeServices(ipp=self.ipp, clock=self.clock))

    async def read(
        self, target: Target = HOST, *, memory: Memory | None = None, known: tuple[DeviceSnapshot, ...] = ()
    ) -> Answer | NotAPrinter | None:
        self.ipp.asked.clear()
        return await self.reader.read(target, Ask(scopes=ALL, known=known, memory=memory or {}))

    @property
    def uris(self) -> list[str]:
        return [uri for uri, _ in self.ipp.asked]

    @property
    def versions(self) -> list[tuple[int, int]]:
        return [message.version for _, message in self.ipp.asked]


def name_of(answer: Answer | NotAPrinter | None) -> str | None:
    assert isinstance(answer, Answer)
    [reading] = answer.readings
    return reading.identity.name


async def test_the_usual_path_is_asked_first_and_what_worked_is_remembered() -> None:
    case = Case({PRINT: printer()})
    answer = await case.read()
    assert name_of(answer) == "first floor"
    assert isinstance(answer, Answer)
    assert answer.memory == {"uri": PRINT, "version": "2.0", "names": "wanted"}
    assert case.uris == [PRINT]
    [(_, message)] = case.ipp.asked
    assert message.code == Operation.GET_PRINTER_ATTRIBUTES
    operation = message.group(GroupTag.OPERATION)
    assert operation is not None
    assert operation.text("printer-uri") == PRINT


async def test_other_paths_are_tried_and_the_one_that_answered_comes_first_next_time() -> None:
    there = "ipp://10.0.0.7/ipp/printer"
    case = Case({PRINT: NOT_FOUND, "ipp://10.0.0.7/ipp": Unreadable("HTTP 404"), there: printer()})
    answer = await case.read()
    assert case.uris == [PRINT, "ipp://10.0.0.7/ipp", there]
    assert isinstance(answer, Answer)
    await case.read(memory=answer.memory)
    assert case.uris == [there]


async def test_what_a_discovery_told_is_asked_before_guesses() -> None:
    told = "ipps://10.0.0.7:443/ipp/print"
    case = Case({told: printer()})
    hints = Hints(uris=("http://10.0.0.7/", told))
    assert name_of(await case.read(Target(uri=HOST.uri, found_by="mdns", hints=hints))) == "first floor"
    assert case.uris == [told]


async def test_a_printer_that_moved_is_not_asked_at_its_old_address() -> None:
    case = Case({PRINT: printer(), "ipp://10.0.0.99/ipp/print": printer("another printer")})
    assert name_of(await case.read(memory={"uri": "ipp://10.0.0.99/ipp/print"})) == "first floor"
    assert case.uris == [PRINT]


async def test_a_hint_or_a_memory_that_is_no_uri_costs_nothing_but_itself() -> None:
    hints = Hints(uris=("ipp://[", "ipp://10.0.0.7:999999/"))
    case = Case({PRINT: printer()})
    target = Target(uri=HOST.uri, found_by="mdns", hints=hints)
    assert name_of(await case.read(target, memory={"uri": "ipps://]"})) == "first floor"


async def test_an_older_version_is_spoken_where_the_printer_wants_it_and_remembered() -> None:
    case = Case({PRINT: lambda asked: printer() if asked.version == (1, 0) else OLD})
    answer = await case.read()
    assert case.versions == [(2, 0), (1, 1), (1, 0)]
    assert isinstance(answer, Answer)
    assert answer.memory is not None
    await case.read(memory=answer.memory)
    assert case.versions == [(1, 0)]


def names_asked(message: IppMessage) -> tuple[str | None, ...]:
    operation = message.group(GroupTag.OPERATION)
    assert operation is not None
    return operation.texts("requested-attributes")


@pytest.mark.parametrize("status", [0x040B, 0x0400, 0x0500])
async def test_a_printer_that_stumbles_over_names_is_asked_for_all_and_then_for_five(status: int) -> None:
    choking = IppMessage((2, 0), status, 1)

    def picky(message: IppMessage) -> IppMessage:
        return printer() if len(names_asked(message)) == 5 else choking

    case = Case({PRINT: picky})
    answer = await case.read()
    assert [len(names_asked(message)) for _, message in case.ipp.asked][1:] == [0, 5]
    assert isinstance(answer, Answer)
    assert answer.memory is not None
    await case.read(memory=answer.memory)
    assert [len(names_asked(message)) for _, message in case.ipp.asked] == [5]


@pytest.mark.parametrize("memory", [{"uri": 5, "version": "9.9", "names": "x"}, {"silent_until": "soon"}, {"uri": ""}])
async def test_a_memory_that_makes_no_sense_is_forgotten(memory: Memory) -> None:
    assert name_of(await Case({PRINT: printer()}).read(memory=memory)) == "first floor"


async def test_a_host_without_ipp_is_knocked_at_once_and_speaks_another_protocol() -> None:
    case = Case({})
    assert await case.read() is None
    assert case.uris == [PRINT]


async def test_a_known_printer_without_ipp_is_tried_by_tls_and_then_left_alone_for_days() -> None:
    case = Case({}, retry_days=2)
    answer = await case.read(known=known())
    assert case.uris == [PRINT, "ipps://10.0.0.7:443/ipp/print"]
    assert isinstance(answer, Answer)
    assert answer.readings == ()
    assert answer.memory is not None
    assert await case.read(memory=answer.memory, known=known()) is None
    assert case.uris == []
    await case.clock.advance(timedelta(days=2, seconds=1).total_seconds())
    await case.read(memory=answer.memory, known=known())
    assert case.uris != []


async def test_a_printer_that_spoke_ipp_is_left_alone_for_an_hour_only_and_its_place_is_kept() -> None:
    case = Case({})
    memory = {"uri": "ipp://10.0.0.7/ipp", "version": "1.1", "names": "all"}
    answer = await case.read(memory=memory, known=known())
    assert isinstance(answer, Answer)
    assert answer.memory is not None
    assert {name: answer.memory[name] for name in memory} == memory
    await case.clock.advance(timedelta(hours=1, seconds=1).total_seconds())
    await case.read(memory=answer.memory, known=known())
    assert case.uris[0] == "ipp://10.0.0.7/ipp"


async def test_a_printer_whose_port_443_answers_is_remembered_there() -> None:
    there = "ipps://10.0.0.7:443/ipp/print"
    case = Case({there: printer()})
    answer = await case.read(known=known())
    assert isinstance(answer, Answer)
    assert answer.memory is not None
    assert answer.memory["uri"] == there


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Unreachable("silence"), Unreachable),
        (NOT_FOUND, Unreadable),
        (Unreadable("HTTP 500"), Unreadable),
        (AccessDenied("HTTP 401"), AccessDenied),
        (IppMessage((2, 0), 0x0401, 1), AccessDenied),
        (IppMessage((2, 0), 0x0507, 1), Unreadable),
        (IppMessage((2, 0), 0, 1), Unreadable),
    ],
)
async def test_a_target_that_names_ipp_fails_with_a_reason(reply: Any, error: type[DeviceError]) -> None:
    target = Target(uri="ipp://10.0.0.7:8631/ipp/print", found_by="test")
    case = Case({target.uri: lambda _: reply})
    with pytest.raises(error):
        await case.read(target)
    assert set(case.uris) == {target.uri}


async def test_a_target_of_ipp_without_a_path_is_looked_through() -> None:
    case = Case({"ipps://10.0.0.7:8631/ipp/print": NOT_FOUND, "ipps://10.0.0.7:8631/ipp": printer()})
    assert name_of(await case.read(Target(uri="ipps://10.0.0.7:8631", found_by="test"))) == "first floor"


async def test_a_password_is_told_also_where_only_the_host_is_named() -> None:
    with pytest.raises(AccessDenied):
        await Case({PRINT: AccessDenied("HTTP 401")}).read()


async def test_a_queue_is_no_printer() -> None:
    queue = printer("office", Attribute.of("cups-version", ValueTag.TEXT, "2.4.2"))
    assert await Case({PRINT: queue}).read() == NotAPrinter(what="a print server's queue")


@pytest.mark.parametrize("uri", ["usb://Acme/P?serial=1", "cups://server/printers/office", "host://"])
async def test_other_places_are_not_asked(uri: str) -> None:
    case = Case({})
    assert await case.read(Target(uri=uri, found_by="test")) is None
    assert case.uris == []


async def test_an_snmp_target_and_an_ipv6_address_are_asked_by_their_host() -> None:
    case = Case({PRINT: printer(), "ipp://[fd00::7]/ipp/print": printer("sixth")})
    assert name_of(await case.read(Target(uri="snmp://10.0.0.7:1161", found_by="test"))) == "first floor"
    assert name_of(await case.read(Target(uri="host://[fd00::7]", found_by="test"))) == "sixth"


async def test_a_visit_that_wants_nothing_of_it_sends_nothing() -> None:
    case = Case({})
    answer = await case.reader.read(HOST, Ask(scopes=frozenset({Scope.JOBS})))
    assert answer == Answer()
    assert case.ipp.asked == []


def test_the_plan_names_the_ports_and_that_it_wakes() -> None:
    reader = Case({}).reader
    assert reader.wakes
    assert [(one.port, one.protocol, one.per) for one in reader.traffic()] == [
        (631, "tcp", Per.DEVICE),
        (None, "tcp", Per.DEVICE),
        (443, "tcp", Per.DEVICE),
    ]
