"""The fleet as one JSON object. Pure."""

from __future__ import annotations

import json

from pagemeter import Batch
from pagemeter.wire import to_json


def write_report(batch: Batch) -> bytes:
    """Write the agent's status and each known device, one a line: ``{"batch", "period" (s), "agent", "fleet": []}``."""
    period = batch.period.total_seconds() if batch.period is not None else None
    head = json.dumps({"batch": batch.id, "period": period})[1:-1].encode()
    fleet = b",\n".join(to_json(entry) for entry in batch.fleet)
    return b"{" + head + b', "agent": ' + to_json(batch.agent) + b', "fleet": [\n' + fleet + b"\n]}\n"
