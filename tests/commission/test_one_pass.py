"""Lines that are only written are worked out in one pass: the same lines and findings as when all is held."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from commission_helpers import BANDS, D, deals, events, plan, table

from salesops_nb import commission
from salesops_nb.commission.earning import one_pass

QUOTA = {"amount": 900, "attained_by": "booked", "if_zero": "attainment_0"}
FLAT: dict[str, Any] = {"id": "flat", "rate_pct": 7, "scope": "each_transaction"}
CAP = {**BANDS, "limits": {"cap": 90, "per": "period", "excess": "forfeit"}}
COUNT = {"id": "n", "measure": "count", "per_unit": 40, "kind": "spiff"}
WHOLE = {"id": "w", "scope": "each_transaction",
         "table": {"mode": "whole", "unit": "amount",
                   "rows": [{"from": 0, "rate_pct": 1}, {"from": 250, "rate_pct": 9}]}}  # fmt: skip
MANY = {
    "a flat rate": lambda **credit: plan(FLAT, credit={"event": "booked", **credit}),
    "bands of a quota": lambda **credit: plan(BANDS, credit={"event": "booked", **credit}, quota=QUOTA),
    "a cap": lambda **credit: plan(CAP, credit={"event": "booked", **credit}, quota=QUOTA),
    "a condition": lambda **credit: plan(
        {**FLAT, "where": "product == 'A'"}, credit={"event": "booked", **credit}
    ),
    "a count": lambda **credit: plan(COUNT, credit={"event": "booked", **credit}),
    "months, a cap of each deal": lambda **credit: plan(
        {**BANDS}, period="month", credit={"event": "booked", "cap_per_deal": 300, **credit}, quota=QUOTA
    ),
    "a table of each deal": lambda **credit: plan(WHOLE, credit={"event": "booked", **credit}),
}
SPLITS = {"credit": {"splits": {"apply_to": "credit"}}, "pay": {"splits": {"apply_to": "pay"}}, "none": {}}


def tables(splits: bool) -> dict[str, Any]:
    """Half a year of three sellers: one split in thirds, one wrongly, an owner nobody knows, a gap, a lost
    deal that was sold.
    """
    sold = deals(
        *[33.35, 100.05, 700, 512.01, 0.01, 888.88, 64, 1000, 250.5, 10] * 6,
        product=["A", "A", "B"] * 20,
        cost=[Decimal(i) for i in range(60)],
    )
    sold["owner_id"] = ["ann", "bob", "cal"] * 20
    sold["closed_on"] = [date(2026, 1 + i % 6, 2 + i % 25) for i in range(60)]
    sold.loc[4, "owner_id"] = "nobody"
    sold.loc[8, "outcome"] = "lost"
    booked = events(
        *(
            (deal, "booked", day, amount if i != 7 else None)
            for i, (deal, day, amount) in enumerate(
                zip(sold["deal_id"], sold["closed_on"], sold["amount"], strict=True)
            )
        )
    )
    found = {
        "deals": sold,
        "events": booked,
        "people": table(*({"person_id": who, "name": who} for who in ("ann", "bob", "cal"))),
    }
    if splits:
        thirds = [{"deal_id": "d2", "person_id": w, "share": D("33.33")} for w in ("ann", "bob", "cal")]
        wrong = [{"deal_id": "d3", "person_id": w, "share": D(60)} for w in ("ann", "bob")]
        found["splits"] = table(
            *thirds, *wrong, {"deal_id": "d6", "person_id": "bob", "share": D(60)},
            {"deal_id": "d6", "person_id": "cal", "share": D(40)},
        )  # fmt: skip
    return found


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return sorted(frame.to_dict("records"), key=lambda row: row["line_id"])


@pytest.mark.parametrize("splits", SPLITS)
@pytest.mark.parametrize("name", MANY)
def test_lines_written_in_one_pass_are_those_that_are_read(name, splits, monkeypatch, tmp_path):
    made, data = MANY[name](**SPLITS[splits]), tables(splits != "none")
    period = "2026-02" if made.file.plan.period == "month" else "2026-Q1"
    held = commission.calculate(made, data, period)
    assert held._again is None  # few events: held
    monkeypatch.setattr(one_pass, "LEAST", 1)
    once = commission.calculate(made, data, period)
    assert once._again is not None
    once.write_lines(tmp_path / "lines.parquet")
    assert "working" not in vars(once)  # nothing was held to write them
    written = pq.read_table(tmp_path / "lines.parquet").to_pandas(types_mapper=pd.ArrowDtype)
    assert len(held.lines) > 3
    assert rows(written) == rows(held.lines) == rows(once.lines)
    once.write_lines(tmp_path / "again.parquet")  # what is held by now is written
    assert pq.read_table(tmp_path / "again.parquet").num_rows == len(held.lines)
    assert once.problems == held.problems
    for each in ("withheld", "reconciliation", "statements"):
        pd.testing.assert_frame_equal(getattr(once, each), getattr(held, each))
    order = ["payee_id", "event_id"]
    one, other = (p.trace.sort_values(order, ignore_index=True) for p in (once, held))
    pd.testing.assert_frame_equal(one, other)
    line = held.lines["line_id"].iloc[-1]
    assert once.explain(line) == held.explain(line)


RULES: dict[str, dict[str, Any]] = {
    "a draw": {"draw": {"per": "month", "amount": 100, "recoverable": True, "keep_at_least": "draw",
                        "recover_pct": 100}},
    "a guarantee": {"guarantee": {"per": "month", "amount": 100}},
    "a gate": {"components": [{**FLAT, "gate": {"attainment_pct": 60, "then": "first_dollar"}}],
               "quota": QUOTA},
    "two components": {"components": [FLAT, COUNT]},
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_a_plan_that_reads_its_credit_again_is_held(name, monkeypatch):
    monkeypatch.setattr(one_pass, "LEAST", 1)
    parts = dict(RULES[name])
    made = plan(*parts.pop("components", [FLAT]), period="month", credit={"event": "booked"}, **parts)
    assert commission.calculate(made, tables(False), "2026-02")._again is None


def test_data_with_refunds_or_another_currency_are_held(monkeypatch):
    monkeypatch.setattr(one_pass, "LEAST", 1)
    made = plan(FLAT, credit={"event": "booked"}, fx={"credit": {"rates": "market", "at": "credit_date"}})
    data = tables(False)
    refund = events(("d1", "refunded", "2026-03-01", 5)).assign(event_id="r1")
    assert (
        commission.calculate(made, {**data, "events": pd.concat([data["events"], refund])}, "2026-Q1")._again
        is None
    )
    assert commission.calculate(made, data, "2026-Q1")._again is not None


WRITES = """
import sys
from pathlib import Path
import duckdb
from salesops_nb import commission
plan = commission.load_plan(Path(sys.argv[1]) / "plan.yml")
con = duckdb.connect()
names = ("deals", "events", "people", "splits", "targets")
read = {n: con.read_parquet(f"{sys.argv[1]}/{n}.parquet") for n in names}
commission.calculate(plan, read, "2026-Q1").write_lines(Path(sys.argv[1]) / "lines.parquet")
print(sorted({"pandas", "sqlalchemy", "scipy", "matplotlib", "numba"} & set(sys.modules)))
"""


def test_what_a_calculation_does_not_need_is_not_loaded(tmp_path: Path):
    data = tables(True)
    of = {"level": "rep", "metric": "quota", "period": "2026-Q1"}
    data["targets"] = table(*({**of, "who": who, "value": D(700)} for who in ("ann", "bob", "cal")))
    data["events"]["amount"] = data["events"]["amount"].fillna(D(1))
    for name, frame in data.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "plan.yml").write_text(
        "plan: {id: p, version: 1, from: 2026-01-01, to: 2026-12-31, currency: USD, period: quarter}\n"
        "credit: {event: booked, splits: {apply_to: credit}}\n"
        "quota: {attained_by: booked, if_zero: attainment_0}\n"
        "components:\n"
        "  - id: b\n    scope: running_total\n    table:\n      mode: marginal\n      unit: pct_of_quota\n"
        "      rows: [{from: 0, rate_pct: 5}, {from: 100, rate_pct: 20}]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", WRITES, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
    assert pq.read_table(tmp_path / "lines.parquet").num_rows > 5
