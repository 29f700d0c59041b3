from __future__ import annotations

from ipaddress import ip_address

import pytest

from pagemeter.net.credentials import IPAddress
from pagemeter.net.ranges import parse_range, resolve


async def expanded(text: str, names: dict[str, list[str]] | None = None) -> list[str]:
    async def resolver(host: str) -> tuple[IPAddress, ...]:
        return tuple(map(ip_address, (names or {}).get(host, [])))

    return [str(address) async for address in parse_range(text).expand(resolver)]


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("10.1.2.0/24", "10.1.2.1", "10.1.2.254", 254),
        ("10.1.2.0/30", "10.1.2.1", "10.1.2.2", 2),
        ("10.1.2.0/31", "10.1.2.0", "10.1.2.1", 2),
        ("10.1.2.7/32", "10.1.2.7", "10.1.2.7", 1),
        ("10.1.2.7-10.1.3.4", "10.1.2.7", "10.1.3.4", 254),
        ("10.1.2.7 - 10.1.2.9", "10.1.2.7", "10.1.2.9", 3),
        ("10.1.2.*", "10.1.2.1", "10.1.2.254", 254),
        ("10.1.*.*", "10.1.0.1", "10.1.255.254", 65_534),
        (" 10.1.2.3 ", "10.1.2.3", "10.1.2.3", 1),
        ("fd00::7", "fd00::7", "fd00::7", 1),
        ("fd00::7-fd00::9", "fd00::7", "fd00::9", 3),
        ("fd00::7/128", "fd00::7", "fd00::7", 1),
    ],
)
async def test_a_range_has_its_addresses_in_order(text: str, first: str, last: str, count: int) -> None:
    addresses = await expanded(text)
    assert (addresses[0], addresses[-1], len(addresses)) == (first, last, count)
    assert parse_range(text).count == count
    assert addresses == sorted(addresses, key=lambda address: int(ip_address(address)))


async def test_a_host_name_has_the_addresses_that_the_resolver_gives() -> None:
    assert parse_range("printer-7.example").count is None
    assert await expanded("printer-7.example.", {"printer-7.example": ["10.1.2.3", "fd00::7"]}) == [
        "10.1.2.3",
        "fd00::7",
    ]
    assert await expanded("unknown") == []


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "write an address"),
        ("10.1.2", "write an address"),
        ("10.1.2.300", "write an address"),
        ("two words", "write an address"),
        ("10.1.2.5/24", r"did you mean 10\.1\.2\.0/24"),
        ("10.1.2.0/33", r"such as 10\.1\.2\.0/24"),
        ("fd00::/64", "name single addresses"),
        ("10.1.2.9-10.1.2.7", r"write 10\.1\.2\.7-10\.1\.2\.9"),
        ("10.1.2.7-90", "both ends in full"),
        ("10.1.2.7-fd00::7", "both ends in full"),
        ("10.*.3.*", "stars stand at the end"),
        ("*.*.*.*", "stars stand at the end"),
        ("10.1.*", "stars stand at the end"),
        ("300.1.2.*", "stars stand at the end"),
    ],
)
def test_what_is_no_range_is_refused_with_a_remedy(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        parse_range(text)


async def test_the_system_resolves_localhost_and_gives_nothing_for_a_name_that_cannot_be() -> None:
    assert ip_address("127.0.0.1") in await resolve("localhost")
    assert await resolve("a" * 70 + ".example") == ()
