"""The picture of a device and its explanation, on terminals, in pipes, and of devices that mean no good."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from pagemeter.cli.explanation import explanation
from pagemeter.cli.picture import picture
from pagemeter.model import (
    Alert,
    Condition,
    Device,
    DeviceSnapshot,
    HostName,
    Input,
    Level,
    LevelState,
    MeterColor,
    MeterRead,
    MeterUnit,
    NameOrigin,
    Origin,
    Outlook,
    PrinterState,
    Quality,
    Rival,
    Severity,
    Since,
    Status,
    Supply,
    SupplyKind,
    Training,
    Unknown,
    Work,
)

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
HERE = Origin(protocol="snmp", where="1.3.6.1.2.1.43.11.1.1.9.1.1")
THERE = Origin(protocol="ipp", where="marker-levels")


def snapshot(**parts: Any) -> DeviceSnapshot:
    device = parts.pop("device", Device(id="", model="ACME 1", addresses=("10.0.0.7",)))
    return DeviceSnapshot(device=device, target="host://10.0.0.7", taken_at=AT, read_by=("printer_mib",), **parts)


def percent(share: int, **more: Any) -> Level:
    return Level(state=LevelState.MEASURED, units=share, percent=share, **more)


def supply(level: Level | None = None, **parts: Any) -> Supply:
    known = {"index": "1.1", "kind": SupplyKind.CONSUMED, "description": "Toner", "origin": HERE, "at": AT, **parts}
    return Supply(level=level, **known)


def meter(value: int = 1234, **parts: Any) -> MeterRead:
    known = {
        "work": Work.TOTAL,
        "unit": MeterUnit.IMPRESSIONS,
        "raw": str(value),
        "at": AT,
        "origin": Origin(protocol="snmp", where="1.3.6.1.2.1.43.10.2.1.4.1.1"),
        **parts,
    }
    return MeterRead(value=value, **known)


def drawn(
    shown: DeviceSnapshot, *, width: int = 200, colors: bool = False, encoding: str = "utf-8", explain: bool = False
) -> str:
    """Print it as a console of that width and encoding gets it; without colors where none are wanted."""
    octets = io.BytesIO()
    file = io.TextIOWrapper(octets, encoding=encoding)
    out = Console(
        file=file, width=width, force_terminal=colors, no_color=not colors, color_system="standard" if colors else None
    )
    for part in explanation(shown) if explain else picture(shown):
        out.print(part)
    file.flush()
    return octets.getvalue().decode(encoding)


def row(said: str, start: str) -> str:
    """Return the one line that begins so, without what is beside it."""
    [line] = [line.rstrip() for line in said.splitlines() if line.startswith(start)]
    return line


# ---- bars


@pytest.mark.parametrize(
    ("colorant", "ansi"), [("cyan", "36"), ("magenta", "35"), ("yellow", "33"), ("black", "90"), ("red", "31")]
)
def test_a_bar_has_the_color_of_its_ink(colorant: str, ansi: str) -> None:
    said = drawn(snapshot(supplies=(supply(percent(50), colorants=(colorant,)),)), colors=True)
    assert f"\x1b[{ansi}m{'█' * 12}\x1b[0m" in said


@pytest.mark.parametrize(("share", "ansi"), [(21, "32"), (20, "33"), (11, "33"), (10, "31")])
def test_what_has_no_ink_is_green_while_it_is_good(share: int, ansi: str) -> None:
    said = drawn(snapshot(supplies=(supply(percent(share), type="fuser"),)), colors=True)
    assert re.search(rf"\x1b\[{ansi}m█+\x1b\[0m", said)


@pytest.mark.parametrize(("share", "full"), [(0, 0), (1, 1), (50, 12), (99, 23), (100, 24)])
def test_only_nothing_is_drawn_as_nothing_and_only_all_as_all(share: int, full: int) -> None:
    said = drawn(snapshot(supplies=(supply(percent(share)),)))
    assert row(said, "Toner") == f"Toner  {'█' * full}{'░' * (24 - full)}  {share} %"


def test_an_output_without_block_signs_gets_plain_ones_and_no_error() -> None:
    shown = snapshot(supplies=(supply(percent(25)), supply(percent(25), index="1.2", kind=SupplyKind.FILLED)))
    said = drawn(shown, encoding="ascii")
    assert f"{'#' * 6}{'-' * 18}" in said
    assert f"{'=' * 6}{'.' * 18}" in said


def test_a_pipe_gets_no_control_sequence() -> None:
    shown = snapshot(supplies=(supply(percent(5), condition=Condition.LOW),), meter_reads=(meter(),))
    assert "\x1b" not in drawn(shown)


# ---- levels that are no share


def test_some_and_unknown_are_never_drawn_as_a_share_and_say_why() -> None:
    shown = snapshot(
        supplies=(
            supply(Level(state=LevelState.SOME_REMAINING), description="Part A"),
            supply(Level(state=LevelState.UNKNOWN, why="the device sends no level"), description="Part B"),
            supply(Level(state=LevelState.UNRESTRICTED), description="Part C"),
            supply(
                Level(state=LevelState.MEASURED, units=1200, why="the capacity is 0"),
                description="Part D",
                unit="grams",
            ),
            supply(None, description="Part E"),
        )
    )
    said = drawn(shown)
    assert not set("█▒░") & set(said)
    assert row(said, "Part A").split() == ["Part", "A", "?" * 24, "some"]
    assert row(said, "Part B").endswith("unknown  the device sends no level")
    assert row(said, "Part C").split() == ["Part", "C", "unrestricted"]
    assert row(said, "Part D").endswith("1,200 grams  the capacity is 0")
    assert row(said, "Part E").split() == ["Part", "E", "-"]


def test_a_level_that_is_known_in_steps_says_so() -> None:
    assert row(drawn(snapshot(supplies=(supply(percent(40, step=10)),))), "Toner").endswith("40 %  in steps of 10 %")


def test_a_level_of_another_source_names_it() -> None:
    shown = snapshot(supplies=(supply(percent(43, why="snmp: only that some is left")),))
    shown = replace(shown, origins=(("supplies.1.1.level", THERE),))
    assert row(drawn(shown), "Toner").endswith("43 %  by ipp")
    said = drawn(shown, explain=True)
    assert "1.1     Toner   43 %    ipp marker-levels; snmp: only that some is left" in said


# ---- what fills


def waste(share: int, condition: Condition | None = None) -> Supply:
    return supply(percent(share), kind=SupplyKind.FILLED, type="wasteToner", description="Waste", condition=condition)


@pytest.mark.parametrize("share", [0, 50, 100])
def test_the_share_of_a_waste_box_is_neither_good_nor_bad_and_says_so(share: int) -> None:
    said = drawn(snapshot(supplies=(waste(share),)), colors=True)
    assert not re.search("\x1b\\[3[1-36]m", said), "neither red, green, yellow nor cyan"
    assert "█" not in said
    assert f"{share} %" in said
    assert "fill or room: not told which" in said


@pytest.mark.parametrize(
    ("condition", "words"),
    [(Condition.EMPTY, "full"), (Condition.LOW, "nearly full"), (Condition.OK, "has room")],
)
def test_a_waste_box_that_the_device_calls_full_is_called_full_and_not_empty(condition: Condition, words: str) -> None:
    said = row(drawn(snapshot(supplies=(waste(100, condition),))), "Waste")
    assert re.split(r"  +", said)[-1].split(",")[0] == words
    assert "empty" not in said


def test_a_full_waste_box_is_red_and_a_cartridge_that_is_empty_too() -> None:
    shown = snapshot(supplies=(waste(100, Condition.EMPTY), supply(percent(0), condition=Condition.EMPTY)))
    said = drawn(shown, colors=True)
    assert "\x1b[1;31mfull\x1b[0m" in said
    assert "\x1b[1;31mempty\x1b[0m" in said


# ---- what is left


def test_what_is_left_is_said_by_the_device_or_by_its_history_with_a_margin() -> None:
    outlook = Outlook(
        pages=1200, pages_low=900, pages_high=1500, days=40, days_low=30, days_high=55, since=AT - timedelta(days=60)
    )
    shown = snapshot(supplies=(supply(percent(50), pages_left=3000), supply(percent(5), index="1.2", outlook=outlook)))
    said = drawn(shown)
    assert "3,000 pages, says the device" in said
    assert "about 1,200 pages (900-1,500), 40 days (30-55)" in said


# ---- meters


def test_meters_stand_by_work_and_color_with_columns_only_for_what_is_told() -> None:
    shown = snapshot(
        meter_reads=(
            meter(900, work=Work.COPY),
            meter(1000, color=MeterColor.MONOCHROME),
            meter(3000),
            meter(2000, color=MeterColor.FULL_COLOR),
        )
    )
    said = drawn(shown)
    assert "Meters, in impressions" in said
    assert row(said, "Work").split() == ["Work", "All", "Mono", "Color", "Read", "from"]
    assert row(said, "total").split()[:4] == ["total", "3,000", "1,000", "2,000"]
    assert row(said, "copy").split()[:2] == ["copy", "900"]
    assert said.index("\ntotal") < said.index("\ncopy")


def test_units_stand_in_a_column_where_there_are_several() -> None:
    said = drawn(snapshot(meter_reads=(meter(), meter(5, unit=MeterUnit.METRES))))
    assert "Unit" in said
    assert "metres" in said


def test_marks_have_a_legend_only_where_they_stand() -> None:
    plain = drawn(snapshot(meter_reads=(meter(),)))
    assert not {"?", "!"} & set(plain)
    reads = (meter(1, quality=Quality.UNVERIFIED), meter(2, since=Since.POWER_ON, quality=Quality.SUSPICIOUS))
    said = drawn(snapshot(meter_reads=reads))
    assert row(said, "total  ").split()[1] == "1?"
    assert row(said, "total since power-on").split()[3] == "2!"
    assert "? unverified: no recording of a device proves the place" in said
    assert "! suspicious: not to be believed yet" in said


def test_sizes_of_which_nothing_was_counted_are_summed_up() -> None:
    reads = (meter(), meter(0, media="A4"), meter(0, media="A5"), meter(7, media="A3"))
    said = drawn(snapshot(meter_reads=reads))
    assert "2 sizes of which nothing was counted are not shown" in said
    assert "A3" in said
    assert "A4" not in said


def rival(value: int, *, seconds: float = 0.0, why: str = "a source named earlier tells this meter too") -> Rival:
    origin = Origin(protocol="ipp", where="printer-impressions-completed")
    return Rival(read=meter(value, origin=origin, at=AT + timedelta(seconds=seconds)), why=why)


def test_a_meter_that_another_source_tells_otherwise_is_named_in_the_picture() -> None:
    said = drawn(snapshot(meter_reads=(meter(1000),), rivals=(rival(980),)))
    assert "1 told otherwise by another source: total.any.any.any.impressions" in said
    assert "told otherwise" not in drawn(snapshot(meter_reads=(meter(1000),), rivals=(rival(1000),)))


# ---- the rest


def test_alerts_stand_with_the_critical_ones_first_in_red() -> None:
    alerts = (
        Alert(key="1", severity=Severity.WARNING, description="Low", training=Training.UNTRAINED, origin=HERE),
        Alert(key="2", severity=Severity.CRITICAL, description="Jam", raised_at=AT, origin=HERE),
        Alert(key="3", code=1104, origin=HERE),
    )
    said = drawn(snapshot(alerts=alerts), colors=True)
    assert said.index("Jam") < said.index("Low") < said.index("1104")
    assert "\x1b[1;31mcritical" in said
    assert "\x1b[33mwarning" in said
    assert "2026-03-02 08:00 UTC" in said
    assert "untrained" in said


def test_trays_say_how_full_they_are_as_far_as_it_is_told() -> None:
    trays = (
        Input(index="1.1", name="Tray 1", level=Level(state=LevelState.SOME_REMAINING), origin=HERE),
        Input(index="1.2", name="Tray 2", unit="sheets", level=Level(state=LevelState.MEASURED, units=40), origin=HERE),
    )
    said = drawn(snapshot(inputs=trays))
    assert row(said, "Tray 1").split() == ["Tray", "1", "some"]
    assert row(said, "Tray 2").split() == ["Tray", "2", "40", "sheets"]


def test_what_is_not_known_stands_with_the_reason_and_what_was_cut_short_too() -> None:
    unknown = (Unknown(what="mono", why="no profile"),)
    said = drawn(snapshot(unknown=unknown, missing=("prtAlertTable: the answers ended",)))
    assert row(said, "mono").split() == ["mono", "no", "profile"]
    assert "cut short: the answers ended" in row(said, "prtAlertTable")


def test_a_device_that_tells_nothing_is_a_picture_too() -> None:
    said = drawn(snapshot(device=Device(id="")))
    assert said.split("\n")[0] == "A printer that does not say what it is  status unknown"
    assert "host://10.0.0.7" in said
    assert not re.search("Supplies|Meters|Alerts|Trays|Not known|None", said)
    explained = drawn(snapshot(device=Device(id="")), explain=True)
    assert explained == "\nSources, in the order in which they count\nprinter_mib\n"


@pytest.mark.parametrize(
    ("state", "ansi"), [(PrinterState.ERROR, "1;31"), (PrinterState.WARNING, "33"), (PrinterState.IDLE, "32")]
)
def test_the_state_stands_beside_the_name_in_its_color(state: PrinterState, ansi: str) -> None:
    said = drawn(snapshot(status=Status(state=state, origin=HERE)), colors=True)
    assert said.split("\n")[0] == f"\x1b[1mACME 1\x1b[0m  \x1b[{ansi}m{state}\x1b[0m"


def test_the_maker_is_not_said_twice() -> None:
    def head(maker: str, model: str) -> str:
        return drawn(snapshot(device=Device(id="", manufacturer=maker, model=model))).split("\n")[0]

    assert head("Kyocera", "KYOCERA ECOSYS 1").startswith("KYOCERA ECOSYS 1 ")
    assert head("Kyocera", "ECOSYS 1").startswith("Kyocera ECOSYS 1 ")


# ---- widths


def everything(words: str = "Toner") -> DeviceSnapshot:
    colors = (MeterColor.ANY, MeterColor.MONOCHROME, MeterColor.FULL_COLOR, MeterColor.TIER_1, MeterColor.TIER_2)
    reads = tuple(meter(18_446_744_073_709_551_000 + n, color=color) for n, color in enumerate(colors))
    return snapshot(
        device=Device(
            id="",
            model=words,
            name=words,
            location=words,
            host_names=(HostName(name=words, origin=NameOrigin.SYS_NAME),),
        ),
        panel=(words,),
        supplies=(
            supply(percent(43), description=words, part_number=words[:60], serial_number="S" * 20),
            supply(Level(state=LevelState.UNKNOWN, why=words), index="1.2", description=words),
        ),
        meter_reads=(*reads, meter(4711, media="A3", sides=reads[0].sides)),
        rivals=(rival(5),),
        inputs=(Input(index="1.1", name=words, media=words, origin=HERE),),
        alerts=(Alert(key="1", severity=Severity.CRITICAL, description=words, origin=HERE),),
        unknown=(Unknown(what="mono", why=words),),
    )


@pytest.mark.parametrize("explain", [False, True])
@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("words", ["Toner", "Black Toner Cartridge " * 11, "x" * 255, "印" * 127])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(words: str, width: int, explain: bool) -> None:
    said = drawn(everything(words), width=width, explain=explain)
    assert max(cell_len(line) for line in said.splitlines()) <= width
    for read in everything().meter_reads:
        assert f"{read.value:,}" in said
    assert "…" not in said
    if not explain:
        assert "43 %" in said
        assert sum(sign in "█░" for sign in said) in (12, 24), "a bar is whole"


def test_a_narrow_terminal_gets_the_counters_below_each_other() -> None:
    said = drawn(everything(), width=60)
    assert row(said, "total full-color").endswith(f"{18_446_744_073_709_551_002:,}")


def test_two_hundred_supplies_are_two_hundred_lines() -> None:
    many = tuple(supply(percent(n % 101), index=f"1.{n}", description=f"Toner {n}") for n in range(200))
    said = drawn(snapshot(supplies=many))
    assert sum(line.startswith("Toner ") for line in said.splitlines()) == 200


# ---- texts that mean no good


@pytest.mark.parametrize(
    "words",
    [
        "[red]Toner[/red]",
        "[bold",
        "[/]",
        ":bomb:",
        "[link=http://evil.example]x[/link]",
        "\\[red]",
        "{0} %s",
    ],
)
def test_markup_of_a_device_is_shown_as_it_is(words: str) -> None:
    shown = everything(words)
    for explain in (False, True):
        assert words in drawn(shown, explain=explain)


@pytest.mark.parametrize("words", ["\x1b[31mred\x1b[0m", "a\nb", "a\rb", "\x07", "\u202etfel", "\u2066x", "a\tb\x9bc"])
def test_nothing_of_a_device_steers_the_terminal(words: str) -> None:
    shown = everything(f"<{words}>")
    for explain in (False, True):
        said = drawn(shown, explain=explain)
        assert all(sign.isprintable() or sign == "\n" for sign in said)
        assert not any(line.rstrip() in ("b>", "a") for line in said.splitlines())


# ---- the explanation


def explained(*reads: MeterRead, rivals: tuple[Rival, ...] = ()) -> list[str]:
    said = drawn(snapshot(meter_reads=reads, rivals=rivals), explain=True)
    lines = [line.rstrip() for line in said.splitlines()]
    return lines[lines.index("Meters: which value counts, and why") + 1 :]


def test_the_only_source_of_a_meter_is_named() -> None:
    assert explained(meter(1000)) == [
        "total.any.any.any.impressions  1,000",
        "    snmp 1.3.6.1.2.1.43.10.2.1.4.1.1: the only source",
    ]


def test_a_source_that_confirms_is_named_too() -> None:
    assert explained(meter(1000), rivals=(rival(1000, why="asked later"),))[1:] == [
        "    snmp 1.3.6.1.2.1.43.10.2.1.4.1.1: elected, and confirmed",
        "    ipp printer-impressions-completed: 1,000, agrees; not elected: asked later",
    ]


def test_a_source_that_differs_stands_with_the_difference_and_the_reason() -> None:
    assert explained(meter(1000), rivals=(rival(980, why="asked later"),))[1:] == [
        "    snmp 1.3.6.1.2.1.43.10.2.1.4.1.1: elected; the other source differs",
        "    ipp printer-impressions-completed: 980, 20 less; not elected: asked later",
    ]


def test_what_may_have_been_counted_between_two_reads_is_no_disagreement() -> None:
    lines = explained(meter(1000), rivals=(rival(1002, seconds=3),))
    assert lines[1].endswith("elected, and confirmed")
    assert "1,002, 2 more, which may have been counted between the two reads; not elected" in lines[2]


def test_a_reader_that_is_named_twice_is_no_other_source() -> None:
    again = Rival(read=meter(1000), why="a source named earlier tells this meter too")
    assert explained(meter(1000), rivals=(again,))[1:] == ["    snmp 1.3.6.1.2.1.43.10.2.1.4.1.1: the only source"]


def test_sums_say_what_was_sent_and_doubts_what_they_are() -> None:
    origin = Origin(protocol="snmp", where="1.3.9.1 - 1.3.9.2", doubt="unverified")
    (_, line) = explained(meter(7, raw="10-3", quality=Quality.UNVERIFIED, origin=origin))
    assert line.strip() == (
        "snmp 1.3.9.1 - 1.3.9.2, sent as 10-3: the only source; unverified: no recording of a device proves the place"
    )


def test_each_part_stands_with_where_it_was_read_and_what_makes_it_doubtful() -> None:
    origins = (
        ("serial_number", Origin(protocol="ipp", where="printer-serial-number")),
        ("firmware", Origin(protocol="snmp", where="1.3.9.3", doubt="unverified")),
    )
    said = drawn(snapshot(origins=origins, status=Status(state=PrinterState.IDLE, origin=HERE)), explain=True)
    assert row(said, "serial_number").split() == ["serial_number", "ipp", "printer-serial-number"]
    assert row(said, "firmware").split() == ["firmware", "snmp", "1.3.9.3", "(unverified)"]
    assert row(said, "status").split() == ["status", "snmp", HERE.where]


def test_a_reader_that_failed_is_named_with_the_reason() -> None:
    out = Console(file=io.StringIO(), width=200)
    for part in explanation(snapshot(), ("ipp failed: refuses to be asked",)):
        out.print(part)
    assert isinstance(out.file, io.StringIO)
    assert "ipp failed: refuses to be asked" in out.file.getvalue()
