"""Reads the Printer MIB of one device over SNMP."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlsplit

from pagemeter.clock import Clock
from pagemeter.component import Answer, Ask, NotAPrinter, Per, Reader, Services, Snmp, Traffic
from pagemeter.model import Reading, Scope, Target, Unknown
from pagemeter.snmp.types import Oid, Walk, oid
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.evidence import not_a_printer, printers_of
from pagemeter_plugins.printer_mib.identity import Person
from pagemeter_plugins.printer_mib.objects import is_needed, objects_of, probes_of
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import usable_profiles
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

log = logging.getLogger(__name__)

VISIT_SECONDS = 60.0

# As many as the engine puts into one packet, so that each of them says whose counters it holds.
_VALUES_OF_A_PACKET = 10

_SCHEMES = frozenset({"host", "snmp"})
# What proves a printer where neither prtGeneralTable nor the system group does.
_SECOND_LOOK = (mib.LOCALIZATION, mib.MARKER)


class PrinterMibReader(Reader):
    """Asks whether it is a printer first, then only for what the scopes need; UDP, so that nothing is woken."""

    scopes: ClassVar[frozenset[Scope]] = SCOPES
    wakes: ClassVar[bool] = False

    def __init__(self, settings: PrinterMibSettings, services: Services) -> None:
        """Load the profiles; an own one with a mistake is left out and named in the log. Raises PluginError."""
        self._snmp, self._clock = services.snmp, services.clock
        own = settings.profiles
        self._profiles, mistakes = usable_profiles(None if own is None else services.folder / own)
        for mistake in mistakes:
            log.error("a profile is left out, the others are used: %s", mistake)

    def traffic(self) -> Iterable[Traffic]:
        """Say what a visit sends: the most that one of the simulated fleet needs, over SNMP v1, questions and answers.

        Over v2c it is 170 packets at most, and 90 for half of the devices. IP and UDP take 28 octets of each.
        """
        yield Traffic(
            to="each device",
            port=161,
            packets=800,
            octets=70_000,
            per=Per.DEVICE,
            why="read the Printer MIB and the maker's counters (GET, GETNEXT, GETBULK)",
            carries="the community",
        )

    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        """Read what was asked; none for a place that is no host. Raises DeviceError."""
        if urlsplit(target.uri).scheme not in _SCHEMES:
            return None
        scopes = ask.scopes & SCOPES
        if not scopes:
            return Answer()
        snmp = _Patience(self._snmp, self._clock)
        walk = await self._look(snmp, target)
        if not len(walk):
            return None
        if not printers_of(walk):
            return not_a_printer(walk)
        walk = mib.without_endless_columns(walk.joined(await self._rest(snmp, target, walk, scopes)))
        found = parse_printer_mib(walk, scopes, self._clock.now(), self._profiles)
        if isinstance(found, NotAPrinter):
            return found
        if Scope.METERS in scopes:
            found = await self._with_fresh_meters(target, walk, scopes, found)
        return Answer(readings=found)

    async def _look(self, snmp: _Patience, target: Target) -> Walk:
        """Read the system group, hrDeviceTable, prtGeneralTable and device ids, and a little more only in doubt."""
        walk = mib.without_endless_columns(await snmp.walk(target, mib.FIRST))
        walk = walk.joined(await self._snmp.get(target, mib.DEVICE_IDS))
        if not printers_of(walk):
            walk = mib.without_endless_columns(walk.joined(await snmp.walk(target, _SECOND_LOOK)))
        return walk

    async def _rest(self, snmp: _Patience, target: Target, walk: Walk, scopes: frozenset[Scope]) -> Walk:
        if probes := probes_of(one for one in self._person(walk).candidates if is_needed(one, scopes)):
            walk = walk.joined(await snmp.get(target, probes))
        roots = [root for scope in sorted(scopes) for root in mib.ROOTS[scope]]
        wanted = objects_of(self._person(walk).profiles, scopes, (*mib.FIRST, *roots))
        singles = [*wanted.instances, *(mib.PANELS if Scope.STATUS in scopes else ())]
        rest = walk.joined(await snmp.walk(target, tuple(dict.fromkeys((*roots, *wanted.columns)))))
        return rest.joined(await snmp.get(target, tuple(dict.fromkeys(singles)))) if singles else rest

    def _person(self, walk: Walk) -> Person:
        """Look at the first printer; where there are several, no profile is meant for one of them."""
        printers = printers_of(walk)
        return Person(walk, printers[0], alone=len(printers) == 1, profiles=self._profiles)

    async def _with_fresh_meters(
        self, target: Target, walk: Walk, scopes: frozenset[Scope], found: Sequence[Reading]
    ) -> tuple[Reading, ...]:
        """Read the counters again, each packet with who it is: the address may have another owner by now."""
        rivals = (rival.read for reading in found for rival in reading.rivals)
        reads = (*(read for reading in found for read in reading.meter_reads), *rivals)
        counters = {oid(place) for read in reads for place in re.split(" [+-] ", read.origin.where)}
        if not counters:
            return tuple(found)
        proof, fresh, asked = _proof(walk), Walk(()), sorted(counters)
        some = max(1, _VALUES_OF_A_PACKET - len(proof))
        for at in range(0, len(asked), some):
            answer = await self._snmp.get(target, (*proof, *asked[at : at + some]))
            if not proof or any(answer.get(place) is None for place in proof):
                return _without_meters(found, "no identity came with them")
            if any(answer.octets(place) != walk.octets(place) for place in proof):
                return _without_meters(found, "another device answered")
            fresh = fresh.joined(answer)
        kept = Walk((row for row in walk if row.oid not in counters), walk.missing).joined(fresh)
        again = parse_printer_mib(kept, scopes, self._clock.now(), self._profiles)
        return () if isinstance(again, NotAPrinter) else again


class _Patience:
    """The questions of one visit, that together may take so long: a slow device must not hold up the others."""

    def __init__(self, snmp: Snmp, clock: Clock) -> None:
        self._snmp = snmp
        self._clock = clock
        self._until = clock.monotonic() + VISIT_SECONDS

    async def walk(self, target: Target, roots: Sequence[Oid]) -> Walk:
        """Walk with the time that is left; what there is no time for is missing."""
        left = self._left()
        return await self._snmp.walk(target, roots, within=left) if left > 0 else _unread(roots)

    async def get(self, target: Target, oids: Sequence[Oid]) -> Walk:
        """Ask for single values while there is time; else they are missing."""
        return await self._snmp.get(target, oids) if self._left() > 0 else _unread(oids)

    def _left(self) -> float:
        return self._until - self._clock.monotonic()


def _unread(oids: Sequence[Oid]) -> Walk:
    return Walk((), dict.fromkeys(oids, f"not read, the visit took {VISIT_SECONDS:.0f} s"))


def _proof(walk: Walk) -> tuple[Oid, ...]:
    """Return the objects that say who it is: a serial number, else the names, else the device id or description."""
    serials = tuple((*mib.GENERAL_SERIAL_NUMBER, *row) for row in walk.column(mib.GENERAL_SERIAL_NUMBER))
    descrs = ((*mib.HR_DEVICE_DESCR, mib.host_index(walk, index)) for index in printers_of(walk))
    choices: tuple[tuple[Oid, ...], ...] = (
        serials[:1],
        tuple(place for place in (mib.SYS_NAME, *descrs) if walk.octets(place)),
        tuple(place for place in (*mib.DEVICE_IDS, mib.SYS_DESCR) if walk.octets(place))[:1],
    )
    return next((choice for choice in choices if any(walk.octets(place) for place in choice)), ())


def _without_meters(readings: Sequence[Reading], why: str) -> tuple[Reading, ...]:
    return tuple(
        replace(
            reading,
            scopes=reading.scopes - {Scope.METERS},
            meter_reads=(),
            unknown=(*reading.unknown, Unknown(what="meters", why=why)),
        )
        for reading in readings
    )
