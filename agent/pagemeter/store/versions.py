"""Opening a store file: made where there is none, brought to this version where it is older."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pagemeter.errors import StoreError

VERSION = 1
# "PgMt" in the file's header tells our file from any other SQLite file.
APPLICATION = 0x50674D74


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A step to ``version``; ``oldest`` is the oldest version that can open the store after it."""

    version: int
    oldest: int
    additive: bool
    sql: str


def open_for_writing(path: Path, connection: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open or make the store of this version; raises StoreError for a file that is no store or a newer one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False, factory=connection)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path} can't be opened for writing: {error}") from error
    try:
        _check_application(db, path)
        # In this order: a foreign file must stay as it is, and WAL writes into it.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", f"journal_size_limit={64 << 20}"):
            db.execute(f"PRAGMA {pragma}")
        if _number(db, "user_version") == 0:
            _run(db, files(__package__).joinpath("schema.sql").read_text("utf-8"), version=VERSION, oldest=VERSION)
        migrate(db, path, installed_migrations())
    except sqlite3.Error as error:
        db.close()
        raise StoreError(f"{path} is no store of Pagemeter, or it is damaged: {error}") from error
    except StoreError:
        db.close()
        raise
    return db


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a store that must exist, without a lock and unable to write; raises StoreError."""
    if not path.is_file():
        raise StoreError(f"there is no store at {path}; has the agent run, and is this its configuration?")
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        db = sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    try:
        _check_application(db, path)
        if not _number(db, "user_version"):
            raise StoreError(f"{path} is empty; has the agent run, and is this its configuration?")
        _check_oldest(db, path, VERSION)
    except sqlite3.Error as error:
        db.close()
        raise _unreadable(path, error) from error
    except StoreError:
        db.close()
        raise
    return db


def migrate(db: sqlite3.Connection, path: Path, steps: Sequence[Migration]) -> None:
    """Take the steps that the store still lacks, each in one transaction, a copy before one that is not additive."""
    reachable = max((VERSION, *(step.version for step in steps)))
    _check_oldest(db, path, reachable)
    for step in sorted(steps, key=lambda step: step.version):
        before = _number(db, "user_version")
        if step.version <= before:
            continue
        if not step.additive:
            _copy(db, path.with_name(f"{path.name}.v{before}.bak"))
        _run(db, step.sql, version=step.version, oldest=step.oldest)


def installed_migrations() -> tuple[Migration, ...]:
    """Read the steps that ship with the agent."""
    folder = files(__package__).joinpath("migrations")
    return tuple(
        parse_migration(entry.name, entry.read_text("utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".sql")
    )


def parse_migration(name: str, sql: str) -> Migration:
    """Read a step from its file; raises ValueError where the name or the first lines do not say what they must."""
    version = re.match(r"(\d{4})_\w+\.sql$", name)
    head = re.match(r"-- oldest: (\d+)\n-- additive: (yes|no)\n", sql)
    if not version or not head:
        raise ValueError(f"{name}: named 0002_what.sql, a step begins with '-- oldest: N' and '-- additive: yes|no'")
    return Migration(version=int(version[1]), oldest=int(head[1]), additive=head[2] == "yes", sql=sql)


def _check_application(db: sqlite3.Connection, path: Path) -> None:
    tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables and _number(db, "application_id") != APPLICATION:
        raise StoreError(f"{path} is a database of something else; name another file as the store")


def _check_oldest(db: sqlite3.Connection, path: Path, reachable: int) -> None:
    version = _number(db, "user_version")
    row = db.execute("SELECT value FROM meta WHERE key = 'oldest'").fetchone()
    if version > reachable and (row is None or int(row[0]) > reachable):
        raise StoreError(f"{path} was written by a newer Pagemeter (store version {version}); install that one again")


def _run(db: sqlite3.Connection, sql: str, *, version: int, oldest: int) -> None:
    try:
        db.executescript(
            f"BEGIN IMMEDIATE;\n{sql}\n"
            f"INSERT INTO meta VALUES ('oldest', '{oldest}') ON CONFLICT DO UPDATE SET value = excluded.value;\n"
            f"PRAGMA application_id = {APPLICATION};\nPRAGMA user_version = {version};\nCOMMIT;"
        )
    except sqlite3.Error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _copy(db: sqlite3.Connection, to: Path) -> None:
    to.unlink(missing_ok=True)
    db.execute("VACUUM INTO ?", (str(to),))


def _number(db: sqlite3.Connection, pragma: str) -> int:
    return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])


def _unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "readonly" in text or "unable to open" in text:
        return StoreError(
            f"{path} can't be read by this user while no agent runs: "
            "run the command as the agent's user, or start the agent"
        )
    return StoreError(f"{path} can't be read: {text}")
