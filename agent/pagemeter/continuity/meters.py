"""Meters over time: a fall is an explained event, the raw value stays."""

from __future__ import annotations

from pagemeter.model import DeviceSnapshot, Event, MeterReset, Since


def meter_events(old: DeviceSnapshot, new: DeviceSnapshot) -> tuple[Event, ...]:
    """Name each life counter that is lower than before; a power-on counter may fall, that is its nature (RFC 3805)."""
    before = {read.key: read for read in old.meter_reads if read.since is Since.LIFE}
    return tuple(
        Event(
            device=new.device.id,
            at=new.taken_at,
            facts=MeterReset(key=read.key, old=before[read.key].value, new=read.value),
        )
        for read in new.meter_reads
        if read.key in before and read.value < before[read.key].value
    )
