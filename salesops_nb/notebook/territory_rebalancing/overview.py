"""The territory report's displays: where balance stands, before and after, and what moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.notebook.territory_rebalancing.maps import before_and_after as before_and_after
from salesops_nb.present.language.called import called
from salesops_nb.present.language.formats import percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.present.panel.panel import Panel
    from salesops_nb.territory.plans.proposal import Proposal
    from salesops_nb.territory.scope.baseline import Ground


def cover(panel: Panel, asked: Any, ground: Ground) -> None:
    """The cover; a draft until somebody approves."""
    # of thirty parameters, those that say what was asked, and what was not left as declared
    asked_for = {name: getattr(asked, name) for name in ("scope", "who", "of", "tolerance", "choice")}
    asked_for |= asked.model_dump(exclude={"workbook"}, exclude_defaults=True)
    panel.cover(
        asked,
        title=_("Territory rebalancing"),
        subtitle=called(asked.who or ""),
        as_of=ground.as_of,
        asked_for=asked_for,
        used=("units", "unit_edges", "assignments", "targets", "people.fte", "people.hired_on"),
        status="final" if asked.approved_by else "draft",
    )


def headlines(proposal: Proposal, simulated: frozenset[str] = frozenset()) -> None:
    """Balance today and after, what moves, how compact, and the gap to the bound, called what it is."""
    found, mark = proposal.plan.summary, ["simulated"] if "units" in simulated else []
    worst, rep, measure = worst_today(proposal)
    cards = [
        {"metric": "imbalance_today", "value": worst, "mark": mark,
         "sentence": _("{rep} is furthest off the fair share of {measure}.", rep=rep,
                       measure=measure_words(measure))},
        {"metric": "imbalance", "value": found["imbalance"], "mark": mark,
         "sentence": _("The largest distance of any rep from the fair share, in any measure.")},
        {"metric": "moved_share", "value": found["moved_share"], "mark": mark,
         "sentence": ngettext("{n} unit changes its rep.", "{n} units change their rep.",
                              found["moved_units"]),
         "detail": _least(proposal)},
        {"metric": "gap", "value": max(found["gap"], 0.0),
         "sentence": _("Distances are at most this far above what any plan around these centres "
         "could reach."),
         "detail": _("The bound is a linear programme's: units may be divided and territories in pieces, the "
                     "centres are this plan's, and moving costs nothing: what a plan that moves little "
                     "gives up in distances is in the gap. It is no proof of the best plan.")},
        {"metric": "contiguous", "value": _("yes") if found["contiguous"] else _("no"),
         "sentence": _("Whether every territory hangs together by the neighbours given.")},
    ]  # fmt: skip
    present.headlines(cards)
    for problem in proposal.problems:
        present.note(problem.text, kind="warning")


def worst_today(proposal: Proposal) -> tuple[float, str, str]:
    """The largest imbalance today, whose it is and in which measure."""
    rows = [
        (abs(row[f"{measure}_imbalance"]), str(row["rep"]), measure)
        for row in proposal.balance.to_dict("records")
        for measure in proposal.tolerance
        if row[f"{measure}_imbalance"] == row[f"{measure}_imbalance"]
    ]
    return max(rows)


def _least(proposal: Proposal) -> str:
    found = proposal.plan.summary
    if not found["moved_bound"]:
        return ""
    return _("{ratio} times the least that any plan within the tolerance must move.",
             ratio=f"{found['moved'] / found['moved_bound']:.2f}")  # fmt: skip


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
        frame[["rep", *names]],
        title=_("What moves for each rep: units, and their {measure}", measure=measure),
        table="moves",
        labels={
            "kept": _("Kept, {measure}", measure=measure),
            "gained": _("Gained, {measure}", measure=measure),
            "lost": _("Given up, {measure}", measure=measure),
        },
        total={name: round(float(frame[name].sum())) for name in names},
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
    return f"{said[:1].upper()}{said[1:]}."


def measure_words(name: str) -> str:
    """A measure's name in the reader's language."""
    known = {"potential": _("potential"), "workload": _("workload"), "accounts": _("accounts")}
    return known.get(name, name)
