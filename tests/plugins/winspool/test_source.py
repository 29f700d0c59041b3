"""The source: queues, jobs, what was read before, and what is wrong with the channel."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pagemeter import Gathered
from pagemeter.errors import PluginError
from pagemeter.model import Amount, JobRecord
from pagemeter.testing import FakeServices
from pagemeter_plugins.winspool.settings import WinspoolSettings
from pagemeter_plugins.winspool.source import WinspoolSource


class Agent:
    """Keeps what the source gathers, and its cursors."""

    def __init__(self, spooler: Any, **settings: Any) -> None:
        self.source = WinspoolSource(WinspoolSettings(**settings), FakeServices(), spooler)
        self.cursors: dict[str, Any] = {}
        self.gathered: list[Gathered] = []

    async def round(self, *, kept: int | None = None) -> list[JobRecord]:
        new: list[JobRecord] = []
        count = 0
        async for gathered in self.source.collect(self.cursors):
            if gathered.stream == "jobs":
                if count == kept:
                    break
                count += 1
            self.cursors[gathered.stream] = json.loads(json.dumps(gathered.cursor))
            self.gathered.append(gathered)
            new += gathered.jobs
        return new


@pytest.fixture
def agent(spooler: Any) -> Agent:
    return Agent(spooler)


async def test_a_printed_document_is_a_job(agent: Agent, channel: Any) -> None:
    channel.rendered(job=5)
    channel.printed(job=5)
    (job,) = await agent.round()
    assert (job.user, job.document, job.queue, job.client) == ("ada", "Timetable", "Library", "PC-14")
    assert (job.printer, job.state, job.printed) == ("host://10.0.0.7", "completed", None)
    assert job.completed_at == datetime(2026, 3, 17, 8, 0, 2, tzinfo=UTC)
    assert job.ordered == Amount(impressions=6, color_impressions=6, copies=2)


async def test_pages_are_multiplied_by_copies_only_where_that_is_set(spooler: Any, channel: Any) -> None:
    channel.rendered(job=5, copies=3, color=1)
    channel.printed(job=5)
    (job,) = await Agent(spooler, pages_times_copies=True).round()
    assert job.ordered == Amount(impressions=18, color_impressions=0, copies=3)


async def test_a_document_of_which_nothing_is_known_says_nothing(agent: Agent, channel: Any) -> None:
    channel.printed(Param8=0)
    (job,) = await agent.round()
    assert job.ordered == Amount()


async def test_an_old_setting_of_a_job_id_that_is_used_again_is_not_taken(agent: Agent, channel: Any) -> None:
    channel.rendered(job=5)
    channel.at += timedelta(hours=2)
    channel.printed(job=5)
    (job,) = await agent.round()
    assert job.ordered == Amount(impressions=6)


async def test_a_setting_waits_for_its_document_over_a_restart(agent: Agent, channel: Any, spooler: Any) -> None:
    channel.rendered(job=5)
    assert await agent.round() == []
    channel.printed(job=5)
    again = Agent(spooler)
    again.cursors = agent.cursors
    (job,) = await again.round()
    assert job.ordered == Amount(impressions=6, color_impressions=6, copies=2)
    assert "ada" not in json.dumps(agent.cursors)
    assert channel.computer not in json.dumps(agent.cursors)


async def test_each_document_is_taken_once(agent: Agent, channel: Any) -> None:
    for number in range(3):
        channel.printed(job=number)
    assert len(await agent.round()) == 3
    assert await agent.round() == []
    channel.printed(job=3)
    assert len(await agent.round()) == 1


async def test_a_kill_between_two_batches_repeats_and_loses_nothing(agent: Agent, channel: Any) -> None:
    for number in range(1200):
        channel.printed(job=number)
    first = await agent.round(kept=1)
    rest = await agent.round()
    assert (len(first), len(rest)) == (500, 700)
    assert len({job.id for job in (*first, *rest)}) == 1200


@pytest.mark.parametrize("restart", [True, False], ids=["counts from 1", "counts on"])
async def test_what_is_printed_after_the_channel_was_cleared_is_taken(
    restart: bool, agent: Agent, channel: Any
) -> None:
    for number in range(5):
        channel.printed(job=number)
    before = await agent.round()
    channel.clear(restart=restart)
    for number in range(7):
        channel.printed(job=number)
    after = await agent.round()
    assert len(after) == 7
    assert len({job.id for job in (*before, *after)}) == 12
    assert await agent.round() == []


async def test_a_cleared_channel_that_is_still_empty_is_no_beginning(agent: Agent, channel: Any) -> None:
    channel.printed()
    await agent.round()
    channel.clear(restart=True)
    assert await agent.round() == []
    channel.printed()
    assert len(await agent.round()) == 1


async def test_events_that_were_overwritten_are_missed_aloud(
    agent: Agent, channel: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(10):
        channel.printed(job=number)
        if number == 2:
            await agent.round()
    del channel.written[:6]
    assert len(await agent.round()) == 4
    assert "jobs may be missing; enlarge it: wevtutil sl" in caplog.text


async def test_documents_for_ports_without_paper_are_no_jobs(agent: Agent, channel: Any) -> None:
    channel.printed(Param6="PORTPROMPT:")
    channel.printed(Param6="nul:")
    assert await agent.round() == []


async def test_an_event_that_can_not_be_understood_is_quarantined_and_stops_no_other(
    agent: Agent, channel: Any
) -> None:
    channel.printed()
    channel.written.append(channel.printed().replace("<Param1>1</Param1>", ""))
    del channel.written[1]
    channel.printed()
    assert len(await agent.round()) == 2
    (piece,) = agent.gathered[-1].quarantined
    assert (piece.offset, piece.why) == (2, "no job id in event 307")
    assert await agent.round() == []


async def test_queues_come_with_each_round(agent: Agent, spooler: Any, make_buffer: Any) -> None:
    texts = [[None, "Library", None, "Upstairs", "Laser 9", None, None]]
    spooler.buffer = make_buffer(texts, 13, [[0, 1, 0, 0, 0, 0, 0, 0]])
    spooler.addresses = {"upstairs": "10.0.0.7"}
    await agent.round()
    (queue,) = agent.gathered[0].queues
    assert (queue.name, queue.printer, queue.at) == ("Library", "host://10.0.0.7", FakeServices().clock.now())


async def test_a_channel_that_is_switched_off_is_said_with_the_remedy(agent: Agent, spooler: Any) -> None:
    spooler.on = False
    with pytest.raises(PluginError, match="wevtutil sl Microsoft-Windows-PrintService/Operational /e:true"):
        await agent.round()
    assert [gathered.stream for gathered in agent.gathered] == ["queues"]


async def test_a_spooler_that_does_not_answer_is_said(agent: Agent, spooler: Any) -> None:
    spooler.failure = OSError(1722, "The RPC server is unavailable")
    with pytest.raises(PluginError, match="The RPC server is unavailable; is the Print Spooler running"):
        await agent.round()


async def test_queues_and_jobs_can_be_left_out(spooler: Any, channel: Any) -> None:
    channel.printed()
    spooler.on = False
    neither = Agent(spooler, queues=False, jobs=False)
    assert await neither.round() == []
    assert neither.gathered == []


@pytest.mark.skipif(sys.platform == "win32", reason="there it is at home")
def test_on_another_system_it_says_so() -> None:
    with pytest.raises(PluginError, match="Windows only"):
        WinspoolSource(WinspoolSettings(), FakeServices())
