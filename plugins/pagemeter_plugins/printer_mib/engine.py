"""Whether a printer's engine is monochrome or color, as far as the marker table can be believed."""

from __future__ import annotations

from pagemeter.colorants import colors_in
from pagemeter.snmp.types import Walk
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.localization import text

# PrtMarkerMarkTechTC: aqueous, solid and other inkjets.
_INKJETS = frozenset({12, 13, 14})
_PROCESS_COLORS = frozenset({"cyan", "magenta", "yellow"})


def engine_of(walk: Walk, index: int) -> str | None:
    """Return ``monochrome`` for an engine with one colorant, ``color`` for one with more, none where it is silent."""
    colorants = colorants_of(walk, index)
    return None if colorants is None else "monochrome" if colorants == 1 else "color"


def colorants_of(walk: Walk, index: int) -> int | None:
    """Return the most process colorants of a printer's markers, none where it does not tell.

    Inkjets with a color cartridge say 1, too, and so do some color lasers: a 1 of an inkjet, or of what shows supplies
    in color, tells nothing.
    """
    told = [
        (walk.integer((*mib.MARKER_PROCESS_COLORANTS, index, row)), walk.integer((*mib.MARKER, 2, index, row)))
        for row in mib.rows_of(walk, mib.MARKER, index)
    ]
    known = (count for count, technology in told if not (count == 1 and technology in _INKJETS))
    most = max((count for count in known if count is not None and count > 0), default=None)
    return None if most == 1 and _has_colors(walk, index) else most


def _has_colors(walk: Walk, index: int) -> bool:
    """Say whether supplies or colorants of a printer are called cyan, magenta or yellow, as far as they were read."""
    places = [(*mib.SUPPLIES, 6, index, row) for row in mib.rows_of(walk, mib.SUPPLIES, index)]
    places += [(*mib.COLORANT_VALUE, index, row) for row in mib.rows_of(walk, mib.COLORANT, index)]
    return any(not _PROCESS_COLORS.isdisjoint(colors_in(text(walk, place) or "")) for place in places)
