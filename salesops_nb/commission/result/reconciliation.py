"""Each credit of the period has exactly one status in exactly one plan, and the sums tie.

*paid* (a line pays for it), *withheld* (it counts, and pays nothing or not yet) or *excluded* (no plan,
outside its dates, a bad row, or a rule that does not count it). A credit belongs to the plan that its
person is on that day; where there is none, to the plan of the stay next to it, else to the first plan.
A team's credit stands apart from bookings, with the managers whom a plan pays for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.commission.crediting.credits import FAULTS, KEYS
from salesops_nb.commission.crediting.refund_pieces import shown
from salesops_nb.commission.crediting.team_credit import levels_of
from salesops_nb.commission.inputs.exchange_rates import no_rate
from salesops_nb.commission.inputs.tables import arrow, number
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.messages import Message, message

# what of a credit that pays nothing tells the reason, and what each is compared with
TELLING = {"unconfirmed": True, "no_quota": True, "factor_now": 0, "f_after": 0, "over_cap": True, "x": 0}
_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)
SEEN = ("payee_id", "deal_id", "event_id", "part", "happened_on", "counted_on", "counts", "fault", "credit")


def credits_of(payout: Working, plan: Plan, team: bool = False) -> pa.Table | None:
    """The plan's own credits of the period with ``on_plan`` and ``in_dates``, read once."""
    key = "status", plan, team
    if key not in payout.cache:
        frame = _status(payout, plan, team)
        payout.cache[key] = None if frame is None else arrow(frame)
    found: pa.Table | None = payout.cache[key]
    return found


def met_by(payout: Working, part: ComponentRows) -> pa.Table:
    """A component's credits of the period, with what tells why one pays nothing; read once."""
    key = "met", part.plan, part.c.id
    if key not in payout.cache:
        names = part.frame.collect_schema().names()
        frame = shown(part.frame).filter(nw.col("happened_on") >= nw.lit(payout.period.start))
        paid = nw.col("amount_now") != number(0)
        payout.cache[key] = arrow(
            frame.select(*KEYS, "deal_id", *(n for n in TELLING if n in names), pays=paid)
        )
    found: pa.Table = payout.cache[key]
    return found


def among(rows: pa.Table, others: pa.Table, keys: Sequence[str] = KEYS) -> pa.Array:
    """Whether each row's keys stand in the other table too; what has no key stands in none."""
    at = pa.array(range(rows.num_rows), pa.int64())
    mine = rows.select(list(keys)).append_column("at", at)
    met = mine.join(others.select(list(keys)), keys=list(keys), join_type="left semi")["at"]
    return pc.is_in(at, value_set=met.combine_chunks())


def _status(payout: Working, plan: Plan, team: bool) -> nw.LazyFrame[Any] | None:
    """The same as a frame; worked out once for all periods where assignments decide."""
    full, period = (payout.team if team else payout.full).get(plan), payout.period
    if full is None:
        return None
    if payout.facts.small and payout.stays.get(plan) is not None:
        known = tuple((p.id, p.version, p.start, p.end) for p in payout.plans)
        frame = payout.tables.once(
            ("status", payout.credit_keys[plan], payout.plans.index(plan), team and levels_of(plan), known),
            lambda: payout.tables.settled(by_plan(payout, plan, full, team)),
            rows=payout.facts.count // 2,
        )
    else:
        frame = by_plan(payout, plan, full, team)
    day = nw.col("happened_on")
    return frame.filter((day >= nw.lit(period.start)) & (day < nw.lit(period.end)))


def by_plan(payout: Working, plan: Plan, full: nw.LazyFrame[Any], team: bool) -> nw.LazyFrame[Any]:
    """The plan's credits of all days, with ``on_plan`` and ``in_dates``; those of a person's other plans
    are left out.
    """
    day = nw.col("counted_on")
    frame = full.select(*SEEN)
    inside = (day >= nw.lit(plan.start)) & (day < nw.lit(plan.end))
    if payout.stays.get(plan) is None:
        if plan is not payout.plans[0]:
            frame = frame.filter(inside)
        elif len(payout.plans) > 1:
            frame = frame.filter(~_other_version(payout, plan))
        return frame.with_columns(in_dates=inside, on_plan=~nw.col("payee_id").is_null())
    days = payout.tables.put(
        _days(payout),
        {
            "payee_id": nw.String,
            "d_from": nw.Date,
            "d_to": nw.Date,
            "plan": nw.Int64,
            "on_plan": nw.Boolean,
        },
    )
    known = frame.join(days, on="payee_id", how="inner")
    known = known.filter((nw.col("d_from") <= day) & (day < nw.col("d_to")))
    known = known.filter(nw.col("plan") == payout.plans.index(plan)).drop("d_from", "d_to", "plan")
    if team:
        known = known.filter(nw.col("on_plan"))
    elif plan is payout.plans[0]:
        nobody = frame.join(days.select("payee_id"), on="payee_id", how="anti")
        nobody = nobody.with_columns(on_plan=nw.lit(False)).select(*SEEN, "on_plan")
        known = nw.concat([known.select(*SEEN, "on_plan"), nobody], how="vertical")
    return known.with_columns(in_dates=inside)


def _other_version(payout: Working, plan: Plan) -> nw.Expr:
    """Whether another version of the plan is in force that day."""
    day = nw.col("counted_on")
    made: nw.Expr = nw.lit(False)
    for other in payout.plans:
        if other is not plan:
            made = made | ((day >= nw.lit(other.start)) & (day < nw.lit(other.end)))
    return made


def _days(payout: Working) -> list[dict[str, Any]]:
    """To which plan each assigned person's credit belongs on every day, and whether they are on it then."""
    mine: dict[str, list[tuple[date, date, int]]] = defaultdict(list)
    for number_, plan in enumerate(payout.plans):
        for payee, stays in (payout.stays.get(plan) or {}).items():
            mine[payee] += [(s.start, s.end, number_) for s in stays]
    found = []
    for payee, each in mine.items():
        now, last = _FIRST, min(each)[2]
        for start, end, plan_no in sorted(each):
            if now < start:
                found.append((payee, now, start, last, False))
            found.append((payee, start, end, plan_no, True))
            now, last = end, plan_no
        found.append((payee, now, _LAST, last, False))
    return [dict(zip(("payee_id", "d_from", "d_to", "plan", "on_plan"), row, strict=True)) for row in found]


def _pays(payout: Working, plan: Plan, team: bool, rows: pa.Table) -> pa.Array:
    """Whether a line of the period pays for each credit."""
    waiting = {(r["payee_id"], r["event_id"]) for r in payout.withheld_rows if r["plan_id"] == plan.id}
    paid_now = {(r["payee_id"], r["event_id"]) for r in payout.made if r["amount"]}
    parts = [
        met_by(payout, part)
        for part in payout.components
        if part.plan is plan and part.c.measure != "activities" and (part.c.payee == "manager") == team
    ]
    if not parts:
        return pa.repeat(False, rows.num_rows)
    paying = pa.concat_tables([part.filter(part["pays"]).select(KEYS) for part in parts])
    made = among(rows, paying)
    wholly = sorted((p, e) for p, e in waiting - paid_now if e is not None)
    if wholly:
        columns = zip(("payee_id", "event_id"), zip(*wholly, strict=True), strict=True)
        keys = pa.table({name: pa.array(ids, pa.string()) for name, ids in columns})
        made = pc.and_not(made, among(rows, keys, ("payee_id", "event_id")))
    return made


def reconciliation(payout: Working) -> pd.DataFrame:
    """A row a plan (and one for its teams' credit): credited = paid + withheld + excluded;
    ``difference`` is zero.

    The sums are of credit in the plan's currency; overlay credit is a column of its own, apart from bookings.
    """
    wide = pa.decimal128(38, 10)
    schema = {"plan_id": pa.string(), "plan_version": pa.int64(), "currency": pa.string()}
    schema |= dict.fromkeys(["credited", "paid", "withheld", "excluded", "difference", "overlay"], wide)
    schema |= {"basis": pa.string()}
    rows = []
    for plan in payout.plans:
        for team in (False, True):
            rows_ = credits_of(payout, plan, team)
            only_teams = all(c.payee == "manager" for c in plan.components)
            if rows_ is not None:
                row = _sums(payout, plan, rows_, team)
                if row["credited"] or row["overlay"] or not (only_teams and not team):
                    rows.append(row)
    made: pd.DataFrame = pa.Table.from_pylist(rows, schema=pa.schema(schema)).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return made


def counted(rows: pa.Table) -> pa.Array:
    """Whether the plan counts each credit, for a person who is on it and within its dates."""
    return pc.and_kleene(pc.and_kleene(rows["on_plan"], rows["in_dates"]), rows["counts"])


def why_excluded(row: dict[str, Any], stays: Any, plan: Plan) -> Message:
    """Why a credit of the period counts in no plan."""
    payee = row["payee_id"]
    if row["fault"] is not None:
        return _FAULTS.get(row["fault"]) or no_rate(str(row["fault"]), plan)
    if payee is None:
        return _NO_PAYEE
    if stays is not None and payee not in stays:
        return _NO_PLAN
    return _not_on_plan(plan.label, plan.id, *_outside(row, plan)) or _not_counted(plan.file.credit.where)


_NO_PAYEE = message("no payee: the deal has neither owner nor split")
_NO_PLAN = message("no plan: the person is assigned to none")
_FAULTS = {str(each): each for each in FAULTS}


def _outside(row: dict[str, Any], plan: Plan) -> tuple[date | None, date | None, date | None]:
    """First and last day of the plan for what is outside it, and the day on which nobody is assigned."""
    if not row["in_dates"]:
        return plan.start, plan.file.plan.to, None
    return None, None, None if row["on_plan"] else row["counted_on"]


@lru_cache(maxsize=4096)  # many credits have the same reason
def _not_on_plan(
    label: str, plan: str, first: date | None, last: date | None, day: date | None
) -> Message | None:
    if first is not None:
        return message(
            "outside dates: plan {plan} is in force from {first} to {last}",
            plan=label,
            first=first,
            last=last,
        )
    if day is not None:
        return message("outside dates: not assigned to plan {plan} on {day}", plan=plan, day=day)
    return None


@lru_cache(maxsize=256)
def _not_counted(condition: str | None) -> Message:
    return message("the plan does not count it: {condition}", condition=str(condition))


def _sums(payout: Working, plan: Plan, rows: pa.Table, team: bool) -> dict[str, Any]:
    pays, excluded = _pays(payout, plan, team, rows), pc.fill_null(pc.invert(counted(rows)), False)

    def total(which: Any) -> Decimal:
        return pc.sum(rows["credit"].filter(which)).as_py() or Decimal(0)

    whole = pc.sum(rows["credit"]).as_py() or Decimal(0)
    parts = {
        "paid": total(pc.and_not(pays, excluded)),
        "withheld": total(pc.invert(pc.or_(pays, excluded))),
        "excluded": total(excluded),
    }
    return {
        "plan_id": plan.id,
        "plan_version": plan.version,
        "currency": plan.currency,
        "credited": whole,
        **parts,
        "difference": whole - sum(parts.values(), Decimal(0)),
        "overlay": total(pc.equal(rows["part"], "overlay")),
        "basis": "team credit" if team else "credit",
    }
