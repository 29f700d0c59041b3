"""What follows an identifier: by GETBULK where it works, by GETNEXT elsewhere, and what is learned of either."""

from __future__ import annotations

from collections.abc import Sequence

from pagemeter.errors import Unreachable, Unreadable
from pagemeter.snmp.caps import size_of
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.session import ErrorStatus, Reply, Session
from pagemeter.snmp.types import Oid, Tag, VarBind

# A single lost packet teaches nothing.
_STRIKES = 2
_FEWEST_AFTER_A_CUT = 10
_ROWS_AHEAD = 5
_SCALAR: list[Oid] = [(0,)]


class Following:
    """Asks one device for what follows, as much at once as it takes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._habits = session.habits
        # More repetitions than were ever answered, that the next question tries.
        self._grown = 0
        self._erred = 0
        # How long a row of the last answer was: where they are long, as many as before would come in fragments.
        self._row_octets = 1
        # The rows of tables, as their first columns had them, for GETNEXT; and where each was learned.
        self._rows: dict[Oid, list[Oid]] = {}
        self._first: dict[Oid, Oid] = {}

    async def next(self, after: Oid, root: Oid) -> Reply:
        """Return what follows, for a walk of ``root``; raises Unreachable or Unreadable where the device is gone.

        A silence is met with less in each try, and with GETNEXT in the last one.
        """
        session, habits = self._session, self._habits
        if not session.bulk_exists or habits.bulk is False:
            return await self._plain(after, root)
        fitting = max(_FEWEST_AFTER_A_CUT, habits.octets // self._row_octets)
        rungs = 2 if habits.bulk is None and habits.strikes else max(2, session.tries)
        for rung in range(rungs - 1):
            repetitions = self._grown or habits.repetitions if rung == 0 else max(1, habits.repetitions >> rung)
            repetitions = min(repetitions, fitting)
            try:
                reply = await session.ask(PduType.GET_BULK, (after,), repetitions, attempt=min(rung, session.tries - 1))
            except (Unreachable, Unreadable):
                continue
            if reply.error_status == ErrorStatus.NO_ERROR and reply.rows:
                self._learn(reply.rows, repetitions, rung)
                return reply
            return await self._less(after, repetitions, reply.error_status)
        reply = await session.ask(PduType.GET_NEXT, (after,), attempt=session.tries - 1)
        self._strike(1 if habits.bulk is None else habits.repetitions // 2)
        return reply

    def _learn(self, rows: Sequence[VarBind], repetitions: int, rung: int) -> None:
        habits, grown = self._habits, self._grown
        habits.bulk, self._grown = True, 0
        self._row_octets = max(1, size_of(rows) // len(rows))
        if rung:
            if grown:
                habits.most_repetitions = habits.repetitions
            else:
                self._strike(repetitions)
            return
        habits.strikes = 0
        habits.repetitions = max(habits.repetitions, repetitions)
        if len(rows) < repetitions and rows[-1].tag != Tag.END_OF_MIB_VIEW:
            habits.most_repetitions = max(_FEWEST_AFTER_A_CUT, len(rows))
            habits.repetitions = min(habits.repetitions, habits.most_repetitions)
        elif len(rows) >= repetitions and habits.repetitions < habits.most_repetitions:
            fits = habits.octets * len(rows) // max(1, size_of(rows))
            self._grown = min(max(fits, repetitions), habits.most_repetitions)

    def _strike(self, repetitions: int) -> None:
        """Count a question that was answered only when it was smaller; the second one in a row teaches that."""
        habits = self._habits
        habits.strikes += 1
        if habits.strikes < _STRIKES:
            return
        habits.strikes = 0
        if habits.bulk is None or repetitions < 1:
            habits.bulk = False
        else:
            habits.repetitions = habits.most_repetitions = repetitions

    async def _less(self, after: Oid, repetitions: int, status: int) -> Reply:
        """Halve until the device answers with values, and ask for one row in the plain way in the end."""
        habits, session = self._habits, self._session
        self._grown = 0
        self._erred += 1
        before = habits.bulk, habits.repetitions, habits.most_repetitions
        while repetitions > 1:
            repetitions //= 2
            reply = await session.ask(PduType.GET_BULK, (after,), repetitions)
            if reply.error_status == ErrorStatus.NO_ERROR and reply.rows:
                habits.bulk = True
                # One value that fails is no reason to ask for all others in small pieces.
                if status == ErrorStatus.TOO_BIG or self._erred > 1 or before[0] is None:
                    habits.repetitions = habits.most_repetitions = repetitions
                return reply
        habits.bulk = False
        reply = await session.ask(PduType.GET_NEXT, (after,))
        if reply.error_status not in (ErrorStatus.NO_ERROR, ErrorStatus.NO_SUCH_NAME) or before[0]:
            # It is no fault of GETBULK's.
            habits.bulk, habits.repetitions, habits.most_repetitions = before
        return reply

    async def _plain(self, after: Oid, root: Oid) -> Reply:
        """Ask by GETNEXT, in the same packet for what follows the rows that are to be expected next."""
        asked = self._expected(after, root)
        while len(asked) > 1:
            reply = await self._session.ask(PduType.GET_NEXT, asked)
            if reply.error_status == ErrorStatus.NO_ERROR and reply.rows:
                # A row counts where the one before is what it was expected to follow.
                sure = 1
                while sure < min(len(reply.rows), len(asked)) and reply.rows[sure - 1].oid == asked[sure]:
                    sure += 1
                self.note(reply.rows[:sure], root)
                return Reply(rows=reply.rows[:sure])
            if reply.error_status == ErrorStatus.NO_SUCH_NAME and reply.error_index == 1:
                return reply
            # Behind the end of the MIB v1 answers none of them.
            asked = asked[: reply.error_index - 1] if reply.error_status == ErrorStatus.NO_SUCH_NAME else ()
        reply = await self._session.ask(PduType.GET_NEXT, (after,))
        self.note(reply.rows[:1], root)
        return reply

    def _expected(self, after: Oid, root: Oid) -> tuple[Oid, ...]:
        """Return behind which rows is asked: the last one, and those that are to be expected next."""
        most = self._habits.oids_per_packet
        for entry, depth in ((root[:-1], len(root)), (root, len(root) + 1)):
            suffixes = self._rows.get(entry)
            if not suffixes or len(after) < depth:
                continue
            if self._first.get(entry) == after[:depth] and suffixes != _SCALAR:
                continue
            column, here = after[:depth], after[depth:]
            rest = suffixes[suffixes.index(here) + 1 :] if here in suffixes else suffixes if not here else []
            expected = [after, *(column + suffix for suffix in rest)]
            while depth > len(root) and len(expected) < most:
                column = (*entry, column[-1] + 1)
                expected += [column + suffix for suffix in suffixes]
            return tuple(expected[:most])
        if len(after) <= len(root):
            return (after,)
        # Rows of a first column have as a rule the next number.
        return (after, *((*after[:-1], after[-1] + step) for step in range(1, min(most, _ROWS_AHEAD))))

    def note(self, rows: Sequence[VarBind], root: Oid) -> None:
        """Note the rows of the first column of a table, for GETNEXT."""
        if self._session.bulk_exists and self._habits.bulk is not False:
            return
        for row in rows:
            if row.oid[: len(root)] != root:
                return
            for entry, depth in ((root[:-1], len(root)), (root, len(root) + 1)):
                if self._first.setdefault(entry, row.oid[:depth]) == row.oid[:depth]:
                    self._rows.setdefault(entry, []).append(row.oid[depth:])
