"""Shares of a deal's credit: checked, as fractions of one, the residual on the last part.

Revenue shares of a deal sum to 100 % on every day on which any of them holds; overlay shares
(specialists, partners) stand beside them and are reported apart. A deal whose shares do not sum to
100 % is set aside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.tables import AMOUNT, Tables, as_day, collected, number, times
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import message

_ROUNDED = Decimal("0.02")  # thirds written as 33.33 miss 100 by a hundredth
_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)


def shares(
    tables: Tables, problems: list[Problem], hold: bool = False
) -> tuple[nw.LazyFrame[Any] | None, list[str]]:
    """The splits as ``deal_id, payee_id, share`` (of one), ``part`` and the analyst's columns; deals
    set aside.

    ``None`` where no splits were given. With `hold` they are read into memory once, before they are checked.
    """
    if "splits" not in tables:
        return None, []
    given = tables.need("splits", "deal_id", "person_id", "share")
    names = given.collect_schema().names()
    part = nw.col("type").cast(nw.String).fill_null("revenue") if "type" in names else nw.lit("revenue")
    person = nw.col("person_id").cast(nw.String).alias("payee_id")
    frame = given.with_columns(nw.col("deal_id").cast(nw.String), person, part.alias("part"))
    frame = frame.drop("person_id", *(["type"] if "type" in names else []))
    whole = frame.with_columns(nw.col("share").cast(AMOUNT))
    percent = _percent(whole)
    frame = frame.with_columns(share=_of_one(given.collect_schema()["share"])) if percent else whole
    frame = tables.settled(frame) if hold else frame
    dated = "valid_from" in names or "valid_to" in names
    sums, twice = _odd(frame)
    near, bad = _sorted_out(tables, _dated_sums(frame) if dated else sums)
    bad += _without_person(frame, {p.value for p in bad})
    problems += bad
    if near:
        frame = _last_takes_rest(frame, tables, near)
    made = _once_each(frame) if twice else frame
    made = tables.settled(made) if hold and (near or twice) else made
    return made, [p.value for p in bad if p.value is not None]


def _of_one(kind: Any) -> nw.Expr:
    """A per cent as a part of one, exactly; what has few places is not cut back to ten, which is slow."""
    if isinstance(kind, nw.Decimal) and kind.scale <= 8:
        return (nw.col("share").cast(nw.Decimal(24, 8)) * nw.lit("0.01").cast(nw.Decimal(3, 2))).cast(AMOUNT)
    return times(nw.col("share").cast(AMOUNT), Decimal("0.01"))


def _percent(frame: nw.LazyFrame[Any]) -> bool:
    """Whether shares are written as per cents: some share, or many small ones together, is far above one."""
    top = collected(frame.select(nw.col("share").max()))[0]["share"]
    if top is None or top > Decimal("1.5"):
        return top is not None
    sums = frame.filter(nw.col("part") == "revenue").group_by("deal_id").agg(nw.col("share").sum())
    total = collected(sums.select(nw.col("share").max()))[0]["share"]
    return total is not None and bool(total >= 50)


def _odd(frame: nw.LazyFrame[Any]) -> tuple[list[dict[str, Any]], bool]:
    """Deals whose revenue shares do not sum to one exactly, or hold a negative one; and whether some person
    may stand twice in a deal. Both are read at once.
    """
    person, share = nw.col("payee_id"), nw.col("share")
    deals = frame.group_by("deal_id", "part").agg(
        total=share.sum(), least=share.min(), n=nw.len(), one=person.min(), other=person.max()
    )
    least = nw.col("least")
    unequal = (nw.col("total") != number(1)) | (least < number(0)) | least.is_null()
    # two rows a deal are one person twice only if their least and greatest names are the same
    twice = (nw.col("n") > 2) | ((nw.col("n") == 2) & (nw.col("one") == nw.col("other")))
    deals = deals.with_columns(
        wrong=((nw.col("part") == "revenue") & unequal).fill_null(False),
        twice=nw.when(twice).then(nw.lit(1)).otherwise(nw.lit(0)),
    ).with_columns(deal_id=nw.when(nw.col("wrong")).then(nw.col("deal_id")))
    found = collected(  # a row for each that is wrong, and one for all others
        deals.group_by("wrong", "deal_id")
        .agg(total=nw.col("total").max(), least=least.min(), twice=nw.col("twice").sum())
        .sort("deal_id")
    )
    return [row for row in found if row["wrong"]], any(row["twice"] for row in found)


def _dated_sums(frame: nw.LazyFrame[Any]) -> list[dict[str, Any]]:
    """The same day by day: the sum at each day on which a deal's shares change."""
    names = frame.collect_schema().names()
    revenue = frame.filter(nw.col("part") == "revenue")
    keys = [n for n in ("valid_from", "valid_to") if n in names]
    groups = revenue.group_by("deal_id", *keys).agg(total=nw.col("share").sum(), least=nw.col("share").min())
    spans: dict[str, list[tuple[date, date, Decimal, Decimal]]] = defaultdict(list)
    for row in collected(groups):
        start, end = as_day(row.get("valid_from")) or _FIRST, as_day(row.get("valid_to")) or _LAST
        spans[row["deal_id"]].append((start, end, row["total"] or Decimal(0), row["least"] or Decimal(0)))
    found = []
    for deal, dated in sorted(spans.items()):
        for day in sorted({start for start, *_ in dated} | {end for _, end, *_ in dated if end < _LAST}):
            now = [(total, least) for start, end, total, least in dated if start <= day < end]
            total, least = sum((t for t, _ in now), Decimal(0)), min((m for _, m in now), default=Decimal(0))
            if now and (total != 1 or least < 0):
                found.append({"deal_id": deal, "total": total, "least": least, "day": day})
                break
    return found


def _sorted_out(tables: Tables, sums: Iterable[dict[str, Any]]) -> tuple[list[str], list[Problem]]:
    near, bad = [], []
    for row in sums:
        total, least = (row["total"] or Decimal(0)) * 100, row["least"]
        if least is not None and abs(total - 100) <= _ROUNDED and least >= 0 and "day" not in row:
            near.append(row["deal_id"])
            continue
        day = row.get("day")
        if least is None:
            which = "splits-not-100.no-number"
        else:
            which = "splits-not-100.sum" if least >= 0 else "splits-not-100.negative"
        values: dict[str, Any] = {"total": total.normalize()} if which == "splits-not-100.sum" else {}
        bad.append(
            problem(
                which,
                table="splits",
                row=tables.row_of("splits", "deal_id", row["deal_id"]),
                column="share",
                value=row["deal_id"],
                since=message(" from {day}", day=day) if day not in (None, _FIRST) else "",
                **values,
            )
        )
    return near, bad


def _without_person(frame: nw.LazyFrame[Any], known: set[str | None]) -> list[Problem]:
    """Shares that are nobody's."""
    empty = nw.col("payee_id").is_null() | (nw.col("payee_id") == "")
    return [
        problem("share-without-person", table="splits", column="person_id", value=row["deal_id"])
        for row in collected(frame.filter(empty).select("deal_id").unique().sort("deal_id"))
        if row["deal_id"] not in known
    ]


def _once_each(frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row a deal, person and part: a person named twice in a deal has the sum of both shares."""
    names = frame.collect_schema().names()
    keys = ["deal_id", "payee_id", "part", *[n for n in ("valid_from", "valid_to") if n in names]]
    twice = frame.group_by(*keys).agg(n=nw.len()).filter(nw.col("n") > 1)
    if not collected(twice.select(nw.len().alias("n")))[0]["n"]:
        return frame
    rest = [n for n in names if n not in (*keys, "share")]
    summed = frame.group_by(*keys).agg(nw.col("share").sum(), *[nw.col(n).min() for n in rest])
    return summed.with_columns(nw.col("share").cast(AMOUNT)).select(*names)


def _last_takes_rest(frame: nw.LazyFrame[Any], tables: Tables, near: list[str]) -> nw.LazyFrame[Any]:
    """Shares written with rounding (33.33 three times) sum to one exactly: the last part takes the rest."""
    rounded = frame.filter(nw.col("deal_id").is_in(near) & (nw.col("part") == "revenue"))
    rows = sorted(collected(rounded), key=lambda r: (r["deal_id"], r["payee_id"]))
    given: dict[str, Decimal] = defaultdict(Decimal)
    for i, row in enumerate(rows):
        if i + 1 == len(rows) or rows[i + 1]["deal_id"] != row["deal_id"]:
            row["share"] = 1 - given[row["deal_id"]]
        given[row["deal_id"]] += row["share"]
    mended = tables.put(rows, rounded.collect_schema())
    rest = frame.filter(~(nw.col("deal_id").is_in(near) & (nw.col("part") == "revenue")))
    return nw.concat([rest, mended], how="vertical")
