"""What profiles tell of a device's state: the panel's text, and makers' status codes made into alerts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pagemeter.iana_printer_mib import ALERT_CODE
from pagemeter.model import Alert, Origin, Unknown
from pagemeter.snmp.types import Walk, dotted
from pagemeter_plugins.printer_mib.decode import Decode
from pagemeter_plugins.printer_mib.localization import console_charset
from pagemeter_plugins.printer_mib.places import Place
from pagemeter_plugins.printer_mib.profile import Profile, StatusCode, StatusRule, TextRule
from pagemeter_plugins.printer_mib.rules import origin_of, text_at, text_of

_SHOWN = 40


def vendor_panel(walk: Walk, index: int, profiles: Sequence[Profile]) -> tuple[tuple[str, ...], Origin | None]:
    """Read what the display shows, a line for each rule that finds one, and where the first stands."""
    charset = console_charset(walk, index)
    rules: dict[Place, TextRule] = {}
    for rule in (rule for profile in profiles for rule in profile.panel):
        rules.setdefault(rule.oid, rule)
    found = [(line, rule) for rule in rules.values() if (line := text_of(walk, rule, charset=charset))]
    if not found:
        return (), None
    _, first = found[0]
    return tuple(line for line, _ in found), origin_of(first.oid.oid, unverified=first.unverified)


def vendor_alerts(
    walk: Walk, profiles: Sequence[Profile], told: Sequence[Alert]
) -> tuple[tuple[Alert, ...], tuple[Unknown, ...]]:
    """Make alerts of status codes, and name the values that no list has.

    What the Printer MIB's own alerts tell by the same registered code is not told again.
    """
    known: set[int | None] = {alert.code for alert in told} - {None}
    alerts, unknown = [], []
    for lists in _lists(profiles):
        first, rule = lists[0]
        if (value := text_at(walk, rule.oid.oid, rule.decode)) is None:
            continue
        rule, meaning = next(((one, one.codes[value]) for _, one in lists if value in one.codes), (rule, None))
        if meaning is None:
            why = f"{value[:_SHOWN]} is not in the list of profile {first.name}"
            unknown.append(Unknown(what="status_code", why=why))
        elif meaning.severity is not None and meaning.code not in known:
            alerts.append(_alert(rule, value, meaning))
            known |= {meaning.code} - {None}
    return tuple(alerts), tuple(unknown)


def _lists(profiles: Sequence[Profile]) -> Iterable[list[tuple[Profile, StatusRule]]]:
    """Put the lists together that read the same; they are asked in the order of the profiles."""
    found: dict[tuple[Place, Decode | None], list[tuple[Profile, StatusRule]]] = {}
    for profile in profiles:
        for rule in profile.status:
            found.setdefault((rule.oid, rule.decode), []).append((profile, rule))
    return found.values()


def _alert(rule: StatusRule, value: str, meaning: StatusCode) -> Alert:
    return Alert(
        key=f"status:{dotted(rule.oid.oid)}:{value[:_SHOWN]}",
        severity=meaning.severity,
        training=meaning.training,
        group=meaning.group,
        code=meaning.code,
        code_name=ALERT_CODE.get(meaning.code or 0),
        description=meaning.description,
        origin=origin_of(rule.oid.oid, unverified=rule.unverified),
    )
