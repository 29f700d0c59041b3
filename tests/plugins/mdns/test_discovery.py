"""What the discovery promises without a network."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from pagemeter.errors import PluginError
from pagemeter.model import Target
from pagemeter.testing import FakeClock, FakeServices
from pagemeter_plugins.mdns.discovery import REST_SECONDS, MdnsDiscovery
from pagemeter_plugins.mdns.interfaces import Own, browsed
from pagemeter_plugins.mdns.settings import MdnsSettings

HOST = (
    Own(address="127.0.0.1", index=1),
    Own(address="::1", index=1),
    Own(address="10.0.0.5", index=2),
    Own(address="10.1.0.5", index=2),
    Own(address="fe80::5", index=2),
    Own(address="2001:db8::5", index=2),
    Own(address="fe80::6", index=3),
)


@pytest.mark.parametrize(
    ("named", "ipv6", "chosen"),
    [
        ((), True, ("10.0.0.5", "10.1.0.5", 2, 3)),
        ((), False, ("10.0.0.5", "10.1.0.5")),
        (("10.1.0.5",), True, ("10.1.0.5",)),
        (("2001:DB8:0::5",), True, (2,)),
        (("127.0.0.1",), True, ("127.0.0.1",)),
    ],
)
def test_questions_go_out_at_each_ipv4_address_and_once_an_interface_over_ipv6(
    named: tuple[str, ...], ipv6: bool, chosen: tuple[str | int, ...]
) -> None:
    assert browsed(HOST, named, ipv6=ipv6) == chosen


@pytest.mark.parametrize(
    ("own", "named", "ipv6", "says"),
    [
        ((), (), True, "no network to browse by mDNS; is it connected"),
        (HOST[:2], (), True, "no network to browse by mDNS; is it connected"),
        (HOST[6:], (), False, "no IPv4 network"),
        (HOST[:3], ("10.9.0.1",), True, "10.9.0.1 is no address of this host; it has 127.0.0.1, ::1, 10.0.0.5"),
    ],
)
def test_a_host_that_can_not_browse_is_told_why(
    own: tuple[Own, ...], named: tuple[str, ...], ipv6: bool, says: str
) -> None:
    with pytest.raises(PluginError, match=says):
        browsed(own, named, ipv6=ipv6)


@pytest.mark.parametrize("interface", ["eth0", "10.0.0.0/24", "::", "224.0.0.251"])
def test_an_interface_is_named_by_its_address(interface: str) -> None:
    with pytest.raises(ValidationError, match="address"):
        MdnsSettings(interfaces=(interface,))


def test_both_groups_are_in_the_plan_in_both_directions() -> None:
    def planned(settings: MdnsSettings) -> set[tuple[str, int | None, str]]:
        return {(one.to, one.port, one.direction) for one in MdnsDiscovery(settings, FakeServices()).traffic()}

    ipv4 = {("224.0.0.251", 5353, "out"), ("224.0.0.251", 5353, "in"), ("224.0.0.22", None, "out")}
    ipv6 = {("ff02::fb", 5353, "out"), ("ff02::fb", 5353, "in"), ("ff02::16", None, "out")}
    assert planned(MdnsSettings()) == ipv4 | ipv6
    assert planned(MdnsSettings(ipv6=False)) == ipv4


async def test_a_place_is_news_once_until_it_was_away_for_a_while() -> None:
    clock = FakeClock()
    discovery = MdnsDiscovery(MdnsSettings(), FakeServices(clock=clock))
    one, two = (Target(uri=f"host://10.0.0.{last}", found_by="mdns") for last in (1, 2))
    assert discovery._news([one]) == [one]
    await clock.advance(REST_SECONDS)
    assert discovery._news([one, two]) == [two]
    assert discovery._news([]) == []
    assert discovery._news([one, two]) == [one]
    await clock.advance(REST_SECONDS)
    assert discovery._news([]) == []
    assert discovery._news([one, two]) == [one, two]


async def test_nothing_is_watched_where_that_is_switched_off() -> None:
    clock = FakeClock()
    discovery = MdnsDiscovery(MdnsSettings(watch=False, seconds=1), FakeServices(clock=clock))
    await discovery.serve()
    assert clock.sleeping == 0


def test_without_zeroconf_the_error_names_the_extra() -> None:
    program = (
        "import asyncio, sys\nsys.modules['zeroconf'] = None\n"
        "from pagemeter.errors import PluginError\n"
        "from pagemeter.testing import FakeServices\n"
        "from pagemeter_plugins.mdns.discovery import MdnsDiscovery\n"
        "from pagemeter_plugins.mdns.settings import MdnsSettings\n"
        "async def main():\n"
        "    async with MdnsDiscovery(MdnsSettings(), FakeServices()):\n"
        "        pass\n"
        "try:\n    asyncio.run(main())\nexcept PluginError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert "pip install 'pagemeter[mdns]'" in done.stdout
