"""The report as a file: replaced at once, dated copies thinned."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from pagemeter.durable import replace_file

_DATED = re.compile(r"report-\d{8}T\d{6}Z\.xml")


def keep_report(folder: Path, content: bytes, *, at: datetime, keep: int) -> None:
    """Put ``report.xml`` in place of the last one and keep as many dated copies, the newest. Raises OSError."""
    if keep > 0:
        replace_file(folder / f"report-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.xml", content)
        dated = sorted(path for path in folder.iterdir() if _DATED.fullmatch(path.name))
        for path in dated[:-keep]:
            path.unlink(missing_ok=True)
    replace_file(folder / "report.xml", content)
