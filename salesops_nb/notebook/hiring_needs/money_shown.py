"""What hires bring for what they cost, what a leaver costs, and the pipeline needed on day one."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import hiring, present
from salesops_nb.hiring.day_one import FEWEST_QUARTERS, OTHERS
from salesops_nb.hiring.economics.payback import is_known
from salesops_nb.notebook.hiring_needs.rounding import adding_up
from salesops_nb.present.language.formats import number, percent, short_money, whole_percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.forecast.learning.learned import Learned
    from salesops_nb.hiring import HiringPlan


def returns(plan: HiringPlan) -> None:
    """Return, payback and cost of acquiring a deal; not said where margin or pay is not known."""
    economics = plan.trial.pool.learned.economics
    if not is_known(economics):
        present.note(_("Return and payback are not said: neither the data nor the parameters margin and "
                       "pay say what bookings leave and what a person costs."))  # fmt: skip
        return
    found = hiring.returns(plan)
    if found is not None:
        until = plan.ahead.months[-1].last
        frame = pd.DataFrame([{"until": present.day(until), "added": found.added, "margin": found.margin,
                               "cost": found.cost, "net": found.net, "rate": found.rate,
                               "within": found.within}])  # fmt: skip
        written = adding_up([found.cost, found.net, found.margin], ["all"] * 3, [False, False, True])
        for name, value in zip(("cost", "net", "margin"), written, strict=True):
            frame[name] = pd.Series([value], dtype=object)
        present.show_table(frame, title=_("What the plan's hires bring"), table="return_of_hires",
                           notes=_return_notes(found, economics))  # fmt: skip
    _payback(plan.trial.pool.learned)


def _return_notes(found: hiring.Return, economics: Any) -> list[str]:
    if found.months is None:
        notes = [_("Less likely than not to be paid back within three years.")]
    else:
        notes = [ngettext("The plan is as likely as not to be paid back after {n} month.",
                          "The plan is as likely as not to be paid back after {n} months.",
                          found.months)]  # fmt: skip
    if found.cac is not None:
        words = (
            _("A deal of new business that they win costs {cac} of pay and hiring to acquire (CAC); the "
              "present team's costs {today} of "
              "pay.", cac=short_money(found.cac), today=short_money(found.cac_today))
            if found.only_new else
            _("A deal that they win costs {cac} of pay and hiring to acquire (CAC); the present team's costs "
              "{today} of pay.", cac=short_money(found.cac), today=short_money(found.cac_today))
        )  # fmt: skip
        notes.append(words)
    if economics.origin["hiring_cost"] == "assumed":
        notes.append(_("The cost of finding and starting a person is assumed: two months' loaded pay."))
    if not economics.overhead:
        notes.append(_("Pay is without benefits and overhead: state overhead for the loaded cost."))
    return notes


def _payback(learned: Learned) -> None:
    found = hiring.payback(learned).drop(columns="n")
    present.show_table(
        found, title=_("When a hire pays back, from the opening of the seat"), table="economics",
        notes=[_("Whoever leaves before or never sells enough counts as not paid back.")],
    )  # fmt: skip


def turnover(plan: HiringPlan) -> None:
    """What a leaver costs, and the capacity that attrition puts at risk."""
    risk = hiring.capacity_at_risk(plan)
    capacity, lost = (sum(risk[name], Decimal(0)) for name in ("capacity", "lost"))
    present.note(
        _("Attrition puts {lost} at risk to the horizon's end, {share} of what today's people would book "
          "at full "
          "output.", lost=short_money(lost), share=percent(float(lost / capacity) if capacity else 0.0))
    )  # fmt: skip
    cost = hiring.turnover(plan)
    unknown = [name for name in ("margin_lost", "pay_saved", "cost", "total") if cost[name].isna().all()]
    if unknown and plan.trial.pool.learned.economics.origin["hiring_cost"] == "assumed":
        unknown.append("hiring_cost")
    present.show_table(
        cost.drop(columns=unknown), title=_("What a leaver costs"), table="economics",
        notes=[_("Cost of a leaver: margin on the bookings lost while the seat is empty and the newcomer "
                 "ramps, less the pay saved, with the cost of hiring. Severance is not in it."),
               *([_("Without margin and pay the cost itself is not said.")] if unknown else [])],
    )  # fmt: skip
    present.show_table(
        risk.sort_values("lost", ascending=False, ignore_index=True),
        title=_("Capacity at risk, by team"), table="at_risk", rows=12,
        total={"capacity": capacity, "lost": lost, "share": float(lost / capacity) if capacity else None},
    )  # fmt: skip


def day_one(plan: HiringPlan, workbook: Any) -> None:
    """The pipeline that each quarter's target needs on its first day, by source."""
    found = hiring.day_one(plan, workbook.calendar)
    if found is None:
        present.note(
            _("Deals carry no source or no creation date: what pipeline a quarter needs is not said.")
        )
        return
    if found.quarters < FEWEST_QUARTERS:
        present.note(ngettext(
            "The history covers {n} quarter from its first day: too short to say what pipeline a quarter "
            "needs.",
            "The history covers {n} quarters from their first day: too short to say what pipeline a "
            "quarter needs.", found.quarters,
        ))  # fmt: skip
        return
    history = _("Of a quarter's bookings {share} was open on its first day ({low} to {high} over {n} "
                "quarters), the rest was created within it.", share=percent(found.share, 0),
                low=percent(found.lowest, 0), high=percent(found.highest, 0), n=found.quarters)  # fmt: skip
    if found.needed.empty:
        present.note(history)
        return
    quarters = list(dict.fromkeys(found.needed["quarter"]))[:6]
    needed = found.needed.set_index(["quarter", "source"])
    frame = found.sources.drop(columns=["open_before", "won_before", "rate_low", "rate_high"])
    names = list(frame["source"])
    low, high = (found.sources[name].to_numpy(dtype=float) for name in ("rate_low", "rate_high"))
    frame["rate"] = [
        f"{percent(rate, 0)} ({number(100 * least, 0)}–{number(100 * most, 0)})"
        for rate, least, most in zip(frame["rate"], low, high, strict=True)
    ]
    frame["first"] = [math.ceil(needed.loc[(quarters[0], name), "deals"]) for name in names]
    totals: dict[str, Any] = {"first": int(frame["first"].sum()), "share": float(frame["share"].sum())}
    for quarter in quarters:
        values = [needed.loc[(quarter, name), "value"] for name in names]
        whole = sum(values, Decimal(0))
        *parts, total = adding_up(
            [*values, whole], [quarter] * (len(values) + 1), [False] * len(values) + [True]
        )
        frame[quarter], totals[quarter] = pd.Series(parts, dtype=object), total
    if frame["open_now"].isna().all():
        frame = frame.drop(columns="open_now")
    else:
        totals["open_now"] = int(frame["open_now"].sum())
        present.note(
            _("{quarter} needs {needed} open deals on its first day; {now} are open.", quarter=quarters[0],
              needed=number(totals["first"]), now=number(totals["open_now"]))
        )  # fmt: skip
    frame["source"] = [_("Other sources") if name == OTHERS else name for name in names]
    present.show_table(
        frame, title=_("Pipeline needed on the first day of each quarter, by source"), table="day_one",
        total=totals,
        formats=dict.fromkeys(quarters, "about"),
        notes=[history, _("Needed: target × the source's share of bookings ÷ the part of its open deals "
                          "that was won in the quarter (80% interval).")],
    )  # fmt: skip


def card(plan: HiringPlan) -> dict[str, Any] | None:
    """The card of the plan's payback; none where nobody is hired or it is not known."""
    found = hiring.returns(plan) if is_known(plan.trial.pool.learned.economics) else None
    if found is None:
        return None
    words = _("Paid back by the horizon's end with a chance of {share}.",
              share=whole_percent(found.within))  # fmt: skip
    if found.months is None:
        words = _("Less likely than not to be paid back within three years.")
    return {"metric": "months_to_pay_back", "value": found.months, "mark": ["estimated"], "sentence": words}
