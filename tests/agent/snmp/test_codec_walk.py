"""Walks: in the order of their identifiers, whatever order the rows came in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pagemeter.snmp.types import Oid, Tag, VarBind, Walk

# Few arcs of small numbers, so that rows meet below the same roots and some come twice.
few = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple)
rows = st.lists(st.builds(VarBind, oid=few, tag=st.just(Tag.INTEGER), value=st.integers() | st.none()), max_size=30)


@given(rows)
def test_a_walk_is_in_order_and_the_last_of_two_rows_with_one_name_stays(given_rows: list[VarBind]) -> None:
    last = {row.oid: row for row in given_rows}
    assert list(Walk(given_rows)) == [last[name] for name in sorted(last)]


@given(rows, few | st.just(()))
def test_a_column_is_all_that_lies_strictly_below_its_root(given_rows: list[VarBind], root: Oid) -> None:
    walk = Walk(given_rows)
    below = {row.oid[len(root) :]: row for row in walk if row.oid[: len(root)] == root and row.oid != root}
    assert walk.column(root) == below
    assert list(walk.column(root)) == sorted(below)


@given(rows, rows)
def test_of_two_joined_walks_the_rows_of_the_other_win(ours: list[VarBind], theirs: list[VarBind]) -> None:
    whole = Walk(ours, {(1,): "no answer"}).joined(Walk(theirs, {(2,): "a loop"}))
    assert list(whole) == list(Walk([*ours, *theirs]))
    assert whole.missing == {(1,): "no answer", (2,): "a loop"}
