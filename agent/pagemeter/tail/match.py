"""Which file continues which place: by content first, by inode where the content leaves a choice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pagemeter.tail.lines import newline_of
from pagemeter.tail.opened import Opened
from pagemeter.tail.place import HEAD, Mark, Place, first_line_hash, head_hash

COMPARED: Final = 64 * 1024


@dataclass(slots=True, eq=False)
class Candidate:
    """A file that is there, as it was when it was looked at, and what it was found to be.

    ``place`` is where reading goes on; none in a new file. ``copy_of`` names the file that it only repeats.
    """

    file: Opened
    status: os.stat_result
    place: Place | None = None
    copy_of: str | None = None
    first_line: str | None = None
    continues: list[Place] = field(default_factory=list)
    resembles: list[Place] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Octets that it had."""
        return self.status.st_size

    @property
    def inode(self) -> tuple[int, int]:
        """What the system calls the file by."""
        return self.status.st_dev, self.status.st_ino

    def has_inode_of(self, place: Place) -> bool:
        """Say whether the system calls it the same file; drives that know no inodes say 0."""
        return self.inode == (place.device, place.inode) and place.inode != 0


class Places:
    """The places of one stream, to be found by their first lines and inodes."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.all = tuple(places)
        self._by_first_line: dict[str, list[Place]] = {}
        self._by_inode: dict[tuple[int, int], list[Place]] = {}
        for place in self.all:
            self._by_first_line.setdefault(place.first_line, []).append(place)
            self._by_inode.setdefault((place.device, place.inode), []).append(place)

    def compare(self, candidate: Candidate) -> None:
        """Note which places a file continues, and with which it only shares a beginning."""
        newline = newline_of(candidate.file.at(0, HEAD))
        candidate.first_line = first_line_hash(candidate.file, newline)
        for place in self._by_first_line.get(candidate.first_line or "", ()):
            if place.continued_by(candidate.file, candidate.size):
                candidate.continues.append(place)
            elif candidate.size < place.offset or candidate.has_inode_of(place):
                candidate.resembles.append(place)

    def cut(self, candidates: Sequence[Candidate]) -> list[tuple[Candidate, list[Place]]]:
        """Return the new files that have the inodes of places that no file continues, with these places."""
        held = {c.place.id for c in candidates if c.place is not None} | {c.copy_of for c in candidates}
        new = [c for c in candidates if c.place is None and c.copy_of is None]
        cut = [(c, [p for p in self._by_inode.get(c.inode, ()) if p.inode and p.id not in held]) for c in new]
        return [(candidate, places) for candidate, places in cut if places]


def assign(candidates: Sequence[Candidate]) -> None:
    """Give each place to the one file where reading goes on; say of the others whether they are copies, or cut."""
    owners = {c.place.id: c for c in candidates if c.place is not None}
    _give_up_to_longer(candidates, owners)
    wanted = {place.id: place for c in candidates for place in c.continues if place.id not in owners}
    for place in sorted(wanted.values(), key=lambda place: -place.offset):
        claims = [c for c in candidates if c.place is None and place in c.continues]
        if claims:
            owner = max(claims, key=lambda c: (c.size, c.has_inode_of(place), -c.status.st_mtime_ns))
            owner.place = place
            owners[place.id] = owner
    for candidate in candidates:
        if candidate.place is None:
            _judge(candidate, owners)
    _sort_out_new([c for c in candidates if c.place is None and c.copy_of is None])


def _give_up_to_longer(candidates: Sequence[Candidate], owners: dict[str, Candidate]) -> None:
    """Take its place from a file that rests where a longer one repeats it: a copy that was renamed over it."""
    for candidate in candidates:
        for place in candidate.continues if candidate.place is None else ():
            owner = owners.get(place.id)
            if owner is not None and candidate.size > owner.size and _repeats(owner, candidate):
                owner.place, owner.continues = None, [place]
                del owners[place.id]


def _sort_out_new(new: Sequence[Candidate]) -> None:
    """Of new files that are copies of each other the longest is read."""
    longest: dict[str, list[Candidate]] = {}
    for candidate in sorted(new, key=lambda c: -c.size):
        alike = longest.setdefault(candidate.first_line or "", [])
        if candidate.first_line and any(_repeats(candidate, other) for other in alike):
            candidate.copy_of = candidate.first_line
        else:
            alike.append(candidate)


def _judge(candidate: Candidate, owners: Mapping[str, Candidate]) -> None:
    """Say whether a file that continues nothing by itself is a copy, was cut back, or (nothing said) is new."""
    for place in (*candidate.continues, *candidate.resembles):
        owner = owners.get(place.id)
        if owner is not None and owner is not candidate and _repeats(candidate, owner):
            candidate.copy_of = place.id
            return
    for place in candidate.resembles:
        mark = place.mark_within(candidate.file, candidate.size)
        # A heading in common makes nobody a copy: the better part of the file has to be known.
        if mark is None or (mark.offset < HEAD and mark.offset * 2 < candidate.size):
            continue
        if candidate.has_inode_of(place):
            candidate.place = _cut_back(place, mark, candidate, named=place.id not in owners)
            return
        if place.id not in owners and candidate.size < place.offset:
            candidate.copy_of = place.id
            return


def _repeats(copy: Candidate, original: Candidate) -> bool:
    """Say whether a file is a beginning of another: its last octets stand at the same place there."""
    if not 0 < copy.size <= original.size:
        return False
    begin = max(0, copy.size - COMPARED)
    length = copy.size - begin
    return copy.file.at(begin, length) == original.file.at(begin, length)


def _cut_back(place: Place, mark: Mark, candidate: Candidate, *, named: bool) -> Place:
    """Go on where the file is known no more: what follows may have been written since it was cut.

    Lines between there and the cut come again, at the places where they were.
    """
    head = min(HEAD, mark.offset)
    return replace(
        place,
        id=place.id if named else "",
        offset=mark.offset,
        head=Mark(head, head_hash(candidate.file, head)),
        marks=(*(kept for kept in place.marks if kept.offset < mark.offset), mark),
        long_from=None,
    )
