"""The source usb on trees of sysfs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest
from pydantic import JsonValue

from pagemeter import Gathered, Seen
from pagemeter.errors import PluginError
from pagemeter.model import Identity, Origin, Unknown
from pagemeter.testing import FakeServices
from pagemeter_plugins.usb.settings import UsbSettings
from pagemeter_plugins.usb.source import UsbSource

Plug: TypeAlias = Callable[..., Path]

BROTHER_ID = b"MFG:Brother;CMD:PJL,PCL,PCLXL;MDL:HL-9999DW series;CLS:PRINTER;CID:Brother Laser Type1;"


async def gathered(sysfs: Path, cursor: JsonValue = None) -> Gathered:
    cursors: Mapping[str, JsonValue] = {} if cursor is None else {"usb": cursor}
    settings = UsbSettings(sysfs=sysfs, ipp_usb="off")
    async with UsbSource(settings, FakeServices(), platform="linux") as source:
        [batch] = [one async for one in source.collect(cursors)]
    return batch


async def only(sysfs: Path) -> Seen:
    [one] = (await gathered(sysfs)).seen
    return one


def identity(seen: Seen) -> Identity:
    [reading] = seen.readings
    return reading.identity


async def test_a_printer_is_known_by_its_device_id_and_its_place_is_written_as_cups_does(
    sysfs: Path, plug: Plug
) -> None:
    plug(manufacturer="Brother", product="HL-9999DW series", serial="E99999A1N000001")
    batch = await gathered(sysfs)
    [seen] = batch.seen
    assert seen.target.uri == "usb://Brother/HL-9999DW%20series?serial=E99999A1N000001"
    assert seen.target.found_by == "usb"
    who = identity(seen)
    assert (who.manufacturer, who.model, who.serial_number) == ("Brother", "HL-9999DW series", "E99999A1N000001")
    assert who.device_id == BROTHER_ID.decode()
    assert dict(seen.readings[0].origins) == {
        "device_id": Origin(protocol="usb", where="ieee1284_id"),
        "manufacturer": Origin(protocol="usb", where="ieee1284_id MFG"),
        "model": Origin(protocol="usb", where="ieee1284_id MDL"),
        "serial_number": Origin(protocol="usb", where="serial"),
    }
    assert batch.cursor == [seen.target.uri]


async def test_hubs_disks_and_a_host_without_printers_give_nothing(sysfs: Path, plug: Plug) -> None:
    plug("1-2", interface_class="08", protocol="50", device_id=None, product="Mass Storage")
    assert (await gathered(sysfs)).seen == ()


async def test_a_printer_without_usblp_is_known_by_the_strings_of_the_device(sysfs: Path, plug: Plug) -> None:
    plug(device_id=None, manufacturer="Hewlett-Packard", product="HP LaserJet 9999", serial="CNX0000001")
    seen = await only(sysfs)
    assert seen.target.uri == "usb://HP/LaserJet%209999?serial=CNX0000001"
    who = identity(seen)
    assert (who.manufacturer, who.model, who.device_id) == ("HP", "HP LaserJet 9999", None)


async def test_the_device_id_is_also_found_by_the_class_of_usblp(sysfs: Path, plug: Plug) -> None:
    device = plug(device_id=None, lp=0)
    (device / "1-4:1.0/ieee1284_id").write_bytes(BROTHER_ID)
    [link] = [one for one in (sysfs / "bus/usb/devices").iterdir() if one.name == "1-4:1.0"]
    # A bus folder that shows less than the class does.
    link.unlink()
    link.mkdir()
    for name in ("bInterfaceClass", "bInterfaceNumber", "bInterfaceProtocol"):
        (link / name).write_bytes((device / "1-4:1.0" / name).read_bytes())
    assert identity(await only(sysfs)).model == "HL-9999DW series"


async def test_the_number_of_an_interface_that_is_not_the_first_stands_in_the_place(sysfs: Path, plug: Plug) -> None:
    plug(interface=1, serial="E1")
    assert (await only(sysfs)).target.uri == "usb://Brother/HL-9999DW%20series?serial=E1&interface=1"


async def test_a_serial_number_of_the_device_id_goes_before_that_of_the_usb_device(sysfs: Path, plug: Plug) -> None:
    plug(device_id=b"MFG:HP;MDL:LaserJet 9999;SN:CNX0000001;", serial="00CNX0000001")
    seen = await only(sysfs)
    assert identity(seen).serial_number == "CNX0000001"
    assert seen.target.uri.endswith("?serial=00CNX0000001")
    # Older releases of CUPS name the place by the device id's.
    assert seen.target.hints.uris == ("usb://HP/LaserJet%209999?serial=CNX0000001",)


async def test_a_printer_without_serial_number_says_so(sysfs: Path, plug: Plug) -> None:
    plug()
    seen = await only(sysfs)
    assert seen.target.uri == "usb://Brother/HL-9999DW%20series"
    assert identity(seen).serial_number is None
    assert seen.readings[0].unknown == (Unknown(what="serial_number", why="the printer tells none over USB"),)


@pytest.mark.parametrize("serial", [{}, {"serial": "000000000000"}], ids=["none", "the same"])
async def test_two_printers_that_tell_the_same_stay_two(sysfs: Path, plug: Plug, serial: dict[str, str]) -> None:
    plug("1-3", **serial)
    plug("1-4.2", **serial)
    one, other = (await gathered(sysfs)).seen
    assert one.target.uri != other.target.uri
    assert one.target.uri.endswith("port=1-3")
    assert other.target.uri.endswith("port=1-4.2")
    assert identity(one).serial_number is identity(other).serial_number is None
    assert [unknown.what for unknown in one.readings[0].unknown] == ["serial_number"]


async def test_who_is_unplugged_is_told_once(sysfs: Path, plug: Plug) -> None:
    plug(serial="E1")
    first = await gathered(sysfs)
    for link in (sysfs / "bus/usb/devices").glob("1-4*"):
        link.unlink()
    second = await gathered(sysfs, first.cursor)
    [gone] = second.seen
    assert gone.target.uri == first.seen[0].target.uri
    assert gone.readings == ()
    assert (await gathered(sysfs, second.cursor)).seen == ()


@pytest.mark.parametrize("cursor", ["usb://x", 7, {"usb": 1}, [7, None, ["usb://x"]]])
async def test_a_cursor_that_is_not_ours_is_no_harm(sysfs: Path, plug: Plug, cursor: JsonValue) -> None:
    plug(serial="E1")
    assert len((await gathered(sysfs, cursor)).seen) == 1


@pytest.mark.parametrize(
    ("device_id", "model"),
    [
        (b"", None),
        (b"\0\0", None),
        (b"garbage without a key", None),
        (b";;;:::;;;", None),
        (b"MFG:X\x00Y;MDL:Z;", None),
        (b"\x1b%-12345X@PJL MFG:X;", None),
        (b"MFG:Br\xf6ther;MDL:\xff\xfe;", None),
        (b"MFG:<b>;MDL:<script>alert(1)</script>;", "<script>alert(1)</script>"),
        (b"MFG:A;MDL:" + b"M" * 65536 + b";", None),
        (b"mfg: A ;\n mdl: 9999 ; \n", "9999"),
        (b"\x00\x14MFG:A;MDL:9999;", "9999"),
        (b"MFG:A;MDL:../../etc/passwd?x=1#y[;", "../../etc/passwd?x=1#y["),
        ("MFG:A;MDL:日本\u202e;".encode(), "日本"),
    ],
)
async def test_a_hostile_device_id_is_harmless(sysfs: Path, plug: Plug, device_id: bytes, model: str | None) -> None:
    plug(device_id=device_id)
    seen = await only(sysfs)
    who = identity(seen)
    if model is not None:
        assert who.model == model
    for text in (who.manufacturer, who.model, who.device_id, seen.target.uri):
        assert text is None or (text.isprintable() and len(text) <= 4096)
    assert seen.target.uri.isascii()
    assert urlsplit(seen.target.uri).scheme == "usb"
    assert urlsplit(seen.target.uri).fragment == ""
    assert seen.target.port is None


@pytest.mark.parametrize("text", ["", "\x00" * 40, "A" * 65536, "x\ny\x1b[31m", "=cmd|' /C calc'!A0", "#/+$SYS"])
async def test_hostile_strings_of_a_device_are_harmless(sysfs: Path, plug: Plug, text: str) -> None:
    plug(device_id=None, manufacturer=text, product=text, serial=text)
    seen = await only(sysfs)
    assert seen.target.uri.isascii()
    assert len(seen.target.uri) < 4096
    who = identity(seen)
    assert all(one is None or (one.isprintable() and len(one) <= 255) for one in (who.manufacturer, who.model))


async def test_descriptors_that_lie_about_their_length_are_left_at_the_lie(sysfs: Path, plug: Plug) -> None:
    plug("1-3", descriptors=b"\x12\x01" + bytes(16) + b"\x00\x04\x07", serial="E1")
    plug("1-4", descriptors=b"\xff\x04", serial="E2")
    assert len((await gathered(sysfs)).seen) == 2


async def test_a_file_that_can_not_be_read_is_as_good_as_none(sysfs: Path, plug: Plug) -> None:
    device = plug(serial="E1")
    (device / "serial").unlink()
    (device / "serial").mkdir()
    assert identity(await only(sysfs)).serial_number is None


async def test_nothing_is_opened_for_writing_and_no_device_file_at_all(sysfs: Path, plug: Plug) -> None:
    plug(serial="E1", lp=0)
    opened: list[tuple[str, object]] = []
    listening = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open":
            opened.append((str(arguments[0]), arguments[1]))

    sys.addaudithook(hook)
    assert len((await gathered(sysfs)).seen) == 1
    listening = False
    here = [(path, mode) for path, mode in opened if path.startswith((str(sysfs), "/dev"))]
    assert {mode for _, mode in here} == {"r"}
    assert {path.removeprefix(f"{sysfs}/").partition("/")[0] for path, _ in here} <= {"bus", "class"}


async def test_a_host_without_usb_and_another_system_are_told_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"bus/usb/devices can't be read .*has this host USB"):
        await gathered(tmp_path)
    source = UsbSource(UsbSettings(sysfs=tmp_path), FakeServices(), platform="win32")
    with pytest.raises(PluginError, match="only Linux"):
        [one async for one in source.collect({})]
