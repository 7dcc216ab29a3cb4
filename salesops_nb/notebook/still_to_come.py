"""What a period in progress will bring, as a review shows it: the forecast, and how good it has been."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.forecast.in_progress import InProgress, forecast
from salesops_nb.forecast.rolling_origin import OURS, Backtest, backtest, day_number, day_of, months_of, peers
from salesops_nb.messages import Message, joined, message
from salesops_nb.notebook.calls_shown import rolled_commit
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.formats import day, percent, short_money
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.core.periods import Kind, Period
    from salesops_nb.performance import Review
    from salesops_nb.source.opened import Workbook

METHODS: dict[str, Message] = {
    OURS: message("This forecast"),
    "same month of last quarter": message("Same month of last quarter"),
    "same period last year": message("Same period last year"),
    "run rate": message("Run rate of three months"),
    "weighted pipeline": message("Open deals times their stage's win rate"),
    "commit": message("What people committed to"),
}


@dataclass(frozen=True)
class Outlook:
    """The forecast of a period, what simple methods say beside it, and how good each has been."""

    made: InProgress
    tested: Backtest
    now: Mapping[str, float | None]


def outlook(workbook: Workbook, review: Review) -> Outlook | None:
    """The rest of a review's period; None where it is over, or the history is too short to say."""
    from salesops_nb.pipeline.lives import lives_of

    period, as_of = review.period, review.as_of
    if as_of >= period.last or as_of not in period:
        return None
    lives = lives_of(workbook.tables, as_of, review.level, review.who)
    won = lives.closed[lives.won]
    if not len(won):
        return None
    first, came = day_of(lives.closed.min()), day_of(lives.created.min())
    months, _periods = months_of(workbook.calendar, min(first, came), period.last)
    origin, start, end = day_number(as_of) + 1, day_number(period.start), day_number(period.end)
    made = forecast(lives, months, origin, end, start)
    if made is None:
        return None
    called = _called(workbook, review)
    kind: Kind = period.kind if period.kind != "span" else "month"
    tested = backtest(lives, workbook.calendar, kind, first, as_of, called)
    now: dict[str, float | None] = {OURS: float(np.median(made.made)) - made.booked}
    now |= peers(lives, workbook.calendar, day_number(first), origin, end, today=True)
    commit = called(period, as_of)
    return Outlook(made, tested, now | {"commit": None if commit is None else commit - made.booked})


def _called(workbook: Workbook, review: Review) -> Callable[[Period, date], float | None]:
    """What had been committed to for a quarter of the company by a day."""

    def called(period: Period, day: date) -> float | None:
        if review.level != "company" or period.kind != "quarter":
            return None
        commit = rolled_commit(workbook, period, day)
        return None if commit is None else float(commit)

    return called


def still_to_come(workbook: Workbook, review: Review, found: Outlook | None, reader: str = "analyst") -> None:
    """Where a period in progress will end, how sure that is, and how good the forecast has been."""
    if review.as_of >= review.period.last or reader != "analyst":
        return
    if found is None:
        present.note(
            _(
                "Where {period} will end is not forecast: that takes deals of at least seven months.",
                period=translate(review.period.named),
            )
        )
        return
    present.note(translate(said(found, review)))
    _by_type(found, workbook)
    _forecasts_and_outcomes(found.tested)
    if len(found.tested.methods):
        _methods(found, review)


def said(found: Outlook, review: Review) -> Message:
    """The finding: where the period will end, what that is made of, and the chance of the target."""
    best, made, period = found.tested.best, found.made, review.period.named
    target = review.company["target"]
    if best != OURS:
        return _of_simple(found, best, period)
    low, middle, high = made.quantiles()
    parts = [
        message(
            "{period} is likely to end at about {middle}: in four of five cases between {low} and {high}.",
            period=period,
            middle=short_money(middle),
            low=short_money(low),
            high=short_money(high),
        ),
        message(
            "{booked} is booked; open deals ({count}) may bring {from_open}, deals not made yet {from_new}.",
            booked=short_money(made.booked),
            count=made.open_deals,
            from_open=short_money(made.from_open),
            from_new=short_money(made.from_new),
        ),
    ]
    if target:
        parts.append(
            message(
                "The chance of the target of {target} is {chance}.",
                target=short_money(target),
                chance=percent(made.probability(float(target)), 0),
            )
        )
    return joined(parts, " ")


def _of_simple(found: Outlook, method: str, period: Message) -> Message:
    """The finding of a method that was better than the forecast, with the errors it made as its range."""
    rows = found.tested.rows[found.tested.rows[method].notna() & (found.tested.rows[method] > 0)]
    off = (rows["came"] / rows[method]).astype(float)
    booked, now = found.made.booked, found.now.get(method) or 0.0
    row = next(row for row in found.tested.methods.itertuples() if row.method == method)
    return joined([
        message(
            "{period} is likely to end at about {middle}, of which {booked} is booked; errors as at the last "
            "{n} month ends would mean {low} to {high}.",
            period=period,
            middle=short_money(booked + now),
            booked=short_money(booked),
            n=row.n,
            low=short_money(booked + now * float(off.min())),
            high=short_money(booked + now * float(off.max())),
        ),
        message(
            "That is a simple method ({method}): there it was off by {error} of what came, a forecast from "
            "single deals by {ours}.",
            method=METHODS[method],
            error=percent(row.wape, 0),
            ours=percent(row.model_wape, 0),
        ),
    ], " ")  # fmt: skip


def _by_type(found: Outlook, workbook: Workbook) -> None:
    """What each type of deal may bring, where there are several."""
    parts = [each for each in found.made.parts if each.booked or each.from_open or each.from_new]
    if len(parts) < 2:
        return
    rows: list[tuple[Any, ...]] = [
        (translated(each.kind), each.booked, each.open_deals, each.from_open, each.from_new,
         each.booked + each.from_open + each.from_new)
        for each in parts
    ]  # fmt: skip
    columns = ["deal_type", "booked", "open_deals", "from_open", "from_new", "in_all"]
    frame = pd.DataFrame(rows, columns=columns)
    notes = [
        _("Means, which add up. Types are not pooled: they are won at other rates and for other amounts."),
    ]
    young = [translated(each.kind) for each in parts if not each.alone]
    if young:
        notes.append(
            _(
                "Too few months to learn from these alone: {types}. What becomes of such deals is learned "
                "from deals of all types.",
                types=", ".join(young),
            )
        )
    present.show_table(
        frame,
        title=_("What each type of deal may bring"),
        table="by_type",
        total={name: frame[name].sum() for name in columns[1:]},
        marks="simulated" if "deals.deal_type" in workbook.simulated else (),
        notes=notes,
    )


def _methods(found: Outlook, review: Review) -> None:
    table = found.tested.methods
    rows: list[tuple[Any, ...]] = []
    for row in table.itertuples():
        now = found.now.get(str(row.method))
        ends = None if now is None else found.made.booked + now
        missed = (row.mad, row.rmse, row.signal)
        rows.append((translate(METHODS[str(row.method)]), ends, row.wape, row.n, row.model_wape, row.bias,
                     *missed))  # fmt: skip
    own = table.loc[table["method"] == OURS].iloc[0]
    columns = ["method", "ends", "wape", "n", "model_wape", "bias", "mad", "rmse", "signal"]
    present.show_table(
        pd.DataFrame(rows, columns=columns, dtype=object),
        title=_(
            "Where {period} may end, by method",
            period=translate(review.period.named),
        ),
        table="still_to_come",
        notes=[
            _(
                "At each of {n} earlier month ends every method was asked for the rest of the period, from "
                "what was known then. The forecast's range of four in five cases held {coverage} of them.",
                n=int(own["n"]),
                coverage=percent(own["coverage"], 0),
            ),
            _(
                "Bias above zero: forecasts were too high; tracking signal above zero: too low. Beyond ±4 it "
                "counts as drift; fewer than five month ends cannot reach it. The weighted miss counts large "
                "ones for more."
            ),
        ],
    )


def _forecasts_and_outcomes(tested: Backtest) -> None:
    """At each earlier month's end the forecast of the rest of the period, and what came."""
    rows = tested.rows
    if len(rows) < 2:
        return
    present.fan(
        rows.assign(day=[day(each) for each in rows["day"]]), "day", "p10", OURS, "p90", came="came",
        subtitle=_("Bookings in the rest of the period, as forecast at each month's end"),
    )  # fmt: skip
