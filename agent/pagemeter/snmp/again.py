"""What an earlier visit found, read once more: in one or two packets, each with the proof of whose the values are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from pagemeter.clock import Clock
from pagemeter.errors import Unreachable, Unreadable
from pagemeter.snmp.caps import MOST_SECONDS, Caps
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.columns import read_columns
from pagemeter.snmp.denied import denied_by
from pagemeter.snmp.habits import MOST_AT_ONCE
from pagemeter.snmp.reading import predecessor, read_values
from pagemeter.snmp.session import ErrorStatus, Session
from pagemeter.snmp.types import EXCEPTIONS, Oid, VarBind, Walk

UNPROVEN = "came without the proof of whose it is"
NO_ANSWER = "no answer"
HIDDEN = "GET finds rows that GETNEXT hides"
GONE_TOO = "was not asked for, as what was asked for beside it is not answered any more"

_ENVELOPE = 45
_AROUND_A_VALUE = 8
# Of what follows a column, or of a row that comes and goes.
_UNKNOWN = 10
_STRIKES = 2
# So many rows that were there are asked for one by one before the others are taken for gone, too.
_PROOFS = 3
_MOST_GONE = 10
# Fewer than what every device is asked for at first were learned to be too many.
_AT_FIRST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known to be there: single values with the octets that each took, the last rows of columns, columns.

    A value that took 0 octets was not there, and is not looked for where it hides from GETNEXT. ``proof`` are the
    values that say whose all others are. Behind those of ``ends`` no row of the column should follow; of ``columns``
    the rows come and go, so many are expected.
    """

    rows: Mapping[Oid, int]
    proof: tuple[Oid, ...] = ()
    ends: Mapping[Oid, Oid]
    columns: Mapping[Oid, int]


async def read_again(
    session: Session,
    known: Known,
    *,
    clock: Clock,
    denied: frozenset[Oid] = frozenset(),
    within: float = MOST_SECONDS,
    uri: str = "the device",
) -> Walk:
    """Read what is known; absent ones are not in the walk.

    What was cut short, by silence or time, or came without the proof is in ``missing``; what follows the end of a
    column, and is of that column, is in the walk.

    Raises Unreachable, AccessDenied, or Unreadable where nothing could be read.
    """
    names = (*known.proof, *known.rows, *known.columns, *known.ends)
    if any(denied_by(name, denied) is not None for name in names):
        return Walk((), {name: "is never asked for" for name in names if denied_by(name, denied) is not None})
    caps = Caps(clock, within, proven=True)
    reader = _Again(session, known, uri, caps)
    if not await caps.keep_time(reader.read()):
        reader.give_up(caps.out_of_time)
    reader.name_hidden()
    walk = Walk(reader.rows.values(), reader.missing)
    if not reader.columns:
        return walk
    columns = reader.columns
    # Those that only come and go are worth no packet more; with the rest of a table it is known whose it is.
    proof = () if known.ends.keys().isdisjoint(columns) else known.proof
    try:
        rest = await read_columns(session, columns, proof, clock=clock, denied=denied, within=caps.left, uri=uri)
        if any(place in rest and rest.get(place) != walk.get(place) for place in proof):
            rest = Walk((), dict.fromkeys(columns, UNPROVEN))
    except (Unreachable, Unreadable):
        rest = Walk((), dict.fromkeys(reader.columns, NO_ANSWER))
    return walk.joined(rest)


class _Again:
    """GETBULK or GETNEXT, in which known rows are asked for behind what stands before them; where that fails, GET."""

    def __init__(self, session: Session, known: Known, uri: str, caps: Caps) -> None:
        self.rows: dict[Oid, VarBind] = {}
        self.missing: dict[Oid, str] = {}
        self.columns = dict(known.columns)
        """Columns that are still to be read."""
        self._session = session
        self._uri = uri
        self._caps = caps
        self._habits = session.habits
        self._known = known
        self._proof = known.proof
        self._ends = dict(known.ends)
        self._left = [oid for oid in known.rows if oid not in known.proof]
        self._behind = _chained(known)
        self._doubtful: list[Oid] = []
        self._gone = 0
        self._hides = False
        self._told: tuple[object, ...] | None = None
        self._most = session.habits.octets

    async def read(self) -> None:
        """Read all but ``columns``; raise what the first question met, and note in ``missing`` what a later one met."""
        while self._left or self._ends or self._doubtful or self._told is None:
            if reason := self._caps.exhausted():
                self.give_up(reason)
                return
            try:
                if self._left or self._ends or not self._doubtful:
                    await self._packet()
                else:
                    await self._doubt()
            except (Unreachable, Unreadable):
                if self._told is None:
                    raise
                self.give_up(NO_ANSWER)
                return

    def give_up(self, reason: str) -> None:
        """Name all that is left as missing."""
        left = (*self._left, *self._doubtful, *self._ends, *self.columns)
        self.missing.update(dict.fromkeys(left, reason))
        self.columns.clear()

    def name_hidden(self) -> None:
        """Name the columns as missing of a device whose ends of columns are none."""
        if self._hides:
            self.missing.update(dict.fromkeys((*self._known.columns, *self._known.ends), HIDDEN))
            self.columns.clear()

    @property
    def _by_bulk(self) -> bool:
        return self._session.bulk_exists and self._habits.bulk is not False

    async def _packet(self) -> None:
        """Ask for as much as fits."""
        if self._habits.oids_per_packet < _AT_FIRST:
            await self._plainly()
            return
        rows, ends, columns = self._fitting()
        behind = [self._behind.get(oid) or predecessor(oid) for oid in (*self._proof, *rows)]
        asked = [*behind, *(self._ends[end] for end in ends)]
        repetitions = max((self.columns[column] for column in columns), default=-1) + 1
        new = len(asked) > max(_AT_FIRST, self._habits.oids_answered)
        # A size that was never answered may be why the device is silent.
        attempt = 0 if new else None
        try:
            if self._by_bulk:
                names, once = (*asked, *columns), len(asked)
                reply = await self._session.ask(PduType.GET_BULK, names, repetitions, once=once, attempt=attempt)
            else:
                reply = await self._session.ask(PduType.GET_NEXT, asked, attempt=attempt)
        except (Unreachable, Unreadable):
            if not new and (self._habits.bulk is not None or not self._by_bulk):
                raise
            await self._plainly()
            self._strike(len(asked))
            return
        if reply.error_status != ErrorStatus.NO_ERROR or not reply.rows:
            await self._less(len(asked), too_big=reply.error_status == ErrorStatus.TOO_BIG)
            return
        self._learn(len(asked) + len(columns))
        self._caps.take(reply.rows)
        self._take(rows, ends, columns, reply.rows)

    def _fitting(self) -> tuple[list[Oid], list[Oid], list[Oid]]:
        """Return the rows, the ends and the columns of the next packet."""
        room = min(self._habits.octets, self._most) - _ENVELOPE
        at_once = self._habits.at_once
        sizes = self._known.rows
        for oid in self._proof:
            room -= len(oid) + _AROUND_A_VALUE + sizes.get(oid, _UNKNOWN)
            at_once -= 1
        rows: list[Oid] = []
        for oid in self._left:
            room -= len(oid) + _AROUND_A_VALUE + sizes[oid]
            if (room < 0 or at_once <= len(rows)) and rows:
                return rows, [], []
            rows.append(oid)
        at_once -= len(rows)
        ends: list[Oid] = []
        for end in self._ends:
            room -= len(end) + _AROUND_A_VALUE + _UNKNOWN
            if (room < 0 or at_once <= len(ends)) and (rows or ends):
                return rows, ends, []
            ends.append(end)
        return rows, ends, self._fitting_columns(room, at_once - len(ends))

    def _fitting_columns(self, room: int, at_once: int) -> list[Oid]:
        """Return all columns if they fit, else none: they have packets of their own."""
        columns = list(self.columns)
        repetitions = max(self.columns.values(), default=-1) + 1
        size = repetitions * sum(len(column) + _AROUND_A_VALUE + _UNKNOWN for column in columns)
        return columns if self._by_bulk and size <= room and len(columns) <= at_once else []

    def _learn(self, width: int) -> None:
        """Learn how much at once is answered; with all that was dared, more is."""
        habits = self._habits
        habits.strikes, habits.bulk = 0, self._by_bulk or habits.bulk
        habits.oids_answered = max(width, habits.oids_answered)
        habits.oids_per_packet = max(habits.oids_per_packet, min(width, MOST_AT_ONCE))
        if width * 5 >= habits.at_once * 4:
            habits.at_once = min(habits.most_at_once, 2 * habits.at_once)

    def _strike(self, width: int) -> None:
        """Count a silence of a device that answers less; a lost packet teaches nothing, the second silence does."""
        self._habits.strikes += 1
        if self._habits.strikes < _STRIKES:
            return
        if self._by_bulk and self._habits.bulk is None:
            self._habits.strikes, self._habits.bulk = 0, False
        else:
            self._take_less(width)

    def _take_less(self, width: int) -> None:
        self._habits.strikes = 0
        self._habits.most_at_once = self._habits.at_once = max(1, width // 2)

    async def _less(self, width: int, *, too_big: bool) -> None:
        """Ask for half as much in a packet, and for little in the end."""
        if too_big:
            self._take_less(width)
        self._most = min(self._most, self._habits.octets) // 2
        if width <= max(_AT_FIRST, len(self._proof) + 1):
            await self._plainly()

    async def _plainly(self) -> None:
        """Ask for values by GET; the columns of the ends are read as a whole."""
        self._whole()
        await self._in_small(self._left)

    def _whole(self) -> None:
        """Leave the columns of the ends to be read as a whole."""
        self.columns.update(dict.fromkeys(self._ends, 1))
        self._ends.clear()

    async def _doubt(self) -> None:
        """Ask by GET for what was there and is not; over v1, where each that is gone costs a question, for so many."""
        doubtful, v1 = self._doubtful, not self._session.bulk_exists
        if v1 and len(doubtful) > _PROOFS:
            few = doubtful[:_PROOFS]
            if self._gone < _MOST_GONE and not len(
                await read_values(self._session, few, uri=self._uri, expected=True, proven=True, clock=self._caps.clock)
            ):
                self._gone = _MOST_GONE
                del doubtful[:_PROOFS]
            if self._gone >= _MOST_GONE:
                self.missing.update(dict.fromkeys(doubtful, GONE_TOO))
                doubtful.clear()
                return
        part = doubtful[:_AT_FIRST] if v1 else list(doubtful)
        await self._in_small(doubtful, most=len(part))
        found = [oid for oid in part if oid in self.rows]
        self._gone += sum(oid not in found for oid in part if oid not in doubtful)
        # The first row of a column is hidden by some firmware from those who ask behind the column alone.
        self._hides |= any(self._behind.get(oid) in self._known.rows for oid in found)

    async def _in_small(self, left: list[Oid], most: int = MOST_AT_ONCE) -> None:
        """Ask by GET, for as much as every device is asked for at first."""
        habits = self._habits
        size = max(1, habits.oids_per_packet - len(self._proof))
        part = self._alike(left[: min(size, most)])
        expected = self._known.rows[part[0]] > 0 if part else None
        before = habits.oids_per_packet
        try:
            answer = await read_values(
                self._session,
                (*self._proof, *part),
                uri=self._uri,
                expected=expected,
                proven=True,
                clock=self._caps.clock,
            )
        except (Unreachable, Unreadable):
            # It is the device that is gone, so that nothing was learned of how much it takes.
            habits.oids_per_packet = before
            raise
        self._caps.count(tuple(answer))
        if len(part) > max(1, habits.oids_per_packet - len(self._proof)):
            # It took them only in parts, and not each with the proof.
            return
        del left[: len(part)]
        self.missing.update(answer.missing)
        self._keep(part, {row.oid: row for row in answer})

    def _alike(self, part: list[Oid]) -> list[Oid]:
        """Return those at the head that were there, or that were not: over v1 they are asked for differently."""
        if self._session.bulk_exists:
            return part
        sizes = self._known.rows
        return list(takewhile(lambda oid: bool(sizes[oid]) == bool(sizes[part[0]]), part))

    def _take(self, rows: Sequence[Oid], ends: Sequence[Oid], columns: Sequence[Oid], told: Sequence[VarBind]) -> None:
        """Keep the values of an answer; what it left out is asked for again."""
        names = (*self._proof, *rows)
        values = told[: len(names)]
        done = max(0, len(values) - len(self._proof))
        del self._left[: max(1, done) if rows else 0]
        found = {row.oid: row for name, row in zip(names, values, strict=False) if row.oid == name}
        behind = self._behind
        new = (
            row for name, row in zip(names, values, strict=False) if name in behind and behind[name] < row.oid < name
        )
        # What is not where it was may be hidden from GETNEXT alone.
        sizes = self._known.rows
        self._doubtful += [oid for oid in rows[: max(1, done)] if oid not in found and sizes[oid]]
        if not self._keep([oid for oid in rows[:done] if oid in found], found) and len(told) >= len(names):
            self._leave_unproven(ends)
            return
        self.rows.update((row.oid, row) for row in new if row.tag not in EXCEPTIONS)
        for end, row in zip(ends, told[len(names) :], strict=False):
            del self._ends[end]
            if row.oid[: len(end)] == end and row.tag not in EXCEPTIONS:
                self.rows[row.oid] = row
        if ends and not rows and ends[0] in self._ends:
            # It tells less than was asked, however little that is.
            self._whole()
        rest = told[len(names) + len(ends) :]
        for place, column in enumerate(columns):
            self._take_column(column, rest[place :: len(columns)])

    def _leave_unproven(self, ends: Sequence[Oid]) -> None:
        """Name as missing what another device answered, and all columns that it would answer."""
        self.missing.update(dict.fromkeys((*ends, *self.columns), UNPROVEN))
        for end in ends:
            del self._ends[end]
        self.columns.clear()

    def _take_column(self, column: Oid, told: Sequence[VarBind]) -> None:
        """Keep a column that was told to its end."""
        last: Oid = column
        for place, row in enumerate(told):
            if row.oid[: len(column)] != column or row.tag in EXCEPTIONS:
                self.rows.update((one.oid, one) for one in told[:place])
                del self.columns[column]
                return
            if row.oid <= last:
                return
            last = row.oid

    def _keep(self, part: Sequence[Oid], found: Mapping[Oid, VarBind]) -> bool:
        """Keep what came with the same proof as before; returns whether it did."""
        proof = tuple(found[oid].value if oid in found else None for oid in self._proof)
        if self._told is None:
            self._told = proof
            self.rows.update((oid, found[oid]) for oid in self._proof if oid in found)
        if proof != self._told or any(oid not in found for oid in self._proof):
            self.missing.update(dict.fromkeys(part, UNPROVEN))
            return False
        self.rows.update((oid, found[oid]) for oid in part if oid in found)
        return True


def _chained(known: Known) -> dict[Oid, Oid]:
    """Return behind what each row of the columns with an end is asked for, so that one that came between shows."""
    behind: dict[Oid, Oid] = {}
    for column in known.ends:
        before = column
        for oid in sorted({oid for oid in (*known.rows, *known.proof) if oid[: len(column)] == column}):
            behind[oid] = before
            before = oid
    return behind
