"""How columns of a known device are read: many of them side by side in one GETBULK."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from pagemeter.clock import Clock
from pagemeter.errors import Unreachable, Unreadable
from pagemeter.snmp.caps import MOST_SECONDS, Caps, error_text, size_of
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.denied import denied_by
from pagemeter.snmp.packing import Packet, Part, pack
from pagemeter.snmp.reading import ValueReader
from pagemeter.snmp.session import ErrorStatus, Reply, Session
from pagemeter.snmp.subtrees import SubtreeReader
from pagemeter.snmp.types import Oid, Tag, VarBind, Walk, dotted

_STRIKES = 2
_FEWEST_OCTETS = 100
_MOST_EXPECTED = 200
# What a column goes on with that has more rows than expected, or was cut.
_MORE = 4
# An answer that was cut below this is the device's own limit, not that of the estimate.
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
) -> Walk:
    """Read columns to their ends and single values beside them; what was cut short is in ``missing``."""
    caps = Caps(clock, within)
    reader = _ColumnReader(session, caps, denied)
    if not await caps.keep_time(reader.read(columns, instances)):
        reader.give_up(caps.out_of_time)
    return caps.walk(uri, reader.missing)


class _ColumnReader:
    """Reads columns side by side; where the device does not take that, each as a subtree."""

    def __init__(self, session: Session, caps: Caps, denied: frozenset[Oid]) -> None:
        self.missing: dict[Oid, str] = {}
        self._session = session
        self._habits = session.habits
        self._caps = caps
        self._denied = denied
        self._open: dict[Oid, Part] = {}
        self._expected: dict[Oid, int] = {}
        self._singles: list[Oid] = []
        # What the device would not tell in a GETBULK: read by GET, or walked.
        self._doubtful: list[Oid] = []
        self._alone: list[Oid] = []

    async def read(self, columns: Mapping[Oid, int], instances: Sequence[Oid]) -> None:
        """Read all; raise what the first question met, and note in ``missing`` what a later one met."""
        for name in (*columns, *instances):
            if denied_by(name, self._denied) is not None:
                self.missing[name] = "is never asked for"
        self._expected = {
            name: min(max(rows, 1), _MOST_EXPECTED) for name, rows in columns.items() if name not in self.missing
        }
        self._open = {name: (name, name, rows) for name, rows in self._expected.items()}
        self._singles = [name for name in instances if name not in self.missing]
        while self._open or self._singles:
            if not self._session.bulk_exists or self._habits.bulk is False:
                break
            if reason := self._caps.exhausted():
                self.give_up(reason)
                return
            await self._round()
        await self._one_by_one()

    def give_up(self, reason: str) -> None:
        """Name all that is left as missing."""
        for left in (self._open, self._singles, self._doubtful, self._alone):
            self.missing.update({name: reason for name in left if name not in self.missing})
        self._open.clear()
        self._singles.clear()

    async def _one_by_one(self) -> None:
        """Read by GET what is in doubt, and walk the columns that can't be read side by side."""
        if values := [*self._singles, *self._doubtful]:
            reader = ValueReader(self._session, self._caps)
            await reader.read(values)
            self.missing.update(reader.missing)
            self._singles, self._doubtful = [], []
        if roots := [*self._open, *self._alone]:
            subtrees = SubtreeReader(self._session, self._caps, self._denied)
            await subtrees.read_all(roots)
            self.missing.update(subtrees.missing)
            self._open, self._alone = {}, []

    async def _round(self) -> None:
        """Ask for everything that is still open, in as few packets as there can be."""
        habits = self._habits
        most = max(_FEWEST_OCTETS, habits.octets * 100 // habits.stretch)
        packets = deque(pack(tuple(self._open.values()), tuple(self._singles), most, habits.at_once))
        while packets:
            if self._caps.exhausted() or habits.bulk is False:
                return
            packet = packets.popleft()
            answer = await self._ask(packet)
            if answer is None:
                return
            asked, reply = answer
            if asked is not packet:
                packets.appendleft(_without(packet, asked))
            if reply.error_status == ErrorStatus.NO_ERROR and reply.rows:
                self._learn(asked, reply.rows)
                self._take(asked, reply.rows)
            elif not self._refused(asked, reply):
                return

    async def _ask(self, packet: Packet) -> tuple[Packet, Reply] | None:
        """Ask, in each try for half as much; returns what was answered, none where the device is silent."""
        session, habits = self._session, self._habits
        failure: Unreachable | Unreadable | None = None
        for attempt in range(max(2, session.tries)):
            if attempt and packet.width > 1:
                packet = packet.halves()[0]
            try:
                reply = await session.ask(
                    PduType.GET_BULK,
                    packet.asked,
                    packet.repetitions,
                    once=len(packet.singles),
                    attempt=min(attempt, session.tries - 1),
                )
            except (Unreachable, Unreadable) as error:
                failure = error
                continue
            if attempt:
                self._strike(packet)
            else:
                habits.strikes = 0
            return packet, reply
        if habits.bulk is None:
            # Whether it is gone or has no GETBULK, the plain way will tell.
            habits.bulk = False
            return None
        if not self._caps.rows and failure is not None:
            raise failure
        self._caps.silences += _STRIKES
        self.give_up("no answer")
        return None

    def _strike(self, packet: Packet) -> None:
        """Count a question that was answered only when it was smaller; the second one in a row teaches that."""
        habits = self._habits
        habits.strikes += 1
        if habits.strikes >= _STRIKES:
            habits.strikes = 0
            self._take_less(packet)

    def _take_less(self, packet: Packet) -> None:
        habits = self._habits
        habits.at_once = max(1, min(habits.at_once, packet.width))
        habits.octets = max(_FEWEST_OCTETS, min(habits.octets, packet.octets * habits.stretch // 100))

    def _learn(self, packet: Packet, rows: Sequence[VarBind]) -> None:
        """Learn how long answers are, and where the device cuts them."""
        habits = self._habits
        habits.bulk = True
        habits.oids_per_packet = max(habits.oids_per_packet, packet.width)
        habits.oids_answered = max(habits.oids_answered, packet.width)
        size, full = size_of(rows), len(packet.singles) + len(packet.columns) * packet.repetitions
        estimate = packet.octets * len(rows) // max(1, full)
        if len(rows) > _MORE and not 0.8 < size * 100 / max(1, estimate * habits.stretch) < 1.0:
            # In steps, so that devices that are nearly alike are asked alike.
            habits.stretch = min(1000, max(50, -(-size * 100 // max(1, estimate)) // 10 * 10 + 10))
        cut = len(rows) < full and rows[-1].tag != Tag.END_OF_MIB_VIEW
        if cut and size < habits.octets * _NEARLY_FULL:
            habits.octets = max(_FEWEST_OCTETS, size)

    def _refused(self, packet: Packet, reply: Reply) -> bool:
        """Make of an error what can be learned of it; returns whether the other packets are still worth a try."""
        if packet.width == 1:
            self._doubtful += packet.singles
            self._alone += [column for column, _, _ in packet.columns]
            self._settle(packet)
            if reply.error_status == ErrorStatus.NO_ERROR:
                self._caps.note("an answer without variable bindings")
            return True
        if reply.error_status == ErrorStatus.GEN_ERR and 1 <= reply.error_index <= packet.width:
            self._blame(packet, reply.error_index - 1)
            return False
        self._caps.note(error_text(reply.error_status))
        self._take_less(packet.halves()[0])
        return False

    def _blame(self, packet: Packet, index: int) -> None:
        """Read what the device names as the culprit alone."""
        if index < len(packet.singles):
            self._doubtful.append(packet.singles[index])
            self._singles.remove(packet.singles[index])
        else:
            column = packet.columns[index - len(packet.singles)][0]
            self._alone.append(column)
            del self._open[column]

    def _settle(self, packet: Packet) -> None:
        for name in packet.singles:
            self._singles.remove(name)
        for column, _, _ in packet.columns:
            self._open.pop(column, None)

    def _take(self, packet: Packet, rows: Sequence[VarBind]) -> None:
        """Keep the rows of an answer, each for the one that it was asked for."""
        once, width = len(packet.singles), len(packet.columns)
        for name, row in zip(packet.singles, rows, strict=False):
            self._singles.remove(name)
            if row.oid == name:
                self._caps.take((row,))
            else:
                self._doubtful.append(name)
        for place, (column, after, _) in enumerate(packet.columns):
            self._take_column(column, after, rows[once + place :: width])

    def _take_column(self, column: Oid, last: Oid, rows: Sequence[VarBind]) -> None:
        depth, taken, ended = len(column), 0, False
        for row in rows:
            if row.tag == Tag.END_OF_MIB_VIEW or row.oid[:depth] != column:
                ended = True
                break
            if row.oid <= last:
                self.missing[column] = f"{self._caps.note('goes in circles')} after {dotted(last)}"
                del self._open[column]
                return
            taken, last = taken + 1, row.oid
        self._caps.take(rows[:taken])
        left = self._expected[column] - taken
        self._expected[column] = max(0, left)
        if ended and left <= 0:
            del self._open[column]
        elif ended:
            # Fewer than expected: it is asked alone, for some firmware leaves columns out that are at their end.
            self._expected[column] = 0
            self._open[column] = (column, last, 1)
        else:
            self._open[column] = (column, last, max(left, _MORE))


def _without(packet: Packet, asked: Packet) -> Packet:
    """Return what is left of a packet of which the first part was answered."""
    return Packet(
        singles=packet.singles[len(asked.singles) :],
        columns=packet.columns[len(asked.columns) :],
        repetitions=packet.repetitions,
        octets=max(0, packet.octets - asked.octets),
    )
