"""One server's log: what is new of it as batches of jobs, and what is tried again after the settings were mended."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from pydantic import JsonValue

from pagemeter import Gathered
from pagemeter.tail import Follower, Line, Losses, Opened, Watched, newline_of, split
from pagemeter_plugins.pcounter.cursor import FileCursor
from pagemeter_plugins.pcounter.lines import LineReader, Understood
from pagemeter_plugins.pcounter.sample import sample
from pagemeter_plugins.pcounter.settings import LogSettings

log = logging.getLogger(__name__)

MOST_LINES = 1000
REREAD = 256 * 1024
MOST_TOLD = 100


class LogFollower:
    """Follows one log. Blocks, one call at a time: called in a thread."""

    def __init__(self, settings: LogSettings, folder: Path) -> None:
        self.name = settings.name
        self._watched = Watched(
            path=folder / settings.path,
            patterns=tuple((settings.pattern or "").split()),
            others=() if settings.archive is None else (folder / settings.archive,),
        )
        self._follower = Follower(self._watched)
        self._reader = LineReader(settings.name, settings)
        self._files: dict[str, FileCursor] = {}
        self._again: Iterator[Gathered] = iter(())
        # A thread whose caller was cancelled goes on: the next one waits for it.
        self._lock = Lock()
        self._told: set[str] = set()
        self._lost = Losses()

    def begin(self, cursors: Mapping[str, JsonValue], now: datetime) -> None:
        """Begin where the cursors of all streams say; those of other logs are passed over. Raises OSError."""
        with self._lock:
            self._files = dict(self._own(cursors))
            self._follower.resume((file.place for file in self._files.values()), now=now.timestamp())
            if self._reader.order is None:
                known = (file.dates for file in self._files.values() if file.dates is not None)
                self._reader.order = next(known, None)
            if self._reader.order is None:
                sample(self._watched, self._reader)
            self._again = self._tried_again()

    def next(self) -> Gathered | None:
        """Return the next batch, or none where nothing is left for now; raises OSError."""
        with self._lock:
            again = next(self._again, None)
            if again is not None:
                return again
            piece = self._follower.next(MOST_LINES)
            self._tell_troubles()
            if piece is None:
                return None
            file = self._files.setdefault(piece.place.id, FileCursor(place=piece.place))
            file.place = piece.place
            result = self._reader.read(piece.place.id, piece.lines, name=piece.place.name, modified=piece.modified)
            file.quarantine(result.again)
            file.leave_undated(result.undated)
            self._tell_odd(piece.place.name, result)
            # What waits from before was not tried with these settings yet where its file was away.
            if len(file.quarantined) == len(result.again):
                file.settings = self._reader.fingerprint
            return self._gathered(file, result)

    def close(self) -> None:
        """Close its files."""
        with self._lock:
            self._follower.close()

    def _own(self, cursors: Mapping[str, JsonValue]) -> Iterator[tuple[str, FileCursor]]:
        for stream, cursor in cursors.items():
            name, _, own = stream.rpartition("/")
            if name != self.name:
                continue
            try:
                yield own, FileCursor.from_json(cursor)
            except ValueError:
                self._tell(f"the cursor of {stream} can't be read; its file is read from the beginning")

    def _tried_again(self) -> Iterator[Gathered]:
        """Read again what was not understood, or had no time, where more is known now."""
        for file in list(self._files.values()):
            mended = bool(file.quarantined) and file.settings != self._reader.fingerprint
            dated = bool(file.undated) and self._reader.order is not None
            if not (mended or dated):
                continue
            opened = self._follower.reopened(file.place)
            if opened is None:
                self._tell(f"lines of {file.place.name} can't be tried again: the file is gone; they stay as they are")
                continue
            try:
                if mended:
                    yield from self._released(file, opened)
                while dated and file.undated:
                    yield self._dated(file, opened)
            except OSError as error:
                self._tell(f"{file.place.name} can't be read again: {error.strerror}")
            finally:
                opened.close()

    def _released(self, file: FileCursor, opened: Opened) -> Iterator[Gathered]:
        """Yield what is understood by now of what was quarantined; the rest goes on waiting for other settings."""
        waiting, left = file.quarantined, []
        understood = 0
        for begin in range(0, len(waiting), MOST_LINES):
            pieces = waiting[begin : begin + MOST_LINES]
            lines = [Line(offset, length, opened.at(offset, length)) for offset, length in pieces]
            result = self._reader.read(file.place.id, lines, name=file.place.name)
            left += result.again
            file.quarantined = [*left, *waiting[begin + MOST_LINES :]]
            if begin + MOST_LINES >= len(waiting):
                file.settings = self._reader.fingerprint
            refused = {offset for offset, _ in result.again}
            released = tuple(offset for offset, _ in pieces if offset not in refused)
            understood += len(released)
            yield self._gathered(file, replace(result, quarantined=[]), released)
        name = file.place.name
        log.info("%s: %d of %d quarantined lines of %s are understood now", self.name, understood, len(waiting), name)

    def _dated(self, file: FileCursor, opened: Opened) -> Gathered:
        """Give jobs their time: the same ids, in a later revision."""
        offset, length = file.undated[0]
        octets = opened.at(offset, min(length, REREAD))
        lines, end = split(octets, offset, newline_of(opened.at(0, 1024)), MOST_LINES)
        rest = offset + length - end
        file.undated[0:1] = [(end, rest)] if lines and rest > 0 else []
        result = self._reader.read(file.place.id, lines, name=file.place.name, revision=1)
        return self._gathered(file, replace(result, quarantined=[]))

    def _gathered(self, file: FileCursor, result: Understood, released: tuple[int, ...] = ()) -> Gathered:
        file.dates = self._reader.order
        return Gathered(
            stream=f"{self.name}/{file.place.id}",
            cursor=file.to_json(),
            jobs=tuple(result.jobs),
            quarantined=tuple(result.quarantined),
            released=released,
        )

    def _tell_odd(self, name: str, result: Understood) -> None:
        for piece in result.quarantined:
            self._tell(f"{name}: a line was not understood and waits in quarantine: {piece.why}")
        if result.undated:
            self._tell(f"{name}: day and month can't be told apart, jobs come without a time; set dates: mdy or dmy")

    def _tell_troubles(self) -> None:
        for name, why in self._follower.unreadable.items():
            self._tell(f"{name} can't be read: {why}")
        losses = self._follower.losses
        if losses != self._lost:
            self._lost = replace(losses)
            log.warning(
                "%s: the log was cut or replaced %d times with no copy left; %d octets that were seen are lost",
                self.name,
                losses.cuts,
                losses.octets,
            )

    def _tell(self, what: str) -> None:
        """Log a thing once."""
        news = what not in self._told and len(self._told) < MOST_TOLD
        self._told.add(what) if news else None
        log.log(logging.WARNING if news else logging.DEBUG, "%s: %s", self.name, what)
