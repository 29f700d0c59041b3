"""How far a file was read, and by what it is known again: hashes and numbers, no text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final, Protocol, Self

from pydantic import JsonValue

HEAD: Final = 1024
WINDOW: Final = 256
MOST_MARKS: Final = 12


class Octets(Protocol):
    """What is asked of an open file."""

    def at(self, offset: int, length: int) -> bytes:
        """Read at most ``length`` octets."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The hash of the octets before ``offset``: WINDOW of them, or all where there are fewer."""

    offset: int
    hash: str

    @classmethod
    def before(cls, offset: int, file: Octets) -> Self:
        """Take the mark of a file at a place."""
        begin = max(0, offset - WINDOW)
        return cls(offset, hash_of(file.at(begin, offset - begin)))

    def fits(self, file: Octets) -> bool:
        """Say whether a file has the same octets there."""
        begin = max(0, self.offset - WINDOW)
        octets = file.at(begin, self.offset - begin)
        return len(octets) == self.offset - begin and hash_of(octets) == self.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The cursor of one file; ``offset`` is where the first line begins that was not handed out.

    ``head`` is the hash of all octets before its offset, at most HEAD of them. ``long_from`` is where a line began that is being passed
    over, for it is too long.
    """

    id: str
    name: str
    device: int
    inode: int
    offset: int
    head: Mark
    marks: tuple[Mark, ...]
    long_from: int | None = None

    def continued_by(self, file: Octets, size: int) -> bool:
        """Say whether a file of that size has all that was read of this one."""
        if size < self.offset or file_head(file, self.head.offset) != self.head.hash:
            return False
        return not self.marks or self.marks[-1].fits(file)

    def mark_within(self, file: Octets, size: int) -> Mark | None:
        """Return the last mark that fits in a shorter file, if its head fits too as far as it goes."""
        if self.head.offset <= size and file_head(file, self.head.offset) != self.head.hash:
            return None
        within = [mark for mark in self.marks if mark.offset <= size]
        return next((mark for mark in reversed(within) if mark.fits(file)), None)

    def moved(self, offset: int, file: Octets, *, long_from: int | None = None) -> Place:
        """Return the place after more was read."""
        head = self.head
        if head.offset < HEAD:
            length = min(HEAD, offset)
            head = Mark(length, file_head(file, length))
        marks = thinned((*(mark for mark in self.marks if mark.offset < offset), Mark.before(offset, file)))
        return replace(self, offset=offset, head=head, marks=marks, long_from=long_from)

    def to_json(self) -> dict[str, JsonValue]:
        """Write it as a cursor."""
        cursor: dict[str, JsonValue] = {
            "id": self.id,
            "name": self.name,
            "device": self.device,
            "inode": self.inode,
            "offset": self.offset,
            "head": [self.head.offset, self.head.hash],
            "marks": [[mark.offset, mark.hash] for mark in self.marks],
        }
        return cursor if self.long_from is None else {**cursor, "long_from": self.long_from}

    @classmethod
    def from_json(cls, cursor: JsonValue) -> Self:
        """Read a cursor; raises ValueError for what none of ours is."""
        if not isinstance(cursor, Mapping):
            raise ValueError("a cursor that is no mapping")
        known: Mapping[str, Any] = cursor
        try:
            return cls(
                id=str(known["id"]),
                name=str(known["name"]),
                device=int(known["device"]),
                inode=int(known["inode"]),
                offset=int(known["offset"]),
                head=Mark(int(known["head"][0]), str(known["head"][1])),
                marks=tuple(Mark(int(offset), str(digest)) for offset, digest in known["marks"]),
                long_from=None if known.get("long_from") is None else int(known["long_from"]),
            )
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError("a cursor of another form") from error


def hash_of(octets: bytes) -> str:
    """Return 64 bits of BLAKE2b as hexadecimal digits."""
    return blake2b(octets, digest_size=8).hexdigest()


def file_head(file: Octets, length: int) -> str:
    """Return the hash of a file's first octets, or nothing where it has fewer."""
    octets = file.at(0, length)
    return hash_of(octets) if len(octets) == length else ""


def thinned(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Keep at most MOST_MARKS: the last ones, and ever fewer the farther back."""
    while len(marks) > MOST_MARKS:
        gaps = [(marks[i + 1].offset - marks[i - 1].offset, i) for i in range(1, len(marks) - 4)]
        reach = marks[-1].offset
        worst = min(gaps, key=lambda gap: gap[0] / (reach - marks[gap[1]].offset + 1))[1]
        marks = marks[:worst] + marks[worst + 1 :]
    return marks
