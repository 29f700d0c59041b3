"""How single values are read from a device, whatever its firmware makes of the questions."""

from __future__ import annotations

from collections.abc import Sequence

from pagemeter.clock import Clock, SystemClock
from pagemeter.errors import AccessDenied, Unreachable, Unreadable
from pagemeter.snmp.caps import MOST_OCTETS, MOST_ROWS, MOST_SECONDS, REFUSALS, Caps, error_text
from pagemeter.snmp.codec import PduType
from pagemeter.snmp.denied import denied_by
from pagemeter.snmp.session import ErrorStatus, Reply, Session
from pagemeter.snmp.types import EXCEPTIONS, Oid, VarBind, Walk

__all__ = ["MOST_OCTETS", "MOST_ROWS", "MOST_SECONDS", "answered", "predecessor", "read_values"]

_CLOCK = SystemClock()
_NO_ROWS = "an answer without variable bindings"
# So few are always asked by GET itself, whose word on what is absent is the device's last.
_FEW = 3


async def read_values(
    session: Session,
    oids: Sequence[Oid],
    denied: frozenset[Oid] = frozenset(),
    *,
    clock: Clock = _CLOCK,
    within: float = MOST_SECONDS,
    uri: str = "the device",
    expected: bool | None = None,
    proven: bool = False,
) -> Walk:
    """Read single values; absent ones are not in the walk, those that could not be read are in ``missing``.

    Values that are ``expected`` are absent only where GET itself says so; of those that are not, GETNEXT is believed,
    too. Where that is not known, an end of the MIB that GETNEXT claims is doubted by one GET.
    Raises Unreachable, AccessDenied, or Unreadable where it answered with nothing but faults.
    """
    caps = Caps(clock, within, proven=proven)
    reader = ValueReader(session, caps, expected=expected)
    forbidden = {oid: "is never asked for" for oid in oids if denied_by(oid, denied) is not None}
    wanted = [oid for oid in oids if oid not in forbidden] if forbidden else list(oids)
    if not await caps.keep_time(reader.read(wanted)):
        reader.give_up(caps.out_of_time)
    return caps.walk(uri, {**reader.missing, **forbidden})


class ValueReader:
    """GET with as many identifiers in a packet as the device takes."""

    def __init__(self, session: Session, caps: Caps, *, expected: bool | None = None) -> None:
        self.missing: dict[Oid, str] = {}
        self._caps = caps
        self._session = session
        self._heard = bool(caps.rows)
        self._asked: tuple[Oid, ...] = ()
        # The next one is the last.
        self._open: list[tuple[Oid, ...]] = []
        self._expected = expected
        self._by_next = False
        # The largest packet that met genErr, 0 once one identifier was found guilty.
        self._erred = 0

    async def read(self, oids: Sequence[Oid]) -> None:
        """Read them; raise what the first question met, and note in ``missing`` what a later one met."""
        self._enqueue(oids)
        self._by_next = not (self._session.bulk_exists or self._expected) and len(oids) > _FEW
        habits = self._session.habits
        while self._open:
            if reason := self._caps.exhausted():
                self._asked = ()
                self.give_up(reason)
                return
            asked = self._asked = self._open.pop()
            try:
                if self._by_next and habits.get_by_next:
                    await self._ask_next(asked)
                    continue
                reply = await self._ask(asked)
            except (Unreachable, Unreadable) as error:
                self._after_silence(asked, error)
                continue
            self._heard, self._caps.silences = True, 0
            await self._take(asked, reply)
        self._asked = ()
        if self._erred:
            # No value alone was guilty, so that it was the number of them.
            self._session.habits.oids_per_packet = max(1, self._erred // 2)

    def give_up(self, reason: str) -> None:
        """Name all that is left as missing."""
        self.missing.update(dict.fromkeys(self._asked, reason))
        self.missing.update({oid: reason for oids in reversed(self._open) for oid in oids})
        self._open.clear()

    def _enqueue(self, oids: Sequence[Oid]) -> None:
        size = self._session.habits.oids_per_packet
        self._open.extend(tuple(oids[at : at + size]) for at in reversed(range(0, len(oids), size)))

    async def _ask(self, asked: tuple[Oid, ...]) -> Reply:
        """Ask all at once; where that is more than was ever answered, a silence is not waited for again."""
        habits = self._session.habits
        new = self._heard and 1 < len(asked) > habits.oids_answered
        return await self._session.ask(PduType.GET, asked, attempt=0 if new else None)

    def _after_silence(self, asked: tuple[Oid, ...], error: Exception) -> None:
        """Try smaller packets, for some firmware chokes on large ones; raise where the device is gone."""
        known_to_be_taken = len(asked) <= max(1, self._session.habits.oids_answered)
        if not self._heard and known_to_be_taken:
            raise error
        if len(asked) > 1 and not known_to_be_taken:
            # The first alone tells whether it was the size.
            self._shrink(asked[1:] if not self._heard else asked)
            self._open.extend([] if self._heard else [asked[:1]])
            return
        self._caps.silences += 1
        self.missing.update(dict.fromkeys(asked, "no answer"))

    async def _take(self, asked: tuple[Oid, ...], reply: Reply) -> None:
        habits, status = self._session.habits, reply.error_status
        if status == ErrorStatus.NO_ERROR and reply.rows:
            habits.oids_answered = max(len(asked), habits.oids_answered)
            self._caps.take(answered(asked, reply.rows))
            # What an answer left out was not said to be absent.
            told = {row.oid for row in reply.rows}
            if rest := tuple(oid for oid in asked[len(reply.rows) :] if oid not in told):
                self._open.append(rest)
        elif status == ErrorStatus.NO_SUCH_NAME:
            self._without_absent(asked, reply.error_index)
        elif status in REFUSALS and not self._caps.rows:
            raise AccessDenied(f"the device refuses to be read ({error_text(status)})")
        elif status == ErrorStatus.GEN_ERR and len(asked) > 1:
            self._split(asked, reply.error_index)
        elif len(asked) > 1:
            self._shrink(asked)
        else:
            await self._by_get_next(asked[0], _NO_ROWS if status == ErrorStatus.NO_ERROR else error_text(status))

    def _without_absent(self, asked: tuple[Oid, ...], index: int) -> None:
        """Ask again without the identifier that v1 names as absent, or each alone where it names none."""
        habits = self._session.habits
        if len(asked) > 1 and self._by_next and not habits.get_by_next:
            # Each absent value would cost a question.
            habits.get_by_next = True
            self._open.append(asked)
        elif 1 <= index <= len(asked):
            rest = asked[: index - 1] + asked[index:]
            self._open.extend([rest] if rest else [])
        elif len(asked) > 1:
            self._open.extend((oid,) for oid in asked)

    def _split(self, asked: tuple[Oid, ...], index: int) -> None:
        """Look for the value on which the device fails: it names it, or it is in one half."""
        if 1 <= index <= len(asked):
            rest = asked[: index - 1] + asked[index:]
            self._open.extend([rest, (asked[index - 1],)])
            return
        self._erred = max(self._erred, len(asked))
        half = len(asked) // 2
        self._open.extend([asked[half:], asked[:half]])

    def _shrink(self, asked: tuple[Oid, ...]) -> None:
        """Put what was asked back, and ask for half as much at once from now on."""
        habits = self._session.habits
        habits.oids_per_packet = max(1, min(len(asked), habits.oids_per_packet) // 2)
        rest = [*asked, *(oid for oids in reversed(self._open) for oid in oids)]
        self._open.clear()
        self._enqueue(rest)

    async def _by_get_next(self, asked: Oid, why: str) -> None:
        """Ask for what follows the place before: some firmware answers GETNEXT where GET fails."""
        self._erred = 0
        if asked[-1] == 0 and (self._caps.rows or self._caps.fault is None):
            reply = await self._session.ask(PduType.GET_NEXT, (asked[:-1],))
            if reply.error_status == ErrorStatus.NO_ERROR and (rows := answered((asked,), reply.rows)):
                self._caps.take(rows)
                return
        self.missing[asked] = self._caps.note(why)

    async def _ask_next(self, asked: tuple[Oid, ...]) -> None:
        """Ask what follows the places before, for one absent value would fail the whole GET of v1."""
        reply = await self._session.ask(PduType.GET_NEXT, tuple(map(predecessor, asked)))
        self._heard = True
        if reply.error_status == ErrorStatus.NO_SUCH_NAME and 1 <= reply.error_index <= len(asked):
            # Where nothing follows one place, nothing follows those behind it either.
            end = asked[reply.error_index - 1]
            if rest := tuple(oid for oid in asked if oid < end):
                self._open.append(rest)
            if self._expected is None:
                await self._doubt_the_end(tuple(sorted(oid for oid in asked if oid >= end)))
            return
        if reply.error_status != ErrorStatus.NO_ERROR or len(reply.rows) != len(asked):
            await self._take(asked, await self._session.ask(PduType.GET, asked))
            return
        found = [row for oid, row in zip(asked, reply.rows, strict=True) if row.oid == oid]
        self._caps.take(found)
        # What follows is smaller than the one that was asked for: it stands between, and says nothing.
        between = [oid for oid, row in zip(asked, reply.rows, strict=True) if row.oid < oid]
        for oid in between:
            await self._take((oid,), await self._session.ask(PduType.GET, (oid,)))

    async def _doubt_the_end(self, behind: tuple[Oid, ...]) -> None:
        """Ask for the first value behind an end of the MIB: some firmware claims one where GET finds more."""
        reply = await self._session.ask(PduType.GET, behind[:1])
        if reply.error_status == ErrorStatus.NO_ERROR and answered(behind[:1], reply.rows):
            self._by_next = self._session.habits.get_by_next = False
            self._open.extend((oid,) for oid in behind[1:])
        await self._take(behind[:1], reply)


def predecessor(value: Oid) -> Oid:
    """Return behind what GETNEXT finds a value, if nothing stands between."""
    return value[:-1] if value[-1] == 0 else (*value[:-1], value[-1] - 1)


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
