"""How far a file was read, and by what it is known again: hashes and numbers, no text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final, Protocol, Self

from pydantic import JsonValue

from pagemeter.tail.lines import end_of_line

HEAD: Final = 1024
WINDOW: Final = 256
MOST_MARKS: Final = 16
MOST_COPIES: Final = 12
LONGEST_FIRST: Final = 4096


class Octets(Protocol):
    """What is asked of an open file, or of a piece of it in memory."""

    def at(self, offset: int, length: int) -> bytes:
        """Read at most ``length`` octets."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The hash of the octets before ``offset``: WINDOW of them, or all where there are fewer."""

    offset: int
    hash: str

    @classmethod
    def before(cls, offset: int, octets: Octets) -> Self:
        """Take the mark of a file at a place."""
        begin = max(0, offset - WINDOW)
        return cls(offset, hash_of(octets.at(begin, offset - begin)))

    def fits(self, octets: Octets) -> bool:
        """Say whether a file has the same octets there."""
        begin = max(0, self.offset - WINDOW)
        window = octets.at(begin, self.offset - begin)
        return len(window) == self.offset - begin and hash_of(window) == self.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The cursor of one file; ``offset`` is where the first line begins that was not handed out.

    ``head`` covers the octets before the offset, at most HEAD of them; the last of ``marks`` is at the offset.
    ``copies`` are the ends of copies that were seen: they will be known as such when the file itself is gone.
    ``long_from`` is where a line began that is being passed over, for it is too long.
    """

    id: str
    name: str
    device: int
    inode: int
    offset: int
    head: Mark
    marks: tuple[Mark, ...]
    copies: tuple[Mark, ...] = ()
    long_from: int | None = None

    @property
    def first_line(self) -> str:
        """The hash of the first line, which files share that begin alike."""
        return self.id.partition("-")[0]

    def continued_by(self, octets: Octets, size: int) -> bool:
        """Say whether a file of that size has all that was read of this one."""
        return size >= self.offset and self.begins_like(octets) and self.marks[-1].fits(octets)

    def begins_like(self, octets: Octets) -> bool:
        """Say whether a file has the same head."""
        return head_hash(octets, self.head.offset) == self.head.hash

    def mark_within(self, octets: Octets, size: int) -> Mark | None:
        """Return the last mark that fits in a file that may be shorter, if the head fits as far as it goes."""
        if self.head.offset <= size and not self.begins_like(octets):
            return None
        known = sorted((*self.marks, *self.copies), key=lambda mark: -mark.offset)
        return next((mark for mark in known if mark.offset <= size and mark.fits(octets)), None)

    def copied(self, mark: Mark) -> Place:
        """Return the place that knows of one more copy."""
        return replace(self, copies=(*self.copies, mark)[-MOST_COPIES:])

    def moved(self, offset: int, octets: Octets, *, by_way: Sequence[int] = (), long_from: int | None = None) -> Place:
        """Return the place after more was read, with marks ``by_way`` too: a file may be cut back to there.

        ``octets`` is what was read, with HEAD or WINDOW before it, and not the file, which may be another by now.
        """
        head = self.head
        if head.offset < HEAD:
            head = Mark(min(HEAD, offset), head_hash(octets, min(HEAD, offset)))
        earlier = tuple(mark for mark in self.marks if mark.offset < offset)
        marks = thinned((*earlier, *(Mark.before(place, octets) for place in (*by_way, offset))))
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
        if self.copies:
            cursor["copies"] = [[mark.offset, mark.hash] for mark in self.copies]
        if self.long_from is not None:
            cursor["long_from"] = self.long_from
        return cursor

    @classmethod
    def from_json(cls, cursor: JsonValue) -> Self:
        """Read a cursor; raises ValueError for what is none of ours."""
        if not isinstance(cursor, Mapping):
            raise ValueError("a cursor that is no mapping")
        known: Mapping[str, Any] = cursor
        if not known.get("marks"):
            raise ValueError("a cursor without marks")
        try:
            return cls(
                id=str(known["id"]),
                name=str(known["name"]),
                device=int(known["device"]),
                inode=int(known["inode"]),
                offset=int(known["offset"]),
                head=Mark(int(known["head"][0]), str(known["head"][1])),
                marks=tuple(Mark(int(offset), str(digest)) for offset, digest in known["marks"]),
                copies=tuple(Mark(int(offset), str(digest)) for offset, digest in known.get("copies", ())),
                long_from=None if known.get("long_from") is None else int(known["long_from"]),
            )
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError("a cursor of another form") from error


def hash_of(octets: bytes) -> str:
    """Return 64 bits of BLAKE2b as hexadecimal digits."""
    return blake2b(octets, digest_size=8).hexdigest()


def head_hash(octets: Octets, length: int) -> str:
    """Return the hash of a file's first octets, or nothing where it has fewer."""
    head = octets.at(0, length)
    return hash_of(head) if len(head) == length else ""


def first_line_hash(octets: Octets, newline: bytes) -> str | None:
    """Return the hash of a file's first line, or of its head where that is longer; none where it is not complete."""
    begin = octets.at(0, LONGEST_FIRST)
    text = begin.lstrip(b"\x00") if len(newline) == 1 else begin
    end = end_of_line(text, 0, newline)
    if end < 0:
        return hash_of(text[:HEAD]) if len(begin) == LONGEST_FIRST else None
    return hash_of(text[:end])


def thinned(marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
    """Keep at most MOST_MARKS: the last ones, and ever fewer the farther back."""
    while len(marks) > MOST_MARKS:
        reach = marks[-1].offset
        room = [
            (marks[index + 1].offset - marks[index - 1].offset) / (reach - marks[index].offset + 1)
            for index in range(1, len(marks) - 3)
        ]
        worst = room.index(min(room)) + 1
        marks = marks[:worst] + marks[worst + 1 :]
    return marks
