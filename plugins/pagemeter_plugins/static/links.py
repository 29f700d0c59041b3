"""What the rows of a table mean: links from addresses to sites, names, asset tags and labels, and places to ask."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pagemeter.model import Hints, Link, Target, host_uri
from pagemeter.net.ranges import parse_range
from pagemeter_plugins.static.places import parse_place
from pagemeter_plugins.static.table import Row

Column: TypeAlias = Literal["address", "site", "name", "asset_tag"]

_HEADER_ROWS = 20

# English, German and French words for a column, without accents; of several columns the first word's counts.
WORDS: Mapping[Column, tuple[str, ...]] = {
    "address": (
        "ip address", "ip", "ipaddress", "ip addr", "ipv4", "ipv4 address", "ip adresse", "ipadresse", "adresse ip",
        "ip range", "ip bereich", "plage ip", "addresses", "address", "range", "network", "subnet", "netz", "netzwerk",
        "bereich", "reseau", "plage", "host", "hostname", "host name", "fqdn", "dns name", "hote", "nom d hote",
        "adresse", "adressen", "adresses",
    ),
    "site": (
        "site", "site name", "branch", "standort", "niederlassung", "filiale", "agence", "etablissement", "location",
        "ort", "lieu", "emplacement",
    ),
    "name": (
        "name", "printer name", "device name", "display name", "druckername", "geratename", "bezeichnung", "nom",
        "nom de l imprimante", "designation", "printer", "device", "drucker", "gerat", "imprimante",
    ),
    "asset_tag": (
        "asset tag", "asset number", "asset no", "asset id", "asset", "inventory number", "inventory no",
        "inventory id", "inventarnummer", "inventarnr", "inventar nr", "inv nr", "anlagennummer", "anlagen nr",
        "numero d inventaire", "numero inventaire", "no d inventaire", "no inventaire", "n d inventaire",
        "n inventaire", "immobilisation",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a table says: links and targets in the order of their rows, and a line for each mistake (``17: why``)."""

    links: tuple[Link, ...]
    targets: tuple[Target, ...]
    mistakes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    """At which index each column stands; ``labels`` are pairs of a label's name and an index."""

    number: int
    columns: Mapping[Column, int]
    labels: tuple[tuple[str, int], ...]


def parse_table(rows: Sequence[Row], *, columns: Mapping[Column, str], labels: Sequence[str], found_by: str) -> Table:
    """Understand a table; a row that can't be understood is a mistake of its own, and a repeated address the last's.

    Raises ValueError where there is no header with a column of addresses, or where one that was named is missing.
    """
    header = _header(rows, columns, labels)
    found: dict[str, tuple[int, Link, Target | None]] = {}
    mistakes: list[str] = []
    for row in rows:
        if row.number <= header.number:
            continue
        try:
            key, link, target = _meaning(row, header, found_by)
        except ValueError as error:
            mistakes.append(f"{row.number}: {error}")
            continue
        if key in found:
            mistakes.append(
                f"{row.number}: {link.addresses} stands in row {found.pop(key)[0]} already; this one counts"
            )
        found[key] = (row.number, link, target)
    return Table(
        links=tuple(link for _, link, _ in found.values()),
        targets=tuple(target for _, _, target in found.values() if target is not None),
        mistakes=tuple(mistakes),
    )


def _meaning(row: Row, header: _Header, found_by: str) -> tuple[str, Link, Target | None]:
    """Return what a row is known by, its link, and its place where it names a single one."""
    if row.broken is not None:
        raise ValueError(row.broken)

    def cell(column: Column) -> str | None:
        at = header.columns.get(column)
        return (row.cells[at] or None) if at is not None and at < len(row.cells) else None

    text = cell("address")
    if text is None:
        raise ValueError("its address is empty")
    key, addresses, uri = _place(text)
    labels = tuple((name, row.cells[at]) for name, at in header.labels if at < len(row.cells) and row.cells[at])
    site, name, asset_tag = cell("site"), cell("name"), cell("asset_tag")
    link = Link(addresses=addresses, site=site, name=name, asset_tag=asset_tag, labels=labels)
    if uri is None:
        return key, link, None
    hints = Hints(site=site, name=name, asset_tag=asset_tag, labels=labels)
    return key, link, Target(uri=uri, found_by=found_by, hints=hints)


def _place(text: str) -> tuple[str, str, str | None]:
    """Return the key, the addresses and the URI of what a cell names; a network or range has no URI."""
    try:
        found = parse_range(text)
    except ValueError as error:
        return _with_port(text, error)
    if found.host is not None:
        return found.host.lower(), found.host, host_uri(found.host)
    key = f"{found.first}-{found.last}"
    return (key, str(found.first), host_uri(str(found.first))) if found.count == 1 else (key, found.text, None)


def _with_port(text: str, error: ValueError) -> tuple[str, str, str]:
    """Take an address with a port, or a URI; raises the error of the range for what is neither."""
    try:
        uri = parse_place(text)
    except ValueError:
        raise error from None
    host = Target(uri=uri, found_by="").host
    return uri, host, uri


def _header(rows: Sequence[Row], columns: Mapping[Column, str], labels: Sequence[str]) -> _Header:
    wanted = {name: _normal(header) for name, header in columns.items()}
    for row in rows[:_HEADER_ROWS]:
        cells = [_normal(cell) for cell in row.cells]
        places = {name: _column(name, cells, wanted) for name in WORDS}
        if places["address"] is None:
            continue
        if absent := [columns[name] for name in wanted if places[name] is None]:
            raise ValueError(f"row {row.number} has no column {', '.join(map(repr, absent))}; it has {_told(row)}")
        return _Header(
            number=row.number,
            columns={name: at for name, at in places.items() if at is not None},
            labels=tuple(_labels(row, cells, labels)),
        )
    named = columns.get("address")
    what = f"no column {named!r}" if named else "no column whose header says that it holds addresses"
    raise ValueError(f"{what} in the first {_HEADER_ROWS} rows; name it under columns, such as address: IP")


def _column(name: Column, cells: Sequence[str], wanted: Mapping[Column, str]) -> int | None:
    words = (wanted[name],) if name in wanted else WORDS[name]
    return next((cells.index(word) for word in words if word in cells), None)


def _labels(row: Row, cells: Sequence[str], labels: Sequence[str]) -> Iterator[tuple[str, int]]:
    for at, cell in enumerate(row.cells):
        prefix, colon, name = cell.partition(":")
        if colon and prefix.strip().lower() == "label" and name.strip():
            yield name.strip(), at
    for label in labels:
        if _normal(label) not in cells:
            raise ValueError(f"row {row.number} has no column {label!r}; it has {_told(row)}")
        yield label, cells.index(_normal(label))


def _told(row: Row) -> str:
    return ", ".join(repr(cell) for cell in row.cells if cell)


def _normal(text: str) -> str:
    """Write a header without case, accents and punctuation, so that ``IP-Adresse`` is ``ip adresse``."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = (c for c in plain if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w:]|_", " ", "".join(letters)).split())
