"""Bad rows of people, quotas and opening balances."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.commission.crediting.deal_columns import people_spans
from salesops_nb.commission.inputs.events import Facts, owners
from salesops_nb.commission.inputs.plan_assignments import Stay
from salesops_nb.commission.inputs.quotas import is_quota, quota_of, targets_of
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import Tables, as_day, as_decimal, collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, problem


def zero_quotas(
    tables: Tables, stays: Mapping[Plan, dict[str, list[Stay]] | None], period: Period
) -> list[Problem]:
    """Quotas of zero or below that the period needs, and what the plan makes of them.

    A quota that changes within its period counts by days; it is asked for while its person is on the plan.
    """
    found = []
    for plan, people in stays.items():
        quota = plan.file.quota
        if quota is None or "targets" not in tables:
            continue
        rows = tables.once(("targets", "none", quota.metric), lambda q=quota: _no_quotas(tables, q.metric))  # type: ignore[misc]
        first, last = max(period.start, plan.start), min(period.end, plan.end)
        parts = {p.key: p for p in period.calendar.between(first, last, plan.file.plan.period)}
        for who, key, number_ in rows if first < last else ():
            on_it = people is None or any(
                s.start < parts[key].end and parts[key].start < s.end
                for s in people.get(who, [])
                if key in parts
            )
            if key not in parts or not on_it:
                continue
            value = quota_of(targets_of(tables, quota.metric), who, parts[key])
            if value is None or value > 0:
                continue
            bad = value < 0 or quota.if_zero in (None, "refuse")
            if not bad:
                which = "zero-quota.counted"
            elif quota.if_zero == "refuse" or value < 0:
                which = "zero-quota.refused"
            else:
                which = "zero-quota.not-said"
            counted: dict[str, Any] = {} if bad else {"counted": quota.if_zero}
            found.append(
                problem(
                    which,
                    table="targets",
                    row=number_,
                    column="value",
                    value=who,
                    quota=decimal_of(value, 2).normalize(),
                    period=key,
                    **counted,
                )
            )
    return found


def _no_quotas(tables: Tables, metric: str) -> list[tuple[str, str, int]]:
    """Person and period of quotas that say zero or below, with the first such row."""
    found: dict[tuple[str, str], int] = {}
    for number, row in enumerate(tables.rows("targets"), start=2):
        value = as_decimal(row["value"])
        if is_quota(row, metric) and value is not None and value <= 0:
            found.setdefault((str(row["who"]), str(row["period"])), number)
    return [(who, key, number) for (who, key), number in found.items()]


def overlapping_people(tables: Tables) -> list[Problem]:
    """Two rows of one person on one day: who led them, and what they were, would be told twice."""
    if "people" not in tables:
        return []
    table, overlapping = people_spans(tables)
    rows = table.to_pylist() if overlapping else []
    return [
        problem(
            "overlapping-people.earlier-ends",
            table="people",
            row=i + 2,
            column="valid_from",
            value=str(rows[i]["person_id"]),
            begins=rows[i]["p_from"],
        )
        for i in overlapping
    ]


def early_history(facts: Facts, period: Period) -> list[Problem]:
    """Opening credit beside events from before its day: they would count twice."""
    found = []
    for number_, row in enumerate(facts.tables.rows("opening_balances"), start=2):
        day = as_day(row.get("as_of"))
        if row.get("kind") != "credit" or day is None or not period.start <= day < period.end:
            continue
        deals = owners(facts).filter(nw.col("owner_id") == str(row["person_id"])).select("deal_id")
        start = period.calendar.containing(day, "year").start
        early = facts.events.filter(
            (nw.col("happened_on") >= nw.lit(start)) & (nw.col("happened_on") < nw.lit(day))
        )
        n = collected(early.join(deals, on="deal_id", how="inner").select(n=nw.len()))[0]["n"]
        if n:
            found.append(
                problem(
                    "opening-and-history",
                    table="opening_balances",
                    row=number_,
                    column="as_of",
                    value=str(row["person_id"]),
                    day=day,
                    n=n,
                )
            )
    return found


def paid_after_leaving(
    facts: Facts, stays: Mapping[Plan, dict[str, list[Stay]] | None], period: Period
) -> list[Problem]:
    """Deals of the period credited to people on a day after they left; they are paid and told."""
    left = _left(facts.tables)
    if not left:
        return []
    kinds = tuple(sorted({plan.file.credit.event for plan in stays}))
    found = []
    sources = [("deals", "owner_id"), *([("splits", "person_id")] if facts.shares is not None else [])]
    for table, column in sources:
        rows = facts.tables.once(
            ("after leaving", table, kinds),
            lambda table=table: collected(_after_leaving(facts, table, left, kinds)),  # type: ignore[misc]
        )
        rows = [row for row in rows if row["happened_on"] in period]
        late = [row for row in rows if _on_a_plan(row, stays)]
        places = _places(facts.tables, table, column, late)
        for row in sorted(late, key=lambda r: (r["happened_on"], r["deal_id"], r["payee_id"])):
            deal, who = str(row["deal_id"]), str(row["payee_id"])
            found.append(
                problem(
                    "credit-after-leaving",
                    table=table,
                    row=places.get((deal, who)),
                    column=column,
                    value=who,
                    deal=deal,
                    day=row["happened_on"],
                    left_on=left[who],
                )
            )
    return found


def _after_leaving(
    facts: Facts, table: str, left: Mapping[str, date], kinds: tuple[str, ...]
) -> nw.LazyFrame[Any]:
    """Deals with the day of each event from which credit goes to somebody who had left by then."""
    shared = facts.shares
    if table == "deals":
        mine = owners(facts).select("deal_id", payee_id=nw.col("owner_id"))
        if shared is not None:
            parted = shared.filter(nw.col("part") == "revenue").select("deal_id")
            mine = mine.join(parted, on="deal_id", how="anti")
    else:
        assert shared is not None
        mine = shared.select("deal_id", "payee_id")
    gone = facts.tables.put(
        [{"payee_id": who, "left_on": day} for who, day in left.items()],
        {"payee_id": nw.String, "left_on": nw.Date},
    )
    events = facts.events.filter(nw.col("kind").is_in(list(kinds))).select("deal_id", "happened_on")
    late = mine.join(gone, on="payee_id", how="inner").join(events, on="deal_id", how="inner")
    return late.filter(nw.col("happened_on") >= nw.col("left_on")).drop("left_on").unique()


def _on_a_plan(row: Mapping[str, Any], stays: Mapping[Plan, dict[str, list[Stay]] | None]) -> bool:
    """Whether a plan pays the person for that day's credit."""
    day, who = row["happened_on"], row["payee_id"]
    return any(
        plan.start <= day < plan.end
        and (people is None or any(s.start <= day < s.end for s in people.get(who, [])))
        for plan, people in stays.items()
    )


def _places(
    tables: Tables, table: str, column: str, late: Iterable[Mapping[str, Any]]
) -> dict[tuple[str, str], int]:
    """The first row of each deal and person, as a spreadsheet shows it."""
    deals = pa.array(sorted({str(row["deal_id"]) for row in late}), pa.string())
    if not len(deals):
        return {}
    whole = tables.arrow(table, "deal_id", column)
    at = pc.indices_nonzero(pc.is_in(whole["deal_id"].cast(pa.string()), value_set=deals))
    found: dict[tuple[str, str], int] = {}
    for number, row in zip(at.to_pylist(), whole.take(at).to_pylist(), strict=True):
        found.setdefault((str(row["deal_id"]), str(row[column])), number + 2)
    return found


def _left(tables: Tables) -> dict[str, date]:
    """The day from which each leaver is gone; the row that begins last says it."""
    if "left_on" not in tables.columns("people"):
        return {}
    last: dict[str, tuple[date, date | None]] = {}
    for row in tables.rows("people"):
        who, begins = str(row["person_id"]), as_day(row.get("valid_from")) or date.min
        if who not in last or begins >= last[who][0]:
            last[who] = (begins, as_day(row["left_on"]))
    return {who: gone for who, (_, gone) in last.items() if gone is not None}
