"""Printers with IPP-over-USB, through ipp-usb."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from pydantic import ValidationError

from pagemeter import Seen
from pagemeter.errors import DeviceError, Unreachable
from pagemeter.ipp.message import IppMessage
from pagemeter.ipp.operations import Operation
from pagemeter.model import PrinterState, Scope, Severity, SupplyKind
from pagemeter.testing import FakeServices, RecordedIpp, ipp_group
from pagemeter.testing.ipp import Told
from pagemeter_plugins.usb.settings import UsbSettings
from pagemeter_plugins.usb.source import UsbSource

Plug: TypeAlias = Callable[..., Path]

IPP_ALTERNATE = b"\x09\x04\x00\x01\x02\x07\x01\x04\x00"
DOOR = "ipp://localhost:60000/ipp/print"


def answer(**attributes: Told) -> IppMessage:
    """Make a printer's answer."""
    return IppMessage((2, 0), 0, 1, (ipp_group(**attributes),))


BROTHER = answer(
    printer_uuid="urn:uuid:e3248000-80ce-11db-8000-30055c000001",
    printer_device_id="MFG:Brother;CMD:PJL,PCL,PCLXL;MDL:HL-9999DW series;CLS:PRINTER;CID:Brother Laser Type1;",
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


@pytest.mark.parametrize(
    "url", ["http://10.0.0.7:60000", "http://localhost", "https://localhost:60000", "localhost:60000"]
)
def test_ipp_usb_is_asked_on_this_host_only(url: str) -> None:
    with pytest.raises(ValidationError, match="http://localhost:60000"):
        UsbSettings(ipp_usb=(url,))


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
    assert seen.readings[0].identity.model == "HL-9999DW series"
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
