"""The source usb on trees of sysfs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest
from pydantic import JsonValue, ValidationError

from pagemeter import Gathered, Seen
from pagemeter.errors import DeviceError, PluginError, Unreachable
from pagemeter.ipp.message import IppMessage
from pagemeter.ipp.operations import Operation
from pagemeter.model import Identity, Origin, PrinterState, Scope, Severity, SupplyKind, Unknown
from pagemeter.testing import FakeServices, RecordedIpp, ipp_group
from pagemeter.testing.ipp import Told
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


@pytest.mark.parametrize(
    "url", ["http://10.0.0.7:60000", "http://localhost", "https://localhost:60000", "localhost:60000"]
)
def test_ipp_usb_is_asked_on_this_host_only(url: str) -> None:
    with pytest.raises(ValidationError, match="http://localhost:60000"):
        UsbSettings(ipp_usb=(url,))


IPP_ALTERNATE = b"\x09\x04\x00\x01\x02\x07\x01\x04\x00"
DOOR = "ipp://localhost:60000/ipp/print"


def answer(**attributes: Told) -> IppMessage:
    """Make a printer's answer."""
    return IppMessage((2, 0), 0, 1, (ipp_group(**attributes),))


BROTHER = answer(
    printer_uuid="urn:uuid:e3248000-80ce-11db-8000-30055c000001",
    printer_device_id=BROTHER_ID.decode(),
    printer_make_and_model="Brother HL-9999DW series",
    printer_firmware_string_version=["1.23", "4.5"],
    printer_impressions_completed=4711,
    printer_supply=[
        "index=1;class=supplyThatIsConsumed;type=toner;unit=percent;maxcapacity=100;level=75;colorantname=black;"
    ],
    printer_supply_description=["Black Toner"],
    printer_impressions_completed_col={"monochrome": 4000, "full_color": 711},
    printer_input_tray=["type=sheetFeedManual;maxcapacity=1;level=0;name=manual"],
    printer_state=5,
    printer_state_reasons=["media-empty-error"],
)


async def asked(
    sysfs: Path, answers: Mapping[str, IppMessage | DeviceError], ipp_usb: str | tuple[str, ...] = "auto"
) -> tuple[tuple[Seen, ...], RecordedIpp]:
    ipp = RecordedIpp(answers)
    settings = UsbSettings.model_validate(
        {"sysfs": sysfs, "ipp_usb": ipp_usb, "ipp_usb_state": sysfs.parent / "ipp-usb"}
    )
    async with UsbSource(settings, FakeServices(ipp=ipp), platform="linux") as source:
        [batch] = [one async for one in source.collect({})]
    return batch.seen, ipp


@pytest.fixture
def served(sysfs: Path, plug: Plug) -> Path:
    """A printer whose second alternate setting is IPP-over-USB, and the state that ipp-usb keeps of it."""
    plug(manufacturer="Brother", product="HL-9999DW series", serial="E1", descriptors=IPP_ALTERNATE)
    state = sysfs.parent / "ipp-usb"
    state.mkdir()
    text = '; ipp-usb device state\n[device]\nhttp-port       = 60000\ndns-sd-name     = "x"\ndns-sd-override = ""\n'
    (state / "04f9-0999-E1-Brother-HL-9999DW-series.state").write_text(text)
    return sysfs


async def test_a_printer_with_ipp_over_usb_is_read_through_ipp_usb(served: Path) -> None:
    [seen], ipp = await asked(served, {DOOR: BROTHER})
    [reading] = seen.readings
    assert reading.scopes == {Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS}
    assert (reading.identity.serial_number, reading.identity.uuid) == ("E1", "e3248000-80ce-11db-8000-30055c000001")
    assert {one.key: one.value for one in reading.meter_reads} == {
        "print.any.any.any.impressions": 4711,
        "print.monochrome.any.any.impressions": 4000,
        "print.full-color.any.any.impressions": 711,
    }
    [toner] = reading.supplies
    assert (toner.description, toner.colorants, toner.kind) == ("Black Toner", ("black",), SupplyKind.CONSUMED)
    assert toner.level is not None
    assert toner.level.percent == 75
    assert [tray.name for tray in reading.inputs] == ["manual"]
    assert reading.status is not None
    assert reading.status.state is PrinterState.ERROR
    assert [(alert.code_name, alert.severity) for alert in reading.alerts] == [
        ("inputMediaSupplyEmpty", Severity.CRITICAL)
    ]
    assert [message.code for _, message in ipp.asked] == [Operation.GET_PRINTER_ATTRIBUTES]


async def test_who_ipp_usb_does_not_answer_for_keeps_what_sysfs_tells(served: Path) -> None:
    [seen], _ = await asked(served, {DOOR: Unreachable("nobody there")})
    assert identity(seen).model == "HL-9999DW series"
    assert seen.readings[0].scopes == {Scope.IDENTITY}


async def test_the_answer_of_another_printer_is_not_taken(served: Path) -> None:
    other = answer(printer_device_id="MFG:Acme;MDL:Ink 9000;", printer_impressions_completed=1)
    [seen], _ = await asked(served, {DOOR: other})
    assert seen.readings[0].meter_reads == ()


async def test_ipp_usb_is_not_asked_for_a_printer_that_speaks_no_ipp_nor_where_it_is_off(
    served: Path, plug: Plug
) -> None:
    plug("1-5", serial="E2", manufacturer="Brother", product="HL-9999DW series")
    state = served.parent / "ipp-usb"
    (state / "04f9-0999-E2-Brother-HL-9999DW-series.state").write_text("[device]\nhttp-port = 60001\n")
    _, ipp = await asked(served, {DOOR: BROTHER})
    assert [uri for uri, _ in ipp.asked] == [DOOR]
    _, ipp = await asked(served, {DOOR: BROTHER}, "off")
    assert ipp.asked == []


@pytest.mark.parametrize(
    "text", ["", "[device]\n", "http-port = 0\n", "http-port = 99999\n", "http-port = x\n", "\0" * 9000]
)
async def test_a_broken_state_of_ipp_usb_is_as_good_as_none(served: Path, text: str) -> None:
    [path] = (served.parent / "ipp-usb").iterdir()
    path.write_text(text)
    seen, ipp = await asked(served, {DOOR: BROTHER})
    assert (len(seen), ipp.asked) == (1, [])


async def test_a_listed_address_is_given_to_the_one_printer_that_it_fits(served: Path, plug: Plug) -> None:
    plug("1-5", serial="E2", device_id=b"MFG:Acme;MDL:Ink 9000;")
    urls = ("http://localhost:60000", "ipp://127.0.0.1:60001/ipp/print")
    acme = answer(printer_make_and_model="Acme Ink 9000", printer_impressions_completed=7)
    (one, other), _ = await asked(served, {DOOR: BROTHER, "ipp://127.0.0.1:60001/ipp/print": acme}, urls)
    assert 4711 in [read.value for read in one.readings[0].meter_reads]
    assert [read.value for read in other.readings[0].meter_reads] == [7]


async def test_a_listed_address_that_may_be_of_two_printers_is_given_to_none(served: Path, plug: Plug) -> None:
    plug("1-5", serial="E2")
    seen, _ = await asked(served, {DOOR: BROTHER}, ("http://localhost:60000",))
    assert [one.readings[0].meter_reads for one in seen] == [(), ()]


async def test_a_queue_of_a_print_server_is_given_to_no_printer(served: Path) -> None:
    queue = answer(printer_make_and_model="Brother HL-9999DW series", cups_version="2.4.2", printer_state=3)
    [seen], _ = await asked(served, {DOOR: queue}, ("http://localhost:60000",))
    assert seen.readings[0].scopes == {Scope.IDENTITY}


async def test_of_two_printers_that_ipp_usb_can_not_tell_apart_none_is_asked(served: Path, plug: Plug) -> None:
    plug("1-5", serial="E1", manufacturer="Brother", product="HL-9999DW series", descriptors=IPP_ALTERNATE)
    seen, ipp = await asked(served, {DOOR: BROTHER})
    assert [one.readings[0].scopes for one in seen] == [{Scope.IDENTITY}, {Scope.IDENTITY}]
    assert ipp.asked == []
