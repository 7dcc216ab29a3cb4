"""The performance review: what it may be asked, and displays that each show one part of a `Review`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from salesops_nb import present
from salesops_nb.core.statistics.comparisons import rates_differ, times_differ
from salesops_nb.messages import message
from salesops_nb.notebook.calls_shown import call_figures
from salesops_nb.notebook.calls_shown import calls as calls
from salesops_nb.notebook.calls_shown import give_call as give_call
from salesops_nb.notebook.next_tier import next_tier as next_tier
from salesops_nb.notebook.own_metrics import own_metrics as own_metrics
from salesops_nb.notebook.pipeline_moved import pipeline_moved as pipeline_moved
from salesops_nb.notebook.review_cards import headlines as headlines
from salesops_nb.notebook.review_charts import against_target as against_target
from salesops_nb.notebook.review_charts import attainment as attainment
from salesops_nb.notebook.review_lead import caveat, found_in, lead
from salesops_nb.notebook.review_pages import against as against
from salesops_nb.notebook.review_pages import ahead as ahead
from salesops_nb.notebook.review_pages import behind as behind
from salesops_nb.notebook.review_pages import has
from salesops_nb.notebook.review_pages import next_commission as next_commission
from salesops_nb.notebook.review_pages import one_on_one as one_on_one
from salesops_nb.notebook.review_pages import own_deals as own_deals
from salesops_nb.notebook.review_pages import reader_of as reader_of
from salesops_nb.notebook.still_to_come import outlook as outlook
from salesops_nb.notebook.still_to_come import still_to_come as still_to_come
from salesops_nb.parameters import Name, Sliced
from salesops_nb.present.language import formats
from salesops_nb.present.language.column_labels import translated
from salesops_nb.present.language.formats import percent
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import _
from salesops_nb.present.page.data_set_aside import set_aside as set_aside
from salesops_nb.present.page.output import LIVE

if TYPE_CHECKING:
    from salesops_nb.core.frames import Tables
    from salesops_nb.performance import Review
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.source.opened import Workbook


SAME_SHARE = 0.01  # ends that are nearer are written as one


class PerformanceReview(Sliced):
    """Of `performance_review.ipynb`.

    Examples
    --------
    >>> from salesops_nb.parameters import PerformanceReview
    >>> PerformanceReview(period="2017-Q3", level="team", who="Cara Losch").structure
    'as they were'
    """

    needs = ("deals.closed_on or deals.created_on",)

    approval = ("call_by", "call_commit", "call_best_case", "call_reason")
    approval_words = ("The call", "Give the call")
    rare = approval  # given in the panel, by a spreadsheet or by `salesops call`

    structure: Literal["as they were", "restated"] = Field(
        "as they were", description="Owners in their teams of the time, or all restated to as_of"
    )
    audience: Literal["by level", "executive", "analyst", "manager", "rep"] = Field(
        "by level", description="For whom the page is; by level: the analyst's, a team's manager's, the rep's"
    )
    call_by: Name = Field(
        None,
        description="Whose call it is: a name here keeps it; empty does not",
        json_schema_extra={"choices": "people"},
    )
    call_commit: float | None = Field(None, ge=0, description="What will come for certain in the quarter")
    call_best_case: float | None = Field(None, ge=0, description="What comes if all goes well")
    call_reason: str = Field("", description="Why, or why it changed")

    @field_validator("audience")
    @classmethod
    def _of_the_level(cls, audience: str, others: ValidationInfo) -> str:
        level = others.data.get("level")
        if audience == "rep" and level != "rep":
            raise ValueError(message("a rep's page is of one rep; set level: rep and name who"))
        if audience == "manager" and level == "rep":
            raise ValueError(message("a manager's page is of a team or the company, not of one rep"))
        return audience


def tables_in_force(workbook: Workbook) -> Tables:
    """The workbook's tables, with approved targets in place of the source's for the years that have any."""
    from salesops_nb.core.frames import collected
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


def cover(panel: Panel, asked: Any, review: Review, outlook: Any = None) -> None:
    """The cover of a review of this workbook: what it found, and what weakens that."""
    who = _("Team {name}", name=review.name) if review.level == "team" else review.name
    panel.cover(
        asked,
        title=_("Performance review"),
        subtitle=who or "",
        period=review.period,
        as_of=review.as_of,
        used=(
            "deals",
            "people",
            "targets",
            "accounts",
            "products",
            "deals.expected_close_on",
            "deals.deal_type",
            "forecast_calls",
        ),
        lead=lead(found_in(review, outlook)),
        caveat=caveat(review),
        asked_for={**asked.model_dump(exclude={"workbook"}), "who": review.name},
    )


def recorded(workbook: Any, asked: Any, review: Review, live: bool = False) -> None:
    """Record what the review found, and say under which id; not where a person is trying controls."""
    from salesops_nb.store.reviews import record_review

    if not live:
        # a word such as last-3-months means other days later; what is recorded is of these
        parameters = {
            **asked.model_dump(exclude={"workbook"}),
            "period": review.period.key,
            "who": review.who,
        }
        figures = call_figures(workbook, review)
        run = record_review(workbook.store, review, parameters, workbook.fingerprint, figures)
        present.provenance({"Recorded as": run[:12]})


def bridge(review: Review, reader: str = "analyst") -> None:
    """The waterfall from the comparison's (or the target's) bookings to the period's; nothing without one."""
    if not has(reader, "bridge") or review.bridge.empty:
        return
    first, last = review.bridge.iloc[0], review.bridge.iloc[-1]
    opening = translate(review.comparison.said) or translated(str(first["step"]))
    closing = translate(review.period.named)
    steps = review.bridge.iloc[1:-1]
    present.waterfall(
        steps.assign(step=[translated(str(step)) for step in steps["step"]]),
        step="step",
        amount="amount",
        opening=opening,
        closing=closing,
        start=first["amount"],
        end=last["amount"],
        subtitle=_("Bookings, from {start} to {end}", start=opening, end=closing),
    )
    if reader == "analyst":
        _bridge_lines(review, opening)


def _bridge_lines(review: Review, opening: str) -> None:
    """The same parts a product each, so that their sums are the bridge's steps."""
    lines, units = review.bridged.lines, review.bridged.units
    if len(lines) < 2:
        return
    if units == "quantity":
        said = _("Volume counts units (the deals' quantity); a price is what was paid for a unit.")
    else:
        said = _(
            "Not all of these deals give a quantity, so each counts as one unit: a price is what a deal of "
            "the product was won for."
        )
    parts = ["compared_bookings", "volume", "mix", "price", "new_and_lost", "bookings"]
    parts = [name for name in parts if name != "new_and_lost" or any(lines[name])]
    present.show_table(
        lines[["name", *parts]],
        title=_("The same by product, from {start}", start=opening),
        table="bridge",
        total={name: sum(lines[name], 0) for name in parts},
        notes=said,
    )


def trend(review: Review, reader: str = "analyst") -> None:
    """Bookings by month with the limits of routine variation; nothing where nothing was ever sold."""
    if not has(reader, "trend") or not review.trend["bookings"].astype(float).any():
        return
    whole = review.trend[review.trend["whole"]]
    known = bool(whole["upper"].notna().any())
    signals, alone = (", ".join(map(str, whole.loc[whole[c], "month"])) for c in ("signal", "one_deal"))
    if not known:
        said = _("The whole months are too few to tell what is more than routine variation.")
    elif signals:
        said = _("More than routine variation: {months}.", months=signals)
    else:
        said = _("All routine variation.")
    if alone:
        said += " " + _("Above what is routine by one deal alone: {months}.", months=alone)
    limits = whole if known else None
    present.trend(whole, x="month", y="bookings", limits=limits, subtitle=_("Bookings by month"), note=said)


def not_known(review: Review) -> None:
    """What the figures of an earlier day do not know, of which the caveat says the weightiest."""
    said = caveat(review)
    for note in review.notes:
        text = translate(note.text)
        if text != said:
            present.note(text, kind="warning")


def definitions(level: str = "company") -> None:
    """What each figure of the page means and how it is found, in the reader's language."""
    from salesops_nb.performance import CATALOGUE

    # ranks stand on the company's page alone
    rows = [metric._asdict() for metric in CATALOGUE if level == "company" or metric.unit != "rank"]
    present.catalogue([{key: translate(str(value)) for key, value in row.items()} for row in rows])


def pipeline(review: Review, reader: str = "analyst") -> None:
    """Open deals by stage, the stale ones apart."""
    if not has(reader, "pipeline"):
        return
    sums = {c: sum(review.pipeline[c], 0) for c in review.pipeline.columns if c != "stage"}
    limit = _(
        "Stale: open for more than {days} days, longer than 99% of all closed deals took.",
        days=review.stale_days,
    )
    present.show_table(
        review.pipeline,
        title=_("Open deals by stage"),
        table="pipeline",
        total=sums,
        notes=[limit] if review.stale_days is not None else (),
    )


def time_to_win(review: Review, reader: str = "analyst") -> None:
    """The share of deals won and lost by age."""
    if not has(reader, "time to win"):
        return
    if review.time_to_win.empty:
        present.note(_("No deal has closed yet."))
        return
    present.incidence(
        review.time_to_win,
        time="days",
        curves=["won", "lost"],
        subtitle=_("Share of deals won and lost by age in days"),
        note=_("Deals that are still open count for as long as they were followed. Bands are 95% intervals."),
    )
    if review.level == "company":
        _team_times(review)


def _team_times(review: Review) -> None:
    """The median of each team with its interval, and whether chance alone makes them differ as much."""
    frame = review.team_times
    if len(frame) < 2:
        return
    ages = review.team_ages()
    notes = [
        _(
            "Half of the deals a team ever wins are won by the median; – where they were not followed long "
            "enough to say, or are too few for an interval."
        )
    ]
    found = times_differ(ages["days"], ages["outcome"] == "won", ages["team"], ages["deals"])
    if found is not None:
        notes.append(
            _(
                "Chance alone makes the teams' times to win differ as much in {cases} of cases ({n} deals).",
                cases=translate(found.cases),
                n=formats.number(found.n, 0),
            )
        )
    shown = frame.assign(
        interval=[
            "–" if low is None else f"{low:.0f} – {'' if high is None else f'{high:.0f}'}".rstrip()
            for low, high in zip(frame["days_low"], frame["days_high"], strict=True)
        ],
        in_the_end=[
            formats.percent(low, 0)
            if high - low < SAME_SHARE
            else f"{formats.percent(low, 0)} – {formats.percent(high, 0)}"
            for low, high in zip(frame["end_low"], frame["end_high"], strict=True)
        ],
    )
    present.show_table(
        shown[["group", "deals", "won", "days", "interval", "in_the_end"]],
        title=_("Teams: how long winning takes"),
        table="times_to_win",
        notes=notes,
    )


def groups(
    table: pd.DataFrame, title: str, simulated: bool = False, rows: int | None = 60, reader: str = "analyst"
) -> None:
    """Teams or reps, most bookings first: against what was expected, then how they win."""
    if not has(reader, "groups") or table.empty:
        return
    frame = _shown(table)
    against = [
        "group", "bookings", "target", "attainment", "pace_attainment", "compared_bookings", "pipeline",
        "coverage", "stale_deals",
    ]  # fmt: skip
    winning = [
        "group", "won", "lost", "win_rate", "interval", "win_rate_value", "value_interval", "average_deal",
        "days_to_win", "velocity",
    ]  # fmt: skip
    named = (
        (against, _("{groups}: against target", groups=translated(title))),
        (winning, _("{groups}: how they win", groups=translated(title))),
    )
    for part, name in named:
        columns = [c for c in part if c == "group" or frame[c].notna().any()]
        if frame["pace_attainment"].equals(frame["attainment"]):  # the period is over
            columns = [c for c in columns if c != "pace_attainment"]
        mark = {c: "simulated" for c in ("target", "attainment") if simulated and c in columns}
        present.show_table(
            frame[columns],
            title=name,
            table="groups",
            marks=mark,
            row_marks={"small sample": frame["small_sample"]},
            rows=rows,
            notes=_by_chance(frame) if part is winning else (),
        )


def _by_chance(frame: pd.DataFrame) -> list[str]:
    """How often chance alone would make the groups' win rates differ as much."""
    decided = frame["won"] + frame["lost"]
    found = rates_differ(frame.loc[decided > 0, "won"], decided[decided > 0])
    if found is None:
        return []
    return [
        _(
            "Chance alone makes win rates differ as much as these in {cases} of cases ({n} deals).",
            cases=translate(found.cases),
            n=formats.number(found.n, 0),
        )
    ]


def cohorts(review: Review, reader: str = "analyst") -> None:
    """Win rates by when deals were created, beside those by when they were decided."""
    found = review.cohorts
    if not has(reader, "cohorts") or found is None or (found.rates.empty and not found.young):
        return
    notes = []
    if found.young:
        notes.append(
            _(
                "Too young to say: {periods}. Most of their deals were not followed for {days} days.",
                periods=", ".join(found.young),
                days=found.days,
            )
        )
    if found.rates.empty:
        present.note(" ".join([_("No win rate by when deals were created is known yet."), *notes]))
        return
    frame = found.rates.assign(interval=_ends(found.rates, "cohort_low", "cohort_high"))
    columns = ["period", "created", "still_open", "cohort_win_rate", "interval", "won", "lost",
               "snapshot_win_rate"]  # fmt: skip
    present.show_table(
        frame[columns],
        title=_("Win rate of deals created in a period, and of deals decided in it"),
        table="cohorts",
        notes=[
            _(
                "They differ because they count other deals: the first all deals created in the period, and "
                "how many of them were won within {days} days (99% of closed deals took no longer); the "
                "second the deals decided in the period, whenever they were created, without those still "
                "open.",
                days=found.days,
            ),
            *notes,
        ],
    )


def ranking(
    table: pd.DataFrame, scope: Any, title: str, level: str = "company", reader: str = "analyst"
) -> None:
    """Win rates drawn towards the common rate, with their intervals, best first; of the company alone."""
    if level != "company" or not has(reader, "ranking"):
        return  # nobody's rank stands on a page for one team or person
    known = _shown(table[(table["won"] + table["lost"]) > 0])
    if known.empty:
        present.note(_("No deal was decided in the period, so there is nothing to rank."))
        return
    if not known["lost"].any() or not known["won"].any():
        present.note(_("All decided deals of the period ended alike, so win rates rank nobody."))
        return
    present.ranking(
        known,
        who="group",
        value="win_rate_eb",
        low="win_rate_eb_low",
        high="win_rate_eb_high",
        reference=float(scope["win_rate"]),
        reference_label=_("all"),
        subtitle=translated(title),
        note=_("Small samples are drawn towards the common rate; overlapping intervals are not told apart."),
    )
    columns = ["group", "won", "lost", "win_rate", "win_rate_eb", "ranks"]
    present.show_table(
        known[columns],
        title=_("Where each may really rank"),
        table="groups",
        row_marks={"small sample": known["small_sample"]},
        notes=_("The rank range holds the true rank with 90% confidence."),
        # where a page does not turn over, everybody: of many the chart has the ends alone
        rows=60 if LIVE.get() else None,
    )


def mix(table: pd.DataFrame, title: str, reader: str = "analyst") -> None:
    """Bookings by product or segment, with the comparison's beside them."""
    if not has(reader, "mix") or table.empty:
        return
    frame = table.assign(group=table["name"])
    columns = ["group", "bookings", "share", "compared_bookings", "won", "lost", "win_rate", "average_deal"]
    columns = [c for c in columns if frame[c].notna().any()]
    present.show_table(frame[columns], title=translated(title), table="groups")


def types(review: Review, simulated: bool = False, reader: str = "analyst") -> None:
    """New business, expansions and renewals apart: they are won at other rates and in other times."""
    if not has(reader, "mix") or review.types.empty:
        return
    frame = review.types.assign(group=review.types["name"])
    frame["interval"] = _ends(frame, "win_rate_low", "win_rate_high")
    columns = ["group", "bookings", "share", "compared_bookings", "won", "lost", "win_rate", "interval",
               "average_deal", "days_to_win"]  # fmt: skip
    present.show_table(
        frame[[c for c in columns if frame[c].notna().any()]],
        title=_("By type of deal"),
        table="groups",
        marks="simulated" if simulated else (),
    )


def retained(workbook: Workbook, review: Review, structure: Any, reader: str = "analyst") -> None:
    """What the customers of the period's start are worth now; nothing where the workbook has no terms."""
    if not has(reader, "mix"):
        return
    from salesops_nb.performance.retention import SMALL, retention

    found = retention(
        workbook.tables, review.period, review.as_of, workbook.settings.amount_is, review.level, review.who,
        structure,
    )  # fmt: skip
    if found is None:
        return
    rows = [(_("As the period began"), found.opening), (_("Lost"), -found.lost),
            (_("Reduced"), -found.reduced), (_("Grown"), found.grown), (_("Now"), found.closing)]  # fmt: skip
    kept = _(
        "Net revenue retention {net}, gross {gross}, of {n} accounts under contract as the period began.",
        net=percent(found.net),
        gross=percent(found.gross),
        n=len(found.accounts),
    )
    notes = [kept]
    if len(found.accounts) < SMALL:
        notes.append(_("These are few accounts: one of them moves the rates much."))
    if found.without_term:
        notes.append(_("{n} won deals say no account or term and are not in it.", n=found.without_term))
    present.show_table(
        pd.DataFrame(rows, columns=["step", "amount"]),
        title=_("A year's value of the same customers"),
        table="retention",
        notes=notes,
    )


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with the intervals and rank ranges as text."""
    frame = table.assign(group=table["name"]).reset_index(drop=True)
    frame["interval"] = _ends(frame, "win_rate_low", "win_rate_high")
    frame["value_interval"] = _ends(frame, "win_rate_value_low", "win_rate_value_high")
    if "rank_low" in frame:
        frame["ranks"] = [
            "–" if pd.isna(a) else f"{int(a)}–{int(b)}"
            for a, b in zip(frame["rank_low"], frame["rank_high"], strict=True)
        ]
    return frame


def _ends(frame: pd.DataFrame, low: str, high: str) -> list[str]:
    ends = zip(frame[low], frame[high], strict=True)
    # where nothing was decided an interval of nought to all says nothing
    decided = frame["win_rate"].notna() if "win_rate" in frame else [True] * len(frame)
    pairs = [pair if there else (None, None) for pair, there in zip(ends, decided, strict=True)]
    return ["–" if pd.isna(a) else f"{formats.percent(a, 0)} – {formats.percent(b, 0)}" for a, b in pairs]
