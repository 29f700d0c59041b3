"""Frames: a document against an earlier one of its device."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.model import DeviceSnapshot
from pagemeter.store import Keep, Position, Store, StoreReader
from pagemeter.store.frames import MOST_FRAME, checksum, deflated, inflated
from pagemeter.testing import FakeClock

Snapshots = Callable[..., DeviceSnapshot]


@given(plain=st.binary(max_size=2000), frame=st.none() | st.binary(min_size=1, max_size=2000))
def test_what_was_deflated_is_inflated_again(plain: bytes, frame: bytes | None) -> None:
    assert inflated(deflated(plain, frame), frame) == plain


@given(plain=st.binary(min_size=1, max_size=500), cut=st.integers(1, 500), framed=st.booleans())
def test_a_body_cut_short_is_noticed(plain: bytes, cut: int, framed: bool) -> None:
    frame = b"a frame" if framed else None
    body = deflated(plain, frame)
    with pytest.raises(ValueError, match="it"):
        inflated(body[: max(0, len(body) - cut)], frame)


def test_a_bomb_is_not_inflated_beyond_the_limit() -> None:
    with pytest.raises(ValueError, match="too large"):
        inflated(deflated(bytes(9 * 1024 * 1024), None), None)


def test_the_wrong_frame_is_noticed() -> None:
    with pytest.raises(ValueError, match="inflated"):
        inflated(deflated(b"text" * 10, b"one frame"), b"another")


def test_a_frame_larger_than_the_window_still_serves() -> None:
    frame = bytes(range(256)) * (2 * MOST_FRAME // 256)
    assert inflated(deflated(b"x" * 10, frame), frame) == b"x" * 10


def test_the_checksum_tells_where_one_column_ends() -> None:
    assert checksum(("ab", "c")) != checksum(("a", "bc"))
    assert checksum((None,)) != checksum(("",))


def frames(path: Path) -> list[int | None]:
    db = sqlite3.connect(path)
    try:
        return [row[0] for row in db.execute("SELECT frame FROM document ORDER BY seq")]
    finally:
        db.close()


async def keep(store: Store, *snapshots: DeviceSnapshot) -> None:
    await store.keep(Keep(bodies=tuple((snapshot.device.id, snapshot) for snapshot in snapshots)))


async def test_a_frame_serves_24_documents_of_its_device(store: Store, snapshot: Snapshots) -> None:
    for n in range(27):
        await keep(store, snapshot("a", n), snapshot("b", n))
    a = frames(store.path)[0::2]
    assert a == [None, *[1] * 24, None, 51]
    documents = store.documents(Position(), 100)
    assert [d.body for d in documents[0::2]] == [snapshot("a", n) for n in range(27)]


async def test_each_day_has_its_frame(store: Store, clock: FakeClock, snapshot: Snapshots) -> None:
    await keep(store, snapshot("a", 1))
    await keep(store, snapshot("a", 2))
    await clock.advance(24 * 3600)
    await keep(store, snapshot("a", 3))
    assert frames(store.path) == [None, 1, None]


async def test_a_frame_goes_on_serving_after_a_restart(path: Path, clock: FakeClock, snapshot: Snapshots) -> None:
    for n in range(27):
        async with Store.open(path, clock=clock, group_seconds=0) as store:
            await keep(store, snapshot("a", n))
    assert frames(path) == [None, *[1] * 24, None, 26]


async def test_a_framed_document_is_much_smaller(store: Store, snapshot: Snapshots) -> None:
    await keep(store, snapshot("a", 1), snapshot("a", 2))
    db = sqlite3.connect(store.path)
    whole, framed = (row[0] for row in db.execute("SELECT length(body) FROM document ORDER BY seq"))
    db.close()
    assert framed * 2 < whole


async def test_a_damaged_frame_is_named_by_those_that_need_it(
    path: Path, clock: FakeClock, snapshot: Snapshots
) -> None:
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        await keep(store, snapshot("a", 1), snapshot("a", 2), snapshot("b", 3))
    db = sqlite3.connect(path)
    db.execute("UPDATE document SET crc = crc + 1 WHERE seq = 1")
    db.commit()
    db.close()
    with StoreReader(path) as reader:
        whys = [entry.why for entry in reader.page(Position(), 10).entries]
        assert whys == ["its CRC differs", "its frame 1: its CRC differs", None]
    async with Store.open(path, clock=clock, group_seconds=0) as store:
        await keep(store, snapshot("a", 4))
    assert frames(path) == [None, 1, None, None]
