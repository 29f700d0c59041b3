"""What ``pagemeter profile list`` and ``show`` print."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from pagemeter.snmp.types import dotted
from pagemeter.text import escaped
from pagemeter_plugins.printer_mib.decoders import DECODERS
from pagemeter_plugins.printer_mib.matrix import COLUMNS, Proof, matrix
from pagemeter_plugins.printer_mib.places import Place
from pagemeter_plugins.printer_mib.profile import IdentityRules, MeterRule, Profile

_SIGNS = {Proof.SEEN: "yes", Proof.STANDARD: "MIB", Proof.UNVERIFIED: "?", Proof.NOT_TOLD: "n/a", Proof.NONE: "-"}


def profiles(found: Sequence[Profile], *, as_json: bool) -> None:
    """Print the matrix vendor x meter, a line a profile, and how many vendors count."""
    rows = matrix(found)
    if as_json:
        for row in rows:
            cells = {name: str(proof) for name, proof in row.cells.items()}
            _line({"name": row.profile.name, "title": row.profile.title, "counts": row.counts, **cells})
        return
    table = [("Profile", *COLUMNS), *((r.profile.name, *(_SIGNS[r.cells[name]] for name in COLUMNS)) for r in rows)]
    for line in aligned(table):
        typer.echo(line)
    typer.echo(
        f"\n{sum(row.counts for row in rows)} of {len(rows)} give total, mono and color, or say why there is none. "
        "yes: seen in a recording; MIB: told by the Printer MIB's own tables; ?: on a source's word, unverified; "
        "n/a: these devices never tell it; -: not given."
    )


def decoders(*, as_json: bool) -> None:
    """Print the named decoders and what each understands."""
    for name, decoder in sorted(DECODERS.items()):
        words = (decoder.__doc__ or "").strip().partition("\n")[0]
        if as_json:
            _line({"name": name, "what": words})
        else:
            typer.echo(f"{name}: {words}")


def one(profile: Profile, *, as_json: bool) -> None:
    """Print what a profile reads, where, and who says so."""
    rows = [("What", "Where", "Source", "Proof"), *told(profile)]
    if as_json:
        for row in rows[1:]:
            _line(dict(zip(("what", "where", "source", "proof"), row, strict=True)))
        return
    typer.echo(f"{profile.name}: {profile.title}")
    if profile.match is not None:
        trees = ", ".join(map(dotted, profile.match.sys_object_id))
        words = profile.match.words.pattern if profile.match.words else ""
        probes = ", ".join(str(probe.oid) for probe in profile.match.probe)
        for name, value in (("sysObjectID", trees), ("words", words), ("probe", probes)):
            typer.echo(f"  for {name}: {value}") if value else None
    for line in aligned(rows):
        typer.echo(line)
    for key, words in profile.sources.items():
        typer.echo(f"{key}: {words}")


def told(profile: Profile) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each rule: what it reads, where, who says so, and how it is proved."""
    for name in IdentityRules.model_fields:
        for rule in getattr(profile.identity, name):
            yield name, str(rule.oid), rule.source, _proof(rule)
    for meter in profile.meters:
        yield meter_name(meter), _where(meter), meter.source, _proof(meter)
    for supply in profile.supplies:
        of = " ".join((*supply.colorants, *supply.types)) or "supplies"
        for name, value in supply.values.items():
            yield f"{of}: {name}", str(value.column or value.oid), supply.source, _proof(supply)
    for what, rules in (("coverage", profile.coverage), ("panel", profile.panel), ("status", profile.status)):
        for one_rule in rules:
            yield what, str(one_rule.oid), one_rule.source, _proof(one_rule)


def meter_name(rule: MeterRule) -> str:
    """Name a rule's meter as its key does, less what the device says."""
    media = "<size>" if rule.each is not None else rule.media
    unit = rule.unit or "<unit>"
    since = f"+{rule.since}" if rule.since != "life" else ""
    return f"{rule.work}.{rule.color}.{media}.{rule.sides}.{unit}{since}" + (f"#{rule.code}" if rule.code else "")


def aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yield rows as lines with their columns under each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield escaped("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _where(rule: MeterRule) -> str:
    single: list[Place] = [place for place in (rule.oid, rule.column, rule.each) if place is not None]
    plus = " + ".join(map(str, (*single, *rule.sum_of, *rule.optional)))
    minus = "".join(f" - {place}" for place in rule.minus)
    where = " and ".join(f"{column} is {' or '.join(values)}" for column, values in rule.where.items())
    return plus + minus + (f" where {where}" if where else "")


def _proof(rule: Any) -> str:
    return "unverified" if rule.unverified else ", ".join(rule.seen_in)


def _line(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
