"""A known printer of the recordings is read again: every part is what reading all of it anew would tell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pagemeter.component import Answer, Ask
from pagemeter.model import Target
from pagemeter.snmp.recording import read_recording
from pagemeter.testing import FakeServices, RecordedSnmp
from pagemeter_plugins.printer_mib.printer_mib import SCOPES
from pagemeter_plugins.printer_mib.reader import PrinterMibReader
from pagemeter_plugins.printer_mib.settings import PrinterMibSettings

pytestmark = pytest.mark.walks

WALKS = Path(__file__).resolve().parents[2] / "../shared/walks"
INDEX = json.loads((WALKS / "index.json").read_text(encoding="utf-8")) if (WALKS / "index.json").is_file() else None
PRINTERS: list[dict[str, Any]] = INDEX["printers"] if INDEX else []
HOST = "10.0.0.7"
TARGET = Target(uri=f"host://{HOST}", found_by="test")
SOME = [frozenset({scope}) for scope in sorted(SCOPES)]


def test_the_recordings_of_printers_are_there() -> None:
    if INDEX is None and not os.environ.get("CI"):
        pytest.skip("../shared/walks is not on this machine")
    assert len(PRINTERS) == 46


@pytest.mark.parametrize("entry", PRINTERS, ids=lambda entry: entry["file"])
async def test_a_warm_visit_tells_what_a_cold_one_does(entry: dict[str, Any]) -> None:
    snmp = RecordedSnmp({HOST: read_recording(WALKS / entry["file"])})
    reader = PrinterMibReader(PrinterMibSettings(), FakeServices(snmp=snmp))
    # All scopes, and one alone: another one for each recording, so that each has its turn on ten of them.
    for scopes in (SCOPES, SOME[PRINTERS.index(entry) % len(SOME)]):
        cold = await reader.read(TARGET, Ask(scopes=scopes))
        assert isinstance(cold, Answer)
        assert cold.memory is not None
        memory = json.loads(json.dumps(dict(cold.memory)))
        snmp.asked.clear()
        warm = await reader.read(TARGET, Ask(scopes=scopes, memory=memory))
        assert isinstance(warm, Answer)
        assert warm.readings == cold.readings
        assert warm.memory is None
        assert "walk" not in {call for call, _, _ in snmp.asked}
