"""What plans pay each person in spans of days, before draws and guarantees: of the period, and before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.earning.lines import of_version
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.tables import as_day, collected
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.opening_lines import opening_lines
from salesops_nb.commission.settlement.release import released
from salesops_nb.commission.settlement.working import ComponentRows, Working

Row = dict[str, Any]
ZERO = Decimal(0)
ADVANCED = ("draw", "guarantee", "negative_pay")  # components whose lines are no pay that a draw tops up


@dataclass
class Settled:
    """A plan at work, and the period's lines that it pays so far, in its own currency."""

    job: Job
    parts: list[ComponentRows]
    rows: list[Row]


@dataclass
class Pay:
    """Sums of pay by plan, person and days."""

    payout: Working
    settled: Mapping[Plan, Settled]
    _now: dict[Plan, dict[str, list[Row]]] = field(default_factory=dict)
    _before: dict[tuple[Plan, date], dict[str, Decimal]] = field(default_factory=dict)

    def people(self, plan: Plan) -> set[str]:
        """Everyone with a line of the plan in the period."""
        return set(self._rows(plan))

    def of(self, plans: Iterable[Plan], payee: str, start: date, end: date, of_others: str = "") -> Decimal:
        """What plans pay a person in a span.

        With `of_others`, pay of a plan of another id that waits until the person accepts it is left out.
        """
        total = ZERO
        for plan in plans:
            waits = of_others and plan.id != of_others and self._waits(plan, payee, start, end)
            if waits:
                continue
            rows = self._rows(plan).get(payee, ())
            total += sum((r["amount"] for r in rows if start <= r["happened_on"] < end), ZERO)
            if start < self.payout.period.start:
                total += self._paid_before(plan, start).get(payee, ZERO)
        return total

    def _rows(self, plan: Plan) -> dict[str, list[Row]]:
        if plan not in self._now:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in self.settled[plan].rows if plan in self.settled else ():
                found[row["payee_id"]].append(row)
            self._now[plan] = dict(found)
        return self._now[plan]

    def _waits(self, plan: Plan, payee: str, start: date, end: date) -> bool:
        rule = plan.file.acceptance
        if rule is None or rule.missing != "withhold":
            return False
        stays = (self.payout.stays[plan] or {}).get(payee, [])
        return any(not s.accepted and s.start < end and start < s.end for s in stays)

    def _paid_before(self, plan: Plan, since: date) -> dict[str, Decimal]:
        """What the plan paid each person from a day up to the period, without draws and guarantees.

        By the ledger where it has lines of those days, else by the calculation (which knows no objectives
        and no adjustments of earlier periods).
        """
        if (plan, since) not in self._before:
            self._before[plan, since] = self._sums_before(plan, since)
        return self._before[plan, since]

    def _sums_before(self, plan: Plan, since: date) -> dict[str, Decimal]:
        payout, now = self.payout, self.payout.period.start
        found: dict[str, Decimal] = defaultdict(Decimal)
        ledger = [
            row
            for row in payout.prior(plan)
            if (on := as_day(row.get("happened_on"))) is not None
            and since <= on < now
            and (plan.start <= on < plan.end or row.get("plan_version") is not None)
            and of_version(plan, row.get("plan_version"))
        ]
        for row in ledger:
            if row["kind"] not in ("draw", "draw_recovery") and row.get("component_id") not in ADVANCED:
                found[row["payee_id"]] += payout.in_plan(plan, row)
        if ledger or plan not in self.settled:
            return found
        earlier = payout.before(since)
        rows = opening_lines(earlier, plan)
        for part in self.settled[plan].parts:
            paid = "amount_prev" if part.conditional and part.spans[0].start < now else "amount_now"
            if plan.file.release or plan.file.clawback:
                rows += released(earlier, self.settled[plan].job, part, paid)
                continue
            day = nw.col("happened_on")
            those = part.frame.filter((day >= nw.lit(since)) & (day < nw.lit(now)))
            rows += collected(those.select("payee_id", amount=nw.col(paid)))
        for row in rows:
            found[row["payee_id"]] += row["amount"]
        return found
