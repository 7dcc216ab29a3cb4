"""The futures of a plan, kept while only what is asked of them changes.

Another target, confidence, budget or limit meets the same futures and the same hires: they are drawn
again only where something they are drawn from is another. The key is all of that, by content.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass

import numpy as np

from salesops_nb.hiring.draws import draw
from salesops_nb.hiring.inputs import Floats, Ints
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
    judge : hires on the other futures; `both` are their teams without and with leavers replaced.
    cost : expected cost of a requisition, roles × months of opening.
    """

    pool: Pool
    team: Team
    judge: Pool
    both: tuple[Team, Team]
    cost: Floats


def simulated(
    known: Learned, months: Ints, searched: int, futures: int, seed: int, replace_leavers: bool
) -> Futures:
    """The futures for what was learned and the horizon's months; the last ones where all is the same."""
    global _last
    of = (known, np.asarray(months).tolist(), searched, futures, seed, replace_leavers)
    key = hashlib.sha256(pickle.dumps(of)).digest()
    kept = _last
    if kept is None or kept[0] != key:
        _last = None  # so that two are never held
        kept = _last = key, _drawn(known, months, searched, futures, seed, replace_leavers)
    return kept[1]


def _drawn(
    known: Learned, months: Ints, searched: int, futures: int, seed: int, replace_leavers: bool
) -> Futures:
    draws, team = futures_of(known, months, searched, seed, replace_leavers)
    fresh = draw(known, months, futures, np.random.default_rng([seed + OTHER, 0]))
    pool = Pool(known, draws, seed)
    cost = np.array([pool.costs(r) for r in range(len(known.panel.roles))])
    both = teams(known, fresh, seed + OTHER)
    return Futures(pool, team, Pool(known, fresh, seed + OTHER), both, cost)
