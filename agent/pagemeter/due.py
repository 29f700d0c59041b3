"""The places that a discovery found and that are still to be visited: none is forgotten when the agent is killed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from pagemeter import wire
from pagemeter.component import Memory
from pagemeter.model import Target
from pagemeter.store import Store

_UNDER_WAY = "due"
_PLACES = "places"


class Due:
    """What one discovery found since its last Memory, and what of before is not visited yet.

    It is kept in slots of the agent's own, one for all that was found between two Memories, so that each place is
    written once. A slot is used again when all of its places were visited.
    """

    def __init__(self, store: Store, discovery: str) -> None:
        """Read what an earlier run left."""
        self._discovery = discovery
        self._fresh: dict[str, Target] = {}
        self._slots: list[dict[str, Target]] = []
        self._slot_of: dict[str, int] = {}
        self._changed: set[int] = set()
        self._begun = bool(store.memory(discovery, _UNDER_WAY))
        for number in count():
            if not (kept := store.memory(discovery, _name(number))):
                break
            self._slots.append({})
            self._fill(number, _read(kept))
        self._changed.clear()

    @property
    def left(self) -> tuple[Target, ...]:
        """The places that an earlier run found and did not visit."""
        return tuple(place for slot in self._slots for place in slot.values())

    def found(self, place: Target) -> None:
        """Note a place that is to be visited."""
        if place.uri not in self._slot_of:
            self._fresh[place.uri] = place

    def visited(self, place: Target) -> None:
        """Note that a place was visited."""
        self._fresh.pop(place.uri, None)
        number = self._slot_of.pop(place.uri, None)
        if number is not None:
            del self._slots[number][place.uri]
            if not self._slots[number]:
                self._changed.add(number)

    def changes(self) -> dict[tuple[str, str], Memory]:
        """Return what is to be kept together with the discovery's own Memory."""
        if self._fresh:
            self._fill(self._free_slot(), self._fresh.values())
            self._fresh = {}
        changed: dict[tuple[str, str], Memory] = {
            (self._discovery, _name(number)): _written(self._slots[number].values()) for number in self._changed
        }
        self._changed.clear()
        if not self._begun:
            self._begun = True
            changed[self._discovery, _UNDER_WAY] = {"under way": True}
        return changed

    def ended(self) -> dict[tuple[str, str], Memory]:
        """Return what is to be kept when the discovery has ended and what it found was visited."""
        return {**self.changes(), (self._discovery, _UNDER_WAY): {}} if self._begun else {}

    def _fill(self, number: int, places: Iterable[Target]) -> None:
        for place in places:
            self._slots[number][place.uri] = place
            self._slot_of[place.uri] = number
        self._changed.add(number)

    def _free_slot(self) -> int:
        for number, slot in enumerate(self._slots):
            if not slot:
                return number
        self._slots.append({})
        return len(self._slots) - 1


def was_interrupted(store: Store, discovery: str) -> bool:
    """Say whether the agent ended in the middle of what this discovery does."""
    return bool(store.memory(discovery, _UNDER_WAY))


def _name(number: int) -> str:
    return f"{_UNDER_WAY} {number}"


def _written(places: Iterable[Target]) -> Memory:
    return {_PLACES: [wire.to_json(place).decode() for place in places]}


def _read(kept: Memory) -> Iterable[Target]:
    places = kept.get(_PLACES)
    for place in places if isinstance(places, list) else ():
        try:
            yield wire.from_json(Target, str(place))
        except wire.WireError:
            # A version after ours wrote it; its sweep is another one anyway.
            continue
