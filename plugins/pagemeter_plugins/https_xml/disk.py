"""The report as a file: replaced at once, dated copies thinned."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

_DATED = re.compile(r"report-\d{8}T\d{6}Z\.xml")


def keep_report(folder: Path, content: bytes, *, at: datetime, keep: int) -> None:
    """Put ``report.xml`` in place of the last one and keep as many dated copies, the newest. Raises OSError."""
    if keep > 0:
        _replace(folder / f"report-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.xml", content)
        dated = sorted(path for path in folder.iterdir() if _DATED.fullmatch(path.name))
        for path in dated[:-keep]:
            path.unlink(missing_ok=True)
    _replace(folder / "report.xml", content)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    if sys.platform == "win32":  # makes a rename durable by itself and has no call for it
        return
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
