"""Whatever a device answers, one bad row costs at most itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pagemeter.component import NotAPrinter
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import Tag, VarBind, Walk, oid
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import shipped_profiles

ROOT = Path(__file__).resolve().parents[3]
RECORDINGS = sorted(
    [*(ROOT / "agent/pagemeter/simulator/fleet").glob("*/*.snmprec"), *(ROOT / "tests/devices").glob("*/*.snmprec")]
)
WALKS = [tuple(read_recording(path)) for path in RECORDINGS]
PROFILES = shipped_profiles()
AT = datetime(2026, 1, 31, tzinfo=UTC)

VALUES = st.one_of(
    st.tuples(
        st.sampled_from([Tag.INTEGER, Tag.COUNTER32, Tag.TIME_TICKS, Tag.COUNTER64]), st.integers(-(2**63), 2**64)
    ),
    st.tuples(st.sampled_from([Tag.OCTET_STRING, Tag.OPAQUE]), st.binary(max_size=60)),
    st.tuples(st.just(Tag.OBJECT_IDENTIFIER), st.lists(st.integers(0, 2**32 - 1), max_size=12).map(tuple)),
    st.tuples(st.just(Tag.NULL), st.none()),
)
# Instances too short, too long, or with zeros: a table's row that is none.
TAILS = st.lists(st.integers(0, 2**32 - 1), max_size=4).map(tuple)


@st.composite
def damaged(draw: st.DrawFn) -> Walk:
    rows = list(draw(st.sampled_from(WALKS)))
    for _ in range(draw(st.integers(1, 25))):
        place = draw(st.integers(0, len(rows) - 1))
        row = rows[place]
        match draw(st.integers(0, 3)):
            case 0:
                del rows[place]
            case 1:
                tag, value = draw(VALUES)
                rows[place] = VarBind(row.oid, tag, value)
            case 2:
                rows.append(VarBind((*row.oid[: -draw(st.integers(1, 3))], *draw(TAILS)), row.tag, row.value))
            case _:
                rows.append(VarBind(row.oid, *draw(VALUES)))
        if not rows:
            break
    return Walk(rows)


@settings(max_examples=300, deadline=None)
@given(walk=damaged())
def test_damage_never_raises_and_never_invents_a_negative_count(walk: Walk) -> None:
    found = parse_printer_mib(walk, SCOPES, AT, PROFILES)
    for reading in () if isinstance(found, NotAPrinter) else found:
        assert all(read.value >= 0 for read in reading.meter_reads)
        assert all(
            supply.level is None or supply.level.percent is None or 0 <= supply.level.percent <= 100
            for supply in reading.supplies
        )


def numbers_of(walk: Walk) -> set[int]:
    """All numbers of a walk, those in its texts too, and negative ones that came as unsigned."""
    plain = {row.value for row in walk if isinstance(row.value, int)}
    spelt = {
        int(digits) for row in walk if isinstance(row.value, bytes) for digits in re.findall(rb"[+-]?\d+", row.value)
    }
    both = plain | spelt
    return both | {number - (1 << bits) for number in both for bits in (32, 64)}


@settings(max_examples=150, deadline=None)
@given(walk=damaged())
def test_damage_never_invents_a_number(walk: Walk) -> None:
    found = parse_printer_mib(walk, SCOPES, AT, PROFILES)
    numbers = numbers_of(walk)
    for reading in () if isinstance(found, NotAPrinter) else found:
        for read in (*reading.meter_reads, *(rival.read for rival in reading.rivals)):
            terms = [oid(place) for place in re.split(r" [+-] ", read.origin.where)]
            assert all(place in walk for place in terms)
            told = [walk.integer(place) for place in terms]
            assert None in told or read.raw == "+".join(map(str, told)) or "-" in read.raw
            assert read.value < 1 << 63
        levels = [supply.level for supply in reading.supplies] + [tray.level for tray in reading.inputs]
        assert {level.units for level in levels if level is not None and level.units is not None} <= numbers
        assert {supply.max_capacity for supply in reading.supplies if supply.max_capacity is not None} <= numbers
