"""The key of this agent's pseudonyms: beside the store, not in it, so that a copy of the store can't be searched."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pagemeter.durable import sync_folder
from pagemeter.errors import StoreError

KEY_BYTES = 32


def pseudonym_key(store: Path) -> bytes:
    """Return the key of ``<store>.key``, made at the first use, for its owner alone; raises StoreError.

    Whoever loses the file gets other pseudonyms from then on; nothing else depends on it.
    """
    path = store.with_name(f"{store.name}.key")
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return _made(path)
    except OSError as error:
        raise StoreError(f"{path} can't be read ({error.strerror}); may this user read it?") from error
    if len(key) != KEY_BYTES:
        raise StoreError(f"{path} is damaged; remove it, and a new key gives new pseudonyms")
    return key


def _made(path: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path} can't be made ({error.strerror}); may this user write there?") from error
    return key
