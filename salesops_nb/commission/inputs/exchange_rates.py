"""Exchange rates: worth of one unit in the common currency, by kind and day, crossed exactly."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import narwhals as nw

from salesops_nb.commission.inputs.rounding import decimal_of, rounded
from salesops_nb.commission.inputs.tables import AMOUNT, Tables, as_day, as_decimal, collected, number, times
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import Message, message

NO_RATE = "no exchange rate from"  # how the fault of a row begins that cannot be converted
_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)


class Rates:
    """The table `fx_rates` of one kind."""

    def __init__(self, tables: Tables, kind: str) -> None:
        self.kind = kind
        self._spans: dict[str, list[tuple[date, date, Fraction]]] = defaultdict(list)
        for row in tables.rows("fx_rates"):
            if row.get("kind") not in (None, kind):
                continue
            value = as_decimal(row["rate"])
            if value is None or value <= 0:
                continue
            start, end = as_day(row.get("valid_from")) or _FIRST, as_day(row.get("valid_to")) or _LAST
            self._spans[str(row["currency"])].append((start, end, Fraction(value)))
        for spans in self._spans.values():
            spans.sort()
            # an open-ended rate ends where the next begins
            for i, (start, end, rate) in enumerate(spans[:-1]):
                spans[i] = (start, min(end, spans[i + 1][0]), rate)

    def cross(self, source: str, target: str) -> list[tuple[date, date, Fraction]]:
        """Spans in which one unit of `source` is worth so many of `target`.

        The common currency itself needs no row: what no row names is worth one, once either of the
        two has a row.
        """
        if source == target:
            return [(_FIRST, _LAST, Fraction(1))]
        ours, theirs = self._spans.get(source), self._spans.get(target)
        if ours is None and theirs is None:
            return []
        if ours is None and self._spans and target in self._spans and not self._common(source):
            return []
        ours = ours or [(_FIRST, _LAST, Fraction(1))]
        theirs = theirs or [(_FIRST, _LAST, Fraction(1))]
        found = []
        for s1, e1, r1 in ours:
            for s2, e2, r2 in theirs:
                if max(s1, s2) < min(e1, e2):
                    found.append((max(s1, s2), min(e1, e2), r1 / r2))
        return found

    def _common(self, currency: str) -> bool:
        """Whether a currency without a row can be the common one: no other row is a flat one."""
        return not any(all(rate == 1 for _, _, rate in spans) for spans in self._spans.values())

    def on(self, day: date, source: str, target: str) -> Fraction | None:
        """The rate of a day, ``None`` where there is none."""
        return next((rate for start, end, rate in self.cross(source, target) if start <= day < end), None)


def split_rate(rate: Fraction) -> tuple[Decimal, Decimal]:
    """A rate as two factors of eight places: rate = high + low / 10^8, good to sixteen places."""
    exact = decimal_of(rate, 16)
    high = exact.quantize(Decimal("1e-8"))
    return high, (exact - high).scaleb(8).quantize(Decimal("1e-8"))


def converted(
    frame: nw.LazyFrame[Any], plan: Plan, tables: Tables, problems: list[Problem], own: bool = True
) -> nw.LazyFrame[Any]:
    """Amounts in the plan's currency; a row whose currency has no rate is reported and gets a `fault`.

    `own` says whether the rows are of the event that the plan credits: then a plan that does not say how to
    convert stops the work. Other rows only wait, with the same fault.
    """
    names = frame.collect_schema().names()
    given = [nw.col(n).cast(nw.String) for n in ("event_currency", "currency") if n in names]
    if not given:
        return frame
    frame = frame.with_columns(credit_currency=nw.coalesce(*given, nw.lit(plan.currency)))
    before = len(problems)
    rates = _credit_rates(plan, tables, frame, problems, own)
    if rates is None:
        return frame
    day = nw.col("counted_on")
    rated = frame.join(rates, on="credit_currency", how="inner")
    rated = rated.filter((day >= nw.col("rate_from")) & (day < nw.col("rate_to")))
    money = [c for c in ("amount", "cost", "deal_amount", "beyond") if c in names]
    step = plan.file.rounding.at == "each_step"

    def in_plan(name: str) -> nw.Expr:
        exact = nw.col(name).cast(AMOUNT)
        low = times(times(exact, nw.col("rate_low")), Decimal("1e-8"))
        made = (times(exact, nw.col("rate_high")) + low).cast(AMOUNT)
        return rounded(made, plan.places, plan.file.rounding.mode) if step else made

    rated = rated.with_columns(*[in_plan(name).alias(name) for name in money])
    rated = rated.drop("rate_from", "rate_to", "rate_high", "rate_low")
    if len(problems) == before:
        return rated
    order = rated.collect_schema().names()
    lost = frame.join(rated.select("event_id"), on="event_id", how="anti")
    why = nw.concat_str(nw.lit(f"{NO_RATE} "), nw.col("credit_currency"), nw.lit(f" to {plan.currency}"))
    lost = lost.with_columns(*[number(0).alias(name) for name in money])
    lost = lost.with_columns(fault=nw.coalesce(nw.col("fault"), why)).select(*order)
    return nw.concat([rated.with_columns(*[nw.col(n).cast(AMOUNT) for n in money]), lost], how="vertical")


def _credit_rates(
    plan: Plan, tables: Tables, frame: nw.LazyFrame[Any], problems: list[Problem], own: bool
) -> nw.LazyFrame[Any] | None:
    """Rates from each currency met into the plan's, by day; ``None`` where all credit is in the
    plan's own.
    """
    met = collected(
        frame.group_by("credit_currency").agg(
            nw.len().alias("n"),
            nw.col("counted_on").min().alias("first"),
            nw.col("counted_on").max().alias("last"),
            nw.col("amount").sum().alias("total"),
        )
    )
    if all(row["credit_currency"] == plan.currency for row in met):
        return None
    fx = plan.file.fx
    if fx is None or fx.credit is None:
        foreign = sorted(str(r["credit_currency"]) for r in met if r["credit_currency"] != plan.currency)
        unsaid = problem(
            "fx-not-said",
            table="deals",
            column="currency",
            currencies=", ".join(foreign),
            plan=plan.label,
            currency=plan.currency,
        )
        if own:
            raise SalesopsError(unsaid)
        problems.append(unsaid)
        met = [row for row in met if row["credit_currency"] == plan.currency]
    rates = Rates(tables, fx.credit.rates if fx is not None and fx.credit is not None else "")
    rows = []
    for row in met:
        currency = str(row["credit_currency"])
        spans = rates.cross(currency, plan.currency)
        if not _covers(spans, row["first"], row["last"]):
            problems.append(_missing(currency, plan, rates.kind, row))
        for start, end, rate in spans:
            high, low = split_rate(rate)
            rows.append(
                {
                    "credit_currency": currency,
                    "rate_from": start,
                    "rate_to": end,
                    "rate_high": high,
                    "rate_low": low,
                }
            )
    return tables.put(
        rows,
        {
            "credit_currency": nw.String,
            "rate_from": nw.Date,
            "rate_to": nw.Date,
            "rate_high": nw.Decimal(13, 8),
            "rate_low": nw.Decimal(13, 8),
        },
    )


def no_rate_between(currency: str, other: str) -> Message:
    """Why something is not converted; it reads as the fault of such a row does."""
    return message("no exchange rate from {currency} to {other}", currency=currency, other=other)


def no_rate(fault: str, plan: Plan) -> Message:
    """The reason that stands in the fault of a row."""
    return no_rate_between(fault.removeprefix(NO_RATE).split()[0], plan.currency)


def _covers(spans: list[tuple[date, date, Fraction]], first: date, last: date) -> bool:
    day = first
    for start, end, _ in sorted(spans):
        if start <= day < end:
            day = end
    return day > last


def _missing(currency: str, plan: Plan, kind: str, row: dict[str, Any]) -> Problem:
    one = row["first"] == row["last"]
    last = {} if one else {"last": row["last"]}
    return problem(
        "missing-rate.day" if one else "missing-rate.days",
        table="fx_rates",
        column="rate",
        value=currency,
        amount=row["total"],
        kind=kind,
        plan_currency=plan.currency,
        first=row["first"],
        n=row["n"],
        **last,
    )
