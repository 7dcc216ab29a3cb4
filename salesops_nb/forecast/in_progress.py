"""What a period in progress will still bring: from deals that are open, and from deals not made yet.

Deals are looked at as they stood on the same day of earlier months (a landmark), and followed from there
month by month: of those in this stage and of this age, how many were won in the rest of that month, in the
next one, and so on. Rates of small groups are drawn towards those of their stage and of all; each month of a
quarter has its own, because many sell at its end. Deals not made yet come as they came after earlier
landmarks, for each deal made in the three months before. What whole months had in common beyond chance is
learned from how far earlier landmarks came out otherwise than this tells. Deals of different types (new,
renewal) are not pooled: each type is learned by itself as soon as it has the months for it, and all are
added up.

Landmarking: H. van Houwelingen and H. Putter, *Dynamic Prediction in Clinical Survival Analysis* (2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from salesops_nb.forecast.deal_lives import NEVER, Bools, Floats, Ints, Lives

LANDMARKS = 36  # months looked back at most
FEWEST = 4  # landmarks without which nothing is said
FUTURES = 4_000
_BANDS = np.array([15, 45, 75, 105, 195, 380])  # ages in days between which deals are alike
_LATER = 4  # months ahead from which on all are alike
_FIRM = 25.0  # deals that the expected rate of a group weighs beside its own
_SEASON = 20.0  # expected wins that weigh for an ordinary month of the quarter, or an ordinary stage
_FORGET = 0.97  # what a month further back weighs
_LARGE = 300  # deals, the largest, drawn one by one
_RECENT = 92  # days in which deals made say how many are being made
_SHOCKS = np.linspace(0.0, 0.8, 33)


class Months(NamedTuple):
    """The starts of months in a row, as days from 1970, and which month of its quarter (0 to 2) each is."""

    start: Ints
    position: Ints

    def cut(self, month: int, into: float, last: int) -> Ints:
        """Days between which a landmark is followed: its day, then the starts of months up to `last`."""
        first = self.start[month]
        day = first + round(into * (self.start[month + 1] - first))
        return np.concatenate([[day], self.start[month + 1 : last + 2]]).astype(np.int64)


class Part(NamedTuple):
    """What deals of one kind bring, in means: what is booked, what open deals and deals not made yet add.

    `alone`: all is learned from deals of this kind; else there are too few months of them, and what becomes
    of deals is learned from those of every kind.
    """

    kind: str
    booked: float
    from_open: float
    from_new: float
    open_deals: int
    alone: bool


@dataclass(frozen=True)
class InProgress:
    """What a period may bring from a day on; `made` has a value a future, `booked` is in it already.

    `from_open` and `from_new` are the means of what open deals and deals not made yet bring; `landmarks`
    says how many earlier months it was learned from. `parts` are those of each kind of deal, which sum to it.
    """

    booked: float
    made: Floats
    from_open: float
    from_new: float
    open_deals: int
    landmarks: int
    parts: tuple[Part, ...] = ()

    def quantiles(self, shares: Sequence[float] = (0.1, 0.5, 0.9)) -> list[float]:
        """Bookings that the period stays below with the given probabilities."""
        return [float(value) for value in np.quantile(self.made, shares)]

    def probability(self, target: float) -> float:
        """Chance that the period reaches a target."""
        return float((self.made >= target).mean())


@dataclass(frozen=True)
class Followed:
    """One landmark: by group and month ahead, the deals at risk, won and lost; and what was booked.

    `sums` are value and squared value of the open deals by group; `new_won` counts wins of deals that came
    later, `made` the bookings of the scope, `recent` the deals of the scope made in the three months before.
    """

    at_risk: Floats
    won: Floats
    lost: Floats
    sums: Floats
    new_won: Floats
    made: Floats
    recent: int
    ratio: tuple[float, float, float]


@dataclass(frozen=True)
class Rates:
    """Chances a month of being won and lost, by group and month ahead, before the season of the quarter."""

    won: Floats
    lost: Floats
    cases: Floats
    season_won: Floats
    season_lost: Floats
    new: Floats
    new_season: Floats
    new_cases: float
    survives: float
    spread: float


def forecast(
    lives: Lives,
    months: Months,
    day: int,
    end: int,
    start: int,
    futures: int = FUTURES,
    today: bool = True,
) -> InProgress | None:
    """Bookings of a period from `start` to `end` as seen at the start of a day.

    None where the history is too short to say.

    Parameters
    ----------
    lives : all deals; what is of the day or later is not looked at.
    months : those of the history and of the period.
    day, end, start : days from 1970; `end` is the day after the period's last.
    today : whether the day is the one after the last that the data know; an earlier one is a backtest's.
    """
    known = lives.known(day)
    month, last = (int(np.searchsorted(months.start, each, "right")) - 1 for each in (day, end - 1))
    into = float(day - months.start[month]) / float(months.start[month + 1] - months.start[month])
    asked = _Asked(months, month, last, into, day, futures, today)
    rng = np.random.default_rng(11)
    found = []
    for kind, (own, among_all) in known.apart().items():
        alone = _learned(own, own, asked, rng)
        each = alone or (_learned(known, among_all, asked, rng) if own is not among_all else None)
        if each is None:
            return None
        mine = own.in_scope(own.won)
        booked = float(own.value[mine & (own.closed >= start) & (own.closed < day)].sum())
        found.append((kind, booked, each, alone is not None))
    if not found:
        return None
    shock = _shocks([each.misses for _, _, each, _ in found], last - month + 1, futures, rng)
    made = np.zeros(futures)
    shown = []
    for kind, booked, each, own_alone in found:
        made += booked + (each.open + each.new) * shock
        brought = float((each.open * shock).mean()), float((each.new * shock).mean())
        shown.append(Part(kind, booked, *brought, each.open_deals, own_alone))
    return InProgress(
        booked=sum(part.booked for part in shown),
        made=made,
        from_open=sum(part.from_open for part in shown),
        from_new=sum(part.from_new for part in shown),
        open_deals=sum(part.open_deals for part in shown),
        landmarks=min(each.landmarks for _, _, each, _ in found),
        parts=tuple(shown),
    )


class _Asked(NamedTuple):
    """Which stretch is forecast: from a day, so far into one month, to the end of the `last`."""

    months: Months
    month: int
    last: int
    into: float
    day: int
    futures: int
    today: bool


class _Learned(NamedTuple):
    """Futures of what deals of one kind bring, before what whole months have in common; and how far
    earlier landmarks came out otherwise."""

    open: Floats
    new: Floats
    open_deals: int
    landmarks: int
    misses: Floats


def _learned(known: Lives, scope: Lives, asked: _Asked, rng: np.random.Generator) -> _Learned | None:
    """What the deals of a scope bring, as learned from those known; None where the history is too short."""
    months, month, last, into, day, futures, today = asked
    width = last - month + 1
    began = int(known.created.min(initial=NEVER))
    back = min(LANDMARKS, month - int(np.searchsorted(months.start, began + _RECENT, "left")))
    if back < max(FEWEST, width + 2):
        return None
    groups = _Groups(known)
    seen = [follow(known, groups, months.cut(month - j, into, last - j), day) for j in range(1, back + 1)]
    position = np.array([months.position[month - j : last - j + 1] for j in range(back + 1)])
    rates = learn(seen, position[1:])
    now = _standing(scope, groups, months.cut(month, into, last)[0], today)
    typical = _typical(scope, day)
    open_part = _from_open(now, rates, position[0], typical, futures, rng)
    new_part = _from_new(rates, position[0], _recent(scope, day), typical, futures, rng)
    if scope is not known:
        seen = [follow(scope, groups, months.cut(month - j, into, last - j), day) for j in range(1, back + 1)]
    misses = _misses(seen, rates, position[1:], typical)
    return _Learned(open_part, new_part, int(now.scope.sum()), back, misses)


def _recent(lives: Lives, day: int) -> int:
    """Deals of the scope made in the three months before a day."""
    came = (lives.created >= day - _RECENT) & (lives.created < day)
    return int(lives.in_scope(came).sum())


class _Groups:
    """Deals alike in stage and age; group = stage × bands + band, the stage -1 being the first."""

    def __init__(self, lives: Lives) -> None:
        codes = lives.stages.value.astype(np.int64) if lives.stages is not None else np.zeros(0, np.int64)
        self.stages = int(codes.max(initial=-1)) + 2
        self.bands = len(_BANDS) + 1
        self.count = self.stages * self.bands

    def of(self, lives: Lives, deals: Ints, day: int) -> Ints:
        band = np.searchsorted(_BANDS, day - lives.created[deals], "right")
        return (lives.stage_at(deals, day) + 1) * self.bands + band


class _Standing(NamedTuple):
    """Open deals on a day: which, their groups, what they stand for, and whether they are of the scope."""

    deals: Ints
    group: Ints
    value: Floats
    scope: Bools


def _standing(lives: Lives, groups: _Groups, day: int, today: bool) -> _Standing:
    deals = lives.open_at(int(day))
    scope = np.ones(len(deals), bool) if lives.mine is None else lives.mine[deals]
    return _Standing(deals, groups.of(lives, deals, int(day)), lives.value_at(deals, int(day), today), scope)


def follow(lives: Lives, groups: _Groups, cuts: Ints, until: int) -> Followed:
    """A landmark followed over the months whose ends are known; what is not known yet is NaN."""
    width = len(cuts) - 1
    there = _standing(lives, groups, cuts[0], today=False)
    closed = lives.closed[there.deals]
    ahead = np.searchsorted(cuts, closed, "right") - 1  # the month ahead in which it closed; width: later
    ahead = np.minimum(ahead, width)

    def counted(chosen: Bools) -> Floats:
        flat = np.bincount(there.group[chosen] * (width + 1) + ahead[chosen],
                           minlength=groups.count * (width + 1))  # fmt: skip
        return flat.reshape(groups.count, width + 1).astype(float)

    ended = closed < NEVER
    won = lives.won[there.deals] & ended
    wins, losses = counted(won)[:, :width], counted(ended & ~won)[:, :width]
    start = np.bincount(there.group, minlength=groups.count).astype(float)[:, None]
    gone = np.cumsum(wins + losses, axis=1)
    at_risk = start - np.hstack([np.zeros((groups.count, 1)), gone[:, :-1]])
    unknown = cuts[1:] > until
    for counts in (wins, losses, at_risk):
        counts[:, unknown] = np.nan
    worth = np.nan_to_num(there.value, nan=0.0)
    blank = np.isnan(there.value)
    kinds = (worth, worth**2, blank.astype(float))
    sums = np.array([
        np.bincount(there.group, np.where(there.scope, kind, 0.0), minlength=groups.count) for kind in kinds
    ])  # fmt: skip
    later = lives.in_scope(lives.won) & (lives.closed >= cuts[0]) & (lives.closed < cuts[-1])
    at = np.searchsorted(cuts, lives.closed[later], "right") - 1
    made = np.bincount(at, lives.value[later], minlength=width).astype(float)[:width]
    new = lives.created[later] >= cuts[0]
    new_won = np.bincount(at[new], minlength=width).astype(float)[:width]
    made[unknown], new_won[unknown] = np.nan, np.nan
    both = won & (ahead < width) & ~blank & (worth > 0)
    got, stood = lives.value[there.deals][both], worth[both]
    share = got / stood
    ratio = (float(got.sum()), float(stood.sum()), float(((share - 1) ** 2).sum()) if len(share) else 0.0)
    return Followed(at_risk, wins, losses, sums, new_won, made, _recent(lives, int(cuts[0])), ratio)


def learn(seen: Sequence[Followed], position: Ints) -> Rates:
    """Rates from landmarks, the latest first; `position` is the month of the quarter of each month ahead."""
    weight: Floats = np.asarray(_FORGET ** np.arange(len(seen)), dtype=np.float64)
    width = seen[0].won.shape[1]
    band = np.minimum(np.arange(width), _LATER)
    risk, won, lost = (np.array([getattr(s, n) for s in seen]) for n in ("at_risk", "won", "lost"))
    known = ~np.isnan(won)
    risk, won, lost = (np.where(known, each, 0.0) for each in (risk, won, lost))
    weighted = weight[:, None, None]
    stages = risk.shape[1] // (len(_BANDS) + 1)

    def by_band(each: Floats) -> Floats:
        out = np.zeros((*each.shape[:-1], _LATER + 1))
        for k in range(width):
            out[..., band[k]] += each[..., k]
        return out

    def rate(events: Floats, season: Floats) -> tuple[Floats, Floats]:
        exposed = by_band((risk * season[position][:, None, :] * weighted).sum(axis=0))
        happened = by_band((events * weighted).sum(axis=0))
        pooled = (happened.sum(axis=0) + 0.5) / (exposed.sum(axis=0) + 1.0)
        for k in range(1, _LATER + 1):  # a month further ahead than any landmark was followed
            if not exposed[:, k].any():
                pooled[k] = pooled[k - 1]
        expected = _expected_of(happened, exposed, pooled, stages)
        return (happened + _FIRM * expected) / (exposed + _FIRM), exposed + _FIRM

    def season(events: Floats, made: Floats) -> Floats:
        expected = (risk * made[:, band][None] * weighted).sum(axis=1)
        happened = (events * weighted).sum(axis=1)
        return _seasonal(happened, expected, position)

    flat = np.ones(3)
    season_won, season_lost = flat, flat
    for _ in range(3):
        h_won, cases = rate(won, season_won)
        h_lost, _cases = rate(lost, season_lost)
        season_won, season_lost = season(won, h_won), season(lost, h_lost)
    new, new_season, new_cases = _new_rates(seen, weight, position)
    got, stood, squares = (sum(s.ratio[i] for s in seen) for i in range(3))
    wins = max(float(won.sum()), 1.0)
    survives = (got + 1e-9) / (stood + 1e-9) if stood > 0 else 1.0
    return Rates(
        h_won[:, band], h_lost[:, band], cases[:, band], season_won, season_lost, new, new_season, new_cases,
        float(survives), float(np.sqrt(squares / wins)),
    )  # fmt: skip


def _expected_of(happened: Floats, exposed: Floats, pooled: Floats, stages: int) -> Floats:
    """What each group's rate is drawn towards: that of its age, times what its stage has above the others.

    Each age is drawn towards the one before, so that ages few deals have reached go on as the last known one.
    """
    shape = (stages, happened.shape[0] // stages, happened.shape[1])
    events, cases = happened.reshape(shape), exposed.reshape(shape)
    by_age = np.empty(shape[1:])
    before = pooled
    for age in range(shape[1]):
        before = (events[:, age].sum(axis=0) + _FIRM * before) / (cases[:, age].sum(axis=0) + _FIRM)
        by_age[age] = before
    expected = (cases * by_age).sum(axis=1)
    of_stage = (events.sum(axis=1) + _SEASON) / (expected + _SEASON)
    made: Floats = (by_age[None] * of_stage[:, None]).reshape(happened.shape)
    return made


def _seasonal(happened: Floats, expected: Floats, position: Ints) -> Floats:
    """How much more than expected happens in each month of a quarter; together one."""
    at = [position == month for month in range(3)]
    made = np.array([(happened[q].sum() + _SEASON) / (expected[q].sum() + _SEASON) for q in at])
    scaled: Floats = made / made.mean()
    return scaled


def _new_rates(seen: Sequence[Followed], weight: Floats, position: Ints) -> tuple[Floats, Floats, float]:
    """Wins of deals not made yet, by month ahead, for each deal made in the three months before."""
    counts = np.array([s.new_won for s in seen])
    known = ~np.isnan(counts)
    counts = np.where(known, counts, 0.0)
    base = np.array([s.recent for s in seen], float)[:, None] * known
    season = np.ones(3)
    for _ in range(3):
        exposed = (base * season[position] * weight[:, None]).sum(axis=0)
        made = (counts * weight[:, None]).sum(axis=0) / np.maximum(exposed, 1e-9)
        for k in range(1, len(made)):
            if exposed[k] <= 0:
                made[k] = made[k - 1]
        season = _seasonal(counts * weight[:, None], base * made * weight[:, None], position)
    return made, season, float(counts.sum(axis=0).max())


def _typical(lives: Lives, day: int) -> tuple[float, float]:
    """Mean and mean square of what deals of the scope were won for in the year before a day."""
    own = lives.in_scope(lives.won & (lives.closed < day))
    year = own & (lives.closed >= day - 365)
    values = lives.value[year if year.sum() >= 20 else own]
    return (float(values.mean()), float((values**2).mean())) if len(values) else (0.0, 0.0)


def won_within(won: Floats, lost: Floats, rates: Rates, position: Ints) -> Floats:
    """The chance of being won within the months ahead: each month some are won, others lost, of the rest."""
    still = np.ones(won.shape[:-1])
    made = np.zeros(won.shape[:-1])
    for k in range(len(position)):
        a = np.minimum(won[..., k] * rates.season_won[position[k]], 0.98)
        b = np.minimum(lost[..., k] * rates.season_lost[position[k]], 0.98)
        scale = np.minimum(1.0, 0.99 / np.maximum(a + b, 1e-9))
        made += still * a * scale
        still = still * (1 - (a + b) * scale)
    return made


def _from_open(
    now: _Standing, rates: Rates, position: Ints, typical: tuple[float, float], futures: int,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Futures of what open deals of the scope bring: the largest one by one, the others by their groups."""
    group, value = now.group[now.scope], now.value[now.scope]
    blank = np.isnan(value) | (value <= 0)
    worth = np.where(blank, typical[0], value * rates.survives)
    square = np.where(blank, typical[1], worth**2 * (1 + rates.spread**2))
    won = rng.gamma(np.maximum(rates.won * rates.cases, 1e-3), size=(futures, *rates.won.shape)) / rates.cases
    p = won_within(won, np.broadcast_to(rates.lost, won.shape), rates, position)
    large = np.argsort(-worth, kind="stable")[:_LARGE]
    rest = np.ones(len(worth), bool)
    rest[large] = False
    hit = rng.random((futures, len(large))) < p[:, group[large]]
    sd = np.sqrt(np.log(np.maximum(square[large] / np.maximum(worth[large], 1e-9) ** 2, 1.0)))
    paid = worth[large] * np.exp(rng.standard_normal(hit.shape) * sd - sd**2 / 2)
    first, second, own = (
        np.bincount(group[rest], each[rest], minlength=p.shape[1]) for each in (worth, square, worth**2)
    )
    mean, var = p @ first, np.maximum(p @ second - (p**2) @ own, 0.0)
    together = np.maximum(mean + np.sqrt(var) * rng.standard_normal(futures), 0.0)
    out: Floats = (hit * paid).sum(axis=1) + together
    return out


def _from_new(
    rates: Rates, position: Ints, recent: int, typical: tuple[float, float], futures: int,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Futures of what deals not made yet bring: how many are won, and what they come to."""
    expected = float((rates.new * recent * rates.new_season[position]).sum())
    firm = rates.new_cases + 1.0
    count: Floats = rng.poisson(rng.gamma(firm, size=futures) * expected / firm).astype(np.float64)
    sd = np.sqrt(max(typical[1] - typical[0] ** 2, 0.0))
    if sd == 0:
        return np.asarray(count * typical[0], dtype=np.float64)
    shape = (typical[0] / sd) ** 2
    out: Floats = np.where(count > 0, rng.gamma(np.maximum(count * shape, 1e-9)) * typical[0] / shape, 0.0)
    return out


def _misses(seen: Sequence[Followed], rates: Rates, position: Ints, typical: tuple[float, float]) -> Floats:
    """At each landmark what came (NaN where it is not known), what the rates give, and its variance."""
    found = np.full((len(seen), 3), np.nan)
    for row, s, at in zip(found, seen, position, strict=True):
        if np.isnan(s.made).any():
            continue
        p = won_within(rates.won, rates.lost, rates, at)
        mean = p @ (s.sums[0] * rates.survives + s.sums[2] * typical[0])
        var = p @ (s.sums[1] * rates.survives**2 * (1 + rates.spread**2) + s.sums[2] * typical[1])
        count = float((rates.new * s.recent * rates.new_season[at]).sum())
        row[:] = s.made.sum(), mean + count * typical[0], var + count * typical[1]
    return found


def _shocks(misses: Sequence[Floats], width: int, futures: int, rng: np.random.Generator) -> Floats:
    """What a whole stretch of months has in common beyond chance: factors of mean one, a value a future.

    How far landmarks that are known to the end, of all kinds together, came out from what the rates give; a
    spread is as likely as they are, and landmarks that overlap count as so many less.
    """
    back = min(len(each) for each in misses)
    made, mean, var = np.sum([each[:back] for each in misses], axis=0).T
    known = ~np.isnan(made) & (mean > 0)
    e, v = made[known] / mean[known] - 1, var[known] / mean[known] ** 2
    spread = _SHOCKS[:, None] ** 2 + v[None, :]
    fit = -0.5 * (np.log(spread) + e[None, :] ** 2 / spread).sum(axis=1) / width - 0.5 * (_SHOCKS / 0.3) ** 2
    chance = np.exp(fit - fit.max())
    sd = rng.choice(_SHOCKS, futures, p=chance / chance.sum())
    out: Floats = np.exp(rng.standard_normal(futures) * sd - sd**2 / 2)
    return out
