"""Errands keep their promises on SQLite and on PostgreSQL alike."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from app.storage.errands import Errand
from app.storage.exchange import errand
from app.storage.store import Store


def overdue(store: Store) -> None:
    """As if the time of whoever has them were over."""
    with store.engine.begin() as connection:
        connection.execute(update(errand).values(due_at=errand.c.due_at - 1_000))


def taken(store: Store) -> Errand:
    found = store.errands.take("ehr")
    assert found is not None
    return found


def test_errand_is_one_s_at_a_time_until_it_is_done(kept: Store) -> None:
    kept.errands.wish("ehr", ["read DiagnosticReport/1"])
    mine = taken(kept)
    assert (mine.what, mine.attempts) == ("read DiagnosticReport/1", 1)
    assert kept.errands.take("ehr") is None
    assert kept.errands.take("other") is None
    kept.errands.done(mine)
    assert kept.errands.waiting("ehr") == 0


def test_errand_of_one_that_died_is_taken_again(kept: Store) -> None:
    kept.errands.wish("ehr", ["search"])
    taken(kept)
    overdue(kept)
    assert taken(kept).attempts == 2


def test_wish_meanwhile_is_not_undone(kept: Store) -> None:
    kept.errands.wish("ehr", ["search"])
    mine = taken(kept)
    kept.errands.wish("ehr", ["search"], if_new=True)
    assert kept.errands.take("ehr") is None
    kept.errands.wish("ehr", ["search"])
    kept.errands.done(mine)
    kept.errands.again(mine, 3_600)
    assert taken(kept).what == "search"


def test_failed_errand_rests(kept: Store) -> None:
    kept.errands.wish("ehr", ["search"])
    kept.errands.again(taken(kept), 3_600, "no_answer")
    assert kept.errands.take("ehr") is None
    assert kept.errands.waiting("ehr") == 1


def test_errand_that_comes_back_counts_its_attempts_anew(kept: Store) -> None:
    kept.errands.wish("ehr", ["search"])
    kept.errands.again(taken(kept), 0)
    assert taken(kept).attempts == 1


def test_stale_hands_change_nothing(kept: Store) -> None:
    kept.errands.wish("ehr", ["search"])
    mine = taken(kept)
    kept.errands.done(replace(mine, until=mine.until - 1))
    assert kept.errands.waiting("ehr") == 1


@pytest.mark.parametrize(
    ("last", "total", "seen", "missed"),
    [
        (0, 0, [], []),
        (0, 1, [1], []),
        (0, 3, [3], [(1, 2)]),
        (4, 4, [4], []),
        (4, 9, [6, 8], [(5, 5), (7, 7), (9, 9)]),
        (4, 9, [9, 5, 5], [(6, 8)]),
        (4, 3, [2, 3], []),
        (4, 9, [], [(5, 9)]),
        (4, 6, [5, 6, 7], []),
    ],
)
def test_gaps_of_a_subscription(
    kept: Store, last: int, total: int, seen: list[int], missed: list[tuple[int, int]]
) -> None:
    kept.errands.move("fhir ehr Subscription/1", str(last))
    assert kept.errands.missed("fhir ehr Subscription/1", total, seen, anew=False) == missed
    kept.errands.settle("ehr", ["search"], "fhir ehr Subscription/1", total, anew=False)
    assert kept.errands.position("fhir ehr Subscription/1") == str(max(last, total))
    assert taken(kept).what == "search"


def test_subscription_that_begins_again_counts_from_there(kept: Store) -> None:
    kept.errands.move("s", "500")
    assert kept.errands.missed("s", 0, [], anew=True) == []
    kept.errands.settle("ehr", [], "s", 0, anew=True)
    assert kept.errands.missed("s", 2, [2], anew=False) == [(1, 1)]
