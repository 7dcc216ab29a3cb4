"""The performance review as displays: each function shows one part of a `Review`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from salesops_nb import present
from salesops_nb.present import formats
from salesops_nb.present.defects import set_aside as set_aside
from salesops_nb.present.review_groups import groups as groups
from salesops_nb.present.review_groups import mix as mix
from salesops_nb.present.review_groups import ranking as ranking
from salesops_nb.present.terms import translated
from salesops_nb.present.words import _, spoken
from salesops_nb.wording import Said

if TYPE_CHECKING:
    from salesops_nb.frames import Tables
    from salesops_nb.performance import Review
    from salesops_nb.present.controls import Panel
    from salesops_nb.source.opened import Workbook


def tables_in_force(workbook: Workbook) -> Tables:
    """The workbook's tables, with approved targets in place of the source's for the years that have any."""
    from salesops_nb.frames import collected
    from salesops_nb.store.targets import approved_targets

    approved = approved_targets(workbook.store)
    if approved.empty:
        return workbook.tables
    columns = ["level", "who", "metric", "period", "value"]
    parts = [approved[columns]]
    if "targets" in workbook.tables:
        own = collected(workbook.tables["targets"].select(columns))
        years = set(approved["year"])
        parts.append(own[[str(period).removeprefix("cal:")[:4] not in years for period in own["period"]]])
    frame = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    return workbook.tables.beside(targets=workbook.register("targets_in_force", frame))


def cover(panel: Panel, asked: Any, review: Review) -> None:
    """The cover of a review of this workbook."""
    who = _("Team {name}", name=review.who) if review.level == "team" else review.who
    panel.cover(
        asked,
        title=_("Performance review"),
        subtitle=who or "",
        period=review.period,
        as_of=review.as_of,
        used=("deals", "people", "targets", "accounts", "products", "deals.expected_close_on"),
        mission=True,
    )


def recorded(workbook: Any, asked: Any, review: Review, live: bool = False) -> None:
    """Record what the review found, and say under which id; not where a person is trying controls."""
    from salesops_nb.store.reviews import record_review

    if not live:
        parameters = asked.model_dump(exclude={"workbook"})
        run = record_review(workbook.store, review, parameters, workbook.fingerprint)
        present.provenance({"Recorded as": run[:12]})


def headlines(review: Review, simulated: frozenset[str] = frozenset()) -> None:
    """The seven headline cards; those that rest on simulated tables say so."""
    rests_on = {"attainment": {"targets"}, "coverage": {"targets", "deals", "deals.expected_close_on"}}
    cards = []
    for row in review.headlines.itertuples():
        marks = [row.mark] if row.mark else []
        if rests_on.get(str(row.key), set()) & simulated:
            marks.append("simulated")
        missing = formats.missing(row.value)
        sentences, detail = cast("tuple[list[Said], Said]", row.said)
        cards.append(
            {
                "label": translated(str(row.label)),
                "value": "–" if missing else row.value,
                "unit": "text" if missing else row.unit,
                "sentence": " ".join(map(spoken, sentences)),
                "detail": spoken(detail),
                "mark": marks,
                "metric": row.key,
            }
        )
    present.headlines(cards)
    for note in review.notes:
        present.note(f"{note.message} {note.fix}", kind="warning")


def bridge(review: Review) -> None:
    """The waterfall from the comparison's (or the target's) bookings to the period's."""
    if review.bridge.empty:
        present.note(_("There is no whole period to compare with, so there is no bridge."))
        return
    first, last = review.bridge.iloc[0], review.bridge.iloc[-1]
    opening = translated(str(first["step"]))
    steps = review.bridge.iloc[1:-1]
    present.waterfall(
        steps.assign(step=[translated(str(step)) for step in steps["step"]]),
        step="step",
        amount="amount",
        opening=opening,
        closing=review.period.key,
        start=first["amount"],
        end=last["amount"],
        title=_("From {start} to {end}", start=opening, end=review.period.key),
    )


def trend(review: Review) -> None:
    """Bookings by month with the limits of routine variation."""
    whole = review.trend[review.trend["whole"]]
    signals = [str(month) for month in whole.loc[whole["signal"], "month"]]
    said = _("All routine variation.")
    if signals:
        said = _("More than routine variation: {months}.", months=", ".join(signals))
    limits = whole if len(whole) > 1 else None
    present.trend(whole, x="month", y="bookings", limits=limits, title=_("Bookings by month"), note=said)


def definitions(level: str = "company") -> None:
    """What each figure of the page means and how it is found, in the reader's language."""
    from salesops_nb.performance import CATALOGUE

    # ranks stand on the company's page alone
    rows = [metric._asdict() for metric in CATALOGUE if level == "company" or metric.unit != "rank"]
    present.catalogue([{key: spoken(Said(str(value))) for key, value in row.items()} for row in rows])


def pipeline(review: Review) -> None:
    """Open deals by stage, the stale ones apart."""
    money = dict.fromkeys(("value", "estimated", "due_value", "stale_value"), "money")
    sums = {c: sum(review.pipeline[c], 0) for c in review.pipeline.columns if c != "stage"}
    limit = _(
        "Stale: open for more than {days} days, longer than 99 % of all closed deals took.",
        days=review.stale_days,
    )
    present.show_table(
        review.pipeline,
        title=_("Open deals by stage"),
        labels={
            "value": _("Live value"),
            "estimated": _("of it estimated"),
            "due_value": _("Due in the period"),
            "deals": _("Live deals"),
            "stale_deals": _("Stale deals"),
            "stale_value": _("Stale value"),
        },
        formats={**money, "deals": "integer", "stale_deals": "integer"},
        total=sums,
        notes=[limit] if review.stale_days is not None else (),
    )


def time_to_win(review: Review) -> None:
    """The share of deals won and lost by age."""
    if review.time_to_win.empty:
        present.note(_("No deal has closed yet."))
        return
    present.incidence(
        review.time_to_win,
        time="days",
        curves=["won", "lost"],
        title=_("Share of deals won and lost by age in days"),
        note=_("Open deals are censored; losing is a competing end, not a censoring (Aalen–Johansen)."),
    )
