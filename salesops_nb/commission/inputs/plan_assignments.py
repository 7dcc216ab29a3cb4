"""Who is on a plan when, by the table `plan_assignments`: dated, with what it says of pay and acceptance."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.tables import Tables, as_day, as_decimal
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, problem

FAR = date(2200, 1, 1)


@dataclass(frozen=True)
class Stay:
    """A person's time under a plan, half-open, with what the assignment says of pay."""

    payee: str
    start: date
    end: date
    target: Fraction | None = None
    currency: str | None = None
    accepted: bool = True
    row: int | None = None
    base: Fraction | None = None


def read_stays(
    plans: Iterable[Plan], tables: Tables, problems: list[Problem]
) -> dict[Plan, dict[str, list[Stay]] | None]:
    """Each plan's people by the table `plan_assignments`, ``None`` for everyone where there is none."""
    plans = list(plans)
    if "plan_assignments" not in tables:
        return dict.fromkeys(plans)
    found: dict[Plan, dict[str, list[Stay]]] = {plan: defaultdict(list) for plan in plans}
    taken: dict[str, list[tuple[date, date, str, int]]] = defaultdict(list)
    known = {plan.id for plan in plans}
    for number, row in enumerate(tables.rows("plan_assignments"), start=2):
        payee = str(row["person_id"])
        start = as_day(row.get("valid_from")) or date(1900, 1, 1)
        end = as_day(row.get("valid_to")) or FAR
        clash = next((t for t in taken[payee] if t[0] < end and start < t[1]), None)
        if clash is not None:
            problems.append(_overlap(payee, row, number, clash))
            continue
        taken[payee].append((start, end, str(row["plan_id"]), number))
        if str(row["plan_id"]) not in known:
            continue
        target = target_incentive(row, number, problems)
        accepted = "accepted_on" not in row or as_day(row["accepted_on"]) is not None
        for plan in plans:
            version = row.get("plan_version")
            if plan.id != str(row["plan_id"]) or (
                version is not None and version == version and int(version) != plan.version
            ):
                continue
            s, e = max(start, plan.start), min(end, plan.end)
            if s < e:
                currency = row.get("currency") or None
                base = as_decimal(row.get("base_pay"))
                pay = None if base is None else Fraction(base)
                found[plan][payee].append(Stay(payee, s, e, target, currency, accepted, number, pay))
                fx = plan.file.fx
                if currency not in (None, plan.currency) and (fx is None or fx.pay is None):
                    problems.append(_no_pay_rates(payee, plan, str(currency), number))
    for per_plan in found.values():
        for stays in per_plan.values():
            stays.sort(key=lambda stay: stay.start)
    return {plan: dict(stays) for plan, stays in found.items()}


def in_force(rows: Iterable[Mapping[str, Any]], period: Period) -> list[Mapping[str, Any]]:
    """The rows of `plan_assignments` that hold on some day of the period, by person and first day."""
    found = [
        row
        for row in rows
        if (row.get("valid_from") or date.min) < period.end
        and (row.get("valid_to") or date.max) > period.start
    ]
    return sorted(found, key=lambda row: (str(row["person_id"]), row.get("valid_from") or date.min))


def members(
    frame: nw.LazyFrame[Any], plan: Plan, stays: dict[str, list[Stay]] | None, tables: Tables
) -> nw.LazyFrame[Any]:
    """Credits of people who are on the plan on the day that counts."""
    inside = (nw.col("counted_on") >= nw.lit(plan.start)) & (nw.col("counted_on") < nw.lit(plan.end))
    frame = frame.filter(inside & ~nw.col("payee_id").is_null())
    if stays is None:
        return frame
    rows = [
        {"payee_id": s.payee, "stay_from": s.start, "stay_to": s.end} for all_ in stays.values() for s in all_
    ]
    table = tables.put(rows, {"payee_id": nw.String, "stay_from": nw.Date, "stay_to": nw.Date})
    frame = frame.join(table, on="payee_id", how="inner")
    in_force = (nw.col("counted_on") >= nw.col("stay_from")) & (nw.col("counted_on") < nw.col("stay_to"))
    return frame.filter(in_force).drop("stay_from", "stay_to")


def target_incentive(row: Mapping[str, Any], number: int, problems: list[Problem]) -> Fraction | None:
    """A year's target incentive: as said, else base pay × variable part ÷ base part of the pay mix
    (60/40).
    """
    stated, base = as_decimal(row.get("target_incentive")), as_decimal(row.get("base_pay"))
    mix = row.get("pay_mix")
    if base is None or mix is None or mix != mix or str(mix).strip() == "":
        return None if stated is None else Fraction(stated)
    share = base_share(mix)
    place: dict[str, Any] = {
        "table": "plan_assignments",
        "row": number,
        "column": "pay_mix",
        "value": str(row["person_id"]),
    }
    if not share:  # nor does a base part of nothing say what the variable part of a base pay is
        if share is None or base:
            problems.append(problem("pay-mix-differs.no-mix", **place, mix=mix))
        return None if stated is None else Fraction(stated)
    derived = Fraction(base) * (1 - share) / share
    if stated is not None and abs(Fraction(stated) - derived) > max(Fraction(1), derived / 100):
        made = float(derived)
        problems.append(
            problem("pay-mix-differs.target", **place, base=base, mix=mix, derived=made, said=stated)
        )
    return derived if stated is None else Fraction(stated)


def base_share(mix: Any) -> Fraction | None:
    """The base part of a pay mix: ``60/40``, ``60`` (per cent) or ``0.6``; ``None`` where it makes no
    sense. Of ``0/100`` it is 0: all pay is variable.
    """
    parts = re.split(r"[/:]", str(mix))
    try:
        numbers = [Fraction(part.strip().removesuffix("%").strip()) for part in parts]
    except ValueError:
        return None
    if len(numbers) == 2 and min(numbers) >= 0 < max(numbers):
        return numbers[0] / sum(numbers)
    if len(numbers) != 1 or numbers[0] <= 0 or numbers[0] > 100:
        return None
    return numbers[0] if numbers[0] <= 1 else numbers[0] / 100


def _no_pay_rates(payee: str, plan: Plan, currency: str, number: int) -> Problem:
    return problem(
        "pay-currency-not-said",
        table="plan_assignments",
        row=number,
        column="currency",
        value=payee,
        currency=currency,
        plan=plan.label,
        plan_currency=plan.currency,
    )


def _overlap(payee: str, row: Mapping[str, Any], number: int, clash: tuple[date, date, str, int]) -> Problem:
    return problem(
        "overlapping-plans",
        table="plan_assignments",
        row=number,
        column="valid_from",
        value=payee,
        plan=row["plan_id"],
        day=row.get("valid_from"),
        other=clash[2],
        other_row=clash[3],
        start=clash[0],
        end=clash[1] - timedelta(days=1),
    )
