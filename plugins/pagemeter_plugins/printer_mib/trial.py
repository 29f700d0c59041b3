"""What profiles read of a recording: for ``pagemeter profile check --against`` and the tests of drafts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pagemeter.component import NotAPrinter
from pagemeter.errors import PluginError
from pagemeter.model import Reading
from pagemeter.snmp.recording import RecordingError, read_recording
from pagemeter.text import escaped
from pagemeter.wire import to_json
from pagemeter_plugins.printer_mib.evidence import printers_of
from pagemeter_plugins.printer_mib.identity import Person
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profile import Profile

# A recording says nothing of when it was made; times in what is read of it mean nothing.
UNTIMED = datetime(2000, 1, 1, tzinfo=UTC)


def tried(recording: Path, profiles: Sequence[Profile]) -> dict[str, Any]:
    """Read a recording with the profiles; raises PluginError where it is none or can't be read."""
    try:
        walk = read_recording(recording)
    except RecordingError as error:
        raise PluginError(str(error)) from error
    except OSError as error:
        raise PluginError(f"{recording} can't be read: {error.strerror}") from error
    found = parse_printer_mib(walk, SCOPES, UNTIMED, profiles)
    if isinstance(found, NotAPrinter):
        return {"recording": recording.name, "not_a_printer": found.what}
    printers = printers_of(walk)
    alone = len(printers) == 1
    used = [one.name for one in Person(walk, printers[0], alone=alone, profiles=profiles).profiles]
    return {"recording": recording.name, "profiles": used, "printers": [plain(reading) for reading in found]}


def plain(reading: Reading) -> dict[str, Any]:
    """Write a reading as the wire does."""
    value: dict[str, Any] = json.loads(to_json(reading))
    return value


def told(trial: dict[str, Any]) -> str:
    """Say in lines what was read."""
    if "not_a_printer" in trial:
        return escaped(f"{trial['recording']}: no printer: {trial['not_a_printer']}")
    lines = [f"{trial['recording']}: profiles {', '.join(trial['profiles']) or 'none fits'}"]
    for printer in trial["printers"]:
        who = printer.get("identity", {})
        lines += [f"  {name}: {who[name]}" for name in ("manufacturer", "model", "serial_number") if name in who]
        for read in printer.get("meter_reads", ()):
            doubt = " (unverified)" if read["quality"] == "unverified" else ""
            words = f"{read['work']}.{read['color']}.{read['media']}.{read['sides']}.{read['unit']}"
            lines.append(f"  {words}: {read['value']}{doubt}, {read['origin']['where']}")
        lines += [f"  not known: {gap['what']}: {gap['why']}" for gap in printer.get("unknown", ())]
    return "\n".join(escaped(line) for line in lines)
