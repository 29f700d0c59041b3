"""Yields the segments that this host's gateway, further routers and the host itself know."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

from pagemeter import Discovery, Found, Memory, Services, Traffic
from pagemeter.errors import DeviceError, PagemeterError, PluginError
from pagemeter.model import Hints, Target, host_uri
from pagemeter.net.routes import Route, gateways, own_routes
from pagemeter_plugins.gateway.router import Router, read_router
from pagemeter_plugins.gateway.segments import Seen, segments
from pagemeter_plugins.gateway.settings import GatewaySettings

log = logging.getLogger(__name__)


class GatewayDiscovery(Discovery):
    """Asks routers for their tables; a router that refuses or is silent leaves the networks of this host."""

    def __init__(
        self,
        settings: GatewaySettings,
        services: Services,
        *,
        routes: Callable[[], Sequence[Route]] = own_routes,
    ) -> None:
        """Keep the settings; ``routes`` tells the routes of this host, anew at each discovery."""
        self._settings, self._services, self._routes = settings, services, routes

    def traffic(self) -> Iterable[Traffic]:
        """Say who is asked: 86 packets were measured for a router with two routes; each ten more take two more.

        Over SNMP v1 a row is a packet each way.
        """
        packets = 90 + 2 * (self._settings.max_routes // 10)
        try:
            defaults = _routers(self._routes(), ())
        except PagemeterError:
            defaults = ["the default gateway of this host"]
        for host in dict.fromkeys([*defaults, *self._settings.routers]):
            yield Traffic(
                to=host,
                port=161,
                packets=packets,
                octets=packets * 220,
                why="SNMP GET, GETNEXT and GETBULK for its addresses, routes, ARP tables and names of interfaces",
                carries="the community, or the name of the SNMPv3 user",
            )

    async def discover(self, memory: Memory) -> AsyncIterator[Found]:  # noqa: ARG002 - nothing to resume
        """Yield the segments, sorted, then with ``arp`` the hosts of the ARP tables that may be asked."""
        own = await self._own_routes()
        hosts = _routers(own, self._settings.routers)
        routers: list[Router] = []
        for number, host in enumerate(hosts, start=1):
            router = await self._read(host)
            routers += [] if router is None else [router]
            self._services.progress(number, len(hosts))
        for segment in segments(routers, own):
            yield segment
        if self._settings.arp:
            for target in self._neighbours(routers):
                yield target

    async def _own_routes(self) -> Sequence[Route]:
        try:
            return await asyncio.to_thread(self._routes)
        except PagemeterError as error:
            if not self._settings.routers:
                raise PluginError(f"the default gateway is not known: {error}; name it under routers") from error
            log.info("the default gateway is not known: %s", error)
            return ()

    async def _read(self, host: str) -> Router | None:
        target = Target(uri=host_uri(host), found_by="gateway")
        try:
            router = await read_router(self._services.snmp, target, most_routes=self._settings.max_routes)
        except DeviceError as error:
            log.info("%s tells no segments: %s", host, error)
            return None
        for remark in router.remarks:
            log.info("%s: %s", host, remark)
        return router

    def _neighbours(self, routers: Sequence[Router]) -> Iterable[Target]:
        """Name the hosts of the ARP tables, the routers' own addresses aside, as far as the fence allows them."""
        theirs = {address.address for router in routers for address in router.addresses}
        hosts = Seen(routers).hosts
        for address in sorted(hosts.keys() - theirs, key=lambda one: (one.version, int(one))):
            if self._services.allows(str(address)):
                yield Target(uri=host_uri(str(address)), found_by="gateway", hints=Hints(mac=hosts[address]))


def _routers(own: Iterable[Route], further: Iterable[str]) -> list[str]:
    """Name whom to ask, each once; a link-local gateway is left out, for no fence holds its address."""
    defaults = [str(gateway) for gateway in gateways(own) if not gateway.is_link_local]
    return list(dict.fromkeys([*defaults, *further]))
