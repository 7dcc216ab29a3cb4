"""Companies whose truth is known: what their systems show up to a day, and what truly comes after.

For calibrations: a method sees `Company.tables`, `Company.future` tells whether it was right. The past
is the same whatever is asked of the future, so that one history can be continued in several ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import gamma

import numpy as np

from salesops_nb.simulate.crm import DAY, MONTH, NOT_A_DAY, Array, stream
from salesops_nb.simulate.invented.company_tables import Company, team_of
from salesops_nb.simulate.invented.truth import Truth, is_whole, refuse

MONTH_DAYS = 30.4375
SPAN = 120  # months in which the first people are hired where nobody ever leaves
OLDEST, FOREVER = 14_600, 3_650_000  # days before the data at which the first is hired; days of no end
LONGEST = 240
STRONG = np.sqrt(3.0)  # standard deviations above the mean, where a quarter are strong


def company(
    truth: Truth | None = None,
    seed: int = 1,
    *,
    as_of: date = date(2025, 12, 31),
    months: int = 36,
    future: int = 12,
    older: int = 0,
    openings: Sequence[int] = (),
    refill: bool = True,
    supported: float | None = None,
) -> Company:
    """A company made from a truth.

    Parameters
    ----------
    truth, seed : the truth (by default `Truth()`), and the seed that decides what happens.
    as_of : the last day seen.
    months, future : months of deals up to the month of `as_of`, and months after it.
    older : months before those of the deals that only bookings_history knows.
    openings : requisitions opened on the first day of each month after that of `as_of`, beside the seats.
    refill : whether those who leave after `as_of` are replaced.
    supported : productive heads that the market supports after the month of `as_of`; more add ever less.

    Raises `SalesopsError` that names every size or value without sense.

    Examples
    --------
    >>> from salesops_nb import simulate
    >>> made = simulate.company(simulate.Truth(seats=10, trend=0.05), seed=3)
    >>> sorted(made.tables)
    ['bookings_history', 'deals', 'people', 'targets', 'vacancies']
    >>> sorted(made.future)
    ['bookings', 'deals', 'hires', 'leavers']
    """
    truth = truth or Truth()
    _check(seed, months, future, older, openings, supported)
    refuse("bad-simulation.last-day", [] if isinstance(as_of, date) else [f"as_of is {as_of!r} (a date)"])
    month = np.datetime64(as_of, "M")
    # Deals open on the last day asked for must have an end, so more months are made than are shown.
    longest = max(truth.cycle_days, truth.lost_days)
    spare = int(np.ceil(longest * (1 + 5 / np.sqrt(truth.cycle_shape)) / MONTH_DAYS)) + 1
    calendar = month + np.arange(1 - months - older, future + spare + 1) * MONTH
    people, vacancies = _people(truth, seed, calendar, np.datetime64(as_of), openings, refill)
    by_month = _months(truth, seed, calendar, np.datetime64(as_of))
    deals = _deals(truth, seed, people, by_month, calendar, np.datetime64(as_of), supported)
    first = (month - (months - 1) * MONTH).astype("datetime64[D]")
    end = (month + (future + 1) * MONTH).astype("datetime64[D]") - DAY
    return Company(truth, as_of, people, deals, by_month, vacancies, first, end)


def _check(
    seed: int, months: int, future: int, older: int, openings: Sequence[int], supported: float | None
) -> None:
    sizes = {"months": (months, 1), "future": (future, 0), "older": (older, 0), "seed": (seed, 0)}
    wrong = [
        f"{name} is {value!r} (a whole number from {low}{f' to {LONGEST}' if name != 'seed' else ''})"
        for name, (value, low) in sizes.items()
        if not is_whole(value, low, float("inf") if name == "seed" else LONGEST)
    ]
    if not isinstance(openings, Sequence | np.ndarray) or not all(is_whole(n, 0) for n in openings):
        wrong.append(f"openings are {openings!r} (a whole number from 0 for each month)")
    elif is_whole(future, 0) and len(openings) > future:
        wrong.append(f"openings are for {len(openings)} months, the future has {future}")
    if supported is not None and not (isinstance(supported, int | float | np.number) and supported > 0):
        wrong.append(f"supported is {supported!r} (above 0)")
    refuse("bad-simulation.company-sizes", wrong)


def _people(
    truth: Truth,
    seed: int,
    calendar: Array,
    as_of: np.datetime64,
    openings: Sequence[int],
    refill: bool,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Every holder of every seat, one generation after another, and the posts they left empty."""
    seat = np.arange(truth.seats)
    people, posts = _holders(truth, seed, "seats", seat, None, calendar, as_of, refill)
    start = np.repeat(as_of.astype("datetime64[M]") + (1 + np.arange(len(openings))) * MONTH, openings)
    if len(start):
        opened = start.astype("datetime64[D]")
        wait = _wait(truth, stream(seed, "openings"), len(opened))
        seat = truth.seats + np.arange(len(opened))
        more, again = _holders(truth, seed, "new", seat, opened + wait * DAY, calendar, as_of, refill)
        first = {"seat": seat, "opened": opened, "filled": opened + wait * DAY}
        people = {name: np.concatenate([people[name], more[name]]) for name in people}
        posts = {name: np.concatenate([posts[name], first[name], again[name]]) for name in posts}
    # Ids follow the day of hiring, so that nothing of the future shows in those of the past.
    order = np.lexsort((people["seat"], people["hired"]))
    people = {name: values[order] for name, values in people.items()}
    order = np.lexsort((posts["seat"], posts["opened"]))
    return people, {name: values[order] for name, values in posts.items()}


def _mean_stay(truth: Truth) -> float:
    """Mean months of stay; by renewal 1 ÷ it of the seats are left in a month, in the long run."""
    return float("inf") if truth.attrition == 0 else -12 / float(np.log1p(-truth.attrition))


def _wait(truth: Truth, rng: np.random.Generator, n: int) -> Array:
    median = truth.fill_days if truth.fill_days is not None else 45.0
    days: Array = np.maximum(np.rint(median * np.exp(truth.fill_spread * rng.standard_normal(n))), 1)
    return days.astype(int)


def _holders(
    truth: Truth,
    seed: int,
    kind: str,
    seat: Array,
    hired: Array | None,
    calendar: Array,
    as_of: np.datetime64,
    refill: bool,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The holders of seats one after another from the day of hire; without one, from those there at first.

    Who is there when the data begin is met more likely the longer he stays, so that his stay is drawn
    with its length as weight and its beginning anywhere in it: leaving is in a steady state from then on.
    """
    begin, end = calendar[0].astype("datetime64[D]"), (calendar[-1] + MONTH).astype("datetime64[D]")
    never = end + 36_500 * DAY
    stay_mean = _mean_stay(truth)
    scale = gamma(1 + 1 / truth.leave_shape)
    people: list[dict[str, Array]] = []
    posts: list[dict[str, Array]] = []
    here = np.ones(len(seat), dtype=bool) if hired is None else hired < end
    generation = 0
    while here.any():
        rng = stream(seed, kind, generation)  # drawn for all seats, so that a seat's people are its own
        first = hired is None
        ability, z = _ability(truth, rng, len(seat), truth.weak_leave if first and truth.attrition else 0.0)
        # Scaled so that the mean stay, and with it the leavers of a year, is as stated.
        rate = np.exp(-truth.weak_leave * z) * _mean_of(truth, truth.weak_leave)
        drawn = rng.gamma(1 + 1 / truth.leave_shape if first else 1.0, 1.0, len(seat))
        unit = drawn ** (1 / truth.leave_shape) / scale
        stay = np.minimum(np.ceil(unit * stay_mean / rate * MONTH_DAYS), FOREVER).astype(int)
        stay = np.maximum(stay, 1)
        if hired is None:
            within = stay if truth.attrition else SPAN * MONTH_DAYS
            ago = np.floor(rng.random(len(seat)) * within).astype(int)
            stay -= np.maximum(ago - OLDEST, 0)
            hired = begin - np.minimum(ago, OLDEST) * DAY
        odds = rng.standard_normal(len(seat)) * truth.win_spread
        wait = _wait(truth, rng, len(seat))
        left = np.minimum(hired + stay * DAY, never)
        win = 1 / (1 + np.exp(-odds) * (1 - truth.win_rate) / truth.win_rate)
        columns = {"seat": seat, "hired": hired, "left": left, "ability": ability, "win_rate": win, "z": z}
        columns["leave_a_month"] = np.where(np.isinf(stay_mean), 0.0, rate / stay_mean)
        people.append({name: values[here] for name, values in columns.items()})
        leaver = here & (left < end)
        again = leaver & (truth.fill_days is not None) & ((left <= as_of) | bool(refill))
        filled = np.where(again, left + wait * DAY, NOT_A_DAY)
        posts.append({"seat": seat[leaver], "opened": left[leaver], "filled": filled[leaver]})
        hired = np.where(again, left + wait * DAY, never)
        here = again & (hired < end)
        generation += 1
    return _joined(people), _joined(posts)


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _ability(truth: Truth, rng: np.random.Generator, n: int, tilt: float) -> tuple[Array, Array]:
    """Ability with a mean of one, and how many standard deviations it lies off, weighted by exp(tilt·z)."""
    if truth.groups:  # a quarter are strong
        strong = 0.25 * np.exp(tilt * STRONG) / _mean_of(truth, tilt)
        z = np.where(rng.random(n) < strong, STRONG, -1 / STRONG)
    else:
        z = rng.standard_normal(n) + tilt
    return np.exp(truth.spread * z) / _mean_of(truth, truth.spread), z


def _mean_of(truth: Truth, k: float) -> float:
    """The mean of exp(k·z) over people."""
    if truth.groups:
        return float(0.25 * np.exp(k * STRONG) + 0.75 * np.exp(-k / STRONG))
    return float(np.exp(k**2 / 2))


def _months(truth: Truth, seed: int, calendar: Array, as_of: np.datetime64) -> dict[str, Array]:
    """Season, trend and shocks (months × teams) of each month."""
    teams = -(-truth.seats // truth.team)
    noise = stream(seed, "shocks").standard_normal((len(calendar), teams + 1))
    state = noise.copy()
    for t in range(1, len(calendar)):
        state[t] = truth.memory * state[t - 1] + np.sqrt(1 - truth.memory**2) * noise[t]
    joint = np.sqrt(truth.shared) * state[:, :1] + np.sqrt(1 - truth.shared) * state[:, 1:]
    middle: Array = calendar.astype("datetime64[D]") + 15 * DAY
    years = (middle - as_of).astype(int) / 365.25
    return {
        "month": calendar,
        "season": truth.seasonal()[calendar.astype(int) % 12],
        "trend": (1 + truth.trend) ** years,
        "shock": np.exp(truth.shock * joint - truth.shock**2 / 2),
    }


def _worked(people: dict[str, Array], calendar: Array) -> tuple[Array, Array, Array]:
    """First day and number of days worked, and the tenure amid them in months: people × months."""
    start = calendar.astype("datetime64[D]")[None, :]
    stop = (calendar + MONTH).astype("datetime64[D]")[None, :]
    since = np.maximum(start, people["hired"][:, None])
    days = np.maximum((np.minimum(stop, people["left"][:, None]) - since).astype(int), 0)
    tenure = ((since - people["hired"][:, None]).astype(int) + days / 2) / MONTH_DAYS
    return since, days, tenure


def _deals(
    truth: Truth,
    seed: int,
    people: dict[str, Array],
    months: dict[str, Array],
    calendar: Array,
    as_of: np.datetime64,
    supported: float | None,
) -> dict[str, Array]:
    """Every deal that closes: closings by person and month first, their beginnings from the cycle."""
    since, days, tenure = _worked(people, calendar)
    length = (calendar + MONTH).astype("datetime64[D]") - calendar.astype("datetime64[D]")
    heads = people["ability"][:, None] * truth.ramped(tenure) * days / length.astype(int)
    seen = calendar <= as_of.astype("datetime64[M]")
    if supported is not None:
        all_heads = heads.sum(axis=0)
        excess = np.maximum(all_heads - supported, 0.0)
        useful = np.minimum(all_heads, supported) + supported * -np.expm1(-excess / supported)
        heads = heads * np.where(seen, 1.0, useful / np.maximum(all_heads, 1e-12))
    team = team_of(truth, people["seat"])
    mean = truth.wins / 3 * heads * months["season"] * months["trend"] * months["shock"].T[team]
    lose = (1 - people["win_rate"]) / people["win_rate"]
    known = people["hired"] <= as_of
    parts = []
    for name, chosen, when in (
        ("past", known, seen),
        ("coming", known, ~seen),
        ("hires", ~known, seen | True),
    ):
        rng = stream(seed, "deals", name)
        who, column = np.flatnonzero(chosen), np.flatnonzero(when)
        block = mean[np.ix_(who, column)]
        for outcome, rate in ((True, block), (False, block * lose[who, None])):
            count = rng.poisson(rate)
            person, month = (np.repeat(index, count.ravel()) for index in _grid(who, column))
            parts.append(_closings(truth, rng, person, month, since, days, outcome))
    return _joined(parts)


def _grid(who: Array, column: Array) -> tuple[Array, Array]:
    return np.repeat(who, len(column)), np.tile(column, len(who))


def _closings(
    truth: Truth, rng: np.random.Generator, person: Array, month: Array, since: Array, days: Array, won: bool
) -> dict[str, Array]:
    n = len(person)
    closed = since[person, month] + np.floor(rng.random(n) * days[person, month]).astype(int) * DAY
    mean = truth.cycle_days if won else truth.lost_days
    cycle = np.rint(rng.gamma(truth.cycle_shape, mean / truth.cycle_shape, n)).astype(int)
    if truth.pareto is None:
        size = np.exp(truth.sigma * rng.standard_normal(n) - truth.sigma**2 / 2)
    else:
        size = (truth.pareto - 1) / truth.pareto * (1 + rng.pareto(truth.pareto, n))
    return {
        "person": person,
        "won": np.full(n, won),
        "created": closed - cycle * DAY,
        "closed": closed,
        "expected": closed + np.rint(rng.normal(0, 0.2 * mean, n)).astype(int) * DAY,
        "cents": np.maximum(np.rint(truth.deal * size * 100), 1).astype(np.int64),
    }
