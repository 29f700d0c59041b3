from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pagemeter_plugins.https_xml
from pagemeter import Batch
from pagemeter.model import Document, Event, Facts, FleetEntry, JobRecord, Private, Queue
from pagemeter_plugins.https_xml.report import FIELDS, NAMESPACE, PAIRS, SINGULAR, write_report

XSD = Path(pagemeter_plugins.https_xml.__file__).parent / "report-1.xsd"
XS = "{http://www.w3.org/2001/XMLSchema}"
REPORT = {"": NAMESPACE}

Complaints = Callable[[bytes], str]
BatchOf = Callable[..., Batch]
DocumentOf = Callable[..., Document]
NOW = datetime(2026, 1, 31, tzinfo=UTC)


def parsed(report: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(report)  # noqa: S314 - we wrote it


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Whatever the model lets a field hold, the worst text included."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Annotated, typing.Union, types.UnionType):
        return st.one_of(*(anything(part) for part in arguments if not isinstance(part, Private)))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(anything(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(anything(part) for part in arguments))
    if origin is frozenset:
        return st.frozensets(anything(arguments[0]))
    if is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint, include_extras=True)
        return st.builds(hint, **{field.name: anything(hints[field.name]) for field in fields(hint)})
    return SIMPLE[hint] if hint in SIMPLE else st.sampled_from(arguments if origin is Literal else hint)


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    str: st.text(st.characters(exclude_categories=()), max_size=12),
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**64 - 1),
    datetime: st.datetimes(timezones=st.just(UTC)),
    timedelta: st.timedeltas(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9),
}


def filled(hint: Any, path: str) -> Any:
    """A value with every field set, each text being the way that leads to it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Annotated, typing.Union, types.UnionType):
        return filled(arguments[0], path)
    if origin is tuple:
        return tuple(filled(part, f"{path}.{number}") for number, part in enumerate(arguments) if part is not Ellipsis)
    if origin is frozenset:
        return frozenset(arguments[0])
    if is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint, include_extras=True)
        return hint(**{field.name: filled(hints[field.name], f"{path}.{field.name}") for field in fields(hint)})
    simple = {str: path, bool: True, int: 42, datetime: datetime(2026, 1, 31, tzinfo=UTC), timedelta: timedelta(1),
              Decimal: Decimal("0.5")}  # fmt: skip
    if origin is Literal:
        return arguments[0]
    return simple[hint] if hint in simple else next(iter(hint))


def texts(value: Any) -> Iterator[str]:
    if is_dataclass(value):
        for field in fields(value):
            yield from texts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str) and not isinstance(value, StrEnum):
        yield value


def enums_of(hint: Any, seen: set[Any]) -> Iterator[type[StrEnum]]:
    """Every enumeration that can be reached from a type of the model."""
    if hint in seen or not isinstance(hint, type):
        for part in typing.get_args(hint):
            yield from enums_of(part, seen)
        return
    seen.add(hint)
    if issubclass(hint, StrEnum):
        yield hint
    if is_dataclass(hint):
        for part in typing.get_type_hints(hint, include_extras=True).values():
            yield from enums_of(part, seen)


@pytest.mark.peer
def test_a_report_with_every_field_set_is_valid_and_leaves_nothing_out(
    batch_of: BatchOf, document_of: DocumentOf, complaints: Complaints
) -> None:
    entry = filled(FleetEntry, "entry")
    bodies = [filled(kind, kind.__name__) for kind in (JobRecord, Queue, *typing.get_args(Facts))]
    events = [body if isinstance(body, JobRecord | Queue) else Event(device="d", at=NOW, facts=body) for body in bodies]
    documents = [document_of(body, seq=number) for number, body in enumerate([*events, entry.latest])]
    report = write_report(batch_of(entry, documents=documents))
    assert complaints(report) == ""
    said = {element.text for element in parsed(report).iter()}
    assert set(texts((entry, *bodies))) - said == set()


@pytest.mark.parametrize("enum", sorted(set(enums_of(FleetEntry, set())), key=str))
def test_the_schema_lists_each_word_of_the_model(enum: type[StrEnum]) -> None:
    lists = [
        {value.get("value") for value in simple.iter(f"{XS}enumeration")}
        for simple in parsed(XSD.read_bytes()).iter(f"{XS}simpleType")
    ]
    assert {member.value for member in enum} in lists


@pytest.mark.peer
@given(entries=st.lists(anything(FleetEntry), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_model_can_hold_is_a_valid_report(
    batch_of: BatchOf, complaints: Complaints, entries: list[FleetEntry]
) -> None:
    assert complaints(write_report(batch_of(*entries))) == ""


@pytest.mark.peer
@given(bodies=st.lists(anything(JobRecord | Queue | Event), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_job_a_queue_and_an_event_can_hold_is_a_valid_report(
    batch_of: BatchOf, document_of: DocumentOf, complaints: Complaints, bodies: list[Any]
) -> None:
    documents = [document_of(body, seq=number) for number, body in enumerate(bodies)]
    assert complaints(write_report(batch_of(documents=documents))) == ""


def test_the_schema_is_closed() -> None:
    tree = parsed(XSD.read_bytes())
    used = {element.tag.removeprefix(XS) for element in tree.iter()}
    assert used <= {
        "schema", "annotation", "documentation", "element", "complexType", "simpleType", "sequence", "restriction",
        "enumeration", "minInclusive", "maxInclusive", "attribute",
    }  # fmt: skip
    assert [attribute.get("name") for attribute in tree.iter(f"{XS}attribute")] == ["test"]
    assert all(element.get("type") for element in tree.iter(f"{XS}element"))
    assert not [element for element in tree.iter() if element.get("mixed") or "any" in (element.get("type") or "")]


def test_the_schema_has_the_elements_of_the_writer_in_its_order() -> None:
    sequences = {
        kind.get("name"): " ".join(element.get("name") or "" for element in kind.iter(f"{XS}element"))
        for kind in parsed(XSD.read_bytes()).iter(f"{XS}complexType")
    }
    for written in FIELDS.values():
        assert any(sequence.endswith(written) or written in sequence for sequence in sequences.values())
    assert {name: sequences[name] for name in SINGULAR} == SINGULAR
    assert {name: sequences[name] for name in PAIRS} == {name: " ".join(pair) for name, pair in PAIRS.items()}
