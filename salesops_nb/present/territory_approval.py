"""The approval: what would be written, and the button or the parameter by which a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.errors import SalesopsError
from salesops_nb.present.territory_carrying import carry_out, check_approval, sheets
from salesops_nb.present.words import _, ngettext
from salesops_nb.store.assignments import approvals_given

if TYPE_CHECKING:
    from salesops_nb.territory.proposal import Proposal


def approval(proposal: Proposal, workbook: Any, asked: Any, live: bool = False) -> None:
    """What was, or would be, written: change list, hand-over, files, and the approvals so far.

    In a report the parameters decide: a name in `approved_by` carries the plan out. Where a person moves
    controls (`live`) nothing is written until the button below the lists is pressed.
    """
    carried = bool(asked.approved_by) and not live
    if carried:
        files = carry_out(proposal, workbook, asked)
        approved(files, asked)
    else:
        files = sheets(proposal, workbook, asked)
        _proposed(files, proposal, live)
    _lists(files)
    if live:
        from IPython.display import display

        display(button(proposal, workbook, asked))  # type: ignore[no-untyped-call]
    history(workbook)


def approved(files: dict[str, pd.DataFrame], asked: Any) -> None:
    """Say what the approval did."""
    present.note(
        _("Approved by {who}: {units} units change their rep on {day}, and {accounts} accounts with them. "
          "The files stand in {folder}.", who=asked.approved_by, units=len(files["changes.csv"]),
          day=asked.effective_on, accounts=len(files.get("hand_over.csv", ())), folder=asked.folder)
    )  # fmt: skip


def _proposed(files: dict[str, pd.DataFrame], proposal: Proposal, live: bool) -> None:
    moved = len(files["changes.csv"])
    said = ngettext("A proposal: plan {plan} would give {n} unit to another rep.",
                    "A proposal: plan {plan} would give {n} units to other reps.", moved,
                    plan=proposal.choice)  # fmt: skip
    how = (
        _("Nothing is written until the button below is pressed, with approved_by, reason and effective_on "
          "filled in.")
        if live else
        _("Nothing is written until approved_by names who approves, with effective_on and reason.")
    )  # fmt: skip
    present.note(f"{said} {how}")


def _lists(files: dict[str, pd.DataFrame]) -> None:
    changes, sheet = files["changes.csv"], files.get("hand_over.csv", pd.DataFrame())
    changes = changes.drop(columns=["reason"])
    labels = {"unit_id": _("Unit"), "before": _("From"), "after": _("To"), "effective_on": _("First day"),
              "potential": _("Potential"), "workload": _("Workload")}  # fmt: skip
    present.show_table(
        changes,
        title=_("Change list"),
        labels={name: words for name, words in labels.items() if name in changes},
        formats={n: "integer" for n in ("potential", "workload", "accounts") if n in changes},
        rows=15,
    )  # fmt: skip
    if len(sheet):
        present.show_table(
            sheet,
            title=_("Hand-over"),
            labels={"account_id": _("Account"), "name": _("Name"), "before": _("From"), "after": _("To"),
                    "open_deals": _("Open deals"), "open_amount": _("Their amount"), "deals": _("Which"),
                    "next_step_on": _("Next step on"), "next_step": _("Next step"),
                    "last_activity": _("Last activity"), "last_kind": _("Kind"),
                    "activities": _("Last activities")},
            formats={"open_amount": "money"},
            rows=15,
        )  # fmt: skip
    flight = files.get("deals_in_flight.csv", pd.DataFrame())
    if len(flight):
        present.show_table(
            flight.drop(columns=["effective_on"]),
            title=_("Open deals in flight"),
            labels={"deal_id": _("Deal"), "account_id": _("Account"), "rule": _("Rule"), "before": _("From"),
                    "after": _("Runs it then"), "old_owner_share": _("Credit kept"),
                    "new_owner": _("New owner"), "new_owner_share": _("Credit given")},
            formats={"old_owner_share": "percent", "new_owner_share": "percent"},
            rows=15,
        )  # fmt: skip
    listed = ", ".join(f"{name} ({len(frame)})" for name, frame in files.items())
    present.note(_("Files and their rows: {listed}.", listed=listed))


def history(workbook: Any) -> None:
    """The approvals so far, undone ones too."""
    given = approvals_given(workbook.store)
    if given.empty:
        return
    undone = set(given["undoes"].dropna())
    frame = given.assign(
        stands=[_("undone") if number in undone else "" for number in given["approval_id"]]
    ).drop(columns=["undoes"])
    present.show_table(
        frame,
        title=_("Approvals so far"),
        labels={"approval_id": _("Number"), "effective_on": _("First day"), "approved_by": _("By"),
                "approved_on": _("On"), "reason": _("Reason"), "in_flight": _("Open deals"),
                "changed": _("Changed"), "stands": _("Stands")},
        formats={"approval_id": "integer", "changed": "integer"},
        rows=10,
    )  # fmt: skip


def button(proposal: Proposal, workbook: Any, asked: Any) -> Any:
    """The button that carries the plan on screen out; disabled while something is missing, which it says."""
    import ipywidgets

    words = _("Carry out plan {n}", n=proposal.choice)
    pressable = ipywidgets.Button(description=words, button_style="warning",
                                  layout=ipywidgets.Layout(width="16rem"))  # fmt: skip
    said = ipywidgets.Output()

    def refused(error: SalesopsError) -> None:
        for problem in error.problems:
            present.note(f"{problem.message} {problem.fix}", kind="error")

    def pressed(_button: Any) -> None:
        pressable.disabled = True  # pressed twice in a hurry, it is carried out once
        said.clear_output()
        with said:
            try:
                approved(carry_out(proposal, workbook, asked), asked)
            except SalesopsError as error:
                pressable.disabled = False
                refused(error)

    pressable.on_click(pressed)
    try:
        check_approval(proposal, workbook, asked)
    except SalesopsError as error:
        pressable.disabled = True
        pressable.tooltip = " ".join(f"{problem.message} {problem.fix}" for problem in error.problems)
    missing = ipywidgets.Label(pressable.tooltip if pressable.disabled else "")
    return ipywidgets.VBox([ipywidgets.HBox([pressable, missing]), said])
