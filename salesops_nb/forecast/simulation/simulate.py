"""Many futures of leavers, joiners, ramp and productivity at once.

A person's contribution to a month is own factor × full-time share × ramp, from the month of
joining to the month of leaving (half of which counts). Who takes a leaver's seat is of the same group:
the role, or whatever else seats are counted by; how they are grouped changes nothing of what is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesops_nb.core.stopping import check
from salesops_nb.forecast.learning.attrition import tenure_at_exit
from salesops_nb.forecast.learning.inputs import DAYS_PER_MONTH, Floats, Ints
from salesops_nb.forecast.learning.kernels import add_joining, add_present
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.learning.ramp import LONGEST
from salesops_nb.forecast.simulation.draws import Draws, draw, newcomer_factors, own_factors, sooner

Arrivals = tuple[Ints, Ints, Floats, Ints]  # future, month, full-time share, group
CHUNK_CELLS = 400_000  # people × futures handled at a time, to stay in the cache
LEAST_PEOPLE = 20


@dataclass(frozen=True)
class Seats:
    """The group of each spell of the panel and of each open vacancy, and how many groups there are."""

    spells: Ints
    vacancies: Ints
    groups: int


@dataclass(frozen=True)
class Team:
    """Futures × roles (or other groups) × months: output in fully ramped heads, and heads at the month's end.

    `ramped` are heads by their share of full output, whatever each of them sells, and `gone` the heads that
    left in a month. `joined` counts those that began and are no known hires, by future and group.
    """

    output: Floats
    heads: Floats
    joined: Floats
    ramped: Floats
    gone: Floats


def by_role(learned: Learned) -> Seats:
    """Seats counted by role."""
    roles = learned.panel.roles
    return Seats(
        learned.panel.role, np.array([roles.index(r) for r in learned.vacancies["role"]], int), len(roles)
    )


def base_team(learned: Learned, draws: Draws, replace_leavers: bool, seed: int) -> Team:
    """The people there today, those who have accepted, open vacancies, and replacements if asked for."""
    return teams(learned, draws, seed, replace_leavers)[int(replace_leavers)]


def teams(
    learned: Learned, draws: Draws, seed: int, replacing: bool = True, seats: Seats | None = None
) -> tuple[Team, Team]:
    """The same futures without replacing leavers, and (where asked for) with replacing each of them."""
    seats = seats or by_role(learned)
    futures, roles, horizon = draws.luck.shape
    alone = _nobody(futures, seats.groups, horizon)
    both = _nobody(futures, seats.groups, horizon) if replacing else alone
    people = max(int(learned.panel.roster["present"].sum()) // roles, LEAST_PEOPLE)
    step = max(CHUNK_CELLS // people, 16)
    for at in range(0, futures, step):
        part = slice(at, min(at + step, futures))
        for r in range(roles):
            check()
            rng = np.random.default_rng([seed, 1, r, at])
            _role(learned, draws, part, r, seats, alone, both if replacing else None, rng)
    if replacing:  # whoever is there without replacing is there with it
        for name in ("output", "heads", "joined", "ramped", "gone"):
            getattr(both, name)[...] += getattr(alone, name)
    return alone, both


def _nobody(futures: int, groups: int, horizon: int) -> Team:
    output, heads, ramped, gone = np.zeros((4, futures, groups, horizon))
    return Team(output, heads, np.zeros((futures, groups)), ramped, gone)


def _role(
    learned: Learned,
    draws: Draws,
    part: slice,
    r: int,
    seats: Seats,
    alone: Team,
    replaced: Team | None,
    rng: np.random.Generator,
) -> None:
    """Adds one role's people to `alone`, and those who replace them to `replaced`."""
    horizon = draws.luck.shape[2]
    ramp = learned.ramp[r].table(LONGEST + horizon)[draws.curve[part, r]]
    gone, accepted = _present(learned, draws, part, r, seats, ramp, alone, rng)
    waiting = _waiting(learned, draws, part, r, seats, rng)
    leavers = [_join(draws, part, r, ramp, alone, each, rng) for each in (accepted, waiting)]
    _count(alone, part, waiting, horizon)
    if replaced is None:
        return
    gone = _together(gone, *leavers)
    while len(gone[0]):  # replacements leave too, and are replaced
        who, left, share, group = gone
        wait = _fill_months(learned, draws, part, who, rng)
        when = np.rint(left + rng.random(len(left)) + wait).astype(np.int64)
        coming = who, when, share, group
        _count(replaced, part, coming, horizon)
        gone = _join(draws, part, r, ramp, replaced, coming, rng)


def _count(team: Team, part: slice, coming: Arrivals, horizon: int) -> None:
    inside = coming[1] < horizon
    np.add.at(team.joined[part], (coming[0][inside], coming[3][inside]), 1.0)


def _present(
    learned: Learned,
    draws: Draws,
    part: slice,
    r: int,
    seats: Seats,
    ramp: Floats,
    team: Team,
    rng: np.random.Generator,
) -> tuple[Arrivals, Arrivals]:
    """Adds today's people; returns who leaves and when, and who joins on a known day."""
    panel, made = learned.panel, learned.productivity
    roster = panel.roster
    here = np.flatnonzero(roster["present"].to_numpy() & (panel.role == r))
    coming = np.flatnonzero(roster["joining"].to_numpy() & (panel.role == r))
    fte = roster["fte"].to_numpy(dtype=float)
    tenure = roster["tenure"].to_numpy(dtype=float)
    begin = np.floor(-tenure[coming] + 0.5).astype(np.int64)
    futures, horizon = part.stop - part.start, draws.luck.shape[2]
    unit = rng.standard_exponential((futures, len(here)), dtype=np.float32)
    own = own_factors(made, here, panel.role[here], draws.part(part), horizon, rng)
    unit = (unit / sooner(own, draws.weaker[part, None])).astype(np.float32)
    exit_at = tenure_at_exit(tenure[here].astype(np.float32), draws.hazard[part], unit)
    left = np.minimum(exit_at - tenure[here].astype(np.float32), horizon).astype(np.int64)
    known = known_exit(learned)[here]
    left = np.clip(np.where(known >= 0, known, left), 0, horizon)
    since = np.where(tenure[here] < LONGEST, np.rint(tenure[here]), LONGEST + horizon).astype(np.int64)
    add_present(left, since, own, fte[here], ramp, seats.spells[here], *_months_of(team, part))
    who, person = np.nonzero(left < horizon)
    leaving = who, left[who, person].astype(np.int64), fte[here][person], seats.spells[here][person]
    accepted = (
        np.repeat(np.arange(futures), len(begin)),
        np.tile(begin, futures),
        np.tile(fte[coming], futures),
        np.tile(seats.spells[coming], futures),
    )
    return leaving, accepted


def _months_of(team: Team, part: slice) -> tuple[Floats, Floats, Floats, Floats]:
    """What the kernels add people to."""
    return team.output[part], team.heads[part], team.ramped[part], team.gone[part]


def known_exit(learned: Learned) -> Ints:
    """Month of the horizon in which each spell is already known to end, −1 where it is not."""
    start = np.datetime64(learned.panel.months[-1].end, "D")
    days = (learned.panel.roster["left_on"].to_numpy().astype("datetime64[D]") - start).astype(float)
    months = np.floor(days / DAYS_PER_MONTH).astype(np.int64)
    far = days > 100 * 365
    return np.where(far | (days < 0), -1, months)


def _waiting(
    learned: Learned, draws: Draws, part: slice, r: int, seats: Seats, rng: np.random.Generator
) -> Arrivals:
    """Joining months of the vacancies already open, given how long they have waited."""
    from scipy.special import ndtr, ndtri

    mine = (learned.vacancies["role"] == learned.panel.roles[r]).to_numpy()
    rows = learned.vacancies[mine]
    waited = rows["waited"].to_numpy(dtype=float)
    futures = part.stop - part.start
    centre, spread = draws.fill_centre[part, None], max(learned.fill.spread, 1e-6)
    past = ndtr((np.log(np.maximum(waited * DAYS_PER_MONTH, 1.0))[None, :] - centre) / spread)
    past = np.minimum(past, 0.99)
    z = ndtri(past + (1.0 - past) * rng.random((futures, len(waited))))
    when = np.exp(centre + spread * np.minimum(z, 4.0)) / DAYS_PER_MONTH - waited[None, :]
    start = np.rint(np.maximum(when, 0.0)).astype(np.int64)
    group = np.tile(seats.vacancies[mine], futures)
    return np.repeat(np.arange(futures), len(waited)), start.ravel(), np.ones(start.size), group


def _fill_months(learned: Learned, draws: Draws, part: slice, who: Ints, rng: np.random.Generator) -> Floats:
    z = rng.standard_normal(len(who))
    out: Floats = np.exp(draws.fill_centre[part][who] + learned.fill.spread * z) / DAYS_PER_MONTH
    return out


def _join(
    draws: Draws,
    part: slice,
    r: int,
    ramp: Floats,
    team: Team,
    arrivals: Arrivals,
    rng: np.random.Generator,
) -> Arrivals:
    """Adds joiners; returns those who leave within the horizon."""
    horizon = draws.luck.shape[2]
    inside = arrivals[1] < horizon
    who, when, share, group = (values[inside] for values in arrivals)
    own = newcomer_factors(draws.variance[part, r][who], rng) * draws.newcomer[part, r][who]
    unit = rng.standard_exponential(len(who)) / sooner(own, draws.weaker[part][who])
    stay = tenure_at_exit(np.zeros(1), draws.hazard[part][who], unit[:, None])[:, 0]
    left = np.minimum(when + np.minimum(stay, 1e4).astype(np.int64), horizon)
    add_joining(who, when, left, own, share, ramp, group, *_months_of(team, part))
    gone = left < horizon
    return who[gone], left[gone], share[gone], group[gone]


def _together(*parts: Arrivals) -> Arrivals:
    who, when, share, group = (np.concatenate(values) for values in zip(*parts, strict=True))
    return who, when, share, group


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
    return with_luck(mean, float(made.dispersion[role]) * draws.dispersion[:, None], draws.luck[:, role])


def with_luck(mean: Floats, dispersion: float | Floats, normal: Floats) -> Floats:
    """Gamma amounts of the given mean and variance dispersion × mean (Wilson and Hilferty 1931)."""
    shape = np.maximum(mean / np.maximum(dispersion, 1e-9), 1e-6)
    inner = np.maximum(1.0 - 1.0 / (9.0 * shape) + normal / (3.0 * np.sqrt(shape)), 0.0)
    out: Floats = mean * inner * inner * inner
    return out


def futures_of(
    learned: Learned, months: Ints, futures: int, seed: int, replace_leavers: bool
) -> tuple[Draws, Team]:
    """Draws and the team without any planned hire, all from one seed."""
    draws = draw(learned, months, futures, np.random.default_rng([seed, 0]))
    return draws, base_team(learned, draws, replace_leavers, seed)
