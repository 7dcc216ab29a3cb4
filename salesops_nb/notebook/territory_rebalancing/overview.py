"""The territory report's displays: where balance stands, before and after, and what moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.notebook.against import points
from salesops_nb.notebook.territory_rebalancing.lead import facts, lead, uncertain, worst_today
from salesops_nb.notebook.territory_rebalancing.maps import before_and_after as before_and_after
from salesops_nb.notebook.territory_rebalancing.words import measure_words
from salesops_nb.present.language.called import called
from salesops_nb.present.language.column_labels import capital
from salesops_nb.present.language.formats import MANY, number, percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.territory.plans.proposal import Proposal


def cover(panel: Panel, asked: Any, proposal: Proposal, sure: Any, lasts: Any) -> None:
    """The cover, with what is found and how sure it is; a draft until somebody approves."""
    known = facts(proposal, sure, lasts, asked)
    # of thirty parameters, those that say what was asked, and what was not left as declared
    asked_for = {name: getattr(asked, name) for name in ("scope", "who", "of", "tolerance", "choice")}
    asked_for |= asked.model_dump(exclude={"workbook"}, exclude_defaults=True)
    panel.cover(
        asked,
        title=_("Territory rebalancing"),
        subtitle=called(asked.who or ""),
        as_of=proposal.as_of,
        asked_for=asked_for,
        lead=lead(known),
        caveat=uncertain(known),
        without=("analyst",),
        used=("units", "unit_edges", "assignments", "targets", "people.fte", "people.hired_on"),
        status="final" if asked.approved_by else "draft",
    )


def headlines(proposal: Proposal, sure: dict[str, Any], simulated: frozenset[str] = frozenset()) -> None:
    """Balance today and after, what moves, and how surely it balances then."""
    found, mark = proposal.plan.summary, ["simulated"] if "units" in simulated else []
    worst, limit = worst_today(proposal), max(proposal.tolerance.values())
    within = _("against the tolerance")
    after = {"metric": "imbalance", "value": found["imbalance"], "mark": mark,
             "against": points(within, found["imbalance"], limit, bool(found["feasible"])),
             "sentence": _("The rep furthest off a fair share, in any measure.")}  # fmt: skip
    cards = [
        after,
        {"metric": "moved_share", "value": found["moved_share"], "mark": mark,
         "sentence": " ".join([
             ngettext("{n} unit changes its rep.", "{n} units change their rep.", found["moved_units"]),
             _least(proposal)]).strip()},
        {"metric": "truly_balanced", "value": sure["within"], "mark": ["estimated"],
         "sentence": _("Nine times in ten somebody is more than {low} off.", low=percent(sure["p10"]))},
    ]  # fmt: skip
    if worst is not None:
        off, rep, measure = worst
        today = {"metric": "imbalance_today", "value": abs(off), "mark": mark,
                 "against": points(within, abs(off), limit, abs(off) <= limit),
                 "sentence": _("{rep} is furthest off the fair share of {measure}.", rep=called(rep),
                               measure=measure_words(measure))}  # fmt: skip
        cards = [today, *cards]
    present.headlines(cards)
    if not found["contiguous"]:
        present.note(_("Not every territory hangs together by the neighbours given."), kind="warning")
    for problem in proposal.problems:
        present.note(problem.text, kind="warning")


def proof(proposal: Proposal) -> None:
    """How close the plan's distances are to the least there could be, for the appendix."""
    found = proposal.plan.summary
    present.note(
        _("Gap to the bound: the plan's distances are at most {gap} above what any plan around these "
          "centres could reach. The bound is a linear programme's: units may be divided and territories in "
          "pieces, the centres are this plan's, and moving costs nothing: what a plan that moves little "
          "gives up in distances is in the gap. It is no proof of the best plan.",
          gap=percent(max(found["gap"], 0.0)))
    )  # fmt: skip


def _least(proposal: Proposal) -> str:
    found = proposal.plan.summary
    if not found["moved_bound"]:
        return ""
    ratio = found["moved"] / found["moved_bound"]
    return _("{ratio} times the least that must move.", ratio=number(ratio, 1 if ratio < MANY else 0))


def moves(proposal: Proposal) -> None:
    """What moves for each rep, in words and in a table."""
    from salesops_nb.territory.effects.driving_and_duration import rep_moves

    frame = rep_moves(proposal.plan)
    measure = measure_words(next(iter(proposal.tolerance)))
    touched = frame[(frame["gained_units"] > 0) | (frame["lost_units"] > 0)]
    quiet = len(frame) - len(touched)
    if quiet:
        present.note(ngettext("{n} rep keeps everything.", "{n} reps keep everything.", quiet))
    if len(touched):
        counts = _whom(proposal)
        words = [_moved_words(counts, row, measure) for row in touched.to_dict("records")]
        present.show_table(
            pd.DataFrame({"rep": touched["rep"], "words": words}),
            title=_("What moves, in words"),
            table="moves",
            rows=80,
        )
    names = ["kept_units", "gained_units", "lost_units", "kept", "gained", "lost"]
    present.show_table(
        touched[["rep", *names]],
        title=_("What moves for each rep: units, and their {measure}", measure=measure),
        table="moves",
        labels={
            "kept": _("Kept, {measure}", measure=measure),
            "gained": _("Gained, {measure}", measure=measure),
            "lost": _("Given up, {measure}", measure=measure),
        },
        total={name: round(float(touched[name].sum())) for name in names},
        rows=80,
    )


def _whom(proposal: Proposal) -> dict[str, dict[str, dict[str, int]]]:
    """How many units each rep gains from whom (``was``) and gives up to whom (``rep``), most first."""
    found = proposal.plan.assignment
    pairs = found[found["moved"]].groupby(["was", "rep"]).size().sort_values(ascending=False, kind="stable")
    counts: dict[str, dict[str, dict[str, int]]] = {"was": {}, "rep": {}}
    for was, rep, n in pairs.reset_index(name="n").itertuples(index=False):
        counts["was"].setdefault(str(rep), {})[str(was)] = int(n)
        counts["rep"].setdefault(str(was), {})[str(rep)] = int(n)
    return counts


def _moved_words(counts: dict[str, dict[str, dict[str, int]]], row: dict[Any, Any], measure: str) -> str:
    """One rep's sentence: how many units from and to whom, most first, and what that changes in all."""
    rep = row["rep"]
    gained, lost = counts["was"].get(rep, {}), counts["rep"].get(rep, {})
    fresh = row["gained_units"] - sum(gained.values())
    parts = []
    if gained:
        whom = [
            ngettext("{n} unit from {name}", "{n} units from {name}", n, name=w) for w, n in gained.items()
        ]
        parts.append(_("gains {whom}", whom=", ".join(whom)))
    if fresh:
        parts.append(ngettext("gains {n} unit that had no rep", "gains {n} units that had no rep", fresh))
    if lost:
        whom = [ngettext("{n} unit to {name}", "{n} units to {name}", n, name=who) for who, n in lost.items()]
        parts.append(_("gives up {whom}", whom=", ".join(whom)))
    said = _(" and ").join(parts)
    before, net = row["kept"] + row["lost"], row["gained"] - row["lost"]
    if before > 0:
        change = _("in all {change} of {measure}", change=f"{'+' if net > 0 else ''}{percent(net / before)}",
                   measure=measure)  # fmt: skip
        said = f"{said}: {change}"
    return f"{capital(said)}."
