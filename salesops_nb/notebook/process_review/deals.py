"""The deals of the process review: which are pushed, why they are lost, which are stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_nb import present
from salesops_nb.notebook.process_review.ways import ends
from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import _
from salesops_nb.process.losses import FEWEST, reasons, standing_out
from salesops_nb.process.pushes import push_costs, pushed_by
from salesops_nb.process.stuck import limits

if TYPE_CHECKING:
    from salesops_nb.process import ProcessReview

LISTED = 30  # stuck deals that a report has


def pushes(review: ProcessReview) -> None:
    """How deals end that were pushed, and how often each team pushes."""
    found = review.pushes
    if not found.source:
        present.note(
            _(
                "Whether close dates are pushed cannot be said: map deal_changes, the CRM's log of changed "
                "fields, or keep snapshots from now on (salesops snapshot)."
            ),
            kind="warning",
        )
        return
    costs = push_costs(review.history, found, review.lately)
    if costs["deals"].sum():
        costs["interval"] = ends(costs)
        pairs = zip(costs["days_low"], costs["days_high"], strict=True)
        costs["days_interval"] = [f"{formats.number(a, 0)} – {formats.number(b, 0)}" for a, b in pairs]
        present.show_table(
            costs[["pushes", "deals", "win_rate", "interval", "days", "days_interval", "put_off"]],
            title=_("What becomes of deals whose close is pushed"),
            table="process_pushes",
            notes=_("A push is more a sign than a cause: what goes badly is pushed."),
        )  # fmt: skip
    by = pushed_by(review.history, found, review.lately)
    if len(by):
        by["interval"] = ends(by)
        present.show_table(
            by[["team", "deals", "pushed", "share", "interval"]],
            title=_("Who pushes"),
            table="process_pushes",
            notes=_("Teams whose intervals overlap are not told apart."),
        )


def losses(review: ProcessReview) -> None:
    """The reasons for loss, and where one stands out."""
    lost = review.lost
    if lost.empty:
        present.note(_("No deal was lost in the window."))
        return
    found = reasons(lost)
    found["interval"] = ends(found)
    found["reason"] = [_("none given") if pd.isna(name) else name for name in found["reason"]]
    present.show_table(
        found[["reason", "deals", "share", "interval", "value"]],
        title=_("Why deals are lost"),
        table="process_losses",
        notes=_("A deal lost without an amount stands at its list price."),
    )
    out = standing_out(lost)
    if out.empty:
        present.note(
            _(
                "No reason is named more often than elsewhere in any stage, segment, product or competitor "
                "with {least} lost deals or more, by more than chance.",
                least=formats.number(FEWEST),
            )
        )
        return
    words = {
        "stage": _("stage"),
        "segment": _("segment"),
        "product_id": _("product"),
        "competitor": _("competitor"),
    }
    out["where"] = [f"{words[by]}: {value}" for by, value in zip(out["by"], out["value"], strict=True)]
    out["interval"] = ends(out)
    present.show_table(
        out[["where", "reason", "n", "deals", "share", "interval", "elsewhere"]],
        title=_("Where a reason stands out"),
        table="process_losses",
        notes=_("Of what stands out about one in twenty is chance."),
    )


def stuck(review: ProcessReview) -> None:
    """Deals beyond the limit of their stage, and what such deals did before."""
    found = review.stuck
    if len(review.history.stages):
        before = limits(review.history)
        before["interval"] = ends(before)
        before.loc[before["before"] == 0, "interval"] = "–"
        present.show_table(
            before[["stage", "limit", "before", "win_rate", "interval", "usual"]],
            title=_("From when on a deal is stuck, and what such deals did before"),
            table="process_stuck",
            notes=_("The limit: nine in ten deals of the company were out of the stage by then."),
        )
    if found.empty:
        present.note(_("No open deal is beyond the limit of its stage."))
        return
    present.show_table(
        found.drop(columns=["team", *(["limit"] if len(review.history.stages) else [])]),
        title=_("Stuck now"),
        table="process_stuck",
        rows=LISTED,
        notes=_("Most valuable first; without an amount at list price.")
        if len(review.history.stages)
        else _(
            "Without a history of stages: older than nine in ten of the closed deals were when they closed."
        ),
    )
