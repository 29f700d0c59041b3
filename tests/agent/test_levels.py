"""What a level of the Printer MIB says: RFC 3805, prtMarkerSuppliesLevel and prtMarkerSuppliesMaxCapacity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.model import Level, LevelState, step_of

ANY = st.none() | st.integers(-(2**33), 2**33)
MEASURED, SOME, UNKNOWN = LevelState.MEASURED, LevelState.SOME_REMAINING, LevelState.UNKNOWN


@pytest.mark.parametrize(
    ("value", "capacity", "state", "why"),
    [
        (-3, 100, SOME, None),
        (-3, -2, SOME, None),
        (-1, 100, LevelState.UNRESTRICTED, None),
        (-2, 100, UNKNOWN, "the device says that it does not know (-2)"),
        (-7, 100, UNKNOWN, "level -7 is in no standard"),
        (None, 100, UNKNOWN, "the device sends no level"),
    ],
)
def test_a_level_that_is_no_number_says_why(
    value: int | None, capacity: int, state: LevelState, why: str | None
) -> None:
    level = Level.from_mib(value, capacity, in_percent=True)
    assert level == Level(state=state, why=why)


@pytest.mark.parametrize(
    ("value", "capacity", "in_percent", "percent", "why"),
    [
        (50, 100, False, 50, None),
        (0, 7200, False, 0, None),
        (1980, 3000, False, 66, None),
        (7199, 7200, False, 99, None),
        (75, -2, True, 75, None),
        (75, None, True, 75, None),
        (75, 0, True, 75, None),
        (130, -2, True, None, "level 130 is above 100 per cent"),
        (75, -2, False, None, "the capacity is unknown (-2)"),
        (75, -1, False, None, "the capacity is unrestricted (-1)"),
        (75, 0, False, None, "the capacity is 0"),
        (75, None, False, None, "the device sends no capacity"),
        (75, -9, False, None, "capacity -9 is none"),
        (75, 2**31 - 1, False, None, "capacity 2147483647 is none"),
        (104, 100, False, 100, "level 104 is above the capacity 100"),
        (110, 100, True, 100, "level 110 is above the capacity 100"),
        (111, 100, True, None, "level 111 is above the capacity 100"),
    ],
)
def test_a_percentage_is_computed_or_there_is_a_reason(
    value: int, capacity: int | None, in_percent: bool, percent: int | None, why: str | None
) -> None:
    level = Level.from_mib(value, capacity, in_percent=in_percent)
    assert level == Level(state=MEASURED, units=value, percent=percent, why=why)


@given(value=ANY, capacity=ANY, in_percent=st.booleans())
def test_no_level_is_invented(value: int | None, capacity: int | None, in_percent: bool) -> None:
    level = Level.from_mib(value, capacity, in_percent=in_percent)
    assert level.units == (value if value is not None and value >= 0 else None)
    assert (level.units is not None) is (level.state is MEASURED)
    if level.percent is not None:
        assert 0 <= level.percent <= 100
        assert (capacity or 0) > 0 or in_percent
    elif level.state in (MEASURED, UNKNOWN):
        assert level.why


@given(units=st.integers(0, 10**6), capacity=st.integers(1, 10**6))
def test_a_percentage_is_the_share_of_the_capacity_rounded_down(units: int, capacity: int) -> None:
    level = Level.from_mib(units, capacity, in_percent=False)
    if units <= capacity:
        assert level.percent is not None
        assert 0 <= 100 * units - level.percent * capacity < capacity


@pytest.mark.parametrize(
    ("capacity", "unit", "step"),
    [(5, "other", 20), (4, None, 25), (3, "percent", 33), (1, "unknown", 100), (50, None, 2)],
)
def test_a_capacity_of_a_few_parts_tells_steps(capacity: int, unit: str | None, step: int) -> None:
    assert step_of(capacity, unit) == step


@pytest.mark.parametrize(("capacity", "unit"), [(100, None), (51, "other"), (1, "sheets"), (0, None), (-2, None)])
def test_a_count_or_a_fine_scale_has_no_steps(capacity: int, unit: str | None) -> None:
    assert step_of(capacity, unit) is None
    assert step_of(None, unit) is None


def test_steps_belong_to_a_percentage() -> None:
    assert Level.from_mib(40, 100, in_percent=False, step=10).step == 10
    assert Level.from_mib(-3, 100, in_percent=False, step=10).step is None
    assert Level.from_mib(40, -2, in_percent=False, step=10).step is None
