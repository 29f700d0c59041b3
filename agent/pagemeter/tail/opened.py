"""Files opened so that nobody is in their way: shared, read only."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class Disturbed(OSError):
    """A file is another than it was a moment ago: look again."""


def open_shared(path: Path) -> int:
    """Open a file for reading so that others may write, rename and delete it meanwhile; raises OSError."""
    if sys.platform == "win32":
        return _open_on_windows(path)
    # Non-blocking: a named pipe that took the file's place must not hold us.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


class Opened:
    """A file that was seen with a status, and is opened when it is first read."""

    __slots__ = ("_descriptor", "_status", "path")

    def __init__(self, path: Path, status: os.stat_result) -> None:
        self.path = path
        self._status = status
        self._descriptor = -1

    @property
    def name(self) -> str:
        """The name under which it was seen."""
        return self.path.name

    @property
    def is_open(self) -> bool:
        """Whether it was read and not closed."""
        return self._descriptor >= 0

    def stat(self) -> os.stat_result:
        """Return what the system says of it now, whatever its name is by now; raises OSError."""
        return os.fstat(self._open())

    def at(self, offset: int, length: int) -> bytes:
        """Read at most ``length`` octets, fewer at the end of the file; raises OSError."""
        descriptor = self._open()
        parts = []
        while length > 0 and (part := _read(descriptor, offset, length)):
            parts.append(part)
            offset, length = offset + len(part), length - len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close it; it is opened again when it is read again."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _open(self) -> int:
        if self._descriptor < 0:
            descriptor = open_shared(self.path)
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) != (self._status.st_dev, self._status.st_ino):
                os.close(descriptor)
                raise Disturbed(f"{self.path} was replaced while it was looked at")
            self._descriptor = descriptor
        return self._descriptor


def _read(descriptor: int, offset: int, length: int) -> bytes:
    if sys.platform == "win32":
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, length)
    return os.pread(descriptor, length, offset)


if sys.platform == "win32":

    def _open_on_windows(path: Path) -> int:
        """Open with CreateFileW (fileapi.h): Python's own open forbids others to rename and delete."""
        import ctypes
        import msvcrt
        from ctypes import wintypes

        generic_read, share_all, open_existing, normal = 0x80000000, 0x1 | 0x2 | 0x4, 3, 0x80
        create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
        create.restype = wintypes.HANDLE
        create.argtypes = [
            wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID,
            wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE,
        ]  # fmt: skip
        handle = create(str(path), generic_read, share_all, None, open_existing, normal, None)
        if handle in (None, wintypes.HANDLE(-1).value):
            raise ctypes.WinError(ctypes.get_last_error())
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)
