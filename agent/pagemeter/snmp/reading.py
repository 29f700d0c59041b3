"""How values and subtrees are read from a device, whatever its firmware makes of the questions."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from pagemeter.clock import Clock
from pagemeter.errors import AccessDenied, Unreachable, Unreadable
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.denied import behind, denied_by
from pagemeter.snmp.session import ErrorStatus, Reply, Session
from pagemeter.snmp.types import EXCEPTIONS, Oid, Tag, VarBind, Walk, dotted

MOST_ROWS = 5000
MOST_OCTETS = 2_000_000
MOST_SECONDS = 60.0

# What a subtree without an end leaves to each of those that wait behind it.
_ROWS_FOR_THE_NEXT = 200
_MOST_SILENCES = 2
_OCTETS_OF_A_ROW = 40
_REFUSALS = frozenset({ErrorStatus.NO_ACCESS, ErrorStatus.AUTHORIZATION_ERROR})


async def read_values(session: Session, oids: Sequence[Oid], denied: frozenset[Oid] = frozenset()) -> Walk:
    """Read single values; absent ones are not in the walk, those that could not be read are in ``missing``."""
    reader = _ValueReader(session)
    forbidden = {oid: "is never asked for" for oid in oids if denied_by(oid, denied) is not None}
    await reader.read([oid for oid in oids if oid not in forbidden])
    return Walk(reader.rows, {**reader.missing, **forbidden})


async def read_subtrees(
    session: Session,
    roots: Sequence[Oid],
    *,
    clock: Clock,
    denied: frozenset[Oid] = frozenset(),
    within: float = MOST_SECONDS,
) -> Walk:
    """Read subtrees one after the other; what was read before a cap, a loop or a silence is kept."""
    reader = _SubtreeReader(session, clock, denied, min(within, MOST_SECONDS))
    for waiting, root in zip(reversed(range(len(roots))), roots, strict=True):
        reader.most_rows = max(MOST_ROWS - _ROWS_FOR_THE_NEXT * waiting, MOST_ROWS // 2)
        await reader.read(root)
    return Walk(reader.rows, reader.missing)


class _ValueReader:
    """GET with as many identifiers in a packet as the device takes."""

    def __init__(self, session: Session) -> None:
        self.rows: list[VarBind] = []
        self.missing: dict[Oid, str] = {}
        self._session = session
        self._silences = 0
        self._heard = False
        self._open: deque[tuple[Oid, ...]] = deque()

    async def read(self, oids: Sequence[Oid]) -> None:
        self._enqueue(oids)
        while self._open:
            asked = self._open.popleft()
            try:
                reply = await self._session.ask(PduType.GET, asked)
            except (Unreachable, Unreadable) as error:
                self._after_silence(asked, error)
                continue
            self._heard, self._silences = True, 0
            await self._take(asked, reply)

    def _enqueue(self, oids: Sequence[Oid]) -> None:
        size = self._session.habits.oids_per_packet
        self._open.extend(tuple(oids[at : at + size]) for at in range(0, len(oids), size))

    def _after_silence(self, asked: tuple[Oid, ...], error: Exception) -> None:
        """Try smaller packets, for some firmware chokes on large ones; raise where the device is gone."""
        known_to_be_taken = len(asked) <= max(1, self._session.habits.oids_answered)
        if not self._heard and known_to_be_taken:
            raise error
        if len(asked) > 1:
            # The first alone tells whether it was the size.
            self._shrink(asked[1:] if not self._heard else asked)
            self._open.extendleft([] if self._heard else [asked[:1]])
            return
        self._silences += 1
        self.missing[asked[0]] = "no answer"
        if self._silences >= _MOST_SILENCES:
            self.missing.update({oid: "the device fell silent" for oids in self._open for oid in oids})
            self._open.clear()

    async def _take(self, asked: tuple[Oid, ...], reply: Reply) -> None:
        if reply.error_status == ErrorStatus.NO_ERROR:
            self._session.habits.oids_answered = max(len(asked), self._session.habits.oids_answered)
            self.rows += answered(asked, reply.rows)
        elif reply.error_status == ErrorStatus.NO_SUCH_NAME:
            self._without_absent(asked, reply.error_index)
        elif reply.error_status in _REFUSALS and not self.rows:
            raise AccessDenied(f"the device refuses to be read (error-status {reply.error_status})")
        elif len(asked) > 1:
            self._shrink(asked)
        else:
            await self._by_get_next(asked[0], reply.error_status)

    def _without_absent(self, asked: tuple[Oid, ...], index: int) -> None:
        """Ask again without the identifier that v1 names as absent, or each alone where it names none."""
        if 1 <= index <= len(asked):
            rest = asked[: index - 1] + asked[index:]
            self._open.extendleft([rest] if rest else [])
        elif len(asked) > 1:
            self._open.extendleft((oid,) for oid in asked)

    def _shrink(self, asked: tuple[Oid, ...]) -> None:
        """Put what was asked back, and ask for half as much at once from now on."""
        habits = self._session.habits
        habits.oids_per_packet = max(1, min(len(asked), habits.oids_per_packet) // 2)
        rest = [*asked, *(oid for oids in self._open for oid in oids)]
        self._open.clear()
        self._enqueue(rest)

    async def _by_get_next(self, asked: Oid, status: int) -> None:
        """Ask for what follows the place before: some firmware answers GETNEXT where GET fails."""
        self.missing[asked] = f"error-status {status}"
        if asked[-1] != 0:
            return
        reply = await self._session.ask(PduType.GET_NEXT, (asked[:-1],))
        if reply.error_status == ErrorStatus.NO_ERROR and (rows := answered((asked,), reply.rows)):
            self.rows += rows
            del self.missing[asked]


class _SubtreeReader:
    """GETBULK where it works, GETNEXT elsewhere."""

    def __init__(self, session: Session, clock: Clock, denied: frozenset[Oid], seconds: float) -> None:
        self.rows: list[VarBind] = []
        self.missing: dict[Oid, str] = {}
        self.most_rows = MOST_ROWS
        self._before = 0
        self._session = session
        self._clock = clock
        self._denied = denied
        self._seconds = seconds
        self._until = clock.monotonic() + seconds
        self._octets = 0
        self._silences = 0

    async def read(self, root: Oid) -> None:
        """Read one subtree; raise what the first question met, and note in ``missing`` what a later one met."""
        if denied_by(root, self._denied) is not None:
            self.missing[root] = "is never asked for"
            return
        before = self._before = len(self.rows)
        # Some firmware finds nothing behind the bare root, and all of it behind root.1.
        for start in (root, (*root, 1), (*root, 1, 0)):
            await self._read_from(root, start)
            if len(self.rows) > before or root in self.missing:
                return

    async def _read_from(self, root: Oid, last: Oid) -> None:
        after: Oid | None = last
        while after is not None:
            if reason := self._exhausted():
                self.missing[root] = reason
                return
            try:
                reply = await self._next(after)
            except (Unreachable, Unreadable):
                if not self.rows and not self.missing:
                    raise
                self._silences += 1
                self.missing[root] = f"no answer after {dotted(after)}"
                return
            if reply.error_status not in (ErrorStatus.NO_ERROR, ErrorStatus.NO_SUCH_NAME):
                self.missing[root] = f"error-status {reply.error_status} after {dotted(after)}"
                return
            after = self._take(root, after, reply)

    def _exhausted(self) -> str | None:
        if self._silences >= _MOST_SILENCES:
            return "the device fell silent"
        if len(self.rows) >= self.most_rows:
            return f"cut after {len(self.rows) - self._before} rows"
        if self._octets >= MOST_OCTETS:
            return f"cut after {MOST_OCTETS} octets"
        if self._clock.monotonic() >= self._until:
            return f"cut after {self._seconds:.0f} s"
        return None

    def _take(self, root: Oid, last: Oid, reply: Reply) -> Oid | None:
        """Keep the rows of the subtree; returns where to go on, none at its end."""
        if reply.error_status == ErrorStatus.NO_SUCH_NAME or not reply.rows:
            return None
        for row in reply.rows:
            if row.tag == Tag.END_OF_MIB_VIEW or row.oid[: len(root)] != root:
                return None
            if row.oid <= last:
                self.missing[root] = f"goes in circles after {dotted(last)}"
                return None
            last = row.oid
            if (prefix := denied_by(row.oid, self._denied)) is not None:
                return behind(prefix)
            if len(self.rows) >= self.most_rows:
                break
            if row.tag not in EXCEPTIONS:
                self.rows.append(row)
                self._octets += _OCTETS_OF_A_ROW + (len(row.value) if isinstance(row.value, bytes) else 0)
        return last

    async def _next(self, after: Oid) -> Reply:
        """Ask for what follows; where GETBULK fails ask for less at once, and in the end for one row at a time."""
        habits = self._session.habits
        before = habits.bulk, habits.repetitions
        while self._session.bulk_exists and habits.bulk is not False:
            if (reply := await self._bulk(after)) is not None:
                return reply
        try:
            return await self._session.ask(PduType.GET_NEXT, (after,))
        except (Unreachable, Unreadable):
            # It is the device that is gone, so that nothing was learned of its GETBULK.
            habits.bulk, habits.repetitions = before
            raise

    async def _bulk(self, after: Oid) -> Reply | None:
        """Try GETBULK; none where it failed, then the habits say what to try next."""
        habits = self._session.habits
        try:
            reply = await self._session.ask(PduType.GET_BULK, (after,), habits.repetitions)
        except (Unreachable, Unreadable):
            # A device that never answered GETBULK is asked in the plain way at once.
            habits.bulk = None if habits.bulk else False
        else:
            if reply.error_status == ErrorStatus.NO_ERROR and reply.rows:
                habits.bulk = True
                return reply
        if habits.repetitions > 1:
            habits.repetitions //= 2
        else:
            habits.bulk = False
        return None


def answered(asked: Sequence[Oid], rows: Sequence[VarBind]) -> list[VarBind]:
    """Return the rows that answer what was asked, without exceptions; an identifier that grew is put right.

    Some firmware appends ``.0`` to the identifiers that it echoes; such a row answers by its position.
    """
    wanted = frozenset(asked)
    found = []
    for position, row in enumerate(rows):
        if row.tag in EXCEPTIONS:
            continue
        if row.oid in wanted:
            found.append(row)
        elif position < len(asked) and row.oid == (*asked[position], 0):
            found.append(row._replace(oid=asked[position]))
    return found
