"""What the back end says it has: a broker's PUBACK is no delivery, for a broker may forget what it took."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass

from pagemeter import Batch
from pagemeter.errors import DeliveryError
from pagemeter.wire import VERSION, to_json

MOST_OCTETS = 4096
MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A batch as it is published; the same batch gives the same octets."""

    id: str
    payload: bytes
    count: int

    @classmethod
    def of(cls, batch: Batch) -> Parcel:
        """Write ``{"v": 1, "type": "batch", "id", "feed", "count", "documents": [...]}``."""
        head = {
            "v": VERSION,
            "type": "batch",
            "id": batch.id,
            "feed": batch.feed.name,
            "count": len(batch.documents),
        }
        documents = b",".join(to_json(document) for document in batch.documents)
        payload = json.dumps(head, separators=(",", ":")).encode()[:-1] + b',"documents":[' + documents + b"]}"
        return cls(id=batch.id, payload=payload, count=len(batch.documents))


class Acknowledgements:
    """Remembers which parcels were published and what was said of them; one that comes late still counts."""

    def __init__(self) -> None:
        self._parcels: OrderedDict[str, tuple[Parcel, asyncio.Future[DeliveryError | None]]] = OrderedDict()

    def expect(self, parcel: Parcel) -> asyncio.Future[DeliveryError | None]:
        """Return what is said of the parcel: none for its receipt, else why that is none."""
        known = self._parcels.pop(parcel.id, None)
        said = known[1] if known is not None and known[0] == parcel else asyncio.get_running_loop().create_future()
        if said.done() and said.result() is not None:
            said = asyncio.get_running_loop().create_future()
        self._parcels[parcel.id] = (parcel, said)
        if len(self._parcels) > MOST_KNOWN:
            self._parcels.popitem(last=False)
        return said

    def hear(self, payload: bytes) -> None:
        """Take ``{"id": ...}``, with ``count`` and ``sha256`` (of the whole message) if the back end counted."""
        if len(payload) > MOST_OCTETS:
            return
        try:
            said = json.loads(payload)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict) or not isinstance(said.get("id"), str) or said["id"] not in self._parcels:
            return
        parcel, future = self._parcels[said["id"]]
        if future.done():
            return
        wanted = {"count": parcel.count, "sha256": hashlib.sha256(parcel.payload).hexdigest()}
        wrong = [name for name, value in wanted.items() if said.get(name, value) != value]
        future.set_result(
            DeliveryError(f"the back end acknowledges another {' and '.join(wrong)} than was sent; it is sent again")
            if wrong
            else None
        )
