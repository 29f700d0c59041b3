"""How columns of a known device are read: many of them side by side in one GETBULK."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from pagemeter.clock import Clock
from pagemeter.errors import Unreachable, Unreadable
from pagemeter.snmp.caps import MOST_SECONDS, Caps, size_of
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.habits import FEWEST_OCTETS, MOST_AT_ONCE
from pagemeter.snmp.packing import ENVELOPE, Packet, pack, part_of, plain, single
from pagemeter.snmp.plans import planned
from pagemeter.snmp.reading import ValueReader
from pagemeter.snmp.session import ErrorStatus, Reply, Session
from pagemeter.snmp.sizes import Sizes
from pagemeter.snmp.subtrees import SubtreeReader
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, dotted

_STRIKES = 2
_END = int(Tag.END_OF_MIB_VIEW)
# With so many rows a column goes on that has more than were expected.
_MORE = 4
# An answer that was cut below this share is the device's own limit, not that of the estimate.
_NEARLY_FULL = 0.9


async def read_columns(
    session: Session,
    columns: Mapping[Oid, int],
    instances: Sequence[Oid] = (),
    *,
    clock: Clock,
    denied: frozenset[Oid] = frozenset(),
    within: float = MOST_SECONDS,
    uri: str = "the device",
    sizes: Sizes | None = None,
) -> Walk:
    """Read columns to their ends and single values beside them; what was cut short is in ``missing``."""
    caps = Caps(clock, within)
    reader = _ColumnReader(session, caps, denied, sizes or Sizes())
    if not await caps.keep_time(reader.read(columns, instances)):
        reader.give_up(caps.out_of_time)
    return caps.walk(uri, reader.missing)


class _Column:
    """A column on its way: its last row, how many were read, and how many are still expected.

    ``witness`` is another one of its table that looks beyond the last row for it.
    """

    __slots__ = ("expected", "last", "read", "witness")

    def __init__(self, name: Oid, expected: int, witness: _Column | None) -> None:
        self.last = name
        self.read = 0
        self.expected = expected
        self.witness = witness


class _ColumnReader:
    """Reads columns side by side; what the device does not take like that, as a subtree or by GET.

    A column is at its end where what follows was seen, or where it has exactly the rows of another one of its table
    that is at its end (RFC 2578 section 7.1.12): of columns with equally many rows only one looks beyond.
    """

    def __init__(self, session: Session, caps: Caps, denied: frozenset[Oid], sizes: Sizes) -> None:
        self.missing: dict[Oid, str] = {}
        self._session = session
        self._habits = session.habits
        self._caps = caps
        self._denied = denied
        self._sizes = sizes
        self._open: dict[Oid, _Column] = {}
        self._ended: set[_Column] = set()
        self._singles: dict[Oid, None] = {}
        # What the device would not tell side by side: read by GET, or walked.
        self._doubtful: list[Oid] = []
        self._alone: list[Oid] = []
        self._in_doubt = False

    async def read(self, columns: Mapping[Oid, int], instances: Sequence[Oid]) -> None:
        """Read all; raise what the first question met, and note in ``missing`` what a later one met."""
        plan = planned(tuple(columns.items()), tuple(instances), self._denied)
        self.missing.update(dict.fromkeys(plan.forbidden, "is never asked for"))
        for name, expected, witness in plan.columns:
            self._open[name] = _Column(name, expected, None if witness is None else self._open[witness])
        self._singles = dict.fromkeys(plan.singles)
        self._alone += (name for name in plan.walked if name not in self.missing)
        packets: Sequence[Packet] = plan.packets(self._sizes, self._habits.octets, self._habits.at_once)
        if not self._bulk:
            packets = self._packets()
        while packets:
            if reason := self._caps.exhausted():
                self.give_up(reason)
                return
            await self._round(packets)
            packets = self._packets()
        try:
            await self._one_by_one()
        except (Unreachable, Unreadable):
            if self._in_doubt:
                self._habits.bulk = None
            raise

    def give_up(self, reason: str) -> None:
        """Name all that is left as missing."""
        for left in (self._open, self._singles, self._doubtful, self._alone):
            self.missing.update({name: reason for name in left if name not in self.missing})
            left.clear()

    @property
    def _bulk(self) -> bool:
        return self._session.bulk_exists and self._habits.bulk is not False

    async def _one_by_one(self) -> None:
        """Read by GET what is in doubt, and walk the columns that can't be read side by side."""
        if self._doubtful:
            values = ValueReader(self._session, self._caps)
            await values.read(self._doubtful)
            self.missing.update(values.missing)
            self._doubtful = []
        if self._alone:
            subtrees = SubtreeReader(self._session, self._caps, self._denied)
            await subtrees.read_all(self._alone)
            self.missing.update(subtrees.missing)
            self._alone = []

    def _packets(self) -> tuple[Packet, ...]:
        """Pack what is still open."""
        habits, sizes = self._habits, self._sizes
        parts = [single(name, sizes.of(name)) for name in self._singles]
        for name, column in self._open.items():
            ask = column.expected if column.witness is not None else column.expected + 1
            parts.append(part_of(name, column.last, ask, sizes, habits.octets))
        if not parts:
            return ()
        if self._bulk:
            return pack(tuple(parts), habits.octets, habits.at_once)
        return plain(parts, habits.at_once)

    async def _round(self, asked_for: Sequence[Packet]) -> None:
        """Ask for all of them; what is still open behind that is packed anew."""
        packets, bulk = deque(asked_for), self._bulk
        while packets and self._caps.exhausted() is None:
            packet = packets.popleft()
            answer = await self._ask(packet, bulk=bulk)
            if answer is None:
                return
            asked, reply = answer
            if asked is not packet:
                packets.appendleft(packet.without_first(len(asked.names)))
            if reply.error_status == ErrorStatus.NO_ERROR and reply.rows:
                self._learn(asked, reply.rows, bulk=bulk)
                self._take(asked, reply.rows)
            elif not self._ends(asked, reply) and not self._refused(asked, reply, packets):
                return
        self._trust()

    async def _ask(self, packet: Packet, *, bulk: bool) -> tuple[Packet, Reply] | None:
        """Ask, then for half of it, then for one; returns what was answered, none where the device is silent."""
        session, habits, failure = self._session, self._habits, None
        attempts = max(2, session.tries)
        for attempt in range(attempts):
            width, asked = len(packet.names), packet
            if attempt and width > 1:
                asked = packet.first(1 if attempt == attempts - 1 else max(1, width >> attempt))
            wait = min(attempt, session.tries - 1)
            try:
                if bulk:
                    once, repetitions = len(asked.once), asked.repetitions
                    reply = await session.ask(PduType.GET_BULK, asked.names, repetitions, once=once, attempt=wait)
                else:
                    reply = await session.ask(PduType.GET_NEXT, asked.names, attempt=wait)
            except (Unreachable, Unreadable) as error:
                failure = error
                continue
            if width > 1:
                self._note_size(attempt, width)
            return asked, reply
        if bulk and habits.bulk is None:
            # Whether it is gone or has no GETBULK, the plain way will tell.
            self._in_doubt, habits.bulk = True, False
            return None
        if not self._caps.rows and failure is not None:
            raise failure
        self.give_up("no answer")
        return None

    def _note_size(self, attempt: int, width: int) -> None:
        """Learn how many are taken at once: a lost packet teaches nothing, two silences of many do."""
        habits = self._habits
        habits.strikes = habits.strikes + attempt if attempt else 0
        if habits.strikes >= _STRIKES:
            habits.strikes = 0
            habits.most_at_once = habits.at_once = max(1, min(habits.at_once, width) >> attempt)
        elif not attempt and width * 5 >= habits.at_once * 4:
            habits.at_once = min(habits.most_at_once, 2 * habits.at_once)

    def _learn(self, packet: Packet, rows: Sequence[VarBind], *, bulk: bool) -> None:
        """Learn what was taken, and where the device cuts its answers."""
        habits, width = self._habits, len(packet.names)
        habits.bulk = bulk or habits.bulk
        habits.oids_answered = max(habits.oids_answered, width)
        habits.oids_per_packet = max(habits.oids_per_packet, min(width, MOST_AT_ONCE))
        if len(rows) < len(packet.once) + len(packet.repeated) * packet.repetitions:
            size = size_of(rows) + ENVELOPE
            if rows[-1].tag != Tag.END_OF_MIB_VIEW and size < habits.octets * _NEARLY_FULL:
                habits.octets = max(FEWEST_OCTETS, size)

    def _ends(self, packet: Packet, reply: Reply) -> bool:
        """Take from v1 that nothing follows one of the identifiers."""
        if reply.error_status != ErrorStatus.NO_SUCH_NAME or not 1 <= reply.error_index <= len(packet.names):
            return False
        part = packet.parts[reply.error_index - 1]
        if part.single:
            self._singles.pop(part.name, None)
        else:
            self._ended.add(self._open.pop(part.name))
        return True

    def _refused(self, packet: Packet, reply: Reply, packets: deque[Packet]) -> bool:
        """Make of an error what can be learned of it; returns whether the packets that are left are worth a try."""
        width = len(packet.names)
        if width == 1 or (reply.error_status == ErrorStatus.GEN_ERR and 1 <= reply.error_index <= width):
            guilty = packet.parts[max(0, reply.error_index - 1) if width > 1 else 0]
            if guilty.single:
                self._doubtful.append(guilty.name)
                self._singles.pop(guilty.name, None)
            else:
                self._alone.append(guilty.name)
                self._open.pop(guilty.name, None)
            return True
        if reply.error_status == ErrorStatus.GEN_ERR:
            packets.appendleft(packet.without_first(width // 2))
            packets.appendleft(packet.first(width // 2))
            return True
        habits = self._habits
        habits.most_at_once = habits.at_once = max(1, width // 2)
        habits.octets = max(FEWEST_OCTETS, min(habits.octets, packet.octets) // 2)
        return False

    def _take(self, packet: Packet, rows: Sequence[VarBind]) -> None:
        """Keep the rows of an answer, each for what it was asked for."""
        once, width = len(packet.once), len(packet.repeated)
        rows, kept = _in_step(packet, rows), list[VarBind]()
        for part, row in zip(packet.once, rows, strict=False):
            if not part.single:
                kept += self._take_rows(part.name, (row,))
                continue
            self._singles.pop(part.name, None)
            if row.oid == part.name:
                kept.append(row)
            else:
                self._doubtful.append(part.name)
        for place, part in enumerate(packet.repeated):
            kept += self._take_rows(part.name, rows[once + place :: width])
        self._caps.take(kept)
        self._sizes.learn([part.name for part in packet.parts], kept)

    def _take_rows(self, name: Oid, rows: Sequence[VarBind]) -> Sequence[VarBind]:
        """Return which rows are the column's, and note how far it was read."""
        column = self._open[name]
        depth, taken, last, ended = len(name), 0, column.last, False
        for row in rows:
            here = row[0]
            if row[1] == _END or (here[:depth] != name and here > last):
                ended = True
                break
            if here <= last:
                self.missing[name] = f"{self._caps.note('goes in circles')} after {dotted(last)}"
                del self._open[name]
                return rows[:taken]
            taken, last = taken + 1, here
        column.last, left = last, column.expected - taken
        column.read += taken
        # The first row of an answer is the one that follows; of later ones some firmware leaves those out that ended.
        if ended and (left <= 0 or not taken):
            self._ended.add(self._open.pop(name))
        else:
            column.expected = 0 if ended else left if left >= 0 else _MORE
        return rows[:taken]

    def _trust(self) -> None:
        """Close the columns whose witness is at its end in the same row, and let the others look beyond themselves."""
        for name, column in tuple(self._open.items()):
            witness = column.witness
            if witness is None:
                continue
            ended = witness in self._ended
            if ended and witness.read == column.read and witness.last[len(name) :] == column.last[len(name) :]:
                del self._open[name]
            elif ended or not column.expected:
                column.witness = None


def _in_step(packet: Packet, rows: Sequence[VarBind]) -> Sequence[VarBind]:
    """Return the rows of an answer of which is sure what each was asked for.

    Some firmware leaves out the columns that ended, and what stands behind is then another one's: an answer that is
    short counts up to the first turn in which a column ended.
    """
    once, width = len(packet.once), len(packet.repeated)
    if not width or len(rows) >= once + width * packet.repetitions:
        return rows
    for place in range(once, len(rows)):
        name = packet.repeated[(place - once) % width].name
        if rows[place][0][: len(name)] != name:
            return rows[: once + ((place - once) // width + 1) * width]
    return rows
