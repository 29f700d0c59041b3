"""Say what a wheel has that git does not track, and what it lacks: ``compare_wheel.py WHEEL``."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

SOURCES = {"agent": "agent/pagemeter", "plugins": "plugins/pagemeter_plugins"}
METADATA = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def tracked(root: Path) -> set[str]:
    """Return the tracked files of both source roots, named as a wheel names them."""
    listed = subprocess.run(  # noqa: S603 - constant words only
        ["git", "ls-files", "-z", *SOURCES.values()],  # noqa: S607 - git of the PATH, as everywhere
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return {name.split("/", 1)[1] for name in listed.stdout.split("\0") if name}


def packed(wheel: Path) -> set[str]:
    """Return the files of the wheel; those of ``*.dist-info`` without the version."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    return {name.split(".dist-info/", 1)[1] if ".dist-info/" in name else name for name in names}


def main() -> None:
    """Compare, print the differences, and fail where there are some."""
    wheel = Path(sys.argv[1])
    here, there = tracked(Path(__file__).resolve().parent.parent) | METADATA, packed(wheel)
    lines = [f"missing in the wheel: {name}" for name in sorted(here - there)]
    lines += [f"in the wheel, but not tracked: {name}" for name in sorted(there - here)]
    if lines:
        sys.exit("\n".join(lines))
    sys.stdout.write(f"{wheel.name}: {len(there)} files, as in the tree\n")


if __name__ == "__main__":
    main()
