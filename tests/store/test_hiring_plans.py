"""Approved hiring plans on SQLite and PostgreSQL: numbers, who and when, nothing changed, bad input."""

from datetime import date, datetime

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from salesops_nb.errors import SalesopsError
from salesops_nb.store.hiring_plans import SEATS, approve_hiring, approved_hiring

WHEN = datetime(2017, 12, 20, 9, 30)  # noqa: DTZ001 — the company's own clock


def rows(*more: tuple) -> pd.DataFrame:
    listed = [(date(2018, 1, 1), date(2018, 2, 25), "rep", "North", 2), *more]
    return pd.DataFrame(listed, columns=list(SEATS))


def approve(store, hires=None, **changes):
    options = {"replace_leavers": False, "approved_by": "Grace", "approved_at": WHEN, **changes}
    return approve_hiring(store, rows() if hires is None else hires, **options)


def test_what_is_approved_is_read_back(store):
    assert approved_hiring(store) is None
    assert approve(store, rows((date(2018, 5, 1), date(2018, 6, 25), "rep", None, 1)), reason="Board") == 1
    back = approved_hiring(store)
    assert (back.plan_id, back.approved_by, back.approved_at) == (1, "Grace", "2017-12-20T09:30:00")
    assert (back.reason, back.replace_leavers, back.count) == ("Board", False, 3)
    assert back.hires.to_dict("records") == [
        {"open_on": date(2018, 1, 1), "starts_on": date(2018, 2, 25), "role": "rep", "territory": "North",
         "hires": 2},
        {"open_on": date(2018, 5, 1), "starts_on": date(2018, 6, 25), "role": "rep", "territory": "",
         "hires": 1},
    ]  # fmt: skip


def test_the_last_is_in_force_and_the_earlier_ones_stay(store):
    assert approve(store, stated={"attrition": 0.03, "productivity": None}) == 1
    assert approve(store, stated={"attrition": 0.03}) == 1  # the same again
    assert approve(store, stated={"attrition": 0.03}, approved_by="Barbara") == 2
    assert approve(store, pd.DataFrame(columns=list(SEATS)), replace_leavers=True) == 3
    assert (approved_hiring(store).plan_id, approved_hiring(store).count) == (3, 0)
    assert approved_hiring(store, 1).stated == {"attrition": 0.03}
    assert approved_hiring(store, 9) is None


@pytest.mark.parametrize("table", ["hiring_plans", "hiring_plan_rows"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET plan_id = 9"])
def test_the_database_refuses_to_change_a_row(store, table, statement):
    approve(store)
    with pytest.raises(DatabaseError, match="append-only"), store.begin() as connection:
        connection.execute(text(statement.format(table)))
    assert approved_hiring(store).count == 2


@pytest.mark.parametrize(
    ("hires", "changes", "words"),
    [
        (None, {"approved_by": " "}, "approved by ' ', which is nobody"),
        (None, {"approved_at": "today"}, "today"),
        (rows().drop(columns="starts_on"), {}, "lacks starts_on"),
        (rows().assign(hires=0), {}, "hires '0'"),
        (rows().assign(hires=1.5), {}, "hires '1.5'"),
        (rows().assign(role=" "), {}, "Row 1 of the hiring plan"),
        (rows().assign(starts_on=date(2017, 12, 1)), {}, "starts on 2017-12-01"),
        (rows().assign(open_on="soon"), {}, "says 'soon', which is no day"),
    ],
)
def test_bad_plans_are_refused(store, hires, changes, words):
    with pytest.raises(SalesopsError, match=words):
        approve(store, hires, **changes)
    assert approved_hiring(store) is None
