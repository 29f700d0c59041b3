"""``pagemeter read --explain``: where each value was read, who told it too, and why one of them counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from pagemeter.cli.counters import agrees, rivals_of, short
from pagemeter.cli.drawing import text_table, title
from pagemeter.cli.show import cell
from pagemeter.cli.summary import level_text
from pagemeter.model import DeviceSnapshot, MeterRead, Origin, Quality, Rival, Supply


def explanation(snapshot: DeviceSnapshot, failed: Sequence[str] = ()) -> Iterator[RenderableType]:
    """Yield where every value comes from; ``failed`` says which readers failed, and why."""
    yield title("Sources, in the order in which they count")
    yield cell(", ".join(snapshot.read_by) or "none")
    for one in failed:
        yield cell(one)
    if snapshot.meter_reads:
        yield title("Meters: which value counts, and why")
    for read in snapshot.meter_reads:
        yield from _explained(read, rivals_of(snapshot, read))
    if snapshot.supplies:
        yield title("Supplies: where each level was read")
        rows = [_supply(supply, dict(snapshot.origins)) for supply in snapshot.supplies]
        yield text_table(("Index", "What", "Level", "Read from"), rows)
    if places := [(name, _place(origin)) for name, origin in (*snapshot.origins, *_lists(snapshot))]:
        yield title("Everything else: where it was read")
        yield text_table(("What", "Read from"), places)


def _explained(read: MeterRead, rivals: Sequence[Rival]) -> Iterator[RenderableType]:
    """Yield a meter, the place that counts, and below it the other ones."""
    yield Text.assemble(cell(read.key), "  ", (f"{read.value:,}", "bold"), overflow="fold")
    sent = "" if read.raw == str(read.value) else f", sent as {read.raw}"
    yield _indented(f"{read.origin}{sent}: {_why(read, rivals)}")
    for rival in rivals:
        other = rival.read
        yield _indented(f"{other.origin}: {other.value:,}, {_difference(read, rival)}; not elected: {rival.why}")


def _why(read: MeterRead, rivals: Sequence[Rival]) -> str:
    differ = sum(not agrees(read, rival) for rival in rivals)
    if not rivals:
        why = "the only source"
    elif not differ:
        why = "elected, and confirmed"
    elif len(rivals) == 1:
        why = "elected; the other source differs"
    else:
        why = f"elected; {differ} of {len(rivals)} other sources differ{'s' if differ == 1 else ''}"
    if read.quality is Quality.UNVERIFIED:
        why += "; unverified: no recording of a device proves the place"
    return f"{why}; suspicious: not to be believed yet" if read.quality is Quality.SUSPICIOUS else why


def _difference(read: MeterRead, rival: Rival) -> str:
    off = rival.read.value - read.value
    if not off:
        return "agrees"
    words = f"{abs(off):,} {'more' if off > 0 else 'less'}"
    return f"{words}, which may have been counted between the two reads" if agrees(read, rival) else words


def _indented(words: str) -> RenderableType:
    text = cell(words)
    text.overflow = "fold"
    return Padding(text, (0, 0, 0, 4), expand=False)


def _supply(supply: Supply, origins: Mapping[str, Origin]) -> tuple[str, ...]:
    origin = origins.get(f"supplies.{supply.index}.level", supply.origin)
    level, why = supply.level, supply.level.why if supply.level is not None else "no level is told"
    steps = f"in steps of {level.step} %" if level is not None and level.step is not None else None
    what = supply.description or ", ".join(supply.colorants) or supply.type or ""
    return supply.index, what, level_text(level), "; ".join(filter(None, (_place(origin), steps, why)))


def _place(origin: Origin) -> str:
    return f"{origin} ({origin.doubt})" if origin.doubt else str(origin)


def _lists(snapshot: DeviceSnapshot) -> Iterator[tuple[str, Origin]]:
    """Name the places of the parts that are told as a whole."""
    if snapshot.status is not None:
        yield "status", snapshot.status.origin
    for name in ("markers", "inputs", "covers", "alerts"):
        places = dict.fromkeys(str(one.origin) for one in getattr(snapshot, name))
        if places:
            first = next(one.origin for one in getattr(snapshot, name))
            yield name, Origin(protocol=first.protocol, where=short(" + ".join(places)).partition(" ")[2])
