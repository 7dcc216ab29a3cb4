"""A plan carried out: the approval in the store, import files with their undo, hand-over sheets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from salesops_nb.core.spreadsheet import neutral
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.export.html import write_beside
from salesops_nb.present.language.translation import _
from salesops_nb.store.assignments.assignments import approvals_given, approve, approved_owners
from salesops_nb.territory.effects.crm_import import account_changes, change_list, import_files
from salesops_nb.territory.effects.hand_over import hand_over
from salesops_nb.territory.effects.open_deals import credit_splits, in_flight
from salesops_nb.territory.inputs.findings import texts, to_pandas
from salesops_nb.territory.scope.baseline import Ground, prepare
from salesops_nb.territory.scope.norms import Norms

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from salesops_nb.territory.plans.proposal import Proposal

KIND = {"units": "unit", "accounts": "account"}


def ground(
    workbook: Any, *, as_of: date | None, of: str, scope: str, who: str | None, **norms: Any
) -> Ground:
    """Units or accounts of the scope as they stand on the day, by what the store and the tables know.

    `norms` are those of `territory.norms.Norms`.
    """
    day = as_of or workbook.data_through
    if day is None:
        raise SalesopsError(problem("no-day", column="as_of"))
    return prepare(
        workbook.tables, as_of=day, scope=scope, who=who, of=of, norms=Norms(**norms),  # type: ignore[arg-type]
        owners=approved_owners(workbook.store, day, KIND[of]),
        named=approved_owners(workbook.store, day, "account"),
    )  # fmt: skip


def carry_out(proposal: Proposal, workbook: Any, asked: Any) -> dict[str, pd.DataFrame]:
    """Write the new owners to the store and the files beside the workbook; the files by name.

    Asked again with the same plan it changes nothing.

    Raises
    ------
    SalesopsError
        An approval without a day or a reason, a rep who is not hired yet, a folder outside the workbook, or
        the same approval given before with other owners.
    """
    check_approval(proposal, workbook, asked)
    files = sheets(proposal, workbook, asked)
    _store(proposal, workbook.store, asked)
    folder = Path(workbook.folder) / asked.folder
    for name, frame in files.items():
        safe = frame.map(neutral).rename(columns=neutral)
        write_beside(folder / name, safe.to_csv(index=False))
    return files


def check_approval(proposal: Proposal, workbook: Any, asked: Any) -> None:
    """Raises `SalesopsError` with all that an approval lacks."""
    problems = []
    if not (asked.approved_by or "").strip():
        problems.append(
            problem("bad-approval.nobody", column='approved_by')
        )  # fmt: skip
    if asked.effective_on is None or not asked.reason.strip():
        problems.append(
            problem("bad-approval.incomplete", column='effective_on')
        )  # fmt: skip
    home = Path(workbook.folder).resolve()
    if not (home / asked.folder).resolve().is_relative_to(home):
        problems.append(problem("bad-folder.of-hand-over", column='folder', folder=asked.folder))  # fmt: skip
    if problems:
        raise SalesopsError(problems)


def sheets(proposal: Proposal, workbook: Any, asked: Any) -> dict[str, pd.DataFrame]:
    """The change list, import and undo files, deals in flight with their splits, and hand-over sheets."""
    day, tables = asked.effective_on or proposal.as_of, workbook.tables
    changes = change_list(proposal.plan, effective_on=day, reason=asked.reason)
    files = {"changes.csv": changes}
    moved = moved_accounts(proposal, workbook, asked, changes)
    if moved is None:
        return files
    accounts = to_pandas(tables["accounts"], "accounts")
    users = set(texts(to_pandas(tables["people"], "people")["person_id"]))
    files |= import_files(moved[moved["after"].isin(users)], asked.crm)
    if not moved["after"].isin(users).all():  # a vacancy has no user in the CRM whom an import could name
        files["not_imported.csv"] = moved[~moved["after"].isin(users)]
    deals = _of(tables, "deals", moved["account_id"])
    if deals is not None:
        share = Decimal(str(asked.new_rep_share))
        flight = in_flight(deals, moved, asked.in_flight, effective_on=day, new_share=share)
        given = to_pandas(tables["splits"], "splits") if "splits" in tables else None
        files["deals_in_flight.csv"], files["splits.csv"] = flight, credit_splits(flight, given)
        given_on = flight[(flight["before"] != flight["after"]) & flight["after"].isin(users)]
        files |= import_files(given_on, asked.crm, kind="deal")
    ids = moved["account_id"]
    activities = _of(tables, "activities", ids, deals["deal_id"] if deals is not None else ())
    files["hand_over.csv"] = hand_over(accounts, moved, deals, activities)
    return files


def moved_accounts(
    proposal: Proposal, workbook: Any, asked: Any, changes: pd.DataFrame
) -> pd.DataFrame | None:
    """Accounts that change their rep because their unit does; None where no account names its unit."""
    if "accounts" not in workbook.tables:
        return None
    accounts = to_pandas(workbook.tables["accounts"], "accounts")
    if proposal.ground.of == "accounts":
        return changes.rename(columns={"unit_id": "account_id"}).assign(unit_id="")[
            ["account_id", "unit_id", "before", "after"]
        ]
    if not {"account_id", "unit_id"} <= set(accounts.columns):
        return None
    moving, ids = set(changes["unit_id"]), texts(accounts["account_id"])
    gone = {a for a, rep in proposal.ground.named.items() if rep in _gone(proposal)}
    lying = accounts[[unit in moving for unit in texts(accounts["unit_id"])]]
    left = accounts[[a in gone and unit in proposal.after for a, unit in
                     zip(ids, texts(accounts["unit_id"]), strict=True)]]  # fmt: skip
    overrides = _overrides(lying, proposal, asked.accounts)
    moved = account_changes(lying, changes, overrides=overrides | dict.fromkeys(gone, ""))
    return pd.concat([moved, _following(left, proposal)], ignore_index=True)


def accounts_held_otherwise(proposal: Proposal, workbook: Any) -> int:
    """How many accounts of the units planned for have a rep who is not their unit's, without being named."""
    if proposal.ground.of == "accounts" or "accounts" not in workbook.tables:
        return 0
    accounts = to_pandas(workbook.tables["accounts"], "accounts")
    if not {"account_id", "unit_id", "owner_id"} <= set(accounts.columns):
        return 0
    inside = accounts[[unit in proposal.today for unit in texts(accounts["unit_id"])]]
    named = set(proposal.ground.named)
    return sum(account not in named for account in _overrides(inside, proposal, "keep their rep"))


def _gone(proposal: Proposal) -> set[str]:
    """People of the scope who get no units."""
    return set(proposal.ground.people["person_id"].astype(str)) - set(proposal.reps["rep"])


def _following(accounts: pd.DataFrame, proposal: Proposal) -> pd.DataFrame:
    """Accounts given by name to people who get no units: each goes to its unit's rep."""
    rows = [
        (account, unit, proposal.ground.named[account], proposal.after[unit])
        for account, unit in zip(texts(accounts["account_id"]), texts(accounts["unit_id"]), strict=True)
    ]
    return pd.DataFrame(rows, columns=["account_id", "unit_id", "before", "after"])


def _of(tables: Any, name: str, accounts: Any, deals: Any = ()) -> pd.DataFrame | None:
    """Rows of deals or activities that name one of the accounts or deals; nothing else is read."""
    if name not in tables:
        return None
    frame: Any = nw.from_native(tables[name]).lazy()
    columns = frame.collect_schema().names()
    if "account_id" not in columns and name == "deals":
        return None
    wanted = [
        nw.col(column).cast(nw.String).is_in(sorted(set(map(str, ids)))).fill_null(False)
        for column, ids in (("account_id", accounts), ("deal_id", deals))
        if column in columns and len(ids)
    ]
    if not wanted:
        return to_pandas(frame.head(0), name)
    return to_pandas(frame.filter(nw.any_horizontal(*wanted, ignore_nulls=True)), name)


def _overrides(accounts: pd.DataFrame, proposal: Proposal, rule: str) -> dict[str, str]:
    """Accounts that keep their rep: those given by name; those held otherwise, unless they are to follow."""
    gone = _gone(proposal)
    there = set(texts(accounts["account_id"]))
    named = {a: r for a, r in proposal.ground.named.items() if a in there and r not in gone}
    if rule == "follow the unit" or "owner_id" not in accounts:
        return named
    return named | {
        account: str(owner)
        for account, unit, owner in zip(
            texts(accounts["account_id"]), texts(accounts["unit_id"]), accounts["owner_id"], strict=True
        )
        if owner == owner and owner is not None and proposal.today.get(unit) != str(owner)
    }


def _store(proposal: Proposal, engine: Engine, asked: Any) -> None:
    """Today's owners first where the store has none yet, then the new ones from their day on."""
    kind, day = KIND[proposal.ground.of], asked.effective_on
    known = approved_owners(engine, day, kind)
    if all(known.get(unit) == rep for unit, rep in proposal.after.items()):
        return
    _refuse_another(engine, asked)
    missing = {unit: rep for unit, rep in proposal.today.items() if unit not in known}
    who = {"approved_by": asked.approved_by, "approved_on": asked.approved_on or proposal.as_of, "kind": kind}
    if missing:
        start = min(proposal.as_of, day)
        why = _("As it stood before: {why}", why=asked.reason)
        approve(engine, missing, effective_on=start, reason=why[:1000], **who)
    approve(engine, proposal.after, effective_on=day, reason=asked.reason, in_flight=asked.in_flight, **who)


def _refuse_another(engine: Engine, asked: Any) -> None:
    """One approval is one plan: a report run again on later data must not write another under its name."""
    given = approvals_given(engine)
    undone = set(given["undoes"].dropna())
    same = given[
        (given["approved_by"] == asked.approved_by) & (given["reason"] == asked.reason)
        & (given["effective_on"] == asked.effective_on)
    ]  # fmt: skip
    if len(same):
        number = int(same["approval_id"].iloc[0])
        if number in undone:
            raise SalesopsError(
                problem("undone-before", column='approved_by', value=asked.approved_by, number=number)
            )  # fmt: skip
        raise SalesopsError(
            problem(
                "approved-otherwise",
                column="approved_by",
                value=asked.approved_by,
                effective_on=asked.effective_on,
                number=number,
            )
        )
