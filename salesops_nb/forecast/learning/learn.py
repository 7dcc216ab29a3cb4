"""Learning from the tables: one pass of alternating estimates, each given the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.stopping import check
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.forecast.learning import reading
from salesops_nb.forecast.learning.attrition import (
    BANDS,
    FEWEST,
    PRIOR_HAZARD,
    WEAKER,
    Hazard,
    learn_fill,
    learn_hazard,
)
from salesops_nb.forecast.learning.economics import learn_economics, learn_returns
from salesops_nb.forecast.learning.inputs import (
    DAYS_PER_MONTH,
    Floats,
    Panel,
    horizon_start,
    read_panel,
)
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.learning.market import (
    FEWEST_MONTHS,
    Market,
    Season,
    flat_market,
    flat_season,
    learn_market,
    learn_season,
)
from salesops_nb.forecast.learning.own import MEANS, Record, learn_own
from salesops_nb.forecast.learning.productivity import (
    DRIFT_PRIOR,
    PRIOR_VARIANCE,
    SPREADS,
    Productivity,
    dispersion_of,
    dispersion_weight,
    drift_of,
    level_of,
    remembered,
    spreads_between,
)
from salesops_nb.forecast.learning.ramp import LONGEST, Ramp
from salesops_nb.forecast.learning.ramp import learn as learn_ramp

ROUNDS = 6
ROLE_HIRES = 12  # a role with fewer hires seen ramping shares the curve of all roles


def learn(
    tables: Mapping[str, Any],
    calendar: FiscalCalendar | None = None,
    as_of: date | None = None,
    currency: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Learned:
    """What the data teach: ramp, productivity, attrition, time to fill, season, market, costs.

    Parameters
    ----------
    tables : people and deals; leave, vacancies, units, assignments and fx_rates where given.
    calendar : the company's fiscal calendar; calendar months otherwise.
    as_of : the day the data reach; the last won deal's otherwise.
    currency : of the amounts; the one most is booked in otherwise.
    overrides : stated values in place of learned ones (see `Learned.override`).

    Returns
    -------
    Learned
        each figure with its interval and origin: shares of 1 a month, months, days, money a month.

    Raises
    ------
    SalesopsError
        where people or won deals are missing, or nobody is ramped and no productivity is stated.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> learned = hiring.learn(open_workbook(".").tables)
    >>> learned.tables()["time_to_fill"].round(1)
                             measure  estimate   low  high   n   origin
    0            median days to fill      54.9  50.3  59.8  47  learned
    1  days in which 80 % are filled      81.9  75.1  89.2  47  learned
    """
    tables = Tables.of(tables)
    panel = read_panel(tables, calendar or FiscalCalendar(), as_of, currency)
    overrides = dict(overrides or {})
    stated = "productivity" in overrides
    problems = list(panel.problems)
    hazard = _hazard(panel, problems)
    ramp, productivity, season, market, hazard = _alternate(panel, stated, hazard, problems)
    vacancies = _vacancies(tables)
    fill = learn_fill(vacancies, pd.Timestamp(horizon_start(panel)))
    waiting = _open_vacancies(vacancies, panel)
    seats = np.array([float((waiting["role"] == role).sum()) for role in panel.roles])
    returns = learn_returns(tables, panel, productivity.factor, seats)
    economics = learn_economics(tables, panel, productivity.level)
    learned = Learned(
        panel,
        ramp,
        productivity,
        hazard,
        fill,
        season,
        market,
        returns,
        economics,
        waiting,
        problems,
        tables.memo,
    )
    return learned.override(**overrides)


def _alternate(
    panel: Panel, stated: bool, hazard: Hazard, problems: list[Problem]
) -> tuple[list[Ramp], Productivity, Season, Market, Hazard]:
    roles, role, n = len(panel.roles), panel.role, len(panel.roster)
    ramped = (panel.exposure > 0) & (panel.tenure >= LONGEST / 2)
    if not (ramped & (panel.booked > 0)).any() and not stated:
        raise SalesopsError(problem("no-ramped-reps", table="people", column="hired_on", months=LONGEST // 2))
    variance, phi = np.full(roles, PRIOR_VARIANCE), np.full(roles, 1.0)
    season, market = flat_season(len(panel.months)), flat_market(len(panel.months))
    prior = learn_ramp(panel.booked[:0], panel.exposure[:0], panel.tenure[:0], phi[:0])
    ramp, own, drift = [prior] * roles, np.ones(n), DRIFT_PRIOR
    spreads, age = np.zeros((roles, len(SPREADS))), np.arange(len(panel.months))[::-1] + 0.5
    for _ in range(ROUNDS):
        check()
        share = np.empty_like(panel.exposure)
        for r in range(roles):
            share[role == r] = ramp[r].mean(panel.tenure[role == r])
        base = panel.exposure * season.factor[panel.month_of_year] * market.seen
        worked = base * share
        level = level_of(panel.booked.sum(axis=1), worked.sum(axis=1), role, roles, variance, phi)
        full = worked * level[role, None]
        phi = _dispersions(panel, full * own[:, None], level)
        for r in range(roles):
            mine = role == r
            spreads[r] = spreads_between(panel.booked[mine].sum(axis=1), full[mine].sum(axis=1), phi[r])
            variance[r] = float(spreads[r] @ SPREADS**2)
        drift = drift_of(panel.booked, full, phi[role])
        whole = 1.0 / variance[role] + np.stack([panel.booked.sum(axis=1), full.sum(axis=1)]) / phi[role]
        own = whole[0] / whole[1]  # over all the time seen: for what is shared, not for what is to come
        season, market = _shared(panel, full * own[:, None], phi, season, market)
        ramp = _ramps(panel, base * level[role, None], phi)
    origin = tuple("learned" if value > 0 else "prior" for value in level)
    if season.origin == "declared":
        problems.append(problem("season-declared", count=len(panel.months), fewest=FEWEST_MONTHS))
    reps = np.array([int(((role == r) & (worked.sum(axis=1) > 0)).sum()) for r in range(roles)])
    months = np.array([float(panel.exposure[role == r][ramped[role == r]].sum()) for r in range(roles)])
    certain = dispersion_weight(panel.booked, full * own[:, None])
    fade = remembered(phi, level, drift)[role, None] ** age
    scale = phi[role]
    record = Record(
        panel.booked.sum(axis=1) / scale,
        full.sum(axis=1) / scale,
        ((panel.booked * fade).sum(axis=1) / scale, (full * fade).sum(axis=1) / scale),
        *_tenures(panel),
    )
    people = learn_own(record, role, roles, hazard, not panel.strangers)
    by_mean, spreads = people.joint.sum(axis=(1, 2)), people.joint.sum(axis=(1, 3))
    mean = by_mean @ MEANS
    error = np.sqrt(np.maximum(by_mean @ np.log(MEANS) ** 2 - (by_mean @ np.log(MEANS)) ** 2, 1e-8))
    # the level is that of hires, not of who stayed
    productivity = Productivity(
        level * mean, error, spreads @ SPREADS**2, phi, reps, months, people.shape, people.rate * mean[role],
        origin, spreads, certain, drift, people.joint, MEANS / mean[:, None], people.lean,
    )  # fmt: skip
    hazard = replace(
        hazard, weaker=people.weaker, typical=people.typical * float(mean.mean()) ** WEAKER[:, None]
    )
    return ramp, productivity, season, market, hazard


def _tenures(panel: Panel) -> tuple[Floats, Floats, Floats]:
    """Spells' months in each band of tenure before the data begin and within them, and who left."""
    start, end = pd.Timestamp(panel.months[0].start), pd.Timestamp(panel.months[-1].end)
    rows = panel.roster
    known = (rows["hired_on"] > reading.LONG_AGO).to_numpy()
    hired = rows["hired_on"].where(known, start - pd.Timedelta(days=3650))
    since = rows["began"].where(rows["began"] > start, start)
    after = rows.sort_values("began").groupby("person_id")["began"].shift(-1)
    ends = pd.concat([rows["left_on"], after], axis=1).min(axis=1)
    left = (rows["left_on"] < end) & after.isna()
    ends = ends.where(ends < end, end)
    upper = np.append(BANDS[1:], np.inf)

    def spent(first: pd.Series, last: pd.Series) -> Floats:
        low, high = (((day - hired).dt.days / DAYS_PER_MONTH).to_numpy()[:, None] for day in (first, last))
        out: Floats = np.maximum(np.minimum(high, upper) - np.maximum(low, BANDS), 0.0)
        return out

    first = since.where(since > hired, hired)
    return spent(hired, first) * known[:, None], spent(first, ends), left.to_numpy(dtype=float)


def _dispersions(panel: Panel, fitted: Floats, level: Floats) -> Floats:
    """By role, from its own rep-months where there are enough, else all roles' relative to the level."""
    out = np.ones(len(level))
    for r, mean in enumerate(level):
        mine = panel.role == r
        if mean > 0:
            out[r] = max(dispersion_of(panel.booked[mine], fitted[mine], int(mine.sum())), 1e-6 * mean)
    return out


def _shared(
    panel: Panel, fitted: Floats, phi: Floats, season: Season, market: Market
) -> tuple[Season, Market]:
    """Season and market from each month's total booked over what reps alone would have booked.

    The logarithm of the market is found by a step of Newton's from the last one, so that months of
    nothing need no logarithm. `fitted` has the season and the market in it.
    """
    now = season.factor[panel.month_of_year]
    plain = np.maximum(fitted.sum(axis=0) / (now * market.seen), 1e-9)
    ratio = panel.booked.sum(axis=0) / plain
    noise = (fitted * phi[panel.role, None]).sum(axis=0) / (now * market.seen) / plain**2 + 1e-8
    level = now * market.seen
    deviation = np.log(market.seen) + np.clip(ratio / level - 1.0, -1.0, 2.0)
    new = learn_market(deviation, noise / level)
    spread = new.typical_spread**2 * (1 - float(new.weight @ new.memory) ** 2)
    # the season is seen around level and trend: what the market does from month to month is noise to it
    around = ratio / new.line
    return learn_season(around, noise * now + spread * now**2, panel.month_of_year), new


def _ramps(panel: Panel, expected: Floats, phi: Floats) -> list[Ramp]:
    pooled = learn_ramp(panel.booked, expected, panel.tenure, phi[panel.role])
    out = []
    for r in range(len(panel.roles)):
        mine = panel.role == r
        own = learn_ramp(panel.booked[mine], expected[mine], panel.tenure[mine], phi[panel.role[mine]])
        out.append(own if own.hires >= ROLE_HIRES else pooled)
    return out


def _hazard(panel: Panel, problems: list[Problem]) -> Hazard:
    """One row a person: a change of role is not a leaving.

    Where owners of bookings are not in people, those who left may be missing among the leavers: then
    nothing is learned from them.
    """
    start, end = pd.Timestamp(panel.months[0].start), pd.Timestamp(panel.months[-1].end)
    people = panel.roster.groupby("person_id").agg(hired=("hired_on", "min"), left=("left_on", "max"))
    people = people[(people["hired"] < end) & (people["left"] > start)]
    known = people["hired"] > reading.LONG_AGO
    ends = people["left"].where(people["left"] < end, end)
    entry = (start - people["hired"]).dt.days.to_numpy(dtype=float) / DAYS_PER_MONTH
    leave = (ends - people["hired"]).dt.days.to_numpy(dtype=float)
    left = (people["left"] < end).to_numpy(dtype=float)
    # someone without a hire date is at risk in the last band, with an unknown but long tenure
    entry = np.where(known, np.maximum(entry, 0.0), 120.0)
    stay = (ends - start).dt.days.to_numpy(dtype=float) / DAYS_PER_MONTH
    leave = np.where(known, leave / DAYS_PER_MONTH, 120.0 + stay)
    if panel.strangers:
        problems.append(problem("leavers-unknown", table="people", column="person_id", n=panel.strangers))
        return learn_hazard(entry[:0], leave[:0], left[:0])
    hazard = learn_hazard(entry, leave, left)
    count = int(left.sum())
    if count < FEWEST:
        problems.append(
            problem(
                "few-leavers",
                table="people",
                column="left_on",
                value=count,
                fewest=FEWEST,
                monthly=PRIOR_HAZARD,
                yearly=1 - (1 - PRIOR_HAZARD) ** 12,
            )
        )
    return hazard


def _vacancies(tables: Tables) -> pd.DataFrame:
    frame = tables.get("vacancies")
    if frame is None:
        return pd.DataFrame()
    rows = reading.pandas_of(reading.need(frame, "vacancies", ["role", "opened_on"])).copy()
    for column in ("opened_on", "filled_on", "closed_on"):
        values = rows[column] if column in rows else pd.Series(pd.NaT, index=rows.index)
        rows[column] = pd.to_datetime(values, errors="coerce").astype("datetime64[us]")
    rows["role"] = rows["role"].astype(str)
    return rows[rows["opened_on"].notna()].reset_index(drop=True)


def _open_vacancies(vacancies: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """Role and months already open of each vacancy that waits when the horizon begins."""
    if vacancies.empty:
        text = pd.Series(dtype=str)
        return pd.DataFrame({"role": text, "waited": pd.Series(dtype=float), "team": text})
    day = pd.Timestamp(horizon_start(panel))
    done = vacancies[["filled_on", "closed_on"]].min(axis=1)
    waiting = vacancies[(vacancies["opened_on"] < day) & (done.isna() | (done > day))]
    waiting = waiting[waiting["role"].isin(panel.roles)].reset_index(drop=True)
    waited = (day - waiting["opened_on"]).dt.days / DAYS_PER_MONTH
    found = pd.DataFrame({"role": waiting["role"], "waited": waited.astype(float)})
    named = next((column for column in ("team", "territory") if column in waiting), None)
    return found.assign(team=waiting[named].astype("string").fillna("").astype(str) if named else "")
