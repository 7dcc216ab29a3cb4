"""Why zero? Every person, deal and component that pays nothing has a reason, and the sums tie.

Each credit of the period (an event and a person, with its part of the amount) has exactly one
status in a plan: *paid* (a line pays for it), *withheld* (it counts, and pays nothing or not yet)
or *excluded* (no plan, outside its dates, or its rule does not count it).
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd
import pyarrow as pa

from salesops_nb.commission.earned import _gate, scope_of
from salesops_nb.commission.frames import as_day, collected, number
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.schema import Component

if TYPE_CHECKING:
    from salesops_nb.commission.payout import ComponentRows, Payout

_COLUMNS = {
    "payee_id": pa.string(),
    "deal_id": pa.string(),
    "event_id": pa.string(),
    "plan_id": pa.string(),
    "component_id": pa.string(),
    "reason": pa.string(),
    "credit": pa.decimal128(38, 10),
    "amount": pa.decimal128(38, 4),
}
_KEYS = ("payee_id", "event_id", "part")


def withheld(payout: Payout) -> pd.DataFrame:
    """Reasons by person, deal and component; ``amount`` is pay that is earned and waits."""
    rows = list(payout.withheld_rows)
    for part in payout.components:
        rows += _zero_rows(payout, part)
    for plan in payout.plans:
        rows += _excluded_rows(payout, plan)
    rows += _people_without(payout, rows)
    unit = Decimal("0.0001")
    for row in rows:
        row["amount"] = Decimal(row["amount"] or 0).quantize(unit)
    made = pa.Table.from_pylist(
        [{k: row.get(k) for k in _COLUMNS} for row in rows], schema=pa.schema(_COLUMNS)
    )
    order = [
        (name, "ascending")
        for name in ("payee_id", "plan_id", "deal_id", "event_id", "component_id", "reason")
    ]
    frame: pd.DataFrame = made.sort_by(order).to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _zero_rows(payout: Payout, part: ComponentRows) -> list[dict[str, Any]]:
    """Credits of the period on which the component pays nothing."""
    period = payout.period
    names = part.frame.collect_schema().names()
    extra = [n for n in ("x_before", "over_cap", "factor_now", "f_after") if n in names]
    frame = part.frame.filter(
        (nw.col("happened_on") >= nw.lit(period.start)) & (nw.col("amount_now") == number(0))
    )
    found = []
    for row in collected(frame.select("payee_id", "deal_id", "event_id", "x", *extra)):
        found.append(
            {k: row[k] for k in ("payee_id", "deal_id", "event_id")}
            | {"plan_id": part.plan.id, "component_id": part.c.id, "credit": row["x"], "amount": Decimal(0)}
            | {"reason": _reason(part.plan, part.c, row)}
        )
    return found


def _reason(plan: Plan, c: Component, row: dict[str, Any]) -> str:
    then, _ = _gate(c)
    if then == "first_dollar" and (
        row.get("factor_now") == 0 or (scope_of(c) == "each_transaction" and row.get("f_after") == 0)
    ):
        return f"gate not met: {_level(plan, c)}"
    if then == "excess" and row.get("f_after") == 0:
        return f"gate not met: still below {_level(plan, c)}, only the excess pays"
    if row.get("over_cap"):
        cap = next(limit for limit in c.limit_list if limit.cap is not None)
        return f"over the cap of {cap.cap:,.2f} {plan.currency} ({'carried to the next period' if cap.excess == 'carry' else 'forfeited'})"
    if row["x"] == 0:
        return "no credit: the amount counted is zero"
    if c.rates is not None:
        return "no rate of the component fits this credit"
    return "the rate at this point of the table is zero, or the pay rounds to zero"


def _level(plan: Plan, c: Component) -> str:
    if c.threshold is not None:
        return f"threshold of {c.threshold:,.2f}"
    assert c.gate is not None
    if c.gate.attainment_pct is not None:
        return f"{c.gate.attainment_pct.normalize():f} % of quota"
    return f"{c.gate.amount:,.2f} {plan.currency}"


def _status(payout: Payout, plan: Plan) -> nw.LazyFrame[Any] | None:
    """The plan's credits of the period with ``on_plan`` and ``in_dates``, worked out once where they are few."""
    held: dict[Plan, nw.LazyFrame[Any] | None] = payout._cache.setdefault("status", {})
    if plan not in held:
        made = _worked_status(payout, plan)
        held[plan] = payout.tables.kept(made) if made is not None and payout.facts.small else made
    return held[plan]


def _worked_status(payout: Payout, plan: Plan) -> nw.LazyFrame[Any] | None:
    full = payout.full.get(plan)
    if full is None:
        return None
    period = payout.period
    frame = full.filter(
        (nw.col("happened_on") >= nw.lit(period.start)) & (nw.col("happened_on") < nw.lit(period.end))
    )
    inside = (nw.col("counted_on") >= nw.lit(plan.start)) & (nw.col("counted_on") < nw.lit(plan.end))
    columns = ["payee_id", "deal_id", "event_id", "part", "happened_on", "counted_on", "counts", "credit"]
    frame = frame.select(*columns).with_columns(in_dates=inside)
    stays = payout.stays.get(plan)
    if stays is None:
        return frame.with_columns(on_plan=~nw.col("payee_id").is_null())
    rows = [{"payee_id": s.payee, "s": s.start, "e": s.end} for each in stays.values() for s in each]
    table = payout.tables.put(rows, {"payee_id": pa.string(), "s": pa.date32(), "e": pa.date32()})
    held = frame.select(*_KEYS, "counted_on").join(table, on="payee_id", how="inner")
    held = held.filter((nw.col("counted_on") >= nw.col("s")) & (nw.col("counted_on") < nw.col("e")))
    held = held.select(*_KEYS).unique().with_columns(on_plan=nw.lit(True))
    return frame.join(held, on=list(_KEYS), how="left").with_columns(nw.col("on_plan").fill_null(False))


def _assigned(payout: Payout) -> set[str]:
    """People on any of the plans."""
    return {payee for stays in payout.stays.values() for payee in stays or ()}


def _excluded_rows(payout: Payout, plan: Plan) -> list[dict[str, Any]]:
    """Credits that do not count in the plan, with the reason; a person on another plan is that plan's matter."""
    frame = _status(payout, plan)
    if frame is None:
        return []
    open_ = ~nw.col("on_plan") | ~nw.col("in_dates") | ~nw.col("counts")
    assigned = _assigned(payout)
    stays = payout.stays.get(plan)
    found = []
    seen: set[tuple[Any, ...]] = payout._cache.setdefault("excluded", set())
    for row in collected(frame.filter(open_)):
        payee = row["payee_id"]
        if stays is not None and payee not in stays and payee in assigned:
            continue
        reason = _why_excluded(row, payee, stays, plan)
        key = (payee, row["event_id"], row["part"], reason if "plan" not in reason else "no plan")
        if key in seen:
            continue
        seen.add(key)
        found.append(
            {
                "payee_id": payee,
                "deal_id": row["deal_id"],
                "event_id": row["event_id"],
                "plan_id": plan.id if row["on_plan"] else None,
                "component_id": None,
                "reason": reason,
                "credit": row["credit"],
                "amount": Decimal(0),
            }
        )
    return found


def _why_excluded(row: dict[str, Any], payee: str | None, stays: Any, plan: Plan) -> str:
    if payee is None:
        return "no payee: the deal has neither owner nor split"
    if not row["in_dates"]:
        return f"outside dates: plan {plan.label} is in force from {plan.start} to {plan.file.plan.to}"
    if not row["on_plan"]:
        known = stays is not None and payee in stays
        return (
            f"outside dates: not assigned to plan {plan.id} on {row['counted_on']}"
            if known
            else "no plan: the person is assigned to none"
        )
    return f"the plan does not count it: {plan.file.credit.where}"


def _people_without(payout: Payout, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """People with no line in the period, or whose lines sum to zero."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    repaid = set()
    for payee, kind, amount in zip(
        payout.lines["payee_id"], payout.lines["kind"], payout.lines["amount"], strict=True
    ):
        paid[payee] += amount
        if kind == "draw_recovery":
            repaid.add(payee)
    found = []
    told = {row["payee_id"] for row in rows}
    for payee, amount in sorted(paid.items()):
        if not amount:
            reason = (
                "draw repaid: what was earned went to the balance of the draw"
                if payee in repaid
                else "the lines of the period sum to zero"
            )
            found.append(_person(payout, payee, reason))
    for payee in sorted(_everyone(payout) - set(paid) - told):
        plan = _plan_of(payout, payee)
        found.append(
            _person(
                payout,
                payee,
                "no credit in the period" if plan else "no plan: the person is assigned to none",
            )
        )
    return found


def _person(payout: Payout, payee: str, reason: str) -> dict[str, Any]:
    return {
        "payee_id": payee,
        "plan_id": _plan_of(payout, payee),
        "reason": reason,
        "credit": Decimal(0),
        "amount": Decimal(0),
    }


def _plan_of(payout: Payout, payee: str) -> str | None:
    for plan, stays in payout.stays.items():
        if stays is None or payee in stays:
            return plan.id
    return None


def _everyone(payout: Payout) -> set[str]:
    """People employed in the period, or on a plan in it."""
    period = payout.period
    found = {
        s.payee
        for stays in payout.stays.values()
        for each in (stays or {}).values()
        for s in each
        if s.start < period.end and period.start < s.end
    }
    for row in payout.tables.rows("people"):
        start, end = as_day(row.get("hired_on") or row.get("valid_from")), as_day(row.get("left_on"))
        if (start is None or start < period.end) and (end is None or end > period.start):
            found.add(str(row["person_id"]))
    return found


def reconciliation(payout: Payout) -> pd.DataFrame:
    """A row a plan: credited = paid + withheld + excluded, and ``difference``, which is zero.

    The sums are of credit in the plan's currency; overlay credit is a column of its own, apart from bookings.
    """
    rows = []
    for plan in payout.plans:
        frame = _status(payout, plan)
        if frame is None:
            continue
        paying = _paid_credits(payout, plan)
        frame = (
            frame.join(paying, on=list(_KEYS), how="left")
            if paying is not None
            else frame.with_columns(pays=nw.lit(False))
        )
        counted = nw.col("on_plan") & nw.col("in_dates") & nw.col("counts")
        status = (
            nw.when(~counted)
            .then(nw.lit("excluded"))
            .otherwise(
                nw.when(nw.col("pays").fill_null(False)).then(nw.lit("paid")).otherwise(nw.lit("withheld"))
            )
        )
        sums = collected(
            frame.with_columns(status=status).group_by("status", "part").agg(nw.col("credit").sum())
        )
        by: dict[tuple[str, str], Decimal] = {(r["status"], r["part"]): r["credit"] for r in sums}
        all_ = collected(frame.select(nw.col("credit").sum()))[0]["credit"] or Decimal(0)
        part = {
            s: sum((v for (k, _), v in by.items() if k == s), Decimal(0))
            for s in ("paid", "withheld", "excluded")
        }
        overlay = sum((v for (_, p), v in by.items() if p == "overlay"), Decimal(0))
        rows.append(
            {
                "plan_id": plan.id,
                "plan_version": plan.version,
                "currency": plan.currency,
                "credited": all_,
                **part,
                "difference": all_ - sum(part.values(), Decimal(0)),
                "overlay": overlay,
            }
        )
    wide = pa.decimal128(38, 10)
    schema = {"plan_id": pa.string(), "plan_version": pa.int64(), "currency": pa.string()}
    schema |= dict.fromkeys(["credited", "paid", "withheld", "excluded", "difference", "overlay"], wide)
    made: pd.DataFrame = pa.Table.from_pylist(rows, schema=pa.schema(schema)).to_pandas(
        types_mapper=pd.ArrowDtype
    )
    return made


def _paid_credits(payout: Payout, plan: Plan) -> nw.LazyFrame[Any] | None:
    """Credits of the period for which the person, or a manager over them, is paid a line."""
    frames = []
    waiting = {(r["payee_id"], r["event_id"]) for r in payout.withheld_rows}
    paid_now = {(r["payee_id"], r["event_id"]) for r in payout.made if r["amount"]}
    for part in payout.components:
        if part.plan is not plan or part.c.measure == "activities" or part.c.payee == "manager":
            continue
        pays = part.frame.filter(
            (nw.col("happened_on") >= nw.lit(payout.period.start)) & (nw.col("amount_now") != number(0))
        )
        frames.append(pays.select(*_KEYS))
    if not frames:
        return None
    made = (
        (nw.concat(frames, how="vertical") if len(frames) > 1 else frames[0])
        .unique()
        .with_columns(pays=nw.lit(True))
    )
    wholly = sorted((p, e) for p, e in waiting - paid_now if e is not None)
    if wholly:
        held = payout.tables.put(
            [{"payee_id": p, "event_id": e} for p, e in wholly],
            {"payee_id": pa.string(), "event_id": pa.string()},
        )
        made = made.join(held, on=["payee_id", "event_id"], how="anti")
    return made


def words(payout: Payout) -> str:
    """The period's figures in a few lines of text."""
    said = [f"Commission {payout.period.words}"]
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in zip(payout.lines["currency"], payout.lines["amount"], strict=True):
        totals[currency] += amount
    for currency, amount in sorted(totals.items()):
        said.append(
            f"Paid: {amount:,.2f} {currency} in {len(payout.lines)} lines to {payout.lines['payee_id'].nunique()} people."
        )
    for row in payout.reconciliation.to_dict("records"):
        tie = "ties" if not row["difference"] else f"differs by {row['difference']:,.2f}"
        said.append(
            f"Plan {row['plan_id']} version {row['plan_version']}: credited {row['credited']:,.2f} = paid {row['paid']:,.2f} "
            f"+ withheld {row['withheld']:,.2f} + excluded {row['excluded']:,.2f} {row['currency']}"
            f" ({tie}); overlay credit in it {row['overlay']:,.2f}."
        )
    errors = sum(1 for p in payout.problems if p.severity == "error")
    said.append(f"Problems: {errors} errors, {len(payout.problems) - errors} others.")
    return "\n".join(said)
