"""A print server: writes numbered jobs and rotates its log in every way; a program of its own.

    python rotating_writer.py LOG LINES ROTATIONS SEED EXPOSED

Lines that are written between a copy and the cut of copytruncate are listed in EXPOSED, a number a line: only these may
be lost. Where a rotation would destroy what nobody read (truncation, deletion), it makes the file LOG.pause (beside the
folder) and goes on when somebody has taken it away.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from random import Random
from typing import BinaryIO

LINE = b"SCHOOL\\u%d,job %d,\\\\GUS\\HP%d,03/%02d/2026,%02d:%02d:%02d,\\\\PC-%d,,,A4,/D/Cp=1/,%d,%d,0.%02d,9.%02d\r\n"


class Server:
    def __init__(self, log: Path, seed: int, exposed: Path) -> None:
        self.log = log
        self.pause = log.parent.with_suffix(".pause")
        self.random = Random(seed)
        self.exposed = exposed.open("w", encoding="ascii")
        self.number = 0
        self.rotations = 0
        self.file = self.opened()

    def opened(self) -> BinaryIO:
        return self.log.open("ab", buffering=0)

    def lines(self, count: int) -> list[bytes]:
        made = []
        for _ in range(count):
            self.number += 1
            pages = self.number % 9 + 1
            made.append(
                LINE
                % (
                    self.number % 300, self.number, self.number % 20, self.number // 40_000 % 28 + 1,
                    self.number // 3600 % 24, self.number // 60 % 60, self.number % 60, self.number % 90,
                    self.number, pages, pages * 5, self.number % 100,
                )
            )  # fmt: skip
        return made

    def write(self, count: int) -> None:
        """Write lines in pieces that end anywhere, also within a line."""
        text = b"".join(self.lines(count))
        place = 0
        while place < len(text):
            size = self.random.choice([17, 400, 9_000, 120_000])
            self.file.write(text[place : place + size])
            place += size

    def rotate(self) -> None:
        self.rotations += 1
        self.random.choice(
            [self.rename, self.rename, self.late_rename, self.copytruncate, self.truncate, self.recreate]
        )()

    def old(self) -> Path:
        if self.random.random() < 0.5:
            return self.log.with_name(f"PCOUNTER_{self.rotations:05}.LOG")
        for number in range(20, 0, -1):
            old = Path(f"{self.log}.{number}")
            if old.exists():
                old.rename(
                    Path(f"{self.log}.{number + 1}")
                    if number < 20
                    else self.log.with_name(f"PCOUNTER-{self.rotations}")
                )
        return Path(f"{self.log}.1")

    def rename(self) -> None:
        self.file.close()
        self.log.rename(self.old())
        self.file = self.opened()

    def late_rename(self) -> None:
        """Go on writing into the file that was renamed, and open the new one later."""
        self.log.rename(self.old())
        self.write(self.random.randrange(1, 50))
        self.file.close()
        self.file = self.opened()

    def copytruncate(self) -> None:
        shutil.copyfile(self.log, self.old())
        first = self.number + 1
        if self.random.random() < 0.5:
            self.write(self.random.randrange(1, 30))
        os.truncate(self.log, 0)
        self.exposed.writelines(f"{number}\n" for number in range(first, self.number + 1))

    def truncate(self) -> None:
        self.wait_for_reader()
        os.truncate(self.log, 0)

    def recreate(self) -> None:
        self.wait_for_reader()
        self.file.close()
        self.log.unlink()
        self.file = self.opened()

    def wait_for_reader(self) -> None:
        self.pause.touch()
        while self.pause.exists():
            time.sleep(0.001)


def main(log: Path, lines: int, rotations: int, seed: int, exposed: Path) -> None:
    server = Server(log, seed, exposed)
    for turn in range(rotations):
        server.write(max(0, lines * (turn + 1) // (rotations + 1) - server.number))
        server.rotate()
    server.write(lines - server.number)
    server.file.close()
    server.exposed.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
