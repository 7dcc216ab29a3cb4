"""What-ifs that answer at once: a plan's credits read once, paid again by hand when a number changes.

A change of rates, bands, gates, caps or quotas leaves the credits as they are, so each person's pay
is F of the credit already read. What moves the credits themselves (conditions, splits, releases,
draws, lists of rates) is calculated in full.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd
import pyarrow as pa

from salesops_nb.commission.calculation import calculate
from salesops_nb.commission.design.exact_pay import pay
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.commission.plans.component_terms import scope_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.result.payout import Payout
from salesops_nb.expression import columns_of

Credits = dict[tuple[str, int], list[Fraction]]


@dataclass(frozen=True)
class WhatIf:
    """A change against today: cost of both, and a row a person with both pays and the difference."""

    cost: Decimal
    cost_today: Decimal
    people: pd.DataFrame

    @property
    def winners(self) -> int:
        """People who would get more."""
        return int((self.people["change"] > 0).sum())

    @property
    def losers(self) -> int:
        """People who would get less."""
        return int((self.people["change"] < 0).sum())


class Study:
    """One plan's credits of a period, ready to be paid by a changed plan.

    Parameters
    ----------
    plan : the plan as it stands.
    tables, period : as for `calculate`, which is called once (or `today` is taken, where it was made).
    """

    def __init__(
        self,
        plan: Plan,
        tables: Mapping[str, Any] | Tables,
        period: Any,
        today: Payout | None = None,
    ) -> None:
        self.plan, self.period = plan, period
        self.payout = today if today is not None else calculate(plan, tables, period)
        self.tables = self.payout.tables
        self.parts = {p.c.id: p for p in self.payout.working.components if p.plan is plan}
        self.today = _by_person(self.payout, plan)
        self.credits: dict[str, Credits] = {c: defaultdict(list) for c in self.parts}
        trace = self.payout.trace
        if not trace.empty:
            mine = trace[(trace["plan_id"] == plan.id) & (trace["plan_version"] == plan.version)]
            columns = [mine[n] for n in ("component_id", "payee_id", "span", "x")]
            for component, payee, span, x in zip(*columns, strict=True):
                self.credits[component][payee, int(span)].append(Fraction(x))

    def what_if(self, changes: Mapping[str, Any], quota_factor: Decimal | int = 1) -> WhatIf:
        """Cost, winners and losers if a part of the plan were so, such as ``{"quota": {"amount": 500000}}``.

        `quota_factor` multiplies every quota, the plan's own and those of the targets.
        """
        changed = self.plan.changed(**_with_quota(self.plan, changes, Decimal(quota_factor)))
        factor = Fraction(quota_factor)
        if self._by_hand(changed):
            new = self._paid(changed, factor)
        else:
            netting = self.payout.working.exit_netting
            found = calculate(changed, self._scaled(factor), self.period, exit_netting=netting)
            new = _by_person(found, changed)
        people = sorted({*new, *self.today})
        zero, money = Decimal(0), pa.decimal128(38, 4)
        frame = pa.table(
            {
                "payee_id": pa.array(people, pa.string()),
                "today": pa.array([self.today.get(p, zero) for p in people], money),
                "then": pa.array([new.get(p, zero) for p in people], money),
                "change": pa.array([new.get(p, zero) - self.today.get(p, zero) for p in people], money),
            }
        ).to_pandas(types_mapper=pd.ArrowDtype)
        return WhatIf(sum(new.values(), zero), sum(self.today.values(), zero), frame)

    def _by_hand(self, changed: Plan) -> bool:
        """Whether the credits stay as they are and every component's pay is F of them."""
        file, old = changed.file, self.plan.file
        settled = (file.release, file.clawback, file.draw, file.guarantee, file.fx)
        same = (
            file.credit == old.credit
            and file.plan == old.plan
            and not any(settled)
            and not any((old.release, old.clawback, old.draw, old.guarantee, old.fx))
        )
        attained = file.quota is None or file.quota.attained_by == file.credit.event
        before = {c.id: c for c in self.plan.components}
        whole = all(
            p.spans[0].start >= self.payout.period.start and p.whole is p.frame for p in self.parts.values()
        )
        return same and attained and whole and not self.payout.working.facts.has_refunds and all(
            c.id in before and _simple(c) and _same_credit(c, before[c.id]) for c in changed.components
        )  # fmt: skip

    def _scaled(self, factor: Fraction) -> Tables:
        """The tables with the plan's quotas in targets multiplied."""
        quota = self.plan.file.quota
        if factor == 1 or quota is None or "targets" not in self.tables:
            return self.tables
        rows = plain_rows(self.tables.given["targets"])
        for row in rows:
            if row.get("metric", quota.metric) == quota.metric and row["value"] is not None:
                row["value"] = decimal_of(Fraction(row["value"]) * factor)
        return self.tables.beside(targets=pa.Table.from_pylist(rows))

    def _paid(self, changed: Plan, factor: Fraction) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        attained = self._attained()
        for c in changed.components:
            part = self.parts.get(c.id)
            if part is None:
                continue
            targets = {
                key: [(start, end, value * factor) for start, end, value in rows]
                for key, rows in part.job.people.targets.items()
            }
            people = replace(part.job.people, plan=changed, targets=targets, problems=[], _reported=set())
            for (payee, span), credits in self.credits[c.id].items():
                total = attained.get((payee, span), sum(credits, Fraction(0)))
                found[payee] += pay(changed, c, part, people, payee, span, credits, total)
        return {payee: amount for payee, amount in found.items() if amount}

    def _attained(self) -> dict[tuple[str, int], Fraction]:
        """Credit of each person by span, over all that the plan counts."""
        part = next(
            (
                p
                for p in self.parts.values()
                if p.c.payee == "owner" and p.c.where is None and p.c.measure == "credit"
            ),
            None,
        )
        if part is None:
            return {}
        return {key: sum(credits, Fraction(0)) for key, credits in self.credits[part.c.id].items()}


def _with_quota(plan: Plan, changes: Mapping[str, Any], factor: Decimal) -> dict[str, Any]:
    """The changes, with the plan's own quota multiplied."""
    quota = plan.file.quota
    if factor == 1 or quota is None:
        return dict(changes)
    stated = {**quota.model_dump(by_alias=True, exclude_unset=True), **changes.get("quota", {})}
    if stated.get("amount") is not None:
        stated["amount"] = Decimal(stated["amount"]) * factor
    return {**changes, "quota": stated}


def _simple(c: Component) -> bool:
    units = {c.table.unit} if c.table is not None else set()
    named: set[str] = set()
    for m in c.multipliers.rows if c.multipliers else ():
        named |= columns_of(m.where)
    limits = c.limit_list
    plain = all(limit.per == "period" and limit.floor is None and limit.excess != "carry" for limit in limits)
    return (
        c.rates is None and c.position is None and c.measure != "mbo"
        and plain and named <= {"attainment_pct"}
        and units <= {"amount", "pct_of_quota"} and (c.table is None or c.table.mode != "matrix")
        and scope_of(c) != "ytd_less_paid"
    )  # fmt: skip


def _same_credit(c: Component, old: Component) -> bool:
    fields = ("measure", "where", "from_", "to", "payee", "levels", "activity", "scope")
    return all(getattr(c, f) == getattr(old, f) for f in fields)


def _by_person(payout: Payout, plan: Plan) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    lines = payout.lines
    for payee, of, amount in zip(lines["payee_id"], lines["plan_id"], lines["amount"], strict=True):
        if of == plan.id:
            found[payee] = found.get(payee, Decimal(0)) + amount
    return found
