"""Judge whether the parts of the configuration fit together, which no single setting can see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

from pagemeter.config.mistakes import KeyPath, Mistake, dotted
from pagemeter.config.notation import LOCAL, SEGMENTS, AnyNetwork
from pagemeter.config.settings import ItemConfig, NetworkSettings
from pagemeter.config.snmp import NetworkCredentialSettings
from pagemeter.net.credentials import IPAddress, IPNetwork
from pagemeter.net.ranges import parse_range
from pagemeter.plugins import Kind

T = TypeVar("T")
Placed: TypeAlias = Sequence[tuple[KeyPath, T]]

# How discoveries name the settings that hold addresses; other settings are not looked into.
_ADDRESSES = ("ranges", "addresses", "targets")


def judge_together(
    networks: Placed[NetworkSettings],
    credentials: Placed[NetworkCredentialSettings],
    items: Placed[ItemConfig],
    *,
    fence_known: bool,
) -> Iterator[Mistake]:
    """Yield the mistakes between sections; ``fence_known`` is false where a network was not understood."""
    yield from _repeated_networks(networks)
    yield from _misplaced_routers(networks)
    yield from _repeated_names(items)
    yield from _repeated_credentials(credentials)
    if fence_known:
        selected = (network for _, item in items for network in item.select)
        fence = [*(network.network for _, network in networks), *selected]
        if not fence and any(item.kind in (Kind.DISCOVERY, Kind.READER) for _, item in items):
            what = "networks is missing; only networks listed there are asked, such as `- network: 10.20.0.0/16`"
            yield Mistake(path=(), what=what)
        yield from _useless_credentials(credentials, fence)
        for path, item in items:
            yield from _useless_ranges(path, item, fence)


def _repeated_networks(networks: Placed[NetworkSettings]) -> Iterator[Mistake]:
    listed: dict[AnyNetwork, KeyPath] = {}
    for path, network in networks:
        if network.network in listed:
            what = f"this network is listed already as {dotted(listed[network.network])}; keep one of them"
            yield Mistake(path=(*path, "network"), what=what)
        listed.setdefault(network.network, path)


def _misplaced_routers(networks: Placed[NetworkSettings]) -> Iterator[Mistake]:
    """Find addresses in ``answers_from`` for which a smaller network speaks."""
    written = [(path, one.network) for path, one in networks if isinstance(one.network, IPNetwork)]
    for path, settings in networks:
        if not isinstance(settings.network, IPNetwork):
            continue
        for number, address in enumerate(settings.answers_from):
            holding = [pair for pair in written if address in pair[1]]
            place, smallest = max(holding, key=lambda pair: pair[1].prefixlen)
            if smallest.prefixlen > settings.network.prefixlen:
                what = f"{smallest} ({dotted(place)}) speaks for this address; write it there"
                yield Mistake(path=(*path, "answers_from", number), what=what)


def _repeated_names(items: Placed[ItemConfig]) -> Iterator[Mistake]:
    taken: dict[tuple[Kind, str], KeyPath] = {}
    for path, item in items:
        if (item.kind, item.name) in taken:
            first = dotted(taken[item.kind, item.name])
            yield Mistake(path=path, what=f"{first} is called {item.name} too; give one of them another `name`")
        taken.setdefault((item.kind, item.name), path)


def _repeated_credentials(credentials: Placed[NetworkCredentialSettings]) -> Iterator[Mistake]:
    taken: dict[str, KeyPath] = {}
    for path, credential in credentials:
        if credential.name is not None and credential.name in taken:
            first = dotted(taken[credential.name])
            yield Mistake(path=path, what=f"{first} is called {credential.name} too; give one of them another `name`")
        taken.setdefault(credential.name or "", path)


def _useless_credentials(
    credentials: Placed[NetworkCredentialSettings], fence: Sequence[AnyNetwork]
) -> Iterator[Mistake]:
    for path, credential in credentials:
        for place, network in enumerate(credential.networks):
            if fence and not _is_inside(network, fence):
                what = "this is outside of networks, where nothing is asked; add it there or leave it out here"
                yield Mistake(path=(*path, "networks", place), what=what)


def _is_inside(network: AnyNetwork, fence: Iterable[AnyNetwork]) -> bool:
    """Say whether a network may overlap the fence; what `local` stands for is not known here."""
    if network == SEGMENTS:
        return True
    if network == LOCAL or not isinstance(network, IPNetwork):
        return any(True for _ in fence)
    return _may_hold(network.network_address, network.broadcast_address, fence)


def _may_hold(first: IPAddress, last: IPAddress, fence: Iterable[AnyNetwork]) -> bool:
    """Say whether some network of the fence may have an address between the two."""
    for network in fence:
        if not isinstance(network, IPNetwork):
            if first.is_private:
                return True
        elif (
            network.version == first.version
            and int(network.network_address) <= int(last)
            and int(first) <= int(network.broadcast_address)
        ):
            return True
    return False


def _names(section: Iterable[ItemConfig]) -> Iterator[Mistake]:
    taken: dict[str, ItemConfig] = {}
    for number, item in enumerate(section):
        if item.name in taken:
            what = f"{taken[item.name].where} has the name {item.name} already; give one of them another name"
            yield Mistake(path=(item.kind, number), what=what)
        taken.setdefault(item.name, item)


def _useless_ranges(path: KeyPath, item: ItemConfig, fence: Sequence[AnyNetwork]) -> Iterator[Mistake]:
    """Find ranges that lie outside of the fence as a whole; host names are held against it when they are resolved."""
    for key in _ADDRESSES if item.kind == Kind.DISCOVERY and fence else ():
        texts = getattr(item.settings, key, None)
        for number, text in enumerate(texts if isinstance(texts, list | tuple) else ()):
            try:
                found = parse_range(str(text))
            except ValueError:
                continue  # the plugin's settings judge how it is written
            if found.first is not None and found.last is not None and not _may_hold(found.first, found.last, fence):
                what = "this is outside of networks, where nothing is asked; add its network there"
                yield Mistake(path=(*path, key, number), what=what)
