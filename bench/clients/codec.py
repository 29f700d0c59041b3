"""The codec alone: nanoseconds a variable binding, and the slowest decode of damaged messages.

{"table", "rows", "damaged", "rounds"} come as JSON.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from measuring import arguments, tell

from pagemeter.root import calm_collector
from pagemeter.snmp.codec import V2C, MalformedError, Message, PduType, decode, encode
from pagemeter.snmp.recording import read_recording
from pagemeter.snmp.types import VarBind


def message(rows: tuple[VarBind, ...]) -> Message:
    return Message(version=V2C, community=b"public", pdu=PduType.RESPONSE, request_id=4711, rows=rows)


def best(work: Any, given: Any, rounds: int) -> float:
    """Return the seconds of CPU that one call takes, in the best of ten series."""
    series = []
    for _ in range(10):
        began = time.process_time()
        for _ in range(rounds):
            work(given)
        series.append((time.process_time() - began) / rounds)
    return min(series)


def damaged(data: bytes, dice: random.Random) -> bytes:
    """Change, cut, double or insert some octets, lengths and tags among them."""
    octets = bytearray(data)
    for _ in range(dice.randint(1, 8)):
        place = dice.randrange(len(octets)) if octets else 0
        kind = dice.randrange(4)
        if kind == 0 and octets:
            octets[place] = dice.randrange(256)
        elif kind == 1:
            del octets[place : place + dice.randint(1, 20)]
        elif kind == 2:
            octets[place:place] = bytes(dice.randrange(256) for _ in range(dice.randint(1, 20)))
        else:
            octets[place:place] = octets[place : place + dice.randint(1, 500)]
    return bytes(octets)


def main(given: dict[str, Any]) -> None:
    rows = tuple(read_recording(Path(given["table"])))
    packets = [message(rows[at : at + given["rows"]]) for at in range(0, len(rows) - given["rows"] + 1, given["rows"])]
    written = [encode(packet) for packet in packets]
    varbinds = sum(len(packet.rows) for packet in packets)
    decoding = best(lambda all_of: [decode(one) for one in all_of], written, given["rounds"]) / varbinds
    encoding = best(lambda all_of: [encode(one) for one in all_of], packets, given["rounds"]) / varbinds
    dice, slowest, other, refused = random.Random(1), 0, 0, 0
    for number in range(given["damaged"]):
        data = damaged(written[number % len(written)], dice)
        began = time.thread_time_ns()
        try:
            decode(data)
        except MalformedError:
            refused += 1
        except Exception:  # noqa: BLE001 - that there is none is what is measured
            other += 1
        slowest = max(slowest, time.thread_time_ns() - began)
    tell(decode_ns=decoding * 1e9, encode_ns=encoding * 1e9, slowest_ms=slowest / 1e6, other=other, refused=refused)


if __name__ == "__main__":
    calm_collector()
    main(arguments())
