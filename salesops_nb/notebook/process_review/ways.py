"""How deals go through the stages: conversion, time, and the ways they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.present.language import formats
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _, setting
from salesops_nb.process.conversion import YOUNG

if TYPE_CHECKING:
    from salesops_nb.process import ProcessReview, Window

COHORTS = 6  # quarters of entry that are shown


def _nothing(review: ProcessReview) -> bool:
    """Whether there is no history to show; the page says so once."""
    return not review.history.stages


def ends(frame: pd.DataFrame, low: str = "low", high: str = "high") -> list[str]:
    """The two ends of an interval of shares, as text."""
    pairs = zip(frame[low], frame[high], strict=True)
    return ["–" if pd.isna(a) else f"{formats.percent(a, 0)} – {formats.percent(b, 0)}" for a, b in pairs]


def conversion(review: ProcessReview) -> None:
    """How many go on from each stage, in the window and by quarter of entry."""
    if _nothing(review):
        return
    frame = review.conversions
    shown = frame.assign(interval=ends(frame))[
        ["stage", "entered", "onward", "lost", "open", "conversion", "interval"]
    ]
    young = _(
        "Open deals count neither as won nor as lost; no rate where more than {share} are undecided.",
        share=formats.percent(YOUNG, 0),
    )
    present.funnel(
        frame, "stage", "entered", "onward", "lost", subtitle=_("Deals that entered each stage in the window")
    )
    present.show_table(shown, title=_("Who goes on from a stage"), table="process_stages", notes=young)
    cohorts = review.cohorts
    quarters = sorted(cohorts["period"].unique())[-COHORTS:]
    wide = cohorts[cohorts["period"].isin(quarters)].pivot(
        index="stage", columns="period", values="conversion"
    )
    wide = wide.reindex([name for name in review.history.stages if name in wide.index]).reset_index()
    wide.columns.name = None
    present.show_table(
        wide, title=_("Conversion by quarter of entry"), table="process_stages",
        formats=dict.fromkeys(quarters, "percent"),
        notes=_("A quarter without a rate is too young: only its fast deals are decided."),
    )  # fmt: skip


def time(review: ProcessReview) -> None:
    """How long deals stay in each stage: medians with intervals, and the curves they come from."""
    if _nothing(review):
        return
    curves = [name for name in review.staying.columns if name in review.history.stages]
    label = _("days") if review.working is None else _("working days")
    if curves and len(review.staying) > 1:
        present.incidence(
            review.staying, time="days", curves=curves, time_label=label,
            subtitle=_("Share of deals still in the stage, by days since they entered it"),
            note=_("Bands: 90% intervals."),
        )  # fmt: skip
    frame = review.times.copy()
    triples = zip(frame["median"], frame["low"], frame["high"], strict=True)
    frame["middle"] = [
        "{} ({} – {})".format(*(formats.number(value, 1) for value in three)) for three in triples
    ]
    columns = ["stage", "stays", "ended", "middle", "p90"]
    notes: list[str] = []
    if review.working is not None:
        notes.append(working_days(review.working, review.within))
    apart = int(frame["apart"].sum())
    if apart:
        said = ngettext(
            "{n} stay that a bulk update began or ended is set apart.",
            "{n} stays that bulk updates began or ended are set apart.",
            apart,
        )
        notes.append(said)
    present.show_table(
        frame[columns], title=_("Time in stage, {days}", days=label), table="process_stages", notes=notes
    )


def working_days(calendar: np.busdaycalendar, within: Window) -> str:
    """Which days count: of the week, and how many holidays of the window do not."""
    from babel.dates import get_day_names

    names = get_day_names("wide", locale=setting().locale)
    days = ", ".join(names[int(at)] for at in np.flatnonzero(calendar.weekmask))
    first, end = (np.datetime64(day) for day in (within.periods[0].start, within.periods[-1].end))
    free = int(((calendar.holidays >= first) & (calendar.holidays < end)).sum())
    if not free:
        return _("Working days are {days}.", days=days)
    return ngettext(
        "Working days are {days}, but for {n} holiday in the window.",
        "Working days are {days}, but for {n} holidays in the window.",
        free,
        days=days,
    )


def flow(review: ProcessReview) -> None:
    """The ways that deals take, as a picture; the commonest, and those that are not straight."""
    if _nothing(review) or review.flow.empty:
        return
    moved = review.flow.assign(words=[formats.short_money(value) for value in review.flow["value"]])
    won, lost = _("won"), _("lost")
    names = {"won": won, "lost": lost}
    moved["to"] = [names.get(name, name) for name in moved["to"]]
    present.flow(
        moved, "stage", "to", "moves", words="words", stages=[*review.history.stages, won], out=lost,
        subtitle=_("Moves between stages, and what they were worth"),
        note=_("Above: a stage is left out. Below: back. Downwards: lost."),
    )  # fmt: skip
    ways = review.ways.assign(way=[" → ".join(names.get(n, n) for n in way) for way in review.ways["way"]])
    if len(ways):
        total = int(ways["ways"].iloc[0])
        more = ngettext("{n} way in all.", "{n} ways in all.", total)
        title = _("The commonest ways of closed deals")
        present.show_table(
            ways[["way", "deals", "share", "value"]], title=title, table="process_stages", notes=more
        )
    _kinds(review)


def _kinds(review: ProcessReview) -> None:
    words = {
        "left out": _("left out a stage"),
        "went back": _("went back"),
        "went round": _("in a stage twice"),
        "opened again": _("opened again after closing"),
        "straight": _("straight on"),
    }
    frame = review.kinds
    shown = frame.assign(kind=[words[kind] for kind in frame["kind"]], interval=ends(frame))
    shown["interval"] = np.where(frame["deals"] > 0, shown["interval"], "–")
    apart = int(frame["apart"].max())
    said = ngettext(
        "{n} deal that a bulk update moved is set apart.",
        "{n} deals that bulk updates moved are set apart.",
        apart,
    )
    present.show_table(
        shown[["kind", "deals", "share", "win_rate", "interval", "value"]],
        title=_("Ways that are not straight"),
        table="process_stages",
        notes=said if apart else (),
    )
