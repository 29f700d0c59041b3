"""What it costs to follow the meters of a device: bytes held and kept, microseconds a visit.

    python bench/continuity.py [counters] [days]

Reads a device with so many counters every quarter of an hour for so many days; a third of the counters move. Prints the
size of its history, packed as it is held in memory and kept, the rows of the ledger that a visit replaces, and the time
of one follow: unpacking, following, packing.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta

from pagemeter import wire
from pagemeter.continuity import Continuity
from pagemeter.continuity.history import unpacked
from pagemeter.model import Device, DeviceSnapshot, MeterRead, MeterUnit, Origin, Scope, Work

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def snapshot(counters: int, visit: int) -> DeviceSnapshot:
    at = START + timedelta(minutes=15 * visit)
    reads = tuple(
        MeterRead(
            work=Work.TOTAL,
            unit=MeterUnit.IMPRESSIONS,
            code=str(100 + number) if number else None,
            value=(value := 40_000 + number + (visit * (1 + number % 5) if number % 3 == 0 else 0)),
            raw=str(value),
            origin=Origin(protocol="snmp", where=f"1.3.6.1.4.1.99999.1.{number}"),
            at=at,
        )
        for number in range(counters)
    )
    device = Device(id="a device", serial_number="SIM0004711", macs=("02:50:4d:00:00:01",), firmware="1.2.3")
    return DeviceSnapshot(
        device=device,
        target="host://10.0.0.7",
        taken_at=at,
        uptime=timedelta(minutes=15 * visit),
        scopes=frozenset({Scope.METERS}),
        meter_reads=reads,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counters", type=int, nargs="?", default=30)
    parser.add_argument("days", type=int, nargs="?", default=100)
    given = parser.parse_args()
    visits = [snapshot(given.counters, visit) for visit in range(given.days * 96)]
    continuity, before, rows, history = Continuity(), None, 0, b""
    began = time.perf_counter()
    for visit in visits:
        followed = continuity.follow(visit, before=before)
        before, rows = followed.snapshot, rows + len(followed.records.series)
        history = followed.records.history or history
    took = time.perf_counter() - began
    plain = len(wire.to_json(unpacked(history)))
    print(f"{given.counters} counters, {given.days} days, {len(visits)} visits")
    fleet = len(history) * 10_000 / 1e6
    print(f"history: {len(history):,} bytes packed, {plain:,} as JSON; {fleet:.0f} MB for 10,000 devices")
    print(f"follow: {took / len(visits) * 1e6:,.0f} microseconds a visit, {rows / len(visits):.1f} rows of the ledger")


if __name__ == "__main__":
    main()
