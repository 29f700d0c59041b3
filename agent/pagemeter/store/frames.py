"""How a document lies in the log: JSON, deflated against an earlier document of its device, under a CRC."""

from __future__ import annotations

import zlib

# zlib's window: what is farther back in a dictionary is never found.
MOST_FRAME = 32 * 1024
# A document larger than this is refused when it is kept, so that reading may stop there.
MOST_BYTES = 8 * 1024 * 1024


def deflated(plain: bytes, frame: bytes | None) -> bytes:
    """Compress a document's JSON, with its frame's JSON as the dictionary where there is one."""
    if frame is None:
        return zlib.compress(plain, 6)
    packer = zlib.compressobj(6, zdict=frame[-MOST_FRAME:])
    return packer.compress(plain) + packer.flush()


def stored(plain: bytes) -> bytes:
    """Write a document's JSON as ``inflated`` reads it, without making it shorter: quick, for many small ones."""
    return zlib.compress(plain, 0, 9)


def inflated(body: bytes, frame: bytes | None) -> bytes:
    """Undo ``deflated``; raises ValueError where the body is damaged, cut short or too large."""
    unpacker = zlib.decompressobj() if frame is None else zlib.decompressobj(zdict=frame[-MOST_FRAME:])
    try:
        plain = unpacker.decompress(body, MOST_BYTES)
    except zlib.error as error:
        raise ValueError("it can't be inflated") from error
    # zlib raises nothing for a truncated body.
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is cut short or too large")
    return plain


def checksum(columns: tuple[str | int | bytes | None, ...]) -> int:
    """Return the CRC-32 over the columns of a document, each with its length before it."""
    return zlib.crc32(measured(*columns))


def measured(*columns: str | int | bytes | None) -> bytes:
    """Return columns as they go into the CRC."""
    raws = (c if isinstance(c, bytes) else b"\x00" if c is None else str(c).encode() for c in columns)
    return b"".join([b"%d:%b" % (len(raw), raw) for raw in raws])
