"""The call: checked, kept for ever, rolled up the lines of reporting, and held against what came."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from histories import typed

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

import pyarrow as pa
from small_workbook import DEALS, write_workbook

from salesops_nb.cli import main
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.pipeline.calls import accuracy, every_call, roll_up, tree_of
from salesops_nb.store.database import open_store
from salesops_nb.store.forecast_calls import Call, calls_made

CALENDAR = FiscalCalendar()
Q1 = CALENDAR.period("2026-Q1")
PEOPLE = pd.DataFrame(
    [("boss", "Ada", None), ("m1", "Mara", "boss"), ("m2", "Nick", "boss"), ("r1", "Rob", "m1"),
     ("r2", "Rea", "m1"), ("r3", "Ria", "m2")],
    columns=["person_id", "name", "manager_id"],
)  # fmt: skip


def made(who, commit, on=date(2026, 1, 20), period="2026-Q1", best=None):
    return Call(who, period, on, Decimal(commit), Decimal(best or commit), "why")


def test_a_call_rolls_up_with_the_managers_change_beside_the_sum_of_reps():
    calls = [made("r1", 100), made("r2", 50), made("m1", 120), made("r3", 30),
             made("r1", 999, on=date(2026, 2, 1))]  # fmt: skip
    found = roll_up(calls, {"people": PEOPLE}, Q1, date(2026, 1, 31)).set_index("who")
    assert found.loc["m1", ["commit", "reps_commit", "change"]].tolist() == [120, 150, -30]
    assert found.loc["m2", ["commit", "reps_commit", "change"]].tolist() == [30, 30, None]  # has not called
    assert found.loc["boss", ["commit", "reps_commit"]].tolist() == [150, 150]
    assert found.loc["", ["commit", "reps_commit", "change"]].tolist() == [150, 180, -30]
    assert found.loc["r1", "commit"] == 100  # the later call was not made yet


def test_who_has_not_called_is_named():
    found = roll_up([made("r1", 100)], {"people": PEOPLE}, Q1, Q1.last).set_index("who")
    assert found.loc["m1", "missing"] == "Rea"
    assert found.loc["boss", "missing"] == "Nick"
    assert roll_up([], {"people": PEOPLE}, Q1, Q1.last).empty


def test_managers_in_a_circle_do_not_hang_and_nobody_is_lost():
    people = pd.DataFrame(
        [("a", "A", "b"), ("b", "B", "a"), ("c", "C", "c"), ("d", "D", "a")],
        columns=["person_id", "name", "manager_id"],
    )
    assert sorted(tree_of({"people": people}, Q1.last).everybody) == ["a", "b", "c", "d"]


def deals(*rows):
    frame = pd.DataFrame(rows, columns=["deal_id", "owner_id", "amount", "closed_on"])
    return pd.DataFrame(
        {
            "deal_id": frame["deal_id"], "owner_id": frame["owner_id"], "stage": "Won", "outcome": "won",
            "amount": typed([Decimal(a) for a in frame["amount"]], pa.decimal128(18, 4)),
            "created_on": typed([date(2025, 12, 1)] * len(frame), pa.date32()),
            "closed_on": typed(list(frame["closed_on"]), pa.date32()),
        }
    )  # fmt: skip


def test_accuracy_at_weeks_3_6_and_9_of_quarters_that_are_over():
    tables = {
        "people": PEOPLE,
        "deals": deals(("D1", "r1", 80, date(2026, 3, 1)), ("D2", "r2", 20, date(2026, 3, 2)),
                       ("D3", "r1", 50, date(2026, 5, 1)), ("D4", "r3", 5, date(2026, 8, 1))),
    }  # fmt: skip
    calls = [
        made("r1", 100, on=date(2026, 1, 21)), made("r1", 90, on=date(2026, 1, 22)),  # day 22 is week 4
        made("m1", 110, on=date(2026, 1, 5)),
        made("r1", 40, on=date(2026, 4, 2), period="2026-Q2"),
        made("r1", 7, on=date(2026, 7, 2), period="2026-Q3"),  # not over
    ]  # fmt: skip
    found = accuracy(calls, tables, CALENDAR, date(2026, 8, 1)).set_index(["who", "week"])
    rep = found.loc[("r1", 3)]
    assert (rep["quarters"], rep["last_quarter"], rep["called"], rep["came"]) == (2, "2026-Q2", 40, 50)
    assert rep["error"] == pytest.approx(-0.2)
    assert rep["bias"] == pytest.approx((20 - 10) / 130)
    assert (rep["mad"], rep["signal"]) == (15.0, pytest.approx(-10 / 15))
    assert found.loc[("r1", 6), "mad"] == 10.0  # 90 for 80, and 40 for 50
    manager = found.loc[("m1", 9)]
    assert (manager["level"], manager["called"], manager["came"]) == ("manager", 110, 100)
    assert found.loc[("", 9), "called"] == 40
    assert found.loc[("", 9), "level"] == "company"


def test_what_somebody_won_before_leaving_came_to_the_manager():
    people = PEOPLE.assign(left_on=typed([None] * 4 + [date(2026, 3, 20), date(2025, 12, 1)], pa.date32()))
    tables = {"people": people, "deals": deals(("D1", "r2", 70, date(2026, 3, 2)))}
    found = accuracy([made("m1", 60, on=date(2026, 1, 5))], tables, CALENDAR, date(2026, 8, 1))
    assert found.set_index(["who", "week"]).loc[("m1", 3), "came"] == 70
    assert "r3" not in tree_of(tables, Q1.last, Q1.start).everybody  # had left before the quarter


def test_calls_of_the_workbook_and_of_the_store_stand_together():
    tables = {"people": PEOPLE, "forecast_calls": pd.DataFrame(
        {"person_id": ["r1", "r2"], "period": ["2026-Q1"] * 2,
         "made_on": typed([date(2026, 1, 20)] * 2, pa.date32()),
         "commit": typed([Decimal(1), Decimal(2)], pa.decimal128(18, 4))})}  # fmt: skip
    found = {call.person_id: call.commit for call in every_call(tables, [made("r1", 9)])}
    assert found == {"r1": 9, "r2": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    book = write_workbook(tmp_path / "book")
    (book / "data" / "deals.csv").write_text(DEALS)
    return book


def call(folder: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["call", "-w", str(folder), *words])
    return done.exit_code, done.output


def kept(folder: Path) -> list[Call]:
    store = open_store(f"sqlite:///{folder}/store.sqlite")
    found = calls_made(store)
    store.dispose()
    return found


ONE = ("--period", "2018-Q1", "--by", "ana pop", "--commit", "120000", "--best", "150000.5",
       "--reason", "two renewals", "--on", "2018-01-15")  # fmt: skip


def test_a_call_at_the_command_line_is_kept_once_and_never_changed(folder: Path) -> None:
    assert call(folder, *ONE) == (0, "1 call added.\n")
    assert call(folder, *ONE) == (0, "0 calls added, 1 there already.\n")
    later = [word.replace("120000", "110000") for word in ONE]
    assert call(folder, *later)[0] == 0
    first = Call("p1", "2018-Q1", date(2018, 1, 15), Decimal(120000), Decimal("150000.5"), "two renewals")
    assert [found.commit for found in kept(folder)] == [120000, 110000]
    assert kept(folder)[0] == first


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ({"--by": "Anna Popp"}, "'Anna Popp' is nobody in the table people"),
        ({"--commit": "12k"}, "column commit: commit is '12k', which is no amount"),
        ({"--commit": "-5"}, "which is no amount"),
        ({"--best": "100"}, "The best case 100 is less than the commit 120000"),
        ({"--period": "2018-Q5"}, "'2018-Q5' does not name a period"),
        ({"--period": "2017-Q4"}, "2017-Q4 ended on 2017-12-31, before the call was made on 2018-01-15"),
        ({"--reason": " "}, "reason is empty"),
    ],
)
def test_what_is_wrong_with_a_call_is_said_and_nothing_kept(folder: Path, instead, said: str) -> None:
    words = list(ONE)
    for option, value in instead.items():
        words[words.index(option) + 1] = value
    code, output = call(folder, *words)
    assert code == 1
    assert said in output
    assert kept(folder) == []


def test_a_spreadsheet_adds_the_good_rows_and_names_the_others(folder: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["By", "Period", "Commit", "Best case", "Reason", "Made on"])
    for row in [
        ("Ana Pop", "2018-Q1", 1000, 1200.5, "fair", date(2018, 1, 8)),
        ("Nobody", "2018-Q1", 1, 2, "x", None),
        ("p2", "2018-Q1", "lots", 2, "", None),
        ("Ana Pop", "2018-Q1", 999, 1200, "other", date(2018, 1, 8)),
        ("Mara Lee", "2018-Q1", 1500, 1500, "safe", "soon"),
        ("Nick Orr", "2018-Q1", 10, 20, "new", None),
    ]:
        book.active.append(row)
    book.save(folder / "calls.xlsx")
    code, output = call(folder, "--from", str(folder / "calls.xlsx"), "--on", "2018-01-15")
    assert code == 1
    assert "2 calls added, 4 rows set aside." in output
    for place in ("row 3, column by", "row 4, column commit", "row 4, column reason", "row 5, column by",
                  "row 6, column made_on"):  # fmt: skip
        assert f"calls.xlsx [Sheet], {place}" in output
    assert [(found.person_id, found.made_on, found.best_case) for found in kept(folder)] == [
        ("p1", date(2018, 1, 8), Decimal("1200.5")),
        ("m2", date(2018, 1, 15), Decimal(20)),
    ]


def test_a_spreadsheet_without_the_columns_and_both_ways_at_once(folder: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["By", "Period", "Commit"])
    book.active.append(["Ana Pop", "2018-Q1", 5])
    book.save(folder / "calls.xlsx")
    code, output = call(folder, "--from", str(folder / "calls.xlsx"))
    assert code == 1
    assert "has no column best_case, reason" in output
    assert call(folder, "--from", str(folder / "calls.xlsx"), "--commit", "5")[0] == 2
