"""The source cups against a real cupsd, which prints to an ippeveprinter and to raw queues."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import TypeAlias, TypeVar

import pytest
from pydantic import JsonValue

from pagemeter import Gathered
from pagemeter.clock import SystemClock
from pagemeter.errors import Unreachable
from pagemeter.ipp.client import IppClient
from pagemeter.model import JobRecord, Queue
from pagemeter.net.budget import Budget
from pagemeter.net.fence import Fence
from pagemeter.testing import FakeServices
from pagemeter_plugins.cups.settings import CupsSettings
from pagemeter_plugins.cups.source import CupsSource

T = TypeVar("T")

NEEDED = ("cupsd", "lpadmin", "lp", "ippeveprinter", "avahi-daemon", "dbus-daemon", "unshare")


def _lacking() -> str:
    found = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}["PATH"]
    missing = [name for name in NEEDED if shutil.which(name, path=found) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    return (
        ""
        if sys.platform == "linux" and os.geteuid() == 0
        else "avahi gets a namespace of its own, which only root can make"
    )


pytestmark = [
    pytest.mark.peer,
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(_lacking()) and "CI" not in os.environ, reason=_lacking() or "all is there"),
]

CUPS_FILES = """
ServerRoot {0}/etc
RequestRoot {0}/spool
TempDir {0}/spool/tmp
CacheDir {0}/cache
StateDir {0}/state
ErrorLog {0}/log/error_log
AccessLog {0}/log/access_log
PageLog {0}/log/page_log
FileDevice Yes
SystemGroup root
User lp
Group lp
"""

# The policy is the one that CUPS ships, less the limits on who may administrate, which lpadmin does here.
CUPSD = """
Listen 127.0.0.1:{port}
Listen {folder}/cups.sock
Browsing Off
WebInterface No
DefaultAuthType None
JobRetryInterval 1
{more}
<Location />
  Order allow,deny
  Allow localhost
</Location>
<Policy default>
  JobPrivateAccess default
  JobPrivateValues default
  SubscriptionPrivateAccess default
  SubscriptionPrivateValues default
  <Limit Renew-Subscription Cancel-Subscription Get-Notifications Restart-Job Release-Job Cancel-Job>
    Require user @OWNER @SYSTEM
    Order deny,allow
  </Limit>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""

BUS = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={0}/bus</listen>
  <policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
</busconfig>
"""

AVAHI = "[server]\nuse-ipv6=no\nhost-name=pagemeter-test\n[publish]\npublish-workstation=no\n[rlimits]\n"
IN_NAMESPACE = """
ip link set lo up && mkdir -p /run/avahi-daemon && mount --bind {0}/avahi /run/avahi-daemon &&
exec avahi-daemon --no-drop-root --no-chroot --no-rlimits --no-proc-title -f {0}/avahi.conf
"""


def until(what: Callable[[], T], *, seconds: float = 60) -> T:
    """Return what becomes true."""
    end = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.05)
    return got


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cups:
    """A cupsd with all its folders below one, and what is needed to print on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.printer_port = free_port()
        self._cupsd: Popen[bytes] | None = None
        self._others: list[Popen[bytes]] = []
        for name in ("etc/ppd", "spool/tmp", "cache", "state", "log", "avahi", "printed"):
            (folder / name).mkdir(parents=True)
        (folder / "page.txt").write_text("one page\n")

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
            "CUPS_SERVER": f"127.0.0.1:{self.port}",
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/bus",
        }

    def start(self, more: str = "") -> None:
        """Start cupsd with some more directives."""
        (self.folder / "cups-files.conf").write_text(CUPS_FILES.format(self.folder))
        (self.folder / "cupsd.conf").write_text(CUPSD.format(port=self.port, folder=self.folder, more=more))
        for path in (self.folder, *self.folder.rglob("*")):
            if path.name not in ("bus", "cups.sock") and "avahi" not in path.parts:
                shutil.chown(path, "lp", "lp")
        command = ["cupsd", "-f", "-c", f"{self.folder}/cupsd.conf", "-s", f"{self.folder}/cups-files.conf"]
        self._cupsd = Popen(command, env=self.environment, stdout=DEVNULL, stderr=DEVNULL)
        until(self._listens)

    def _listens(self) -> bool:
        assert self._cupsd is not None
        assert self._cupsd.poll() is None, (self.folder / "log/error_log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, *, kill: bool = False) -> None:
        if self._cupsd is not None:
            self._cupsd.kill() if kill else self._cupsd.terminate()
            self._cupsd.wait(30)
            self._cupsd = None

    def forget(self) -> None:
        """Wipe the spool, as an administrator does who begins anew."""
        for path in [*self.folder.glob("spool/[cd]*"), *self.folder.glob("cache/*.cache*")]:
            path.unlink()

    def start_printer(self) -> None:
        """Start an ippeveprinter; avahi, without which it does not run, speaks into a namespace of its own."""
        (self.folder / "bus.conf").write_text(BUS.format(self.folder).strip())
        (self.folder / "avahi.conf").write_text(AVAHI)
        self._run(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile"])
        until((self.folder / "bus").exists)
        self._run(["unshare", "-n", "-m", "sh", "-c", IN_NAMESPACE.format(self.folder)])
        until((self.folder / "avahi/pid").exists)
        kinds = "application/pdf,image/pwg-raster,image/jpeg"
        command = ["ippeveprinter", "-p", str(self.printer_port), "-d", f"{self.folder}/printed", "-f", kinds, "-2"]
        self._run([*command, "-c", "/bin/true", "-M", "Acme", "-m", "Ink 9000", "pagemeter-test"])

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.printer_port)) == 0

        until(answers)

    def _run(self, command: list[str]) -> None:
        self._others.append(Popen(command, env=self.environment, stdout=DEVNULL, stderr=DEVNULL))

    def close(self) -> None:
        self.stop()
        for process in reversed(self._others):
            process.terminate()
            process.wait(30)

    def do(self, *command: str) -> str:
        """Run a command of CUPS."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def queue(self, name: str, uri: str, *more: str) -> None:
        self.do("lpadmin", "-p", name, "-E", "-v", uri, *more)

    def everywhere(self, name: str = "office") -> None:
        """Make a driverless queue for the ippeveprinter."""
        self.start_printer()
        self.queue(name, f"ipp://127.0.0.1:{self.printer_port}/ipp/print", "-m", "everywhere")
        # cupsd asks the printer in the background, and the queue is a raw one until it has.
        until(lambda: "Everywhere" in self.do("lpoptions", "-p", name))

    def print(self, queue: str, *options: str) -> int:
        """Print one page; returns the number of the job."""
        said = self.do("lp", "-d", queue, *options, f"{self.folder}/page.txt")
        return int(said.split()[3].rpartition("-")[2])

    def print_and_wait(self, queue: str, *options: str) -> int:
        number = self.print(queue, *options)
        self.wait()
        return number

    def wait(self) -> None:
        """Wait until nothing is left to print; jobs on hold are not waited for."""
        until(lambda: not [line for line in self.do("lpstat", "-o").splitlines() if not line.startswith("shelf-")])


class Agent:
    """Runs the source as the agent does: the cursor is kept with each batch."""

    def __init__(self, server: str, **settings: object) -> None:
        self.server = server
        self.settings = settings
        self.cursors: dict[str, JsonValue] = {}
        self.queues: dict[str, Queue] = {}
        self.jobs: list[JobRecord] = []

    async def run(self, *, killed_after: int | None = None) -> list[JobRecord]:
        """Collect once; what came before the kill is kept, the rest is not."""
        clock = SystemClock()
        ipp = IppClient(fence=Fence([]), budget=Budget(clock, 10_000))
        settings = CupsSettings.model_validate({"server": self.server, **self.settings})
        fresh: list[JobRecord] = []
        async with CupsSource(settings, FakeServices(ipp=ipp, clock=clock)) as source:
            number = 0
            async for batch in source.collect(self.cursors):
                if number == killed_after:
                    break
                self._keep(batch, fresh)
                number += 1
        self.jobs += fresh
        assert len({job.id for job in self.jobs}) == len(self.jobs), "a job appears twice"
        return fresh

    def _keep(self, batch: Gathered, fresh: list[JobRecord]) -> None:
        self.cursors[batch.stream] = batch.cursor
        self.queues |= {queue.name: queue for queue in batch.queues}
        fresh += batch.jobs


def numbers(jobs: list[JobRecord]) -> list[int]:
    """The server's numbers of jobs, which stand in their ids."""
    return sorted(int(job.id.split(":")[2]) for job in jobs)


MakeCups: TypeAlias = Callable[..., Cups]


@pytest.fixture
def cups() -> Iterator[Cups]:
    """Return a cupsd that is not running; its folder is one that the user lp can enter."""
    folder = Path(tempfile.mkdtemp(prefix="pagemeter-cups-"))
    folder.chmod(0o755)
    server = Cups(folder)
    try:
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


@pytest.fixture
def agent(cups: Cups) -> Agent:
    return Agent(f"ipp://localhost:{cups.port}")


async def test_queues_tell_their_state_and_where_they_print_to(cups: Cups, agent: Agent) -> None:
    cups.start()
    cups.queue("raw", "file:///dev/null", "-L", "Room 7")
    # Never enabled, and never printed on.
    cups.do("lpadmin", "-p", "far", "-v", "lpd://10.0.0.7/queue")
    cups.do("cupsdisable", "raw")
    assert await agent.run() == []
    raw, far = agent.queues["raw"], agent.queues["far"]
    assert (raw.state, raw.reasons, raw.accepting, raw.location) == ("stopped", ("paused",), True, "Room 7")
    assert raw.uri == f"ipp://localhost:{cups.port}/printers/raw"
    assert (far.state, far.accepting, far.printer) == ("stopped", False, "host://10.0.0.7")
    assert raw.printer is None
    cups.print("raw")
    cups.do("cupsenable", "raw")
    cups.wait()
    await agent.run()
    assert agent.queues["raw"].state == "idle"


async def test_a_server_without_queues_and_one_that_is_down(cups: Cups, agent: Agent) -> None:
    with pytest.raises(Unreachable):
        await agent.run()
    cups.start()
    assert await agent.run() == []
    assert agent.queues == {}


async def test_each_job_appears_once_also_those_while_the_agent_or_the_server_was_down(
    cups: Cups, agent: Agent
) -> None:
    at_once = "DirtyCleanInterval 0"
    cups.start(at_once)
    cups.everywhere()
    cups.queue("raw", "file:///dev/null")
    cups.queue("shelf", "file:///dev/null")
    cups.print_and_wait("office")
    assert numbers(await agent.run()) == [1]
    assert await agent.run() == []
    # The agent is down.
    for _ in range(2):
        cups.print("office")
    cups.wait()
    held = cups.print("shelf", "-H", "indefinite")
    assert numbers(await agent.run()) == [2, 3]
    # The server is stopped, and is killed, with a job on hold.
    for kill in (False, True):
        cups.stop(kill=kill)
        cups.start(at_once)
        cups.print_and_wait("raw")
    assert numbers(await agent.run()) == [5, 6]
    cups.do("lp", "-i", str(held), "-H", "resume")
    until(lambda: "shelf-4" in cups.do("lpstat", "-W", "completed", "-o"))
    assert numbers(await agent.run()) == [4]
    assert await agent.run() == []
    assert {job.state for job in agent.jobs} == {"completed"}
    assert numbers(agent.jobs) == [1, 2, 3, 4, 5, 6]


async def test_what_the_printer_counted_is_printed_and_what_was_ordered_stands_beside_it(
    cups: Cups, agent: Agent
) -> None:
    cups.start()
    cups.everywhere()
    cups.print_and_wait("office", "-n", "3", "-o", "sides=one-sided")
    [job] = await agent.run()
    assert job.ordered is not None
    assert job.printed is not None
    assert (job.ordered.copies, job.ordered.sides) == (3, "one-sided")
    assert (job.printed.impressions, job.printed.sheets) == (3, 3)
    assert job.printer == f"ipp://127.0.0.1:{cups.printer_port}/ipp/print"
    assert job.queue == "office"
    assert job.submitted_at is not None
    assert job.completed_at is not None
    assert job.submitted_at <= job.completed_at


async def test_a_cancelled_job_is_not_a_printed_one(cups: Cups, agent: Agent) -> None:
    cups.start()
    cups.queue("raw", "file:///dev/null")
    cups.do("cupsdisable", "raw")
    cups.do("cancel", f"raw-{cups.print('raw')}")
    cups.do("cupsenable", "raw")
    [job] = await agent.run()
    assert job.state == "canceled"
    assert job.printed is None


async def test_the_page_that_a_backend_makes_up_for_a_raw_queue_is_not_taken(cups: Cups, agent: Agent) -> None:
    cups.start()
    with socket.create_server(("127.0.0.1", 0)) as sink:
        threading.Thread(target=_swallow, args=(sink,), daemon=True).start()
        cups.queue("raw", f"socket://127.0.0.1:{sink.getsockname()[1]}")
        cups.print_and_wait("raw")
        cups.print_and_wait("raw", "-n", "4")
        [one, four] = await agent.run()
    assert "raw root 1" in (cups.folder / "log/page_log").read_text()
    assert [job.state for job in (one, four)] == ["completed", "completed"]
    assert [job.printed for job in (one, four)] == [None, None]
    assert four.ordered is not None
    assert four.ordered.copies == 4
    assert one.printer == "host://127.0.0.1"


def _swallow(sink: socket.socket) -> None:
    for _ in range(2):
        connection, _ = sink.accept()
        with connection:
            while connection.recv(65536):
                pass


async def test_a_flood_of_more_events_than_the_server_keeps_loses_nothing(cups: Cups, agent: Agent) -> None:
    cups.start("MaxEvents 5")
    cups.queue("raw", "file:///dev/null")
    await agent.run()
    for _ in range(12):
        cups.print("raw")
    cups.wait()
    assert numbers(await agent.run()) == list(range(1, 13))
    assert await agent.run() == []


async def test_a_server_that_keeps_no_history_is_followed_by_its_events(
    cups: Cups, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    cups.start("PreserveJobHistory No\nMaxEvents 5")
    cups.queue("raw", "file:///dev/null")
    await agent.run()
    for _ in range(3):
        cups.print_and_wait("raw")
    cups.do("cupsdisable", "raw")
    waiting = cups.print("raw")
    jobs = await agent.run()
    assert numbers(jobs) == [1, 2, 3]
    assert [(job.state, job.queue, job.printed) for job in jobs] == [("completed", "raw", None)] * 3
    assert all(job.completed_at is not None for job in jobs)
    assert await agent.run() == []
    cups.do("cancel", f"raw-{waiting}")
    [canceled] = await agent.run()
    assert (canceled.state, numbers([canceled])) == ("canceled", [4])
    assert canceled.submitted_at is not None
    assert "forgotten" not in caplog.text
    # Eight jobs, of which the server remembers five.
    cups.do("cupsenable", "raw")
    for _ in range(8):
        cups.print_and_wait("raw")
    with caplog.at_level(logging.WARNING):
        assert numbers(await agent.run()) == [8, 9, 10, 11, 12]
    assert "has forgotten up to 3 jobs" in caplog.text
    assert await agent.run() == []


async def test_jobs_that_the_server_evicted_are_told_by_their_events_or_counted_as_lost(
    cups: Cups, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    cups.start("MaxJobs 3\nMaxEvents 100")
    cups.queue("raw", "file:///dev/null")
    await agent.run()
    for _ in range(7):
        cups.print_and_wait("raw")
    assert numbers(await agent.run()) == [1, 2, 3, 4, 5, 6, 7]
    # Events live in the server's memory.
    for _ in range(5):
        cups.print_and_wait("raw")
    cups.stop()
    cups.start("MaxJobs 3\nMaxEvents 100")
    kept = sorted(
        int(line.split()[0].removeprefix("raw-")) for line in cups.do("lpstat", "-Wcompleted", "-o").splitlines()
    )
    assert 0 < len(kept) <= 3
    with caplog.at_level(logging.WARNING):
        assert numbers(await agent.run()) == kept
    assert f"has forgotten up to {5 - len(kept)} jobs" in caplog.text


async def test_a_wiped_spool_whose_numbers_begin_anew_is_noticed(cups: Cups, agent: Agent) -> None:
    cups.start()
    cups.queue("raw", "file:///dev/null")
    for _ in range(3):
        cups.print_and_wait("raw")
    assert numbers(await agent.run()) == [1, 2, 3]
    cups.stop()
    cups.forget()
    begun = int(time.time())
    until(lambda: int(time.time()) > begun)
    cups.start()
    for _ in range(2):
        cups.print_and_wait("raw")
    assert numbers(await agent.run()) == [1, 2]
    assert await agent.run() == []
    assert len(agent.jobs) == 5


async def test_a_server_that_was_killed_before_it_wrote_down_its_jobs_gives_their_numbers_again(
    cups: Cups, agent: Agent
) -> None:
    cups.start("DirtyCleanInterval 600")
    cups.queue("raw", "file:///dev/null")
    cups.queue("shelf", "file:///dev/null")
    cups.print_and_wait("raw")
    held = cups.print("shelf", "-H", "indefinite")
    assert numbers(await agent.run()) == [1]
    cups.stop()
    cups.start("DirtyCleanInterval 600")
    for _ in range(2):
        cups.print_and_wait("raw")
    assert numbers(await agent.run()) == [3, 4]
    for path in cups.folder.glob("spool/c*[34]"):
        path.unlink()
    cups.stop(kill=True)
    begun = int(time.time())
    until(lambda: int(time.time()) > begun)
    cups.start("DirtyCleanInterval 600")
    cups.do("lp", "-i", str(held), "-H", "resume")
    until(lambda: "shelf-2" in cups.do("lpstat", "-W", "completed", "-o"))
    for _ in range(3):
        cups.print_and_wait("raw")
    assert numbers(await agent.run()) == [2, 3, 4, 5]
    assert await agent.run() == []


async def test_a_job_that_is_printed_once_more_from_the_history_counts_once_more(cups: Cups, agent: Agent) -> None:
    cups.start("PreserveJobFiles Yes")
    cups.queue("raw", "file:///dev/null")
    number = cups.print_and_wait("raw")
    await agent.run()
    second = int(time.time())
    until(lambda: int(time.time()) > second)
    cups.do("lp", "-i", str(number), "-H", "restart")
    cups.wait()
    assert numbers(await agent.run()) == [number]
    assert await agent.run() == []


async def test_a_run_that_was_killed_between_two_batches_is_taken_up_again(cups: Cups, agent: Agent) -> None:
    cups.start()
    cups.queue("raw", "file:///dev/null")
    for _ in range(3):
        cups.print_and_wait("raw")
    await agent.run(killed_after=1)
    assert agent.jobs == []
    await agent.run(killed_after=2)
    assert numbers(agent.jobs) == [1, 2, 3]
    assert await agent.run() == []


async def test_owners_and_titles_are_shown_to_the_user_of_the_settings_only_where_the_server_allows_it(
    cups: Cups, agent: Agent
) -> None:
    cups.start()
    cups.queue("raw", "file:///dev/null")
    cups.print_and_wait("raw", "-t", "Quarterly figures", "-U", "ada")
    [hidden] = await agent.run()
    assert (hidden.user, hidden.document, hidden.client) == (None, None, None)
    [shown] = await Agent(f"{cups.folder}/cups.sock", user="root").run()
    assert (shown.user, shown.document) == ("ada", "Quarterly figures")
    assert shown.id == hidden.id


async def test_only_the_queues_of_the_settings_are_taken(cups: Cups) -> None:
    cups.start()
    cups.queue("raw", "file:///dev/null")
    cups.queue("other", "file:///dev/null")
    cups.print_and_wait("other")
    cups.print_and_wait("raw")
    agent = Agent(f"{cups.folder}/cups.sock", queues=["raw"])
    assert numbers(await agent.run()) == [2]
    assert set(agent.queues) == {"raw"}
    assert await agent.run() == []
