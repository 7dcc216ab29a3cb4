"""The futures of a plan, kept while only what is asked of them changes.

Another target, confidence, budget or limit meets the same futures and the same hires, and so do other
levels of productivity, supported heads and costs, which turn heads into money: futures are drawn again
only where something they are drawn from is another. The key is all of that, by content.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, field, replace

import numpy as np

from salesops_nb.hiring.draws import draw
from salesops_nb.hiring.economics import Economics, Returns
from salesops_nb.hiring.inputs import Ints
from salesops_nb.hiring.learned import Learned
from salesops_nb.hiring.requisitions import Pool
from salesops_nb.hiring.simulate import Team, futures_of, teams

OTHER = 1_000_003  # added to the seed: the search must not judge itself

_last: tuple[bytes, Futures] | None = None


@dataclass(frozen=True)
class Futures:
    """Futures a plan is looked for on, and others on which it is judged.

    Attributes
    ----------
    pool, team : hires and the team without them, where the search looks.
    judge : hires on the other futures; `judged` gives their team.
    """

    pool: Pool
    team: Team
    judge: Pool
    teams: dict[bool, Team] = field(default_factory=dict)

    def judged(self, replaced: bool) -> Team:
        """The team on the other futures, without leavers replaced or with; simulated when first asked for."""
        if replaced not in self.teams:
            alone, both = teams(self.judge.learned, self.judge.draws, self.judge.seed, replaced)
            self.teams.update({False: alone, True: both} if replaced else {False: alone})
        return self.teams[replaced]

    def known(self, learned: Learned) -> Futures:
        """The same futures for what was learned alike but for what they do not hang on."""
        return replace(
            self, pool=replace(self.pool, learned=learned), judge=replace(self.judge, learned=learned)
        )


def simulated(
    known: Learned, months: Ints, searched: int, futures: int, seed: int, replace_leavers: bool
) -> Futures:
    """The futures for what was learned and the horizon's months; the last ones where all is the same."""
    global _last
    of = (_drawn_from(known), np.asarray(months).tolist(), searched, futures, seed, replace_leavers)
    key = hashlib.sha256(pickle.dumps(of)).digest()
    kept = _last
    if kept is None or kept[0] != key:
        _last = None  # so that two are never held
        kept = _last = key, _drawn(known, months, searched, futures, seed, replace_leavers)
    return kept[1].known(known)


def _drawn_from(known: Learned) -> Learned:
    """What was learned, without what only turns simulated heads into money."""
    nought = np.zeros(0)
    made = replace(known.productivity, level=nought, dispersion=nought, ramped_months=nought, origin=())
    returns = Returns(nought, nought, ())
    economics = Economics(0.0, nought, nought, {})
    return replace(known, productivity=made, returns=returns, economics=economics, problems=[])


def _drawn(
    known: Learned, months: Ints, searched: int, futures: int, seed: int, replace_leavers: bool
) -> Futures:
    draws, team = futures_of(known, months, searched, seed, replace_leavers)
    fresh = draw(known, months, futures, np.random.default_rng([seed + OTHER, 0]))
    return Futures(Pool(known, draws, seed), team, Pool(known, fresh, seed + OTHER))
