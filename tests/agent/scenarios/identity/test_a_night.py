"""A printer that sleeps: a line in the log when it falls silent, one when it answers again, and none between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from pagemeter.rounds import ALERTS, METERS

SLEEPER = {"words": "Kyocera ECOSYS P9001dn", "serial": "VSM0000001", "macs": ["00:c0:ee:00:00:01"], "pages": 1000}
AWAKE = {"words": "RICOH SP 9001", "serial": "3001X000009", "pages": 2000}
IPP = {"uuid": "e3248000-80ce-11db-8000-00c0ee000001", "ipp_serial": "VSM0000001"}
POLLS = 60


@pytest.mark.parametrize("restarted", [False, True], ids=["one agent", "an agent that starts anew in the night"])
@pytest.mark.parametrize("told", [SLEEPER, {**SLEEPER, **IPP}], ids=["SNMP", "SNMP and IPP"])
@pytest.mark.parametrize("every", [timedelta(minutes=10), timedelta(hours=2)], ids=["every 10m", "every 2h"])
async def test_sixty_polls_of_a_sleeping_printer_make_two_lines(
    every: timedelta,
    told: Mapping[str, Any],
    restarted: bool,
    site: Any,
    printer: Callable[[Mapping[str, Any]], Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = await site(["A", "B"])
    sleeper, awake = printer(told), printer(AWAKE)
    here.plug({"A": [sleeper], "B": [awake]})
    await here.look()
    here.happened()
    caplog.set_level(logging.INFO, logger="pagemeter")
    caplog.clear()
    here.plug({"B": [awake]})
    for poll in range(POLLS):
        here.clock.later(every)
        if restarted and poll == POLLS // 2:
            await here.begin()
        if poll % 12 == 5:
            await here.agent.rounds.discover(here.agent.discoveries[0])
        await here.agent.rounds.visit_all(ALERTS if poll % 6 else METERS, "poll")
        (asleep,) = (entry for entry in here.fleet() if entry.silent_since is not None)
        assert {read.value for read in asleep.latest.meter_reads} == {1000}
        assert len(caplog.messages) == 1
    age = here.clock.now() - asleep.last_success
    assert age > POLLS * every
    here.plug({"A": [sleeper], "B": [awake]})
    await here.agent.rounds.visit_all(ALERTS, "poll")
    gone, back = caplog.messages
    assert gone.startswith("127.46.0.1 (Kyocera ECOSYS P9001dn VSM0000001) does not answer any more; its last values, ")
    assert back.startswith("127.46.0.1 (Kyocera ECOSYS P9001dn VSM0000001) answers again after ")
    assert [event.kind for event in here.happened()] == ["device-silent", "device-back"]
