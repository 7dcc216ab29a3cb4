"""Why deals were lost, to whom, where they came from, and what kind of sale each is."""

from __future__ import annotations

from typing import Any

import numpy as np

from salesops_nb.simulate.crm import DAY, Array, Crm
from salesops_nb.simulate.process.planted import LOSS_REASONS, SOURCES, Process
from salesops_nb.simulate.process.walks import share_of

BASE = np.array([0.22, 0.24, 0.16, 0.19, 0.19])  # of LOSS_REASONS, where nothing is planted
NAMED = {"competitor": 0.85, "other": 0.25, "won": 0.12}  # shares of deals with a competitor
COMPETITOR_SHARES = (0.4, 0.3, 0.2, 0.1)
AGAIN = 90  # days after which the same product bought again is a renewal


def loss_reasons(lost: Array, last: Array, segment: Array, truth: Process, rng: np.random.Generator) -> Array:
    """The reason of each lost deal as a position in `LOSS_REASONS`, -1 where it is blank or not lost.

    `last` is the sub-stage in which a deal ended, `segment` whether its account is where price matters.
    """
    n = len(lost)
    weight = np.tile(BASE, (n, 1))
    weight[:, LOSS_REASONS.index("price")] *= np.where(segment, truth.price, 1.0)
    weight[:, LOSS_REASONS.index("no decision")] *= np.where(last == truth.slow_code, truth.undecided, 1.0)
    bounds = np.cumsum(weight, axis=1)
    drawn = (rng.random(n)[:, None] * bounds[:, -1:] > bounds).sum(axis=1)
    return np.where(lost & ~share_of(lost, truth.blank, rng), drawn, -1)


def competitors(reason: Array, lost: Array, won: Array, rng: np.random.Generator) -> Array:
    """Whom each closed deal met, as a position in `COMPETITORS`, -1 for nobody known."""
    to_one = reason == LOSS_REASONS.index("competitor")
    chance = np.where(to_one, NAMED["competitor"], np.where(lost, NAMED["other"], NAMED["won"] * won))
    met = rng.random(len(lost)) < chance
    return np.where(met, rng.choice(len(COMPETITOR_SHARES), len(lost), p=COMPETITOR_SHARES), -1)


def sources(won: Array, lost: Array, truth: Process, rng: np.random.Generator) -> Array:
    """Where each deal came from, as a position in `SOURCES`, drawn given its outcome.

    An open deal has the shares of the won and the lost together.
    """
    u = rng.random(len(won))
    given = {"won": truth.sources_won, "lost": truth.sources_lost}
    both = won.sum() + lost.sum()
    mixed = sum((np.asarray(given[k]) * v.sum() for k, v in (("won", won), ("lost", lost))), np.zeros(5))
    shares = mixed / both if both else np.full(len(SOURCES), 1 / len(SOURCES))
    pick = [np.searchsorted(np.cumsum(p)[:-1], u, side="right") for p in (*given.values(), shares)]
    return np.select([won, lost], pick[:2], pick[2])


def deal_types(crm: Crm, started: Array) -> list[str]:
    """New, expansion or renewal, by what the account had bought when the deal began.

    An account that had bought nothing is new; a product that it first bought `AGAIN` days or more before
    is a renewal, anything else an expansion. A deal without account is new.
    """
    deals = crm.deals
    first: dict[tuple[str, ...], Any] = {}  # purchases of an account, and of a product by it
    for i in np.flatnonzero(deals["stage"] == "Won"):
        account, product, day = (str(deals["account"][i]), str(deals["product"][i]), deals["closed"][i])
        for key in ((account,), (account, product)):
            first[key] = min(first.get(key, day), day)
    never = crm.through + DAY
    types = []
    for account, product, day in zip(deals["account"], deals["product"], started, strict=True):
        known, same = first.get((account,), never), first.get((account, product), never)
        if known >= day:
            types.append("new")
        elif same + AGAIN * DAY <= day:
            types.append("renewal")
        else:
            types.append("expansion")
    return types
