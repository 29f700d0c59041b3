"""How a simulated device behaves, and misbehaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from pagemeter.simulator.faults import AnswerFault
from pagemeter.snmp.types import Oid, oid

VERSIONS = ("1", "2c")

# What UDP over IPv4 carries.
_LARGEST_DATAGRAM = 65_507
PRT_MARKER_SUPPLIES = oid("1.3.6.1.2.1.43.11.1.1")


class WalkFault(StrEnum):
    """What goes wrong in a walk at the first row behind ``Behaviour.at``; a GET is answered all the same.

    ``repeats`` gives that row again and again; ``grows`` makes up one row after the other, each with a larger
    identifier, for ever; ``ends`` says that nothing follows; ``silent`` answers no request for what follows.
    """

    REPEATS = "repeats"
    GROWS = "grows"
    ENDS = "ends"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a device answers; raises ValueError for what can't be.

    ``versions`` are those of ``1`` and ``2c`` that it speaks; another version or ``community`` meets silence, as does
    everything when it ``sleeps``. ``delay`` is in seconds. Of ``drop`` requests the last is lost: 2 loses every second
    one, 0 none. ``garbage`` makes each answer unreadable, ``fault`` makes it wrong in one of many ways. ``largest`` is
    the size in octets of the longest answer.
    """

    community: str = "public"
    versions: tuple[str, ...] = VERSIONS
    delay: float = 0.0
    drop: int = 0
    sleeps: bool = False
    garbage: bool = False
    walk_fault: WalkFault | None = None
    at: Oid = PRT_MARKER_SUPPLIES
    largest: int = 1472
    fault: AnswerFault | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be."""
        if unknown := set(self.versions) - set(VERSIONS):
            raise ValueError(f"versions are {' and '.join(VERSIONS)}, not {', '.join(sorted(unknown))}")
        if self.delay < 0 or self.drop < 0 or not 1 <= self.largest <= _LARGEST_DATAGRAM:
            raise ValueError(f"delay and drop are not below 0, largest is 1 to {_LARGEST_DATAGRAM}")

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> Behaviour:
        """Build from ``device.yaml``: versions as a list, ``at`` as dotted text; raises ValueError."""
        if unknown := given.keys() - {field.name for field in fields(cls)}:
            raise ValueError(f"no behaviour is called {', '.join(sorted(unknown))}")
        values = dict(given)
        if "versions" in values:
            values["versions"] = tuple(str(version) for version in values["versions"])
        if "at" in values:
            values["at"] = oid(str(values["at"]))
        if values.get("walk_fault") is not None:
            values["walk_fault"] = WalkFault(values["walk_fault"])
        if values.get("fault") is not None:
            values["fault"] = AnswerFault(values["fault"])
        return cls(**values)


WELL_BEHAVED = Behaviour()
