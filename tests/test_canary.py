"""A canary in every text of the model: what no mask takes out arrives, and of what one takes out nothing does."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from pagemeter import Output
from pagemeter.clock import SystemClock
from pagemeter.component import Form
from pagemeter.fields import ROOTS, Field, all_fields, fields_of, parts_of
from pagemeter.masks import CATEGORIES, DOCUMENT_TYPES, Masks
from pagemeter.model import AgentStatus, Body, Document, FleetEntry, Key
from pagemeter.outbox import Subscription
from pagemeter.plugins import Kind, installed_plugins, load_plugins
from pagemeter.testing import FakeServices
from pagemeter.wire import to_json

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
IDS = frozenset({"id", "device", "agent", "alias", "epoch"})
PATHS = {one.path: number for number, one in enumerate(all_fields())}


def canary(path: tuple[str, ...]) -> str:
    """A text that is nowhere else, of letters and digits, so that no output escapes it."""
    return f"canary{PATHS[path]:03}x"


def full(cls: type, path: tuple[str, ...]) -> Any:
    """Make a value of a class that has everything that it may have."""
    path = ROOTS.get(cls, path)
    hints = get_type_hints(cls)
    return cls(**{f.name: value(hints[f.name], (*path, f.name)) for f in fields(cls)})


def value(hint: Any, path: tuple[str, ...]) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is tuple:
        # The first of a pair is its name, not what is told; of two times both are.
        first = "name" if parts[0] is str else value(parts[0], path)
        return (first if parts[-1] is not ... else value(parts[0], path),) + (
            () if parts[-1] is ... else (value(parts[1], path),)
        )
    if origin is not None:
        first = parts[0] if origin is Literal else value(parts[0], path)
        return frozenset([first]) if origin is frozenset else first
    if is_dataclass(hint):
        return full(hint, path)  # type: ignore[arg-type] # a class
    if hint is str:
        return f"id{PATHS[path]}" if path[-1] in IDS else canary(path)
    if issubclass(hint, Enum):
        return next(iter(hint))
    return {int: 7, bool: True, datetime: AT, timedelta: timedelta(hours=1), Decimal: Decimal("1.50")}[hint]


def bodies() -> list[Body]:
    """One body of each type, and of each kind of event."""
    found = []
    for cls, path in ROOTS.items():
        if cls is FleetEntry:
            continue
        whole = full(cls, path)
        if path == ("event",):
            facts = next(one for one in fields_of(cls, path) if one.name == "facts")
            found += [type(whole)(device="id1", at=AT, facts=full(kind, facts.path)) for kind in facts.inner]
        else:
            found.append(whole)
    return found


BODIES = bodies()
STATUS = full(AgentStatus, ("agent",))
FLEET = (full(FleetEntry, ("fleet",)),)
DOCUMENTS = tuple(
    Document(key=Key(agent="id1", epoch="00000001-0123456789abcdef", seq=seq), at=AT, body=body)
    for seq, body in enumerate(BODIES, 1)
)


def is_text(one: Field) -> bool:
    parts = [part for part in parts_of(one.hint) if isinstance(part, type)]
    return str in parts and set(parts) <= {str, NoneType} and one.name not in IDS


TEXTS = {canary(one.path): one for one in all_fields() if is_text(one)}


def taken_out(name: str) -> set[str]:
    """Say which canaries a mask of that name has to take out: those of fields that it means, and all below them."""
    meant = [one for one in all_fields() if one.maskable and one.is_meant({tuple(name.split("."))})]
    return {c for c, one in TEXTS.items() for top in meant if one.path[: len(top.path)] == top.path}


def seen(data: bytes) -> set[str]:
    return {text for text in TEXTS if text.encode() in data}


# ---- the outputs, each with a way to look at every octet that leaves


@asynccontextmanager
async def server() -> AsyncIterator[tuple[str, bytearray]]:
    """Take any request in the clear and say 200."""
    taken = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        taken.extend(head + await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/", taken
    finally:
        listening.close()


async def to_folder(folder: Path, masks: Masks, plugin: str, **settings: Any) -> bytes:
    await deliver(plugin, folder, masks, {"folder": "out", **settings})
    return b"".join(path.read_bytes() for path in sorted((folder / "out").rglob("*")) if path.is_file())


async def to_webhook(folder: Path, masks: Masks) -> bytes:
    async with server() as (url, taken):
        settings = {"url": url, "gzip": False, "allow_plain_http": True}
        await deliver("webhook", folder, masks, settings)
        await deliver("webhook", folder, masks, {**settings, "latest": True})
    return bytes(taken)


async def to_broker(folder: Path, masks: Masks) -> bytes:
    async with broker(folder) as (port, heard):
        await deliver(
            "mqtt", folder, masks, {"host": "127.0.0.1", "port": port, "documents": True, "home_assistant": True}
        )
        return await heard()


Way = Callable[[Path, Masks], Awaitable[bytes]]
WAYS: dict[str, tuple[Way, ...]] = {
    "files": (
        lambda folder, masks: to_folder(folder, masks, "files"),
        lambda folder, masks: to_folder(folder, masks, "files", format="csv"),
    ),
    "https_xml": (lambda folder, masks: to_folder(folder, masks, "https_xml"),),
    "webhook": (to_webhook,),
    "mqtt": (to_broker,),
}
# These have tests of their own: what they send is made of the same masked values.
ELSEWHERE = {"email", "glpi", "prometheus", "relay"}
PEERS = {"mqtt"}


async def deliver(plugin: str, folder: Path, masks: Masks, settings: dict[str, Any]) -> None:
    """Deliver all there is to all feeds of an output, masked as the outbox does it."""
    factory = load_plugins([plugin]).factory(Kind.OUTPUT, plugin)
    assert factory is not None
    services: Any = FakeServices(clock=SystemClock(), folder=folder)
    output = factory(factory.settings.model_validate(settings), services)
    assert isinstance(output, Output)
    async with output:
        for feed in output.feeds():
            subscription = Subscription(output=plugin, feed=feed, deliver=output.deliver, masks=masks)
            documents = [one for one in DOCUMENTS if masks.takes(one.body)]
            if feed.form is Form.REPORT:
                batch = subscription.report(STATUS, documents, FLEET, due=AT, part=1, last=True)
            else:
                batch = subscription.batch(STATUS, documents, FLEET if feed.form is Form.LATEST else ())
            await output.deliver(batch)


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[tuple[int, Callable[[], Awaitable[bytes]]]]:
    """Run a mosquitto and somebody who hears everything."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or shutil.which("mosquitto_sub") is None:
        pytest.skip("mosquitto and mosquitto_sub (Debian: mosquitto, mosquitto-clients) are not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    conf = folder / "mosquitto.conf"
    conf.write_text(f"user {getpass.getuser()}\nlistener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(program, "-c", str(conf), stderr=DEVNULL)
    at = ("-h", "127.0.0.1", "-p", str(port), "-q", "1")
    listener = None
    try:
        async with asyncio.timeout(20):
            listener = await listening(*at)
        stdout = listener.stdout
        assert stdout is not None

        async def heard() -> bytes:
            await publish(*at, "-t", "end", "-m", "endofall")
            return await stdout.readuntil(b"endofall")

        yield port, heard
    finally:
        for one in filter(None, (listener, process)):
            if one.returncode is None:
                one.kill()
            await one.communicate()


async def publish(*arguments: str) -> bool:
    program = await asyncio.create_subprocess_exec("mosquitto_pub", *arguments, stderr=DEVNULL)
    return await program.wait() == 0


async def listening(*at: str) -> asyncio.subprocess.Process:
    """Start mosquitto_sub once the broker is there, and return it once it hears what is published."""
    while not await publish(*at, "-t", "ready", "-m", "0"):
        pass
    listener = await asyncio.create_subprocess_exec("mosquitto_sub", *at, "-t", "#", "-v", stdout=PIPE, limit=2**24)
    assert listener.stdout is not None
    first = asyncio.create_task(listener.stdout.readline())
    while not first.done():
        await publish(*at, "-t", "ready", "-m", "0")
        await asyncio.wait({first}, timeout=0.1)
    return listener


def ways() -> list[Any]:
    return list(_ways())


def _ways() -> Iterator[Any]:
    for name, some in WAYS.items():
        marks = [pytest.mark.peer] if name in PEERS else []
        for number, way in enumerate(some, 1):
            yield pytest.param(way, id=f"{name}{number if len(some) > 1 else ''}", marks=marks)


def test_every_installed_output_is_looked_at() -> None:
    outputs = {p.name for p in installed_plugins() if p.manifest and Kind.OUTPUT in p.manifest.kinds}
    shipped = {name for name in outputs if (Path(__file__).parents[1] / "plugins/pagemeter_plugins" / name).is_dir()}
    assert shipped - ELSEWHERE <= WAYS.keys()


async def test_without_a_mask_every_text_of_the_model_arrives(tmp_path: Path) -> None:
    lines = await WAYS["files"][0](tmp_path, Masks())
    # The head of a batch is no document; the agent's own status is one.
    assert seen(lines) == set(TEXTS)


@pytest.mark.parametrize("way", ways())
async def test_exactly_what_a_category_masks_is_gone(tmp_path: Path, way: Way) -> None:
    before = seen(await way(folder(tmp_path, "none"), Masks()))
    assert before
    for category in CATEGORIES:
        after = seen(await way(folder(tmp_path, category), Masks(mask=[category])))
        assert after == before - taken_out(category), category


@pytest.mark.parametrize("way", ways())
async def test_exactly_what_a_category_hashes_is_replaced(tmp_path: Path, way: Way) -> None:
    before = seen(await way(folder(tmp_path, "none"), Masks()))
    for category in CATEGORIES:
        masks = Masks(hashed=[category], key=b"secret")
        data = await way(folder(tmp_path, category), masks)
        assert seen(data) == before - taken_out(category), category
        for text in before & taken_out(category):
            assert masks.hashed(text).encode() in data, text


async def test_each_field_can_be_masked_and_hashed_by_itself(tmp_path: Path) -> None:
    """Of the lines of documents, which hold everything; each name, each path."""
    names = {end for one in TEXTS.values() if one.maskable for end in (one.name, ".".join(one.path))}
    assert len(names) > 100
    for name in sorted(names):
        gone = taken_out(name)
        assert gone
        assert seen(lines(Masks(mask=[name]))) == set(TEXTS) - gone, name
    for name in sorted({one.name for one in TEXTS.values() if one.hashable} - set(CATEGORIES)):
        data = lines(Masks(hashed=[name], key=b"secret"))
        gone = {c for c, one in TEXTS.items() if one.name == name and one.hashable}
        assert seen(data) == set(TEXTS) - gone, name


async def test_of_only_a_few_fields_nothing_else_leaves(tmp_path: Path) -> None:
    stays = {c for c, one in TEXTS.items() if not one.maskable}
    for name in sorted({one.name for one in TEXTS.values() if one.maskable} - set(CATEGORIES) - DOCUMENT_TYPES):
        left = seen(lines(Masks(only=[name])))
        assert left - stays == {c for c, one in TEXTS.items() if one.name == name and one.maskable}, name


@pytest.mark.parametrize("way", ways())
async def test_only_one_type_of_document_leaves(tmp_path: Path, way: Way) -> None:
    for kind in ("snapshot", "event", "job", "queue", "agent"):
        data = seen(await way(folder(tmp_path, kind), Masks(only=[kind])))
        stays = {c for c, one in TEXTS.items() if one.path[0] == "agent" and not one.maskable}
        assert {TEXTS[text].path[0] for text in data - stays} <= {kind}, kind


def lines(masks: Masks) -> bytes:
    kept: Sequence[Document] = [masks(one) for one in DOCUMENTS if masks.takes(one.body)]
    return b"\n".join(map(to_json, kept))


def folder(of: Path, name: str) -> Path:
    path = of / name
    path.mkdir()
    return path
