"""YAML as it is read: few kinds of values, and where each stands."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagemeter.config.loader import MOST_DEPTH, Loaded, Placeholder, load, load_texts
from pagemeter.config.mistakes import error_of
from pagemeter.errors import ConfigError


def read(text: str) -> Loaded:
    return load(text, "a.yaml", {"!secret": lambda name: f"secret {name}"})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("15", 15),
        ("-3", -3),
        ("1.50", 1.5),
        ("-0.5", -0.5),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("NULL", "NULL"),
        ("012", "012"),
        ("+49", "+49"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        (".5", ".5"),
        ("5.", "5."),
        (".inf", ".inf"),
        ("12:30:45", "12:30:45"),
        ("2026-01-31", "2026-01-31"),
        ("1234567890123456789012", "1234567890123456789012"),
        ('"15"', "15"),
        ("'true'", "true"),
        ("2c", "2c"),
    ],
)
def test_only_plain_values_are_values_and_all_else_is_text(written: str, value: Any) -> None:
    read_value = read(f"key: {written}\n").value
    assert read_value == {"key": value}
    assert isinstance(read_value, dict)
    assert type(read_value["key"]) is type(value)


def test_every_key_and_item_knows_its_line() -> None:
    loaded = read("a:\n  b:\n    - 1\n    - c: 2\n      d: 3\n")
    lines = {path: mark.line for path, mark in loaded.marks.items()}
    assert lines == {(): 1, ("a",): 1, ("a", "b"): 2, ("a", "b", 0): 3, ("a", "b", 1): 4} | {
        ("a", "b", 1, "c"): 4,
        ("a", "b", 1, "d"): 5,
    }
    assert {mark.source for mark in loaded.marks.values()} == {"a.yaml"}


def test_keys_are_text_even_where_other_readers_see_true() -> None:
    assert read("on: [mon]\n1: x\n").value == {"on": ["mon"], "1": "x"}


def test_a_tag_becomes_a_placeholder_that_does_not_print_its_value() -> None:
    value = read("token: !secret head-office\n").value
    assert value == {"token": Placeholder(tag="!secret", name="head-office", value="secret head-office")}
    assert "secret head-office" not in repr(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3: a: this key appears twice, first in line 1; keep one of them"),
        (
            "a: &x 1\nb: 2\n",
            "a.yaml:1: a: anchors (&) are not taken; write the value out where it is needed",
        ),
        ("b: *x\n", "a.yaml:1: b: aliases (*) are not taken; write the value out"),
        ("a:\n  <<: {b: 1}\n", "a.yaml:2: a: merge keys (<<) are not taken; write the keys out"),
        (
            "a: !include other.yaml\n",
            "a.yaml:1: a: this tag is not known; known are: !secret (text that begins with ! needs quotes)",
        ),
        (
            "a: !secrets x\n",
            "a.yaml:1: a: this tag is not known; did you mean !secret? (text that begins with ! needs quotes)",
        ),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "a.yaml:1: a: this tag is not known; known are: !secret (text that begins with ! needs quotes)",
        ),
        ("a: !secret [x]\n", "a.yaml:1: a: !secret takes one name, such as !secret token"),
        ("? [x]\n: 1\n", "a.yaml:1: a key is plain text without tag, anchor or alias"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: a second document begins here; keep one, without `---` inside"),
    ],
)
def test_what_yaml_hides_is_refused_with_its_line(text: str, message: str) -> None:
    loaded = read(text)
    assert str(error_of(loaded.mistakes, loaded.marks)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n\tb: 2\n", "a.yaml:2: a tab can't indent YAML; use spaces"),
        ("a: b: c\n", "a.yaml:1: a colon stands where no key can; look at the indentation and the quotes"),
        ("a: 1\nword\nb: 2\n", "a.yaml:3: a key has no colon behind it; write `key: value`"),
        ("a: [1, 2\nb: 3\n", "a.yaml:2: a bracket or a comma is missing; [...] and {...} close in pairs"),
        ('a: "b\n', "a.yaml:2: a quote or a bracket is not closed until the end of the file"),
        ('a: "C:\\printers"\n', "a.yaml:1: a backslash in \"...\" begins an escape; use '...' or write it twice"),
        ("a: @b\n", "a.yaml:1: a value can't begin with this character; put it in quotes"),
        ("a: 1\nb: \x07\n", "a.yaml:2: this line holds a control character, which YAML does not allow; remove it"),
        ("a: 1\n  b: 2\n", "a.yaml:2: a colon stands where no key can; look at the indentation and the quotes"),
    ],
)
def test_broken_yaml_is_explained_in_our_words(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 5_000 + "x"])
def test_huge_nesting_ends_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value) == f"a.yaml:1: this is nested more than {MOST_DEPTH} deep; no setting is"


@given(st.text(alphabet="ab:-?[]{}&*!|>'\"%@#,\n \t\\0123.~<\x00\u2028é", max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(ConfigError):
        assert read(text).marks[()].source == "a.yaml"


def test_secrets_are_taken_as_they_are_written() -> None:
    text = "a: 012\nb: no\nc: ' x '\nd: 1.10\ne: |-\n  two\n  lines\n"
    assert load_texts(text, "secrets.yaml") == {"a": "012", "b": "no", "c": " x ", "d": "1.10", "e": "two\nlines"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {canary: 1}\n", "secrets.yaml:1: a: this should be text in one piece"),
        ("canary\n", "secrets.yaml:1: this should be a list of `name: text`"),
        ("a: x\nb: !canary\n", "secrets.yaml:2: b: this tag is not known; known are: none (text that begins with ! "),
        ("a: x\nb: *canary\n", "secrets.yaml:2: b: aliases (*) are not taken; write the value out"),
        ("a: x\nb: @canary\n", "secrets.yaml:2: a value can't begin with this character; put it in quotes"),
        ('a: x\nb: "canary\n', "secrets.yaml:3: a quote or a bracket is not closed until the end of the file"),
    ],
)
def test_a_broken_file_of_secrets_quotes_none(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_texts(text, "secrets.yaml")
    assert str(caught.value).startswith(message)
    assert "canary" not in str(caught.value)
