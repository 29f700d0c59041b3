"""The rows of continuity in the store: kept, replaced, and given to the id that stays."""

from __future__ import annotations

from datetime import UTC, datetime

from pagemeter.continuity import AlertLife, Moved, Records, Series, SupplyLife
from pagemeter.store import Keep, Store

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def run(number: int, last: int, key: str = "total", ended_by: str | None = None) -> Series:
    return Series(key=key, number=number, began_at=AT, last_at=AT, first=1, last=last, ended_by=ended_by)


def supply(number: int, place: str = "1.1") -> SupplyLife:
    return SupplyLife(place=place, number=number, first_seen=AT, last_seen=AT, serial_number=f"S{number}")


def alert(key: str, cleared: bool) -> AlertLife:
    return AlertLife(key=key, raised_at=AT, cleared_at=AT if cleared else None)


async def test_a_row_replaces_the_one_of_its_number_and_the_history_the_one_before(store: Store) -> None:
    await store.keep(Keep(records={"d1": Records(history=b"one", series=(run(1, 5), run(2, 7)))}), at_once=True)
    await store.keep(Keep(records={"d1": Records(history=b"two", series=(run(2, 9),))}), at_once=True)
    assert store.lives(Series) == (("d1", run(1, 5)), ("d1", run(2, 9)))
    assert store.histories() == {"d1": b"two"}


async def test_the_rows_of_an_alias_go_behind_those_of_the_id_that_stays(store: Store) -> None:
    mine = Records(history=b"mine", series=(run(1, 5),), supplies=(supply(1), supply(2)), alerts=(alert("a", False),))
    theirs = Records(
        history=b"theirs",
        series=(run(1, 6, ended_by="reset"), run(2, 8), run(1, 3, "other")),
        supplies=(supply(1), supply(2), supply(1, "2.1")),
        alerts=(alert("a", False), alert("b", True), alert("c", False)),
    )
    await store.keep(Keep(records={"stays": mine, "alias": theirs}), at_once=True)
    joined = Records(
        history=b"joined",
        series=(run(3, 9),),
        moved=(Moved(alias="alias", key="total", by=1), Moved(alias="alias", key="other", by=0)),
    )
    await store.keep(Keep(aliases={"alias": "stays"}, records={"stays": joined}), at_once=True)
    assert (
        store.lives(Series, "alias")
        == store.lives(Series)
        == (
            ("stays", run(1, 3, "other")),
            ("stays", run(1, 5)),
            ("stays", run(2, 6, ended_by="reset")),
            ("stays", run(3, 9)),
        )
    )
    supplies = [(life.place, life.number, life.serial_number) for _, life in store.lives(SupplyLife)]
    assert supplies == [("1.1", 1, "S1"), ("1.1", 2, "S2"), ("1.1", 3, "S1"), ("1.1", 4, "S2"), ("2.1", 1, "S1")]
    assert [life.key for _, life in store.lives(AlertLife)] == ["a", "b", "c"]
    assert store.histories() == {"stays": b"joined"}
    assert {device for device, _ in store.lives(SupplyLife)} == {"stays"}
