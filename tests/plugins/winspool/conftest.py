"""Events and structures as Windows documents them, and a spooler that answers from memory."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

import pytest

from pagemeter_plugins.winspool.structures import Buffer

BEGIN = datetime(2026, 3, 17, 8, 0, tzinfo=UTC)
EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-PrintService' Guid='{{747ef6fd-e535-4d16-b510-42c90f6873a1}}'/>"
    "<EventID>{number}</EventID><Version>0</Version><Level>4</Level>"
    "<TimeCreated SystemTime='{at}'/><EventRecordID>{record}</EventRecordID>"
    "<Channel>Microsoft-Windows-PrintService/Operational</Channel><Computer>{computer}</Computer></System>"
    "<UserData><{name} xmlns='http://manifests.microsoft.com/win/2005/08/windows/printing/spooler/core/events'>"
    "{values}</{name}></UserData></Event>"
)


def event(number: int, name: str, values: Mapping[str, Any], *, record: int, at: datetime, computer: str) -> str:
    inner = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in values.items())
    when = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}0Z"
    return EVENT.format(number=number, name=name, values=inner, record=record, at=when, computer=computer)


@dataclass(slots=True)
class Channel:
    """Writes events, each a second after the one before."""

    computer: str = "PRINTSRV.school.example"
    record: int = 0
    at: datetime = BEGIN
    written: list[str] = field(default_factory=list)

    def printed(self, job: int = 1, **changed: Any) -> str:
        values = {
            "Param1": job, "Param2": "Timetable", "Param3": "ada", "Param4": "\\\\PC-14", "Param5": "Library",
            "Param6": "IP_10.0.0.7", "Param7": 20480, "Param8": 6,
        }  # fmt: skip
        return self.write(307, "DocumentPrinted", {**values, **changed})

    def rendered(self, job: int = 1, *, copies: int = 2, color: int = 2) -> str:
        values = {
            "JobId": job, "GdiJobSize": 999, "ICMMethod": 1, "Color": color, "XRes": 600, "YRes": 600,
            "Quality": -4, "Copies": copies, "TTOption": 3,
        }  # fmt: skip
        return self.write(805, "RenderJobDiag", values)

    def write(self, number: int, name: str, values: Mapping[str, Any]) -> str:
        self.record += 1
        self.at += timedelta(seconds=1)
        self.written.append(event(number, name, values, record=self.record, at=self.at, computer=self.computer))
        return self.written[-1]

    def clear(self, *, restart: bool) -> None:
        self.written.clear()
        self.record = 0 if restart else self.record


def buffer_of(texts: list[list[str | None]], pointers: int, numbers: list[list[int]], *, pointer: int = 8) -> Buffer:
    """Lay structures out as the spooler does: all of them in front, their texts behind."""
    address = 0x7FF6_1234_0000 if pointer == 8 else 0x0123_0000
    layout = struct.Struct("<" + ("Q" if pointer == 8 else "I") * pointers + "I" * len(numbers[0]) if numbers else "<")
    behind, heads = b"", b""
    begin = address + layout.size * len(texts)
    for row, counts in zip(texts, numbers, strict=True):
        places = []
        for text in row:
            places.append(0 if text is None else begin + len(behind))
            behind += b"" if text is None else text.encode("utf-16-le") + b"\0\0"
        heads += layout.pack(*places, *[0] * (pointers - len(row)), *counts)
    return Buffer(octets=heads + behind, address=address, count=len(texts), pointer=pointer)


@dataclass(slots=True)
class MemorySpooler:
    """A spooler of a test."""

    channel: Channel
    buffer: Buffer = field(default_factory=lambda: buffer_of([], 13, []))
    addresses: dict[str, str] = field(default_factory=dict)
    on: bool = True
    failure: OSError | None = None
    asked: list[str] = field(default_factory=list)

    def printers(self) -> Buffer:
        return self.buffer

    def ports(self) -> Buffer:
        return buffer_of([], 3, [])

    def hosts(self) -> Mapping[str, str]:
        if self.failure is not None:
            raise self.failure
        return self.addresses

    def enabled(self) -> bool:
        return self.on

    def events(self, condition: str) -> Iterator[str]:
        """Answer the conditions that the source asks, as XPath would."""
        self.asked.append(condition)
        numbers = {int(number) for number in re.findall(r"EventID=(\d+)", condition)}
        exact = re.search(r"EventRecordID=(\d+)", condition)
        after = re.search(r"EventRecordID>(\d+)", condition)
        for xml in list(self.channel.written):
            number = int(re.findall(r"<EventID>(\d+)", xml)[0])
            record = int((re.findall(r"<EventRecordID>(\d+)", xml) or ["0"])[0])
            fits = not numbers or number in numbers
            fits = fits and (exact is None or record == int(exact[1]))
            if fits and (after is None or record > int(after[1])):
                yield xml


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def spooler(channel: Channel) -> MemorySpooler:
    return MemorySpooler(channel)


@pytest.fixture
def make_buffer() -> Callable[..., Buffer]:
    return buffer_of
