"""For the plan's designer: pay at threshold, target and excellence, and what a change would do."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.commission.design.pay_curves import (
    cost_curve,
    landmarks,
    needs_target,
    on_curve,
    share_at_target,
)
from salesops_nb.commission.design.plan_variants import moved
from salesops_nb.commission.design.what_if import WhatIf
from salesops_nb.commission.finance.ledger_rows import arrow_of
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.charts.findings_of_plans import pay_curve
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)


class Design:
    """One plan under study, and the change that is tried."""

    def __init__(self, book: Book, plan: str | None, component: str | None) -> None:
        self.book = book
        self.plan = _chosen(book, plan, component)
        self.named = _named(self.plan, plan, component)
        self.study = book.study(self.plan)

    def tried(self, component: str | None, rate: float, tier: float, quota: float) -> Tried:
        """The change in force: per cent of rates, tiers and quotas."""
        changes = moved(self.plan, _decimal(rate), _decimal(tier), component)
        factor = 1 + _decimal(quota) / 100
        return Tried(self, changes, factor)


class Tried:
    """A change of the plan, its cost and who wins or loses; `none` where nothing is changed."""

    def __init__(self, design: Design, changes: dict[str, Any], factor: Decimal) -> None:
        self.design, self.changes, self.factor = design, changes, factor
        self.none = not changes and factor == 1
        self.changed = design.plan.changed(**changes)

    @cached_property
    def found(self) -> WhatIf:
        """What the change costs, and whom; paid when it is first asked for."""
        return self.design.study.what_if(self.changes, self.factor)


def open_design(
    book: Book, who: str | None, plan: str | None, component: str | None = None, audience: str = "analyst"
) -> Design | None:
    """The plan to study; none on a person's statement or finance's page, or where there is no plan."""
    return None if who or audience != "analyst" or not book.plans else Design(book, plan, component)


def in_words(book: Book, who: str | None, audience: str = "analyst") -> None:
    """Each plan as it says itself in sentences, with the defaults that its file leaves out."""
    if who or audience != "analyst":
        return
    for plan in book.plans:
        present.show_table(
            pd.DataFrame({"words": [translate(sentence) for sentence in plan.sentences()]}),
            title=_("Plan {plan} in words", plan=plan.id),
            table="plan_in_words",
            rows=None,
            row_head=None,
        )


def landmarks_table(
    book: Book, who: str | None, threshold: float, excellence: float, audience: str = "analyst"
) -> None:
    """Pay at threshold, target and excellence, cost of sales there, and the share of people at target."""
    if who or audience != "analyst":
        return
    rows = []
    notes = [_("For the median quota of the plan; bonuses for single deals are not on the curve.")]
    for plan in book.plans:
        quota, target = _typical(book, plan)
        if not quota or not any(on_curve(c) for c in plan.components):
            continue
        if needs_target(plan) and target is None:
            notes.append(_no_target(plan))
            continue
        paid = landmarks(plan, _decimal(threshold), _decimal(excellence), quota, target)
        reached, people = share_at_target(book.payout, plan)
        for name, point in (("threshold", threshold), ("target", 100.0), ("excellence", excellence)):
            credit = quota * _decimal(point) / 100
            rows.append(
                {"plan": plan.id, "point": _point(name), "attainment": _decimal(point) / 100,
                 "credit": credit, "pay": paid[name], "cost": paid[name] / credit if credit else None,
                 "people": f"{reached} / {people}" if name == "target" else ""}
            )  # fmt: skip
    if not rows and len(notes) > 1:
        present.note(notes[1])
        return
    if not rows:
        present.note(
            _("No plan has a quota, so that pay at threshold, target and excellence has no meaning.")
        )
        return
    present.show_table(
        pd.DataFrame(rows),
        title=_("Pay at threshold, target and excellence"),
        table="design",
        notes=notes,
    )


def what_if(tried: Tried | None) -> None:
    """Cost, distribution, winners and losers of the change against the plan as it stands."""
    if tried is None:
        return
    currency = tried.design.plan.currency
    if tried.none:
        present.note(
            _("Move rate_change, tier_change or quota_change to see what {what} would cost then, who "
              "would win and who would lose.", what=tried.design.named)
        )  # fmt: skip
        return
    found = tried.found
    change = found.cost - found.cost_today
    present.headlines(
        [
            {"label": _("Cost then"), "value": formats.money(found.cost, currency, cents=True),
             "sentence": _("Today {today}.", today=formats.money(found.cost_today, currency, cents=True))},
            {"label": _("Difference"), "value": formats.money(change, currency, cents=True),
             "sentence": _("{share} of today's cost.",
                           share=formats.percent(change / found.cost_today if found.cost_today else None))},
            {"label": _("Winners"), "value": found.winners, "unit": "integer",
             "sentence": ngettext("Of {n} person.", "Of {n} people.", len(found.people))},
            {"label": _("Losers"), "value": found.losers, "unit": "integer",
             "sentence": ngettext("Of {n} person.", "Of {n} people.", len(found.people))},
        ]
    )  # fmt: skip
    people = found.people.assign(name=[tried.design.book.names.get(p, p) for p in found.people["payee_id"]])
    people = people[people["change"] != 0].sort_values("change", ascending=False)
    present.show_table(
        people[["name", "today", "then", "change"]],
        title=_("Winners and losers"),
        table="design",
        currency=currency,
        rows=60,
    )
    _distribution(found)


def _distribution(found: WhatIf) -> None:
    """How pay would be spread, the medians of today and then marked."""
    then, today = (found.people[name].astype(float) for name in ("then", "today"))
    if len(then) < 2 or then.nunique() < 2:
        return
    present.histogram(
        then.to_numpy(),
        unit="money",
        subtitle=_("Pay of a person, then"),
        marks={_("median today"): float(today.median()), _("median then"): float(then.median())},
    )


def curve(tried: Tried | None) -> None:
    """Pay over attainment: as the plan stands, and with the change."""
    if tried is None:
        return
    plan = tried.design.plan
    quota, incentive = _typical(tried.design.book, plan)
    if not quota or not any(on_curve(c) for c in plan.components):
        return
    if needs_target(plan) and incentive is None:
        present.note(_no_target(plan))
        return
    points = tuple(range(0, 201, 10))
    now = cost_curve(plan, points, quota, incentive)
    frame = pd.DataFrame(
        {"attainment": [f"{point} %" for point in points], "pay": now["pay"], "cost": now["cost_pct"]}
    )
    target = None
    if not tried.none:
        # the same sales, measured against the changed quota
        same = [Decimal(point) / tried.factor for point in points]
        frame["then"] = cost_curve(tried.changed, same, quota * tried.factor, incentive)["pay"]
        target = "then"
    paid = (frame["pay"][10], frame["pay"][20], frame["then"][10] if target else None)
    present.trend(
        frame, "attainment", "pay", unit="money", target=target,
        title=pay_curve(*paid, formats.short_money),
        subtitle=_("Pay over attainment, plan {plan}", plan=plan.id),
        note=_("For the median quota of {quota}. The dashed line is the plan with the change.",
               quota=formats.money(quota, plan.currency)) if target
        else _("For the median quota of {quota}.", quota=formats.money(quota, plan.currency)),
    )  # fmt: skip
    at = frame[frame["attainment"].isin([f"{p} %" for p in (50, 100, 150, 200)])]
    if target is None:
        present.show_table(
            at.assign(cost=at["cost"].astype(object).map(lambda pct: pct / 100))[
                ["attainment", "pay", "cost"]
            ],
            title=_("Cost of sales over attainment"),
            table="design",
            currency=plan.currency,
        )


def _chosen(book: Book, wanted: str | None, component: str | None) -> Plan:
    """The plan named, else the one that pays most in the period, of those that have the component."""
    if wanted:
        found = next((plan for plan in book.plans if plan.id == wanted), None)
        if found is None:
            known = ", ".join(sorted({plan.id for plan in book.plans}))
            raise SalesopsError(
                problem("unknown-plan.calculated", column='plan', value=wanted, known=known)
            )  # fmt: skip
        return found
    paid = arrow_of(book.payout.lines).group_by("plan_id").aggregate([("amount", "sum")])
    sums = dict(zip(paid["plan_id"].to_pylist(), paid["amount_sum"].to_pylist(), strict=True))
    having = [plan for plan in book.plans if component in {c.id for c in plan.components}]
    return max(having or book.plans, key=lambda plan: (plan.file.quota is not None, sums.get(plan.id, ZERO)))


def _named(plan: Plan, wanted: str | None, component: str | None) -> str:
    """What is under study, and whether it was chosen."""
    if component:
        return _("component {component} of plan {plan}", component=component, plan=plan.id)
    return _("plan {plan}", plan=plan.id) if wanted else _("plan {plan}, which pays most,", plan=plan.id)


def _typical(book: Book, plan: Plan) -> tuple[Decimal | None, Decimal | None]:
    """The median quota of the plan's people and the target incentive of who has it, else the plan's own."""
    found = {
        row.payee_id: (row.quota, row.target or ZERO)
        for row in book.payout.attained
        if row.plan_id == plan.id and row.quota
    }
    if found:
        quota, target = sorted(found.values())[len(found) // 2]
        return quota, target or None
    rule = plan.file.quota
    return (rule.amount if rule is not None else None), None


def _no_target(plan: Plan) -> str:
    return _("Plan {plan} derives its rate from a target incentive, and nobody on it has one.", plan=plan.id)


def _point(name: str) -> str:
    return {"threshold": _("threshold"), "target": _("target"), "excellence": _("excellence")}[name]


def _decimal(value: float) -> Decimal:
    return Decimal(str(value))
