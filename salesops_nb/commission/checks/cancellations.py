"""What becomes of each cancellation of the period: pay that comes back, or the reason why none does."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

import narwhals as nw

from salesops_nb.commission.checks.refunds_and_cancellations import ids, in_period
from salesops_nb.commission.inputs.events import CREDIT_KINDS, place_of, takes_back
from salesops_nb.commission.inputs.plan_assignments import members
from salesops_nb.commission.inputs.tables import collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import Working
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Message, message

Row = dict[str, Any]


class _Story(NamedTuple):
    """The events of a deal before the period's end, in order."""

    sold: list[tuple[date, str]]
    cancelled: list[tuple[date, str]]
    refunded: Decimal
    amounts: dict[str, Decimal]

    def all_back(self, kind: str) -> bool:
        """Whether refunds took all back that events of a kind say."""
        return self.refunded >= self.amounts.get(kind, Decimal(0))


def without_line(payout: Working) -> list[Row]:
    """Cancellations of the period that take no pay back, by person, plan and deal, with the reason.

    A `code` says that it is a problem too. Deals of which a plan has credited nothing yet are told with
    what waits (`uncredited`).
    """
    if "cancellations" not in payout.cache:
        payout.cache["cancellations"] = _without_line(payout)
    found: list[Row] = payout.cache["cancellations"]
    return found


def _without_line(payout: Working) -> list[Row]:
    facts = payout.facts
    events = facts.events.filter((nw.col("kind") == "cancelled") & in_period(payout))
    gone = collected(events.select("event_id", "deal_id", "happened_on").sort("happened_on", "event_id"))
    if not gone:
        return []
    names = sorted({row["deal_id"] for row in gone if row["deal_id"] is not None})
    deals = payout.tables.put([{"deal_id": name} for name in names], {"deal_id": nw.String})
    stories, credited, met = _stories(payout, deals), _credited(payout, deals), _met(payout)
    found = []
    for row in gone:
        deal, day = row["deal_id"], row["happened_on"]
        at = _at(day)
        blank = {"payee_id": None, "plan_id": None, "day": day, "code": None}
        blank |= {name: row[name] for name in ("event_id", "deal_id")}
        story = stories.get(deal, _Story([], [], Decimal(0), {}))
        before = [(on, kind) for on, kind in story.sold if on <= day]
        mine = [(*who, sorted(on for *_, on in each)) for who, each in _by_person(credited[deal], day)]
        if not before:
            why = message("the deal was cancelled on {day}: no sale before it", day=day)
            found.append(blank | {"code": "cancelled-without-sale", "reason": why})
        elif not mine and _outside(payout, before):
            why = message("the deal was cancelled on {day}: its sale is on a day without a plan", day=day)
            found.append(blank | {"code": "outside-plan", "reason": why})
        for plan, payee, days in mine:
            code, why = _why(plan, story, days, day, row["event_id"])
            if code is None and (plan.id, payee, deal, at) in met:
                continue
            says = {"payee_id": payee, "plan_id": plan.id, "plan": plan.label, "code": code}
            found.append(blank | says | {"reason": why})
    return found


def _why(plan: Plan, story: _Story, days: list[date], day: date, event: str) -> tuple[str | None, Message]:
    """Why a cancellation takes no pay back from somebody with sales on these days, and whether that is a
    problem.
    """
    rule, kind = plan.file.clawback, plan.file.credit.event
    if rule is None:
        if story.all_back(kind):
            return None, message("the deal was cancelled on {day}: it had been refunded in full", day=day)
        why = message("the deal was cancelled on {day}: the plan has no clawback", day=day)
        return "cancellation-not-counted", why
    earlier = [(on, name) for on, name in story.cancelled if (on, name) < (day, event)]
    first = [sold for sold in days if not any(sold <= on for on, _ in earlier)]
    if not first:
        before = max(earlier)[0]
        return None, message(
            "the deal was cancelled on {day}: it had already been cancelled on {before}",
            day=day,
            before=before,
        )
    if rule.window is not None and all(day >= rule.ends(sold) for sold in first):
        n, unit = rule.window
        if unit == "months":
            return None, message(
                "the deal was cancelled on {day}: the clawback period of {months} months had ended",
                day=day,
                months=n,
            )
        return None, message(
            "the deal was cancelled on {day}: the clawback period of {days} days had ended", day=day, days=n
        )
    return None, message("the deal was cancelled on {day}: no commission to recover", day=day)


def _stories(payout: Working, deals: nw.LazyFrame[Any]) -> dict[str, _Story]:
    theirs = payout.facts.events.filter(nw.col("happened_on") < nw.lit(payout.period.end))
    theirs = theirs.join(deals, on="deal_id", how="inner").with_columns(back=takes_back())
    columns = ("deal_id", "happened_on", "event_id", "kind", "amount", "back")
    rows = sorted(collected(theirs.select(*columns)), key=lambda r: [str(r[n]) for n in columns[:3]])
    found = {}
    for deal, group in groupby(rows, key=lambda r: r["deal_id"]):
        each = list(group)
        sold = [r for r in each if r["kind"] in CREDIT_KINDS and not r["back"]]
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        for r in sold:
            amounts[r["kind"]] += r["amount"] or 0
        found[deal] = _Story(
            [(r["happened_on"], r["kind"]) for r in sold],
            [(r["happened_on"], r["event_id"]) for r in each if r["kind"] == "cancelled"],
            sum((abs(r["amount"] or 0) for r in each if r["back"]), Decimal(0)),
            amounts,
        )
    return found


def _credited(payout: Working, deals: nw.LazyFrame[Any]) -> dict[str, list[tuple[Plan, str, date]]]:
    """Plans and people who have credit of the deals, their own or their team's, and the day that counts."""
    found: dict[str, list[tuple[Plan, str, date]]] = defaultdict(list)
    for plan in payout.plans:
        owner = any(c.payee == "owner" for c in plan.components)
        for full in (payout.full.get(plan) if owner else None, payout.team.get(plan)):
            if full is None:
                continue
            sold = full.filter(nw.col("counts") & ~nw.col("negative")).join(deals, on="deal_id", how="inner")
            sold = members(sold, plan, payout.stays.get(plan), payout.tables)
            for row in collected(sold.select("deal_id", "payee_id", "counted_on").unique()):
                found[row["deal_id"]].append((plan, row["payee_id"], row["counted_on"]))
    return found


def _by_person(
    credited: list[tuple[Plan, str, date]], day: date
) -> list[tuple[tuple[Plan, str], list[tuple[Plan, str, date]]]]:
    """Who has credit of a deal from up to a day, in order."""

    def who(row: tuple[Plan, str, date]) -> tuple[str, str]:
        return row[0].label, row[1]

    rows = sorted((row for row in credited if row[2] <= day), key=who)
    return [(each[0][:2], each) for _, group in groupby(rows, key=who) if (each := list(group))]


def _met(payout: Working) -> set[tuple[str, str, str, str]]:
    """Plan, person, deal and cancellation that a line, or a withheld row of what lapsed, speaks of."""
    found = {
        (row["plan_id"], row["payee_id"], row["deal_id"], _at(row["happened_on"]))
        for row in payout.made
        if row["kind"] == "clawback"
    }
    rows = payout.withheld_rows
    return found | {(r["plan_id"], r["payee_id"], r["deal_id"], r["reason"].partition(":")[0]) for r in rows}


def _at(day: date) -> str:
    return f"the deal was cancelled on {day}"


def _outside(payout: Working, sold: list[tuple[date, str]]) -> bool:
    """Whether the plans credit such sales and none is in force on the day of the first."""
    days = [
        min((on for on, kind in sold if kind == plan.file.credit.event), default=None)
        for plan in payout.plans
    ]
    met = [(plan, day) for plan, day in zip(payout.plans, days, strict=True) if day is not None]
    return bool(met) and not any(plan.start <= day < plan.end for plan, day in met)


def rows(payout: Working) -> list[Problem]:
    """Cancellations of the period that nobody counts."""
    found, by_plan = [], defaultdict(list)
    for row in without_line(payout):
        if row["code"] == "cancellation-not-counted":
            by_plan[row["plan"]].append(row)
        elif row["code"] is not None:
            found.append(_uncounted(payout, row))
    for plan, mine in sorted(by_plan.items()):
        deals = list(dict.fromkeys(str(row["deal_id"]) for row in mine))
        found.append(
            problem(
                "cancellation-not-counted",
                **place_of(payout.facts, str(mine[0]["event_id"]), "kind"),
                plan=plan,
                n=len(deals),
                deals=ids(deals),
            )
        )
    return found


def _uncounted(payout: Working, row: Row) -> Problem:
    """A cancellation whose sale is missing, or is on a day without a plan."""
    no_sale = row["code"] == "cancelled-without-sale"
    return problem(
        "cancelled-without-sale" if no_sale else "outside-plan.cancelled",
        **place_of(payout.facts, str(row["event_id"]), "happened_on"),
        event=row["event_id"],
        deal=row["deal_id"],
        day=row["day"],
    )
