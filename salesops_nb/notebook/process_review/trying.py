"""What to try where the process review finds something, and what became of what it claimed before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.playbook import Play, plays_for
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.notebook.process_review.parameters import ProcessReview as Asked
    from salesops_nb.process import ProcessReview
    from salesops_nb.source.opened import Workbook

REVIEW_AFTER = 90  # days, where no play says when to measure again


def plays(review: ProcessReview, known: Sequence[Play]) -> None:
    """What to try: the plays for what is found, how many deals they concern, when to look again."""
    if not known:
        present.note(_("There is no playbook.yml, which says what to try; docs/process.md shows one."))
        return
    stuck = review.stuck.groupby("stage").size()
    claims = review.claims.drop_duplicates(["kind", "stage"])
    causes = [(str(kind), str(stage)) for kind, stage in zip(claims["kind"], claims["stage"], strict=True)]
    causes += [("stuck", "")] if len(stuck) else []
    causes += [("pushes", "")] if (review.pushes.times[review.lately] > 0).any() else []
    causes += [("losses", "")] if len(review.lost) else []
    words = {"conversion": _("conversion"), "time": _("time"), "stuck": _("stuck"), "pushes": _("pushes"),
             "losses": _("losses")}  # fmt: skip
    counts = {"stuck": len(review.stuck), "pushes": int((review.pushes.times[review.lately] > 0).sum()),
              "losses": len(review.lost)}  # fmt: skip
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, stage in causes:
        for play in plays_for(known, kind, stage):
            row = rows.setdefault((play.name, kind), {
                "cause": [], "play": play.name, "do": play.do, "deals": 0, "measure": play.measure,
                "review_on": _review_on(review, [play]),
            })  # fmt: skip
            row["cause"].append(stage)
            row["deals"] += counts.get(kind, int(stuck.get(stage, 0)))
    for (_name, kind), row in rows.items():
        stages = ", ".join(filter(None, row["cause"]))
        row["cause"] = f"{words[kind]}: {stages}" if stages else words[kind]
    if not rows:
        present.note(_("The playbook has no play for what is found here."))
        return
    present.show_table(
        pd.DataFrame(list(rows.values())), title=_("What to try, and when to look again"), table="plays",
        row_head=None, notes=_("Deals: those stuck in the stage today, or those the cause is about."),
    )  # fmt: skip


def _review_on(review: ProcessReview, plays: Sequence[Play]) -> date:
    """When what some plays are for is measured again."""
    days = min((play.review_after for play in plays), default=REVIEW_AFTER)
    return review.history.as_of + timedelta(days=days)


def again(workbook: Workbook, asked: Asked, review: ProcessReview) -> None:
    """Earlier claims whose review date has come: what they were, what they are, whether they moved."""
    from salesops_nb.process import measured_again
    from salesops_nb.store.process_claims import earlier_claims

    claims = earlier_claims(workbook.store, review.history.as_of, asked.segment)
    if review.team is not None:
        claims = claims[claims["team"] == review.team]
    found = measured_again(review.history, review.stints, claims, workbook.calendar)
    if found.empty:
        return
    words = {"closer": _("closer to its peers"), "further": _("further behind"),
             "as it was": _("no change beyond chance"), "too few": _("too few deals yet")}  # fmt: skip
    kinds = found["kind"]
    shown = pd.DataFrame({
        "stage": found["stage"], "team": found["team"], "verdict": [words[each] for each in found["verdict"]],
        "behind": [_behind(*each) for each in
                   zip(found["behind"], found["behind_low"], found["behind_high"], strict=True)],
        "behind_now": [_behind(*each) for each in
                       zip(found["behind_now"], found["now_low"], found["now_high"], strict=True)],
        "then": [_beside(*each) for each in zip(kinds, found["own"], found["peers"], strict=True)],
        "now": [_beside(*each) for each in zip(kinds, found["own_now"], found["peers_now"], strict=True)],
        "n": found["n_now"], "claimed_on": found["claimed_on"],
    })  # fmt: skip
    notes = [
        _(
            "Now: deals that entered the stage since the claim. Behind: what the team's flow would gain "
            "if it were as its peers; of time, the days it would save as a share of theirs; 90% intervals."
        ),
        _(
            "What stands out does so in part by luck and falls back by itself, so the claim was drawn "
            "towards all. It moved where the difference is beyond the chance in both; why is not known."
        ),
    ]
    present.show_table(
        shown, title=_("What became of earlier claims"), table="process_again", notes=notes, row_head=None
    )


def _beside(kind: str, own: float, peers: float) -> str:
    """The team's figure and its peers'."""
    if kind == "conversion":
        return f"{formats.percent(own, 0)} / {formats.percent(peers, 0)}"
    return _("{own} / {peers} days", own=formats.number(own, 0), peers=formats.number(peers, 0))


def _behind(value: float, low: float, high: float) -> str:
    if pd.isna(value) or pd.isna(low) or pd.isna(high):
        return "–"
    shares = [formats.percent(each, 0) for each in (value, low, high)]
    return f"{shares[0]} ({shares[1]} – {shares[2]})"


def kept(workbook: Workbook, asked: Asked, review: ProcessReview, known: Sequence[Play], live: bool) -> None:
    """Keep what the company's page claims; not where a person is trying controls."""
    from salesops_nb.store.process_claims import keep_claims

    if live or review.team is not None or review.within.state != "teams":
        return
    claims = review.claims
    mine = [
        plays_for(known, str(kind), str(stage))
        for kind, stage in zip(claims["kind"], claims["stage"], strict=True)
    ]
    found = claims.assign(
        plays=["; ".join(play.name for play in plays) for plays in mine],
        review_on=[_review_on(review, plays) for plays in mine],
    )
    keep_claims(workbook.store, review.history.as_of, review.period.key, asked.segment, found)
