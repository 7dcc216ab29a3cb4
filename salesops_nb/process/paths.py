"""Which ways deals take: variants, moves between stages, leaving out, going back, going round, opening again.

Arrays in: position of the deal and of the stage a row, by deal and time. They may be of any log of events, as
the tests read two published ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.core.statistics import wilson
from salesops_nb.process.deals import UNITS
from salesops_nb.process.history import OPEN, WON, Flags, History, Ints

SEED = 0x9E3779B97F4A7C15  # odd, so that no power of it is 0


class Variants(NamedTuple):
    """Sequences of stages: each as positions, how many deals took it, and which each deal took."""

    ways: tuple[tuple[int, ...], ...]
    deals: Ints
    of_deal: Ints


def variants(deal: Ints, stage: Ints) -> Variants:
    """The sequences of stages of all deals, the commonest first.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb.process import paths
    >>> found = paths.variants(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 0]))
    >>> found.ways, found.deals
    (((0, 1), (0,)), array([2, 1]))
    """
    if not len(deal):
        return Variants((), np.zeros(0, np.int64), np.zeros(0, np.int64))
    starts = _starts(deal)
    lengths = np.diff(np.append(starts, len(deal)))
    place = np.arange(len(deal), dtype=np.int32) - np.repeat(starts.astype(np.int32), lengths)
    with np.errstate(over="ignore"):
        powers = np.cumprod(np.full(int(lengths.max()) + 1, SEED, np.uint64))
        keys = powers[place]
        keys *= (stage + 1).astype(np.uint64)
        keys = np.add.reduceat(keys, starts)
    _keys, one, of_deal, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    ways = [tuple(stage[starts[i] : starts[i] + lengths[i]].tolist()) for i in one]
    order = sorted(range(len(ways)), key=lambda i: (-counts[i], ways[i]))
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return Variants(tuple(ways[i] for i in order), counts[order], back[of_deal])


def _starts(deal: Ints) -> Ints:
    found: Ints = np.flatnonzero(np.append(True, deal[1:] != deal[:-1]))
    return found


def moves(stage: Ints, to: Ints, days: NDArray[np.float64]) -> pd.DataFrame:
    """How often deals went from one stage to another, and how long they waited before.

    Columns ``stage, to`` (positions), ``moves, total_days, mean_days, median_days``, the most often first.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb.process import paths
    >>> paths.moves(np.array([0, 0, 0]), np.array([1, 1, 1]), np.array([0.0, 0.0, 30.0]))
       stage  to  moves  total_days  mean_days  median_days
    0      0   1      3        30.0       10.0          0.0
    """
    width = int(max(to.max(initial=0), stage.max(initial=0))) + 1
    pair = stage.astype(np.int64) * width + to
    order = np.argsort(pair.astype(np.int16) if width < 180 else pair, kind="stable")  # few stages: by radix
    pairs, lasted = pair[order], days[order]
    at = _starts(pairs) if len(pairs) else np.zeros(0, np.int64)
    counts = np.diff(np.append(at, len(pairs)))
    total = np.add.reduceat(lasted, at) if len(pairs) else np.zeros(0)
    middle = [float(np.median(lasted[i : i + n])) for i, n in zip(at, counts, strict=True)]
    found = pd.DataFrame(
        {"stage": pairs[at] // width, "to": pairs[at] % width, "moves": counts, "total_days": total,
         "mean_days": total / np.maximum(counts, 1), "median_days": middle}
    )  # fmt: skip
    return found.sort_values(["moves", "stage", "to"], ascending=[False, True, True], ignore_index=True)


def repeating(deal: Ints, stage: Ints) -> Ints:
    """The deals that are in some stage more than once.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb.process import paths
    >>> paths.repeating(np.array([0, 0, 0, 1]), np.array([0, 1, 0, 0]))
    array([0])
    """
    pair = deal.astype(np.int64) * (int(stage.max(initial=0)) + 1) + stage
    order = np.sort(pair)
    twice = order[1:][order[1:] == order[:-1]]
    found: Ints = np.unique(twice // (int(stage.max(initial=0)) + 1))
    return found


def flow(history: History, which: Flags) -> pd.DataFrame:
    """Moves between stages of some passes, with money: for a picture of the flow.

    Columns of `moves`, ``bulk`` (how many of them were made in a bulk update, whose days count for nothing)
    and ``value`` (what the deals are worth that made it, each as often as it did). Names of stages; ``won``
    and ``lost`` are ends.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> moved = process.flow(history, np.ones(len(history.passes), bool))
    >>> moved[["stage", "to", "moves"]].head(2)
             stage       to  moves
    0  Prospecting  Qualify   8300
    1      Qualify     Demo   7534
    """
    made = history.passes.where(which & (history.passes.to >= 0))
    width = len(history.stages) + 2
    pair = made.stage.astype(np.int32) * width + made.to
    worth = np.zeros(width * width, np.int64)
    np.add.at(worth, pair, history.deals["value"].to_numpy()[made.deal])
    counts, bulk = (np.bincount(pair, weights, width * width).astype(int) for weights in (None, made.bulk))
    at = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    found = pd.DataFrame({"stage": at // width, "to": at % width, "moves": counts[at]})
    plain = made.where(~made.bulk)
    timed = moves(plain.stage, plain.to, plain.days).drop(columns="moves")
    found = found.merge(timed, on=["stage", "to"], how="left")
    names = (*history.stages, "won", "lost")
    found = found.assign(bulk=bulk[at], value=pd.Series(amounts(worth[at]), dtype=object))
    for column in ("stage", "to"):
        found[column] = [names[i] for i in found[column]]
    return found


def amounts(units: Sequence[int] | Ints) -> list[Decimal]:
    """Money from units of 1/10,000.

    Examples
    --------
    >>> from salesops_nb.process import paths
    >>> paths.amounts([15000])
    [Decimal('1.5')]
    """
    return [Decimal(int(value)) / UNITS for value in units]


def commonest(history: History, deals: Flags, most: int = 10) -> pd.DataFrame:
    """The commonest ways of closed deals from their first stage to the end.

    Columns ``way`` (names of stages and the end), ``deals, share, won, value``.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> ways = process.commonest(history, np.ones(len(history.deals), bool))
    >>> " → ".join(ways["way"][1]), int(ways["deals"][1])
    ('Prospecting → Qualify → Demo → Proposal → lost', 707)
    """
    made = history.passes.where(deals[history.passes.deal])
    last = np.ones(len(made), bool)
    last[:-1] = made.deal[1:] != made.deal[:-1]
    done = np.zeros(len(history.deals), bool)
    done[made.deal[last & (made.to >= len(history.stages))]] = True
    made = made.where(done[made.deal])
    last = np.ones(len(made), bool)
    last[:-1] = made.deal[1:] != made.deal[:-1]
    # each pass's stage, and at the end of a deal, or where it is opened again, how it closed
    ends = made.to >= len(history.stages)
    each = ends.astype(np.int8) + np.int8(1)
    deal, stage = np.repeat(made.deal, each), np.repeat(made.stage, each)
    at = np.cumsum(each, dtype=np.int32) - 1
    stage[at[ends]] = made.to[ends]
    found = variants(deal, stage)
    ids = made.deal[_starts(made.deal)] if len(made) else made.deal
    worth = np.zeros(len(found.ways), np.int64)
    np.add.at(worth, found.of_deal, history.deals["value"].to_numpy()[ids])
    names = (*history.stages, "won", "lost")
    top = found.ways[:most]
    total = max(int(found.deals.sum()), 1)
    return pd.DataFrame({
        "way": [tuple(names[i] for i in way) for way in top],
        "deals": found.deals[: len(top)],
        "share": found.deals[: len(top)] / total,
        "value": amounts(worth[: len(top)]),
        "ways": len(found.ways),
    })  # fmt: skip


KINDS = ("left out", "went back", "went round", "opened again", "straight")


def kinds(history: History, deals: Flags, confidence: float = 0.9) -> pd.DataFrame:
    """How many closed deals left out stages, went back, were in one twice or opened again, and how they won.

    A row each of `KINDS`, which may overlap but for the last: ``kind, deals, share, won, lost, win_rate, low,
    high, value``. Bulk updates count for none: a deal that one moved is in no row, and in ``apart`` instead.

    Examples
    --------
    >>> import numpy as np
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> process.kinds(history, np.ones(len(history.deals), bool)).set_index("kind")["deals"].to_dict()
    {'left out': 440, 'went back': 361, 'went round': 361, 'opened again': 0, 'straight': 5829}
    """
    made = history.passes
    n, last_stage = len(history.deals), len(history.stages) - 1
    won_deals = (history.deals["outcome"] == WON).to_numpy()
    still = (history.deals["outcome"] == OPEN).to_numpy()
    seen = np.bincount(made.deal[made.first], minlength=n)  # different stages
    first, furthest = np.full(n, last_stage + 1), np.full(n, -1)
    if len(made):
        starts = _starts(made.deal)
        ids = made.deal[starts]
        first[ids] = np.minimum.reduceat(made.stage, starts)
        furthest[ids] = np.maximum.reduceat(made.stage, starts)
    furthest = np.where(won_deals & (furthest >= 0), last_stage, furthest)
    span = np.where(furthest >= first, furthest - first + 1, 0)
    back = np.zeros(n, bool)
    back[made.deal[(made.to >= 0) & (made.to < made.stage)]] = True
    round_ = np.zeros(n, bool)
    round_[repeating(made.deal, made.stage)] = True
    bulk = np.zeros(n, bool)
    bulk[made.deal[made.bulk]] = True
    closed = deals & ~still & (seen > 0)
    usable = closed & ~bulk
    again = history.deals["reopened"].to_numpy(bool)
    skipped = seen < span
    flags = dict(zip(KINDS, (skipped, back, round_, again, ~(skipped | back | round_ | again)), strict=True))
    value = history.deals["value"].to_numpy()
    rows = []
    for kind, flag in flags.items():
        mine = usable & flag
        won, count = int((mine & won_deals).sum()), int(mine.sum())
        low, high = wilson(won, count, confidence)
        rows.append({
            "kind": kind, "deals": count, "share": count / max(int(usable.sum()), 1), "won": won,
            "lost": count - won, "win_rate": won / count if count else float("nan"), "low": low, "high": high,
            "value": amounts([int(value[mine].sum())])[0], "apart": int((closed & bulk).sum()),
        })  # fmt: skip
    return pd.DataFrame(rows)
