"""Follows the files of one stream: looks what is there, and reads what is new of each, batch by batch."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from pagemeter.tail.files import Watched
from pagemeter.tail.lines import LONGEST_LINE, Line, end_of_line, newline_of, split
from pagemeter.tail.match import Candidate, Places, assign
from pagemeter.tail.opened import Disturbed, Opened
from pagemeter.tail.place import HEAD, WINDOW, Mark, Place, first_line_hash, hash_of

CHUNK: Final = 256 * 1024
MOST_HELD: Final = 8
MOST_LOOKS: Final = 50
SETTLED_SECONDS: Final = 86_400
RACY_SECONDS: Final = 2.0
"""A file that was modified so lately may be modified again without a sign: some drives keep times as coarse as that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Lines of one file, and the place that is to be kept with them; ``place.id`` names the file for good.

    ``modified`` is when the file was last written, in seconds since 1970.
    """

    place: Place
    lines: tuple[Line, ...]
    modified: float = 0.0


@dataclass(slots=True)
class Losses:
    """What was lost before it could be read: files that were cut and have no copy, octets that were seen and not read.

    Of what is written and cut between two looks the cut is all that can be seen.
    """

    cuts: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A piece of a file in memory, addressed like the file."""

    begin: int
    data: bytes

    def at(self, offset: int, length: int) -> bytes:
        """Return octets of the file."""
        return self.data[offset - self.begin : offset - self.begin + length] if offset >= self.begin else b""


class Follower:
    """Hands out every complete line of a stream once; ``resume`` says what was handed out and kept before.

    Blocks; ``close`` closes the files that are kept open. ``losses`` and ``unreadable`` (reasons by name) tell what
    went wrong.
    """

    def __init__(self, watched: Watched, *, most_held: int = MOST_HELD) -> None:
        self._watched = watched
        # Windows removes a deleted file only when the last who has it open lets go: its name stays taken.
        self._most_held = 0 if sys.platform == "win32" else most_held
        self._held: OrderedDict[tuple[int, int], Opened] = OrderedDict()
        self._places: dict[str, Place] = {}
        self._quiet: dict[tuple[int, int], tuple[str, int, int, int]] = {}
        self._queue: list[Candidate] = []
        self._noted: list[Place] = []
        self._seen: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._looked = False
        self._cut: set[str] = set()
        self._now = 0.0
        self._newest = 0
        self._fruitful = True
        self.losses = Losses()
        self.unreadable: dict[str, str] = {}

    def resume(self, places: Iterable[Place], *, now: float) -> None:
        """Begin at these places; ``now`` is the time in seconds since 1970."""
        self._places = {place.id: place for place in places}
        self._now = now
        self._queue = []
        self._noted = []
        self._fruitful = True

    def next(self, most: int) -> Piece | None:
        """Return up to ``most`` further lines of one file, or none where nothing is left for now.

        Raises OSError where the folder can't be listed.
        """
        for _ in range(MOST_LOOKS):
            if self._noted:
                return Piece(place=self._noted.pop(), lines=())
            if not self._queue:
                if not self._fruitful:
                    break
                self._fruitful = False
                self._look()
                continue
            piece = self._from_queue(most)
            if piece is not None:
                self._fruitful = True
                return piece
        self._fruitful = True
        return None

    def reopened(self, place: Place) -> Opened | None:
        """Return the file that was read to ``place``, for the caller to read and close, or none where it is gone."""
        for candidate in self._candidates():
            try:
                if place.continued_by(candidate.file, candidate.size):
                    return Opened(candidate.file.path, candidate.status)
            except OSError:
                continue
            finally:
                self._let_go(candidate)
        return None

    def close(self) -> None:
        """Close all files."""
        for file in (*self._held.values(), *(candidate.file for candidate in self._queue)):
            file.close()
        self._held.clear()
        self._queue = []

    def _look(self) -> None:
        """See what is there, and queue what has something new."""
        candidates = sorted(self._candidates(), key=lambda c: (c.status.st_mtime_ns, c.file.name))
        self._newest = candidates[-1].status.st_mtime_ns if candidates else 0
        places = Places(self._places.values())
        self.unreadable = {}
        try:
            candidates = [c for c in candidates if self._recognise(c, places)]
            assign(candidates)
            self._note_copies(candidates)
        except (Disturbed, FileNotFoundError):
            self._fruitful = True
            candidates = []
        self._count_losses(candidates, places)
        self._queue = [c for c in candidates if self._has_news(c)]
        for candidate in candidates:
            self._let_go(candidate)

    def _candidates(self) -> Iterator[Candidate]:
        """Yield each file that is there once, then those that are only held open any more."""
        listed: set[object] = set()
        for path, status in self._watched.files():
            inode = (status.st_dev, status.st_ino)
            key: object = inode if status.st_ino else path
            if key in listed:
                continue
            listed.add(key)
            file = self._held.get(inode) or Opened(path, status)
            file.path = path
            yield Candidate(file, status)
        for inode, file in list(self._held.items()):
            if inode not in listed:
                yield Candidate(file, file.stat())

    def _recognise(self, candidate: Candidate, places: Places) -> bool:
        """Compare a file with what was read, unless it is as it was; false where it can't be read."""
        known = self._quiet.get(candidate.inode)
        if known is not None and self._is_quiet(candidate):
            place = self._places.get(known[0])
            if not known[0] or (place is not None and place.offset == known[1]):
                candidate.place = place
                return True
        try:
            places.compare(candidate)
        except (Disturbed, FileNotFoundError):
            raise
        except OSError as error:
            self.unreadable[candidate.file.name] = error.strerror or type(error).__name__
            return False
        finally:
            self._let_go(candidate)
        return True

    def _has_news(self, candidate: Candidate) -> bool:
        offset = 0 if candidate.place is None else candidate.place.offset
        if candidate.copy_of is not None or candidate.size <= offset:
            self._forget_deleted(candidate)
            return False
        return not self._is_quiet(candidate) or self._settled(candidate)

    def _is_quiet(self, candidate: Candidate) -> bool:
        """Say whether nothing was done to a file since it was read to its end."""
        modified = candidate.status.st_mtime_ns
        known = self._quiet.get(candidate.inode)
        lately = modified / 1e9 > self._now - RACY_SECONDS
        return known is not None and known[2:] == (candidate.size, modified) and not lately

    def _settled(self, candidate: Candidate) -> bool:
        """Say whether nobody will complete the last line any more."""
        modified = candidate.status.st_mtime_ns
        return modified < self._newest and self._now - modified / 1e9 > SETTLED_SECONDS

    def _from_queue(self, most: int) -> Piece | None:
        while self._queue:
            candidate = self._queue[0]
            try:
                piece = self._read(candidate, most)
            except (Disturbed, FileNotFoundError):
                self._fruitful = True
                self._drop_queue()
                return None
            except OSError as error:
                self.unreadable[candidate.file.name] = error.strerror or type(error).__name__
                self._let_go(self._queue.pop(0))
                continue
            if piece is not None:
                return piece
            self._finish(self._queue.pop(0))
        return None

    def _read(self, candidate: Candidate, most: int) -> Piece | None:
        """Read the next lines of a file; none at its end. Raises Disturbed where it is another file meanwhile."""
        place, file = candidate.place, candidate.file
        offset = 0 if place is None else place.offset
        begin = 0 if offset < HEAD else offset - WINDOW
        chunk = _Chunk(begin, file.at(begin, offset - begin + CHUNK))
        if place is not None and not (place.marks[-1].fits(chunk) and (begin or place.begins_like(chunk))):
            raise Disturbed(f"{file.path} is another file by now")
        fresh = chunk.data[offset - begin :]
        newline = newline_of(chunk.data[:HEAD] if begin == 0 else file.at(0, HEAD))
        long_from = None if place is None else place.long_from
        lines, end, long_from = lines_of(
            fresh, offset, newline, most, long_from=long_from, settled=self._settled(candidate)
        )
        if end == offset:
            return None
        # What was read is the file's only if nobody cut it meanwhile.
        if file.stat().st_size < begin + len(chunk.data) or file.at(begin, HEAD) != chunk.data[:HEAD]:
            raise Disturbed(f"{file.path} was cut while it was read")
        if place is None or not place.id:
            place = self._named(place, first_line_hash(chunk, newline) or hash_of(chunk.data[:HEAD]))
        device, inode = candidate.inode
        by_way = sorted({line.offset for line in lines[len(lines) // 4 :: len(lines) // 4 or 1]} - {offset})
        place = place.moved(end, chunk, by_way=by_way, long_from=long_from)
        place = replace(place, name=file.name, device=device, inode=inode)
        candidate.place = self._places[place.id] = place
        return Piece(place=place, lines=tuple(lines), modified=candidate.status.st_mtime_ns / 1e9)

    def _named(self, place: Place | None, name: str) -> Place:
        """Give a new file its own name: the hash of its first line, with a number where another began alike."""
        own, twin = name, 1
        while own in self._places:
            twin += 1
            own = f"{name}-{twin}"
        if place is not None:
            return replace(place, id=own)
        return Place(id=own, name="", device=0, inode=0, offset=0, head=Mark(0, hash_of(b"")), marks=())

    def _finish(self, candidate: Candidate) -> None:
        """Remember that a file was read to its end, and keep the newest open."""
        place = candidate.place
        state = ("", 0) if place is None else (place.id, place.offset)
        self._quiet[candidate.inode] = (*state, candidate.size, candidate.status.st_mtime_ns)
        if candidate.file.is_open and self._most_held:
            self._held[candidate.inode] = candidate.file
            self._held.move_to_end(candidate.inode)
            while len(self._held) > self._most_held:
                self._held.popitem(last=False)[1].close()
        self._let_go(candidate)

    def _let_go(self, candidate: Candidate) -> None:
        """Close a file that is not kept open; it is opened again when it is read."""
        if self._held.get(candidate.inode) is not candidate.file:
            candidate.file.close()

    def _forget_deleted(self, candidate: Candidate) -> None:
        if candidate.status.st_nlink == 0 and candidate.inode in self._held:
            self._held.pop(candidate.inode).close()

    def _note_copies(self, candidates: list[Candidate]) -> None:
        """Write down where copies end of what was read: when the file itself is gone, nothing else tells."""
        owners = {c.place.id: c for c in candidates if c.place is not None}
        for copy in candidates:
            owner = owners.get(copy.copy_of or "")
            place = None if owner is None else owner.place
            if owner is None or place is None or copy.size > place.offset:
                continue
            mark = Mark.before(copy.size, copy.file)
            if mark not in (*place.marks, *place.copies):
                owner.place = self._places[place.id] = place.copied(mark)
                self._noted.append(owner.place)

    def _drop_queue(self) -> None:
        for candidate in self._queue:
            self._let_go(candidate)
        self._queue = []

    def _count_losses(self, candidates: list[Candidate], places: Places) -> None:
        for candidate, cut in places.cut(candidates):
            # An old file that was read and removed leaves its inode to the next log: nobody cut that. Of several that
            # had it one at most was there.
            for place in [one for one in cut if one.id not in self._cut and self._was_cut(one, candidate)][:1]:
                self.losses.cuts += 1
                self.losses.octets += max(0, self._seen.get(place.id, 0) - place.offset)
            self._cut.update(place.id for place in cut)
        for candidate in candidates:
            if candidate.place is not None:
                own, size = candidate.place.id, candidate.size
                self.losses.octets += max(0, self._seen.get(own, 0) - max(size, candidate.place.offset))
                self._seen[own], self._names[own] = size, candidate.file.name
        self._looked = True

    def _was_cut(self, place: Place, candidate: Candidate) -> bool:
        """Say whether the file of a place had the name of the one that has its inode now, or was not read to its end.

        What was there before the first look can only be guessed by the name under which it was read.
        """
        name = self._names.get(place.id, None if self._looked else place.name)
        return name == candidate.file.name or self._seen.get(place.id, 0) > place.offset


def lines_of(
    fresh: bytes, offset: int, newline: bytes, most: int, *, long_from: int | None, settled: bool
) -> tuple[list[Line], int, int | None]:
    """Return complete lines, where reading goes on, and where a line began that is too long and goes on."""
    whole = offset + len(fresh) // len(newline) * len(newline)
    if long_from is not None:
        stop = end_of_line(fresh, offset, newline)
        if stop < 0:
            return [], whole, long_from
        lines, end = split(fresh[stop:], offset + stop, newline, most - 1)
        return [Line(long_from, offset + stop - long_from, None), *lines], end, None
    lines, end = split(fresh, offset, newline, most)
    if lines:
        return lines, end, None
    rest = fresh[end - offset :]
    if len(rest) > LONGEST_LINE:
        return [], whole, end
    if rest and settled:
        return [Line(end, len(rest), rest, finished=False)], end + len(rest), None
    # Zeros alone are passed over when they fill a chunk: a short hole is gone through again with the line behind it.
    return [], (end if not rest and len(fresh) >= CHUNK else offset), None
