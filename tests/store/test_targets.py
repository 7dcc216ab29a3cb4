"""Approved targets on SQLite and PostgreSQL: versions, who and when, nothing changed, bad input."""

from datetime import date, datetime
from decimal import Decimal

import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.store.targets import approve_targets, approved_targets, target_approvals
from salesops_nb.targets import prepare, set_targets

WHEN = datetime(2018, 1, 3, 9, 30)  # noqa: DTZ001 — the company's own clock
COLUMNS = ["level", "who", "metric", "period", "value"]


def frame(ada="60.10", bo="39.90", company="100.00", period="2018"):
    rows = [
        ("company", "company", "bookings", period, Decimal(company)),
        ("rep", "Ada", "bookings", period, Decimal(ada)),
        ("rep", "Bo", "bookings", period, Decimal(bo)),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def approve(store, targets=None, **changes):
    options = {"year": "2018", "currency": "USD", "approved_by": "Grace", "approved_at": WHEN, **changes}
    return approve_targets(store, frame() if targets is None else targets, **options)


def test_what_is_approved_is_read_back(store):
    assert approve(store, reason="Board of 3 January", parameters={"growth": Decimal("0.1")}) == 1
    back = approved_targets(store)
    pd.testing.assert_frame_equal(back[COLUMNS], frame(), check_dtype=False)
    assert all(isinstance(value, Decimal) for value in back["value"])
    (head,) = target_approvals(store).to_dict("records")
    assert (head["approved_by"], head["approved_at"]) == ("Grace", "2018-01-03T09:30:00")
    assert (head["reason"], head["parameters"]) == ("Board of 3 January", '{"growth": "0.1"}')


def test_a_change_is_a_new_version_and_the_old_one_stays(store):
    approve(store)
    assert approve(store, frame("70.00", "30.00")) == 2
    assert approve(store, frame(period="2019"), year="2019") == 1
    now = approved_targets(store)
    assert now.query("who == 'Ada' and year == '2018'")["value"].item() == 70
    assert set(now["year"]) == {"2018", "2019"}
    before = approved_targets(store, "2018", version=1)
    assert before.query("who == 'Ada'")["value"].item() == Decimal("60.10")
    assert target_approvals(store, "2018")["version"].tolist() == [1, 2]


def test_approving_the_same_twice_changes_nothing(store):
    assert approve(store) == 1
    assert approve(store, frame().sample(frac=1, random_state=0)) == 1
    assert approve(store, approved_by="Barbara") == 2  # another person's word is another approval
    assert len(target_approvals(store)) == 2


@pytest.mark.parametrize("table", ["approved_targets", "target_approvals"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET version = 9"])
def test_the_database_refuses_to_change_a_row(store, table, statement):
    approve(store)
    with pytest.raises(DatabaseError, match="append-only"), store.begin() as connection:
        connection.execute(text(statement.format(table)))
    assert len(approved_targets(store)) == 3


def test_nothing_approved_is_an_empty_table(store):
    assert approved_targets(store).empty
    assert list(approved_targets(store).columns[:5]) == COLUMNS
    assert target_approvals(store).empty


def test_a_plan_goes_in_and_comes_out_whole(store):
    deals = pd.DataFrame(
        [
            (who, "won", Decimal(1000), date(2017, m, 1), date(2017, m, 28))
            for who in ("Ada", "Bo", "Cy")
            for m in range(1, 13)
        ]
        + [("Ada", "won", Decimal("0.55"), date(2017, 1, 1), date(2017, 1, 1))],
        columns=["owner_id", "outcome", "amount", "created_on", "closed_on"],
    )
    people = pd.DataFrame(
        {"person_id": ["Ada", "Bo", "Cy"], "name": ["Ada", "Bo", "Cy"], "role": ["rep"] * 3}
    )
    basis = prepare({"deals": deals, "people": people}, FiscalCalendar(), 2018)
    plan = set_targets(basis, company_target="40000.55", over_assignment="1.1")
    approve(store, plan.targets)
    back = approved_targets(store, "2018").set_index(COLUMNS[:4])["value"]
    assert back.to_dict() == plan.targets.set_index(COLUMNS[:4])["value"].to_dict()


def test_a_yen_has_no_cents(store):
    with pytest.raises(SalesopsError, match="more places than JPY allows"):
        approve(store, currency="JPY")


def changed(row, column, value):
    table = frame().astype(object)
    table.loc[row, column] = value
    return table


@pytest.mark.parametrize(
    ("targets", "options", "words"),
    [
        (None, {"approved_by": ""}, "which is nobody"),
        (None, {"approved_by": "  "}, "which is nobody"),
        (None, {"approved_by": None}, "which is nobody"),
        (None, {"approved_by": "Nobody"}, "which is nobody"),
        (None, {"approved_at": "yesterday"}, "approved_at is 'yesterday'"),
        (frame().drop(columns="who"), {}, "The targets lack who"),
        (frame().head(0), {}, "have no row"),
        (changed(1, "value", Decimal("-1")), {}, "The target of Ada for 2018 is -1"),
        (changed(1, "value", 60.1), {}, "is a float"),
        (changed(1, "value", "soon"), {}, "is 'soon'"),
        (changed(1, "value", None), {}, "is None"),
        (changed(1, "value", Decimal("60.101")), {}, "more places than USD allows"),
        (changed(1, "level", "galaxy"), {}, "'galaxy' is no level"),
        (changed(1, "period", "2017-01"), {}, "a target for 2017-01, not of 2018"),
        (changed(2, "who", "Ada"), {}, "Ada has bookings for 2018 twice"),
        (frame(ada="60.00"), {}, "The sum of the reps' 2018 is 9990, company has 10000"),
        (None, {"currency": "XYZ"}, "not an ISO 4217 currency"),
    ],
)
def test_bad_approvals(sqlite_store, targets, options, words):
    with pytest.raises(SalesopsError, match=words):
        approve(sqlite_store, targets, **options)
    assert target_approvals(sqlite_store).empty


def test_months_that_miss_the_year_are_told(sqlite_store):
    months = [("rep", "Ada", "bookings", f"2018-{m:02d}", Decimal(1)) for m in range(1, 13)]
    table = pd.DataFrame([*months, ("rep", "Ada", "bookings", "2018", Decimal(13))], columns=COLUMNS)
    with pytest.raises(SalesopsError, match="the months of Ada is 1200, 2018 has 1300"):
        approve(sqlite_store, table)


def test_every_bad_row_is_told_at_once(sqlite_store):
    table = changed(1, "value", Decimal(-1))
    table.loc[2, "value"] = "x"
    with pytest.raises(SalesopsError) as caught:
        approve(sqlite_store, table)
    assert [problem.row for problem in caught.value.problems] == [2, 3]
