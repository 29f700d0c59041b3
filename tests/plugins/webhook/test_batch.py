from __future__ import annotations

import json
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, Literal

import jsonschema
import pytest

import pagemeter_plugins.webhook
from pagemeter import Batch, model
from pagemeter.model import Body, Document, Event, Facts
from pagemeter.wire import TYPES, from_json
from pagemeter_plugins.webhook.batch import signature, write_batch
from pagemeter_plugins.webhook.schema import batch_schema

BatchOf = Callable[..., Batch]
DocumentOf = Callable[..., Document]

PUBLISHED = json.loads((Path(pagemeter_plugins.webhook.__file__).parent / "batch-1.json").read_text("utf-8"))


def closed(schema: Any) -> Any:
    """The same schema where an object has the properties that are named and no others."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    new = {key: closed(part) for key, part in schema.items()}
    return {**new, "additionalProperties": False} if "properties" in schema else new


CLOSED = jsonschema.Draft202012Validator(closed(PUBLISHED))


def filled(hint: Any) -> Any:
    """A value with every field set."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Annotated, typing.Union, UnionType):
        return filled(arguments[0])
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        return tuple(filled(part) for part in arguments if part is not Ellipsis)
    if origin is frozenset:
        return frozenset(arguments[0])
    if is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint, include_extras=True)
        return hint(**{field.name: filled(hints[field.name]) for field in fields(hint)})
    simple = {
        str: "text", bool: True, int: 42, datetime: datetime(2026, 1, 31, tzinfo=UTC), timedelta: timedelta(1),
        Decimal: Decimal("0.5"),
    }  # fmt: skip
    return simple[hint] if hint in simple else next(iter(hint))


def test_the_published_schema_is_that_of_the_model() -> None:
    # To mend it: python -m pagemeter_plugins.webhook.schema > plugins/pagemeter_plugins/webhook/batch-1.json
    assert batch_schema() == PUBLISHED
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)


def test_a_batch_of_each_type_is_valid_and_comes_back_the_same(
    batch_of: BatchOf, document_of: DocumentOf, bodies: tuple[Body, ...]
) -> None:
    documents = [document_of(body, seq=number) for number, body in enumerate(bodies)]
    batch = json.loads(write_batch(batch_of(*documents)))
    CLOSED.validate(batch)
    assert (batch["v"], batch["batch"], batch["agent"]["site"]) == (1, "batch-1", "Head office")
    assert "test" not in batch
    assert [document["type"] for document in batch["documents"]] == list(TYPES.values())
    assert [from_json(Document, json.dumps(document)) for document in batch["documents"]] == documents


@pytest.mark.parametrize("hint", [*TYPES, *typing.get_args(Facts)], ids=lambda hint: hint.__name__)
def test_a_document_with_every_field_set_is_described_to_the_last(
    hint: type, batch_of: BatchOf, document_of: DocumentOf
) -> None:
    value = filled(hint)
    body = value if hint in TYPES else Event(device="d1", at=datetime(2026, 1, 31, tzinfo=UTC), facts=value)
    CLOSED.validate(json.loads(write_batch(batch_of(document_of(body)))))


def test_what_is_no_batch_is_refused_by_the_schema(
    batch_of: BatchOf, document_of: DocumentOf, bodies: tuple[Body, ...]
) -> None:
    def broken(change: Callable[[Any], object]) -> Any:
        batch = json.loads(write_batch(batch_of(document_of(bodies[0]))))
        change(batch)
        return batch

    validator = jsonschema.Draft202012Validator(PUBLISHED)
    for change in (
        lambda batch: batch.update(v=2),
        lambda batch: batch.pop("agent"),
        lambda batch: batch["documents"][0].update(type="job"),
        lambda batch: batch["documents"][0].update(at="yesterday"),
        lambda batch: batch["documents"][0]["key"].pop("seq"),
        lambda batch: batch["documents"][0]["body"]["meter_reads"][0].update(value="12345"),
        lambda batch: batch["documents"][0]["body"]["device"].update(serial_number=None),
    ):
        assert not validator.is_valid(broken(change))
    later = broken(lambda batch: batch["documents"][0]["body"].update(something_new=1))
    assert validator.is_valid(later)


def test_a_test_says_so_and_is_valid(batch_of: BatchOf) -> None:
    batch = json.loads(write_batch(batch_of(), test=True))
    CLOSED.validate(batch)
    assert (batch["test"], batch["documents"]) == (True, [])


def test_every_enumeration_of_the_schema_is_one_of_the_model() -> None:
    words = {name: set(part["enum"]) for name, part in PUBLISHED["$defs"].items() if "enum" in part}
    assert words
    for name, listed in words.items():
        enumeration = getattr(model, name)
        assert issubclass(enumeration, StrEnum)
        assert listed == {str(member) for member in enumeration}


def test_a_signature_is_that_of_the_time_and_the_body() -> None:
    # openssl: printf '1769860800.{}' | openssl dgst -sha256 -hmac 'sixteen letters!'
    assert signature("sixteen letters!", b"{}", datetime(2026, 1, 31, 12, tzinfo=UTC)) == (
        "t=1769860800,v1=3641f17055f915a11f5bd5c06ca158acc2ce3928a6d8090142c81aee8ad49c35"
    )  # fmt: skip
