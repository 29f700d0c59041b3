"""Reads the Printer MIB of one device over SNMP."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlsplit

from pagemeter.component import Answer, Ask, NotAPrinter, Per, Reader, Services, Traffic
from pagemeter.errors import DeviceError, Unreadable
from pagemeter.model import Reading, Scope, Target, Unknown
from pagemeter.snmp.types import Oid, Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.evidence import not_a_printer, printers_of
from pagemeter_plugins.printer_mib.identity import Person, proof_of
from pagemeter_plugins.printer_mib.meters import counted_objects
from pagemeter_plugins.printer_mib.objects import is_needed, objects_of, probes_of
from pagemeter_plugins.printer_mib.patience import Patience
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profiles import usable_profiles
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings
from pagemeter_plugins.printer_mib.shelf import Shelf, from_memory, octets_of, other_alerts, to_memory, with_alerts
from pagemeter_plugins.printer_mib.shelving import rules_of, shelf_of
from pagemeter_plugins.printer_mib.vanished import is_another, unknown_counters, vanished, with_doubt, witnesses

log = logging.getLogger(__name__)

_SCHEMES = frozenset({"host", "snmp"})
# What proves a printer where neither prtGeneralTable nor the system group does.
_SECOND_LOOK = (mib.LOCALIZATION, mib.MARKER)
# What describes a supply, a tray or a cover is not told without its level or state: it would look as if it had none.
_TOLD_WHOLE = (mib.SUPPLIES, mib.INPUT, mib.COVER)


class PrinterMibReader(Reader):
    """Reads all of a device at first, and what changes at the visits after; UDP, so that nothing is woken."""

    scopes: ClassVar[frozenset[Scope]] = SCOPES
    wakes: ClassVar[bool] = False

    def __init__(self, settings: PrinterMibSettings, services: Services) -> None:
        """Load the profiles; an own one with a mistake is left out and named in the log. Raises PluginError."""
        self._snmp, self._clock = services.snmp, services.clock
        own = settings.profiles
        self._profiles, mistakes = usable_profiles(None if own is None else services.folder / own)
        for mistake in mistakes:
            log.error("a profile is left out, the others are used: %s", mistake)
        self._rules = rules_of(self._profiles)

    def traffic(self) -> Iterable[Traffic]:
        """Say what a visit sends: the most that one of the simulated fleet needs, over SNMP v1, questions and answers.

        Over v2c it is 6 packets for a known device and 46 for a new one. IP and UDP take 28 octets of each.
        """
        yield Traffic(
            to="each known device",
            port=161,
            packets=20,
            octets=7_000,
            per=Per.DEVICE,
            why="read again what changes (GETBULK with single values; GETNEXT over v1)",
            carries="the community",
        )
        yield Traffic(
            to="each device the first time, after a change, and every three to four hours",
            port=161,
            packets=240,
            octets=55_000,
            per=Per.DEVICE,
            why="read the Printer MIB and the maker's counters (GET, GETNEXT, GETBULK); one that never ends is left "
            "after 5,000 values, 1 MB or 60 s",
            carries="the community",
        )

    async def read(self, target: Target, ask: Ask) -> Answer | NotAPrinter | None:
        """Read what was asked; none for a place that is no host. Raises DeviceError."""
        if urlsplit(target.uri).scheme not in _SCHEMES:
            return None
        scopes = ask.scopes & SCOPES
        if not scopes:
            return Answer()
        snmp = Patience(self._snmp, target)
        shelf = from_memory(ask.memory)
        if shelf is not None and shelf.serves(scopes, self._rules, self._clock.now()):
            return await self._once_more(snmp, shelf, ask)
        return await self._anew(snmp, scopes, shelf, known=bool(ask.known or shelf))

    async def _once_more(self, snmp: Patience, shelf: Shelf, ask: Ask) -> Answer | NotAPrinter | None:
        """Read what changes, and take from the shelf what describes; everything where the shelf does not fit."""
        scopes, now = ask.scopes & SCOPES, self._clock.now
        fresh = await self._again(snmp, shelf, ask)
        if (why := shelf.misfit(fresh, scopes, now())) is None:
            found = self._parsed(Walk((*shelf.settled(scopes), *fresh)), scopes)
            if not isinstance(found, NotAPrinter):
                lost = unknown_counters(shelf, shelf.gone(scopes)) if Scope.METERS in scopes else ()
                return Answer(readings=_with_unknown(found, lost))
        log.debug("%s is read as a whole: %s", snmp.uri, why)
        # Where it fell silent, or hides rows, what it said is worth telling if it is the device of before.
        partly = fresh if fresh.missing and shelf.misfit(fresh, scopes, now(), whole=False) is None else None
        try:
            answer = await self._anew(snmp, scopes, shelf, misfits=True, known=True)
        except DeviceError:
            if partly is None:
                raise
            return self._partly(shelf, partly, scopes)
        if partly is None or not isinstance(answer, Answer) or not any(one.missing for one in answer.readings):
            return answer
        other = self._partly(shelf, partly, scopes)
        return other if isinstance(other, Answer) and _meters_in(other) > _meters_in(answer) else answer

    def _partly(self, shelf: Shelf, fresh: Walk, scopes: frozenset[Scope]) -> Answer | NotAPrinter:
        """Tell what was read again, and name what is missing."""
        told = mib.with_cut_tables(Walk((*shelf.settled(scopes), *fresh), fresh.missing))
        cut = [table for table in _TOLD_WHOLE if table in told.missing]
        rows = (row for row in told if not any(row.oid[: len(table)] == table for table in cut))
        found = self._parsed(Walk(rows, told.missing), scopes)
        return found if isinstance(found, NotAPrinter) else Answer(readings=found)

    async def _again(self, snmp: Patience, shelf: Shelf, ask: Ask) -> Walk:
        """Read what changes."""
        scopes = ask.scopes & SCOPES
        columns = with_alerts(shelf.columns(scopes), max((len(one.alerts) for one in ask.known), default=0))
        rows, ends = shelf.rows(scopes), shelf.ends(scopes)
        fresh = await snmp.again(rows, proof=shelf.proof, ends=ends, columns=columns)
        if more := other_alerts(columns, fresh):
            fresh = fresh.joined(await snmp.columns(more))
        return fresh

    async def _anew(
        self, snmp: Patience, scopes: frozenset[Scope], shelf: Shelf | None, *, misfits: bool = False, known: bool
    ) -> Answer | NotAPrinter | None:
        """Read everything that the scopes need, and leave a shelf for the next visit.

        Raises DeviceError; of a ``known`` printer also where what was cut short does not tell that it is one.
        """
        walk = await self._look(snmp)
        if not printers_of(walk):
            walk, _ = await self._doubted(snmp, walk, shelf, scopes, mib.FIRST)
        if walk.missing and not (printers_of(walk) if known else len(walk)):
            named = mib.missing_of(walk)
            why = next((one for one in named if not one[0].isdigit()), named[0])
            raise Unreadable(f"{snmp.uri} answers, but is not to be read: {why}")
        if not len(walk):
            return None
        if not printers_of(walk):
            return not_a_printer(walk)
        walk = mib.without_endless_columns(walk.joined(await self._rest(snmp, walk, scopes)))
        walk, lost = await self._doubted(snmp, walk, shelf, scopes)
        people, proof, counted = self._people(walk), proof_of(walk), tuple[Oid, ...]()
        distrusted = None
        if Scope.METERS in scopes:
            objects = (one for who in people for one in counted_objects(walk, who.index, who.profiles))
            counted = tuple(dict.fromkeys(objects))
            fresh, distrusted = await self._fresh(snmp, walk, counted, proof)
            counted_ = frozenset(counted)
            walk = Walk((row for row in walk if row.oid not in counted_), walk.missing)
            walk = walk.joined(mib.with_cut_tables(fresh))
        found = self._parsed(walk, scopes)
        if isinstance(found, NotAPrinter):
            return found
        if distrusted is not None:
            return Answer(readings=_without_meters(found, distrusted))
        found = _with_unknown(found, lost)
        left = shelf_of(
            walk,
            people,
            scopes,
            counted,
            proof,
            rules=self._rules,
            at=self._clock.now(),
            before=shelf if shelf is not None and (misfits or lost) and not is_another(shelf, walk) else None,
        )
        wider = shelf is not None and shelf.rules == self._rules and shelf.scopes > scopes
        return Answer(readings=found, memory=None if left is None or wider else to_memory(left))

    async def _look(self, snmp: Patience) -> Walk:
        """Read the system group, hrDeviceTable, prtGeneralTable and device ids, and a little more only in doubt."""
        walk = mib.without_endless_columns(await snmp.walk(mib.FIRST))
        walk = walk.joined(await snmp.get(mib.DEVICE_IDS))
        if not printers_of(walk):
            walk = mib.without_endless_columns(walk.joined(await snmp.walk(_SECOND_LOOK)))
        return walk

    async def _doubted(
        self,
        snmp: Patience,
        walk: Walk,
        shelf: Shelf | None,
        scopes: frozenset[Scope],
        roots: tuple[Oid, ...] = ((),),
    ) -> tuple[Walk, tuple[Unknown, ...]]:
        """Ask a few values by name that an earlier visit read below ``roots`` and this one did not meet.

        Returns the walk with what is hidden in ``missing``, and what is not answered any more.
        """
        gone = () if shelf is None else vanished(shelf, walk, scopes, self._clock.now())
        gone = tuple(one for one in gone if any(one[: len(root)] == root for root in roots))
        if shelf is None or not gone:
            return walk, ()
        doubted = with_doubt(walk, shelf, gone, await snmp.get(witnesses(shelf, gone)))
        return doubted, unknown_counters(shelf, gone) if doubted is walk and Scope.METERS in scopes else ()

    async def _rest(self, snmp: Patience, walk: Walk, scopes: frozenset[Scope]) -> Walk:
        who = self._people(walk)[0]
        if probes := probes_of(one for one in who.candidates if is_needed(one, scopes)):
            walk = walk.joined(await snmp.get(probes))
            who = self._people(walk)[0]
        roots = [root for scope in sorted(scopes) for root in mib.ROOTS[scope]]
        wanted = objects_of(who.profiles, scopes, (*mib.FIRST, *roots))
        singles = [*wanted.instances, *(mib.PANELS if Scope.STATUS in scopes else ())]
        rest = walk.joined(await snmp.walk(tuple(dict.fromkeys((*roots, *wanted.columns)))))
        return rest.joined(await snmp.get(tuple(dict.fromkeys(singles)))) if singles else rest

    async def _fresh(
        self, snmp: Patience, walk: Walk, counted: Sequence[Oid], proof: tuple[Oid, ...]
    ) -> tuple[Walk, str | None]:
        """Read the counters again, each packet with who it is: the address may have another owner by now.

        Also returned is why they are not to be believed. Raises Unreadable where it has: nothing is known to be whose.
        """
        if not counted:
            return Walk(()), None
        rows = {one: octets_of(row) for one in sorted(counted) if (row := walk.get(one)) is not None}
        fresh = await snmp.again(rows, proof=proof) if proof else Walk(())
        if not proof or any(fresh.get(place) is None for place in proof):
            silent = next((fresh.missing[place] for place in proof if place in fresh.missing), None)
            return fresh, f"{silent} when they were read with who it is" if silent else "no identity came with them"
        if any(fresh.octets(place) != walk.octets(place) for place in proof):
            raise Unreadable(f"{snmp.uri}: another device answered in the middle of the visit; the next one reads it")
        return fresh, None

    def _people(self, walk: Walk) -> tuple[Person, ...]:
        """Look at the printers; where there are several, no profile is meant for one of them."""
        printers = printers_of(walk)
        alone = len(printers) == 1
        return tuple(Person(walk, index, alone=alone, profiles=self._profiles) for index in printers)

    def _parsed(self, walk: Walk, scopes: frozenset[Scope]) -> tuple[Reading, ...] | NotAPrinter:
        return parse_printer_mib(walk, scopes, self._clock.now(), self._profiles)


def _meters_in(answer: Answer) -> int:
    return sum(len(one.meter_reads) for one in answer.readings)


def _with_unknown(readings: tuple[Reading, ...], more: tuple[Unknown, ...]) -> tuple[Reading, ...]:
    return tuple(replace(one, unknown=(*one.unknown, *more)) for one in readings) if more else readings


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
