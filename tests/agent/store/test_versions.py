"""Steps between versions, and what an older or newer agent may open."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pagemeter.errors import StoreError
from pagemeter.store import Store, StoreReader
from pagemeter.store.versions import Migration, installed_migrations, migrate, open_for_writing, parse_migration
from pagemeter.testing import FakeClock

NOW = max(step.version for step in installed_migrations())
ADD = Migration(version=NOW + 1, oldest=1, additive=True, sql="CREATE TABLE meter_day (device TEXT);")
RENAME = Migration(version=NOW + 2, oldest=NOW + 2, additive=False, sql="ALTER TABLE meter_day RENAME TO day;")


@pytest.fixture
async def old(path: Path, clock: FakeClock) -> Path:
    await Store.open(path, clock=clock).close()
    return path


def version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def test_steps_run_once_each_in_order(old: Path) -> None:
    db = open_for_writing(old)
    for _ in range(2):
        migrate(db, old, [RENAME, ADD])
    assert version(db) == NOW + 2
    assert db.execute("SELECT count(*) FROM day").fetchone() == (0,)
    db.close()


def test_a_copy_is_made_before_a_step_that_takes_away(old: Path) -> None:
    db = open_for_writing(old)
    migrate(db, old, [ADD])
    assert not list(old.parent.glob("*.bak"))
    migrate(db, old, [ADD, RENAME])
    db.close()
    copy = sqlite3.connect(old.with_name(f"pagemeter.db.v{NOW + 1}.bak"))
    assert version(copy) == NOW + 1
    assert copy.execute("SELECT count(*) FROM meter_day").fetchone() == (0,)
    copy.close()


def test_a_step_that_fails_leaves_the_old_version(old: Path) -> None:
    db = open_for_writing(old)
    bad = Migration(version=NOW + 1, oldest=1, additive=True, sql="CREATE TABLE x (y); CREATE TABLE x (y);")
    with pytest.raises(sqlite3.Error):
        migrate(db, old, [bad])
    assert version(db) == NOW
    assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'x'").fetchone() == (0,)
    db.close()


async def test_an_older_agent_opens_what_was_only_added_to(old: Path, clock: FakeClock) -> None:
    db = open_for_writing(old)
    migrate(db, old, [ADD])
    db.close()
    await Store.open(old, clock=clock).close()
    StoreReader(old).close_reading()


def test_an_older_agent_refuses_what_it_does_not_understand(old: Path, clock: FakeClock) -> None:
    db = open_for_writing(old)
    migrate(db, old, [ADD, RENAME])
    db.close()
    with pytest.raises(StoreError, match="newer Pagemeter"):
        Store.open(old, clock=clock)
    with pytest.raises(StoreError, match="newer Pagemeter"):
        StoreReader(old)


def test_what_commands_show_is_read_from_a_store_of_version_1_too(old: Path) -> None:
    steps = "".join(step.sql for step in installed_migrations())
    with closing(sqlite3.connect(old)) as db:
        for table in re.findall(r"CREATE TABLE (\w+)", steps):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    with StoreReader(old) as store:
        assert (store.segments(), tuple(store.fleet()), store.decoys(), store.choices()) == ((), (), (), {})
        assert [(store.owed(name).documents, store.suspects(name)) for name in store.feeds()] == []


def test_a_step_says_what_it_does_in_its_first_lines() -> None:
    sql = "-- oldest: 1\n-- additive: no\nDROP TABLE x;\n"
    step = parse_migration("0004_no_x.sql", sql)
    assert step == Migration(version=4, oldest=1, additive=False, sql=sql)
    with pytest.raises(ValueError, match="begins with"):
        parse_migration("0004_no_x.sql", "DROP TABLE x;")
    with pytest.raises(ValueError, match="named"):
        parse_migration("no_x.sql", sql)


def test_the_steps_that_ship_are_readable_and_without_gaps() -> None:
    versions = [step.version for step in installed_migrations()]
    assert versions == list(range(2, 2 + len(versions)))
