"""What happened to a device between two reads of its meters: time, a restart, other parts."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pagemeter.model import DeviceSnapshot

_TICKS = timedelta(seconds=2**32 / 100)
"""When sysUpTime (TimeTicks, RFC 2578 section 7.1.8) begins anew: after 497 days."""
_MARGIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a device showed when its meters were read last.

    ``at`` is the visit's time, ``uptime`` how long it ran; of what else would be another one after a swap of parts only
    a checksum is kept.
    """

    at: datetime
    uptime: timedelta | None = None
    serial_number: int | None = None
    macs: tuple[int, ...] = ()
    firmware: int | None = None
    engines: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """What lies between the reads before and those of ``at``.

    ``restarted`` is none where nobody can say; ``ran`` is how long the device ran since then at least; ``replaced``
    names what is another one now. ``fell`` of ``followed`` counters are lower than before.
    """

    at: datetime
    trusted_clock: bool = True
    restarted: bool | None = None
    ran: timedelta | None = None
    replaced: str | None = None
    fell: int = 0
    followed: int = 0

    def seconds_since(self, then: datetime) -> float | None:
        """Return how much time passed, none where the clock was set back and the device does not tell either."""
        wall = (self.at - then).total_seconds()
        if wall >= 0 and self.trusted_clock:
            return wall
        return None if self.ran is None else self.ran.total_seconds()


def marks_of(snapshot: DeviceSnapshot, *, before: Marks | None) -> Marks:
    """Take the marks of a visit; what it does not tell stays as it was."""
    device = snapshot.device
    engines = tuple((m.index, m.technology, m.process_colorants) for m in snapshot.markers)
    old = before or Marks(at=snapshot.taken_at)
    return Marks(
        at=snapshot.taken_at,
        uptime=snapshot.uptime,
        serial_number=_checksum(device.serial_number) or old.serial_number,
        macs=tuple(sorted(filter(None, map(_checksum, device.macs)))) or old.macs,
        firmware=_checksum(device.firmware) or old.firmware,
        engines=_checksum(engines) or old.engines,
    )


def between(then: Marks | None, now: Marks, *, trusted_clock: bool) -> Between:
    """Compare the marks of two visits."""
    if then is None:
        return Between(at=now.at, trusted_clock=trusted_clock)
    restarted = _restarted(then, now, trusted_clock=trusted_clock)
    ran = None
    if now.uptime is not None and then.uptime is not None:
        ran = now.uptime if restarted else max(now.uptime - then.uptime, timedelta())
    return Between(
        at=now.at,
        trusted_clock=trusted_clock,
        restarted=restarted,
        ran=ran,
        replaced=_replaced(then, now),
    )


def _restarted(then: Marks, now: Marks, *, trusted_clock: bool) -> bool | None:
    if then.uptime is None or now.uptime is None:
        return None
    wall = now.at - then.at
    if now.uptime < then.uptime:
        begun_anew = then.uptime + max(wall, timedelta()) - _TICKS
        return abs(now.uptime - begun_anew) > _MARGIN
    return trusted_clock and now.uptime + _MARGIN < wall


def _replaced(then: Marks, now: Marks) -> str | None:
    """Name the strongest of what changed; a new firmware alone says the least."""
    if _differ(then.serial_number, now.serial_number):
        return "the serial number"
    # A second network interface that is switched on is no other board.
    if then.macs and now.macs and not set(then.macs) & set(now.macs):
        return "the MAC address"
    if _differ(then.engines, now.engines):
        return "the print engine"
    return "the firmware" if _differ(then.firmware, now.firmware) else None


def _differ(old: int | None, new: int | None) -> bool:
    return old is not None and new is not None and old != new


def _checksum(value: object) -> int | None:
    return zlib.crc32(repr(value).encode()) if value else None
