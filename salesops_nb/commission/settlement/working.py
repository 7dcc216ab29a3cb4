"""The state of a calculation that its steps work on: what was read, what is worked out, what was found."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import narwhals as nw

from salesops_nb.commission.crediting.refund_pieces import event_of
from salesops_nb.commission.earning.lines import SCHEMA
from salesops_nb.commission.earning.plan_at_work import Job
from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.inputs.plan_assignments import Stay
from salesops_nb.commission.inputs.quotas import Span
from salesops_nb.commission.inputs.rounding import rounded_pay
from salesops_nb.commission.inputs.tables import Tables, as_decimal, collected
from salesops_nb.commission.plans.component_terms import on_attainment
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import Message, listed


@dataclass
class ComponentRows:
    """A component's worked frame: a row a credit, with position, factor and amount.

    `whole` has the credits of other versions of the plan too, where running totals go on over them.
    """

    plan: Plan
    c: Component
    spans: list[Span]
    frame: nw.LazyFrame[Any]
    job: Job
    whole: nw.LazyFrame[Any]

    @property
    def conditional(self) -> bool:
        """Whether a condition on attainment can change what earlier credits pay."""
        return on_attainment(self.c)


@dataclass
class Working:
    """What the steps of one calculation share: the tables and plans, and what each step adds."""

    period: Period
    plans: tuple[Plan, ...]
    tables: Tables
    facts: Facts
    found: list[Problem] = field(default_factory=list)
    exit_netting: frozenset[str] = frozenset()
    components: list[ComponentRows] = field(default_factory=list)
    lazy: list[nw.LazyFrame[Any]] = field(default_factory=list)  # lines that pay something
    made: list[dict[str, Any]] = field(default_factory=list)
    zeros: list[dict[str, Any]] = field(default_factory=list)
    withheld_rows: list[dict[str, Any]] = field(default_factory=list)
    reasons: dict[str, Message] = field(default_factory=dict)
    by_text: dict[str, Message] = field(default_factory=dict)  # reasons for paying nothing, by their English
    stood: dict[str, date] = field(default_factory=dict)
    full: dict[Plan, nw.LazyFrame[Any]] = field(default_factory=dict)
    team: dict[Plan, nw.LazyFrame[Any]] = field(default_factory=dict)
    credit_keys: dict[Plan, tuple[Any, ...]] = field(default_factory=dict)
    stays: dict[Plan, dict[str, list[Stay]] | None] = field(default_factory=dict)
    draws: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # owed, by plan id and person
    carried: dict[tuple[str, str, str], Decimal] = field(default_factory=dict)  # by plan id, person, currency
    # what draws and guarantees of the period assure, by person and currency
    assured: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    credited: set[tuple[Plan, str, str]] = field(default_factory=set)
    cache: dict[Any, Any] = field(default_factory=dict)
    # by plan and line: lines of the ledger that do not say what they were in the plan's currency
    unsaid: dict[Plan, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def lines_lazy(self) -> nw.LazyFrame[Any]:
        """Payable lines, not yet worked out."""
        frames = list(self.lazy)
        if self.made or not frames:
            frames.append(self.tables.put(self.made, SCHEMA))
        return nw.concat(frames, how="vertical") if len(frames) > 1 else frames[0]

    def reason(self, text: str) -> str:
        """A reason for paying nothing by its English, to be written in the reader's language."""
        return self.by_text.get(str(text), str(text))

    def before(self, since: date) -> Working:
        """The same calculation of the days from one up to the period, to be filled anew."""
        days = replace(self.period, key=f"before {self.period.key}", start=since, end=self.period.start)
        return replace(
            self, period=days, found=[], made=[], zeros=[], withheld_rows=[], reasons={}, stood={},
            credited=set(), cache={},
        )  # fmt: skip

    def prior_rows(self) -> list[dict[str, Any]]:
        """The ledger so far."""
        if "prior" not in self.cache:
            self.cache["prior"] = self.tables.rows("prior_lines")
        rows: list[dict[str, Any]] = self.cache["prior"]
        return rows

    def of_period(self, row: dict[str, Any]) -> bool:
        """Whether a line of the ledger is of this very period; a correction is of the one it corrects."""
        return bool((row.get("origin") or row.get("period")) == self.period.key)

    def prior(self, plan: Plan) -> list[dict[str, Any]]:
        """Earlier lines of the plan in the ledger handed in (any version of it, never of this period).

        A correction of an earlier period, which is paid in this one, is of that earlier one.
        """
        mine = [r for r in self.prior_rows() if r.get("plan_id") == plan.id]
        return [r for r in mine if not self.of_period(r)]

    def in_plan(self, plan: Plan, row: dict[str, Any]) -> Decimal:
        """A line of the ledger in the plan's currency, as it was before it was converted to the payee's.

        One that does not say so counts as nothing, and is told by `unconverted`.
        """
        amount = as_decimal(row["amount"]) or Decimal(0)
        if row.get("currency") in (None, plan.currency):
            return amount
        raw = as_decimal(row.get("raw"))
        if raw is None and amount:
            self.unsaid.setdefault(plan, {})[str(row["line_id"])] = row
        return rounded_pay(plan, raw or Decimal(0))

    def unconverted(self, plan: Plan) -> list[Problem]:
        """A problem for each currency in which the ledger does not say what a line was in the plan's own."""
        of: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.unsaid.pop(plan, {}).values():
            of[str(row["currency"])].append(row)
        return [_unsaid(plan, currency, rows) for currency, rows in sorted(of.items())]

    def deal_events(self) -> dict[str, list[dict[str, Any]]]:
        """Events of each deal before the period's end, in order."""
        if "events" not in self.cache:
            found: dict[str, list[dict[str, Any]]] = defaultdict(list)
            rows = collected(self.facts.events.filter(nw.col("happened_on") < nw.lit(self.period.end)))
            for row in sorted(rows, key=lambda r: (r["happened_on"], r["event_id"])):
                found[row["deal_id"]].append(row)
            self.cache["events"] = found
        events: dict[str, list[dict[str, Any]]] = self.cache["events"]
        return events

    def terms(self) -> dict[str, int]:
        """Term in months of each deal that has one."""
        return {deal: int(term) for deal, term in self._of_deals("term_months").items()}

    def deal_amounts(self) -> dict[str, Any]:
        """Amount of each deal that has one."""
        return self._of_deals("amount")

    def deal_days(self) -> dict[str, Any]:
        """Day on which each deal was closed."""
        return self._of_deals("closed_on")

    def _of_deals(self, column: str) -> dict[str, Any]:
        if ("deals", column) not in self.cache:
            rows: list[dict[str, Any]] = []
            if column in self.tables.columns("deals"):
                rows = collected(self.tables.frame("deals").select("deal_id", column))
            read = {
                str(r["deal_id"]): r[column] for r in rows if r[column] is not None and r[column] == r[column]
            }
            self.cache["deals", column] = read
        found: dict[str, Any] = self.cache["deals", column]
        return found

    def hold(self, row: dict[str, Any], part: ComponentRows, amount: Decimal, reason: Message) -> None:
        """A part of pay that is earned and not payable in this period."""
        self.withheld_rows.append(
            {
                "payee_id": row["payee_id"],
                "deal_id": row["deal_id"],
                "event_id": event_of(row["event_id"]),
                "plan_id": part.plan.id,
                "component_id": part.c.id,
                "reason": reason,
                "credit": row["x"],
                "amount": amount,
            }
        )


def _unsaid(plan: Plan, currency: str, rows: list[dict[str, Any]]) -> Problem:
    total = sum((as_decimal(row["amount"]) or Decimal(0) for row in rows), Decimal(0))
    people = sorted({str(row["payee_id"]) for row in rows})
    return problem(
        "no-raw-amount",
        table="prior_lines",
        column="raw",
        value=currency,
        amount=total,
        lines=len(rows),
        plan=plan.label,
        people=listed(people, 5),
        plan_currency=plan.currency,
    )
