"""What finance keeps beside the page: every line with its formula, and that sheets and ledger agree."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.commission.finance.ledger_rows import plain_rows
from salesops_nb.core.money import places
from salesops_nb.notebook.commission_calculation.labels import kind_words, status_words
from salesops_nb.present.language.sentences import ngettext, translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.commission.finance.journal import Finance
    from salesops_nb.notebook.commission_calculation.period_book import Book

ZERO = Decimal(0)
MOST_LINES = 200_000  # that a person can still open; the command writes any number
LINES, STATEMENTS, JOURNAL = "lines", "statements", "journal"  # what formulas call the sheets


def has_lines(book: Book) -> bool:
    """Whether the workbook has the sheet of all lines."""
    return 0 < book.statements.count <= MOST_LINES


def pay_formulas(book: Book, rows: Sequence[dict[str, Any]]) -> list[str | None]:
    """What sums each person's lines; none where the name does not single them out, or a search would read it
    otherwise.
    """
    used = Counter(
        (str(each.name).casefold(), code) for each in book.statements.accounts for code in each.totals
    )
    return [
        f'SUMIFS(<{LINES}.amount>,<{LINES}.name>,[name],<{LINES}.currency>,"{row["currency"]}")'
        if has_lines(book)
        and used[str(row["name"]).casefold(), row["currency"]] == 1
        and not re.search(r"[*?~]|^[=<>]|^\s|\s$", str(row["name"]))
        else None
        for row in rows
    ]


def every_line(book: Book) -> None:
    """The sheet of every line of every statement: account, product, credit, rate, amount."""
    if not book.statements.count:
        return
    if not has_lines(book):
        present.note(
            ngettext("The spreadsheet leaves out the list of {n} line: salesops ledger finance writes it.",
                     "The spreadsheet leaves out the list of {n} lines: salesops ledger finance writes it.",
                     book.statements.count)
        )  # fmt: skip
        return
    present.add_sheet(lambda: _lines(book), table="statement")


def _lines(book: Book) -> dict[str, Any]:
    rows = list(book.statements.every_line())
    deals = {str(row["deal_id"]) for row, _rate, _formula in rows if row["deal_id"]}
    accounts, products = (
        book.called("accounts", "account_id", deals),
        book.called("products", "product_id", deals),
    )
    plans = {plan.id: plan.file.plan.name or plan.id for plan in book.plans}
    components = {(p.id, c.id): c.name or c.id for p in book.plans for c in p.components}
    frame = pd.DataFrame(
        [
            {"name": book.names.get(row["payee_id"], row["payee_id"]),
             "plan": plans.get(row["plan_id"], row["plan_id"]),
             "component": components.get((row["plan_id"], row["component_id"]), row["component_id"]),
             "kind": kind_words(str(row["kind"])), "account": accounts.get(str(row["deal_id"])),
             "product": products.get(str(row["deal_id"])), "deal": row["deal_id"], "day": row["happened_on"],
             "credit": row["credit"], "rate": rate, "amount": row["amount"], "currency": row["currency"],
             "status": status_words(str(row.get("status") or "draft")), "line": row["line_id"]}
            for row, rate, _formula in rows
        ]
    )  # fmt: skip
    one = frame["currency"].nunique() == 1
    return {
        "frame": frame,
        "title": _("Lines"),
        "total": {"amount": sum((row["amount"] for row, *_others in rows), ZERO)} if one else {},
        "key": LINES,
        "currency": "currency",
        "formulas": {"amount": [formula for _row, _rate, formula in rows]},
        "formats": {"credit": "decimal", "amount": "cents"},
    }


def compared(book: Book, status: str, made: Finance | None) -> None:
    """What must be equal, each side a formula where a sheet of the spreadsheet has it."""
    found = _Compared(book, made, status == "any")
    frame = pd.DataFrame(found.rows, columns=["what", "currency", "here", "there", "difference"])
    one = frame["currency"].nunique() == 1
    present.show_table(
        frame.drop(columns="currency") if one else frame,
        title=_("Reconciliation"),
        table="reconciliation",
        currency=found.rows[0]["currency"] if one else "currency",
        rows=None,
        formulas=found.formulas if has_lines(book) else None,
        total={"difference": sum((row["difference"] for row in found.rows), ZERO)} if one else None,
        notes=[_("Every difference is zero; what is not is decided before the close.")],
    )


class _Compared:
    """What is compared: an amount of this file, and the one that it must be."""

    def __init__(self, book: Book, made: Finance | None, everybody: bool) -> None:
        self.rows: list[dict[str, Any]] = []
        self.formulas: dict[str, list[str | None]] = {"here": [], "there": [], "difference": []}
        totals: dict[str, Decimal] = defaultdict(Decimal)
        calculated: dict[str, Decimal] = defaultdict(Decimal)
        for account in book.statements.accounts:
            for code, amount in account.totals.items():
                totals[code] += amount
        for row in plain_rows(book.payout.statements):
            calculated[row["currency"]] += row["amount"]
        for code, amount in sorted(totals.items()):
            lines = _sum_of(LINES, "amount", code)
            if everybody:
                pay = _sum_of(STATEMENTS, "pay", code) if len(totals) > 1 else f"SUM(<{STATEMENTS}.pay>)"
                self.add(_("Lines, and the statements"), code, (amount, amount), (lines, pay))
            self.add(_("Lines, and a calculation made now"), code, (amount, calculated[code]), (lines, None))
        if made is not None:
            self.journal(made)

    def journal(self, made: Finance) -> None:
        """The journal's two sides, and what it says of the ledger."""
        entries = plain_rows(made.journal)
        codes = sorted({row["currency"] for row in entries})
        for code in codes:
            sides = [
                sum((r[side] for r in entries if r["currency"] == code), ZERO) for side in ("debit", "credit")
            ]
            sums = (
                (_sum_of(JOURNAL, "debit", code), _sum_of(JOURNAL, "credit", code))
                if len(codes) > 1
                else (f"SUM(<{JOURNAL}.debit>)", f"SUM(<{JOURNAL}.credit>)")
            )
            self.add(_("Journal: debits, and credits"), code, (sides[0], sides[1]), sums)
        for row in plain_rows(made.reconciliation):
            self.add(translate(row["what"]), row["currency"], (row["file"], row["ledger"]), (None, None))

    def add(
        self,
        what: str,
        code: str,
        sides: tuple[Decimal, Decimal],
        formulas: tuple[str | None, str | None],
    ) -> None:
        """One comparison, with the formula of each side that has one."""
        difference = Decimal(sides[0]) - Decimal(sides[1])
        row = {"what": what, "currency": code, "here": sides[0], "there": sides[1], "difference": difference}
        self.rows.append(row)
        for name, formula in zip(("here", "there"), formulas, strict=True):
            self.formulas[name].append(formula)
        self.formulas["difference"].append(f"ROUND([here]-[there],{places(code)})")


def _sum_of(sheet: str, column: str, code: str) -> str:
    return f'SUMIFS(<{sheet}.{column}>,<{sheet}.currency>,"{code}")'
