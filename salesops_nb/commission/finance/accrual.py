"""The accrual: what is earned and unpaid, and how contract costs are spread.

Three kinds of money stand on a statement. *Earned* is what people have a right to; *withheld* is
earned but held back until something happens (holdback and its release); *advanced* is paid before
it is earned (draw and its recovery). Payable is their sum, and is what the ledger holds.

Commissions that would not have been paid had the contract not been won are incremental costs of
obtaining it (ASC 340-40-25-1, IFRS 15.91): capitalised and amortised over the term, or expensed
at once where the term is at most twelve months (ASC 340-40-25-4, IFRS 15.94).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from salesops_nb.commission.finance.ledger_rows import line_rows, plain_rows
from salesops_nb.core.frames import arrow_frame
from salesops_nb.core.money import places
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, problem

ADVANCES = ("draw", "draw_recovery", "negative_pay")
WITHHELD = ("holdback", "release")
NEVER_INCREMENTAL = ("mbo", "guarantee", "carry", *ADVANCES)
_ZERO = Decimal(0)
_KEY = ("period", "payee_id", "plan_id", "component_id", "deal_id", "currency", "status", "incremental")


@dataclass(frozen=True, slots=True)
class Accrual:
    """The finance table, its roll-forward, and what does not fit.

    `table`: a row a period, payee, plan, component, deal and currency with incremental,
    term_months, treatment, earned, withheld, advanced, payable, paid, unpaid. `roll_forward`: a
    row a period and currency with opening, earned, settled, closing. `problems`: deals without a
    term, and sums that do not tie to the ledger.
    """

    table: pd.DataFrame
    roll_forward: pd.DataFrame
    problems: list[Problem]


def accrual(
    lines: Any,
    periods: Sequence[Period],
    deals: Any = None,
    statements: Any = None,
    *,
    not_incremental: Collection[str] = (),
    at_once_months: int = 12,
) -> Accrual:
    """Earned and unpaid at the end of the last period.

    Parameters
    ----------
    lines : the ledger's lines (``ledger.lines``): period, kind, amount, paid_on and the ids.
    periods : consecutive periods, first to last; a line belongs to the one that holds its own.
    deals : deal_id and term_months; without it no term is known.
    statements : the ledger's statements (period, currency, amount), to tie the table to.
    not_incremental : components that finance does not count as incremental whatever their kind.
    at_once_months : terms up to this many months are expensed at once.
    """
    end = periods[-1].end
    rows = [row for row in line_rows(lines) if _span(row["period"], periods[-1]).end <= end]
    terms = contract_terms(deals)
    held = held_back(rows)
    cells: dict[tuple[Any, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        row["incremental"] = is_incremental(row, held, not_incremental)
        part, amount = part_of(row, held), row["amount"]
        cell = cells[tuple(row[name] for name in _KEY)]
        paid = row["paid_on"] is not None and row["paid_on"] < end
        cell[part] += amount
        cell["payable"] += amount
        cell["paid"] += amount if paid else _ZERO
        cell["unpaid"] += {"earned": _ZERO if paid else amount, "withheld": -amount if paid else _ZERO}.get(
            part, _ZERO
        )
    table = _table(cells, terms, at_once_months)
    problems = _unknown_terms(table)
    if statements is not None:
        problems += _tie(table, statements)
    return Accrual(table, _roll_forward(rows, held, periods), problems)


def is_incremental(
    line: Mapping[str, Any], held: Collection[tuple[Any, ...]], not_incremental: Collection[str] = ()
) -> bool:
    """Whether a line is an incremental cost of obtaining a contract.

    It is where it hangs on one deal and would not exist without it; pay for objectives, activity,
    guarantees and advances does not, nor what finance excludes by component. Of pay `held` back the cost
    is the line that earned it; a release of what was never held back earns it itself.
    """
    return (
        line["deal_id"] is not None
        and line["kind"] not in NEVER_INCREMENTAL
        and part_of(line, held) == "earned"
        and line["component_id"] not in not_incremental
        and f"{line.get('plan_id')}/{line['component_id']}" not in not_incremental
    )


def part_of(row: Mapping[str, Any], held: Collection[tuple[Any, ...]]) -> str:
    """Earned, withheld or advanced; a release of what was never held back is earned when released."""
    if row["kind"] in ADVANCES:
        return "advanced"
    return "withheld" if row["kind"] in WITHHELD and _thing(row) in held else "earned"


def held_back(rows: Iterable[Mapping[str, Any]]) -> set[tuple[Any, ...]]:
    """What of each person's pay was held back, as `part_of` asks for it."""
    return {_thing(row) for row in rows if row["kind"] == "holdback"}


def _thing(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["payee_id"], row["plan_id"], row["component_id"], row["deal_id"], row["currency"]


def _span(key: str, like: Period) -> Period:
    return like.calendar.period(key)


def contract_terms(deals: Any) -> dict[str, tuple[int | None, date | None]]:
    """Months and first day of each deal's contract, as far as the deals say them."""
    if deals is None:
        return {}
    terms = {}
    for row in plain_rows(deals):
        months = row.get("term_months")
        start = row.get("starts_on") or row.get("closed_on")
        terms[row["deal_id"]] = (int(months) if months is not None and months > 0 else None, start)
    return terms


def _table(
    cells: Mapping[tuple[Any, ...], Mapping[str, Decimal]],
    terms: Mapping[str, tuple[int | None, date | None]],
    at_once: int,
) -> pd.DataFrame:
    money = ("earned", "withheld", "advanced", "payable", "paid", "unpaid")
    order = sorted(cells, key=lambda key: tuple(str(part or "") for part in key))
    scale = max((places(key[5]) for key in order), default=2)
    columns: dict[str, Any] = {}
    for place, name in enumerate(_KEY):
        kind = pa.bool_() if name == "incremental" else pa.string()
        columns[name] = pa.array([key[place] for key in order], kind)
    months = [terms.get(key[4], (None, None))[0] for key in order]
    columns["term_months"] = pa.array(months, pa.int64())
    treatments = [treatment(key[7], term, at_once) for key, term in zip(order, months, strict=True)]
    columns["treatment"] = pa.array(treatments, pa.string())
    for name in money:
        columns[name] = pa.array([cells[key].get(name, _ZERO) for key in order], pa.decimal128(38, scale))
    return arrow_frame(columns)


def treatment(incremental: bool, months: int | None, at_once: int) -> str:
    """How a cost is treated: by whether it is one of a contract, and by the contract's term."""
    if not incremental:
        return "expensed_as_earned"
    if months is None:
        return "term_unknown"
    return "expensed_at_once" if months <= at_once else "capitalised"


def _roll_forward(
    rows: Iterable[Mapping[str, Any]], held: Collection[tuple[Any, ...]], periods: Sequence[Period]
) -> pd.DataFrame:
    """Opening + earned − settled = closing, by period and currency; settled is paid of what was earned."""
    rows = list(rows)
    made: list[tuple[str, str, Decimal, Decimal, Decimal, Decimal]] = []
    for currency in sorted({row["currency"] for row in rows}):
        mine = [row for row in rows if row["currency"] == currency and part_of(row, held) != "advanced"]
        opening = sum(
            (
                (r["amount"] if part_of(r, held) == "earned" else _ZERO)
                * (_span(r["period"], periods[0]).end <= periods[0].start)
                - r["amount"] * (r["paid_on"] is not None and r["paid_on"] < periods[0].start)
                for r in mine
            ),
            _ZERO,
        )
        for period in periods:
            earned = sum(
                (
                    r["amount"]
                    for r in mine
                    if part_of(r, held) == "earned"
                    and period.start < _span(r["period"], period).end <= period.end
                ),
                _ZERO,
            )
            settled = sum((r["amount"] for r in mine if r["paid_on"] and r["paid_on"] in period), _ZERO)
            made.append((period.key, currency, opening, earned, settled, opening + earned - settled))
            opening += earned - settled
    scale = max((places(row[1]) for row in made), default=2)
    names = ("period", "currency", "opening", "earned", "settled", "closing")
    types = (pa.string(), pa.string(), *[pa.decimal128(38, scale)] * 4)
    return arrow_frame({n: pa.array([row[i] for row in made], types[i]) for i, n in enumerate(names)})


def _unknown_terms(table: pd.DataFrame) -> list[Problem]:
    unknown: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in table[table["treatment"] == "term_unknown"].to_dict("records"):
        unknown[row["deal_id"], row["currency"]] += row["earned"]
    return [
        problem("no-term", table="deals", column="term_months", value=deal, amount=amount, currency=currency)
        for (deal, currency), amount in sorted(unknown.items())
    ]


def _tie(table: pd.DataFrame, statements: Any) -> list[Problem]:
    """Payable by period and currency against the ledger's own statements."""
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for row in table.to_dict("records"):
        sums[row["period"], row["currency"]][0] += row["payable"]
    for line in plain_rows(statements):
        if any(key == line["period"] for key, _ in sums):
            sums[line["period"], line["currency"]][1] += line["amount"]
    return [
        problem(
            "accrual-does-not-tie",
            table="lines",
            column="amount",
            value=period,
            amount=ours - theirs,
            ours=ours,
            currency=currency,
            theirs=theirs,
        )
        for (period, currency), (ours, theirs) in sorted(sums.items())
        if ours != theirs
    ]
