"""Drafts a profile from a recording: what its private objects may be, by value and by name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from pagemeter.component import NotAPrinter
from pagemeter.errors import PluginError
from pagemeter.model import MeterRead, Reading, Since
from pagemeter.snmp.recording import read_recording, write_recording
from pagemeter.snmp.types import Oid, VarBind, Walk, dotted
from pagemeter_plugins.printer_mib import mib, trial
from pagemeter_plugins.printer_mib.localization import text
from pagemeter_plugins.printer_mib.makers import MAKER_BY_ENTERPRISE, enterprise_of
from pagemeter_plugins.printer_mib.mib_names import names_of
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profile import WORD, Profile
from pagemeter_plugins.printer_mib.profiles import parse_profile, shipped_profiles
from pagemeter_plugins.printer_mib.rules import number_at
from pagemeter_plugins.printer_mib.trial import UNTIMED

_ENTERPRISES = (1, 3, 6, 1, 4, 1)
# Small numbers are everywhere; from here on two equal ones are hardly chance.
LEAST_TELLING = 50
LEAST_NEAR = 1_000
MOST_PLACES = 20_000
MOST_GUESSES = 40
# Words of MIB names that say a number may be a counter of pages.
_COUNTER_WORDS = re.compile(
    r"count|total|page|sheet|impression|copies|scan|fax|duplex|usage|meter(?!s?$)", re.IGNORECASE
)
_PWG = (1, 3, 6, 1, 4, 1, 2699)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A private object, what it may be, and why."""

    oid: Oid
    value: str
    may_be: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What was written, and what was recognised."""

    folder: Path
    profile: Path
    guesses: tuple[Guess, ...]
    hints: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "folder": str(self.folder),
            "profile": str(self.profile),
            "recognised": [replace_oid(guess) for guess in self.guesses],
            "hints": list(self.hints),
        }

    def told(self) -> str:
        """Say what was recognised and what to do next."""
        lines = [f"{dotted(one.oid)} = {one.value}: {one.may_be} ({one.why})" for one in self.guesses]
        lines = lines or ["no private object was recognised; give what the panel says: --count copies=1234"]
        check = f"pagemeter profile check {self.profile} --against {self.folder}/snmp.snmprec"
        advice = (
            "Hold each number against the printer's own counter page, say `seen_in` where it agrees, take out the rest"
        )
        return "\n".join((*lines, *self.hints, f"Written: {self.folder}.", f"{advice}; then: {check}"))


def replace_oid(guess: Guess) -> dict[str, str]:
    """Return a guess for programs."""
    return {"oid": dotted(guess.oid), "value": guess.value, "may_be": guess.may_be, "why": guess.why}


def panel_counts(words: Iterable[str]) -> dict[str, int]:
    """Read ``copies=1234``; raises ValueError for what is none."""
    counts = {}
    for word in words:
        name, sign, number = word.partition("=")
        if not (sign and name.isprintable() and name.strip() and re.fullmatch("[0-9]{1,18}", number)):
            raise ValueError(f"--count {word}: write NAME=NUMBER, such as copies=1234")
        counts[name] = int(number)
    return counts


def draft(recording: Path, *, name: str | None, into: Path, mibs: Path | None, panel: Mapping[str, int]) -> Draft:
    """Read a recording and write a folder with profile, recording and regression test; raises PluginError, OSError."""
    walk = _read(recording)
    found = parse_printer_mib(walk, SCOPES, UNTIMED, shipped_profiles())
    if isinstance(found, NotAPrinter):
        raise PluginError(f"{recording.name} is no printer: {found.what}")
    enterprise = enterprise_of(walk.oid(mib.SYS_OBJECT_ID))
    maker = found[0].identity.manufacturer or MAKER_BY_ENTERPRISE.get(enterprise or 0, "")
    model = found[0].identity.model or "draft"
    called = name or _slug(model if model.casefold().startswith(maker.casefold()) else f"{maker} {model}")
    if not re.fullmatch(WORD, called):
        raise PluginError(f"--name {called}: write small letters, digits and hyphens, such as acme-c100")
    guesses = tuple(_guesses(walk, found[0], panel, names_of(mibs) if mibs is not None else {}))
    folder = into / called
    if folder.exists():
        raise PluginError(f"{folder} is there already; name another --name or --into")
    folder.mkdir(parents=True)
    write_recording(walk, folder / "snmp.snmprec")
    profile = folder / f"{called}.yaml"
    profile.write_text(_yaml(called, walk, guesses, recording.stem), encoding="utf-8")
    checked = parse_profile(profile.read_text(encoding="utf-8"), name=profile.name)
    expected = trial.tried(folder / "snmp.snmprec", (checked, *_others(checked)))
    (folder / "expected.json").write_text(
        json.dumps(_lasting(expected), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / f"test_{called.replace('-', '_')}.py").write_text(_TEST.format(profile=profile.name), encoding="utf-8")
    return Draft(folder=folder, profile=profile, guesses=guesses, hints=tuple(_hints(called, panel, guesses)))


def _hints(called: str, panel: Mapping[str, int], guesses: Sequence[Guess]) -> Iterator[str]:
    """Yield what whoever drafts should know besides."""
    for name, count in panel.items():
        if not any(guess.may_be == name and guess.value == str(count) for guess in guesses):
            yield f"{name}={count} stands in no private object of the recording; was it read at the same time?"
    if any(one.name == called for one in shipped_profiles()):
        yield f"{called} is a shipped profile too; in your folder this one takes its place; else give another --name"


def _slug(words: str) -> str:
    """Make a name of a profile out of words."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:60].strip("-") or "vendor"


def _read(recording: Path) -> Walk:
    try:
        return read_recording(recording)
    except ValueError as error:
        raise PluginError(str(error)) from error


def _others(drafted: Profile) -> tuple[Profile, ...]:
    return tuple(one for one in shipped_profiles() if one.name != drafted.name)


def _guesses(walk: Walk, reading: Reading, panel: Mapping[str, int], names: Mapping[Oid, str]) -> Iterator[Guess]:
    """Yield each private object once, with the best reason: by value, by a shipped profile, by a MIB's name."""
    private = [row for row in walk if row.oid[:6] == _ENTERPRISES][:MOST_PLACES]
    known = {read.origin.where for read in reading.meter_reads} | {origin.where for _, origin in reading.origins}
    seen: set[Oid] = set()
    for guess in (*_by_value(walk, private, reading, panel), *_by_name(walk, private, names)):
        if guess.oid not in seen and len(seen) < MOST_GUESSES:
            seen.add(guess.oid)
            of = (
                f"; a shipped profile reads it as {_known_as(reading, guess.oid)}" if dotted(guess.oid) in known else ""
            )
            called = names.get(guess.oid[:-1]) or names.get(guess.oid)
            of += f"; the MIB calls it {called}" if called is not None and called not in guess.why else ""
            yield replace(guess, why=guess.why + of)


def _known_as(reading: Reading, place: Oid) -> str:
    where = dotted(place)
    meters = [read.key for read in reading.meter_reads if read.origin.where == where]
    return next(iter(meters + [name for name, origin in reading.origins if origin.where == where]), "something else")


def _by_value(walk: Walk, private: Sequence[VarBind], reading: Reading, panel: Mapping[str, int]) -> Iterator[Guess]:
    numbers = {row.oid: value for row in private if (value := number_at(walk, row.oid)) is not None}
    life = [read for read in reading.meter_reads if read.since is Since.LIFE and _is_standard(read)]
    for name, count in panel.items():
        for place, value in numbers.items():
            if value == count:
                yield Guess(oid=place, value=str(value), may_be=name, why=f"the panel says {name} {count}")
    for read in life:
        if read.value < LEAST_TELLING:
            continue
        for place, value in numbers.items():
            if value == read.value:
                yield Guess(oid=place, value=str(value), may_be="total", why="equal to prtMarkerLifeCount")
            elif read.value >= LEAST_NEAR and 0 < read.value - value <= read.value // 50:
                why = f"{read.value - value} below prtMarkerLifeCount, as counters for bills often are"
                yield Guess(oid=place, value=str(value), may_be="the maker's own total", why=why)
        yield from _pairs(numbers, read.value)
        yield from _columns(numbers, read.value)
    yield from _texts(walk, private, reading)


def _pairs(numbers: Mapping[Oid, int], whole: int) -> Iterator[Guess]:
    """Yield siblings that add up to the life count: mono and color, or printed and copied."""
    siblings: dict[Oid, list[Oid]] = {}
    for place, value in numbers.items():
        if LEAST_TELLING <= value < whole:
            siblings.setdefault(place[:-2], []).append(place)
    for places in siblings.values():
        for one, other in combinations(places[:64], 2):
            if numbers[one] + numbers[other] == whole:
                for place, partner in ((one, other), (other, one)):
                    why = f"adds up to prtMarkerLifeCount with {dotted(partner)}"
                    yield Guess(oid=place, value=str(numbers[place]), may_be="mono or color, print or copy", why=why)


def _columns(numbers: Mapping[Oid, int], whole: int) -> Iterator[Guess]:
    """Yield the columns whose rows add up to the life count: pages by size, by tray, by side."""
    columns: dict[Oid, list[int]] = {}
    for place, value in numbers.items():
        columns.setdefault(place[:-1], []).append(value)
    for column, values in columns.items():
        if len(values) > 2 and sum(values) == whole and sum(value > 0 for value in values) > 1:
            why = f"its {len(values)} rows add up to prtMarkerLifeCount"
            shown = ", ".join(map(str, values[:6])) + (" ..." if len(values) > 6 else "")
            yield Guess(oid=column, value=shown, may_be="a column: pages by size, tray or side", why=why)


def _texts(walk: Walk, private: Sequence[VarBind], reading: Reading) -> Iterator[Guess]:
    who = reading.identity
    told = {"serial_number": who.serial_number, "model": who.model, "firmware": who.firmware}
    for row in private:
        words = text(walk, row.oid) if isinstance(row.value, bytes) else None
        for field, value in told.items():
            if words is not None and value is not None and len(value) > 3 and words.strip() == value:
                yield Guess(oid=row.oid, value=words, may_be=field, why=f"equal to the {field.replace('_', ' ')}")


def _by_name(walk: Walk, private: Sequence[VarBind], names: Mapping[Oid, str]) -> Iterator[Guess]:
    for row in private:
        value = number_at(walk, row.oid)
        called = next((names[row.oid[:-cut]] for cut in range(1, 5) if row.oid[:-cut] in names), None)
        if value is None or value < 10 or called is None or row.oid[:7] == _PWG:
            continue
        if _COUNTER_WORDS.search(called):
            yield Guess(oid=row.oid, value=str(value), may_be=called, why=f"the MIB calls it {called}")


def _is_standard(read: MeterRead) -> bool:
    return read.origin.where.startswith(mib.origin(mib.MARKER_LIFE_COUNT).where)


def _yaml(name: str, walk: Walk, guesses: Sequence[Guess], recording: str) -> str:
    """Write the profile: what is sure enough as rules, the rest as comments for somebody with a panel at hand."""
    object_id = walk.oid(mib.SYS_OBJECT_ID)
    tree = dotted(object_id[:7]) if object_id is not None and len(object_id) > 6 else None
    words = re.escape((text(walk, mib.SYS_DESCR) or "a printer")[:20])
    head: dict[str, Any] = {
        "name": name,
        "title": f"{name}: a draft",
        "match": {"sys_object_id": [tree]} if tree is not None else {"words": words},
        "sources": {"draft": f"recognised in the recording {recording}; not held against a panel yet"},
    }
    fields: dict[str, list[dict[str, Any]]] = {}
    for guess in guesses:
        if guess.may_be in ("serial_number", "model", "firmware"):
            rule = {"oid": dotted(guess.oid), "source": "draft", "unverified": True, "note": guess.why}
            fields.setdefault(guess.may_be, []).append(rule)
    totals = [guess for guess in guesses if guess.may_be == "total"]
    meters = [
        {"oid": dotted(one.oid), "work": "total", "unit": "impressions", "code": f"draft-{number}",
         "source": "draft", "unverified": True, "note": one.why}
        for number, one in enumerate(totals, 1)
    ]  # fmt: skip
    body = {**head, **({"identity": fields} if fields else {}), **({"meters": meters} if meters else {})}
    others = [one for one in guesses if one.may_be not in (*fields, "total")]
    notes = "".join(f"#   {dotted(one.oid)} = {one.value}: {one.may_be}; {one.why}\n" for one in map(_tame, others))
    return (
        _HEAD + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120) + (_REST + notes if notes else "")
    )


def _tame(guess: Guess) -> Guess:
    return replace(guess, value=" ".join(guess.value.split())[:60], may_be=" ".join(guess.may_be.split())[:60])


def _lasting(tried: dict[str, Any]) -> dict[str, Any]:
    """Leave out the times, that mean nothing."""
    return json.loads(json.dumps(tried), object_hook=lambda one: {k: v for k, v in one.items() if k != "at"})  # type: ignore[no-any-return]  # an object stays one


_HEAD = "# A draft. Hold each number against the printer's own counter page before you believe it.\n"
_REST = "# What else was recognised, for whoever stands at the panel:\n"
_TEST = '''"""What the profile reads of the recording stays what it is; look at it once, by hand."""

import json
from pathlib import Path

from pagemeter_plugins.printer_mib.drafting import read_again

HERE = Path(__file__).parent


def test_the_profile_reads_what_it_read() -> None:
    expected, read = HERE / "expected.json", read_again(HERE, "{profile}")
    if not expected.exists():
        expected.write_text(json.dumps(read, indent=2, ensure_ascii=False) + "\\n", encoding="utf-8")
    again = "is it right? Then delete expected.json and run this again: it is written anew"
    assert read == json.loads(expected.read_text(encoding="utf-8")), again
'''


def read_again(folder: Path, profile: str) -> dict[str, Any]:
    """Read a draft's recording with its profile as it is now: for the test beside it."""
    checked = parse_profile((folder / profile).read_text(encoding="utf-8"), name=profile)
    return _lasting(trial.tried(folder / "snmp.snmprec", (checked, *_others(checked))))
