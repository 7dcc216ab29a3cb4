"""What people sell and who of them leaves, learned together, since survivors are not like the hires.

Whoever is seen at the beginning has stayed until then, and the records of those who left are short. A
person's likelihood is therefore that of the record (negative binomial: a gamma mixture of Poisson counts),
times that of staying as long as was seen and of leaving, over that of staying until the data begin (left
truncation; Klein and Moeschberger 2003, section 3.4), each averaged over the own factor. The hazard goes
with the own factor to the power −w. The mean of those who are hired, their spread and w are weighed
together over a grid, so that what is uncertain of one is uncertain of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats
from scipy.special import gammaln

from salesops_nb.forecast.learning.attrition import BANDS, PRIOR_WEAKER, WEAKER, Hazard
from salesops_nb.forecast.learning.inputs import Floats, Ints
from salesops_nb.forecast.learning.productivity import PRIOR_LOG_SPREAD, PRIOR_VARIANCE, SPREADS

MEANS: Floats = np.exp(np.linspace(-0.5, 0.5, 15))  # candidates of the hires' mean over the level
PRIOR_LOG_MEAN = 0.4
PASSES = 2  # typical factors need the people's, which need the typical ones
AT_ONCE = 100  # people
CELLS = 60  # draws from the grid by which a person's own factor is averaged
_NODES, _WEIGHT = np.polynomial.hermite_e.hermegauss(7)
_WEIGHT = _WEIGHT / _WEIGHT.sum()


@dataclass(frozen=True)
class Record:
    """By spell: bookings and what was expected at an own factor of one, both over the dispersion.

    `faded` are the two as far as they still count; `before` and `seen` the months in each band of tenure
    before the data begin and within them, `left` one where the person left.
    """

    count: Floats
    mean: Floats
    faded: tuple[Floats, Floats]
    before: Floats
    seen: Floats
    left: Floats


@dataclass(frozen=True)
class Own:
    """The grid's weights by role, `WEAKER` × `SPREADS` × `MEANS` (a sum of one), and what follows from them.

    `weaker` is the weight of each power, `typical` powers × bands the mean of own factors to it over the
    months at risk; `shape` and `rate` are each spell's gamma of its own factor, `lean` how far it moves with
    the hires' mean.
    """

    joint: Floats
    weaker: Floats
    typical: Floats
    shape: Floats
    rate: Floats
    lean: Floats


def learn_own(record: Record, role: Ints, roles: int, hazard: Hazard, leavers_known: bool) -> Own:
    """The grid's weights and each spell's own factor; nothing of leavers where they are not known."""
    powers = WEAKER if leavers_known else WEAKER[:1]
    typical = np.ones((len(powers), len(BANDS)))
    shape = 1.0 / PRIOR_VARIANCE + record.count
    rate = 1.0 / PRIOR_VARIANCE + record.mean
    for _ in range(PASSES):
        typical = _typical(shape, rate, record.seen, powers)
        log = np.stack([_grid(_some(record, role == r), hazard, powers, typical) for r in range(roles)])
        prior = -0.5 * (powers / PRIOR_WEAKER) ** 2
        by_power = np.array([_log_sum(each) for each in log.reshape(-1, log[0, 0].size)])
        by_power = prior + by_power.reshape(roles, len(powers)).sum(axis=0)
        weaker = _share(by_power)
        joint = np.stack([[_share(each) for each in mine] for mine in log]) * weaker[:, None, None]
        shape, rate, lean = _people(record, role, joint, hazard, powers, typical)
    if not leavers_known:
        nothing = np.zeros((roles, len(WEAKER) - 1, *joint.shape[2:]))
        joint = np.concatenate([joint, nothing], axis=1)
        weaker = np.append(weaker, np.zeros(len(WEAKER) - 1))
        typical = np.ones((len(WEAKER), len(BANDS)))
    return Own(joint, weaker, typical, shape, rate, lean)


def _some(record: Record, which: Floats) -> Record:
    faded = record.faded[0][which], record.faded[1][which]
    rest = (record.before[which], record.seen[which], record.left[which])
    return Record(record.count[which], record.mean[which], faded, *rest)


def _share(log: Floats) -> Floats:
    weight = np.exp(log - log.max())
    out: Floats = weight / weight.sum()
    return out


def _log_sum(log: Floats) -> float:
    top = float(log.max())
    return top + float(np.log(np.exp(log - top).sum()))


def _typical(shape: Floats, rate: Floats, seen: Floats, powers: Floats) -> Floats:
    """Mean of own factors to each power, by band, over the months at risk."""
    factor = _nodes(shape) / rate[:, None]
    months = seen.sum(axis=0)
    out = np.ones((len(powers), len(BANDS)))
    for k, power in enumerate(powers):
        each = (factor**-power) @ _WEIGHT
        whole = float(each @ seen.sum(axis=1) / max(months.sum(), 1e-9)) if months.sum() > 0 else 1.0
        # a band of which little is known leans on all of them
        out[k] = (each @ seen + 24.0 * whole) / (months + 24.0)
    return out


def _nodes(shape: Floats) -> Floats:
    """Gamma variates of rate one at the nodes of a normal one (Wilson and Hilferty 1931); a new last axis."""
    a = np.asarray(shape)[..., None]
    out: Floats = a * np.maximum(1.0 - 1.0 / (9.0 * a) + _NODES / (3.0 * np.sqrt(a)), 0.03) ** 3
    return np.maximum(out, 1e-6)


@lru_cache(maxsize=1)
def _prior_nodes() -> Floats:
    """Own factors of hires over their mean, spreads × equally likely nodes."""
    at = (np.arange(16) + 0.5) / 16
    shape = 1.0 / SPREADS[:, None] ** 2
    out: Floats = stats.gamma.ppf(at, shape) / shape
    return np.maximum(out, 1e-3)


def _grid(record: Record, hazard: Hazard, powers: Floats, typical: Floats) -> Floats:
    """Logarithm of the likelihood times the prior, powers × spreads × means."""
    size = len(powers), len(SPREADS), len(MEANS)
    prior = -0.5 * (np.log(SPREADS / np.sqrt(PRIOR_VARIANCE)) / PRIOR_LOG_SPREAD) ** 2
    log: Floats = np.zeros(size) + prior[:, None] - 0.5 * (np.log(MEANS) / PRIOR_LOG_MEAN) ** 2
    known = np.flatnonzero(record.mean > 0)
    shape = 1.0 / SPREADS[:, None] ** 2
    rate = shape / MEANS
    fixed = shape * np.log(rate) - gammaln(shape)
    for at in range(0, len(known), AT_ONCE):
        mine = _some(record, known[at : at + AT_ONCE])
        a = shape[:, 0] + mine.count[:, None]  # people × spreads
        b = rate + mine.mean[:, None, None]  # people × spreads × means
        log += (fixed + gammaln(a)[:, :, None] - a[:, :, None] * np.log(b)).sum(axis=0)
        # single precision is plenty for what is averaged, and twice as fast
        log_own = (np.log(_nodes(a))[:, :, None, :] - np.log(b)[..., None]).astype(np.float32)
        staying, entered = mine.before + mine.seen, mine.before.sum(axis=1) > 0
        left = mine.left[:, None, None, None] > 0
        band = len(BANDS) - 1 - np.argmax(mine.seen[:, ::-1] > 0, axis=1)  # in which the person left
        for k, power in enumerate(powers):
            base = hazard.mean / typical[k]
            if power == 0:
                log[k] -= (mine.seen @ base).sum()
                continue
            factor = np.exp(np.float32(-power) * log_own)
            stays = np.exp(-(staying @ base).astype(np.float32)[:, None, None, None] * factor)
            seen = np.where(left, stays * factor, stays) @ _WEIGHT.astype(np.float32)
            log[k] += np.log(seen + 1e-37).sum(axis=0)
            log[k] -= np.log(typical[k])[band[mine.left > 0]].sum()
            hires = ((_prior_nodes()[:, None, :] * MEANS[:, None]) ** -power).astype(np.float32)
            spent = (mine.before[entered] @ base).astype(np.float32)
            alive = np.exp(-spent[:, None, None, None] * hires).mean(axis=-1)
            log[k] -= np.log(alive + 1e-37).sum(axis=0)
    return log


def _people(
    record: Record, role: Ints, joint: Floats, hazard: Hazard, powers: Floats, typical: Floats
) -> tuple[Floats, Floats, Floats]:
    """Each spell's gamma of its own factor, by its moments, and how far it leans on the hires' mean."""
    n = len(role)
    shape, rate, lean = np.ones(n), np.ones(n), np.zeros(n)
    rng = np.random.default_rng(0)
    for r, weight in enumerate(joint):
        mine = np.flatnonzero(role == r)
        if not len(mine):
            continue
        cells = np.searchsorted(np.cumsum(weight.ravel()), (rng.permutation(CELLS) + 0.5) / CELLS)
        k, s, _ = np.unravel_index(np.minimum(cells, weight.size - 1), weight.shape)
        middle = float(weight.sum(axis=(0, 1)) @ MEANS)
        prior = 1.0 / SPREADS[s] ** 2
        a = prior + record.faded[0][mine, None]
        b = prior / middle + record.faded[1][mine, None]  # the mean's uncertainty is all people's at once
        own = _nodes(a) / b[..., None]  # people × cells × nodes
        spent = (record.before + record.seen)[mine] @ (hazard.mean / typical).T  # people × powers
        power = powers[k]
        tilt = np.exp(-np.minimum(spent[:, k][..., None] * own ** -power[:, None], 50.0)) * _WEIGHT
        tilt /= tilt.sum(axis=-1, keepdims=True)
        mean = (tilt * own).sum(axis=(1, 2)) / len(k)
        square = (tilt * own**2).sum(axis=(1, 2)) / len(k)
        variance = np.maximum(square - mean**2, 1e-6 * mean**2)
        shape[mine], rate[mine] = mean**2 / variance, mean / variance
        lean[mine] = (prior / middle / b).mean(axis=1)
    return shape, rate, lean
