"""The lock beside the store: one writer, ever."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from pagemeter.errors import StoreError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows' locks are mandatory: the locked byte lies far behind the text, so that others can read who holds it.
_BYTE = 1 << 20


class StoreLock:
    """A lock on ``<name>.lock`` that ends with the process; the file holds the pid of whoever has it."""

    def __init__(self, store: Path) -> None:
        """Take the lock, or raise StoreError naming the process that has it."""
        self._path = store.with_name(f"{store.name}.lock")
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path} can't be opened ({error.strerror}); may this user write there?") from error
        try:
            _lock(self._file)
        except OSError as error:
            pid = os.read(self._file, 20)
            os.close(self._file)
            holder = f"process {pid.decode('ascii', 'replace').strip()}" if pid.strip() else "another process"
            raise StoreError(f"{store} is in use by {holder}; stop it, or ask the running agent instead") from error
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back; the file stays, for removing it would race with the next taker."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.release()


if sys.platform == "win32":

    def _lock(file: int) -> None:
        os.lseek(file, _BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(file, 0, os.SEEK_SET)

else:

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
