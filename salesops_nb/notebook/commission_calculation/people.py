"""The commission report's tables of people and lines: statements, near tiers, what stands out, why zero."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb import present
from salesops_nb.commission.finance.ledger_rows import arrow_of, plain_rows
from salesops_nb.commission.result.attainment import near
from salesops_nb.commission.statements.unusual_lines import LIMIT, unusual
from salesops_nb.notebook.commission_calculation.finance_sheets import (
    STATEMENTS,
    every_line,
    has_lines,
    pay_formulas,
)
from salesops_nb.notebook.commission_calculation.labels import (
    kind_words,
    measure_words,
    status_words,
)
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)
NO_CREDIT = (
    "draw",
    "draw_recovery",
    "carry",
    "negative_pay",
    "mbo",
)  # there the column holds a balance or points


def people(book: Book, who: str | None, status: str, audience: str = "analyst") -> None:
    """A row a person: place against quota, pay, and where the statement stands; for finance in the
    spreadsheet alone.
    """
    if who:
        return
    rows: list[dict[str, Any]] = []
    for found in book.statements.accounts:
        if status not in ("any", found.status):
            continue
        place = next((p for p in found.places if p.quota and p.measure == "credit"), None)
        for currency, amount in (found.totals or {book.workbook.settings.currency: ZERO}).items():
            rows.append(
                {"name": found.name, "plan": ", ".join(sorted({p.plan_id for p in found.places})) or "–",
                 "quota": place.quota if place else None, "credit": place.credit if place else None,
                 "attainment": place.attainment if place else None, "pay": amount, "currency": currency,
                 "status": status_words(found.status),
                 "disputes": sum(d["status"] != "closed" for d in found.disputes) or None}
            )  # fmt: skip
    if not rows:
        present.note(_("No statement stands so."))
        return
    rows.sort(key=lambda row: -row["pay"])
    frame = pd.DataFrame(rows)
    one = frame["currency"].nunique() == 1
    keep = [
        name
        for name in frame.columns
        if (name != "disputes" or frame["disputes"].notna().any()) and not (name == "currency" and one)
    ]
    made: dict[str, Any] = {
        "frame": frame[keep],
        "title": _("Statements"),
        "currency": str(frame["currency"].iloc[0]) if one else "currency",
        "total": {"pay": sum((row["pay"] for row in rows), ZERO)} if one else {},
        "formulas": {"pay": pay_formulas(book, rows)} if has_lines(book) else {},
        "key": STATEMENTS,
    }
    if audience == "analyst":
        present.show_table(**made, table="people", rows=None)
    else:
        present.add_sheet(lambda: made, table="people")


def nearest(book: Book, who: str | None, audience: str = "analyst") -> None:
    """Who lacks little to the next tier or gate: worth knowing before the period ends."""
    if who or audience != "analyst":
        return
    found = near(book.payout.attained)
    if not found:
        present.note(_("Nobody is within 10 % of the next tier or gate."))
        return
    frame = pd.DataFrame(
        [
            {"name": book.names.get(row.payee_id, row.payee_id), "component": row.component,
             "measure": measure_words(row.measure), "has": row.credit, "next": row.next_at,
             "missing": row.missing, "share": row.missing_share,
             "what": _("gate") if row.next_kind == "gate" else _("tier"), "rate": row.next_rate}
            for row in found
        ]
    )  # fmt: skip
    keep = [n for n in frame if n not in ("component", "measure", "what") or frame[n].nunique() > 1]
    present.show_table(frame[keep], title=_("Near the next tier"), table="nearest", rows=30)


def lines(book: Book, who: str | None, audience: str = "analyst") -> None:
    """The biggest lines, and those furthest from their component's others; all of them in the spreadsheet."""
    if who:
        return
    every_line(book)
    if audience != "analyst":
        return
    rows = plain_rows(book.payout.lines)
    if not rows:
        present.note(_("The calculation has no line."))
        return
    size = sorted(rows, key=lambda row: (-abs(row["amount"]), row["line_id"]))
    shown = {each.line["line_id"]: each for each in unusual(rows)}
    _lines_table(book, _("Biggest lines"), size[:10], shown)
    odd = [each for each in shown.values() if each.flagged]
    if odd:
        _lines_table(book, _("Unusual lines"), [each.line for each in odd[:25]], shown)
    furthest = max((abs(each.score) for each in shown.values() if each.score is not None), default=0.0)
    present.note(
        _("A line is unusual if it is rare by its kind (adjustment, clawback, negative), or if the logarithm "
          "of its amount lies more than {limit} modified z-scores from the median of its component's lines "
          "(Iglewicz and Hoaglin). The furthest here lies {furthest} off.",
          limit=formats.number(LIMIT, 1), furthest=formats.number(furthest, 1))
    )  # fmt: skip


def _lines_table(book: Book, title: str, rows: list[Any], marked: Mapping[str, Any]) -> None:
    frame = pd.DataFrame(
        [
            {"name": book.names.get(row["payee_id"], row["payee_id"]), "deal": row["deal_id"],
             "component": row["component_id"], "kind": kind_words(row["kind"]),
             "credit": None if row["kind"] in NO_CREDIT else row["credit"],
             "amount": row["amount"], "currency": row["currency"],
             "why": translate(marked[row["line_id"]].why) if row["line_id"] in marked else ""}
            for row in rows
        ]
    )  # fmt: skip
    one = frame["currency"].nunique() == 1
    present.show_table(
        frame.drop(columns="currency") if one else frame,
        title=title,
        table="lines",
        currency=str(frame["currency"].iloc[0]) if one else "currency",
    )


def zeros(book: Book, who: str | None) -> None:
    """Why zero: everybody and everything that pays nothing, or not yet, with the reason."""
    if who:
        return
    rows = arrow_of(book.payout.withheld)
    nobody = rows.filter(pc.is_null(rows["payee_id"]))
    if nobody.num_rows:
        deals = pc.count_distinct(nobody["deal_id"], mode="all").as_py()
        note = ngettext("{n} deal has no payee.", "{n} deals have no payee.", deals)
        present.note(note, kind="error")
    if not rows.num_rows:
        present.note(_("Everybody and everything is paid."))
        return
    frame = _by_reason(book, rows)
    present.show_table(
        frame,
        title=_("Why zero"),
        table="people",
        rows=40,
        notes=[_("Each person's statement says it deal by deal.")],
    )
    _nothing_at_all(book, rows)


def _by_reason(book: Book, rows: pa.Table) -> pd.DataFrame:
    """A row a plan and reason, each reason worded once; the most credit first."""
    reasons = rows["reason"].combine_chunks().dictionary_encode()
    worded = pa.array(
        [translate(book.payout.working.reason(reason)) for reason in reasons.dictionary.to_pylist()],
        pa.string(),
    )
    plain = rows.append_column("words", worded.take(reasons.indices))
    sums = plain.group_by(["plan_id", "words"], use_threads=False).aggregate(
        [("reason", "count"), ("payee_id", "count_distinct", pc.CountOptions(mode="all")),
         ("credit", "sum"), ("amount", "sum")]
    )  # fmt: skip
    found: list[dict[str, Any]] = [
        {"plan": row["plan_id"] or "–", "reason": row["words"], "rows": row["reason_count"],
         "people": row["payee_id_count_distinct"], "credit": row["credit_sum"] or ZERO,
         "waits": row["amount_sum"] or ZERO}
        for row in sums.to_pylist()
    ]  # fmt: skip
    found.sort(key=lambda row: -row["credit"])
    return pd.DataFrame(found)


def _nothing_at_all(book: Book, rows: pa.Table) -> None:
    """People whose pay is zero, each with the reason."""
    sums = arrow_of(book.payout.lines).group_by("payee_id").aggregate([("amount", "sum")])
    paid = sums.filter(pc.not_equal(sums["amount_sum"], pa.scalar(0)))["payee_id"].combine_chunks()
    unpaid = rows.filter(pc.invert(pc.is_in(rows["payee_id"], value_set=paid)))
    unpaid = unpaid.filter(pc.is_valid(unpaid["payee_id"])).select(["payee_id", "deal_id", "reason"])
    reasons: dict[str, str] = {}
    for row in sorted(unpaid.to_pylist(), key=lambda r: r["deal_id"] is not None):
        reasons.setdefault(row["payee_id"], row["reason"])
    if reasons:
        frame = pd.DataFrame(
            [
                {"name": book.names.get(p, p), "reason": translate(book.payout.working.reason(why))}
                for p, why in sorted(reasons.items())
            ]
        )
        present.show_table(frame, title=_("People paid nothing"), rows=40)
