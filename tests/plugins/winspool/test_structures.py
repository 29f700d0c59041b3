"""Structures of winspool.h in octets, and the queues that they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pagemeter_plugins.winspool.queues import is_ignored, place_of, queue_of
from pagemeter_plugins.winspool.structures import Printer, ports_in, printers_in

NOW = datetime(2026, 3, 17, 8, 0, tzinfo=UTC)
LIBRARY = [None, "Library", "lib", "IP_10.0.0.7", "Laser 9 PCL6", "near the door", "Hall"]
COLOR = ["\\\\OTHER", "\\\\OTHER\\Färber", None, "nul:", "Ink 3", None, None]
# attributes, priority, default priority, start, until, status, jobs, pages a minute
NUMBERS = [[0x40, 1, 0, 0, 0, 0x400, 3, 20], [0x400, 1, 0, 0, 0, 0, 0, 0]]


@pytest.mark.parametrize("pointer", [4, 8])
def test_printers_are_read_out_of_the_spoolers_buffer(pointer: int, make_buffer: Any) -> None:
    library, color = printers_in(make_buffer([LIBRARY, COLOR], 13, NUMBERS, pointer=pointer))
    assert (library.name, library.port, library.driver, library.location) == (
        "Library", "IP_10.0.0.7", "Laser 9 PCL6", "Hall",
    )  # fmt: skip
    assert (library.server, library.share, library.status, library.jobs) == (None, "lib", 0x400, 3)
    assert (color.name, color.server, color.attributes) == ("\\\\OTHER\\Färber", "\\\\OTHER", 0x400)


def test_ports_are_read_out_of_the_spoolers_buffer(make_buffer: Any) -> None:
    (port,) = ports_in(make_buffer([["IP_10.0.0.7", "Standard TCP/IP Port", None]], 3, [[1, 0]]))
    assert (port.name, port.monitor, port.description) == ("IP_10.0.0.7", "Standard TCP/IP Port", None)


def test_a_buffer_that_is_cut_short_is_refused(make_buffer: Any) -> None:
    buffer = make_buffer([LIBRARY], 13, NUMBERS[:1])
    with pytest.raises(ValueError, match="cut short"):
        list(printers_in(replace(buffer, octets=buffer.octets[:100])))


def test_a_pointer_out_of_the_buffer_is_refused(make_buffer: Any) -> None:
    buffer = make_buffer([LIBRARY], 13, NUMBERS[:1])
    with pytest.raises(ValueError, match="points out of itself"):
        list(printers_in(replace(buffer, address=buffer.address + 100_000)))


def test_a_text_that_nobody_ends_stops_at_the_end(make_buffer: Any) -> None:
    buffer = make_buffer([LIBRARY], 13, NUMBERS[:1])
    (printer,) = printers_in(replace(buffer, octets=buffer.octets[:-2]))
    assert printer.location == "Hall"


def printer(**changed: Any) -> Printer:
    plain = Printer(
        name="Library", server=None, share=None, port="IP_10.0.0.7", driver="Laser 9", comment=None, location="Hall",
        attributes=0, status=0, jobs=0,
    )  # fmt: skip
    return replace(plain, **changed)


def test_a_printer_is_a_queue_and_no_device() -> None:
    queue = queue_of(printer(jobs=2), {}, None, NOW)
    assert (queue.name, queue.printer, queue.model, queue.location) == ("Library", "host://10.0.0.7", "Laser 9", "Hall")
    assert (queue.state, queue.reasons, queue.accepting, queue.queued_jobs) == ("idle", (), True, 2)


@pytest.mark.parametrize(
    ("status", "attributes", "state", "reasons"),
    [
        (0x400, 0, "processing", ()),
        (0x1, 0, "stopped", ("paused",)),
        (0x8 | 0x400000, 0, "stopped", ("media-jam-error", "door-open-error")),
        (0x20000, 0, "idle", ("toner-low-warning",)),
        (0x80, 0x400, "stopped", ("offline-report",)),
        (0, 0x400, "stopped", ("offline-report",)),
        (0x4, 0, "idle", ("deactivated",)),
    ],
)
def test_status_bits_are_states_and_reasons(status: int, attributes: int, state: str, reasons: tuple[str, ...]) -> None:
    queue = queue_of(printer(status=status, attributes=attributes), {}, None, NOW)
    assert (queue.state, queue.reasons) == (state, reasons)
    assert queue.accepting is (status != 0x4)


@pytest.mark.parametrize(
    ("port", "place"),
    [
        ("IP_10.0.0.7", "host://10.0.0.7"),
        ("ip_10.0.0.7_1", "host://10.0.0.7"),
        ("10.0.0.7:9100", "host://10.0.0.7"),
        ("Upstairs", "host://laser.lan"),
        ("Six", "host://[fd00::7]"),
        ("IP_10.0.0.777", None),
        ("WSD-1234", None),
        ("USB001", None),
        ("COM1:,LPT1:", None),
        (None, None),
    ],
)
def test_a_port_leads_to_the_place_that_is_configured_or_that_its_name_says(
    port: str | None, place: str | None
) -> None:
    hosts = {"upstairs": "laser.lan", "six": "fd00::7"}
    assert place_of(port, hosts) == place


def test_ports_without_paper_are_known_by_name_in_capitals_too() -> None:
    assert is_ignored("NUL:", ("nul:",))
    assert not is_ignored("IP_10.0.0.7", ("nul:",))
    assert not is_ignored(None, ("nul:",))
