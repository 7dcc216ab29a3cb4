"""The plan in words: what it pays, and every setting with the defaults that it did not say."""

from __future__ import annotations

from salesops_nb.commission.plans.component_terms import kind_of, scope_of
from salesops_nb.commission.plans.schema import PlanFile
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.commission.plans.schema_payment import Clawback, Draw, Release
from salesops_nb.commission.plans.schema_rates import Limits, Row, Table
from salesops_nb.messages import Message, joined, stated

Words = Message | str

_BOUNDARY = {
    "lower_inclusive": stated("a value exactly on a bound belongs to the higher band (lower_inclusive)"),
    "upper_inclusive": stated("a value exactly on a bound belongs to the lower band (upper_inclusive)"),
}
_MODE = {
    "marginal": stated("each slice at its own rate (marginal)"),
    "whole": stated("all at the rate of the band reached (whole, retroactive)"),
    "whole_overage": stated("all above the second row at the rate of the band reached (whole_overage)"),
    "proportional": stated("each band's amount in proportion to how far it is filled (proportional)"),
    "matrix": stated("by row and column, stepped; below the first of either it pays nothing (matrix)"),
}
_SCOPE = {
    "each_transaction": stated("each credit alone"),
    "running_total": stated("a running total in each period of the plan"),
    "ytd_less_paid": stated("the year to date, less what was paid"),
}
_UNIT = {
    "amount": stated("amount"),
    "pct_of_quota": stated("% of quota"),
    "count": stated("count"),
    "margin_pct": stated("margin %"),
}
_NEGATIVE = {
    "carry": stated("Negative pay: pay of a period below zero is carried, and taken from pay of the next."),
    "pay": stated("Negative pay: pay of a period below zero goes to payroll as it stands."),
    "floor": stated("Negative pay: pay of a period below zero is topped up to zero, and not taken back."),
    None: stated("Negative pay: not said; pay of a period below zero is shown, and stays behind at payroll."),
}
_WORDS = {
    "half_up": stated("half up"),
    "half_even": stated("half even"),
    "half_down": stated("half down"),
    "up": stated("up"),
    "down": stated("down"),
    "booked": stated("booked"),
    "invoiced": stated("invoiced"),
    "collected": stated("collected"),
    "week": stated("week"),
    "month": stated("month"),
    "quarter": stated("quarter"),
    "year": stated("year"),
    "period": stated("period"),
    "deal": stated("deal"),
    "pay": stated("pay"),
    "amount": stated("amount"),
    "credit": stated("credit"),
    "margin": stated("margin"),
    "price": stated("price"),
    "cost": stated("cost"),
    "count": stated("count"),
    "quantity": stated("quantity"),
    "team_credit": stated("team credit"),
    "activities": stated("activities"),
    "mbo": stated("mbo"),
    "commission": stated("commission"),
    "bonus": stated("bonus"),
    "override": stated("override"),
    "spiff": stated("spiff"),
    "first_dollar": stated("first dollar"),
    "excess": stated("excess"),
    "multiply": stated("multiply"),
    "add": stated("add"),
    "highest": stated("highest"),
    "derived": stated("derived"),
    "base_pay": stated("base pay"),
    "full": stated("full"),
    "unserved_share": stated("unserved share"),
    "declining": stated("declining"),
    "share": stated("share"),
    "cancel": stated("cancel"),
    "keep": stated("keep"),
    "cancelled": stated("cancelled"),
    "period_end": stated("period end"),
    "quarter_end": stated("quarter end"),
    "year_end": stated("year end"),
    "share_collected": stated("share collected"),
    "share_invoiced": stated("share invoiced"),
    "draw": stated("draw"),
    "none": stated("none"),
    "credit_date": stated("credit date"),
    "pay_date": stated("pay date"),
    "plan": stated("plan"),
    "market": stated("market"),
}


def summary(file: PlanFile) -> Message:
    """Sentences, one a line."""
    return joined(sentences(file), "\n")


def sentences(file: PlanFile) -> list[Message]:
    """What the plan says, each sentence to be written in the reader's language."""
    lines = [_head(file), _rounding(file), _credit(file)]
    if file.quota is not None:
        lines.append(_quota(file))
    if file.incentive is not None and file.incentive.target is not None:
        lines.append(
            stated(
                "Target incentive: {amount:,f} a {per}, unless the assignment says another.",
                amount=file.incentive.target,
                per=_word(file.incentive.per),
            )
        )
    lines += [_component(c, file.plan.currency) for c in file.components]
    if any("product" in text for c in file.components for text in _picks(c)):
        lines.append(stated("Lines: of a deal with lines, a component has those that its conditions pick."))
    return lines + _after(file)


def _word(value: object) -> Words:
    text = str(value)
    return _WORDS.get(text, text.replace("_", " "))


def _sentence(template: Message) -> Message:
    return joined([template, "."], "")


def _clauses(parts: list[Words]) -> Message:
    return joined(parts, "; ")


def _head(file: PlanFile) -> Message:
    head = file.plan
    values = {
        "plan": head.id,
        "version": head.version,
        "name": f" ({head.name})" if head.name else "",
        "first": head.from_,
        "last": head.to,
        "currency": head.currency,
        "period": _word(head.period),
    }
    if head.running_totals == "go_on_over_versions":
        return stated(
            "Plan {plan} version {version}{name}: {first} to {last} (both inclusive), in {currency}, by "
            "{period}; where it begins within a period, running totals go on from the version before.",
            **values,
        )
    return stated(
        "Plan {plan} version {version}{name}: {first} to {last} (both inclusive), in {currency}, by "
        "{period}; where it begins within a period, running totals start again.",
        **values,
    )


def _rounding(file: PlanFile) -> Message:
    rounding = file.rounding
    to: Words = stated("the currency's minor unit")
    if rounding.places != "currency":
        to = stated("{n} places", n=rounding.places)
    when = stated("once at each payable line") if rounding.at == "payable_line" else stated("at each step")
    rates = stated("rates and attainment are never rounded")
    if rounding.rate_places is not None:
        rates = stated("rates are rounded to {n} places", n=rounding.rate_places)
    return stated(
        "Rounding: {mode} to {to}, {when}; the residual of a split goes to its last part, of instalments "
        "what is due so far is rounded, and a running total is rounded for each person; {rates}.",
        mode=_word(rounding.mode),
        to=to,
        when=when,
        rates=rates,
    )


def _credit(file: PlanFile) -> Message:
    credit = file.credit
    what: Words = stated("{base} of what is {event}", base=_word(credit.base), event=_word(credit.event))
    if credit.margin_of:
        what = stated("{what}, margin in per cent of {of}", what=what, of=_word(credit.margin_of))
    if credit.where:
        what = stated("{what}, where {where}", what=what, where=credit.where)
    else:
        what = stated("{what}, without a condition", what=what)
    splits = stated("splits are not said")
    if credit.splits:
        splits = stated("splits divide the {what}", what=_word(credit.splits.apply_to))
    cap = stated("no cap a deal")
    if credit.cap_per_deal is not None:
        cap = stated("at most {amount:,f} a deal, after splits", amount=credit.cap_per_deal)
    return stated("Credit: {clauses}.", clauses=_clauses([what, splits, cap]))


def _quota(file: PlanFile) -> Message:
    quota = file.quota
    assert quota is not None
    period = _word(file.plan.period)
    amount = stated("from targets (metric {metric})", metric=quota.metric)
    if quota.amount is not None:
        amount = stated("{amount:,f}", amount=quota.amount)
    parts: list[Words] = [
        stated(
            "{amount} a {period} (a row in targets goes before it), attained by what is {event}",
            amount=amount,
            period=period,
            event=_word(quota.attained_by),
        ),
        {
            "days": stated("prorated by days"),
            "months": stated("prorated by whole months, each of who is on the plan on its 15th day"),
            "none": stated("not prorated"),
        }[quota.prorate],
    ]
    if quota.relief_pct is not None:
        parts.append(
            stated(
                "it falls by {share} % of the credit that is cancelled in the {period}",
                share=quota.relief_pct,
                period=period,
            )
        )
    if quota.ramp_pct:
        start = {
            "role": stated("the first day in the role"),
            "hire": stated("the day of hiring"),
            "assignment": stated("the assignment to the plan"),
        }
        ramp = stated(
            "ramped {steps} by {period} from {start}, then in full",
            steps=joined(stated("{share} %", share=share) for share in quota.ramp_pct),
            period=_word(quota.ramp_per),
            start=start[quota.ramp_from],
        )
        parts.append(_of_hires(ramp, quota.ramp_for))
    zero = {
        "attainment_0": stated("attainment 0"),
        "attainment_100": stated("attainment 100"),
        "refuse": stated("an error"),
        None: stated("attainment 0, with an error in the list"),
    }
    parts.append(stated("a quota of zero counts as {zero}", zero=zero[quota.if_zero]))
    return stated("Quota: {clauses}.", clauses=_clauses(parts))


def _nth(number: int) -> Message:
    return {2: stated("second"), 3: stated("third")}.get(number, stated("{n}th", n=number))


def _of_hires(what: Words, who: str) -> Words:
    """For whom alone a ramp or a draw is."""
    if who == "everyone":
        return what
    if who == "new_hires":
        return stated("{what}, for people hired since the plan began", what=what)
    return stated(
        "{what}, for people hired at most {n} months before their first day on the plan",
        what=what,
        n=int(who.split("_")[2]),
    )


def _component(c: Component, currency: str) -> Message:
    who = stated("managers, on their team") if c.payee == "manager" else stated("the owner, or by split")
    parts: list[Words] = [
        stated(
            "Component {id} ({kind}, to {who}): on {measure}, {scope}",
            id=c.id,
            kind=_word(kind_of(c)),
            who=who,
            measure=_word(c.measure),
            scope=_SCOPE[scope_of(c)],
        )
    ]
    if c.table is not None:
        parts += _table(c.table, _word("base_pay") if c.target == "base_pay" else stated("target"))
    if c.position is not None:
        whose = stated("the territory") if c.position.of == "territory" else stated("the person")
        measure = _word(c.position.measure or c.measure)
        parts.append(
            stated("the place in the table is by {measure} of {whose}", measure=measure, whose=whose)
        )
    if c.rate_pct is not None:
        rate = stated("{rate} %", rate=c.rate_pct)
        if c.rate_pct == "derived":
            rate = stated("target incentive × {weight} % ÷ quota", weight=c.weight_pct)
        parts.append(stated("base rate {rate}", rate=rate) if c.table else stated("rate {rate}", rate=rate))
    if c.rates is not None:
        rates = []
        for row in c.rates:
            price = stated("{amount} a deal", amount=row.amount)
            if row.rate_pct is not None:
                price = stated("{rate} %", rate=row.rate_pct)
            where: Words = row.where or stated("nothing above fits")
            rates.append(stated("{price} where {where}", price=price, where=where))
        parts.append(stated("{rates} (the first that fits)", rates=joined(rates)))
    if c.per_unit is not None:
        parts.append(stated("{amount} {currency} each", amount=c.per_unit, currency=currency))
    if c.measure == "activities":
        confirmed = stated("{activity}, confirmed or not", activity=c.activity)
        if c.confirmed == "required":
            confirmed = stated(
                "{activity}, confirmed by the CRM's record, the counterpart or a manager", activity=c.activity
            )
        parts.append(confirmed)
    if c.objectives:
        each = joined(stated("{id} {share} %", id=o.id, share=o.weight_pct) for o in c.objectives)
        parts.append(
            stated("{objectives} of a target of {target}", objectives=each, target=_amount(c.target))
        )
    if c.where:
        parts.append(stated("where {where}", where=c.where))
    if c.from_ or c.to:
        first, last = c.from_ or stated("the start"), c.to or stated("the end")
        parts.append(stated("from {first} to {last}", first=first, last=last))
    return _sentence(_clauses(parts + _bounds(c)))


def _bounds(c: Component) -> list[Words]:
    """Gate, threshold, multipliers and limits."""
    parts: list[Words] = []
    if c.gate is not None:
        level = stated("{amount}", amount=c.gate.amount)
        if c.gate.attainment_pct is not None:
            level = stated("{share} % of quota", share=c.gate.attainment_pct)
        reached = stated("reached") if c.gate.inclusive else stated("passed")
        then = _word(c.gate.then)
        parts.append(
            stated("gate at {level}, {reached}, then {then}", level=level, reached=reached, then=then)
        )
    if c.threshold is not None:
        parts.append(stated("threshold {amount}, then {then}", amount=c.threshold, then=_word(c.then)))
    if c.multipliers is not None:
        factors = joined(
            stated("× {factor} where {where}", factor=m.x, where=m.where or stated("always"))
            for m in c.multipliers.rows
        )
        how = _word(c.multipliers.combine)
        parts.append(stated("multipliers ({how}): {factors}", how=how, factors=factors))
    return parts + [_limit(limit) for limit in c.limit_list]


def _limit(limit: Limits) -> Message:
    floor = stated("no floor") if limit.floor is None else stated("floor {amount}", amount=limit.floor)
    cap = stated("no cap") if limit.cap is None else stated("cap {amount}", amount=limit.cap)
    text = stated("{floor}, {cap} per {per}", floor=floor, cap=cap, per=_word(limit.per))
    if limit.cap is None:
        return text
    if limit.excess == "carry":
        return stated("{limit}, the excess is carried", limit=text)
    return stated("{limit}, the excess is forfeited", limit=text)


def _amount(value: object) -> object:
    """A number as it is, a word of the plan in words."""
    return _word(value) if isinstance(value, str) else value


def _picks(c: Component) -> list[str]:
    """The conditions that pick what a component is paid on."""
    return [text for text in (c.where, *(row.where for row in c.rates or ())) if text is not None]


def _table(table: Table, target: Words) -> list[Words]:
    over = stated("{mode}, over {unit}", mode=_MODE[table.mode], unit=_UNIT[table.unit])
    rows = joined((_row(row, target) for row in table.rows), "; ")
    return [stated("{over}: {rows}", over=over, rows=rows), _BOUNDARY[table.boundary]]


def _row(row: Row, target: Words) -> Message:
    start: object = row.from_
    if row.inclusive is not None:
        included = stated("{start} (included)", start=row.from_)
        start = included if row.inclusive else stated("{start} (not included)", start=row.from_)
    if row.rate_pct is not None:
        value = stated("{rate} %", rate=_each(row.rate_pct))
    elif row.x is not None:
        value = stated("{factor} ×", factor=row.x)
    elif row.amount is not None:
        value = stated("{amount}", amount=row.amount)
    else:
        value = stated("{share} % of {target}", share=_each(row.payout_pct), target=target)
    return stated("from {start}: {value}", start=start, value=value)


def _each(value: object) -> object:
    """One number, or those of a matrix's row after one another."""
    return joined(stated("{number}", number=each) for each in value) if isinstance(value, tuple) else value


def _draw(draw: Draw) -> Message:
    kind = stated("recoverable") if draw.recoverable else stated("not recoverable")
    what: Words = stated("{amount} a {per}, {kind}", amount=draw.amount, per=_word(draw.per), kind=kind)
    if draw.recoverable:
        what = stated(
            "{draw}, keeping at least {least}, {share} % of the rest from span {span}",
            draw=what,
            least=_amount(draw.keep_at_least),
            share=draw.recover_pct,
            span=draw.recover_from,
        )
    if draw.ends:
        what = stated("{draw}, for {n} spans", draw=what, n=draw.ends)
    else:
        what = stated("{draw}, without end", draw=what)
    parts = [_of_hires(what, draw.paid_for)]
    if draw.paid_at == "start":
        parts.append(
            stated("paid whole when the span begins, and what it earns is set against it when it ends")
        )
    else:
        parts.append(stated("paid when the span ends, up to the draw"))
    if draw.recoverable:
        follows = draw.debt == "follows_person"
        parts.append(
            stated("the debt follows the person to other plans")
            if follows
            else stated("the debt is repaid from pay of this plan alone")
        )
        parts.append(_forgiven(draw))
    return stated("Draw: {clauses}.", clauses=_clauses(parts))


def _forgiven(draw: Draw) -> Message:
    months = draw.forgive.after_months if draw.forgive is not None else None
    at_exit = draw.forgive is not None and draw.forgive.at_exit
    if months is not None and at_exit:
        return stated("forgiven {n} months after each draw and when the person leaves the company", n=months)
    if months is not None:
        return stated("forgiven {n} months after each draw", n=months)
    return stated("forgiven when the person leaves the company") if at_exit else stated("never forgiven")


def _clawback(rule: Clawback) -> Message:
    when: Words = _word(rule.when)
    if rule.window is not None:
        n, unit = rule.window
        if unit == "months":
            when = stated("cancelled within {n} months", n=n)
        else:
            when = stated("cancelled within {n} days", n=n)
        if rule.inclusive:
            when = stated("{when} (the day on which they end included)", when=when)
        else:
            when = stated("{when} (the day on which they end not included)", when=when)
    method = _word(rule.method)
    if rule.pct is not None:
        method = stated("{method} {share} %", method=method, share=rule.pct)
    text = stated(
        "Clawback: {when}, {method}, of what was paid; unpaid parts: {unpaid}; posted in the event's period",
        when=when,
        method=method,
        unpaid=_word(rule.unpaid),
    )
    if rule.instalments > 1:
        text = stated("{clawback}, in {n} monthly instalments", clawback=text, n=rule.instalments)
    return _sentence(text)


def _release(r: Release) -> Message:
    text = stated("{share} % when {event}", share=r.pct, event=_word(r.event))
    if r.number > 1:
        text = stated("{release} for the {nth} time", release=text, nth=_nth(r.number))
    if r.as_ == "in_full":
        text = stated("{release} in full", release=text)
    elif r.as_ != "whole":
        text = stated("{release} ({how})", release=text, how=_word(r.as_))
    if r.after_months:
        text = stated("{release} + {n} months", release=text, n=r.after_months)
    return text


def _after(file: PlanFile) -> list[Message]:
    lines = [_draw(file.draw)] if file.draw is not None else []
    if file.guarantee is not None:
        level = stated("{share} % of target", share=file.guarantee.pct_of_target)
        if file.guarantee.amount is not None:
            level = stated("{amount}", amount=file.guarantee.amount)
        per = _word(file.guarantee.per)
        if file.guarantee.ends:
            n = file.guarantee.ends
            lines.append(stated("Guarantee: {level} a {per} for {n} spans.", level=level, per=per, n=n))
        else:
            lines.append(stated("Guarantee: {level} a {per}.", level=level, per=per))
    if file.release:
        lines.append(stated("Release: {parts}.", parts=joined(map(_release, file.release))))
    else:
        lines.append(stated("Release: all at once, with the credit."))
    if file.clawback is not None:
        lines.append(_clawback(file.clawback))
    else:
        lines.append(
            stated("Clawback: none said; a cancelled deal keeps its pay, a refund takes its credit back.")
        )
    if file.acceptance is not None and file.acceptance.missing == "withhold":
        lines.append(stated("Acceptance: pay waits until the person has accepted the plan."))
    else:
        lines.append(stated("Acceptance: a plan not accepted is told, and paid all the same."))
    return [*lines, _NEGATIVE[file.negative_pay], _fx(file)]


def _fx(file: PlanFile) -> Message:
    credit, pay = stated("the plan's currency only"), stated("the plan's currency")
    if file.fx and file.fx.credit:
        rates = file.fx.credit
        credit = stated("{kind} rates of the {day}", kind=_word(rates.rates), day=_word(rates.at))
    if file.fx and file.fx.pay:
        rates_of_pay = file.fx.pay
        pay = stated("{kind} rates of the {day}", kind=_word(rates_of_pay.rates), day=_word(rates_of_pay.at))
    return stated("FX: credit at {credit}; pay at {pay}.", credit=credit, pay=pay)
