"""How the pipeline moved between two kept days, as a review shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.present.language import formats
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.core.periods import Period
    from salesops_nb.performance import Review
    from salesops_nb.pipeline import Movement
    from salesops_nb.source.opened import Workbook

WEEK = 7  # days of the longest period that is reviewed as a week


def pipeline_moved(workbook: Workbook, review: Review, first: bool = False, reader: str = "analyst") -> None:
    """The movement of the pipeline: where the page begins for a week, and with the pipeline for others.

    Without two days that are kept, one sentence says how to keep them.
    """
    from salesops_nb import pipeline

    if first != (review.period.days <= WEEK) or reader != "analyst":
        return
    days = pipeline.days_of(workbook.store, review.period, review.as_of)
    if days is None:
        present.note(
            _(
                "How the pipeline moved is not told: it takes two days of which open deals are kept. Every "
                "salesops run keeps its own, and salesops snapshot --as-of gives back one before the period."
            )
        )
        return
    found = pipeline.between(workbook.store, workbook.tables, *days)
    window = _window(review)
    whole = found.moved(None, review.level, review.who)
    due = found.moved(window, review.level, review.who)
    _waterfall(whole)
    _steps(whole, due, window)
    _deals(whole)
    for note in whole.notes:
        present.note(note.text, kind="warning" if note.severity == "warning" else "note")


def _window(review: Review) -> Period:
    """The period whose deals are told apart: of a week, the quarter in which it ends."""
    if review.period.days > WEEK:
        return review.period
    return review.period.calendar.containing(min(review.as_of, review.period.last), "quarter")


def _waterfall(moved: Movement) -> None:
    opening, closing = (formats.day(kept.as_of) for kept in (moved.first, moved.second))
    if moved.steps.empty:
        said = _("Nothing moved in the pipeline from {start} to {end}.", start=opening, end=closing)
        present.note(said)
        return
    present.waterfall(
        moved.steps.assign(step=[translated(str(step)) for step in moved.steps["step"]]),
        step="step",
        amount="amount",
        opening=opening,
        closing=closing,
        start=moved.opening,
        end=moved.closing,
        subtitle=_("Open pipeline from {start} to {end}", start=opening, end=closing),
    )


def _steps(whole: Movement, due: Movement, window: Period) -> None:
    """The steps of all open deals, and beside them those of deals due in the period."""
    from salesops_nb.pipeline.movement import STEPS

    every, within = (moved.steps.set_index("step") for moved in (whole, due))
    rows: list[tuple[Any, ...]] = [
        (formats.day(whole.first.as_of), whole.deals_before, whole.opening, due.opening)
    ]
    for step in STEPS:
        if step in every.index or step in within.index:
            deals, amount = every.loc[step] if step in every.index else (None, None)
            part = within.at[step, "amount"] if step in within.index else None
            rows.append((translated(step), deals, amount, part))
    rows.append((formats.day(whole.second.as_of), whole.deals_after, whole.closing, due.closing))
    present.show_table(
        pd.DataFrame(rows, columns=["step", "deals", "amount", "due"], dtype=object),
        title=_("How the pipeline moved, and of it what is due in {period}", period=translate(window.named)),
        table="movement",
    )


def _deals(moved: Movement) -> None:
    if moved.deals.empty:
        return
    size = moved.deals["amount"].map(abs).sort_values(ascending=False, kind="stable")
    frame = moved.deals.assign(step=[translated(str(step)) for step in moved.deals["step"]]).loc[size.index]
    columns = ["name", "owner", "step", "amount", "amount_before", "amount_after", "close_before",
               "close_after"]  # fmt: skip
    present.show_table(
        frame[[name for name in columns if frame[name].notna().any()]],
        title=_("The deals behind each step, the largest first"),
        table="movement",
        rows=100,
    )
    if len(moved.owners):
        present.show_table(
            moved.owners[["name", "owner_before", "owner_after", "amount"]],
            title=_("Deals with another owner"),
            table="movement",
        )
