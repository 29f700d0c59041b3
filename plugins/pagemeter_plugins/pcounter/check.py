"""What a log is, for people: how it is written, how sure that is, what it adds up to, what is not understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pagemeter.model import JobRecord
from pagemeter.tail import Line, Opened, newline_of, split
from pagemeter_plugins.pcounter.lines import LineReader, Understood
from pagemeter_plugins.pcounter.settings import Form

CHUNK: Final = 256 * 1024
MOST_SHOWN: Final = 20


def checked(path: Path, form: Form) -> dict[str, Any]:
    """Read a whole log and say what it is; raises OSError. The texts of lines are in it: it is for who has the log."""
    status = path.stat()
    reader = LineReader("check", form)
    # Twice: what the end tells of day and month is needed at the beginning.
    for _ in _read(path, reader):
        pass
    totals: dict[tuple[str, str], list[Any]] = {}
    encodings, delimiters, odd = Counter[str](), Counter[str](), []
    jobs = lines = passed_over = undated = 0
    first = last = None
    for numbers, result in _read(path, reader):
        encodings[result.encoding] += len(numbers)
        delimiters[result.delimiter] += len(numbers)
        lines, jobs = lines + len(numbers), jobs + len(result.jobs)
        passed_over, undated = passed_over + result.passed_over, undated + len(result.undated)
        odd += [(numbers[piece.offset], piece) for piece in result.quarantined]
        for job in result.jobs:
            _add(totals, job)
        times = [job.completed_at for job in result.jobs if job.completed_at is not None]
        first, last = (
            min([*times, *([first] if first else [])], default=None),
            max([*times, *([last] if last else [])], default=None),
        )
    evidence = reader.evidence
    return {
        "file": str(path),
        "octets": status.st_size,
        "encoding": _shares(encodings),
        "delimiter": _shares(delimiters),
        "fields": list(reader.layout.fields),
        "fields_fit": round(jobs / (jobs + len(odd)), 4) if jobs or odd else None,
        "dates": None if reader.order is None else str(reader.order),
        "dates_why": "set" if form.dates != "auto" else None if evidence is None else evidence.why,
        "dates_sure": form.dates != "auto" or (evidence is not None and evidence.sure),
        "first": None if first is None else first.isoformat(),
        "last": None if last is None else last.isoformat(),
        "lines": lines,
        "jobs": jobs,
        "passed_over": passed_over,
        "undated": undated,
        "not_understood": len(odd),
        "examples": [
            {"line": number, "offset": piece.offset, "why": piece.why, "text": piece.text}
            for number, piece in odd[:MOST_SHOWN]
        ],
        "totals": [
            {"day": day, "printer": printer, "jobs": count, "pages": pages, "cost": str(cost)}
            for (day, printer), (count, pages, cost) in sorted(totals.items())
        ],
    }


def explained(result: dict[str, Any]) -> str:
    """Write it as lines for people."""
    return "\n".join(_explained(result))


def _explained(result: dict[str, Any]) -> Iterator[str]:
    yield f"{result['file']}: {result['octets']} octets, {result['lines']} lines"
    yield f"Encoding:   {result['encoding']}"
    yield f"Delimiter:  {result['delimiter']}"
    fit = result["fields_fit"]
    yield f"Fields:     {', '.join(result['fields'])}" + ("" if fit is None else f" (fit {fit:.1%} of the lines)")
    if result["dates"] is None:
        yield "Dates:      day and month can't be told apart; set dates: mdy or dmy"
    else:
        words = {"mdy": "the month first", "dmy": "the day first"}[result["dates"]]
        sure = "" if result["dates_sure"] else ", not sure"
        yield f"Dates:      {words} ({result['dates_why']}{sure})"
    yield f"Times:      {result['first'] or '-'} to {result['last'] or '-'} (UTC)"
    yield f"Jobs:       {result['jobs']}; {result['passed_over']} lines are headings, empty or transactions"
    if result["undated"]:
        yield f"            {result['undated']} jobs have no time"
    yield f"Not understood: {result['not_understood']}"
    for odd in result["examples"]:
        yield f"  line {odd['line']}: {odd['why']}"
        if odd["text"]:
            yield f"    {_printable(odd['text'])[:200]}"
    if result["totals"]:
        yield ""
        yield f"{'Day':<12}{'Jobs':>8}{'Pages':>10}{'Cost':>12}  Printer"
    for row in result["totals"]:
        yield f"{row['day']:<12}{row['jobs']:>8}{row['pages']:>10}{row['cost']:>12}  {row['printer']}"


def _read(path: Path, reader: LineReader) -> Iterator[tuple[dict[int, int], Understood]]:
    """Yield what a log's lines are, with the number of each line by its offset."""
    status = path.stat()
    file = Opened(path, status)
    try:
        newline = newline_of(file.at(0, 1024))
        number = offset = 0
        while octets := file.at(offset, CHUNK):
            lines, end = split(octets, offset, newline, 1000)
            if not lines:
                lines, end = [_rest(octets, offset)], offset + len(octets)
            numbers = {line.offset: number + place for place, line in enumerate(lines, 1)}
            yield numbers, reader.read("", lines, name=path.name, modified=status.st_mtime)
            number, offset = number + len(lines), end
    finally:
        file.close()


def _rest(octets: bytes, offset: int) -> Line:
    """Return what has no newline: the last line, or one that is too long."""
    return Line(offset, len(octets), octets if len(octets) < CHUNK else None, finished=False)


def _add(totals: dict[tuple[str, str], list[Any]], job: JobRecord) -> None:
    day = "-" if job.completed_at is None else job.completed_at.date().isoformat()
    row = totals.setdefault((day, job.queue or "-"), [0, 0, Decimal()])
    row[0] += 1
    row[1] += (job.ordered.impressions if job.ordered else None) or 0
    row[2] += job.cost.amount if job.cost else 0


def _shares(counts: Counter[str]) -> str:
    """Say what was found, and how often where it is not always the same."""
    words = {"\t": "tab", "": "-"}
    if len(counts) > 1:
        del counts["ascii"]  # fits every other encoding
    found = [(words.get(name, name), count) for name, count in counts.most_common() if count]
    return found[0][0] if len(found) == 1 else ", ".join(f"{name} ({count} lines)" for name, count in found) or "-"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
