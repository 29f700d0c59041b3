"""A batch as JSON, as ``batch-1.json`` describes it, and its signature. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import datetime

from pagemeter import Batch
from pagemeter.wire import to_json

VERSION = 1


def write_batch(batch: Batch, *, test: bool = False) -> bytes:
    """Write a batch in UTF-8: its id, the agent's status and the documents in their order."""
    return b"".join(_pieces(batch, test=test))


def _pieces(batch: Batch, *, test: bool) -> Iterator[bytes]:
    mark = b'"test":true,' if test else b""
    yield b'{"v":%d,%s"batch":"%s","agent":%s,"documents":[' % (
        VERSION,
        mark,
        batch.id.encode(),
        to_json(batch.agent),
    )
    for number, document in enumerate(batch.documents):
        yield (b",\n" if number else b"\n") + to_json(document)
    yield b"\n]}\n"


def signature(secret: str, body: bytes, at: datetime) -> str:
    """Sign ``<seconds since 1970>.<body>`` with HMAC-SHA256; the body as it is before compression.

    The time lets a receiver refuse what was recorded and is played again.
    """
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
