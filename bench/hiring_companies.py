"""Companies whose truth is known: three years seen, the fourth kept back.

Written apart from the package on purpose: reps are walked month by month in plain Python, and the
truth has what the method does not know: other ramp shapes, weak reps who leave more, log-normal
own factors, deals of skewed size, a market with memory.
"""

from __future__ import annotations

from bisect import bisect_right
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from zlib import crc32

import numpy as np
import pandas as pd

DAYS = 30.4375
START = date(2023, 1, 1)
SEEN, TOTAL = 36, 48


@dataclass(frozen=True)
class Setting:
    """What is special about some companies; what is not given is drawn for each."""

    name: str
    heads: tuple[int, int] = (15, 60)
    trend: tuple[float, ...] = (0.0,)  # of a ramped rep's output, a year
    s_shaped: bool = False
    sizes: float = 0.8  # standard deviation of the logarithm of deals' sizes
    weak_leave: tuple[float, float] = (0.0, 0.6)  # hazard in proportion to own factor to this power, less
    spread: tuple[float, float] = (0.2, 0.5)
    yearly: tuple[float, float] = (0.12, 0.42)  # hazard, a year
    drift: float = 0.0  # a rep's own change in a year, log scale


PLAIN = Setting("as drawn")
SETTINGS = (
    PLAIN,
    Setting("trend of ±10 % a year", trend=(-0.1, 0.1)),
    Setting("6 to 10 seats", heads=(6, 10)),
    Setting("6 to 10 seats, trend of ±10 % a year", heads=(6, 10), trend=(-0.1, 0.1)),
    Setting("S-shaped ramp", s_shaped=True),
    Setting("weak people leave more", weak_leave=(0.8, 1.6), spread=(0.35, 0.6)),
    Setting("heavy-tailed deals", sizes=1.3),
    Setting("reps change by 15 % a year", drift=0.15),
    Setting("half leave each year, much unlike", yearly=(0.45, 0.7), spread=(0.5, 0.8)),
)
ALL_AT_ONCE = Setting("", trend=(-0.1,), s_shaped=True, sizes=1.3, weak_leave=(0.8, 1.6), spread=(0.35, 0.6))
UNSEEN = (  # not looked at while the method was made
    replace(ALL_AT_ONCE, name="all at once, 25 seats, -10 % a year", heads=(25, 25)),
    replace(ALL_AT_ONCE, name="all at once, 60 seats, -10 % a year", heads=(60, 60)),
    replace(ALL_AT_ONCE, name="all at once, 12 seats, +15 % a year", heads=(12, 12), trend=(0.15,)),
)


@dataclass
class Truth:
    """What a company is really like."""

    heads: int
    level: float
    deals: float
    spread: float
    ramp_months: float
    ramp_power: float
    hazard: np.ndarray
    weak_leave: float
    fill_days: float
    fill_spread: float
    season: np.ndarray
    market: np.ndarray
    trend: float = 0.0
    s_shaped: bool = False
    sizes: float = 0.8
    drift: float = 0.0
    rng: np.random.Generator = field(repr=False, default_factory=np.random.default_rng)


def truth(seed: int, of: Setting = PLAIN) -> Truth:
    """A company of the setting, drawn at random."""
    rng = np.random.default_rng([2026, seed, crc32(of.name.encode())])
    season = np.exp(rng.normal(0, rng.uniform(0.0, 0.2), 12))
    spread, memory = rng.uniform(0.0, 0.1), rng.uniform(0.0, 0.9)
    market = np.empty(TOTAL)
    state = rng.normal(0, spread)
    for t in range(TOTAL):
        market[t] = np.exp(state - spread**2 / 2)
        state = memory * state + rng.normal(0, spread * np.sqrt(1 - memory**2))
    base = rng.uniform(*of.yearly) / 12
    trend = of.trend[seed % len(of.trend)]
    market = market * (1 + trend) ** (np.arange(TOTAL) / 12)
    return Truth(
        heads=int(rng.integers(of.heads[0], of.heads[1] + 1)),
        level=float(rng.uniform(30e3, 150e3)),
        deals=float(rng.uniform(1.0, 5.0)),
        spread=float(rng.uniform(*of.spread)),
        ramp_months=float(rng.uniform(3, 11)),
        ramp_power=float(rng.uniform(0.7, 1.5)),
        hazard=base * np.array([rng.uniform(0.8, 1.8), rng.uniform(0.8, 1.6), 1.0, rng.uniform(0.6, 1.0)]),
        weak_leave=float(rng.uniform(*of.weak_leave)),
        fill_days=float(rng.uniform(30, 90)),
        fill_spread=float(rng.uniform(0.3, 0.6)),
        season=season / season.mean(),
        market=market,
        trend=trend,
        s_shaped=of.s_shaped,
        sizes=of.sizes,
        drift=of.drift,
        rng=rng,
    )


@dataclass
class Rep:
    """One person: time in months from the start of the data, negative before it."""

    name: str
    hired: float
    factor: float
    left: float = np.inf


def _day(month: float) -> date:
    return START + timedelta(days=round(month * DAYS))


def _factor(t: Truth) -> float:
    return float(np.exp(t.rng.normal(-(t.spread**2) / 2, t.spread)))


def _leaves(t: Truth, rep: Rep, month: float, step: float = 1.0) -> bool:
    band = bisect_right((6, 12, 24), max(month - rep.hired, 0))
    rate = t.hazard[band] * rep.factor**-t.weak_leave
    return bool(t.rng.random() < 1 - np.exp(-rate * step))


def _ramp(t: Truth, tenure: float) -> float:
    if t.s_shaped:  # logistic: half of full output at ramp_months ÷ 2, all but a fiftieth at ramp_months
        return float(1 / (1 + np.exp(-8 * (max(tenure, 0.0) / t.ramp_months - 0.5))))
    return float(min(1.0, max(tenure, 0.0) / t.ramp_months) ** t.ramp_power)


@dataclass
class Company:
    """A company's people, vacancies (opened, filled, in months) and deals up to some month."""

    truth: Truth
    reps: list[Rep]
    vacancies: list[list[float]]
    deals: list[tuple[str, date, float]] = field(default_factory=list)
    total: list[float] = field(default_factory=list)

    def again(self) -> Company:
        """The same company, to go another way from here; luck begins alike."""
        t = replace(self.truth, rng=deepcopy(self.truth.rng))
        reps, seats = [replace(rep) for rep in self.reps], [list(seat) for seat in self.vacancies]
        return Company(t, reps, seats, list(self.deals), list(self.total))

    def run(self, months: range, replace: bool = True, supported: float = np.inf) -> None:
        """Walks through months: leavers, replacements, joiners, deals."""
        t = self.truth
        for month in months:
            for rep in self.reps:
                if rep.hired < month + 1 and rep.left == np.inf and _leaves(t, rep, month):
                    rep.left = max(month + t.rng.random(), rep.hired + 0.01)
                    if replace:
                        self.open(rep.left)
            self._join(month)
            self._sell(month, supported)

    def open(self, month: float) -> None:
        """Opens a requisition, which is filled after a random time."""
        t = self.truth
        wait = np.exp(np.log(t.fill_days) + t.fill_spread * t.rng.normal()) / DAYS
        self.vacancies.append([month, month + wait, 0.0])

    def _join(self, month: int) -> None:
        for seat in self.vacancies:
            if not seat[2] and seat[1] < month + 1:
                seat[2] = 1.0
                self.reps.append(Rep(f"P{len(self.reps):04d}", seat[1], _factor(self.truth)))

    def _sell(self, month: int, supported: float) -> None:
        t, strength = self.truth, []
        for rep in self.reps:
            if t.drift:
                rep.factor *= float(np.exp(t.rng.normal(0, t.drift / np.sqrt(12))))
            share = min(month + 1, rep.left) - max(month, rep.hired)
            worth = max(share, 0.0) * rep.factor * _ramp(t, month + 0.5 - rep.hired)
            strength.append(worth)
        heads = sum(strength)
        excess = max(heads - supported, 0.0)
        squeeze = (supported - supported * np.expm1(-excess / supported)) / heads if excess > 0 else 1.0
        rate = t.deals * t.season[month % 12] * t.market[month] * squeeze
        counts = t.rng.poisson(rate * np.array(strength))
        size = t.level / t.deals
        first, many = _month_start(month), int(counts.sum())
        length = (_month_start(month + 1) - first).days
        amounts = np.exp(t.rng.normal(-(t.sizes**2) / 2, t.sizes, many)) * size
        days = [first + timedelta(days=n) for n in range(length)]
        owners = np.repeat([rep.name for rep in self.reps], counts).tolist()
        at = t.rng.integers(length, size=many).tolist()
        self.deals += zip(owners, map(days.__getitem__, at), amounts.tolist(), strict=True)
        self.total.append(float(amounts.sum()))

    def tables(self) -> dict[str, pd.DataFrame]:
        """What the company's systems show after three years."""
        seen = [r for r in self.reps if r.hired < SEEN]
        people = pd.DataFrame(
            {
                "person_id": [r.name for r in seen],
                "name": [r.name for r in seen],
                "role": "AE",
                "hired_on": [_day(r.hired) for r in seen],
                "left_on": [_day(r.left) if r.left < SEEN else None for r in seen],
            }
        )
        deals = pd.DataFrame(self.deals, columns=["owner_id", "closed_on", "amount"]).assign(outcome="won")
        known = [v for v in self.vacancies if v[0] < SEEN]
        vacancies = pd.DataFrame(
            {
                "role": "AE",
                "opened_on": [_day(v[0]) for v in known],
                "filled_on": [_day(v[1]) if v[1] < SEEN else None for v in known],
            }
        )
        return {"people": people, "deals": deals, "vacancies": vacancies}


def _month_start(month: int) -> date:
    return date(START.year + month // 12, month % 12 + 1, 1)


def company(seed: int, of: Setting = PLAIN) -> Company:
    """A company after three years, with a history of hires before the data begin."""
    t = truth(seed, of)
    before: list[Rep] = []
    seats = [-float(v) for v in t.rng.uniform(3, 60, t.heads)]
    for n, seat in enumerate(seats):
        rep = Rep(f"P{n:04d}", seat, _factor(t))
        for month in np.arange(np.floor(seat), 0):  # seats' earlier holders left and were replaced
            if _leaves(t, rep, month):
                rep = Rep(f"P{n:04d}", min(month + t.fill_days / DAYS, -0.01), _factor(t))
        before.append(rep)
    out = Company(t, before, [])
    out.run(range(SEEN))
    return out
