"""The names that MIB modules give to objects: enough of SMI to know what an OID is called, and nothing more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pagemeter.snmp.types import Oid

MOST_OCTETS = 4_000_000
# A name and what it is under: `name OBJECT-TYPE ... ::= { parent 7 }`, also `OBJECT IDENTIFIER`, `MODULE-IDENTITY`.
_ASSIGNED = re.compile(
    r"\b([a-z][A-Za-z0-9-]*)\s+(?:OBJECT-TYPE|OBJECT\s+IDENTIFIER|MODULE-IDENTITY|OBJECT-IDENTITY|NOTIFICATION-TYPE)\b"
    r"|::=\s*\{([^{}]*)\}"
)
_ROOTS: Mapping[str, Oid] = {
    "iso": (1,),
    "org": (1, 3),
    "dod": (1, 3, 6),
    "internet": (1, 3, 6, 1),
    "mgmt": (1, 3, 6, 1, 2),
    "mib-2": (1, 3, 6, 1, 2, 1),
    "private": (1, 3, 6, 1, 4),
    "enterprises": (1, 3, 6, 1, 4, 1),
}


def names_of(folder: Path) -> dict[Oid, str]:
    """Return the names by object identifier of all modules in a folder and below it; files that are none are skipped.

    Raises OSError where the folder can't be read.
    """
    if not folder.is_dir():
        raise NotADirectoryError(20, "is no folder", str(folder))
    parents: dict[str, tuple[str, tuple[int, ...]]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size <= MOST_OCTETS:
            parents.update(_assigned(path.read_text(encoding="utf-8", errors="replace")))
    found = {}
    for name in parents:
        place = _place(name, parents)
        if place is not None:
            found[place] = name
    return found


def _assigned(module: str) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    """Yield each name with its parent's and the numbers under it; comments and quoted texts are left out."""
    plain = re.sub(r'"[^"]*"', '""', re.sub(r"--[^\n]*", "", module))
    waiting: str | None = None
    for begun, value in _ASSIGNED.findall(plain):
        name, waiting = waiting, begun or None
        if begun or name is None:
            continue
        words = value.split()
        numbers = [number for word in words[1:] for number in re.findall(r"\d+(?=\)?$)", word)]
        if words and len(numbers) == len(words) - 1:
            yield name, (re.sub(r"\(.*", "", words[0]), tuple(map(int, numbers)))


def _place(name: str, parents: Mapping[str, tuple[str, tuple[int, ...]]]) -> Oid | None:
    numbers: tuple[int, ...] = ()
    for _ in range(64):
        if name in _ROOTS:
            return _ROOTS[name] + numbers
        if name not in parents:
            return None
        name, own = parents[name]
        numbers = own + numbers
    return None
