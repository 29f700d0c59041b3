"""The source as the agent uses it: rounds, kills, mended settings, several servers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pagemeter.errors import PluginError
from pagemeter_plugins.pcounter.layout import DOCUMENTED

Line = Callable[..., str]
MakeAgent = Callable[..., Any]


def write(path: Path, *lines: str, encoding: str = "utf-8") -> None:
    with path.open("ab") as file:
        file.write("".join(f"{line}\r\n" for line in lines).encode(encoding))


async def test_every_complete_line_is_one_job(log: Path, line: Line, make_agent: MakeAgent) -> None:
    agent = make_agent()
    write(log, line(user="ada"), line(user="bob"))
    assert [job.user for job in await agent.round()] == ["ada", "bob"]
    assert await agent.round() == []
    with log.open("ab") as file:
        file.write(line(user="eve").encode())
    assert await agent.round() == []
    write(log, "")
    assert [job.user for job in await agent.round()] == ["eve"]


async def test_a_kill_between_two_batches_loses_and_repeats_nothing(
    log: Path, line: Line, make_agent: MakeAgent
) -> None:
    agent = make_agent()
    write(log, *(line(user=f"u{n}") for n in range(2500)))
    for kept in (0, 1, 1, None):
        await agent.round(kept=kept)
    assert [job.user for job in agent.jobs] == [f"u{n}" for n in range(2500)]
    assert len({job.id for job in agent.jobs}) == 2500


async def test_a_batch_that_was_not_kept_has_the_same_ids_when_it_comes_again(
    log: Path, line: Line, make_agent: MakeAgent
) -> None:
    write(log, line(), line())
    first, second = make_agent(), make_agent()
    assert [job.id for job in await first.round()] == [job.id for job in await second.round()]


async def test_daily_files_of_a_folder_are_followed(tmp_path: Path, line: Line, make_agent: MakeAgent) -> None:
    agent = make_agent(path=".", pattern="PCOUNTER_*.LOG")
    for day in (16, 17, 18):
        name = f"PCOUNTER_2026_03{day}.LOG"
        write(tmp_path / name, line(date=f"03/{day}/2026"))
        os.utime(tmp_path / name, (day, day))
    write(tmp_path / "notes.txt", "nothing")
    days = [job.completed_at.day for job in await agent.round()]
    assert days == [16, 17, 18]
    assert agent.quarantine == {}


async def test_several_servers_are_followed_each_with_its_own_form(
    tmp_path: Path, line: Line, make_agent: MakeAgent
) -> None:
    write(tmp_path / "gus.log", line(user="ada", document="Größe", date="17.03.2026"), encoding="cp1252")
    write(tmp_path / "tom.log", line(user="bob").replace(",", ";"))
    agent = make_agent(
        path=None,
        currency="EUR",
        logs=[
            {"name": "gus", "path": "gus.log", "timezone": "Europe/Vienna"},
            {"name": "tom", "path": "tom.log", "currency": "USD"},
        ],
    )
    gus, tom = await agent.round()
    assert (gus.document, gus.completed_at.hour, gus.cost.currency) == ("Größe", 7, "EUR")
    assert (tom.user, tom.completed_at.hour, tom.cost.currency) == ("bob", 8, "USD")
    assert sorted(stream.partition("/")[0] for stream in agent.cursors) == ["gus", "tom"]


async def test_a_server_that_is_away_stops_no_other(tmp_path: Path, line: Line, make_agent: MakeAgent) -> None:
    write(tmp_path / "tom.log", line())
    logs = [{"name": "gus", "path": "away/gus.log"}, {"name": "tom", "path": "tom.log"}]
    agent = make_agent(path=None, logs=logs)
    assert len(await agent.round()) == 1


async def test_a_folder_that_is_not_there_is_said(make_agent: MakeAgent) -> None:
    with pytest.raises(PluginError, match=r"away can't be read: No such file or directory; is the path right\?"):
        await make_agent(path="away/PCOUNTER.LOG").round()


async def test_what_is_not_understood_waits_and_comes_once_when_the_settings_are_mended(
    log: Path, line: Line, make_agent: MakeAgent
) -> None:
    agent = make_agent()
    swapped = line(user="eve", pages="0.30", cost="6 pages")
    write(log, line(user="ada"), swapped, line(user="bob"), "garbage")
    assert [job.user for job in await agent.round()] == ["ada", "bob"]
    assert sorted(agent.quarantine.values()) == ["1 fields, at least 12 are needed", "its number of pages is none"]
    agent.open()
    assert await agent.round() == []

    # 0.30 was the cost all the time, and "6 pages" stands for nothing.
    agent.open(fields=(*DOCUMENTED[:11], "cost", "-", "balance"))
    (job,) = await agent.round()
    assert (job.user, job.revision, str(job.cost.amount)) == ("eve", 0, "0.30")
    assert list(agent.quarantine.values()) == ["1 fields, at least 12 are needed"]
    agent.open()
    assert await agent.round() == []
    assert len({job.id for job in agent.jobs}) == 3


async def test_quarantined_lines_are_found_in_a_file_that_was_renamed(
    log: Path, line: Line, make_agent: MakeAgent
) -> None:
    agent = make_agent(dates="dmy")
    write(log, line(date="3-17-2026.", user="eve"), line(user="ada"))
    assert [job.user for job in await agent.round()] == ["ada"]
    os.replace(log, log.with_name("PCOUNTER_2026_0317.LOG"))  # noqa: PTH105 - a test may block
    fields = (*DOCUMENTED[:3], "-", "-", *DOCUMENTED[5:12])
    agent.open(fields=fields)
    assert [job.user for job in await agent.round()] == ["eve"]
    assert agent.quarantine == {}


async def test_a_kill_in_the_middle_of_a_replay_repeats_nothing(log: Path, line: Line, make_agent: MakeAgent) -> None:
    agent = make_agent()
    write(log, *(line(user=f"u{n}", cost="free") for n in range(2500)))
    assert await agent.round() == []
    fields = DOCUMENTED[:12]
    agent.open(fields=fields)
    for kept in (1, 0, 1, None):
        await agent.round(kept=kept)
    assert [job.user for job in agent.jobs] == [f"u{n}" for n in range(2500)]
    assert agent.quarantine == {}


async def test_jobs_whose_day_and_month_cannot_be_told_get_their_time_in_a_later_revision(
    log: Path, line: Line, make_agent: MakeAgent
) -> None:
    agent = make_agent()
    write(log, line(date="02/03/2020", user="ada"), line(date="02/03/2020", user="bob"))
    first = await agent.round()
    assert [job.completed_at for job in first] == [None, None]
    write(log, line(date="14/03/2020", user="eve"))
    *later, last = await agent.round()
    assert (last.user, last.revision, last.completed_at) == ("eve", 0, datetime(2020, 3, 14, 8, 5, 9, tzinfo=UTC))
    assert [(job.id, job.revision) for job in later] == [(job.id, 1) for job in first]
    assert [job.completed_at for job in later] == [datetime(2020, 3, 2, 8, 5, 9, tzinfo=UTC)] * 2
    assert await agent.round() == []


async def test_the_order_of_day_and_month_is_known_before_the_first_line_is_read(
    log: Path, line: Line, make_agent: MakeAgent
) -> None:
    day = datetime(2020, 3, 1, tzinfo=UTC)
    write(log, *(line(date=f"{day + timedelta(hours=n):%d/%m/%Y}") for n in range(24 * 20)))
    jobs = await make_agent().round()
    assert {job.completed_at.month for job in jobs} == {3}


async def test_cursors_and_ids_hold_nothing_of_the_log(log: Path, line: Line, make_agent: MakeAgent) -> None:
    agent = make_agent()
    canary = line(user="CANARY", document="CANARY", client="\\\\CANARY", account="CANARY")
    write(log, canary, canary.replace("03/17/2026", "CANARY"))
    await agent.round()
    kept = json.dumps(agent.cursors) + "".join(job.id for job in agent.jobs) + "".join(agent.quarantine.values())
    assert len(agent.jobs) == len(agent.quarantine) == 1
    assert "CANARY" not in kept


async def test_nothing_of_a_line_is_logged(
    log: Path, line: Line, make_agent: MakeAgent, caplog: pytest.LogCaptureFixture
) -> None:
    write(log, line(user="CANARY", document="CANARY", cost="CANARY"), "CANARY", line(date="CANARY"))
    with caplog.at_level(0):
        await make_agent().round()
    assert "not understood" in caplog.text
    assert "CANARY" not in caplog.text


async def test_a_cut_without_a_copy_is_logged_once(
    log: Path, line: Line, make_agent: MakeAgent, caplog: pytest.LogCaptureFixture
) -> None:
    agent = make_agent()
    write(log, line(), line())
    await agent.round()
    os.truncate(log, 0)
    for _ in range(3):
        await agent.round()
    assert [record.levelname for record in caplog.records if "with no copy" in record.message] == ["WARNING"]
