"""Accounts given by name: what each has of its unit's measures, which counts for its own rep.

An account's part of its unit is what its own columns say (potential, workload); else the unit's measure
shared among its prospects, by the norms of their segments where accounts name one, else alike.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.errors import Problem, problem
from salesops_nb.messages import message
from salesops_nb.territory.inputs.findings import KNOWN_MEASURES, absent, some, texts, whole
from salesops_nb.territory.scope.learned_norms import has, segmented
from salesops_nb.territory.scope.norms import Measured

COLUMNS = ["account_id", "unit_id", "rep"]
NORMS = {"potential": ["expected_spend"], "workload": ["calls", "minutes"], "weight": ["expected_spend"]}


def named_loads(
    named: Mapping[str, str], units: pd.DataFrame, tables: Tables, measured: Measured
) -> pd.DataFrame:
    """What accounts given to a rep by name have of the units they lie in.

    Returns
    -------
    One row an account that lies in the units: account_id, unit_id, rep, and what it has of each measure, all
    of a unit together at most what the unit has.
    """
    names = [name for name in KNOWN_MEASURES if has(units, name)]
    empty = pd.DataFrame(columns=[*COLUMNS, *names])
    if not named:
        return empty
    accounts = tables.once(("territory", "accounts", "in units"), lambda: _in_units(tables))
    if accounts.empty:
        return empty
    accounts = accounts[_among(accounts["unit_id"], set(units["unit_id"].to_numpy(object)))]
    ours = accounts[_among(accounts["account_id"], named)].reset_index(drop=True)
    if ours.empty:
        return empty
    found = pd.DataFrame({"account_id": ours["account_id"], "unit_id": ours["unit_id"],
                          "rep": [named[account] for account in ours["account_id"]]})  # fmt: skip
    have = units.set_index("unit_id")
    for name in names:
        there = have[name].reindex(ours["unit_id"]).fillna(0.0).to_numpy(float)
        part = np.ones(len(ours))
        if name in NORMS:
            part = there * _shares(name, ours, accounts, have, tables, measured)
        own = pd.to_numeric(ours[name], errors="coerce").to_numpy(float) if name in ours else np.nan
        found[name] = np.where(np.isfinite(own), own, part)
        total = found.groupby("unit_id")[name].transform("sum").to_numpy(float)
        found[name] *= np.where(total > there, there / np.where(total > 0, total, 1.0), 1.0)
    return found


def _among(ids: pd.Series, known: Container[str]) -> Any:
    """(n,) which of the ids are known."""
    return np.array([each in known for each in ids.to_numpy(object)], dtype=bool)


def _in_units(tables: Tables) -> pd.DataFrame:
    """The accounts with their ids and those of their units as text, no unit being an empty one."""
    accounts = whole(tables, "accounts") if "accounts" in tables else pd.DataFrame()
    if not {"account_id", "unit_id"} <= set(accounts.columns):
        return pd.DataFrame()
    accounts = accounts.assign(account_id=texts(accounts["account_id"]))
    accounts["unit_id"] = ["" if absent(unit) else texts([unit])[0] for unit in accounts["unit_id"]]
    return accounts


def _shares(
    name: str,
    ours: pd.DataFrame,
    accounts: pd.DataFrame,
    have: pd.DataFrame,
    tables: Tables,
    measured: Measured,
) -> Any:
    """(accounts,) part of the unit's measure that each account has, between 0 and 1."""
    if has(have, "prospects"):
        counts = pd.to_numeric(have["prospects"]).reindex(ours["unit_id"]).fillna(1.0).to_numpy(float)
        return 1.0 / np.maximum(counts, 1.0)
    weight = pd.Series(1.0, index=accounts["account_id"])
    norms = measured.segments
    if len(norms) and not has(have, "segment"):
        known = segmented(tables)
        segment = dict(zip(texts(known["account_id"]), known["segment"], strict=True))
        each = norms.set_index("segment")[NORMS[name]].prod(axis=1)
        weight = accounts["account_id"].map(segment).map(each).set_axis(accounts["account_id"]).fillna(0.0)
    by_unit = weight.groupby(accounts["unit_id"].to_numpy()).sum()
    alike = 1.0 / accounts["unit_id"].value_counts()
    total = by_unit.reindex(ours["unit_id"]).to_numpy(float)
    mine = weight.reindex(ours["account_id"]).to_numpy(float)
    same = alike.reindex(ours["unit_id"]).to_numpy(float)
    return np.where(total > 0, mine / np.where(total > 0, total, 1.0), same)


def following(
    loads: pd.DataFrame, named: Mapping[str, str], people: set[str], reps: set[str]
) -> tuple[pd.DataFrame, list[Problem]]:
    """The loads without the accounts of people of the scope who get no units: those follow their unit.

    An account of somebody outside the scope has an empty rep: its load is nobody's of the plan. Warns of what
    follows, and of accounts of the reps that lie in none of the units.
    """
    if loads.empty and not named:
        return loads, []
    gone = loads["rep"].isin(people - reps)
    kept = loads[~gone].reset_index(drop=True)
    kept = kept.assign(rep=[rep if rep in reps else "" for rep in kept["rep"]])
    problems = []
    if gone.any():
        n, who = int(gone.sum()), some(sorted(set(loads.loc[gone, "rep"])))
        which = some(loads.loc[gone, "account_id"])
        problems.append(
            problem(
                "named-without-rep",
                table="assignments",
                n=n,
                who=who,
                which=which,
            )
        )
    lying = set(loads["account_id"])
    outside = [account for account, rep in named.items() if rep in reps and account not in lying]
    if outside:
        problems.append(
            problem(
                "named-outside",
                table="assignments",
                counted=message("{n} account lies", "{n} accounts lie", n=len(outside)),
                outside=some(outside),
            )
        )
    return kept, problems
