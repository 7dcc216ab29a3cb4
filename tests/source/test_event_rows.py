"""Rows of events: a cancellation needs no amount, everything else does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import MAPPING, write

from salesops_nb import commission
from salesops_nb.source import open_workbook

EVENTS = """\
  events:
    file: events.csv
    columns: {event_id: Id, deal_id: Deal, kind: What, happened_on: Day, amount: Sum}
    values: {kind: {Storno: cancelled}}
"""
BOOKED = "Id,Deal,What,Day,Sum\ne1,D1,booked,2017-02-10,100\n"


def written(tmp_path: Path, row: str) -> Path:
    return write(tmp_path, {"mapping.yml": MAPPING + EVENTS, "data/events.csv": BOOKED + row + "\n"})


@pytest.mark.parametrize("row", ["e2,D1,cancelled,2017-03-10,", "e2,D1,Storno,2017-03-10,"])
def test_a_cancellation_without_an_amount_takes_pay_back(tmp_path: Path, row: str) -> None:
    wb = open_workbook(written(tmp_path, row))
    assert [p for p in wb.problems if p.table == "events"] == []
    plan = commission.load_plan({
        "plan": {"id": "p", "version": 1, "from": "2017-01-01", "to": "2017-12-31", "currency": "USD",
                 "period": "quarter"},
        "components": [{"id": "b", "rate_pct": 10}],
        "clawback": {"when": "cancelled", "method": "full", "unpaid": "cancel"},
    })  # fmt: skip
    tables = {name: wb.table(name) for name in ("deals", "events")}
    lines = commission.calculate(plan, tables, "2017-Q1").lines
    mine = lines[lines["deal_id"] == "D1"]
    assert sorted(zip(mine["kind"], map(float, mine["amount"]), strict=True)) == [
        ("clawback", -10.0), ("commission", 10.0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "code", "value"),
    [
        *((f"e2,D1,{kind},2017-03-10,", "missing-value", None)
          for kind in ("booked", "invoiced", "collected", "refunded")),
        ("e2,D1,,2017-03-10,", "missing-value", None),
        ("e2,D1,cancelled,2017-03-10,n/a?", "bad-number", "n/a?"),
    ],
)  # fmt: skip
def test_any_other_event_without_an_amount_is_set_aside(
    tmp_path: Path, row: str, code: str, value: str | None
) -> None:
    wb = open_workbook(written(tmp_path, row), strict=False)
    found = [(p.code, p.column, p.value) for p in wb.problems if p.table == "events"]
    assert (code, "Sum", value) in found
    kept = wb.connection.execute("SELECT event_id FROM events ORDER BY 1").fetchall()
    assert kept == [("e1",)]
