"""Who carries a target in the year, for which share of each month, and how ramped."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.frames import Tables, collected
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, SalesopsError, problem

Floats = npt.NDArray[np.float64]
DAYS_PER_MONTH = 30.4375
RAMP = (0.0, 0.15, 0.3, 0.5, 0.65, 0.8)  # share of a full target by month of tenure; 1 from the seventh
FAR, LONG_AGO = date(2199, 12, 31), date(1900, 1, 1)
COLUMNS = (
    "person_id", "name", "role", "team", "region", "manager_id", "hired_on", "left_on", "fte", "valid_from",
)  # fmt: skip


def read_people(tables: Tables, problems: list[Problem], before: date) -> pd.DataFrame:
    """One row a person, the latest that begins before a day.

    Columns: person_id, name, role, team, region, manager_id, hired_on, left_on, fte.

    A person who leaves before he is hired is set aside with a problem. Raises `SalesopsError`
    where the table is missing or has nobody.
    """
    if "people" not in tables:
        raise SalesopsError(problem("missing-table.people"))
    there = tables["people"].collect_schema().names()
    missing = {"person_id", "role"} - set(there)
    if missing:
        raise SalesopsError(
            problem(
                "missing-column.people",
                table="people",
                column=min(missing),
                missing=", ".join(sorted(missing)),
            )
        )
    people = collected(tables["people"].select(*(nw.col(c) for c in COLUMNS if c in there)))
    for name in COLUMNS:
        if name not in people:
            people[name] = None
    people["person_id"] = people["person_id"].astype(str)
    people["hired_on"] = _dates(people["hired_on"], LONG_AGO, "hired_on")
    people["left_on"] = _dates(people["left_on"], FAR, "left_on")
    people["valid_from"] = _dates(people["valid_from"], LONG_AGO, "valid_from")
    people["fte"] = pd.to_numeric(people["fte"]).astype(float).fillna(1.0)
    people = (
        people[people["valid_from"] < before]
        .sort_values(["person_id", "valid_from"], kind="stable")
        .drop_duplicates("person_id", keep="last")
    )
    wrong = people["left_on"] <= people["hired_on"]
    for row in people[wrong].itertuples():
        problems.append(
            problem(
                "left-before-hired.of-targets",
                table="people",
                column="left_on",
                value=row.left_on,
                person=row.person_id,
                hired_on=row.hired_on,
            )
        )
    people = people[~wrong]
    if people.empty:
        raise SalesopsError(problem("nobody.people"))
    for name in ("team", "region"):
        people[name] = people[name].astype(object).where(people[name].notna(), "unassigned").astype(str)
    return people.set_index("person_id", drop=False).rename_axis(None)


def _dates(values: pd.Series, gap: date, name: str) -> pd.Series:
    return pd.Series([_date(v, gap, name) for v in values], index=values.index, dtype=object)


def _date(value: Any, gap: date, name: str) -> date:
    if value is None or pd.isna(value):
        return gap
    try:
        day: date = date.fromisoformat(value) if isinstance(value, str) else value
        return day.date() if isinstance(day, datetime) else day
    except ValueError:
        raise SalesopsError(problem("bad-date", table="people", column=name, value=value)) from None


def carriers(
    people: pd.DataFrame, year: Period, sellers: Collection[str], roles: Collection[str] | None
) -> pd.DataFrame:
    """The people employed in the year whose role carries a target, by name of team and person.

    `roles` names the roles; by default they are those of the people who have bookings.
    Raises `SalesopsError` for an unknown role or where nobody is left.
    """
    known = set(people["role"].dropna().astype(str))
    if roles is None:
        chosen = (
            set(people.loc[people["person_id"].isin(list(sellers)), "role"].dropna().astype(str)) or known
        )
    else:
        chosen = set(roles)
        if chosen - known:
            unknown = ", ".join(sorted(chosen - known))
            raise SalesopsError(
                problem(
                    "unknown-role.nobody",
                    table="people",
                    column="role",
                    value=unknown,
                    known=", ".join(sorted(known)),
                )
            )
    there = (people["hired_on"] < year.end) & (people["left_on"] > year.start)
    found = people[there & people["role"].astype(str).isin(chosen)]
    if found.empty:
        raise SalesopsError(
            problem("nobody.with-role", table="people", year=year.key, roles=", ".join(sorted(chosen)))
        )
    return found.sort_values(["team", "person_id"], kind="stable")


def exposure(people: pd.DataFrame, months: Sequence[Period]) -> Floats:
    """Full-time share of each month that each person is employed, people × months."""
    starts = np.array([np.datetime64(m.start) for m in months])
    ends = np.array([np.datetime64(m.end) for m in months])
    hired = people["hired_on"].to_numpy().astype("datetime64[D]")[:, None]
    left = people["left_on"].to_numpy().astype("datetime64[D]")[:, None]
    days = (np.minimum(ends, left) - np.maximum(starts, hired)).astype(np.int64)
    share: Floats = np.maximum(days, 0) / (ends - starts).astype(np.int64)
    worked: Floats = share * people["fte"].to_numpy(dtype=np.float64)[:, None]
    return worked


def ramped(people: pd.DataFrame, months: Sequence[Period], ramp: Sequence[float]) -> Floats:
    """Share of a full target by tenure in the middle of each month, people × months."""
    curve = np.asarray([*ramp, 1.0], dtype=np.float64)
    middle = np.array([np.datetime64(m.start + timedelta(days=m.days // 2)) for m in months])
    hired = people["hired_on"].to_numpy().astype("datetime64[D]")[:, None]
    tenure = np.floor((middle - hired).astype(np.int64) / DAYS_PER_MONTH).astype(np.int64)
    share: Floats = curve[np.clip(tenure, 0, len(curve) - 1)]
    return share


def check_ramp(ramp: Sequence[float]) -> None:
    """Raises `SalesopsError` unless the ramp is shares from 0 to 1."""
    if any(not 0 <= float(share) <= 1 for share in ramp):
        raise SalesopsError(problem("bad-ramp", ramp=", ".join(f"{float(s):g}" for s in ramp)))
