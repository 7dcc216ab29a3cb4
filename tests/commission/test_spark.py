"""The same functions on Spark: line by line the same cents, reasons and sums as on DuckDB.

Needs the `spark` extra and Java 17 (`make spark`); left out where either is missing.
"""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from commission_helpers import D, deals, events, plan, table

from salesops_nb import commission

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
    pytest.mark.filterwarnings(
        "ignore::FutureWarning", "ignore::ResourceWarning", "ignore::DeprecationWarning"
    ),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PySpark warns of pandas 3
        sql = pytest.importorskip("pyspark.sql")
        os.environ["PYSPARK_PYTHON"] = sys.executable
        builder = sql.SparkSession.builder.master("local[1]").appName("commission")
        for key, value in {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "1g",
        }.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


ROWS = [
    {"from": 0, "rate_pct": "5.37"},
    {"from": 50, "rate_pct": "7.77"},
    {"from": 100, "rate_pct": "12.345"},
]
QUOTA = {"amount": 4000, "attained_by": "booked"}
SPLITS = {"credit": {"splits": {"apply_to": "credit"}, "margin_of": "price"}}
PAY = {"credit": {"splits": {"apply_to": "pay"}, "cap_per_deal": 900}}
YEAR = {"when": "cancelled_within_12_months", "method": "declining", "unpaid": "cancel"}


def banded(mode: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "b",
        "scope": "running_total",
        "table": {"mode": mode, "unit": "pct_of_quota", "rows": ROWS},
    } | more


PLANS = {
    "marginal tiers, cap carried, a bonus by condition": plan(
        banded("marginal", limits={"cap": 300, "per": "period", "excess": "carry"}),
        {"id": "unit", "measure": "count", "per_unit": 7, "where": "product_id == 'A' and region != 'S'"},
        quota=QUOTA, **SPLITS,
    ),
    "whole tiers, gate, multipliers, floors by deal": plan(
        banded(
            "whole", gate={"attainment_pct": 60, "then": "first_dollar"},
            multipliers={"combine": "add", "rows": [{"where": "attainment_pct >= 100", "x": "1.115"},
                                                    {"where": "term_months >= 24", "x": "0.9"}]},
            limits={"floor": 3, "cap": 90, "per": "deal"},
        ),
        quota=QUOTA, **SPLITS,
    ),
    "split pay with the residual on the last part, half even": plan(
        {"id": "b", "rate_pct": "3.333"}, rounding={"mode": "half_even"}, **PAY
    ),
    "matrix of attainment and margin, override of a team": plan(
        {"id": "m", "scope": "running_total", "table": {
            "mode": "matrix", "unit": "pct_of_quota", "columns": {"unit": "margin_pct", "from": [0, 35]},
            "rows": [{"from": 0, "rate_pct": ["1.1", "2.2"]}, {"from": 100, "rate_pct": ["3.3", "4.4"]}]}},
        {"id": "o", "payee": "manager", "measure": "team_credit", "levels": "all", "rate_pct": "0.77",
         "threshold": 3000, "then": "excess"},
        quota=QUOTA, **SPLITS,
    ),
    "year to date, pay as customers pay, clawback, draw": plan(
        banded("marginal", scope="ytd_less_paid"), quota=QUOTA, clawback=YEAR,
        release=[{"event": "booked", "pct": 60}, {"event": "collected", "pct": 40, "as": "share_collected"}],
        draw={"per": "month", "amount": 40, "recoverable": True, "keep_at_least": "draw"}, **SPLITS,
    ),
}  # fmt: skip


def facts() -> dict[str, pd.DataFrame]:
    """Forty deals of four people in two currencies, split, cancelled, refunded and paid in parts."""
    n = 40
    sold = deals(*[f"{100 + 37 * i}.{i * 13 % 100:02}" for i in range(n)])
    sold["owner_id"] = ["rep", "ann", "bob", "cy"] * (n // 4)
    sold["currency"] = ["USD", "EUR"] * (n // 2)
    sold["product_id"] = ["A", "B", "A", None] * (n // 4)
    sold["region"] = ["N", "S", None, "W"] * (n // 4)
    sold["outcome"] = [{11: "lost", 12: "open"}.get(i, "won") for i in range(n)]
    sold["term_months"] = [12, 24, 36, 12] * (n // 4)
    sold["cost"] = [D(f"{60 + 23 * i}.5") for i in range(n)]
    happened = [
        (d, "booked", day, a)
        for d, day, a in zip(sold["deal_id"], sold["closed_on"], sold["amount"], strict=True)
    ]
    happened += [("d3", "collected", "2026-02-01", 33), ("d4", "collected", "2026-03-01", 200)]
    happened += [("d5", "refunded", "2026-03-02", 100), ("d6", "cancelled", "2026-03-20", None)]
    happened += [
        ("d6", "refunded", "2026-03-25", 90),
        ("d9", "refunded", "2026-03-03", 9000),
    ]  # beyond the sale
    happened = [row for row in happened if row[0] != "d8"]  # booked by its closed_on
    shares = [("d1", "rep", "33.33"), ("d1", "ann", "33.33"), ("d1", "bob", "33.33")]
    shares += [(f"d{i}", who, of) for i in range(7, 20) for who, of in (("rep", 60), ("ann", 40))]
    splits = [{"deal_id": d, "person_id": p, "share": D(s), "type": "revenue"} for d, p, s in shares]
    splits += [{"deal_id": "d2", "person_id": "se", "share": D(50), "type": "overlay"}]
    person = {"name": "n", "role": "r", "valid_from": date(2020, 1, 1)}
    leads = [
        ("rep", "m1"),
        ("ann", "m1"),
        ("bob", "m2"),
        ("cy", "m2"),
        ("se", "m2"),
        ("m1", "vp"),
        ("m2", "vp"),
    ]
    fx = {"valid_from": date(2026, 1, 1), "kind": "plan"}
    return {
        "deals": sold,
        "events": events(*happened),
        "splits": table(*splits),
        "people": table(*[{"person_id": p, "manager_id": m} | person for p, m in leads]),
        "fx_rates": table(
            {"currency": "USD", "rate": D(1)} | fx, {"currency": "EUR", "rate": D("1.0825")} | fx
        ),
    }


@pytest.mark.parametrize("name", PLANS)
def test_spark_pays_the_same_cents(name: str, spark: Any, tmp_path: Path) -> None:
    tables = facts()
    made = PLANS[name].changed(fx={"credit": {"rates": "plan", "at": "credit_date"}})
    here = commission.calculate(made, tables, "2026-Q1")
    there = {
        n: spark.createDataFrame(pa.Table.from_pandas(f, preserve_index=False)) for n, f in tables.items()
    }
    there["fx_rates"] = tables["fx_rates"]  # small tables may stay in memory
    away = commission.calculate(made, there, "2026-Q1")
    assert len(here.lines) > 20
    pd.testing.assert_frame_equal(away.lines, here.lines)
    pd.testing.assert_frame_equal(away.withheld, here.withheld)
    pd.testing.assert_frame_equal(away.reconciliation, here.reconciliation)
    assert [p.code for p in away.problems] == [p.code for p in here.problems]
    told = {"refund-beyond-sale", "lost-deal", "deal-still-open", "bookings-made"}
    assert told <= {p.code for p in here.problems}
    away.write_lines(tmp_path / "lines")
    assert ds.dataset(tmp_path / "lines").count_rows() == len(here.lines)
