"""What operators say of addresses: tables that link them to a site, a name, an asset tag; the sites of networks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from pagemeter.model import Link
from pagemeter.net.credentials import IPNetwork
from pagemeter.net.ranges import parse_range


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    version: int
    first: int
    last: int
    link: Link

    @property
    def size(self) -> int:
        return self.last - self.first


class Links:
    """Looks up an address or a host name; the narrowest link counts, field by field, then the network's site."""

    def __init__(self, sites: Iterable[tuple[IPNetwork, str]] = ()) -> None:
        """Take the sites of the YAML's networks."""
        self._sites = [
            _Span(
                version=network.version,
                first=int(network.network_address),
                last=int(network.broadcast_address),
                link=Link(addresses=str(network), site=site),
            )
            for network, site in sites
        ]
        self._of: dict[str, tuple[Link, ...]] = {}
        self._spans: list[_Span] = []
        self._hosts: dict[str, Link] = {}
        self._index()

    def replace(self, links: Mapping[str, tuple[Link, ...]]) -> None:
        """Take what the named discoveries link now, instead of what they linked before."""
        self._of = {**self._of, **links}
        self._index()

    def of(self, host: str) -> Link | None:
        """Return what is said of a host, none where nothing is."""
        found = self._found(host)
        if not found:
            return None
        result = found[0]
        for wider in found[1:]:
            result = Link(
                addresses=result.addresses,
                site=result.site or wider.site,
                name=result.name or wider.name,
                asset_tag=result.asset_tag or wider.asset_tag,
                labels=tuple({**dict(wider.labels), **dict(result.labels)}.items()),
            )
        return result

    def _found(self, host: str) -> list[Link]:
        """Return the links that speak of a host, the narrowest first."""
        named = [self._hosts[host.lower()]] if host.lower() in self._hosts else []
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return named
        number = int(address)
        return named + [
            span.link for span in self._spans if span.version == address.version and span.first <= number <= span.last
        ]

    def _index(self) -> None:
        spans, self._hosts = list(self._sites), {}
        for links in self._of.values():
            for link in links:
                try:
                    found = parse_range(link.addresses)
                except ValueError:
                    continue  # a plugin's own rules let it pass; it speaks of no address
                if found.host is not None:
                    self._hosts[found.host.lower()] = link
                elif found.first is not None and found.last is not None:
                    spans.append(
                        _Span(version=found.first.version, first=int(found.first), last=int(found.last), link=link)
                    )
        # Of equals the later one of the table counts, and a table counts before the YAML's sites.
        spans.reverse()
        self._spans = sorted(spans, key=lambda span: span.size)
