"""What must be written so that the ledger says what a calculation says: nothing where it already does.

A period that is open takes the calculation's lines as they are: a changed line is written anew,
one that is gone is withdrawn. A closed period is never touched: what differs from everything
written for it so far becomes an adjustment line in the first open period, naming the line it
corrects. Lines are compared by line, payee and currency, so that a deal given to another person
is taken from the one and given to the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from salesops_nb.core.columns import PAY_LINE
from salesops_nb.store.ledger.chain import details
from salesops_nb.store.ledger.lines import credit_text

Values = dict[str, Any]
Key = tuple[str, str, str]
COMPARED = (
    *("amount_minor" if name == "amount" else name for name in PAY_LINE if name != "line_id"),
    "origin",
)


@dataclass(slots=True)
class Difference:
    """Lines to write, lines to withdraw, and how many calculated lines need no writing."""

    write: list[Values] = field(default_factory=list)
    withdraw: list[Row[Any]] = field(default_factory=list)
    unchanged: int = 0


def difference(
    lines: Iterable[Values], prior: Iterable[Row[Any]], targets: Mapping[str, str], closed: Mapping[str, bool]
) -> Difference:
    """The difference between calculated lines and what the ledger holds of the same calculation.

    Parameters
    ----------
    lines : values of the calculated lines (columns of the ledger's entries, without origin).
    prior : the ledger's current lines of the same origins, adjustments of earlier runs included.
    targets : for each origin the period that takes its lines (itself while it is open).
    closed : for each period of `prior` whether it takes no more lines.
    """
    new = {line["line_id"]: {**line, "origin": line["period"]} for line in lines}
    frozen: dict[Key, list[Row[Any]]] = defaultdict(list)
    movable: dict[str, Row[Any]] = {}
    for row in prior:
        if closed[row.period]:
            frozen[base_of(row), row.payee_id, row.currency].append(row)
        else:
            movable[row.line_id] = row
    wanted = {
        line["line_id"]: line
        for line in (*_direct(new, frozen, targets), *_adjustments(new, frozen, targets))
    }
    result = Difference()
    for line_id, line in wanted.items():
        row_now = movable.get(line_id)
        if row_now is None or any(line.get(name) != getattr(row_now, name) for name in COMPARED):
            result.write.append(line)
    result.withdraw = [row for line_id, row in movable.items() if line_id not in wanted]
    changed = {line.get("details", {}).get("corrects", line["line_id"]) for line in result.write}
    result.unchanged = len(new.keys() - changed)
    return result


def base_of(row: Row[Any]) -> str:
    """The calculated line an entry stands for: its own id, or the one an adjustment corrects."""
    base: str = details(row).get("corrects", row.line_id)
    return base


def _direct(
    new: Mapping[str, Values], frozen: Mapping[Key, object], targets: Mapping[str, str]
) -> Iterable[Values]:
    """Lines whose own period is open and of which nothing is closed yet: written as calculated."""
    fixed = {base for base, _, _ in frozen}
    for line_id, line in new.items():
        if targets[line["origin"]] == line["origin"] and line_id not in fixed:
            yield line


def _adjustments(
    new: Mapping[str, Values], frozen: Mapping[Key, list[Row[Any]]], targets: Mapping[str, str]
) -> Iterable[Values]:
    """What each line of a closed period should pay, less everything closed that was written for it."""
    fixed = {base for base, _, _ in frozen}
    due = {
        (line_id, line["payee_id"], line["currency"]): line
        for line_id, line in new.items()
        if targets[line["origin"]] != line["origin"] or line_id in fixed
    }
    parties: dict[str, int] = defaultdict(int)
    for base, _, _ in due.keys() | frozen.keys():
        parties[base] += 1
    for key in [*due, *(key for key in frozen if key not in due)]:
        line, written = due.get(key), frozen.get(key, [])
        amount = (line["amount_minor"] if line else 0) - sum(row.amount_minor for row in written)
        credit = _credit(line["credit"] if line else None) - sum(
            (_credit(row.credit) for row in written), Decimal(0)
        )
        if not amount and not credit:
            continue
        base, payee_id, currency = key
        like: Values = line or {name: getattr(written[0], name) for name in COMPARED}
        target = targets[like["origin"]]
        suffix = f"~{payee_id}~{currency}" if parties[base] > 1 else ""
        first = written[0].line_id if written else None
        kind = line["kind"] if line else details(written[0]).get("calculated_kind", written[0].kind)
        yield {
            **like,
            "line_id": f"{base}~{target}{suffix}",
            "period": target,
            "kind": "adjustment",
            "credit": credit_text(credit),
            "amount_minor": amount,
            "source_line_id": first,
            "details": {"corrects": base, "calculated_kind": kind} | _raw(line, written),
        }


def _raw(line: Values | None, written: list[Row[Any]]) -> dict[str, str | None]:
    """What an adjustment comes to in the plan's own currency; nothing where a line of it does not say."""
    texts = [details(row).get("raw") for row in written]
    now: str | None = line.get("details", {}).get("raw") if line else "0"
    if now is None or None in texts:
        return {}
    return {"raw": credit_text(Decimal(now) - sum((Decimal(str(text)) for text in texts), Decimal(0)))}


def _credit(text: str | None) -> Decimal:
    return Decimal(text) if text else Decimal(0)
