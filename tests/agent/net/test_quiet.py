"""Quiet hours: a network that is left alone at night."""

from __future__ import annotations

from datetime import UTC, datetime, time
from ipaddress import ip_address, ip_network

import pytest

from pagemeter.errors import QuietHours
from pagemeter.net.fence import Fence, FencedNetwork

NETWORK = ip_network("10.0.0.0/24")
ADDRESS = ip_address("10.0.0.7")


@pytest.mark.parametrize(
    ("quiet", "local", "expected"),
    [
        ("22:00-06:00", time(23, 0), True),
        ("22:00-06:00", time(5, 59, 59), True),
        ("22:00-06:00", time(6, 0), False),
        ("22:00-06:00", time(21, 59), False),
        ("12:00-13:00", time(12, 0), True),
        ("12:00-13:00", time(13, 0), False),
        (None, time(3, 0), False),
    ],
)
def test_quiet_hours_may_run_over_midnight_and_end_on_the_minute(
    quiet: str | None, local: time, expected: bool
) -> None:
    assert FencedNetwork(network=NETWORK, quiet=quiet).is_quiet(local) is expected


def test_a_network_is_asked_outside_its_quiet_hours_only() -> None:
    now = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
    fence = Fence([FencedNetwork(network=NETWORK, quiet="22:00-06:00")], local_time=lambda: now)
    assert not fence.allows(ADDRESS)
    with pytest.raises(QuietHours, match=r"10\.0\.0\.0/24 has quiet hours, 22:00-06:00"):
        fence.check(ADDRESS)
    now = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
    assert fence.allows(ADDRESS)
