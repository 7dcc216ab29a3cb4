"""Many futures of leavers, joiners, ramp and productivity at once.

A person's contribution to a month is own factor × full-time share × ramp, from the month of
joining to the month of leaving (half of which counts). People who join and leave in the same
months are added up first: the sum goes into cells by joining and leaving month, and the ramp is
applied once a cell. Luck is drawn for a role's month in one go: reps' variances add.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesops_nb.core.stopping import check
from salesops_nb.hiring.learning.attrition import tenure_at_exit
from salesops_nb.hiring.learning.inputs import DAYS_PER_MONTH, Floats, Ints
from salesops_nb.hiring.learning.kernels import by_month, place
from salesops_nb.hiring.learning.learned import Learned
from salesops_nb.hiring.learning.ramp import LONGEST
from salesops_nb.hiring.simulation.draws import Draws, draw, newcomer_factors, own_factors

Arrivals = tuple[Ints, Ints, Floats]  # future, month, full-time share
CHUNK_CELLS = 400_000  # people × futures handled at a time, to stay in the cache


@dataclass(frozen=True)
class Team:
    """Futures × roles × months: output in fully ramped heads, and heads at the month's end.

    `joined` counts the replacements that began, by future and role.
    """

    output: Floats
    heads: Floats
    joined: Floats


def base_team(learned: Learned, draws: Draws, replace_leavers: bool, seed: int) -> Team:
    """The people there today, those who have accepted, open vacancies, and replacements if asked for."""
    return teams(learned, draws, seed, replace_leavers)[int(replace_leavers)]


def teams(learned: Learned, draws: Draws, seed: int, replacing: bool = True) -> tuple[Team, Team]:
    """The same futures without replacing leavers, and (where asked for) with replacing each of them."""
    futures, roles, horizon = draws.luck.shape
    arrays = np.zeros((2, 2, futures, roles, horizon))
    joined = np.zeros((2, futures, roles))
    people = max(int(learned.panel.roster["present"].sum()) // roles, 20)
    each = max(people, (LONGEST + horizon) * (horizon + 1))
    step = max(CHUNK_CELLS // each, 16)
    for at in range(0, futures, step):
        part = slice(at, min(at + step, futures))
        for r in range(roles):
            check()
            rng = np.random.default_rng([seed, 1, r, at])
            made = _role(learned, draws, part, r, replacing, rng)
            for k, (output, heads, count) in enumerate(made):
                arrays[k, 0, part, r], arrays[k, 1, part, r], joined[k, part, r] = output, heads, count
    alone, replaced = (Team(arrays[k, 0], arrays[k, 1], joined[k]) for k in range(2))
    return alone, replaced if replacing else alone


def _role(
    learned: Learned, draws: Draws, part: slice, r: int, replacing: bool, rng: np.random.Generator
) -> list[tuple[Floats, Floats, Floats]]:
    """Output, heads and joiners of one role: without replacements and, where asked for, with them."""
    horizon = draws.luck.shape[2]
    cells = Cells(part.stop - part.start, horizon)
    ramp = learned.ramp[r].table(LONGEST + horizon)[draws.curve[part, r]]
    gone, accepted = _present(learned, draws, part, r, cells, rng)
    waiting = _waiting(learned, draws, part, r, rng)
    leavers = _join(draws, part, r, cells, accepted, rng), _join(draws, part, r, cells, waiting, rng)
    joined = np.bincount(waiting[0][waiting[1] < horizon], minlength=cells.futures).astype(float)
    out = [(*cells.summed(ramp), joined.copy())]
    if not replacing:
        return out
    gone = _together(gone, *leavers)
    while len(gone[0]):  # replacements leave too, and are replaced
        who, left, share = gone
        wait = _fill_months(learned, draws, part, who, rng)
        when = np.rint(left + rng.random(len(left)) + wait).astype(np.int64)
        joined += np.bincount(who[when < horizon], minlength=cells.futures)
        gone = _join(draws, part, r, cells, (who, when, share), rng)
    return [*out, (*cells.summed(ramp), joined)]


def _present(
    learned: Learned, draws: Draws, part: slice, r: int, cells: Cells, rng: np.random.Generator
) -> tuple[Arrivals, Arrivals]:
    """Puts today's people into the cells; returns who leaves and when, and who joins on a known day."""
    panel, made = learned.panel, learned.productivity
    roster = panel.roster
    here = np.flatnonzero(roster["present"].to_numpy() & (panel.role == r))
    coming = np.flatnonzero(roster["joining"].to_numpy() & (panel.role == r))
    fte = roster["fte"].to_numpy(dtype=float)
    tenure = roster["tenure"].to_numpy(dtype=float)
    begin = np.floor(-tenure[coming] + 0.5).astype(np.int64)
    n, futures = len(here), cells.futures
    unit = rng.standard_exponential((futures, n), dtype=np.float32)
    exit_at = tenure_at_exit(tenure[here].astype(np.float32), draws.hazard[part], unit)
    left = np.minimum(exit_at - tenure[here].astype(np.float32), cells.horizon).astype(np.int64)
    known = known_exit(learned)[here]
    left = np.where(known >= 0, known, left)
    left = np.clip(left, 0, cells.horizon)
    own = own_factors(made.shape[here], made.rate[here], futures, rng)
    weight = own * fte[here].astype(np.float32)
    young = LONGEST - np.minimum(np.rint(tenure[here]), LONGEST).astype(np.int64)
    cells.add_all(left, np.where(tenure[here] < LONGEST, young, -1), weight, fte[here])
    who, person = np.nonzero(left < cells.horizon)
    known_start = np.tile(begin, futures), np.tile(fte[coming], futures)
    accepted = (np.repeat(np.arange(futures), len(begin)), *known_start)
    return (who, left[who, person].astype(np.int64), fte[here][person]), accepted


def known_exit(learned: Learned) -> Ints:
    """Month of the horizon in which each spell is already known to end, −1 where it is not."""
    start = np.datetime64(learned.panel.months[-1].end, "D")
    days = (learned.panel.roster["left_on"].to_numpy().astype("datetime64[D]") - start).astype(float)
    months = np.floor(days / DAYS_PER_MONTH).astype(np.int64)
    far = days > 100 * 365
    return np.where(far | (days < 0), -1, months)


def _waiting(learned: Learned, draws: Draws, part: slice, r: int, rng: np.random.Generator) -> Arrivals:
    """Joining months of the vacancies already open, given how long they have waited."""
    from scipy.special import ndtr, ndtri

    rows = learned.vacancies[learned.vacancies["role"] == learned.panel.roles[r]]
    waited = rows["waited"].to_numpy(dtype=float)
    futures = part.stop - part.start
    centre, spread = draws.fill_centre[part, None], max(learned.fill.spread, 1e-6)
    past = ndtr((np.log(np.maximum(waited * DAYS_PER_MONTH, 1.0))[None, :] - centre) / spread)
    past = np.minimum(past, 0.99)
    z = ndtri(past + (1.0 - past) * rng.random((futures, len(waited))))
    when = np.exp(centre + spread * np.minimum(z, 4.0)) / DAYS_PER_MONTH - waited[None, :]
    start = np.rint(np.maximum(when, 0.0)).astype(np.int64)
    return np.repeat(np.arange(futures), len(waited)), start.ravel(), np.ones(start.size)


def _fill_months(learned: Learned, draws: Draws, part: slice, who: Ints, rng: np.random.Generator) -> Floats:
    z = rng.standard_normal(len(who))
    out: Floats = np.exp(draws.fill_centre[part][who] + learned.fill.spread * z) / DAYS_PER_MONTH
    return out


def _join(
    draws: Draws,
    part: slice,
    r: int,
    cells: Cells,
    arrivals: Arrivals,
    rng: np.random.Generator,
) -> Arrivals:
    """Puts joiners (future, month, share) into the cells; returns those who leave within the horizon."""
    inside = arrivals[1] < cells.horizon
    who, when, share = (values[inside] for values in arrivals)
    own = newcomer_factors(draws.variance[part, r][who], rng) * draws.newcomer[part, r][who]
    unit = rng.standard_exponential((len(who), 1))
    stay = tenure_at_exit(np.zeros(1), draws.hazard[part][who], unit)[:, 0]
    left = when + np.minimum(stay, 1e4).astype(np.int64)
    cells.add(who, when, np.minimum(left, cells.horizon), own * share, share)
    gone = left < cells.horizon
    return who[gone], left[gone], share[gone]


def _together(*parts: Arrivals) -> Arrivals:
    who, when, share = (np.concatenate(values) for values in zip(*parts, strict=True))
    return who, when, share


class Cells:
    """Sums of people by future, joining month (`LONGEST` before the horizon or later) and leaving month."""

    def __init__(self, futures: int, horizon: int) -> None:
        self.futures, self.horizon = futures, horizon
        shape = (futures, LONGEST + horizon, horizon + 1)
        self.weight, self.count = np.zeros(shape), np.zeros(shape)
        self.ramped_weight, self.ramped_count = (np.zeros((futures, horizon + 1)) for _ in range(2))

    def add(self, future: Ints, joined: Ints, left: Ints, weight: Floats, count: Floats) -> None:
        """Adds people: leaving month `horizon` means still there at the end."""
        cell = future, joined + LONGEST, left
        np.add.at(self.weight, cell, weight)
        np.add.at(self.count, cell, count)

    def add_all(self, left: Ints, joined: Ints, weight: Floats, fte: Floats) -> None:
        """Adds people who are there in every future; `left` and `weight` are futures × people.

        `joined` counts from `LONGEST` before the horizon; negative are people at full output, of
        whom only the month of leaving matters.
        """
        place(left, joined, weight, fte, self.weight, self.count, self.ramped_weight, self.ramped_count)

    def summed(self, ramp: Floats) -> tuple[Floats, Floats]:
        """Output and heads by future and month; `ramp` is futures × months since joining."""
        output, heads = (np.zeros((self.futures, self.horizon)) for _ in range(2))
        by_month(self.weight, ramp, LONGEST, 0.5, output)
        by_month(self.count, np.ones_like(ramp), LONGEST, 0.0, heads)
        for out, cells, half in ((output, self.ramped_weight, 0.5), (heads, self.ramped_count, 0.0)):
            later = np.cumsum(cells[:, ::-1], axis=1)[:, ::-1]
            out += later[:, 1:] + half * cells[:, :-1]
        return output, heads


def bookings(learned: Learned, draws: Draws, output: Floats) -> Floats:
    """Futures × months of bookings from output in ramped heads, futures × roles × months."""
    roles = range(output.shape[1])
    total: Floats = sum(
        (role_bookings(learned, draws, output[:, r], r) for r in roles), np.zeros(draws.shared.shape)
    )
    return total


def role_bookings(learned: Learned, draws: Draws, output: Floats, role: int) -> Floats:
    """A role's bookings from its output in ramped heads, both futures × months."""
    made = learned.productivity
    mean = float(made.level[role]) * learned.returns.effective(output, role) * draws.shared
    return with_luck(mean, float(made.dispersion[role]), draws.luck[:, role])


def with_luck(mean: Floats, dispersion: float, normal: Floats) -> Floats:
    """Gamma amounts of the given mean and variance dispersion × mean (Wilson and Hilferty 1931)."""
    shape = np.maximum(mean / max(dispersion, 1e-9), 1e-6)
    inner = np.maximum(1.0 - 1.0 / (9.0 * shape) + normal / (3.0 * np.sqrt(shape)), 0.0)
    out: Floats = mean * inner * inner * inner
    return out


def futures_of(
    learned: Learned, months: Ints, futures: int, seed: int, replace_leavers: bool
) -> tuple[Draws, Team]:
    """Draws and the team without any planned hire, all from one seed."""
    draws = draw(learned, months, futures, np.random.default_rng([seed, 0]))
    return draws, base_team(learned, draws, replace_leavers, seed)
