"""The approval: what a plan writes, or would write, and what was approved so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.core.names import named
from salesops_nb.notebook.territory_rebalancing.carrying_out import accounts_held_otherwise, carry_out, sheets
from salesops_nb.present.charts.counties import county_name
from salesops_nb.present.language.formats import percent
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _
from salesops_nb.store.assignments.assignments import approvals_given

if TYPE_CHECKING:
    from salesops_nb.territory.plans.proposal import Proposal


def approval(proposal: Proposal, workbook: Any, asked: Any) -> None:
    """What was, or would be, written: change list, hand-over, files, and the approvals so far.

    A name in `approved_by` carries the plan out. In JupyterLab the panel takes the parameters of the approval
    together, by its button, and lets go of the name when another control is moved.
    """
    if asked.approved_by:
        files = carry_out(proposal, workbook, asked)
        _approved(files, asked)
    else:
        files = sheets(proposal, workbook, asked)
        _proposed(files, proposal)
    _held_otherwise(proposal, workbook, asked)
    _lists(files, asked)
    history(workbook)


def _approved(files: dict[str, pd.DataFrame], asked: Any) -> None:
    """Say what the approval did."""
    present.note(
        _("Approved by {who}: {units} units change their rep on {day}, and {accounts} accounts with them. "
          "The files stand in {folder}.", who=asked.approved_by, units=len(files["changes.csv"]),
          day=asked.effective_on, accounts=len(files.get("hand_over.csv", ())), folder=asked.folder)
    )  # fmt: skip


def _proposed(files: dict[str, pd.DataFrame], proposal: Proposal) -> None:
    moved = len(files["changes.csv"])
    said = ngettext("A proposal: plan {plan} would give {n} unit to another rep.",
                    "A proposal: plan {plan} would give {n} units to other reps.", moved,
                    plan=proposal.choice)  # fmt: skip
    how = _("Nothing is written until approved_by names who approves, with effective_on and reason.")
    present.note(f"{said} {how}")


def _held_otherwise(proposal: Proposal, workbook: Any, asked: Any) -> None:
    """Say of how many accounts the rep is not their unit's, since their load counts with the unit."""
    held = accounts_held_otherwise(proposal, workbook)
    if held and asked.accounts == "keep their rep":
        present.note(
            ngettext("{n} account has a rep who is not its unit's. It keeps that rep, and what it is worth "
                     "counts with its unit: give it by name in assignments to count it with its rep.",
                     "{n} accounts have a rep who is not their unit's. They keep that rep, and what they are "
                     "worth counts with their units: give them by name in assignments to count them with "
                     "their rep.", held)
        )  # fmt: skip


def _lists(files: dict[str, pd.DataFrame], asked: Any) -> None:
    changes, sheet = files["changes.csv"], files.get("hand_over.csv", pd.DataFrame())
    undated = [] if asked.effective_on else ["effective_on"]  # a proposal has no first day yet
    changes = changes.drop(columns=["reason", *undated])
    present.show_table(_by_name(changes), title=_("Change list"), table="changes", rows=15)
    if len(sheet):
        present.show_table(_by_name(sheet), title=_("Hand-over"), table="changes", rows=15)
    flight = files.get("deals_in_flight.csv", pd.DataFrame())
    if len(flight):
        present.show_table(
            flight.drop(columns=["effective_on"]),
            title=_("Open deals in flight"),
            table="in_flight",
            notes=[_rule(asked)],
            rows=15,
        )
    listed = ", ".join(f"{name} ({len(frame)})" for name, frame in files.items())
    present.note(_("Files and their rows: {listed}.", listed=listed))


def _by_name(frame: pd.DataFrame) -> pd.DataFrame:
    """A list with the names of counties in place of their codes; the files keep the codes."""
    if "unit_id" not in frame:
        return frame
    return frame.assign(unit_id=[county_name(str(unit)) for unit in frame["unit_id"]])


def _rule(asked: Any) -> str:
    """What becomes of open deals, in words."""
    if asked.in_flight == "split":
        share = percent(asked.new_rep_share)
        return _("Split: the new rep runs the deal and takes {share} of what the old one has of its credit. "
                 "What closes before the first day is the old rep's. Commission follows by splits.csv.",
                 share=share)  # fmt: skip
    if asked.in_flight == "move":
        return _("Move: the new rep runs the deal and takes the old one's credit for it. What closes before "
                 "the first day is the old rep's. Commission follows by splits.csv.")  # fmt: skip
    return _("Stay: the old rep runs the deal until it closes and keeps the credit. Commission follows by "
             "splits.csv.")  # fmt: skip


def history(workbook: Any) -> None:
    """The approvals so far, undone ones too."""
    given = approvals_given(workbook.store)
    if given.empty:
        return
    undone = set(given["undoes"].dropna())
    frame = given.assign(
        approved_by=named(workbook.tables, "people", given["approved_by"]),
        stands=[_("undone") if number in undone else "" for number in given["approval_id"]],
    ).drop(columns=["undoes"])
    present.show_table(frame, title=_("Approvals so far"), table="approvals", rows=10)
