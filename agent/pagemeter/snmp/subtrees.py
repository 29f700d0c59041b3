"""How whole subtrees are read from a device: GETBULK where it works, GETNEXT elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter, lt

from pagemeter.clock import Clock
from pagemeter.errors import Unreachable, Unreadable
from pagemeter.snmp.caps import MOST_SECONDS, Caps, error_text
from pagemeter.snmp.denied import behind, denied_by
from pagemeter.snmp.following import Following
from pagemeter.snmp.session import ErrorStatus, Reply, Session
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, dotted

# What a subtree without an end leaves to each of those that wait behind it.
_ROWS_FOR_THE_NEXT = 200

# An end of the MIB is doubted so often, with so many columns behind it, and never again where it was one.
_MOST_DOUBTS = 3
_COLUMNS_BEHIND_AN_END = 2
_BEHIND_ALL: Oid = (2**32,)


async def read_subtrees(
    session: Session,
    roots: Sequence[Oid],
    *,
    clock: Clock,
    denied: frozenset[Oid] = frozenset(),
    within: float = MOST_SECONDS,
    uri: str = "the device",
) -> Walk:
    """Read subtrees one after the other; what was read before a cap, a loop or a silence is kept."""
    caps = Caps(clock, within)
    reader = SubtreeReader(session, caps, denied)
    if not await caps.keep_time(reader.read_all(roots)):
        reader.give_up(caps.out_of_time)
    return caps.walk(uri, reader.missing)


class SubtreeReader:
    """Reads subtrees; what an answer tells beyond the end of one serves the next."""

    def __init__(self, session: Session, caps: Caps, denied: frozenset[Oid]) -> None:
        self.missing: dict[Oid, str] = {}
        self._caps = caps
        self._denied = denied
        self._following = Following(session)
        self._habits = session.habits
        self._waiting: list[Oid] = []
        self._before = 0
        # What was told beyond the ends of subtrees: behind which identifier, and the rows.
        self._beyond: list[tuple[Oid, Sequence[VarBind]]] = []

    async def read_all(self, roots: Sequence[Oid]) -> None:
        """Read them in this order."""
        self._waiting = list(reversed(roots))
        while self._waiting:
            spared = _ROWS_FOR_THE_NEXT * (len(self._waiting) - 1)
            self._caps.most_rows = max(self._caps.all_rows - spared, self._caps.all_rows // 2)
            await self.read(self._waiting[-1])
            self._waiting.pop()

    def give_up(self, reason: str) -> None:
        """Name all that is left as missing."""
        self.missing.update(dict.fromkeys(self._waiting, reason))

    async def read(self, root: Oid) -> None:
        """Read one subtree; raise what the first question met, and note in ``missing`` what a later one met."""
        if denied_by(root, self._denied) is not None:
            self.missing[root] = "is never asked for"
            return
        self._before = len(self._caps.rows)
        if await self._read_from(root, root) and self._habits.ends < _MOST_DOUBTS:
            await self._doubt(root)

    async def _doubt(self, root: Oid) -> None:
        """Ask a little behind the end: some firmware ends behind a bare root, or in the middle of a table."""
        habits = self._habits
        places = self._behind(root)
        while places:
            found = len(self._caps.rows)
            ended = await self._read_from(root, places.pop(0))
            if len(self._caps.rows) > found:
                habits.ends = -1
                places = self._behind(root)
            if not ended:
                return
        if habits.ends >= 0:
            habits.ends += 1

    def _behind(self, root: Oid) -> list[Oid]:
        rows = self._caps.rows
        if len(rows) == self._before:
            return [(*root, 1), (*root, 1, 0)]
        column = rows[-1].oid[len(root)]
        return [(*root, column + step) for step in range(1, _COLUMNS_BEHIND_AN_END + 1)]

    async def _read_from(self, root: Oid, after: Oid) -> bool:
        """Read behind an identifier; returns whether the device says that it has nothing at all behind that."""
        while True:
            if reason := self._caps.exhausted():
                rows = len(self._caps.rows)
                full = rows >= self._caps.most_rows
                self.missing[root] = self._caps.out_of_rows(rows - self._before) if full else reason
                return False
            rows_told = self._told(after)
            if rows_told is None:
                reply = await self._ask(root, after)
                if reply is None:
                    return False
                if reply.error_status == ErrorStatus.NO_SUCH_NAME:
                    return True
                rows_told = reply.rows
            else:
                self._following.note(rows_told, root)
            went = self._take(root, after, rows_told)
            if went is None or went == _BEHIND_ALL:
                return went is not None
            after = went

    async def _ask(self, root: Oid, after: Oid) -> Reply | None:
        caps = self._caps
        try:
            reply = await self._following.next(after, root)
        except (Unreachable, Unreadable):
            if not caps.rows and not self.missing:
                raise
            caps.silences += 1
            self.missing[root] = f"no answer after {dotted(after)}"
            return None
        caps.silences = 0
        if reply.error_status not in (ErrorStatus.NO_ERROR, ErrorStatus.NO_SUCH_NAME):
            self.missing[root] = f"{caps.note(error_text(reply.error_status))} after {dotted(after)}"
            return None
        if reply.error_status == ErrorStatus.NO_ERROR and not reply.rows:
            self.missing[root] = f"{caps.note('an answer without variable bindings')} after {dotted(after)}"
            return None
        return reply

    def _told(self, after: Oid) -> Sequence[VarBind] | None:
        """Return what earlier answers told of what follows."""
        for begin, rows in self._beyond:
            if begin <= after < rows[-1].oid:
                return [row for row in rows if row.oid > after]
        return None

    def _take(self, root: Oid, last: Oid, rows: Sequence[VarBind]) -> Oid | None:
        """Keep the rows of the subtree; returns where to go on: none at its end, ``_BEHIND_ALL`` at that of the MIB."""
        caps, depth = self._caps, len(root)
        names = list(map(_NAME, rows))
        inside = names[-1][:depth] == root and rows[-1].tag != Tag.END_OF_MIB_VIEW and self._allows_all(root)
        if inside and last < names[0] and all(map(lt, names, names[1:])):
            caps.take(rows)
            return rows[-1].oid
        for place, row in enumerate(rows):
            if row.tag == Tag.END_OF_MIB_VIEW:
                return _BEHIND_ALL
            if row.oid[:depth] != root:
                if row.oid < last:
                    self.missing[root] = f"{caps.note('goes backwards')} after {dotted(last)}"
                else:
                    self._keep_beyond(last, rows[place:])
                return None
            if row.oid <= last:
                self.missing[root] = f"{caps.note('goes in circles')} after {dotted(last)}"
                return None
            last = row.oid
            if (prefix := denied_by(row.oid, self._denied)) is not None:
                return behind(prefix)
            if not caps.take((row,)):
                break
        return last

    def _allows_all(self, root: Oid) -> bool:
        return not any(prefix[: len(root)] == root for prefix in self._denied)

    def _keep_beyond(self, last: Oid, rows: Sequence[VarBind]) -> None:
        """Keep what follows the end of a subtree, as far as it goes forward."""
        told: list[VarBind] = []
        end = last
        for row in rows:
            if row.tag == Tag.END_OF_MIB_VIEW:
                told.append(row._replace(oid=_BEHIND_ALL))
                break
            if row.oid <= end:
                break
            told.append(row)
            end = row.oid
        if told:
            self._beyond.append((last, told))


_NAME = attrgetter("oid")
