"""What a report's figures leave out, in the reader's language: control totals and rows with a defect."""

from __future__ import annotations

from typing import Any

from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import _
from salesops_nb.present.page import parts as frame


def set_aside(workbook: Any, company: bool = True) -> None:
    """The report's foot: control totals, then rows with a defect, what they spoil and add up to.

    On a page that is not the company's (`company` false) no total of the company may stand: it says that
    there are defects, and where they are counted.

    Raises
    ------
    SalesopsError
        Where a control total differs beyond its tolerance: such a report must not go out.
    """
    results = workbook.controls
    beyond = [result.problem(workbook.settings) for result in results if not result.within]
    if beyond:
        raise SalesopsError(beyond if company else _untotalled())
    if workbook.settings.amount_is is not None:
        frame.note(_amounts(workbook.settings.amount_is))
    if not company:
        if workbook.set_aside:
            frame.note(
                _(
                    "Rows of the company's data have defects and are left out of the figures they spoil; "
                    "the company's report counts them."
                )
            )
        return
    for result in results:
        frame.note(control_words(result))
    frame.set_aside(
        {
            # a line a kind of defect and figures it spoils: what one adds up to is never another's
            "code": f"{part.reason}: {part.left_out_of}",
            "table": part.table,
            "message": _(
                "{defect} (left out of {figures})",
                defect=defect_words(part.reason),
                figures=figures_words(part.left_out_of),
            ),
            "rows": part.count,
            "amount": part.amount,
        }
        for part in workbook.set_aside
    )


def _amounts(kind: str) -> str:
    """What the workbook declares that a deal's amount is."""
    words = {
        "acv": _("A deal's amount is its contract value for a year (ACV)."),
        "tcv": _("A deal's amount is its contract value in total (TCV)."),
        "arr": _("A deal's amount is the recurring revenue that it brings in a year (ARR)."),
        "one-off": _("A deal's amount is a sale made once; nothing of it recurs."),
    }
    return words[kind]


def _untotalled() -> Problem:
    """That a control total is beyond its tolerance, without the company's figures."""
    return problem("control-total", file="workbook.yml", column="controls")


def control_words(result: Any) -> str:
    """A control total that holds, in one sentence."""
    control, parts = result.control, []
    if result.count_difference is not None:
        parts.append(
            _(
                "{found} deals found, {expected} expected",
                found=formats.number(result.count),
                expected=formats.number(control.count),
            )
        )
    if result.sum_difference is not None:
        parts.append(
            _(
                "{found} found, {expected} expected (difference {difference})",
                found=formats.money(result.sum, cents=True),
                expected=formats.money(control.sum, cents=True),
                difference=formats.money(result.sum_difference, cents=True),
            )
        )
    return _(
        "Control of {outcome} deals in {period} with {source}: {parts}; within tolerance.",
        outcome=_outcomes().get(control.outcome, control.outcome),
        period=control.period,
        source=control.source,
        parts="; ".join(parts),
    )


def _outcomes() -> dict[str, str]:
    return {"won": _("won"), "lost": _("lost"), "open": _("open")}


def defect_words(code: str) -> str:
    """A finding's code in words; one that has none here reads as the code does, without its dashes."""
    known = {
        "bad-date": _("Not a date"),
        "bad-flag": _("Neither yes nor no"),
        "bad-number": _("Not a number"),
        "backward-period": _("Ends before it begins"),
        "closed-before-created": _("Closed before it was created"),
        "closed-without-created": _("Closed, without a date of creation"),
        "closed-without-date": _("Decided, without a closing date"),
        "commit-above-best-case": _("Best case below the commit"),
        "currency-ids": _("Id of a currency instead of its code"),
        "currency-sign": _("Currency sign against the currency"),
        "duplicate-id": _("The same key with different contents"),
        "formula-error": _("Error of a spreadsheet formula"),
        "future-date": _("Date after the last day of the data"),
        "left-before-entered": _("Stage left before it was entered"),
        "missing-owner": _("No owner"),
        "missing-stage": _("No stage"),
        "missing-value": _("Nothing where a value is needed"),
        "negative-amount": _("Negative amount"),
        "no-outcome": _("No outcome"),
        "no-rate": _("No exchange rate"),
        "open-with-closing-date": _("Open, with a closing date"),
        "out-of-range": _("Out of range"),
        "overlapping-people": _("Overlapping employment"),
        "percent-in-amount": _("Percentage instead of an amount"),
        "serial-date": _("Day number instead of a date"),
        "too-large": _("Too large to be an amount"),
        "unknown-account": _("Unknown account"),
        "unknown-choice": _("Unknown choice"),
        "unknown-deal": _("Unknown deal"),
        "unknown-key": _("Unknown key"),
        "empty-word": _("Word for an empty cell"),
        "unreadable-period": _("Period that cannot be read"),
        "unknown-target": _("Target of nobody known"),
        "total-row": _("Row of totals"),
        "unknown-outcome": _("Unknown outcome"),
        "unknown-product": _("Unknown product"),
        "unknown-rep": _("Unknown rep"),
        "unknown-stage": _("Unknown stage"),
        "unknown-unit": _("Unknown unit"),
        "won-without-amount": _("Won, without an amount"),
    }
    return known.get(code, code.replace("-", " ").capitalize())


def figures_words(left_out_of: str) -> str:
    """The figures that leave a row out, in words."""
    known = {
        "every figure": _("every figure"),
        "cycle time": _("cycle time"),
        "every figure of a period, and cycle time": _("every figure of a period, and cycle time"),
        "the figures by rep and team": _("the figures by rep and team"),
        "the figures by account and segment": _("the figures by account and segment"),
        "the figures by unit": _("the figures by unit"),
        "the product mix": _("the product mix"),
    }
    if left_out_of.startswith("figures by "):
        return _("figures by {column}", column=left_out_of.removeprefix("figures by "))
    return known.get(left_out_of, left_out_of)
