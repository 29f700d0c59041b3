"""What some firmware gets wrong, and how it is read all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pagemeter.component import Answer, Ask
from pagemeter.model import LevelState, Reading, Target
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk
from pagemeter.testing import FakeServices, RecordedSnmp
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.localization import text
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAME = (*mib.GENERAL_PRINTER_NAME, 1)


def number(where: Oid, value: int, tag: Tag = Tag.INTEGER) -> VarBind:
    return VarBind(where, tag, value)


def words(where: Oid, value: bytes) -> VarBind:
    return VarBind(where, Tag.OCTET_STRING, value)


def row(table: Oid, index: int, columns: dict[int, int | bytes]) -> list[VarBind]:
    places = (((*table, column, 1, index), value) for column, value in columns.items())
    return [number(where, value) if isinstance(value, int) else words(where, value) for where, value in places]


def read(*rows: VarBind) -> Reading:
    found = parse_printer_mib(Walk([number((*mib.MARKER, 2, 1, 1), 4), *rows]), SCOPES, AT, ())
    assert isinstance(found, tuple)
    [reading] = found
    return reading


class EndlessSnmp(RecordedSnmp):
    """A column of a table never ends."""

    def __init__(self, walk: Walk, column: Oid) -> None:
        super().__init__({"10.0.0.7": walk})
        self._column = column

    async def walk(self, target: Target, roots: object, *, within: float = 60.0) -> Walk:
        found = await super().walk(target, roots)  # type: ignore[arg-type]  # passed on as it came
        cut = {root: "cut after 4000 rows" for root in roots if self._column[: len(root)] == root}  # type: ignore[attr-defined]  # roots are a sequence
        made_up = (number((*self._column, instance), 1) for instance in range(2, 4000))
        return found.joined(Walk(made_up, cut)) if cut else found


@pytest.mark.parametrize("column", [(*mib.GENERAL, 1), (*mib.MARKER, 2, 1), (*mib.SUPPLIES, 2, 1), (*mib.ALERT, 2, 1)])
async def test_a_column_without_an_end_is_no_crowd_of_printers_or_subunits(column: Oid) -> None:
    walk = Walk(
        [
            words((*mib.GENERAL_SERIAL_NUMBER, 1), b"A1"),
            *row(mib.MARKER, 1, {3: 7, 4: 100}),
            *row(mib.SUPPLIES, 1, {9: -3}),
            *row(mib.ALERT, 1, {7: 8}),
        ]
    )
    reader = PrinterMibReader(PrinterMibSettings(), FakeServices(snmp=EndlessSnmp(walk, column)))
    found = await reader.read(Target(uri="host://10.0.0.7", found_by="test"), Ask(scopes=SCOPES))
    assert isinstance(found, Answer)
    [reading] = found.readings
    assert reading.identity.serial_number == "A1"
    assert [meter.value for meter in reading.meter_reads] == [100]
    assert len(reading.supplies) == len(reading.alerts) == 1
    assert [said for said in reading.missing if said.endswith("cut after 4000 rows")]


@pytest.mark.parametrize(("value", "state"), [(4294967293, LevelState.SOME_REMAINING), (4294967295, "unrestricted")])
def test_a_negative_level_that_came_as_unsigned_is_negative(value: int, state: LevelState) -> None:
    rows = (number((*mib.SUPPLIES, 9, 1, 1), value, Tag.GAUGE32), number((*mib.INPUT, 10, 1, 1), value, Tag.GAUGE32))
    reading = read(*rows)
    [supply], [tray] = reading.supplies, reading.inputs
    assert supply.level is not None
    assert tray.level is not None
    assert (supply.level.state, supply.level.units, tray.level.state) == (state, None, state)


@pytest.mark.parametrize(("value", "known"), [(2**32 - 1, False), (2**64 - 1, False), (2**63, False), (2**32, True)])
def test_a_counter_of_all_ones_is_not_a_number_of_pages(value: int, known: bool) -> None:
    reading = read(number((*mib.MARKER_LIFE_COUNT, 1, 1), value, Tag.COUNTER64))
    assert [meter.value for meter in reading.meter_reads] == ([value] if known else [])
    assert ("life_count" in {unknown.what for unknown in reading.unknown}) is not known


@pytest.mark.parametrize(
    ("description", "colorant", "colors"),
    [
        (b"Magenta Toner Cartridge", b"yellow", ("magenta",)),
        (b"Light Cyan Ink", b"cyan", ("light-cyan",)),
        (b"Color Ink (Cyan, Magenta, Yellow)", b"cyan", ("cyan",)),
        (b"TK-1", b"yellow", ("yellow",)),
    ],
)
def test_a_description_that_names_another_color_is_right(
    description: bytes, colorant: bytes, colors: tuple[str, ...]
) -> None:
    [supply] = read(
        *row(mib.SUPPLIES, 1, {3: 1, 5: 3, 6: description}), words((*mib.COLORANT_VALUE, 1, 1), colorant)
    ).supplies
    assert supply.colorants == colors


@pytest.mark.parametrize(("time", "raised_at"), [(0, None), (70_000, None), (54_000, AT - timedelta(minutes=1))])
def test_an_alert_of_time_zero_or_of_the_future_has_no_time(time: int, raised_at: datetime | None) -> None:
    [alert] = read(number(mib.SYS_UP_TIME, 60_000), *row(mib.ALERT, 1, {2: 3, 4: 8, 7: 8, 9: time})).alerts
    assert alert.raised_at == raised_at


@pytest.mark.parametrize(
    ("severity", "code", "alerts"),
    [(1, 23, 0), (1, 4, 0), (1, 507, 0), (1, 8, 1), (3, 23, 1), (4, 24, 1)],
)
def test_a_row_of_severity_other_that_tells_a_state_is_no_alert(severity: int, code: int, alerts: int) -> None:
    assert len(read(*row(mib.ALERT, 1, {2: severity, 4: 5, 7: code, 8: b"Sleep mode on"})).alerts) == alerts


@pytest.mark.parametrize(
    ("raw", "charset", "told"),
    [
        ("Büro".encode("utf-16-be"), None, "Büro"),
        ("Büro".encode("utf-16-le") + b"\0\0", None, "Büro"),
        ("Papierstau ß".encode("utf-16-be"), 1015, "Papierstau ß"),
        ("Papierstau ß".encode("utf-16"), 1015, "Papierstau ß"),
        ("トナー".encode("utf-16-be"), 1013, "トナー"),
        (b"Black Toner!", 1015, "Black Toner!"),
        (b"A1\0\0", None, "A1"),
        (b"\0\0\0\0", None, None),
    ],
)
def test_text_of_16_bits_is_known_by_its_octets(raw: bytes, charset: int | None, told: str | None) -> None:
    assert text(Walk([words(NAME, raw)]), NAME, charset=charset) == told
