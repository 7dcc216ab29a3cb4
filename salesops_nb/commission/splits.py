"""Shares of a deal's credit: checked, as fractions of one, the residual on the last part.

Revenue shares of a deal sum to 100 %; overlay shares (specialists, partners) stand beside them
and are reported apart. A deal whose shares do not sum to 100 % is set aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import narwhals as nw
import pyarrow as pa

from salesops_nb.commission.frames import AMOUNT, Tables, arrow, collected, times
from salesops_nb.errors import Problem

_ROUNDED = Decimal("0.02")  # thirds written as 33.33 miss 100 by a hundredth


def shares(tables: Tables, problems: list[Problem]) -> tuple[nw.LazyFrame[Any] | None, list[str]]:
    """The splits as ``deal_id, payee_id, share`` (of one), ``part`` and the analyst's columns; deals set aside.

    ``None`` where no splits were given.
    """
    if "splits" not in tables:
        return None, []
    frame = tables.need("splits", "deal_id", "person_id", "share")
    names = frame.collect_schema().names()
    part = nw.col("type").fill_null("revenue") if "type" in names else nw.lit("revenue")
    frame = frame.with_columns(
        nw.col("deal_id").cast(nw.String),
        nw.col("person_id").cast(nw.String).alias("payee_id"),
        nw.col("share").cast(AMOUNT),
        part.alias("part"),
    ).drop("person_id", *(["type"] if "type" in names else []))
    sums, percent = _sums(frame, "valid_from" in names)
    unit = Decimal(100) if percent else Decimal(1)
    frame = frame.with_columns(share=times(nw.col("share"), 1 / unit))
    _exact, near, bad = _sorted_out(sums, unit)
    problems += bad
    if near:
        frame = _last_takes_rest(frame, tables, near)
    return frame, [p.value for p in bad if p.value is not None]


def _sums(frame: nw.LazyFrame[Any], dated: bool) -> tuple[list[dict[str, Any]], bool]:
    revenue = frame.filter(nw.col("part") == "revenue")
    keys = ["deal_id", "valid_from"] if dated else ["deal_id"]
    sums = revenue.group_by(*keys).agg(
        nw.col("share").sum().alias("total"), nw.col("share").min().alias("least")
    )
    percent = _percent(revenue, sums)
    wanted = Decimal(100) if percent else Decimal(1)
    literal = nw.lit(str(wanted)).cast(AMOUNT)
    odd = sums.filter((nw.col("total") != literal) | (nw.col("least") < nw.lit("0").cast(AMOUNT)))
    return collected(odd.sort(*keys)), percent


def _percent(revenue: nw.LazyFrame[Any], sums: nw.LazyFrame[Any]) -> bool:
    """Whether shares are written as per cents: some share, or many small ones together, is far above one."""
    top = collected(revenue.select(nw.col("share").max()))[0]["share"]
    if top is None or top > Decimal("1.5"):
        return top is not None
    total = collected(sums.select(nw.col("total").max()))[0]["total"]
    return bool(total >= 50)


def _sorted_out(sums: Sequence[dict[str, Any]], unit: Decimal) -> tuple[None, list[str], list[Problem]]:
    near, bad = [], []
    for row in sums:
        total = row["total"] * 100 / unit
        if abs(total - 100) <= _ROUNDED and row["least"] >= 0:
            near.append(row["deal_id"])
            continue
        what = f"sum to {total.normalize():f} %" if row["least"] >= 0 else "hold a negative share"
        bad.append(
            Problem(
                "splits-not-100",
                f"The revenue shares of deal {row['deal_id']} {what}, not to 100 %; its credit is set aside.",
                "Correct the shares in splits (overlay credit has the type overlay).",
                table="splits",
                column="share",
                value=row["deal_id"],
            )
        )
    return None, near, bad


def _last_takes_rest(frame: nw.LazyFrame[Any], tables: Tables, near: list[str]) -> nw.LazyFrame[Any]:
    """Shares written with rounding (33.33 three times) sum to one exactly: the last part takes the rest."""
    rounded = frame.filter(nw.col("deal_id").is_in(near) & (nw.col("part") == "revenue"))
    table = arrow(rounded)
    rows = sorted(table.to_pylist(), key=lambda r: (r["deal_id"], r["payee_id"]))
    for i, row in enumerate(rows):
        if i + 1 == len(rows) or rows[i + 1]["deal_id"] != row["deal_id"]:
            others = sum(
                (r["share"] for r in rows if r["deal_id"] == row["deal_id"] and r is not row), Decimal(0)
            )
            row["share"] = 1 - others
    mended = tables.put_arrow(pa.Table.from_pylist(rows, schema=table.schema))
    rest = frame.filter(~(nw.col("deal_id").is_in(near) & (nw.col("part") == "revenue")))
    return nw.concat([rest, mended], how="vertical")
