"""The year backwards and forwards, by month and by segment, and the capacity it takes."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.notebook.sales_model.finding import bound, limit_words, month_words, segment_words
from salesops_nb.notebook.sales_model.plan import Plan
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import _

SEASON = 0.05  # by which a month closes more or less than its deals' age alone would, from which it is said
DRAWN = 0.05  # of the draws, left out at each end of an interval


def _ends(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.quantile(draws, [DRAWN, 1 - DRAWN], axis=0)
    return low, high


def _interval(low: float, high: float, places: int = 0) -> str:
    return f"{formats.number(low, places)} – {formats.number(high, places)}"


def backwards(plan: Plan) -> None:
    """From the target back, by month: bookings, won deals, deals to open, activities a rep and week."""
    if not plan.target > 0:
        present.note(
            _("{year} has a target of nothing: nothing has to be opened for it.", year=plan.year.key)
        )
        return
    before, months = plan.flow.before, [*plan.before, *plan.months]
    openings = plan.openings
    low, high = _ends(openings)
    won = plan.flow.won.sum(axis=1).mean(axis=0)
    weeks = np.array([(each.end - each.start).days / 7 for each in months])
    logged = (
        plan.flow.activities.sum(axis=1).mean(axis=0) / weeks / plan.funnel.reps
        if plan.funnel.reps > 0
        else None
    )
    rows = []
    for at, month in enumerate(months):
        inside = at >= before
        rows.append(
            {
                "month": month_words(month),
                "bookings": plan.flow.target[at - before] if inside else None,
                "won": won[at - before] if inside else np.nan,
                "to_open": openings[:, at].mean(),
                "interval": _interval(low[at], high[at]),
                "opened": plan.opened[at],
                "activities": np.nan if logged is None else logged[at],
            }
        )
    table = pd.DataFrame(rows)
    if table["activities"].isna().all():
        table = table.drop(columns="activities")
    if table["opened"].isna().all():
        table = table.drop(columns="opened")
    notes = [
        _(
            "A deal is won {months} months after it is opened, on average: what closes in a month was opened "
            "in it and in the {n} before. The months around the year are taken as its own again.",
            months=formats.number(float(plan.funnel.share @ plan.funnel.delay), 1),
            n=formats.number(before),
        ),
        _("Deals to open are the mean of won ÷ rate over all draws, which is more than won ÷ mean rate."),
        origin_words(plan),
    ]
    season = plan.flow.season.mean(axis=0)
    apart = plan.funnel.share @ season - 1
    if float(np.abs(apart).max()) > SEASON:
        at = int(np.abs(apart).argmax())
        notes.append(
            _(
                "The target has a season of its own: {month} is to close {share} of what its deals' age "
                "alone would.",
                month=month_words(plan.months[at]),
                share=formats.percent(1 + float(apart[at]), 0),
            )
        )
    present.show_table(
        table,
        title=_("From the target back: what has to be opened, and when"),
        table="sales_model",
        rows=None,
        notes=notes,
        total={"bookings": plan.target, "won": float(won.sum())},
        marks={"to_open": "estimated"},
    )
    _late(plan)


def origin_words(plan: Plan) -> str:
    """Where the target comes from, and how it is spread over the months."""
    if plan.origin == "targets":
        return _("The target is that of the targets in force.")
    if plan.origin == "growth":
        return _("Nobody states a target: it is growth on the last twelve months, spread evenly.")
    return _(
        "The target is stated; its months are in proportion to the targets in force, or even without any."
    )


def _late(plan: Plan) -> None:
    """What of the openings before the year is missing, and what that leaves of the year."""
    over = ~np.isnan(plan.opened)
    year = plan.caught.sum(axis=1)
    short = float(plan.target) - float(year.mean())
    if not over.any() or short < 0.005 * float(plan.target):
        return
    ends = np.quantile(year, [DRAWN, 1 - DRAWN])
    present.note(
        _(
            "What was not opened in time is missing: with the deals opened up to {day}, and from then on "
            "those above, the "
            "year books {year} ({low} – {high}, 90 %), {short} short.",
            day=formats.day(plan.model.day),
            year=formats.short_money(float(year.mean())),
            low=formats.short_money(ends[0]),
            high=formats.short_money(ends[1]),
            short=formats.short_money(short),
        ),
        kind="warning",
    )


def forwards(plan: Plan) -> None:
    """From the pace of late forward: bookings by month with the target beside them."""
    mean = plan.pace.mean(axis=0)
    low, high = _ends(plan.pace)
    keys = [month_words(each) for each in plan.months]
    target = [float(each) for each in plan.flow.target]
    frame = pd.DataFrame(
        {
            "month": keys,
            "target": target,
            "needed": plan.flow.forward.sum(axis=1).mean(axis=0),
            "pace": mean,
            "low": low,
            "high": high,
        }
    )
    present.trend(
        frame,
        x="month",
        y="pace",
        target="target",
        unit="about",
        limits={"lower": low, "upper": high},
        title=_("Bookings if deals go on to be opened as of late, and the target"),
        note=_("Limits: 90 % of draws of what was learned, not the luck of single deals."),
    )
    shown = frame.assign(
        gap=frame["pace"] - frame["target"],
        interval=[
            f"{formats.short_money(a)} – {formats.short_money(b)}" for a, b in zip(low, high, strict=True)
        ],
    )
    year = plan.pace.sum(axis=1)
    ends = np.quantile(year, [DRAWN, 1 - DRAWN])
    present.show_table(
        shown[["month", "target", "pace", "interval", "gap"]],
        title=_("Forwards: what the pace of late brings"),
        table="sales_model",
        total={
            "target": plan.target,
            "pace": float(year.mean()),
            "interval": f"{formats.short_money(ends[0])} – {formats.short_money(ends[1])}",
            "gap": float(year.mean()) - float(plan.target),
        },
        notes=[
            _(
                "Months that are over have the deals that were opened in them; the others {pace} a month.",
                pace=formats.number(float(plan.funnel.opened.sum()), 0),
            ),
            _(
                "The deals to open above, carried forward by the same draws, give the target again, to "
                "{share} of a mean month "
                "in every draw, segment and month.",
                share=formats.percent(max(plan.flow.apart, 0.001), 1),
            ),
        ],
    )


def segments(plan: Plan) -> None:
    """What each segment rests on and is asked for; the company is their sum."""
    funnel, flow = plan.funnel, plan.flow
    others = len(funnel.segments) > 1
    per_month = flow.opened[:, :, flow.before :].mean(axis=(0, 2))
    bookings = [sum(row, Decimal(0)) for row in flow.bookings]
    rows = []
    for at, name in enumerate(funnel.segments):
        rate, size = funnel.rate[:, at], funnel.size[:, at]
        rows.append(
            {
                "segment": segment_words(name, others),
                "bookings": bookings[at],
                "share": float(funnel.share[at]),
                "won_of_opened": "{} ({} – {})".format(
                    *(
                        formats.percent(each, 0)
                        for each in (rate.mean(), *np.quantile(rate, [DRAWN, 1 - DRAWN]))
                    )
                ),
                "per_win": float((1 / rate).mean()),
                "size": float(size.mean()),
                "delay": float(funnel.delay[at]),
                "to_open": float(per_month[at]),
                "opened": float(funnel.opened[at]),
                "borrowed": bool(funnel.borrowed[at]),
            }
        )
    table = pd.DataFrame(rows)
    notes = [
        _(
            "Won of those opened: the same deals followed month by month to their end, open ones too; it is "
            "lower than "
            "the win rate of deals that are decided. Deals without an account count in each segment by its "
            "part."
        ),
    ]
    if table["borrowed"].any():
        names = ", ".join(table.loc[table["borrowed"], "segment"])
        notes.append(
            _(
                "Too few won deals for figures of its own, so that the company's stand there: {names}.",
                names=names,
            )
        )
    present.show_table(
        table.drop(columns="borrowed"),
        title=_("Segments; the company is their sum"),
        table="sales_model",
        notes=notes,
        total={
            "bookings": sum(bookings, Decimal(0)),
            "share": 1.0,
            "to_open": float(per_month.sum()),
            "opened": float(funnel.opened.sum()),
        },
    )
    declared = plan.model.version.sales_model.coverage
    if declared is not None:
        need = float((funnel.share / funnel.rate).sum(axis=1).mean())
        present.note(
            _(
                "The model declares a coverage of {declared} times the target. By what was won of those "
                "opened, "
                "{need} times are enough.",
                declared=formats.number(declared, 1),
                need=formats.number(need, 1),
            )
        )


def capacity(plan: Plan) -> None:
    """What each rep would carry in the fullest month, beside the limit; what binds is said first."""
    if plan.funnel.reps <= 0:
        present.note(_("Nobody who opened deals of late is still there: capacity cannot be told."))
        return
    if plan.used.empty:
        present.note(
            _("No limit of capacity is known: declare activities_a_week and open_deals in strategy.yml.")
        )
        return
    words = {"declared": _("declared"), "most seen": _("the most seen in a month")}
    used = plan.used
    table = pd.DataFrame(
        {
            "what": [limit_words(each) for each in used["what"]],
            "month": [month_words(plan.months[int(at)]) for at in used["month"]],
            "need": used["need"],
            "interval": [_interval(a, b) for a, b in zip(used["low"], used["high"], strict=True)],
            "limit": used["limit"],
            "origin": [words[each] for each in used["origin"]],
            "used": used["used"],
        }
    )
    present.show_table(
        table,
        title=_("Capacity, in the fullest month to come"),
        table="sales_model",
        notes=_(
            "Of {n} people who opened deals of late and are still there. Activities are those that are "
            "logged: a "
            "habit, not the work; two who log nothing do not do nothing.",
            n=formats.number(plan.funnel.reps),
        ),
    )
    if words_of_it := bound(plan):
        present.note(words_of_it, kind="warning")
