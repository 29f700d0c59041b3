"""One visit of one place: readers in the order of the YAML, never two visits at once, one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from pagemeter.clock import Clock
from pagemeter.component import Answer, Ask, Memory, NotAPrinter, Reader, Seen
from pagemeter.contract import checked_answer
from pagemeter.errors import DeviceError, Forbidden, PluginError, QuietHours, StoreError, Unreachable
from pagemeter.inventory import Inventory, Learned
from pagemeter.inventory.evidence import one_printer
from pagemeter.job_details import JobPrivacy
from pagemeter.model import Body, DeviceSnapshot, FleetEntry, JobDetails, JobRecord, Reading, Scope, Target, Unknown
from pagemeter.net.fence import Fence
from pagemeter.net.seats import Seats
from pagemeter.snmp.allowance import Allowance
from pagemeter.store import Keep, Store
from pagemeter.supervisor import Supervisor

log = logging.getLogger(__name__)

READ_SECONDS = 90.0
"""How long one reader may take for one device, unless its item says otherwise."""

MOST_UNKEPT = 256
"""How many answers wait for the store at once, with those that are being read: a hundred kilobytes each."""

_UNASKED = Answer()
"""What stands for a reader that knows none of the scopes."""

EVERYTHING = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """What came of a visit: snapshots, or what it is instead of a printer, or why there is nothing.

    ``warnings`` are the readers that failed while another one answered.
    """

    target: Target
    snapshots: tuple[DeviceSnapshot, ...] = ()
    learned: Learned | None = None
    not_a_printer: NotAPrinter | None = None
    error: DeviceError | PluginError | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What the readers gathered before the inventory saw it; whether one was asked, and whether one was answered."""

    asked: bool = False
    spoke: bool = False
    readings: tuple[Reading, ...] = ()
    read_by: tuple[str, ...] = ()
    jobs: tuple[JobRecord, ...] = ()
    memories: tuple[tuple[str, Memory], ...] = ()
    not_a_printer: NotAPrinter | None = None
    errors: tuple[DeviceError | PluginError, ...] = ()


class Visits:
    """Visits places; a later ask for a place under visit waits for it, and joins it where it covers the ask."""

    def __init__(
        self,
        readers: Sequence[Supervisor[Reader]],
        inventory: Inventory,
        store: Store,
        clock: Clock,
        *,
        timeouts: Mapping[str, float] | None = None,
        privacy: JobPrivacy | None = None,
        seats: Seats | None = None,
        aside: Callable[[], Mapping[tuple[str, str], Memory]] = dict,
    ) -> None:
        """Visit with these readers; ``aside`` gives what else was learned by the way and goes into the next keeping."""
        self._readers = tuple(readers)
        self._inventory = inventory
        self._store = store
        self._clock = clock
        self._privacy = privacy or JobPrivacy(level=JobDetails.OFF, key=_no_key)
        self._timeouts = dict(timeouts or {})
        self._seats = seats or Seats(Fence(()))
        self._aside = aside
        self._unkept = asyncio.Semaphore(MOST_UNKEPT)
        self._running: dict[str, tuple[frozenset[Scope], asyncio.Future[Visited]]] = {}

    async def visit(self, target: Target, scopes: frozenset[Scope] = EVERYTHING) -> Visited:
        """Read one place and keep what it said; a device's errors are in the result, the store's are raised."""
        while (running := self._running.get(target.uri)) is not None:
            covered, future = running
            await asyncio.wait({future})
            if covered >= scopes and not future.cancelled() and future.exception() is None:
                await self._keep(self._inventory.also_found(target), Keep())
                return future.result()
        future = asyncio.get_running_loop().create_future()
        self._running[target.uri] = (scopes, future)
        try:
            visited = await self._visit(target, scopes)
        except BaseException:
            future.cancel()
            raise
        else:
            future.set_result(visited)
            return visited
        finally:
            del self._running[target.uri]

    async def gathered(self, seen: Sequence[Seen], source: str) -> None:
        """Take in what a source read of printers that no visit reaches; one that is gone becomes silent."""
        for one in seen:
            now = self._clock.now()
            if one.readings:
                readings = tuple(map(_trusted, one.readings))
                learned = self._inventory.learn(one.target, readings, at=now, read_by=(source,))
            else:
                learned = self._inventory.silent(one.target.uri, at=now)
            await self._keep(learned, Keep())

    def located(self, job: JobRecord) -> JobRecord:
        """Fill in the device of a job whose printer's place is known."""
        if job.device is not None or job.printer is None:
            return job
        return replace(job, device=self._inventory.device_at(job.printer))

    async def _visit(self, target: Target, scopes: frozenset[Scope]) -> Visited:
        async with AsyncExitStack() as unkept:
            # Another device is read while the store gathers a group to commit.
            async with self._seats.taken(target.host):
                await unkept.enter_async_context(self._unkept)
                known = self._inventory.at(target.uri)
                with Allowance().shared():
                    read = await self._read(target, scopes, tuple(entry.latest for entry in known))
            return await self._taken_in(target, known, read)

    async def _taken_in(self, target: Target, known: tuple[FleetEntry, ...], read: _Read) -> Visited:
        """Keep what the readers said."""
        now = self._clock.now()
        warnings = tuple(str(error) for error in read.errors)
        if read.readings:
            learned = self._inventory.learn(target, read.readings, at=now, read_by=read.read_by)
            await self._keep(learned, self._said(target, read, known, learned))
            return Visited(target=target, snapshots=learned.snapshots, learned=learned, warnings=warnings)
        if read.not_a_printer is not None and not known:
            await self._store.keep(Keep(decoys={target.uri: read.not_a_printer.what}))
            return Visited(target=target, not_a_printer=read.not_a_printer, warnings=warnings)
        if read.spoke or not (read.asked or read.errors):
            await self._keep(Learned(), self._said(target, read, known, Learned()))
            return Visited(target=target, warnings=warnings)
        error = _gravest(read.errors) or Unreachable(f"{target.uri} answers no protocol that a reader speaks")
        silent: Learned | None = None
        if isinstance(error, DeviceError) and not isinstance(error, Forbidden | QuietHours) and known:
            silent = self._inventory.silent(target.uri, at=now)
            await self._keep(silent, self._said(target, read, known, Learned()))
        return Visited(target=target, learned=silent, error=error, warnings=warnings)

    def _said(self, target: Target, read: _Read, known: tuple[FleetEntry, ...], learned: Learned) -> Keep:
        """Say what is kept of an answer beside what the inventory made of it."""
        here = sorted({snapshot.device.id for snapshot in learned.snapshots})
        before = known[0].latest.device.id if known else None
        # What a reader remembers of one printer must not become another one's.
        home = before if not here or before in here else here[0] if before is None else None
        only = here[0] if len(here) == 1 else None
        jobs = (self.located(job) for job in read.jobs)
        owned = (replace(job, device=only) if job.device is None and job.printer is None else job for job in jobs)
        return Keep(
            bodies=tuple((job.device, self._privacy.job(job)) for job in owned),
            memories={(name, home): memory for name, memory in read.memories} if home is not None else {},
            decoys={} if known or not here else {target.uri: None},
        )

    async def _keep(self, learned: Learned, said: Keep) -> None:
        """Keep what was learned; events that could not be kept are kept after the next visit that could."""
        if learned == Learned() and said == Keep():
            return
        bodies: tuple[tuple[str | None, Body], ...] = (
            *((snapshot.device.id, snapshot) for snapshot in learned.snapshots),
            *((event.device, event) for event in learned.events),
            *said.bodies,
        )
        try:
            await self._store.keep(
                replace(
                    said,
                    memories={**self._aside(), **said.memories},
                    bodies=bodies,
                    entries=learned.entries,
                    packed=self._inventory.packed(learned.entries),
                    aliases=dict(learned.aliases),
                    records=dict(learned.records),
                )
            )
        except StoreError:
            self._inventory.owe(learned)
            raise
        await self._settle()

    async def _settle(self) -> None:
        while (owed := self._inventory.owed()) is not None:
            try:
                await self._store.keep(
                    Keep(
                        bodies=tuple((event.device, event) for event in owed.events),
                        entries=owed.entries,
                        packed=self._inventory.packed(owed.entries),
                        aliases=dict(owed.aliases),
                        records=dict(owed.records),
                    )
                )
            except StoreError as error:
                self._inventory.owe(owed)
                log.debug("what is owed to the store could not be kept: %s", error)
                return

    async def _read(self, target: Target, scopes: frozenset[Scope], known: tuple[DeviceSnapshot, ...]) -> _Read:
        """Ask the readers one after another, those that wake a sleeping device last; each completes the ones before."""
        read = _Read()
        for supervisor in self._readers:
            ask = Ask(scopes=scopes, known=known, memory=self._memory(supervisor.name, known))

            async def work(reader: Reader, ask: Ask = ask) -> Answer | NotAPrinter | None:
                wanted = ask.scopes & (reader.scopes | {Scope.IDENTITY})
                if not wanted:
                    return _UNASKED
                return checked_answer(await reader.read(target, replace(ask, scopes=wanted)))

            try:
                answer = await supervisor.call(work, timeout=self._timeouts.get(supervisor.name, READ_SECONDS))
            except (DeviceError, PluginError) as error:
                read = replace(read, errors=(*read.errors, error))
                continue
            if answer is not _UNASKED:
                read = _with(replace(read, asked=True), supervisor.name, answer, scopes)
        return read

    def _memory(self, reader: str, known: tuple[DeviceSnapshot, ...]) -> Memory:
        return self._store.memory(reader, known[0].device.id) if known else {}


def _no_key() -> bytes:
    raise AssertionError("at this level nothing is hashed")


def _with(read: _Read, name: str, answer: Answer | NotAPrinter | None, scopes: frozenset[Scope]) -> _Read:
    if answer is None:
        return read
    if isinstance(answer, NotAPrinter):
        return replace(read, not_a_printer=read.not_a_printer or answer)
    told = bool(answer.readings or answer.jobs)
    return replace(
        read,
        # Nothing but a memory: the reader met nobody and remembers that. Of jobs there may be none to tell.
        spoke=read.spoke or told or answer.memory is None or not scopes & EVERYTHING,
        readings=joined(read.readings, tuple(_trusted(reading) for reading in answer.readings)),
        read_by=(*read.read_by, name) if told else read.read_by,
        jobs=read.jobs + answer.jobs,
        memories=read.memories if answer.memory is None else (*read.memories, (name, answer.memory)),
    )


def joined(mine: tuple[Reading, ...], theirs: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Join the parts of two readers at one place: by serial number, UUID or device id, or when each has one part."""
    if not mine or not theirs:
        return mine or theirs
    if len(mine) == len(theirs) == 1 and one_printer(mine[0], theirs[0]) is not False:
        return (mine[0].completed_by(theirs[0]),)
    left = list(theirs)
    result = []
    for reading in mine:
        partner = next((other for other in left if one_printer(reading, other)), None)
        if partner is not None:
            left.remove(partner)
        result.append(reading if partner is None else reading.completed_by(partner))
    return (*result, *left)


def _trusted(reading: Reading) -> Reading:
    """Drop meters that came without anything that says whose they are: DHCP may have put another printer there."""
    who = reading.identity
    if not reading.meter_reads or any((who.serial_number, who.uuid, who.macs, who.model, who.host_names)):
        return reading
    why = Unknown(what="meters", why="the answer does not say which device it is")
    return replace(reading, meter_reads=(), unknown=(*reading.unknown, why))


def _gravest(errors: Sequence[DeviceError | PluginError]) -> DeviceError | PluginError | None:
    """Name the error that helps most: a refusal or a broken answer says more than silence."""
    telling = [error for error in errors if not isinstance(error, Unreachable)]
    return next(iter(telling), None) or next(iter(errors), None)
