"""A device that falls silent on the way costs a few questions, and what it said before is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pagemeter.errors import AccessDenied, DeviceError, Forbidden, Unreachable, Unreadable
from pagemeter.model import Target
from pagemeter.simulator import load_device
from pagemeter.snmp.types import Oid, Walk
from pagemeter.testing import RecordedSnmp
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.patience import Patience

TARGET = Target(uri="host://10.0.0.7", found_by="static")
NAME = mib.SYS_NAME


class Failing(RecordedSnmp):
    """From the second call on this device fails."""

    def __init__(self, error: DeviceError) -> None:
        super().__init__({"10.0.0.7": load_device("kyocera-ecosys-p9045dn").walk})
        self.calls = 0
        self._error = error

    async def get(self, target: Target, oids: Sequence[Oid], *, within: float = 60.0) -> Walk:
        self.calls += 1
        if self.calls > 1:
            raise self._error
        return await super().get(target, oids, within=within)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Unreachable("host://10.0.0.7 did not answer"), "no answer"),
        (Unreadable("host://10.0.0.7 answers rubbish"), "host://10.0.0.7 answers rubbish"),
        (AccessDenied("the device refuses to be read"), "the device refuses to be read"),
    ],
)
async def test_a_question_that_fails_after_an_answer_costs_only_what_it_asked_for(error: DeviceError, why: str) -> None:
    snmp = Failing(error)
    patience = Patience(snmp, TARGET)
    assert NAME in await patience.get([NAME])
    assert (await patience.get([NAME])).missing == {NAME: why}


async def test_the_second_silence_ends_a_visit() -> None:
    snmp = Failing(Unreachable("host://10.0.0.7 did not answer"))
    patience = Patience(snmp, TARGET)
    for _ in range(5):
        walk = await patience.get([NAME])
    assert walk.missing == {NAME: "no answer"}
    assert snmp.calls == 3


async def test_the_first_question_and_the_fence_fail_the_visit() -> None:
    snmp = Failing(Forbidden("it is outside"))
    await snmp.get(TARGET, [NAME])
    with pytest.raises(Forbidden):
        await Patience(snmp, TARGET).get([NAME])
    snmp.calls = 0
    patience = Patience(snmp, TARGET)
    await patience.get([NAME])
    with pytest.raises(Forbidden):
        await patience.get([NAME])
