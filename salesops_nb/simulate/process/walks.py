"""The way of deals through the stages inside Engaging, within spans that are given.

One simulator for the export's real spans and for invented ones: a deal enters *Qualify* on the day it
engages, and its last sub-stage ends on the day it closes. What happens between is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from salesops_nb.simulate.crm import DAY, Array
from salesops_nb.simulate.process.planted import SUB_STAGES, Process

STAGES = ("Prospecting", *SUB_STAGES, "Won", "Lost")
PARENT = "Engaging"
WON, LOST = 5, 6
VISITS = 6  # four sub-stages, and two more for a deal that goes back once
LEAST = 0.02  # no stay is a smaller part of a deal's span
SECOND = np.timedelta64(1, "s")
NEVER = np.datetime64("NaT", "s")
_WORD = pa.dictionary(pa.int32(), pa.string())
HISTORY_SCHEMA = pa.schema(
    [
        *((name, _WORD) for name in ("deal_id", "stage", "parent_stage")),
        ("entered_at", pa.timestamp("s")),
        ("left_at", pa.timestamp("s")),
        ("by", _WORD),
    ]
)


@dataclass(frozen=True)
class Spans:
    """What is given of each deal: its days (NaT where not yet), outcome, region and team of its owner.

    `prospected` is NaT where a deal begins engaged; `through` is the last day of the data.
    """

    prospected: Array
    engaged: Array
    closed: Array
    won: Array
    region: Array
    team: Array
    through: np.datetime64

    @property
    def is_engaged(self) -> Array:
        """Which deals ever engaged."""
        return ~np.isnat(self.engaged)

    @property
    def is_closed(self) -> Array:
        """Which deals are won or lost."""
        return ~np.isnat(self.closed)

    @property
    def end(self) -> Array:
        """The day before which everything happens: that of the close, or the one after the data's last."""
        end: Array = np.where(self.is_closed, self.closed, self.through + DAY)
        return end


@dataclass(frozen=True)
class Walk:
    """The stages entered: by row the deal's position, the code in `STAGES`, when, until when, whether in
    bulk. `last` is each deal's last sub-stage as a position in `SUB_STAGES`, -1 for none."""

    deal: Array
    stage: Array
    entered: Array
    left: Array
    bulk: Array
    last: Array


def moments(first: Array, end: Array, part: Array) -> Array:
    """Moments in office hours at the given parts (0 to 1) of the working days from `first` up to `end`.

    Where these are a weekend only, the days of the weekend serve. Greater parts give later moments.
    """
    room = np.busday_count(first, end)
    works = room > 0
    at = part * np.where(works, room, (end - first).astype(np.int64))
    day = np.floor(at).astype(np.int64)
    minutes = np.floor((at - day) * 60).astype(np.int64) * 10
    date = np.where(works, np.busday_offset(first, day, roll="forward"), first + day * DAY)
    found: Array = date.astype("datetime64[s]") + (8 * 3600 + minutes * 60) * SECOND
    return found


def share_of(which: Array, share: float, rng: np.random.Generator) -> Array:
    """So large a share of those marked, drawn among them: the nearest whole number, not one about it."""
    draws = np.where(which, rng.random(len(which)), 2.0)
    most = round(share * int(which.sum()))
    chosen: Array = draws <= np.partition(draws, most - 1)[most - 1] if most else np.zeros_like(which)
    return chosen


def walk(spans: Spans, truth: Process, rng: np.random.Generator, bulk: tuple[int, int] | None = None) -> Walk:
    """Draw the way of every deal; `bulk` is how many deals of which team are moved together."""
    n = len(spans.engaged)
    lost = spans.is_closed & ~spans.won
    furthest = np.where(lost, rng.choice(4, n, p=truth.dies), 3)
    codes = _visits(furthest, spans, truth, rng)
    share = _shares(codes, spans, truth, rng)
    # An open deal is on its way: the part it has gone is drawn, the rest lies beyond the data.
    gone = np.where(spans.is_closed, 1.0, rng.uniform(0.15, 1.0, n))
    begins = (np.cumsum(share, axis=1) - share) / gone[:, None]
    there = (codes >= 0) & (begins < 1 - LEAST / 2) & spans.is_engaged[:, None]
    entered = np.full((n, VISITS + 2), NEVER)
    entered[:, 0] = spans.prospected.astype("datetime64[s]")
    entered[:, 1] = spans.engaged.astype("datetime64[s]")
    row, visit = np.nonzero(there)
    row, visit = row[visit > 0], visit[visit > 0]
    entered[row, visit + 1] = moments(spans.engaged[row], spans.end[row], begins[row, visit])
    entered[:, -1] = spans.closed.astype("datetime64[s]")
    moved = np.zeros(entered.shape, dtype=bool)
    if bulk is not None:
        _move_together(entered, moved, spans, bulk)
    stage = np.empty(entered.shape, dtype=np.int8)
    stage[:, 0], stage[:, 1:-1] = 0, codes + 1
    stage[:, -1] = np.where(spans.won, WON, LOST)
    known = ~np.isnat(entered)
    deal = np.nonzero(known)[0]
    at = entered[known]
    left = np.full(len(at), NEVER)
    same = deal[:-1] == deal[1:]
    left[:-1][same] = at[1:][same]
    last = np.where(there.any(axis=1), codes[np.arange(n), np.maximum(there.sum(axis=1) - 1, 0)], -1)
    return Walk(deal, stage[known], at, left, moved[known], last)


def _visits(furthest: Array, spans: Spans, truth: Process, rng: np.random.Generator) -> Array:
    """The sub-stages of each deal in order, -1 where there are no more."""
    n = len(furthest)

    def drawn(able: Array, share: float) -> Array:
        # Open deals by themselves: what they do after the data's last day is not seen.
        done = spans.is_closed
        found: Array = share_of(able & done, share, rng) | share_of(able & ~done, share, rng)
        return found

    interior = np.where(furthest == 3, 1 + rng.integers(0, 2, n), 1)
    skip = np.where(drawn(furthest >= 2, truth.skips), interior, 0)
    visits = furthest + 1 - (skip > 0)
    back = 1 + np.floor(rng.random(n) * np.maximum(visits - 1, 1)).astype(np.int64)
    loop = np.where(drawn(visits >= 2, truth.loops), back, 0)
    ways: Array = _ways()[furthest, skip, loop]
    return ways


def _ways() -> Array:
    """Every way by its furthest stage, the stage left out and the visit it goes back from (0: none)."""
    ways = np.full((4, 3, 4, VISITS), -1, dtype=np.int8)
    for furthest, skip, loop in np.ndindex(4, 3, 4):
        way = [code for code in range(furthest + 1) if not skip or code != skip]
        if loop and loop < len(way):
            way[loop + 1 : loop + 1] = [way[loop - 1], way[loop]]
        ways[furthest, skip, loop, : len(way)] = way
    return ways


def _shares(codes: Array, spans: Spans, truth: Process, rng: np.random.Generator) -> Array:
    """What part of its deal's span each stay takes."""
    stay = np.asarray(truth.days)[codes] * np.exp(rng.normal(0.0, truth.spread, codes.shape))
    slow = (codes == truth.slow_code) & (spans.region == truth.slow_in)[:, None]
    stay = np.where(slow, stay * np.exp(rng.normal(np.log(truth.slow), truth.slow_spread, codes.shape)), stay)
    stay = np.where(codes >= 0, stay, 0.0)
    visits = (codes >= 0).sum(axis=1, keepdims=True)
    shares = stay / stay.sum(axis=1, keepdims=True) * (1 - LEAST * visits) + LEAST
    return np.where(codes >= 0, shares, 0.0)


def bulk_moment(through: np.datetime64) -> np.datetime64:
    """Four in the afternoon of the last working day of the quarter before the data's last."""
    month = through.astype("datetime64[M]").astype(int) // 3 * 3
    first = np.datetime64(int(month), "M").astype("datetime64[D]")
    day = np.busday_offset(first - DAY, 0, roll="backward")
    moment: np.datetime64 = day.astype("datetime64[s]") + 16 * 3600 * SECOND
    return moment


def _move_together(entered: Array, moved: Array, spans: Spans, bulk: tuple[int, int]) -> None:
    """Move what happened near the bulk update to it, one deal after the other within the hour."""
    most, team = bulk
    moment = bulk_moment(spans.through)
    index = np.flatnonzero(spans.team == team)
    mine = entered[index]
    end = spans.end[index].astype("datetime64[s]")
    after = np.where(np.isnat(mine[:, 3:]), end[:, None], mine[:, 3:])  # moves are in 2 to -2
    near = np.abs(mine[:, 2:-1] - moment) < 60 * 86400 * SECOND
    fits = near & (mine[:, 1:-2] < moment) & (after > moment + 3600 * SECOND)
    fits &= (end > moment + 3600 * SECOND)[:, None]
    row, column = np.nonzero(fits)
    first = np.unique(row, return_index=True)[1]
    row, column = row[first], column[first] + 2
    nearest = np.argsort(np.abs(mine[row, column] - moment), kind="stable")[:most]
    row, column = index[row[nearest]], column[nearest]
    entered[row, column] = moment + np.arange(len(row)) * (3600 // max(most, 1)) * SECOND
    moved[row, column] = True


def history_table(
    made: Walk, ids: pa.Array, people: pa.Array, owner: Array, manager: int | None = None
) -> pa.Table:
    """The rows as the contract has them; `people` are the ids that `owner` and `manager` point into."""
    inside = (made.stage > 0) & (made.stage < WON)
    by = owner[made.deal] if manager is None else np.where(made.bulk, manager, owner[made.deal])
    return pa.table(
        {
            "deal_id": coded(made.deal, ids),
            "stage": coded(made.stage, pa.array(STAGES)),
            "parent_stage": coded(np.zeros(len(inside)), pa.array([PARENT]), ~inside),
            "entered_at": pa.array(made.entered),
            "left_at": pa.array(made.left),
            "by": coded(by, people),
        },
        schema=HISTORY_SCHEMA,
    )


def coded(codes: Array, words: pa.Array, gap: Array | None = None) -> pa.DictionaryArray:
    """Words by their position, empty where there is a gap."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=gap), words)
