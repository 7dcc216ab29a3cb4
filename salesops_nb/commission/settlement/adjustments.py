"""Manual adjustments: lines with a reason, an author and an approver, or a problem."""

from __future__ import annotations

from salesops_nb.commission.earning.lines import line
from salesops_nb.commission.inputs.tables import as_day, as_decimal
from salesops_nb.commission.settlement.working import Working
from salesops_nb.core import money
from salesops_nb.errors import Problem


def adjustments(payout: Working) -> None:
    """Manual adjustments of the period: lines with a reason, an author and an approver, or a problem."""
    for number, row in enumerate(payout.tables.rows("adjustments"), start=2):
        day = as_day(row.get("happened_on"))
        if day is None or day not in payout.period:
            continue
        missing = [n for n in ("reason", "author", "approver") if not str(row.get(n) or "").strip()]
        amount, currency = (
            as_decimal(row.get("amount")),
            row.get("currency") or (payout.plans[0].currency if payout.plans else None),
        )
        why = (
            f"has no {', no '.join(missing)}"
            if missing
            else "is approved by its author"
            if row["author"] == row["approver"]
            else None
        )
        why = why or (
            "is approved by the person who gains by it" if row["approver"] == row["payee_id"] else None
        )
        why = why or ("has no amount" if amount is None else None)
        if why:
            payout.found.append(
                Problem(
                    "bad-adjustment",
                    f"Adjustment {row.get('adjustment_id')} of {amount} for {row.get('payee_id')} {why}; "
                    "it is set aside.",
                    "Give reason, author and another person as approver.",
                    table="adjustments",
                    row=number,
                    value=str(row.get("adjustment_id")),
                    amount=amount,
                )
            )
            continue
        assert amount is not None
        made = line(
            None,
            str(row.get("component_id") or "adjustment"),
            str(row["payee_id"]),
            "adjustment",
            money.rounded(amount, str(currency)),
            payout.period.key,
            part=row.get("adjustment_id"),
        )
        made |= {
            "currency": currency,
            "happened_on": day,
            "plan_id": row.get("plan_id"),
            "source_line_id": row.get("source_line_id"),
            "deal_id": row.get("deal_id"),
        }
        payout.made.append(made)
        payout.reasons[made["line_id"]] = (
            f"{row['reason']} (entered by {row['author']}, approved by {row['approver']})"
        )
