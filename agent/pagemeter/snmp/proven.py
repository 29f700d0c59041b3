"""Single values that come together with a proof of whose they are: an address may get another owner at any time."""

from __future__ import annotations

from collections.abc import Sequence

from pagemeter.errors import Unreachable, Unreadable
from pagemeter.snmp.reading import read_values
from pagemeter.snmp.session import Session
from pagemeter.snmp.types import Oid, VarBind, Walk

UNPROVEN = "came without the proof of whose it is"


async def read_proven(
    session: Session, oids: Sequence[Oid], proof: Sequence[Oid], denied: frozenset[Oid] = frozenset()
) -> Walk:
    """Read single values, in each packet with those of ``proof``; what came without them is in ``missing``.

    A packet that the device takes only in parts is asked for in smaller ones. A device that takes too few at once for
    a proof beside a value answers the proof before each value.
    """
    asked = [oid for oid in oids if oid not in proof]
    rows: dict[Oid, VarBind] = {}
    missing: dict[Oid, str] = {}
    proven: tuple[object, ...] | None = None
    while asked or proven is None:
        some = max(1, session.habits.oids_per_packet - len(proof))
        part, rest = asked[:some], asked[some:]
        try:
            answer = await read_values(session, (*proof, *part), denied)
        except (Unreachable, Unreadable):
            if proven is None:
                raise
            missing.update(dict.fromkeys(asked, "no answer"))
            break
        if len(part) > max(1, session.habits.oids_per_packet - len(proof)):
            continue
        asked = rest
        values = tuple((row := answer.get(oid)) is not None and row.value for oid in proof)
        if proven is None:
            proven = values
        if False in values or values != proven:
            missing.update(dict.fromkeys(part, UNPROVEN))
            rows.update((oid, row) for oid in proof if (row := answer.get(oid)) is not None and values == proven)
        else:
            rows.update((row.oid, row) for row in answer)
            missing.update(answer.missing)
    return Walk(rows.values(), missing)
