"""The report as a file: replaced at once, dated copies thinned."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from pagemeter.durable import replace_file

_DATED = re.compile(r"report-\d{8}T\d{6}Z(\.\d+)?\.xml")
_PART = re.compile(r"report\.(\d+)\.xml")


def keep_report(folder: Path, content: bytes, *, at: datetime, keep: int, part: int = 1, last: bool = True) -> None:
    """Put ``report.xml`` in place of the last one and keep as many dated copies, the newest. Raises OSError.

    A further part is ``report.2.xml``; with the last part, those of a longer report before it are removed.
    """
    number = "" if part == 1 else f".{part}"
    if keep > 0:
        replace_file(folder / f"report-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{number}.xml", content)
        _thin(folder, keep)
    replace_file(folder / f"report{number}.xml", content)
    if last:
        for path in folder.iterdir():
            if (found := _PART.fullmatch(path.name)) and int(found[1]) > part:
                path.unlink(missing_ok=True)


def _thin(folder: Path, keep: int) -> None:
    """Remove the dated copies older than the oldest whole report that is kept."""
    dated = [(path.name, path, found[1]) for path in folder.iterdir() if (found := _DATED.fullmatch(path.name))]
    firsts = sorted(name for name, _, part in dated if part is None)
    if len(firsts) > keep:
        for name, path, _ in dated:
            if name[:_STAMP] < firsts[-keep][:_STAMP]:
                path.unlink(missing_ok=True)


_STAMP = len("report-20260131T120000Z")
