"""Manual adjustments: lines with a reason, an author and an approver, or a problem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from salesops_nb.commission.earning.lines import line
from salesops_nb.commission.inputs.tables import as_day, as_decimal
from salesops_nb.commission.settlement.working import Working
from salesops_nb.core import money
from salesops_nb.errors import problem
from salesops_nb.messages import message
from salesops_nb.store.ledger.duties import Duties


def adjustments(payout: Working, duties: Duties) -> None:
    """Manual adjustments of the period: lines with a reason, an author and an approver, or a problem.

    Author and approver are people of the workbook, where it has any, whom the duties keep apart.
    """
    if "people" in payout.tables:
        people = {str(row["person_id"]) for row in payout.tables.rows("people")}
        duties = replace(duties, people=people)
    for number, row in enumerate(payout.tables.rows("adjustments"), start=2):
        day = as_day(row.get("happened_on"))
        if day is None or day not in payout.period:
            continue
        missing = [n for n in ("reason", "author", "approver") if not str(row.get(n) or "").strip()]
        amount, currency = (
            as_decimal(row.get("amount")),
            row.get("currency") or (payout.plans[0].currency if payout.plans else None),
        )
        author, approver, payee = (str(row.get(n) or "").strip() for n in ("author", "approver", "payee_id"))
        others = [("author", author), ("payee", payee)]
        clash = duties.clash("approver", approver, others) or duties.clash("author", author, others[1:])
        unknown = [
            who for who in (author, approver) if duties.people is not None and who not in duties.people
        ]
        which, values = "", dict[str, Any]()
        if missing:
            which, values = "bad-adjustment.lacks", {"missing": ", ".join(missing)}
        elif unknown:
            which, values = "bad-adjustment.not-in-people", {"name": unknown[0]}
        elif clash:
            may = duties.who_may("approver", others)
            which, values = "bad-adjustment.duties", {"why": clash, "who_may": may}
        elif amount is None:
            which = "bad-adjustment.without-amount"
        if which:
            payout.found.append(
                problem(
                    which,
                    table="adjustments",
                    row=number,
                    value=str(row.get("adjustment_id")),
                    amount=amount,
                    payee=row.get("payee_id"),
                    **values,
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
        payout.reasons[made["line_id"]] = message(
            "{reason} (entered by {author}, approved by {approver})",
            reason=str(row["reason"]),
            author=str(row["author"]),
            approver=str(row["approver"]),
        )
