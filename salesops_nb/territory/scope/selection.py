"""Whose units are planned: people, owners on a day, units, reps and neighbours of a scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any

import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.territory.inputs.findings import KNOWN_MEASURES, some, texts, whole

NOBODY = ("vacant", "house")
NUMBERS = ("latitude", "longitude", "growth", *KNOWN_MEASURES)


def table(tables: Tables, name: str) -> pd.DataFrame:
    """A table of the workbook as pandas, or an error that names it."""
    if name not in tables:
        raise SalesopsError(problem("missing-table", table=name))
    return whole(tables, name)


def people_of(tables: Tables, as_of: date, scope: str, who: str | None) -> pd.DataFrame:
    """The reps of the scope, those who left included (their units are to be given on), latest row of each."""
    frame = table(tables, "people")
    if "role" in frame:
        frame = frame[_is_rep(frame)]
    if "valid_from" in frame:
        frame = frame[[day_of(d) is None or day_of(d) <= as_of for d in frame["valid_from"]]]  # type: ignore[operator]
        frame = frame.sort_values("valid_from", kind="stable").drop_duplicates("person_id", keep="last")
    if scope != "company":
        column = {"region": "region", "team": "team"}[scope]
        groups = sorted(frame[column].dropna().astype(str).unique()) if column in frame else []
        if who not in groups:
            raise SalesopsError(
                problem(
                    "unknown-scope" if who else "unknown-scope.empty",
                    table="people",
                    column=column,
                    value=who,
                    scope=scope,
                    names=some(groups, 12),
                )
            )
        frame = frame[frame[column].astype(str) == who]
    return frame.reset_index(drop=True)


def _is_rep(frame: pd.DataFrame) -> list[bool]:
    """Whose role is rep or not said; where no role is called so, who manages nobody."""
    roles = [str(role).strip().lower() for role in frame["role"]]
    named = [role in ("rep", "nan", "none", "<na>", "") for role in roles]
    if any(named) or "manager_id" not in frame:
        return named if any(named) else [True] * len(frame)
    managers = set(frame["manager_id"].dropna().astype(str))
    return [person not in managers for person in frame["person_id"].astype(str)]


def assigned(tables: Tables, as_of: date) -> dict[str, str]:
    """Unit to person from the table of assignments on a day; two owners at once are refused."""
    return _assigned(tables, as_of, "unit_id")


def named_accounts(tables: Tables, as_of: date) -> dict[str, str]:
    """Account to person from the table of assignments on a day: these beat their unit's owner."""
    return _assigned(tables, as_of, "account_id")


def _assigned(tables: Tables, as_of: date, column: str) -> dict[str, str]:
    found: dict[str, str] = {}
    twice = []
    known = tables.once(("territory", "spans", column), lambda: _spans(tables, column))
    for thing, person, start, end in known:
        if (start and start > as_of) or (end and end <= as_of):
            continue
        if found.setdefault(thing, person) != person:
            twice.append(thing)
    if twice:
        raise SalesopsError(
            problem(
                "two-owners.units" if column == "unit_id" else "two-owners.accounts",
                table="assignments",
                value=twice[0],
                count=len(twice),
                as_of=as_of,
                twice=some(twice),
            )
        )
    return found


def _spans(tables: Tables, column: str) -> list[tuple[str, str, date | None, date | None]]:
    """Thing, its rep, first day and the day after the last, by row of assignments."""
    made = []
    for row in whole(tables, "assignments").itertuples(index=False) if "assignments" in tables else ():
        role = getattr(row, "role", None)
        if role is not None and role == role and str(role) not in ("", "rep"):
            continue  # specialists share units
        start, end = day_of(row.valid_from), day_of(getattr(row, "valid_to", None))
        thing = getattr(row, column, None)
        if thing is not None and thing == thing:
            made.append((texts([thing])[0], str(row.person_id), start, end))
    return made


def with_floats(units: pd.DataFrame) -> pd.DataFrame:
    """The units with their numbers as floats, but where a word stands among them: whose scope it is minds."""
    made = units.copy()
    for name in NUMBERS:
        if name in made:
            with suppress(ValueError, TypeError):
                made[name] = pd.to_numeric(made[name]).astype(float)
    return made


def units_of(
    known: pd.DataFrame, held: Mapping[str, str], ours: set[str], others: set[str] | None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Units of the scope's people, numbers as floats.

    For the company also those without an owner, and those of an owner nobody knows, as a vacancy that was
    planned for is: all but what `others` hold (None where the scope is not the company).
    """
    ids = texts(known["unit_id"])
    owners = [held.get(unit, "vacant") for unit in ids]
    inside = [owner in ours or (others is not None and owner not in others) for owner in owners]
    units = known[inside].assign(unit_id=[u for u, ok in zip(ids, inside, strict=True) if ok])
    units = units.reset_index(drop=True)
    if units.empty:
        raise SalesopsError(
            problem("no-units.of-scope", table='assignments')
        )  # fmt: skip
    for name in NUMBERS:
        if name in units:
            units[name] = pd.to_numeric(units[name]).astype(float)
    return units, {u: held.get(u, "vacant") for u in units["unit_id"]}


def reps_of(
    people: pd.DataFrame, number: int, leave_out: Sequence[str], as_of: date, ramp_months: int
) -> pd.DataFrame:
    """Who is there on the day: rep, capacity (fte × ramp), home; vacancies where more reps are asked for."""
    names = set(people["person_id"].astype(str))
    unknown = [name for name in leave_out if name not in names]
    if unknown:
        raise SalesopsError(
            problem("unknown-rep.leave-out", value=unknown[0], unknown=some(unknown))
        )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for row in people.to_dict("records"):
        left, hired = day_of(row.get("left_on")), day_of(row.get("hired_on"))
        if str(row["person_id"]) in leave_out or (left and left <= as_of) or (hired and hired > as_of):
            continue
        fte = row.get("fte")
        capacity = float(fte) if fte is not None and fte == fte else 1.0
        if ramp_months and hired:
            worked = (as_of.year - hired.year) * 12 + as_of.month - hired.month
            capacity *= min(1.0, max(worked, 1) / ramp_months)
        rows.append({"rep": str(row["person_id"]), "capacity": capacity,
                     "home_latitude": number_of(row.get("home_latitude")),
                     "home_longitude": number_of(row.get("home_longitude"))})  # fmt: skip
    if number and number < len(rows):
        raise SalesopsError(
            problem("too-few-reps", value=number, count=len(rows))
        )  # fmt: skip
    for extra in range(1, number - len(rows) + 1 if number else 1):
        rows.append({"rep": f"New rep {extra}", "capacity": 1.0,
                     "home_latitude": float("nan"), "home_longitude": float("nan")})  # fmt: skip
    if not rows:
        raise SalesopsError(problem("no-reps.of-scope", as_of=as_of))
    return pd.DataFrame(rows)


def tolerances(
    units: pd.DataFrame, tolerance: float | Mapping[str, float], left_out: Sequence[str] = ()
) -> dict[str, float]:
    """Measure to tolerance: as given, or one number for every measure there is but those left out."""
    if isinstance(tolerance, Mapping):
        return {str(name): float(limit) for name, limit in tolerance.items()}
    there = [n for n in KNOWN_MEASURES if n in units and units[n].notna().any() and n not in left_out]
    if not there:
        raise SalesopsError(
            problem("no-measure.known", table='units', measures=', '.join(KNOWN_MEASURES))
        )  # fmt: skip
    return dict.fromkeys(there, float(tolerance))


def locks_of(
    units: pd.DataFrame, locked: Sequence[str], today: Mapping[str, str], reps: set[str]
) -> list[str]:
    """The locked units; each must be in the scope, and its rep among those who get units."""
    ours = set(units["unit_id"])
    unknown = [unit for unit in locked if unit not in ours]
    if unknown:
        raise SalesopsError(
            problem("unknown-unit.locked", value=unknown[0], unknown=some(unknown))
        )  # fmt: skip
    gone = [unit for unit in locked if today[unit] not in reps]
    if gone:
        raise SalesopsError(
            problem("locked-without-rep", value=gone[0], units=some(gone), rep=today[gone[0]])
        )  # fmt: skip
    return list(locked)


def day_of(value: Any) -> date | None:
    """A date, or None where there is none."""
    if type(value) is date:
        return value
    if value is None or value != value or str(value) in ("", "NaT"):
        return None
    return pd.Timestamp(value).date()


def number_of(value: Any) -> float:
    """A float, NaN where there is none."""
    return float(value) if value is not None and value == value else float("nan")
