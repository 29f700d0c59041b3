"""Draw docs/demo.svg from a real run of `pagemeter demo`: `.venv/bin/python docs/picture.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 206


def main() -> None:
    """Run the demo in a folder of its own and keep what its terminal showed."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
        command = [Path(sys.executable).with_name("pagemeter"), "demo"]
        shown = subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own command
    console = Console(record=True, width=COLUMNS, file=StringIO())
    for line in ["$ make demo", *shown.splitlines()]:
        console.print(Text.from_ansi(line.rstrip()), soft_wrap=True)
    svg = console.export_svg(title="pagemeter demo")
    # The fonts would be fetched from a host on the network; the reader's own monospace font serves as well.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("demo.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
