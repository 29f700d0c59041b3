"""The fleet as one JSON object. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pagemeter import Batch
from pagemeter.wire import to_json


def write_report(batch: Batch) -> Iterator[bytes]:
    """Write the agent's status and each known device, one a line: ``{"batch", "period" (s), "agent", "fleet": []}``.

    It comes in parts, a device each: the whole of a large fleet is a hundred megabytes.
    """
    period = batch.period.total_seconds() if batch.period is not None else None
    head = json.dumps({"batch": batch.id, "period": period})[1:-1].encode()
    yield b"{" + head + b', "agent": ' + to_json(batch.agent) + b', "fleet": [\n'
    for number, entry in enumerate(batch.fleet):
        yield (b",\n" if number else b"") + to_json(entry)
    yield b"\n]}\n"
