"""Carrying a plan out: the approval in the store, import files with their undo, hand-over sheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_nb import present
from salesops_nb.errors import Problem, SalesopsError
from salesops_nb.present.export import write_beside
from salesops_nb.present.words import _, ngettext
from salesops_nb.store.assignments import BEGINNING, approve, assignments_as_of
from salesops_nb.territory.changes import (
    account_changes,
    change_list,
    credit_splits,
    hand_over,
    import_files,
    in_flight,
)
from salesops_nb.territory.reading import to_pandas

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from salesops_nb.territory.proposal import Proposal


def owners_on(engine: Engine, day: Any) -> dict[str, str]:
    """Unit to person on a day, past or planned, as far as the store knows.

    Before a unit's first approval the store knows nothing of it: the workbook's table says it then.
    """
    frame = assignments_as_of(engine, day, kind="unit", role="rep")
    frame = frame[frame["valid_from"] > BEGINNING]
    return dict(zip(frame["thing_id"], frame["person_id"], strict=True))


def proposal(workbook: Any, asked: Any) -> Proposal:
    """The plans for what the notebook was asked, from the owners that the store knows on that day."""
    from salesops_nb.territory.proposal import propose

    day = asked.as_of or workbook.data_through
    prices = {100.0, 3.0, 0.3, 0.0} | ({asked.disruption} if asked.disruption is not None else set())
    names = (
        "scope",
        "who",
        "reps",
        "leave_out",
        "tolerance",
        "choice",
        "whole",
        "locked",
        "ramp_months",
        "seed",
    )
    return propose(
        workbook.tables,
        as_of=day,
        disruptions=sorted(prices, reverse=True),
        owners=owners_on(workbook.store, day),
        **{name: getattr(asked, name) for name in names},
    )


def carry_out(proposal: Proposal, workbook: Any, asked: Any) -> dict[str, pd.DataFrame]:
    """Files by name; where somebody approves, they are written and the new owners stand in the store.

    Asked again with the same plan it changes nothing.

    Raises
    ------
    SalesopsError
        An approval without a day or a reason.
    """
    if asked.approved_by and (asked.effective_on is None or not asked.reason.strip()):
        raise SalesopsError(
            Problem("bad-approval", "the approval lacks effective_on or reason.",
                    "Give the first day of the new owners, and why they change.", column="effective_on")
        )  # fmt: skip
    files = sheets(proposal, workbook, asked)
    if asked.approved_by:
        _store(proposal, workbook.store, asked)
        folder = Path(workbook.folder) / asked.folder
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in files.items():
            write_beside(folder / name, frame.to_csv(index=False))
    return files


def sheets(proposal: Proposal, workbook: Any, asked: Any) -> dict[str, pd.DataFrame]:
    """The change list, import and undo files, deals in flight with their splits, and hand-over sheets."""
    day, tables = asked.effective_on or proposal.as_of, workbook.tables
    changes = change_list(proposal.plan, effective_on=day, reason=asked.reason)
    files = {"changes.csv": changes}
    accounts = to_pandas(tables["accounts"], "accounts") if "accounts" in tables else pd.DataFrame()
    if not {"account_id", "unit_id"} <= set(accounts.columns):
        return files
    lying = accounts[accounts["unit_id"].isin(changes["unit_id"])]
    moved = account_changes(lying, changes, overrides=_overrides(lying, proposal, asked.accounts))
    files |= import_files(moved, asked.crm)
    deals = to_pandas(tables["deals"], "deals") if "deals" in tables else None
    if deals is not None:
        ours = deals[deals["account_id"].isin(moved["account_id"])]
        flight = in_flight(ours, moved, asked.in_flight, effective_on=day)
        files["deals_in_flight.csv"], files["splits.csv"] = flight, credit_splits(flight)
        files |= import_files(flight[flight["before"] != flight["after"]], asked.crm, kind="deal")
        deals = ours
    activities = None
    if "activities" in tables:
        activities = to_pandas(tables["activities"], "activities")
        activities = activities[activities["account_id"].isin(moved["account_id"])]
    files["hand_over.csv"] = hand_over(accounts, moved, deals, activities)
    return files


def _overrides(accounts: pd.DataFrame, proposal: Proposal, rule: str) -> dict[str, str]:
    """Accounts whose rep is not their unit's: they keep it, unless they are to follow the unit."""
    if rule == "follow the unit" or "owner_id" not in accounts:
        return {}
    return {
        str(account): str(owner)
        for account, unit, owner in zip(
            accounts["account_id"], accounts["unit_id"], accounts["owner_id"], strict=True
        )
        if owner == owner and owner is not None and proposal.today.get(str(unit)) != str(owner)
    }


def _store(proposal: Proposal, engine: Engine, asked: Any) -> None:
    """Today's owners first where the store has none yet, then the new ones from their day on."""
    known = owners_on(engine, asked.effective_on)
    if all(known.get(unit) == rep for unit, rep in proposal.after.items()):
        return
    missing = {unit: rep for unit, rep in proposal.today.items() if unit not in known}
    who = {"approved_by": asked.approved_by, "approved_on": proposal.as_of}
    if missing:
        start = min(proposal.as_of, asked.effective_on)
        if start > BEGINNING:
            approve(engine, missing, effective_on=start, reason=_("As it stood before: "
                "{why}", why=asked.reason),
                    **who)  # fmt: skip
    approve(engine, proposal.after, effective_on=asked.effective_on, reason=asked.reason,
            in_flight=asked.in_flight, **who)  # fmt: skip


def approval(files: dict[str, pd.DataFrame], asked: Any) -> None:
    """What was, or would be, written."""
    moved, accounts = len(files["changes.csv"]), len(files.get("hand_over.csv", ()))
    if asked.approved_by:
        present.note(
            _("Approved by {who}: {units} units change their rep on {day}, and {accounts} accounts "
                "with them. "
              "The files stand in {folder}.", who=asked.approved_by, units=moved, day=asked.effective_on,
              accounts=accounts, folder=asked.folder)
        )  # fmt: skip
    else:
        present.note(
            ngettext("A proposal: {n} unit would change its rep. Nothing is written until "
                "approved_by names who "
                     "approves, with effective_on and reason.",
                     "A proposal: {n} units would change their rep. Nothing is written until "
                     "approved_by names "
                     "who approves, with effective_on and reason.", moved),
        )  # fmt: skip
    present.show_table(files["changes.csv"], title=_("Change list"), rows=15)
    if "hand_over.csv" in files and accounts:
        present.show_table(
            files["hand_over.csv"], title=_("Hand-over"), formats={"open_amount": "money"}, rows=15
        )
    listed = ", ".join(f"{name} ({len(frame)})" for name, frame in files.items())
    present.note(_("Files and their rows: {listed}.", listed=listed))
