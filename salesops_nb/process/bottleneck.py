"""The bottleneck in money: what would be booked if a team's stage converted, or moved, as its peers' do.

Conversion pays every quarter: bookings of the deals that pass the stage, times the gain. Moving faster pays
once: bookings of a day, times the days saved, and no more than what waits in the stage is worth. A gain is
capped by what the later stages and the people have ever carried. Claimed is only what survives Benjamini and
Hochberg's (1995) control of false discoveries over all stages and teams, and whose interval stays above
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb.core import statistics
from salesops_nb.process.conversion import ONWARD, STILL, Stints
from salesops_nb.process.deals import UNITS
from salesops_nb.process.gaps import Entries, Floats, Gaps, conversion_gaps, waiting_gaps
from salesops_nb.process.history import DAY, LOST, STAYS, WON, History, Ints, seconds
from salesops_nb.process.window import DAYS, ENOUGH, Window

LOOK_BACK = 8  # quarters in which the most that people have carried is looked for
CLAIMED = 0.05  # share of false ones among what is claimed
STRATA = ("deal_type", "size", "source")
COLUMNS = [
    "kind", "stage", "team", "n", "own", "peers", "own_cycle", "peers_cycle", "gain", "money", "low", "high",
    "behind", "behind_low", "behind_high",
    "p", "q", "claimed", "capped_by",
]  # fmt: skip
_OWN = [name for name in COLUMNS if name not in ("own_cycle", "peers_cycle", "q", "claimed")]


def bottlenecks(history: History, stints: Stints, within: Window, seed: int = 0) -> pd.DataFrame:
    """Every stage of every team that is compared, the claimed ones and then the most expensive first.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (conversion or time), ``stage, team, n`` (entries compared), ``own, peers`` (rates of
        conversion in the same mix, or median days), ``own_cycle, peers_cycle`` (median days from the first
        stage to the close), ``gain`` (a share), ``money`` with ``low`` and ``high`` (90 %; of conversion a
        quarter, of time once), ``behind`` with ``behind_low`` and ``behind_high`` (the gain before it is cut,
        by which the claim is measured again), ``p``, ``q`` (p after Benjamini and Hochberg), ``claimed``,
        ``capped_by`` (what the gain is cut by). Empty where the window is not one of teams.

    Examples
    --------
    In the demo, deals stay long in Proposal in the region Central, and nobody loses more than the others:

    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> within = process.window(history, wb.period("2017-Q4"))
    >>> found = process.bottlenecks(history, process.stints(history), within)
    >>> found.loc[found["claimed"], ["kind", "stage", "team"]].head(2)
       kind     stage              team
    0  time  Proposal     Melvin Marxen
    1  time  Proposal  Dustin Brinkmann
    >>> found.loc[found["claimed"], "kind"].unique().tolist()
    ['time']
    """
    if within.state != "teams":
        return pd.DataFrame(columns=COLUMNS)
    teams = [str(t) for t in within.deals.index[within.deals >= ENOUGH]]
    code, shape = codes(history, teams), (len(history.stages), len(teams))
    conversion, waiting = gaps_of(history, stints, within, code, shape, seed)
    booked = _booked(history, within, code, shape)
    caps, by = _caps(history, within, code, shape)
    waits = _waiting_value(history, stints, code, shape)
    usual = medians(history, within, code, shape)
    cycles = _cycles(history, within, code, len(teams))
    parts = [
        conversion_rows(history.stages, teams, conversion, booked, caps, by),
        time_rows(history.stages, teams, waiting, booked / DAYS, waits, usual),
    ]
    found = pd.concat(parts, ignore_index=True)
    found["own_cycle"] = [cycles[0][teams.index(t)] for t in found["team"]]
    found["peers_cycle"] = [cycles[1][teams.index(t)] for t in found["team"]]
    return judged(found)[COLUMNS]


def codes(history: History, teams: Sequence[str]) -> Ints:
    """The place of each deal's team among some; -1 for the others."""
    known = history.deals["team"].cat
    at = {name: i for i, name in enumerate(teams)}
    found: Ints = np.array([at.get(str(name), -1) for name in known.categories], np.int64)[known.codes]
    return found


def gaps_of(
    history: History, stints: Stints, within: Window, code: Ints, shape: tuple[int, int], seed: int = 0
) -> tuple[Gaps, Gaps]:
    """How far teams are behind in conversion and in time, of the deals that entered in a window."""
    rng = np.random.default_rng(seed)
    return (
        conversion_gaps(_stint_entries(history, stints, within, code, shape), rng),
        waiting_gaps(_stay_entries(history, within, code, shape)),
    )


def judged(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of `conversion_rows` and `time_rows` with ``q`` and ``claimed``; claimed and dearest first."""
    q = statistics.benjamini_hochberg(found["p"]) if len(found) else np.zeros(0)
    claimed = (q <= CLAIMED) & (found["low"] > 0) & (found["money"] > 0)
    found = found.assign(q=q, claimed=claimed.astype(bool))
    return found.sort_values(["claimed", "money"], ascending=False, ignore_index=True, kind="stable")


def _strata(history: History, deal: Ints, more: Ints | None = None) -> tuple[Ints, int]:
    """The stratum of each of some deals, as a code, and how many there are."""
    code = np.zeros(len(history.deals), np.int64)
    for column in STRATA:
        codes = history.deals[column].cat.codes.to_numpy().astype(np.int64)
        code = code * (int(codes.max(initial=0)) + 2) + codes + 1
    mine = code[deal] if more is None else code[deal] * 3 + more
    there = np.bincount(mine) > 0
    return (np.cumsum(there) - 1)[mine], int(there.sum())


def _month_of_quarter(history: History, within: Window, at: Ints) -> Ints:
    """0 to 2: the month of its quarter in which a moment lies."""
    calendar = within.periods[0].calendar
    first = np.datetime64(int(at.min(initial=within.start)), "s").astype("datetime64[D]").item()
    starts: list[int] = []
    place: list[int] = []
    quarter = calendar.containing(first, "quarter")
    while quarter.start <= history.as_of:
        months = list(calendar.between(quarter.start, quarter.end, "month"))
        starts += [seconds(month.start) for month in months]
        place += range(len(months))
        quarter = calendar.containing(quarter.end, "quarter")
    found: Ints = np.array(place)[np.searchsorted(np.array(starts), at, side="right") - 1]
    return found


def _stint_entries(
    history: History, stints: Stints, within: Window, code: Ints, shape: tuple[int, int]
) -> Entries:
    mine = stints.where(within.inside(stints.entered) & ~stints.bulk & (code[stints.deal] >= 0))
    month = _month_of_quarter(history, within, np.minimum(mine.ended, history.now - 1))
    stratum, strata = _strata(history, mine.deal, month)
    return Entries(
        mine.stage.astype(np.int64),
        code[mine.deal],
        _seller(history, mine.deal),
        stratum,
        mine.days,
        mine.end != STILL,
        mine.end == ONWARD,
        (*shape, strata),
    )


def _stay_entries(history: History, within: Window, code: Ints, shape: tuple[int, int]) -> Entries:
    made = history.passes
    mine = made.where(within.inside(made.entered) & ~made.bulk & (code[made.deal] >= 0))
    stratum, strata = _strata(history, mine.deal)
    over = mine.to != STAYS
    return Entries(
        mine.stage.astype(np.int64),
        code[mine.deal],
        _seller(history, mine.deal),
        stratum,
        mine.days,
        over,
        over,
        (*shape, strata),
    )


def _seller(history: History, deal: Ints) -> Ints:
    """The seller of each of some deals, as a code."""
    return history.deals["owner_id"].cat.codes.to_numpy()[deal].astype(np.int64)


def _booked(history: History, within: Window, code: Ints, shape: tuple[int, int]) -> Floats:
    """What each team booked a quarter with deals that went through each stage: stages × teams."""
    deals = history.deals
    won = (deals["outcome"] == WON).to_numpy() & within.inside(deals["closed"].to_numpy()) & (code >= 0)
    made = history.passes.where(history.passes.first & won[history.passes.deal])
    cell = made.stage * shape[1] + code[made.deal]
    total = np.bincount(cell, deals["value"].to_numpy()[made.deal] / UNITS, shape[0] * shape[1])
    found: Floats = total.reshape(shape) / within.quarters
    return found


def _caps(
    history: History, within: Window, code: Ints, shape: tuple[int, int]
) -> tuple[Floats, NDArray[np.object_]]:
    """How many times as many deals each team's later stages can carry, and which of them carries least.

    The most that a seller of any team had in a stage in one of the last quarters, over what one has now.
    """
    made, (stages, teams) = history.passes, shape
    quarter = ((made.entered - within.end) // (91 * DAY)).astype(np.int32)
    recent = np.flatnonzero((quarter >= -LOOK_BACK) & (quarter < 0) & (code[made.deal] >= 0))
    cell = code[made.deal[recent]] * LOOK_BACK + quarter[recent] + LOOK_BACK
    owners = history.deals["owner_id"].cat
    there = np.zeros((teams * LOOK_BACK, len(owners.categories)), bool)
    there[cell, owners.codes.to_numpy()[made.deal[recent]]] = True
    entries = np.bincount(cell * stages + made.stage[recent], minlength=len(there) * stages)
    counts = np.where(entries > 0, entries, np.nan).reshape(-1, stages)
    index = pd.MultiIndex.from_product([range(teams), range(-LOOK_BACK, 0)], names=["team", "quarter"])
    load = pd.DataFrame(counts / np.maximum(there.sum(axis=1), 1)[:, None], index)
    most = load.max().to_numpy(float)
    current = load[load.index.get_level_values("quarter") >= -max(1, round(within.quarters))]
    now = current.groupby("team").mean().reindex(range(shape[1])).to_numpy(float).T
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.maximum(np.nan_to_num(most[:, None] / now, nan=np.inf), 1.0)
    caps, by = np.full(shape, np.inf), np.full(shape, "", object)
    for stage in range(shape[0] - 1):
        later = room[stage + 1 :]
        caps[stage] = later.min(axis=0)
        by[stage] = [history.stages[stage + 1 + i] for i in later.argmin(axis=0)]
    return caps, by


def _waiting_value(history: History, stints: Stints, code: Ints, shape: tuple[int, int]) -> Floats:
    """What the open deals in each stage of each team are worth, times the share of such that was won."""
    made, outcome = history.passes, history.deals["outcome"]
    now = made.where((made.to == STAYS) & (code[made.deal] >= 0))
    worth = history.deals["value"].to_numpy()[now.deal] / UNITS
    total = np.bincount(now.stage * shape[1] + code[now.deal], worth, shape[0] * shape[1]).reshape(shape)
    won, lost = ((outcome == end).to_numpy()[stints.deal] for end in (WON, LOST))
    wins, losses = (np.bincount(stints.stage, which, shape[0]) for which in (won, lost))
    found: Floats = total * (wins / np.maximum(wins + losses, 1))[:, None]
    return found


def medians(history: History, within: Window, code: Ints, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Median days in each stage of each team, and of its peers."""
    made = history.passes
    mine = made.where(within.inside(made.entered) & ~made.bulk & (code[made.deal] >= 0))
    mine = mine.where(np.argsort(mine.left - mine.entered))  # sorted once, and not again for each team
    days, over, team = mine.days, mine.to != STAYS, code[mine.deal]
    own, peers = np.full(shape, np.nan), np.full(shape, np.nan)
    for stage in range(shape[0]):
        here = mine.stage == stage
        for at in range(shape[1]):
            for out, which in ((own, here & (team == at)), (peers, here & (team != at))):
                out[stage, at] = statistics.survival_quantile(days[which], over[which]).value
    return own, peers


def _cycles(history: History, within: Window, code: Ints, teams: int) -> tuple[Floats, Floats]:
    """Median days from the first stage to the close, of each team's deals and of its peers'."""
    deals = history.deals
    began, closed = deals["began"].to_numpy(), deals["closed"].to_numpy()
    over = (deals["outcome"] != "open").to_numpy()
    known = within.inside(began) & (code >= 0)
    days = (np.where(over, closed, history.now) - began) / DAY
    own, peers = np.full(teams, np.nan), np.full(teams, np.nan)
    for at in range(teams):
        for out, which in ((own, known & (code == at)), (peers, known & (code != at))):
            out[at] = statistics.survival_quantile(days[which], over[which]).value
    return own, peers


def conversion_rows(
    stages: Sequence[str],
    teams: Sequence[str],
    gaps: Gaps,
    booked: Floats,
    caps: Floats,
    by: NDArray[np.object_],
) -> pd.DataFrame:
    """What each gap of conversion costs a quarter; `booked` a quarter and `caps` are stages × teams."""
    rows = []
    for stage, team in zip(*np.nonzero(~np.isnan(gaps.own)), strict=True):
        gain, most, money = gaps.gain[stage, team], caps[stage, team] - 1, booked[stage, team]
        rows.append({
            "kind": "conversion", "stage": stages[stage], "team": teams[team],
            "n": int(gaps.n[stage, team]), "own": gaps.own[stage, team], "peers": gaps.peers[stage, team],
            "gain": min(gain, most), "money": min(gain, most) * money,
            "low": min(gaps.low[stage, team], most) * money,
            "high": min(gaps.high[stage, team], most) * money, **_behind(gaps, stage, team),
            "p": gaps.p[stage, team], "capped_by":
            by[stage, team] if gain > most else "",
        })  # fmt: skip
    return pd.DataFrame(rows, columns=_OWN)


def _behind(gaps: Gaps, stage: int, team: int) -> dict[str, float]:
    names = {"behind": gaps.gain, "behind_low": gaps.low, "behind_high": gaps.high}
    return {name: float(values[stage, team]) for name, values in names.items()}


def time_rows(
    stages: Sequence[str],
    teams: Sequence[str],
    gaps: Gaps,
    a_day: Floats,
    waits: Floats,
    medians: tuple[Floats, Floats],
) -> pd.DataFrame:
    """What each gap of time holds back, once; bookings a day, what waits, medians are stages × teams.

    The days saved are no more than the medians differ by: where a few deals stay for ever, hazards differ by
    more than a typical deal would gain.
    """
    rows = []
    for stage, team in zip(*np.nonzero(~np.isnan(gaps.own)), strict=True):
        own, peers = medians[0][stage, team], medians[1][stage, team]
        gain, most = gaps.gain[stage, team], max(float(np.nan_to_num(own - peers)), 0.0)
        share = min(1.0, most / (gain * peers)) if gain * peers > 0 else 0.0
        worth = a_day[stage, team] * float(np.nan_to_num(peers)) * share
        cap = waits[stage, team]
        rows.append({
            "kind": "time", "stage": stages[stage], "team": teams[team], "n": int(gaps.n[stage, team]),
            "own": own, "peers": peers, "gain": gain * share, "money": min(gain * worth, cap),
            "low": min(gaps.low[stage, team] * worth, cap),
            "high": min(gaps.high[stage, team] * worth, cap), **_behind(gaps, stage, team),
            "p": gaps.p[stage, team], "capped_by":
            "waiting" if gain * worth > cap else "",
        })  # fmt: skip
    return pd.DataFrame(rows, columns=_OWN)
