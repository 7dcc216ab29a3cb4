"""The plan in words: what it pays, and every setting with the defaults that it did not say."""

from __future__ import annotations

from salesops_nb.commission.plans.component_terms import kind_of, scope_of
from salesops_nb.commission.plans.schema import PlanFile
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.plans.schema_payment import Clawback, Draw
from salesops_nb.commission.plans.schema_rates import Table

_BOUNDARY = {
    "lower_inclusive": "a value exactly on a bound belongs to the higher band (lower_inclusive)",
    "upper_inclusive": "a value exactly on a bound belongs to the lower band (upper_inclusive)",
}
_MODE = {
    "marginal": "each slice at its own rate (marginal)",
    "whole": "all at the rate of the band reached (whole, retroactive)",
    "whole_overage": "all above the second row at the rate of the band reached (whole_overage)",
    "proportional": "each band's amount in proportion to how far it is filled (proportional)",
    "matrix": "by row and column, stepped; below the first of either it pays nothing (matrix)",
}
_SCOPE = {
    "each_transaction": "each credit alone",
    "running_total": "a running total in each period of the plan",
    "ytd_less_paid": "the year to date, less what was paid",
}


def summary(file: PlanFile) -> str:
    """Sentences, one a line."""
    head, rounding, credit = file.plan, file.rounding, file.credit
    name = f" ({head.name})" if head.name else ""
    lines = [
        f"Plan {head.id} version {head.version}{name}: {head.from_} to {head.to} (both inclusive), in "
        f"{head.currency}, by {head.period}"
        + (
            "; where it begins within a period, running totals go on from the version before."
            if head.running_totals == "go_on_over_versions"
            else "; where it begins within a period, running totals start again."
        ),
        f"Rounding: {rounding.mode.replace('_', ' ')} to "
        + ("the currency's minor unit" if rounding.places == "currency" else f"{rounding.places} places")
        + (", once at each payable line" if rounding.at == "payable_line" else ", at each step")
        + "; the residual of a split goes to its last part, of instalments what is due so far is rounded, "
        + "and a running total is rounded for each person"
        + (
            f"; rates are rounded to {rounding.rate_places} places."
            if rounding.rate_places is not None
            else "; rates and attainment are never rounded."
        ),
        f"Credit: {credit.base} of what is {credit.event}"
        + (f", margin in per cent of {credit.margin_of}" if credit.margin_of else "")
        + (f", where {credit.where}" if credit.where else ", without a condition")
        + (f"; splits divide the {credit.splits.apply_to}" if credit.splits else "; splits are not said")
        + (
            f"; at most {credit.cap_per_deal:,f} a deal, after splits."
            if credit.cap_per_deal is not None
            else "; no cap a deal."
        ),
    ]
    if file.quota is not None:
        lines.append(_quota(file))
    if file.incentive is not None and file.incentive.target is not None:
        lines.append(
            f"Target incentive: {file.incentive.target:,f} a {file.incentive.per}, unless the assignment "
            "says another."
        )
    lines += [_component(c, head.currency) for c in file.components]
    if any("product" in text for c in file.components for text in _picks(c)):
        lines.append("Lines: of a deal with lines, a component has those that its conditions pick.")
    lines += _after(file)
    return "\n".join(lines)


def _quota(file: PlanFile) -> str:
    quota = file.quota
    assert quota is not None
    amount = f"{quota.amount:,f}" if quota.amount is not None else f"from targets (metric {quota.metric})"
    text = (
        f"Quota: {amount} a {file.plan.period} (a row in targets goes before it), attained by "
        f"what is {quota.attained_by}"
    )
    text += {
        "days": "; prorated by days",
        "months": "; prorated by whole months, each of who is on the plan on its 15th day",
        "none": "; not prorated",
    }[quota.prorate]
    if quota.relief_pct is not None:
        text += (
            f"; it falls by {quota.relief_pct} % of the credit that is cancelled in the {file.plan.period}"
        )
    if quota.ramp_pct:
        start = {
            "role": "the first day in the role",
            "hire": "the day of hiring",
            "assignment": "the assignment to the plan",
        }
        steps = ", ".join(f"{p} %" for p in quota.ramp_pct)
        text += f"; ramped {steps} by {quota.ramp_per} from {start[quota.ramp_from]}, then in full"
        text += _of_hires(quota.ramp_for)
    zero = {
        "attainment_0": "attainment 0",
        "attainment_100": "attainment 100",
        "refuse": "an error",
        None: "attainment 0, with an error in the list",
    }
    return text + f"; a quota of zero counts as {zero[quota.if_zero]}."


def _nth(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _of_hires(who: str) -> str:
    """For whom alone a ramp or a draw is."""
    if who == "everyone":
        return ""
    if who == "new_hires":
        return ", for people hired since the plan began"
    return f", for people hired at most {who.split('_')[2]} months before their first day on the plan"


def _component(c: Component, currency: str) -> str:
    who = "managers, on their team" if c.payee == "manager" else "the owner, or by split"
    text = (
        f"Component {c.id} ({kind_of(c)}, to {who}): on {c.measure.replace('_', ' ')}, {_SCOPE[scope_of(c)]}"
    )
    if c.table is not None:
        text += f"; {_table(c.table, 'base pay' if c.target == 'base_pay' else 'target')}"
    if c.position is not None:
        whose = "the territory" if c.position.of == "territory" else "the person"
        text += f"; the place in the table is by {c.position.measure or c.measure} of {whose}"
    if c.rate_pct is not None:
        rate = (
            f"target incentive × {c.weight_pct} % ÷ quota" if c.rate_pct == "derived" else f"{c.rate_pct} %"
        )
        text += f"; {'base ' if c.table else ''}rate {rate}"
    if c.rates is not None:
        text += (
            "; "
            + ", ".join(
                f"{f'{r.rate_pct} %' if r.rate_pct is not None else f'{r.amount} a deal'} where "
                f"{r.where or 'nothing above fits'}"
                for r in c.rates
            )
            + " (the first that fits)"
        )
    if c.per_unit is not None:
        text += f"; {c.per_unit} {currency} each"
    if c.measure == "activities":
        text += f"; {c.activity}" + (
            ", confirmed by the CRM's record, the counterpart or a manager"
            if c.confirmed == "required"
            else ", confirmed or not"
        )
    if c.objectives:
        text += (
            "; "
            + ", ".join(f"{o.id} {o.weight_pct} %" for o in c.objectives)
            + f" of a target of {str(c.target).replace('_', ' ')}"
        )
    if c.where:
        text += f"; where {c.where}"
    if c.from_ or c.to:
        text += f"; from {c.from_ or 'the start'} to {c.to or 'the end'}"
    if c.gate is not None:
        level = (
            f"{c.gate.attainment_pct} % of quota" if c.gate.attainment_pct is not None else f"{c.gate.amount}"
        )
        reached, then = "reached" if c.gate.inclusive else "passed", c.gate.then.replace("_", " ")
        text += f"; gate at {level}, {reached}, then {then}"
    if c.threshold is not None:
        text += f"; threshold {c.threshold}, then {str(c.then).replace('_', ' ')}"
    if c.multipliers is not None:
        text += f"; multipliers ({c.multipliers.combine}): " + ", ".join(
            f"× {m.x} where {m.where or 'always'}" for m in c.multipliers.rows
        )
    for limit in c.limit_list:
        bounds = [
            f"floor {limit.floor}" if limit.floor is not None else "no floor",
            f"cap {limit.cap}" if limit.cap is not None else "no cap",
        ]
        text += f"; {', '.join(bounds)} per {limit.per}" + (
            f", the excess is {'carried' if limit.excess == 'carry' else 'forfeited'}"
            if limit.cap is not None
            else ""
        )
    return text + "."


def _picks(c: Component) -> list[str]:
    """The conditions that pick what a component is paid on."""
    return [text for text in (c.where, *(row.where for row in c.rates or ())) if text is not None]


def _table(table: Table, target: str) -> str:
    unit = {"amount": "amount", "pct_of_quota": "% of quota", "count": "count", "margin_pct": "margin %"}[
        table.unit
    ]
    rows = []
    for row in table.rows:
        value = next(
            (
                f"{getattr(row, n)} {w}"
                for n, w in (("rate_pct", "%"), ("x", "×"), ("amount", ""), ("payout_pct", f"% of {target}"))
                if getattr(row, n) is not None
            ),
            "",
        )
        own = "" if row.inclusive is None else " (included)" if row.inclusive else " (not included)"
        rows.append(f"from {row.from_}{own}: {value.strip()}")
    return f"{_MODE[table.mode]}, over {unit}: {'; '.join(rows)}; {_BOUNDARY[table.boundary]}"


def _draw(draw: Draw) -> str:
    kind = "recoverable" if draw.recoverable else "not recoverable"
    text = f"Draw: {draw.amount} a {draw.per}, {kind}"
    if draw.recoverable:
        text += f", keeping at least {draw.keep_at_least}, {draw.recover_pct} % of the rest from span "
        text += f"{draw.recover_from}"
    text += f", for {draw.ends} spans" if draw.ends else ", without end"
    text += _of_hires(draw.paid_for)
    text += (
        "; paid whole when the span begins, and what it earns is set against it when it ends"
        if draw.paid_at == "start"
        else "; paid when the span ends, up to the draw"
    )
    if draw.recoverable:
        text += (
            "; the debt follows the person to other plans"
            if draw.debt == "follows_person"
            else "; the debt is repaid from pay of this plan alone"
        )
        when = []
        if draw.forgive is not None and draw.forgive.after_months is not None:
            when.append(f"{draw.forgive.after_months} months after each draw")
        if draw.forgive is not None and draw.forgive.at_exit:
            when.append("when the person leaves the company")
        text += f"; forgiven {' and '.join(when)}" if when else "; never forgiven"
    return text + "."


def _clawback(rule: Clawback) -> str:
    text = f"Clawback: {rule.when.replace('_', ' ')}"
    if rule.window is not None:
        text += f" (the day on which they end {'included' if rule.inclusive else 'not included'})"
    text += f", {rule.method.replace('_', ' ')}" + (f" {rule.pct} %" if rule.pct is not None else "")
    text += f", of what was paid; unpaid parts: {rule.unpaid}; posted in the event's period"
    return text + (f", in {rule.instalments} monthly instalments." if rule.instalments > 1 else ".")


def _after(file: PlanFile) -> list[str]:
    lines = []
    if file.draw is not None:
        lines.append(_draw(file.draw))
    if file.guarantee is not None:
        level = (
            f"{file.guarantee.amount}"
            if file.guarantee.amount is not None
            else f"{file.guarantee.pct_of_target} % of target"
        )
        lines.append(
            f"Guarantee: {level} a {file.guarantee.per}"
            + (f" for {file.guarantee.ends} spans." if file.guarantee.ends else ".")
        )
    release = ", ".join(
        f"{r.pct} % when {r.event.replace('_', ' ')}"
        + (f" for the {_nth(r.number)} time" if r.number > 1 else "")
        + (f" ({r.as_.replace('_', ' ')})" if r.as_ not in ("whole", "in_full") else "")
        + (" in full" if r.as_ == "in_full" else "")
        + (f" + {r.after_months} months" if r.after_months else "")
        for r in file.release or ()
    )
    lines.append(f"Release: {release}." if release else "Release: all at once, with the credit.")
    if file.clawback is not None:
        lines.append(_clawback(file.clawback))
    else:
        lines.append("Clawback: none said; a cancelled deal keeps its pay, a refund takes its credit back.")
    if file.acceptance is not None and file.acceptance.missing == "withhold":
        lines.append("Acceptance: pay waits until the person has accepted the plan.")
    else:
        lines.append("Acceptance: a plan not accepted is told, and paid all the same.")
    lines.append(
        {
            "carry": "Negative pay: pay of a period below zero is carried, and taken from pay of the next.",
            "pay": "Negative pay: pay of a period below zero goes to payroll as it stands.",
            "floor": "Negative pay: pay of a period below zero is topped up to zero, and not taken back.",
            None: "Negative pay: not said; pay of a period below zero is shown, and stays behind at payroll.",
        }[file.negative_pay]
    )
    fx = file.fx
    lines.append(
        "FX: credit at "
        + (
            f"{fx.credit.rates} rates of the {fx.credit.at.replace('_', ' ')}"
            if fx and fx.credit
            else "the plan's currency only"
        )
        + "; pay at "
        + (
            f"{fx.pay.rates} rates of the {fx.pay.at.replace('_', ' ')}."
            if fx and fx.pay
            else "the plan's currency."
        )
    )
    return lines
