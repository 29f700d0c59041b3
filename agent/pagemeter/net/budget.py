"""The budget: one token bucket for everything that speaks to devices, and one for each network that has its own."""

from __future__ import annotations

import asyncio

from pagemeter.clock import Clock
from pagemeter.net.accounts import Accounts, Count, Run, integration
from pagemeter.net.credentials import IPNetwork
from pagemeter.net.fence import FencedNetwork
from pagemeter.net.pace import OctetPace, PacketPace

# A clock's float may be too coarse for less: a wait that does not move it would never end.
_SHORTEST_SECONDS = 1e-6
_NO_LIMIT = 1 << 30


class Budget:
    """What may be sent to devices, and what was: those that wait are served in the order in which they came.

    In no second more than ``packets_per_second`` go out: time in which nobody wanted to send is lost, not caught up
    with. ``bytes_per_second`` holds on average, for octets of payload sent and received. ``accounts`` are the books.
    """

    def __init__(self, clock: Clock, packets_per_second: float, bytes_per_second: float | None = None) -> None:
        """Raise ValueError for a rate that is not positive."""
        self.packets_per_second = packets_per_second
        self.bytes_per_second = bytes_per_second
        self.accounts = Accounts(clock)
        self._clock = clock
        self._all = _Gate(clock, packets_per_second, bytes_per_second)
        self._gates: dict[IPNetwork, _Gate] = {}
        # Those that were asked for last: thousands of questions of a run share one.
        self._tolls: dict[tuple[IPNetwork | None, str], tuple[Run, Toll]] = {}

    def toll(self, network: FencedNetwork | None) -> Toll:
        """Return what is paid before packets go to a network, and told what comes back; none: a server of the settings.

        It counts for the integration and the run of the caller, so it is asked for anew in each call of a component.
        """
        run, whose = self.accounts.current, (None if network is None else network.network, integration())
        begun, toll = self._tolls.get(whose, (None, None))
        if toll is None or begun is not run:
            toll = Toll(self._clock, self._all, self._gate(network), (run.count(*whose), run.total))
            self._tolls[whose] = run, toll
        return toll

    def _gate(self, network: FencedNetwork | None) -> _Gate | None:
        """Return the gate of a network that has limits of its own."""
        if network is None or (network.packets_per_second is None and network.bytes_per_second is None):
            return None
        gate = self._gates.get(network.network)
        if gate is None:
            gate = _Gate(self._clock, network.packets_per_second, network.bytes_per_second)
            self._gates[network.network] = gate
        return gate


class Toll:
    """What one integration pays for its traffic with one network, to the network's own gate and to the agent's."""

    __slots__ = ("_all", "_clock", "_counts", "_outer", "batch")

    def __init__(self, clock: Clock, everything: _Gate, own: _Gate | None, counts: tuple[Count, ...]) -> None:
        self._clock = clock
        self._all = everything
        # Who waits for a slow network waits there, and not in front of the others.
        self._outer = everything if own is None else own
        self._counts = counts
        self.batch = min(everything.batch, self._outer.batch)
        """How many packets may be paid together so that the rate is kept and no second has more; 1 at low rates."""

    async def pay(self, octets: int, packets: int = 1) -> None:
        """Wait until packets with so many octets of payload in all may be sent at once, and count them as sent.

        Who is cancelled has paid nothing, but for what is more than a second's packets: that is paid second by second.
        """
        most = min(self._all.most, self._outer.most)
        while packets > most:
            await self._pass(0, most)
            packets -= most
        await self._pass(octets, packets)

    def got(self, octets: int, packets: int = 1) -> None:
        """Count what was received, and charge it to the budget of bytes."""
        for count in self._counts:
            count.got(octets, packets)
        self._all.charge(octets)
        if self._outer is not self._all:
            self._outer.charge(octets)

    async def _pass(self, octets: int, packets: int) -> None:
        inner = None if self._outer is self._all else self._all
        now = self._clock.monotonic()
        if not self._outer.try_pass(now, octets, packets, inner):
            await self._outer.wait_and_pass(octets, packets, inner)
            now = self._clock.monotonic()
        for count in self._counts:
            count.sent(now, octets, packets)


class _Gate:
    """What packets pass one after another: the paces of the agent, or of one network."""

    def __init__(self, clock: Clock, packets_per_second: float | None, bytes_per_second: float | None) -> None:
        now = clock.monotonic()
        self._clock = clock
        self._packets = None if packets_per_second is None else PacketPace(packets_per_second, now)
        self._octets = None if bytes_per_second is None else OctetPace(bytes_per_second, now)
        self._turn = asyncio.Lock()
        self._waiting = 0
        self.batch = _NO_LIMIT if self._packets is None else self._packets.batch
        self.most = _NO_LIMIT if self._packets is None else self._packets.most

    def try_pass(self, now: float, octets: int, packets: int, inner: _Gate | None) -> bool:
        """Pass, and through the inner gate too, if nobody waits and there is room at once."""
        if self._waiting:
            return False
        if self._packets is not None:
            self._packets.arrive(now)
        if self._wait(now, octets, packets) > 0 or not (inner is None or inner.try_pass(now, octets, packets, None)):
            return False
        self._spend(now, octets, packets)
        return True

    async def wait_and_pass(self, octets: int, packets: int, inner: _Gate | None) -> None:
        """Pass when it is our turn and there is room, here and then at the inner gate; who is cancelled takes nothing.

        Both are spent at the moment of passing: what was paid long before it is sent would let a second have more.
        """
        self._waiting += 1
        try:
            async with self._turn:
                while (wait := self._wait(self._clock.monotonic(), octets, packets)) > 0:
                    await self._clock.sleep(max(wait, _SHORTEST_SECONDS))
                if inner is not None and not inner.try_pass(self._clock.monotonic(), octets, packets, None):
                    await inner.wait_and_pass(octets, packets, None)
                self._spend(self._clock.monotonic(), octets, packets)
        finally:
            self._waiting -= 1

    def charge(self, octets: int) -> None:
        """Charge what was received."""
        if self._octets is not None:
            self._octets.spend(octets)

    def _wait(self, now: float, octets: int, packets: int) -> float:
        wait = 0.0 if self._packets is None else self._packets.wait(now, packets)
        return wait if self._octets is None else max(wait, self._octets.wait(now, octets))

    def _spend(self, now: float, octets: int, packets: int) -> None:
        if self._packets is not None:
            self._packets.spend(now, packets)
        if self._octets is not None:
            self._octets.spend(octets)
