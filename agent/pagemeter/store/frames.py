"""How a document lies in the log: JSON, deflated against an earlier document of its device, under a CRC."""

from __future__ import annotations

import zlib

# zlib's window: what is farther back in a dictionary is never found.
MOST_FRAME = 32 * 1024
# A document larger than this is refused when it is kept, so that reading may stop there.
MOST_BYTES = 8 * 1024 * 1024

SMALL = 1024
"""Documents up to here, such as jobs, are deflated the quick way: they come by the thousand."""


def deflated(plain: bytes, frame: bytes | None) -> bytes:
    """Compress a document's JSON, with its frame's JSON as the dictionary where there is one."""
    if frame is None and len(plain) <= SMALL:
        # What repeats in so little text is hardly worth looking for: a third of the time, a twentieth more octets.
        packer = zlib.compressobj(1, zlib.DEFLATED, 10, 4, zlib.Z_HUFFMAN_ONLY)
        return packer.compress(plain) + packer.flush()
    if frame is None:
        return zlib.compress(plain, 6)
    packer = zlib.compressobj(6, zdict=frame[-MOST_FRAME:])
    return packer.compress(plain) + packer.flush()


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
    parts = []
    for column in columns:
        raw = column if isinstance(column, bytes) else b"\x00" if column is None else str(column).encode()
        parts.append(b"%d:%b" % (len(raw), raw))
    return b"".join(parts)
