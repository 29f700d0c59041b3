"""What can be set, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pagemeter_plugins.pcounter.settings import PcounterSettings

GUS = {"name": "gus", "path": "gus.log"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "nothing is followed; name path or logs"),
        ({"logs": [GUS, GUS]}, "two logs are named gus"),
        ({"path": "x", "server": "gus", "logs": [GUS]}, "two logs are named gus"),
        ({"path": "x", "fields": ["user", "colour"]}, "colour is no field"),
        ({"path": "x", "fields": ["user", "user"]}, "user is there twice"),
        ({"path": "x", "fields": ["user", "date"]}, "date needs time"),
        ({"path": "x", "encoding": "cp9999"}, "no such encoding"),
        ({"path": "x", "timezone": "Vienna"}, "no such time zone"),
        ({"path": "x", "dates": "ymd"}, "'auto', 'mdy' or 'dmy'"),
        ({"path": "x", "server": "a/b"}, "pattern"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PcounterSettings(**settings)


def test_a_log_takes_what_it_does_not_say_from_above() -> None:
    settings = PcounterSettings(currency="EUR", dates="dmy", logs=({**GUS, "dates": "mdy"},))  # type: ignore[arg-type]
    (log,) = settings.every_log
    assert (log.currency, log.dates, log.encoding) == ("EUR", "mdy", "auto")
