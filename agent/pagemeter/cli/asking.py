"""``scan``, ``read`` and ``record``: ask devices now, with or without a configuration; nothing is stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from pagemeter.cli.ad_hoc import SnmpOptions, Toolkit, addresses_of, host_of, readers, toolkit
from pagemeter.cli.exits import Exit, usage
from pagemeter.cli.explanation import explanation
from pagemeter.cli.picture import picture
from pagemeter.cli.show import console, found_table, json_line
from pagemeter.component import Ask, NotAPrinter, Reader
from pagemeter.errors import DeviceError, Unreachable
from pagemeter.model import Device, DeviceSnapshot, Reading, Scope, Target, host_uri, snapshot_of
from pagemeter.net.seats import READS_AT_ONCE, Seats
from pagemeter.snmp import Oid, dotted, oid
from pagemeter.snmp.allowance import Allowance
from pagemeter.snmp.recording import write_recording
from pagemeter.text import escaped
from pagemeter.visits import joined
from pagemeter.wire import to_json

SYSTEM = oid("1.3.6.1.2.1.1")
SWEEP_OIDS: tuple[Oid, ...] = ((*SYSTEM, 1, 0), (*SYSTEM, 2, 0), (*SYSTEM, 5, 0))
EVERYTHING = frozenset({Scope.IDENTITY, Scope.METERS, Scope.SUPPLIES, Scope.STATUS})
GLANCE = frozenset({Scope.IDENTITY, Scope.STATUS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What answered at one place: printers, or what else it is, or why it can't be read.

    ``failed`` are the readers that failed while another one answered, each with the reason.
    """

    target: Target
    snapshots: tuple[DeviceSnapshot, ...] = ()
    failed: tuple[str, ...] = ()
    not_a_printer: str | None = None
    error: str | None = None


async def scan(ranges: list[str], options: SnmpOptions, *, as_json: bool, show_all: bool) -> Exit:
    """Sweep the ranges, read who answers, show it."""
    err = console(stderr=True)
    found = []
    async with toolkit(options, ranges) as tools:
        with _bar(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) as bar:
            task = bar.add_task("Asking", total=None)
            async for one in _sweep(tools, ranges, lambda done, total: bar.update(task, completed=done, total=total)):
                found.append(one)
                bar.update(task, description=f"Asking, {len(found)} answered")
    found.sort(key=lambda one: _order(one.target))
    for one in found:
        if one.error is not None:
            err.print(f"{one.target.host}: {one.error}", markup=False)
    if as_json:
        for one in found:
            for line in _lines(one, show_all=show_all):
                print(line)
    else:
        _show(found, show_all=show_all)
    if not found:
        err.print(f"Nothing answered SNMP in {', '.join(ranges)}. Is the community right (--community)?", markup=False)
        return Exit.NOTHING_ANSWERED
    return Exit.PARTLY_FAILED if any(one.error for one in found) else Exit.OK


async def read(host: str, options: SnmpOptions, *, as_json: bool, explain: bool = False) -> Exit:
    """Read one address and say what its panel would say; an address may have several printers."""
    async with toolkit(options, [host]) as tools:
        target = await _target(host, options)
        with _waiting(host):
            found = await _read(tools, readers(tools), target, EVERYTHING)
    if found.error is not None:
        console(stderr=True).print(f"pagemeter: {found.error}", markup=False)
        return Exit.NOTHING_ANSWERED
    if found.not_a_printer is not None and not as_json:
        console().print(f"{host} is no printer: {found.not_a_printer}", markup=False)
        return Exit.OK
    if as_json:
        for line in _lines(found, show_all=True):
            print(line)
        return Exit.OK
    out, count = console(), len(found.snapshots)
    for number, snapshot in enumerate(found.snapshots, 1):
        if count > 1:
            out.print(f"{'' if number == 1 else chr(10)}Printer {number} of {count} at {host}:", markup=False)
        for part in (*picture(snapshot), *(explanation(snapshot, found.failed) if explain else ())):
            out.print(part)
    return Exit.OK


async def record(host: str, file: Path, options: SnmpOptions) -> Exit:
    """Walk a device and write a recording; job and password tables are left out by the engine."""
    if not _is_place_of_a_file(file):
        raise usage(f"{file} can't be written: name a file in a folder that exists")
    if host_of(host) != host:
        raise usage(f"{host}: only SNMP is recorded; write an address or a host name")
    async with toolkit(options, [host]) as tools:
        target = await _target(host, options)
        with _waiting(host):
            walk = await tools.services.snmp.walk(target, [oid("1.3.6.1.2.1"), oid("1.3.6.1.4.1")])
    try:
        write_recording(walk, file)
    except OSError as error:
        raise usage(f"{file} can't be written ({error.strerror}); may this user write there?") from None
    err = console(stderr=True)
    err.print(
        f"{len(walk)} rows of {host} are in {file}. Look for names of persons before you pass it on.", markup=False
    )
    for root, why in walk.missing.items():
        err.print(f"{dotted(root)} is not complete: {why}", markup=False)
    return Exit.PARTLY_FAILED if walk.missing else Exit.OK


def _is_place_of_a_file(path: Path) -> bool:
    return path.parent.is_dir() and not path.is_dir()


def _bar(*columns: ProgressColumn) -> Bar:
    """Show on a terminal how it goes, until it is done; a pipe or a file gets nothing of it."""
    err = console(stderr=True)
    words = TextColumn("{task.description}", markup=False)
    return Bar(words, *columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def _waiting(host: str) -> Iterator[None]:
    with _bar(TimeElapsedColumn()) as bar:
        bar.add_task(f"Asking {escaped(host)}")
        yield


async def _sweep(tools: Toolkit, ranges: list[str], progress: Callable[[int, int], None]) -> AsyncIterator[Found]:
    """Read each address as soon as it answers the sweep."""
    chosen = readers(tools)
    most = READS_AT_ONCE if tools.config is None else tools.config.agent.reads_at_once
    seats = Seats(tools.engine.fence, most)
    results: asyncio.Queue[Found | None] = asyncio.Queue()

    async def one(target: Target) -> None:
        async with seats.taken(target.host):
            results.put_nowait(await _read(tools, chosen, target, GLANCE))

    async def all_of_them() -> None:
        try:
            sweep = tools.engine.sweep(ranges, SWEEP_OIDS, found_by="scan", progress=progress)
            async with asyncio.TaskGroup() as group, aclosing(sweep) as responders:
                async for responder in responders:
                    group.create_task(one(responder.target))
        finally:
            results.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(all_of_them())
        while (found := await results.get()) is not None:
            yield found


async def _read(tools: Toolkit, chosen: Mapping[str, Reader], target: Target, scopes: frozenset[Scope]) -> Found:
    """Ask one reader after another, and for a glance no more when one knows; each completes the ones before."""
    readings: tuple[Reading, ...] = ()
    read_by: list[str] = []
    other, errors, failed = None, [], []
    visit = Allowance()
    for name, reader in chosen.items():
        try:
            with visit.shared():
                answer = await reader.read(target, Ask(scopes=scopes))
        except DeviceError as error:
            errors.append(error)
            failed.append(f"{name} failed: {error}")
            continue
        if isinstance(answer, NotAPrinter):
            other = other or answer
        elif answer is not None and answer.readings:
            readings = joined(readings, answer.readings)
            read_by.append(name)
        if other is not None or (readings and scopes == GLANCE):
            break
    now = tools.clock.now()
    if readings:
        snapshots = tuple(_snapshot(target, one, now, tuple(read_by)) for one in readings)
        return Found(target=target, snapshots=snapshots, failed=tuple(failed))
    if other is not None:
        return Found(target=target, not_a_printer=other.what)
    telling = [error for error in errors if not isinstance(error, Unreachable)] or errors
    return Found(target=target, error=str(telling[0]) if telling else "answers no protocol that a printer speaks")


def _snapshot(target: Target, reading: Reading, now: Any, read_by: tuple[str, ...]) -> DeviceSnapshot:
    who = reading.identity
    device = Device(
        id="",
        **{name: getattr(who, name) for name in who.__dataclass_fields__ if name != "addresses"},
        addresses=who.addresses or (target.host,),
    )
    return snapshot_of(device, reading, target=target.uri, found_by=(), taken_at=now, read_by=read_by)


def _lines(found: Found, *, show_all: bool) -> list[str]:
    if found.snapshots:
        return [json_line({"printer": True, **_plain(snapshot)}) for snapshot in found.snapshots]
    if found.not_a_printer is None or not show_all:
        return []
    return [json_line({"printer": False, "target": found.target.uri, "what": found.not_a_printer})]


def _plain(snapshot: DeviceSnapshot) -> dict[str, Any]:
    """Write a snapshot as the wire does, less the id: nothing is stored, so there is none."""
    plain: dict[str, Any] = json.loads(to_json(snapshot))
    plain["device"].pop("id", None)
    return plain


def _show(found: list[Found], *, show_all: bool) -> None:
    out = console()
    snapshots = [snapshot for one in found for snapshot in one.snapshots]
    if snapshots:
        out.print(found_table(snapshots))
    others = [one for one in found if one.not_a_printer is not None]
    if show_all:
        for one in others:
            out.print(f"{one.target.host}: no printer: {one.not_a_printer}", markup=False)
    elif others:
        out.print(f"{len(others)} that answered are no printers (--all shows them).", markup=False)


async def _target(host: str, options: SnmpOptions) -> Target:
    address = (await addresses_of(host_of(host)))[0]
    if host_of(host) != host:
        return Target(uri=host, found_by="command line")
    return Target(uri=host_uri(str(address), port=options.port), found_by="command line")


def _order(target: Target) -> tuple[int, ...]:
    parts = target.host.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0,)
