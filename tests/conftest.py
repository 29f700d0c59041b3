"""In CI nothing that needs a peer or a recording may be skipped: what is not there there is tested nowhere.

And how the tests are shared out where several processes run them (`make test`): whole files, the long ones first.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Generator, Iterable

import pytest

NEVER_SKIPPED_IN_CI = ("peer", "walks")
TAKES_ITS_TIME = ("peer", "slow")
MOST_WORKERS = 8
NOBODYS_PORTS = range(20_000, 32_000)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test with a peer into a failure that names it."""
    report = yield
    # What a test left in the log may be no Unicode, on purpose; then no worker could send it.
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    marked = [name for name in NEVER_SKIPPED_IN_CI if item.get_closest_marker(name)]
    if report.skipped and not hasattr(report, "wasxfail") and marked and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} ({', '.join(marked)}) may not be skipped in CI: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole file into a failure: its marks can't be seen, so each test must be skipped by itself."""
    report = yield
    if report.skipped and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} may not be skipped as a whole in CI: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take two workers a core: half of the tests' time is waiting, for a server, a disk or a silence."""
    return min(2 * (os.cpu_count() or 1), MOST_WORKERS)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with the files that take long, so that none of them is left to one worker at the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if any(item.get_closest_marker(name) for name in TAKES_ITS_TIME)}
        items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def common_port() -> Callable[[], int]:
    """Return a function that names a port for several addresses of one test, another one each time.

    A port that was free at one address may be lent to somebody at the next; these the system lends to nobody, and each
    worker has its own.
    """
    mine = NOBODYS_PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) :: MOST_WORKERS]
    ports = itertools.islice(itertools.cycle(mine), random.randrange(len(mine)), None)
    return lambda: next(ports)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests recorded: ``record_property("table", (title, row, column, cell))``."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    cells = [value for report in reports for name, value in report.user_properties if name == "table"]
    for title in dict.fromkeys(cell[0] for cell in cells):
        terminalreporter.section(title)
        for line in _table([cell[1:] for cell in cells if cell[0] == title]):
            terminalreporter.line(line)


def _table(cells: Iterable[tuple[str, str, str]]) -> list[str]:
    """Draw cells as a table; those of one place stand beside each other, in the order of the tests."""
    at: dict[tuple[str, str], list[str]] = {}
    for row, column, cell in cells:
        at.setdefault((row, column), []).append(cell)
    columns = tuple(dict.fromkeys(column for _, column in at))
    rows = tuple(dict.fromkeys(row for row, _ in at))
    grid = [("", *columns)] if columns != ("",) else []
    grid += [(row, *(" ".join(at.get((row, column), ())) for column in columns)) for row in rows]
    widths = [max(len(line[place]) for line in grid) for place in range(len(columns) + 1)]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in grid]


def _reason(longrepr: object) -> str:
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
