"""What is written can be read back, whatever a plugin puts into the fields of a document."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pagemeter import wire
from pagemeter.model import Amount, Body, Cost, Device, DeviceSnapshot, JobRecord, Queue

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)

WRONG: list[Any] = [
    None, True, False, 0, 3, -1, 1.5, float("nan"), float("inf"), "", "x", "null", b"x", (), ("x",), (None,),
    ((None, 3),), (("A4", True),), (("A4",),), (("A4", 3, 4),), [], ["x"], {}, frozenset(), AT, AT.replace(tzinfo=None),
    date(2026, 3, 2), timedelta(seconds=3), Decimal("1.5"), Decimal("NaN"), Cost(amount=Decimal(1)), Amount(), "\ud800",
]  # fmt: skip

WHOLE = JobRecord(
    id="1", completed_at=AT, ordered=Amount(impressions=3, media=(("A4", 3),)), cost=Cost(amount=Decimal("0.1"))
)
SNAPSHOT = DeviceSnapshot(device=Device(id="1"), target="host://10.0.0.7", taken_at=AT)


def spoiled() -> list[tuple[str, Body]]:
    """Documents with one wrong value each, in a field of their own or of what they hold."""
    found: list[tuple[str, Body]] = []
    for number, value in enumerate(WRONG):
        for body in (WHOLE, Queue(name="q", at=AT), SNAPSHOT):
            name = type(body).__name__
            found += [(f"{name}.{f.name}-{number}", replace(body, **{f.name: value})) for f in fields(body)]
        for inner in fields(Amount):
            amount = replace(Amount(impressions=3), **{inner.name: value})
            found.append((f"Amount.{inner.name}-{number}", replace(WHOLE, ordered=amount)))
        for inner in fields(Cost):
            cost = replace(Cost(amount=Decimal(1)), **{inner.name: value})
            found.append((f"Cost.{inner.name}-{number}", replace(WHOLE, cost=cost)))
    return found


def test_a_document_with_a_wrong_value_is_refused_or_can_be_read_back() -> None:
    refused = 0
    for name, body in spoiled():
        try:
            data = wire.body_to_json(body)
        except wire.WireError:
            refused += 1
            continue
        try:
            again = wire.body_from_json(data)
        except wire.WireError as error:
            pytest.fail(f"{name} was written and can't be read: {error}")
        assert wire.body_to_json(again) == data, name
    assert refused > 500
