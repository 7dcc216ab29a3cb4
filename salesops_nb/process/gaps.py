"""How far teams are behind their peers in a stage: in how many deals go on, and in how long they stay.

'The best quartile of comparable teams' is the winner's curse: with nothing to find, the best of six teams
looks better than the others by luck, and the promise is 5 to 15 % of bookings. So teams are compared with all
their peers, only within strata (deal type, size band, source and, for conversion, month of the quarter), and
what they are found to be is drawn towards what all are:

- conversion by Mantel & Haenszel's statistic (1959), shrunk by a beta-binomial model
  (`statistics.shared_rate`); deals not decided yet are stood in for by those as old of their team (inverse
  probability of censoring, whose sum is Aalen & Johansen's estimate; Robins & Finkelstein 2000), and count
  for as many deals as they inform;
- time by the stratified log-rank test (Mantel 1966) with Peto's one-step ratio of hazards, shrunk by a normal
  model (DerSimonian & Laird 1986).

Sellers differ, also within a team, and a team of ten has few of them: by luck of the draw it looks better or
worse than its peers, however many deals it has. So how much sellers of one team differ is estimated in each
stage (DerSimonian & Laird 1986, on the scale of odds or hazards) and counts as chance between teams
(`_with_sellers`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from salesops_nb.core.statistics.shrinkage import shared_rate
from salesops_nb.process.history import Flags, Ints

Floats = NDArray[np.float64]
BINS = 64  # of time, by quantiles of a stage
LEAST = 0.1  # share still watched, from which a stand-in counts for no more
FEWEST = 30  # entries of a team that are compared in a stage
SELLERS = 4  # beyond the first of each team: fewer do not tell how much sellers of a team differ
DRAWS = 2_000
TAIL = 0.05  # of a 90 % interval


@dataclass(frozen=True)
class Gaps:
    """Stages × teams. `n` is how many entries were compared, `own` and `peers` the team's and its peers' rate
    or hazard ratio, `p` the chance that a team as good as its peers would look so bad. `gain` is what the
    team's flow would gain if it were as its peers, as a share of it, with a 90 % interval; for time it is the
    share of the days that would be saved, of the peers' days. `behind` is the logarithm of the ratio behind
    it, as counted and not drawn towards all, and `error` its standard error. Cells that are too small are
    missing (NaN), with `p` 1.
    """

    n: Floats
    own: Floats
    peers: Floats
    p: Floats
    gain: Floats
    low: Floats
    high: Floats
    behind: Floats
    error: Floats


@dataclass(frozen=True)
class Entries:
    """First entries into stages to be compared: codes of stage, team, seller and stratum, days to their end.

    `over` marks those that have ended, `onward` those that went on.
    """

    stage: Ints
    team: Ints
    seller: Ints
    stratum: Ints
    days: Floats
    over: Flags
    onward: Flags
    shape: tuple[int, int, int]

    def within(self, stratum: Ints, strata: int) -> Entries:
        """The same in other strata."""
        return replace(self, stratum=stratum, shape=(*self.shape[:2], strata))


def _bins(entries: Entries) -> Ints:
    """The bin of time of each entry, by quantiles of its stage."""
    out = np.zeros(len(entries.stage), np.int64)
    for stage in range(entries.shape[0]):
        mine = np.flatnonzero(entries.stage == stage)
        if len(mine):
            days = entries.days[mine]
            edges = np.unique(np.quantile(days, np.linspace(0, 1, BINS + 1)[1:-1]))
            out[mine] = np.searchsorted(edges, days, side="right")
    return out


def _watched(entries: Entries, bins: Ints) -> Floats:
    """How likely each entry was to be watched until its end: by stage, team and age, no less than `LEAST`."""
    stages, teams, _strata = entries.shape
    cell = (entries.stage * teams + entries.team) * BINS + bins
    size = stages * teams * BINS
    all_, cut = (np.bincount(cell, weights, size).reshape(-1, BINS) for weights in (None, ~entries.over))
    at_risk = np.cumsum(all_[:, ::-1], axis=1)[:, ::-1] - (
        all_ - cut
    )  # ends come before cuts of the same age
    stays = np.cumprod(1 - cut / np.maximum(at_risk, 1), axis=1)
    before = np.concatenate([np.ones((len(stays), 1)), stays[:, :-1]], axis=1)
    found: Floats = np.maximum(before.reshape(-1)[cell], LEAST)
    return found


def conversion_gaps(entries: Entries, rng: np.random.Generator) -> Gaps:
    """Where fewer deals go on from a stage than of the team's peers."""
    stages, teams, strata = entries.shape
    weight = np.where(entries.over, 1 / _watched(entries, _bins(entries)), 0.0)
    cell = entries.stage * teams + entries.team
    size = stages * teams
    total, squares = (np.bincount(cell, weight**power, size) for power in (1, 2))
    weight = weight * (total / np.maximum(squares, 1e-300))[cell]  # as many as they inform (Kish)
    fine = (entries.stage * strata + entries.stratum) * teams + entries.team
    full = stages * strata * teams
    n = np.bincount(fine, weight, full).reshape(stages, strata, teams)
    k = np.bincount(fine, weight * entries.onward, full).reshape(stages, strata, teams)
    expected, variance = _alike(n, k)
    observed, entered = k.sum(axis=1), n.sum(axis=1)
    usual = (k.sum(axis=2) / np.maximum(n.sum(axis=2), 1e-300))[entries.stage, entries.stratum]
    spread, freedom = _with_sellers(
        entries, weight * (entries.onward - usual), weight * usual * (1 - usual), variance
    )
    seen = np.bincount(cell, minlength=size).reshape(stages, teams).astype(float)
    used = (entered >= FEWEST) & (variance > 0.5) & ~np.isnan(spread)
    out = _empty(stages, teams, seen)
    for stage in range(stages):
        some = np.flatnonzero(used[stage])
        if len(some) < 2:
            continue
        o, e, v = (each[stage, some] for each in (observed, expected, spread))
        mean = float(observed[stage].sum() / entered[stage].sum())
        worth = (1 - mean) * e**2 / (mean * v)  # trials whose rate is as sure as this ratio
        rate = np.clip(mean * o / e, 0.0, 1.0)
        # rounded, so that the order of the rows, which moves the last digit, does not move the draws
        shrunk = shared_rate(np.round(rate * worth, 6), np.round(worth, 6))
        drawn = shrunk.draws(rng, DRAWS)
        peers = _peers(rate[None], worth)[0]
        out.own[stage, some], out.peers[stage, some] = rate, peers
        with np.errstate(divide="ignore", invalid="ignore"):
            odd = [(1 - each) / (each * n) for each, n in ((rate, worth), (peers, worth.sum() - worth))]
            out.behind[stage, some], out.error[stage, some] = np.log(peers / rate), np.sqrt(odd[0] + odd[1])
        out.p[stage, some] = special.stdtr(freedom[stage], (o - e + 0.5) / np.sqrt(v))
        estimate = shrunk.estimate
        gain = _peers(estimate[None], worth)[0] / estimate - 1
        gains = _peers(drawn, worth) / np.maximum(drawn, 1e-6) - 1
        low, high = np.quantile(gains, [TAIL, 1 - TAIL], axis=0)
        _gains(out, stage, some, gain, (low, high))
    return out


def waiting_gaps(entries: Entries) -> Gaps:
    """Where deals stay longer in a stage than those of the team's peers."""
    stages, teams, strata = entries.shape
    bins = _bins(entries)
    cell = ((entries.stage * strata + entries.stratum) * BINS + bins) * teams + entries.team
    shape = (stages, strata, BINS, teams)
    size = int(np.prod(shape))
    ends = np.bincount(cell, entries.over, size).reshape(shape)
    all_ = np.bincount(cell, minlength=size).reshape(shape).astype(float)
    risk = np.cumsum(all_[:, :, ::-1], axis=2)[:, :, ::-1]
    expected, variance = _alike(risk, ends)
    observed, entered = ends.sum(axis=(1, 2)), all_.sum(axis=(1, 2))
    hazard = ends.sum(axis=3) / np.maximum(risk.sum(axis=3), 1)
    due, events = (
        np.cumsum(each, axis=2)[entries.stage, entries.stratum, bins]
        for each in (hazard, hazard * (1 - hazard))
    )
    spread, freedom = _with_sellers(entries, entries.over - due, events, variance)
    used = (entered >= FEWEST) & (variance > 0.5) & ~np.isnan(spread)
    out = _empty(stages, teams, entered)
    for stage in range(stages):
        some = np.flatnonzero(used[stage])
        if len(some) < 2:
            continue
        o, e, v, s = (each[stage, some] for each in (observed, expected, variance, spread))
        slower = (e - o) / v  # logarithm of how much longer than all its peers
        sure = v**2 / s  # one over its variance
        chance = float((sure * slower**2).sum()) - len(some)
        between = max(0.0, chance / float(sure.sum() - (sure**2).sum() / sure.sum()))
        share = between / (between + 1 / sure)
        middle, reach = share * slower, special.ndtri(1 - TAIL) * np.sqrt(share / sure)
        out.own[stage, some], out.peers[stage, some] = np.exp(slower), 1.0
        out.behind[stage, some], out.error[stage, some] = slower, 1 / np.sqrt(sure)
        out.p[stage, some] = special.stdtr(freedom[stage], (o - e + 0.5) / np.sqrt(s))
        between_ends = np.expm1(middle - reach), np.expm1(middle + reach)
        _gains(out, stage, some, np.expm1(middle), between_ends)
    return out


def _alike(at_risk: NDArray[Any], happened: NDArray[Any]) -> tuple[Floats, Floats]:
    """What teams that are all alike would have, and its variance (hypergeometric): stages × teams.

    The last axis is the teams, the first the stages; what is between is summed over.
    """
    whole, events = at_risk.sum(axis=-1, keepdims=True), happened.sum(axis=-1, keepdims=True)
    safe, between = np.maximum(whole, 1e-9), tuple(range(1, at_risk.ndim - 1))
    expected = (at_risk * events / safe).sum(axis=between)
    part = at_risk * (whole - at_risk) * events * (whole - events) / (safe**2 * np.maximum(whole - 1, 1e-9))
    return expected, np.where(whole > 1, part, 0.0).sum(axis=between)


def _with_sellers(
    entries: Entries, surplus: Floats, events: Floats, variance: Floats
) -> tuple[Floats, Floats]:
    """The variance of teams that are alike and whose sellers are not; with its degrees of freedom by stage.

    Parameters
    ----------
    surplus : what each entry has beyond what is expected of it: its seller's effect and chance.
    told : how much each entry says of that effect (Fisher's information).
    variance : of the teams, if sellers were alike: stages × teams.

    Returns
    -------
    The variance, and the degrees of freedom of Student's distribution that fits it; infinite where sellers
    of a team differ by no more than chance. Where sellers are too few to tell, the variance is missing: what
    one person does is then not told from what the team does.
    """
    stages, teams, _strata = entries.shape
    sellers = int(entries.seller.max(initial=-1)) + 1
    cell = (entries.stage * teams + entries.team) * sellers + entries.seller
    own, says = (
        np.bincount(cell, each, stages * teams * sellers).reshape(stages, teams, sellers)
        for each in (surplus, events)
    )
    all_ = np.maximum(says.sum(axis=2), 1e-300)
    apart = (own**2 / np.maximum(says, 1e-300)).sum(axis=2) - own.sum(axis=2) ** 2 / all_
    freedom = np.maximum((says > 0).sum(axis=2) - 1.0, 0.0).sum(axis=1)
    squares = (says**2).sum(axis=2)
    differ = np.maximum(apart.sum(axis=1) - freedom, 0) / np.maximum(
        (all_ - squares / all_).sum(axis=1), 1e-9
    )
    found: Floats = variance * (1 + differ[:, None] * squares / all_)
    found[freedom < SELLERS] = np.nan
    return found, np.where(differ > 0, np.maximum(freedom, 1), np.inf)


def _empty(stages: int, teams: int, n: Floats) -> Gaps:
    nan = [np.full((stages, teams), np.nan) for _ in range(7)]
    return Gaps(n, nan[0], nan[1], np.ones((stages, teams)), *nan[2:])


def _gains(out: Gaps, stage: int, some: Ints, gain: Floats, ends: tuple[Floats, Floats]) -> None:
    out.gain[stage, some] = np.maximum(gain, 0.0)
    out.low[stage, some], out.high[stage, some] = ends


def _peers(values: Floats, weight: Floats) -> Floats:
    """For each team the weighted mean of the others; draws × teams."""
    total = (values * weight).sum(axis=1, keepdims=True)
    found: Floats = (total - values * weight) / (weight.sum() - weight)
    return found
