"""The futures of a plan, kept while only what is asked of them changes.

Another target, confidence, budget or limit meets the same futures and the same hires, and so do other
levels of productivity, supported heads and costs, which turn heads into money: futures are drawn again
only where something they are drawn from is another. The key is all of that, by content.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from salesops_nb.forecast.learning.economics import Economics, Returns
from salesops_nb.forecast.learning.inputs import Ints
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.simulation.draws import draw
from salesops_nb.forecast.simulation.pool import Pool
from salesops_nb.forecast.simulation.simulate import Team, teams

FEW = 1_000  # futures under which they are few
OTHER = 1_000_003  # added to the seed: the search must not judge itself


@dataclass(frozen=True)
class Futures:
    """Hires in many futures; `team` gives the people without them."""

    pool: Pool
    key: bytes
    teams: dict[bool, Team] = field(default_factory=dict)

    def team(self, replaced: bool) -> Team:
        """The team without leavers replaced or with, simulated when first asked for."""
        if replaced not in self.teams:
            alone, both = teams(self.pool.learned, self.pool.draws, self.pool.seed, replaced)
            self.teams.update({False: alone, True: both} if replaced else {False: alone})
        return self.teams[replaced]

    def known(self, known: Learned, months: Ints, futures: int, seed: int) -> Futures:
        """The futures for what was learned: these where what they hang on is the same, else others.

        The hires of others are the same people still, where these are drawn alike.
        """
        key = _key(known, months, futures, seed)
        if key == self.key:
            return replace(self, pool=replace(self.pool, learned=known))
        return _drawn(known, months, futures, seed, self.pool)


def simulated(
    known: Learned, months: Ints, searched: int, futures: int, seed: int
) -> tuple[Futures, Futures]:
    """Futures a plan is looked for on and others on which it is judged; the last where all is the same."""
    return (
        _remembered("search", known, months, searched, seed, futures < FEW),
        judged(known, months, futures, seed),
    )


def judged(known: Learned, months: Ints, futures: int, seed: int) -> Futures:
    """The futures on which plans and targets are judged: the same for both, from the same seed."""
    return _remembered("judge", known, months, futures, seed + OTHER, futures < FEW)


def _remembered(kind: str, known: Learned, months: Ints, futures: int, seed: int, few: bool) -> Futures:
    key = "forecast", kind, few  # few, as of a first estimate, beside many
    last = known.memo.get(key)
    made = _known(last[0] if last else None, known, months, futures, seed)
    return known.memo.put(key, made, rows=futures * len(months))


def _known(before: Futures | None, *given: Any) -> Futures:
    return before.known(*given) if before else _drawn(*given)


def _drawn(known: Learned, months: Ints, futures: int, seed: int, before: Pool | None = None) -> Futures:
    draws = draw(known, months, futures, np.random.default_rng([seed, 0]))
    pool = before.like(known, draws, seed) if before else Pool(known, draws, seed)
    return Futures(pool, _key(known, months, futures, seed))


def _key(known: Learned, months: Ints, futures: int, seed: int) -> bytes:
    """What futures are drawn from, by content."""
    of = _drawn_from(known), np.asarray(months).tolist(), futures, seed
    return hashlib.sha256(pickle.dumps(of)).digest()


def _drawn_from(known: Learned) -> Learned:
    """What was learned, without what only turns simulated heads into money."""
    nought = np.zeros(0)
    made = replace(known.productivity, level=nought, dispersion=nought, ramped_months=nought, origin=())
    returns = Returns(nought, nought, ())
    economics = Economics(0.0, nought, nought, {})
    return replace(known, productivity=made, returns=returns, economics=economics, problems=[])
