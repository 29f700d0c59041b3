"""sysUpTime as devices send it."""

from __future__ import annotations

import pytest

from pagemeter.snmp import Tag, VarBind, Walk
from pagemeter_plugins.printer_mib import mib


@pytest.mark.parametrize(
    ("sent", "expected"), [(0, 0), (2**32 - 1, 2**32 - 1), (2**32, None), (8_640_000_000_000_000, None), (-1, None)]
)
def test_an_up_time_beyond_what_time_ticks_can_say_is_not_known(sent: int, expected: int | None) -> None:
    assert mib.up_time_of(Walk([VarBind(mib.SYS_UP_TIME, Tag.INTEGER, sent)])) == expected
