"""The ground of a plan: whose units or accounts, with which measures, owned by whom on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Literal

import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.memo import Memo
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.territory.inputs.findings import KNOWN_MEASURES, texts, whole
from salesops_nb.territory.scope.learned_norms import segmented
from salesops_nb.territory.scope.named_accounts import named_loads
from salesops_nb.territory.scope.neighbours import edges_of
from salesops_nb.territory.scope.norms import Measured, Norms, with_measures
from salesops_nb.territory.scope.selection import (
    assigned,
    day_of,
    named_accounts,
    people_of,
    table,
    units_of,
    with_floats,
)

Of = Literal["units", "accounts"]


@dataclass(frozen=True)
class Ground:
    """Units of a scope as they stand on a day; accounts, where those are what is given to reps.

    Parameters
    ----------
    units, edges : what is planned for. people : the reps of the scope, those who left included.
    today : unit to rep on `as_of`. named : accounts given to a rep by name, whatever their unit's.
    loads : what those accounts have of their units, as `territory.named.named_loads` returns it.
    measured : how potential and workload came about. families : unit to the head of its family.
    memo : that of the tables, where plans are found again.
    """

    units: pd.DataFrame
    edges: pd.DataFrame | None
    people: pd.DataFrame
    today: dict[str, str]
    as_of: date
    of: Of = "units"
    named: dict[str, str] = field(default_factory=dict)
    measured: Measured | None = None
    loads: pd.DataFrame = field(default_factory=pd.DataFrame)
    families: dict[str, str] | None = None
    problems: tuple[Problem, ...] = ()
    memo: Memo = field(default_factory=Memo, repr=False, compare=False)


def prepare(
    tables: Mapping[str, Any],
    *,
    as_of: date,
    scope: str = "company",
    who: str | None = None,
    of: Of = "units",
    owners: Mapping[str, str] | None = None,
    named: Mapping[str, str] | None = None,
    norms: Norms | None = None,
) -> Ground:
    """Units, measures, people and today's owners of a company, region or team.

    Parameters
    ----------
    tables : people, and units or accounts; where given, unit_edges, assignments, deals and activities.
    of : whether units of a map or accounts are given to reps. owners, named : unit to person and account to
        person where the store knows better than the tables.

    Raises
    ------
    SalesopsError
        A scope nobody is in, no units, norms for a segment there is not.
    """
    read = Tables.of(tables)
    people = people_of(read, as_of, scope, who)
    if of == "accounts":
        read = read.once(("territory", "accounts as units"), partial(_accounts_as_units, read))
        held = {**_account_owners(read), **named_accounts(read, as_of), **(named or {}), **(owners or {})}
        by_name: dict[str, str] = {}
    else:
        held = {**assigned(read, as_of), **(owners or {})}
        by_name = {**named_accounts(read, as_of), **(named or {})}
    if "units" not in read:
        raise SalesopsError(
            problem("missing-table.units", table='units')
        )  # fmt: skip
    known = read.once(("territory", "units", "floats"), lambda: with_floats(whole(read, "units")))
    ours = set(people["person_id"].astype(str))
    everybody = set(whole(read, "people")["person_id"].astype(str))
    others = {"house", *everybody} - ours if scope == "company" else None
    units, today = units_of(known, held, ours, others)
    edges, strange = edges_of(read, units) if of == "units" else (None, [])
    units, measured = with_measures(units, read, norms or Norms(), _homes(people, as_of), as_of)
    if of == "accounts" and "accounts" not in units:
        units["accounts"] = 1.0
    loads = named_loads(by_name, units, read, measured)
    return Ground(units, edges, people, today, as_of, of, by_name, measured, loads, families_of(units),
                  tuple(strange), read.memo)  # fmt: skip


def families_of(units: pd.DataFrame) -> dict[str, str] | None:
    """Unit to the head of its family by ``parent_id``; a parent that is no unit binds its children too."""
    if "parent_id" not in units or not units["parent_id"].notna().any():
        return None
    ids = texts(units["unit_id"])
    above = {
        unit: texts([parent])[0]
        for unit, parent in zip(ids, units["parent_id"], strict=True)
        if parent is not None and parent == parent and str(parent)
    }
    heads = {}
    for unit in ids:
        seen, head = {unit}, unit
        while head in above and above[head] not in seen:
            head = above[head]
            seen.add(head)
        heads[unit] = min(seen) if head in above else head  # a circle of parents is one family
    return heads


def _accounts_as_units(tables: Tables) -> Tables:
    """Tables in which each account is a unit: its own place, or that of the unit it lies in."""
    frame = table(tables, "accounts")
    places = pd.DataFrame()
    if "units" in tables and "unit_id" in frame:
        units = whole(tables, "units")
        places = units.assign(unit_id=texts(units["unit_id"])).set_index("unit_id")
    lying = frame["unit_id"] if "unit_id" in frame else pd.Series([None] * len(frame))
    made = pd.DataFrame({"unit_id": texts(frame["account_id"])})
    for name in ("latitude", "longitude"):
        own = frame[name] if name in frame else pd.Series(float("nan"), index=frame.index)
        there = lying.map(places[name]) if name in places else None
        made[name] = pd.to_numeric(own.fillna(there) if there is not None else own).astype(float)
    segment = segmented(tables).set_index("account_id")["segment"]
    made["segment"] = frame["account_id"].map(segment)
    kept = ("name", "parent_id", "growth", *KNOWN_MEASURES)
    made = made.assign(**{name: frame[name] for name in kept if name in frame})
    return tables.beside(units=made, accounts=frame.assign(unit_id=made["unit_id"]))


def _account_owners(tables: Tables) -> dict[str, str]:
    frame = whole(tables, "accounts")
    if "owner_id" not in frame:
        return {}
    owned = frame.dropna(subset=["owner_id"])
    return dict(zip(texts(owned["account_id"]), owned["owner_id"].astype(str), strict=True))


def _homes(people: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Homes of the reps who are there on the day."""
    if not {"home_latitude", "home_longitude"} <= set(people.columns):
        return pd.DataFrame(columns=["home_latitude", "home_longitude"])
    left = people["left_on"] if "left_on" in people else [None] * len(people)
    there = [(day_of(each) or date.max) > as_of for each in left]
    homes = people.loc[there, ["home_latitude", "home_longitude"]]
    return pd.DataFrame({name: pd.to_numeric(homes[name]).astype(float) for name in homes})


def no_families(of: Of) -> Problem:
    """Families were asked for, and nobody has a parent: a warning."""
    name = "accounts" if of == "accounts" else "units"
    return problem(
        "no-parents.accounts" if of == "accounts" else "no-parents.units", table=name, column="parent_id"
    )
