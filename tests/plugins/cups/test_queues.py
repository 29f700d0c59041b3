"""A queue as CUPS lists it, its place, and how a server is written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from pagemeter.model import Condition, LevelState, SupplyKind
from pagemeter.testing import ipp_group
from pagemeter_plugins.cups.places import place_of
from pagemeter_plugins.cups.queues import queue_of
from pagemeter_plugins.cups.settings import CupsSettings

AT = datetime(2025, 1, 6, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("device_uri", "place"),
    [
        ("socket://10.0.0.7:9100", "host://10.0.0.7"),
        ("socket://[fe80::7]:9100", "host://[fe80::7]"),
        ("lpd://printer.lan/queue", "host://printer.lan"),
        ("http://10.0.0.7:631/ipp", "host://10.0.0.7"),
        ("ipp://10.0.0.7/ipp/print", "ipp://10.0.0.7/ipp/print"),
        ("ipps://ada:secret@printer.lan:443/ipp/print?waitjob=false", "ipps://printer.lan:443/ipp/print"),
        ("usb://Brother/HL-9999DW%20series?serial=E1", "usb://Brother/HL-9999DW%20series?serial=E1"),
        ("usb://A|B/C[1]?serial=1&interface=1", "usb://A%7CB/C%5B1%5D?serial=1&interface=1"),
        ("hp:/net/HP_LaserJet_9999?ip=10.0.0.7", "host://10.0.0.7"),
        ("hp:/usb/HP_LaserJet_9999?serial=X", None),
        ("dnssd://Acme._ipp._tcp.local/?uuid=1", None),
        ("ipp://Acme%20Ink._ipp._tcp.local/", None),
        ("file:///dev/null", None),
        ("smb://server/queue", None),
        ("cups-pdf:/", None),
        ("socket://", None),
        ("socket://[::1", None),
        ("socket://10.0.0.7:99999999", None),
        ("socket://a<b>:9100", None),
        ("", None),
        (None, None),
    ],
)
def test_a_queue_and_a_printer_belong_together_by_the_place(device_uri: str | None, place: str | None) -> None:
    assert place_of(device_uri) == place


def test_supplies_are_read_from_lists_that_differ_in_length() -> None:
    told = ipp_group(
        printer_name="office",
        printer_state=5,
        printer_state_reasons=["media-empty-error", "paused"],
        marker_names=["Black Toner", "Color", "Waste", "Drum"],
        marker_types=["toner-cartridge", "inkCartridge", "waste-toner"],
        marker_colors=["#000000", "#00FFFF#FF00FF#FFFF00", "none"],
        marker_levels=[4, -1, 80],
        marker_low_levels=[10, 10, 0],
    )
    found = queue_of(told, host="print.lan", at=AT)
    assert found is not None
    assert (found.queue.state, found.queue.reasons) == ("stopped", ("media-empty-error", "paused"))
    assert not found.driven
    black, color, waste, drum = found.queue.supplies
    assert (black.type, black.colorants, black.condition) == ("tonerCartridge", ("black",), Condition.LOW)
    assert black.level is not None
    assert black.level.percent == 4
    assert color.colorants == ("cyan", "magenta", "yellow")
    assert color.level is not None
    assert color.level.state is LevelState.UNKNOWN
    assert color.condition is None
    assert (waste.kind, waste.condition) == (SupplyKind.FILLED, None)
    assert drum.level is not None
    assert (drum.description, drum.level.why, drum.kind) == ("Drum", "the device sends no level", SupplyKind.OTHER)


@pytest.mark.parametrize(
    "server",
    ["localhost", "http://localhost:631", "ipp://", "ipp://a:b@c", "ipp://host/printers/x", "ipp://h:70000", ""],
)
def test_a_server_that_is_none_is_refused_with_an_example(server: str) -> None:
    with pytest.raises(ValidationError, match=r"/run/cups/cups\.sock"):
        CupsSettings(server=server)


def test_a_server_is_written_as_it_is_asked() -> None:
    assert CupsSettings().uri == "ipp://localhost:631/"
    assert CupsSettings(server="ipps://print.example").uri == "ipps://print.example/"
    assert CupsSettings(server="/run/cups/cups.sock").uri == "ipp+unix:///run/cups/cups.sock"
