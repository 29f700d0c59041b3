"""More tables from the lab's printer, so that a fleet is not of one model: all invented."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench.speed.setting import BUILT

_MIB = "1.3.6.1.2.1.43"
_COLORS = ("2", "3", "4")


def variants(tables: Sequence[Path]) -> tuple[Path, ...]:
    """Write the first table as it is, as a model without color, and as one with another name and fewer trays."""
    lines = tables[0].read_text(encoding="utf-8").splitlines()
    makers: dict[str, Callable[[str], str | None]] = {"mono": _mono, "small": _small}
    made = [tables[0]]
    for name, change in makers.items():
        path = BUILT / f"printer-{name}.snmprec"
        path.write_text("".join(f"{kept}\n" for line in lines if (kept := change(line)) is not None), encoding="utf-8")
        made.append(path)
    return tuple(made)


def _mono(line: str) -> str | None:
    """Leave out the supplies and colorants of cyan, magenta and yellow."""
    name = line.partition("|")[0]
    of_colors = name.startswith((f"{_MIB}.11.", f"{_MIB}.12.")) and name.rsplit(".", 1)[1] in _COLORS
    return None if of_colors else line.replace("ColorWorks MFP C5570", "OfficeWorks MFP M4570")


def _small(line: str) -> str | None:
    """Leave out two of four trays and one of two outputs."""
    name = line.partition("|")[0]
    trays = name.startswith(f"{_MIB}.8.") and name.rsplit(".", 1)[1] in ("3", "4")
    outputs = name.startswith(f"{_MIB}.9.") and name.rsplit(".", 1)[1] == "2"
    return None if trays or outputs else line.replace("ColorWorks MFP C5570", "ColorWorks C2570")
