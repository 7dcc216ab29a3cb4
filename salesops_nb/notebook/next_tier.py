"""What the next tier of a rep's commission plan pays, as the statement of the same period says it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from salesops_nb.errors import SalesopsError

if TYPE_CHECKING:
    from salesops_nb.performance import Review
    from salesops_nb.source.opened import Workbook

NOTHING_TO_STATE = {"no-plan", "no-statement"}  # no plan in the workbook, or none that pays this rep


@dataclass(frozen=True)
class NextTier:
    """The nearest tier or gate: what it still needs, what it pays more, and the rate from there on.

    `pays` is None where pay is no function of credit alone; amounts are in the plan's `currency`.
    """

    component: str
    missing: Decimal
    pays: Decimal | None
    rate: Decimal | None
    currency: str


def next_tier(workbook: Workbook, review: Review, wanted: bool = True) -> NextTier | None:
    """The nearest tier of a rep's plan in the review's period; None where there is none.

    It is read from the rep's statement, so that both pages say the same to the cent. Spans that are no
    period of pay have none.
    """
    from salesops_nb.notebook.commission_calculation.period_book import FOLDER, Book

    person, period = review.who, review.period
    if not wanted or review.level != "rep" or person is None or period.kind == "span":
        return None
    if review.as_of < review.data_through:
        return None  # a statement knows what was credited since
    if "plan_assignments" not in workbook.tables or not (workbook.folder / FOLDER).is_dir():
        return None
    try:
        statement = Book(workbook, period.key, as_of=review.as_of).statement(person)
    except SalesopsError as error:
        if {each.code for each in error.problems} <= NOTHING_TO_STATE:
            return None
        raise
    money = [each for each in statement.coming if each.place.measure in ("credit", "team_credit")]
    nearest = min(money, key=lambda each: each.place.missing or Decimal(0), default=None)
    if nearest is None or nearest.place.missing is None:
        return None
    place = nearest.place
    return NextTier(place.component, nearest.place.missing, nearest.pays, place.next_rate, nearest.currency)
