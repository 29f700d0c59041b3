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
from pagemeter.snmp.types import dotted
from pagemeter.text import escaped
from pagemeter.wire import to_json
from pagemeter_plugins.printer_mib import mib
from pagemeter_plugins.printer_mib.evidence import printers_of
from pagemeter_plugins.printer_mib.identity import Person
from pagemeter_plugins.printer_mib.objects import objects_of
from pagemeter_plugins.printer_mib.printer_mib import SCOPES, parse_printer_mib
from pagemeter_plugins.printer_mib.profile import Profile

# A recording says nothing of when it was made; times in what is read of it mean nothing.
UNTIMED = datetime(2000, 1, 1, tzinfo=UTC)


def tried(recording: Path, profiles: Sequence[Profile], checked: Sequence[Profile] = ()) -> dict[str, Any]:
    """Read a recording with the profiles; raises PluginError where it is none or can't be read.

    Of those that are ``checked`` it is told which are not for the device, and what of them the recording has not.
    """
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
    read = {"recording": recording.name, "profiles": used, "printers": [plain(reading) for reading in found]}
    strange = [one.name for one in checked if one.match is not None and one.name not in used]
    fitting = [one for one in checked if one.name in used]
    absent = objects_of(fitting, SCOPES)
    gaps = [dotted(place) for place in absent.instances if place not in walk]
    gaps += [f"{dotted(place)}.*" for place in absent.columns if not walk.column(place)]
    sys_object_id = walk.oid(mib.SYS_OBJECT_ID)
    return {
        **read,
        **({"does_not_fit": strange, "sys_object_id": dotted(sys_object_id or ())} if strange else {}),
        **({"not_answered": gaps} if gaps else {}),
    }


def plain(reading: Reading) -> dict[str, Any]:
    """Write a reading as the wire does."""
    value: dict[str, Any] = json.loads(to_json(reading))
    return value


def told(trial: dict[str, Any]) -> str:
    """Say in lines what was read."""
    if "not_a_printer" in trial:
        return escaped(f"{trial['recording']}: no printer: {trial['not_a_printer']}")
    lines = [f"{trial['recording']}: profiles {', '.join(trial['profiles']) or 'none fits'}"]
    tree = trial.get("sys_object_id") or "absent"
    lines += [
        f"  {name} is not for this device: sysObjectID is {tree}; see its match"
        for name in trial.get("does_not_fit", ())
    ]
    lines += [f"  not in the recording: {place}; is it written right?" for place in trial.get("not_answered", ())]
    for printer in trial["printers"]:
        who = printer.get("identity", {})
        lines += [f"  {name}: {who[name]}" for name in ("manufacturer", "model", "serial_number") if name in who]
        lines += [f"  {_key(read)}: {_said(read, 'value')}" for read in printer.get("meter_reads", ())]
        lines += [f"  supply {one['index']}{_told_of(one, printer)}" for one in printer.get("supplies", ())]
        lines += [
            f"  alert: {one.get('description', one['key'])} ({one.get('severity', 'no severity')})"
            for one in printer.get("alerts", ())
        ]
        lines += [f"  not known: {gap['what']}: {gap['why']}" for gap in printer.get("unknown", ())]
    return "\n".join(escaped(line) for line in lines)


def summary(profile: Profile) -> str:
    """Say in a line what a profile without a mistake has."""
    base = "; only a base for others, for it has no match" if profile.match is None else ""
    meters, supplies = len(profile.meters), len(profile.supplies)
    counted = f"{meters} meter{'s' * (meters != 1)}, {supplies} rule{'s' * (supplies != 1)} for supplies"
    return f"{profile.name}: {counted}; no mistake{base}"


def _key(read: dict[str, Any]) -> str:
    """Write a meter's key as ``MeterRead.key`` does."""
    key = ".".join(str(read[name]) for name in ("work", "color", "media", "sides", "unit"))
    key += f"@{read['engine']}" if "engine" in read else ""
    key += f"+{read['since']}" if read.get("since", "life") != "life" else ""
    return key + (f"#{read['code']}" if "code" in read else "")


def _said(read: dict[str, Any], value: str) -> str:
    doubt = read["origin"].get("doubt")
    return f"{read[value]}{f' ({doubt})' if doubt else ''}, {read['origin']['where']}"


_TOLD_OF_SUPPLIES = ("serial_number", "part_number", "installed_at", "pages_left", "coverage")


def _told_of(supply: dict[str, Any], printer: dict[str, Any]) -> str:
    """Say of a supply what profiles add, and where that was read."""
    level = supply.get("level", {})
    percent = f"{level['percent']} %" if "percent" in level else level.get("state", "no level")
    told = [f" {supply.get('description', supply.get('type', ''))}: {percent}"]
    for name in (name for name in _TOLD_OF_SUPPLIES if name in supply):
        origin = dict(printer.get("origins", ())).get(f"supplies.{supply['index']}.{name}", {})
        doubt = f" ({origin['doubt']})" if "doubt" in origin else ""
        told.append(f"{name} {supply[name]}{doubt}")
    return ", ".join(told)
