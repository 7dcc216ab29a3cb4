"""The stages that deals went through: what a CRM logged of them, put in order and cleaned.

A log is rows of states. What it may hold beside moves is taken out first and counted: states that were only
saved again (Salesforce writes one at any save), two stages at one instant, times before the deal's creation
or after its closing, stages that nobody declared. What many deals got on one day by one person (a bulk
update) is marked: when these deals truly moved, nobody knows. A `Pass` is a stay of a deal in a stage, until
the next.

All is arrays by deal and stage, so that ten million rows stay small; `deals` says what the deals are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_nb import facts
from salesops_nb.core.frames import Tables, collected, with_columns_or_null
from salesops_nb.core.stopping import check
from salesops_nb.errors import Problem, problem
from salesops_nb.process.deals import known_deals

Ints = NDArray[np.signedinteger[Any]]  # of the least width that holds them
Flags = NDArray[np.bool_]
DAY = 86_400  # seconds
MICRO = 1_000_000  # to a second
OPEN, WON, LOST = "open", "won", "lost"
STAYS = -1  # of `to`: still in the stage
MANY, TIMES = 30, 3  # moves of one person on a day that make a bulk update; times what is usual
ORDERED_BY = 20_000  # deals that say in which order stages come
OFTEN = 0.5  # share of a stage's rows before creation, from which `created_on` means another day


@dataclass(frozen=True)
class Passes:
    """Stays in stages, by deal and time: position of the deal, of the stage, seconds since 1970.

    `to` is the next stage, ``len(stages)`` for won and one more for lost, `STAYS` where the deal is still
    there; `left` is then `History.now`. `bulk` marks stays that begin or end in a bulk update, `began` those
    that begin so; `first` marks the deal's first stay in that stage.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> first = history.passes.where(history.passes.deal == 0)
    >>> [history.stages[at] for at in first.stage[:3]], first.days[:3].round(1).tolist()
    (['Prospecting', 'Qualify', 'Demo'], [5.0, 5.4, 11.2])
    """

    deal: Ints
    stage: Ints
    entered: Ints
    left: Ints
    to: Ints
    bulk: Flags
    began: Flags
    first: Flags

    def __len__(self) -> int:
        return len(self.deal)

    def where(self, which: Flags | Ints) -> Passes:
        """Some of them; the same arrays where these are all."""
        if which.dtype == bool and which.all():
            return self
        return Passes(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @property
    def days(self) -> NDArray[np.float64]:
        """How long each lasted, or has so far."""
        out: NDArray[np.float64] = (self.left - self.entered) / DAY
        return out

    def working_days(self, calendar: np.busdaycalendar) -> NDArray[np.float64]:
        """The same in working days: whole days and the parts of the first and last."""
        first, last = (np.array(at // DAY, dtype="datetime64[D]") for at in (self.entered, self.left))
        parts = [
            np.is_busday(day, busdaycal=calendar) * (at % DAY) / DAY
            for day, at in ((first, self.entered), (last, self.left))
        ]
        out: NDArray[np.float64] = np.busday_count(first, last, busdaycal=calendar) + parts[1] - parts[0]
        return np.maximum(out, 0.0)


@dataclass(frozen=True)
class History:
    """What is known of the process on a day.

    Parameters
    ----------
    deals : a row a deal: the columns of `deals.DEALS` as categories, ``value`` and ``list_value`` in units of
    1/10,000
        of the currency, ``created``, ``closed`` and ``began`` as seconds (missing: 0), ``size`` band,
        ``reopened``.
    stages : open stages in the order in which deals go through them.
    passes : as `Passes` says; empty where there is no history.
    aside : rows by why they are not read as moves.
    notes : what was found out about the log that a reader has to know.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> history = process.read(wb.tables, stages=wb.stages)
    >>> retail = history.only((history.deals["segment"] == "retail").to_numpy())
    >>> history.rows, len(history.passes), len(retail.passes)
    (43478, 36767, 6115)
    """

    deals: pd.DataFrame
    stages: tuple[str, ...]
    passes: Passes
    as_of: date
    aside: Mapping[str, int]
    notes: tuple[Problem, ...]
    rows: int

    @property
    def now(self) -> int:
        """The end of the last day known, in seconds."""
        return seconds(self.as_of) + DAY

    def only(self, which: Flags) -> History:
        """The same of some deals."""
        at = np.cumsum(which) - 1
        mine = self.passes.where(which[self.passes.deal])
        moved = Passes(at[mine.deal], *(getattr(mine, n) for n in list(Passes.__dataclass_fields__)[1:]))
        return History(self.deals[which].reset_index(drop=True), self.stages, moved, self.as_of, self.aside,
                       self.notes, self.rows)  # fmt: skip


def seconds(day: date) -> int:
    """Midnight of a day, in seconds since 1970."""
    return int(np.datetime64(day, "s").astype(np.int64))


def read(
    tables: Mapping[str, Any], as_of: date | None = None, stages: Mapping[str, str] | None = None
) -> History:
    """The deals known on a day and the stages they went through by then.

    Parameters
    ----------
    tables : with ``deals``; ``stage_history``, ``people``, ``products``, ``accounts`` where there are any.
    as_of : the last day known; the last in the data by default.
    stages : the outcome (open, won, lost) of each stage in the order that the mapping declares.

    Raises
    ------
    SalesopsError
        where no deal has a date.

    Examples
    --------
    >>> from salesops_nb import open_workbook, process
    >>> wb = open_workbook(".")
    >>> found = process.read(wb.tables, stages=wb.stages)
    >>> found.stages, len(found.passes), found.aside["bulk"]
    (('Prospecting', 'Qualify', 'Demo', 'Proposal', 'Negotiation'), 36767, 160)
    """
    tables = Tables.of(tables)
    known = as_of or facts.last_day(tables)
    key = ("process", known, tuple((stages or {}).items()))
    return tables.once(key, lambda: _read(tables, known, stages or {}), lambda made: len(made.passes))


def _read(tables: Tables, as_of: date, declared: Mapping[str, str]) -> History:
    deals, codes = known_deals(tables, as_of)
    outcomes = {**_outcomes(tables), **declared}
    if "stage_history" not in tables:
        note = problem("no-stage-history.process", table="stage_history")
        deals["reopened"], deals["began"] = False, deals["created"]
        return History(deals, (), _no_passes(), as_of, {}, (note,), 0)
    rows, of_stages, blank = _rows(tables, codes, as_of)
    if of_stages.empty:
        note = problem("no-stage-history.empty", table="stage_history")
        deals["reopened"], deals["began"] = False, deals["created"]
        return History(deals, (), _no_passes(), as_of, {"no-stage": blank}, (note,), blank)
    names, parents = list(of_stages["stage"]), list(of_stages["parent_stage"])
    known = np.array(
        [not declared or n in outcomes or p in outcomes for n, p in zip(names, parents, strict=True)]
    )
    ends = np.array([outcomes.get(n, OPEN) for n in names])
    aside: dict[str, int] = {
        "no-stage": blank,
        "unknown-deal": int(of_stages["rows"].sum()) - len(rows["deal"]),
    }
    usual = _within_stages(rows, deals, known, aside)
    order = _order(rows, names, parents, ends, declared)
    place = np.full(len(names), len(order) + 1, np.int16)
    place[ends == WON] = len(order)
    for at, name in enumerate(order):
        place[names.index(name)] = at
    rows["stage"] = place[rows["stage"]]
    _keep_moves(rows, aside)
    rows["at"] //= MICRO  # seconds from here on
    passes, reopened = _passes(rows, deals, len(order), seconds(as_of) + DAY, aside)
    deals["reopened"] = reopened
    deals["began"] = _began(deals, passes)
    notes = _notes(deals, passes, order, aside, [names[i] for i in np.flatnonzero(usual)], names, known)
    aside["bulk"] = int(rows["bulk"].sum())
    return History(deals, tuple(order), passes, as_of, aside, tuple(notes), int(of_stages["rows"].sum()))


def _outcomes(tables: Tables) -> dict[str, str]:
    """What stages of the deals mean: open where any deal is open in it, else what its deals are."""
    rows = collected(tables["deals"].select("stage", "outcome").unique()).dropna()
    found = rows.groupby("stage")["outcome"].agg(set)
    return {str(n): OPEN if OPEN in o else WON if WON in o else LOST for n, o in found.items()}


def _rows(tables: Tables, codes: nw.LazyFrame[Any], as_of: date) -> tuple[dict[str, Any], pd.DataFrame, int]:
    """The log as arrays ordered by deal and time, its stages with their parents, and rows without a stage."""
    history = with_columns_or_null(tables["stage_history"], {"parent_stage": nw.String(), "by": nw.String()})
    history = history.filter(~nw.col("entered_at").is_null())
    stage = nw.col("stage").cast(nw.String)  # a frame's may be numbers
    history = history.with_columns(stage=stage, day=nw.col("entered_at").cast(nw.Date)).filter(
        nw.col("day") <= as_of
    )
    all_ = nw.to_native(history).query("log", """SELECT stage, max(parent_stage) AS parent_stage,
        count(*) AS rows FROM log GROUP BY 1 ORDER BY 1""").df()  # fmt: skip
    nameless = all_["stage"].isna()
    of_stages, blank = all_[~nameless].reset_index(drop=True), int(all_.loc[nameless, "rows"].sum())
    history = history.filter(~nw.col("stage").is_null())
    native = nw.to_native(history)
    of_stages["parent_stage"] = of_stages["parent_stage"].astype(object)
    days = native.query("log", """SELECT coalesce("by", '') AS "by", day, count(*) AS n FROM log
        GROUP BY ALL HAVING n >= 2""").to_arrow_table().to_pandas()  # fmt: skip
    usual = float(np.quantile(days["n"], 0.99)) if len(days) else 0.0
    many = days[days["n"] > max(MANY, TIMES * usual)]
    check()
    joined = history.join(codes, on="deal_id", how="inner")
    dates = ", ".join(f"('{str(by).replace(chr(39), chr(39) * 2)}', DATE '{day}')" for by, day in
                      zip(many["by"], pd.to_datetime(many["day"]).dt.date, strict=True))  # fmt: skip
    bulk = f"(coalesce(\"by\", ''), day) IN ({dates})" if len(many) else "false"
    names = ", ".join(f"'{str(n).replace(chr(39), chr(39) * 2)}'" for n in of_stages["stage"])
    found = nw.to_native(joined).query("log", f"""SELECT deal::INTEGER AS deal,
        (list_position([{names}]::VARCHAR[], stage) - 1)::SMALLINT AS stage,
        epoch_us(CAST(entered_at AS TIMESTAMP)) AS "at", {bulk} AS bulk
        FROM log ORDER BY deal, "at" """).fetchnumpy()  # fmt: skip
    return {name: np.asarray(values) for name, values in found.items()}, of_stages, blank


def _keep(rows: dict[str, Any], which: Flags) -> None:
    """Drop the other rows, column by column, so that there are never two of all."""
    if not which.all():
        for name in rows:
            rows[name] = rows[name][which]


def _within_stages(rows: dict[str, Any], deals: pd.DataFrame, known: Flags, aside: dict[str, int]) -> Flags:
    """Drop rows of unknown stages and of other days than their deal's; gives the stages that most deals
    enter before their creation, whose rows count."""
    stage, stages = rows["stage"], len(known)
    day = (rows["at"] // (DAY * MICRO)).astype(np.int32)
    created, closed = ((deals[name].to_numpy() // DAY).astype(np.int32) for name in ("created", "closed"))
    early = day < created[rows["deal"]]
    before = np.bincount(stage, early, stages) / np.maximum(np.bincount(stage, minlength=stages), 1)
    usual: Flags = before > OFTEN
    end = closed[rows["deal"]]
    late = (end > 0) & (day > end)
    early &= ~usual[stage]
    unknown = ~known[stage]
    for name, which in (("unknown-stage", unknown), ("before-created", early & ~unknown),
                        ("after-closed", late & ~early & ~unknown)):  # fmt: skip
        aside[name] = int(which.sum())
    _keep(rows, ~(unknown | early | late))
    return usual


def _order(
    rows: Mapping[str, Any], names: list[str], parents: list[Any], ends: Any, declared: Mapping[str, str]
) -> list[str]:
    """Open stages in order: the mapping's; inside one of its stages, the one that most deals enter first."""
    size = len(names)
    few = rows["deal"] % max(1, (int(rows["deal"].max(initial=0)) + 1) // ORDERED_BY) == 0
    frame = pd.DataFrame({"deal": rows["deal"][few], "stage": rows["stage"][few]})
    frame["at"] = frame.groupby("deal").cumcount()
    first = frame.drop_duplicates(["deal", "stage"]).pivot(index="deal", columns="stage", values="at")
    first = first.reindex(columns=range(size))
    met = first.to_numpy(float)
    before = np.array([[np.nansum(met[:, i] < met[:, j]) for j in range(size)] for i in range(size)])
    wins = (before > before.T).sum(axis=1) if size else np.zeros(0)
    ranks = {stage: at for at, stage in enumerate(declared)}
    place = [ranks.get(n, ranks.get(p, len(ranks))) for n, p in zip(names, parents, strict=True)]
    return sorted(
        (n for n, end in zip(names, ends, strict=True) if end == OPEN),
        key=lambda n: (place[names.index(n)], -int(wins[names.index(n)]), n),
    )


def _keep_moves(rows: dict[str, Any], aside: dict[str, int]) -> None:
    """Drop the rows at which a deal's stage did not change."""
    deal, at = rows["deal"], rows["at"]
    same = (deal[1:] == deal[:-1]) & (at[1:] == at[:-1])
    aside["one-instant"] = int(same.sum())
    if same.any():  # which of them came first is not known: the furthest stage is what came of it
        order = np.lexsort((rows["stage"], at, deal))
        for name in rows:
            rows[name] = rows[name][order]
        _keep(rows, np.append(~same, True))
    deal, stage = rows["deal"], rows["stage"]
    again = np.zeros(len(deal), bool)
    again[1:] = (deal[1:] == deal[:-1]) & (stage[1:] == stage[:-1])
    aside["saved-again"] = int(again.sum())
    _keep(rows, ~again)


def _passes(
    rows: dict[str, Any], deals: pd.DataFrame, stages: int, now: int, aside: dict[str, int]
) -> tuple[Passes, Flags]:
    """The stays, and which deals were opened again. Of the rows only ``bulk`` is left."""
    deal, stage, at, bulk = rows.pop("deal"), rows.pop("stage"), rows.pop("at"), rows["bulk"]
    last = np.ones(len(deal), bool)
    last[:-1] = deal[1:] != deal[:-1]
    outcomes = [(deals["outcome"] == name).to_numpy() for name in (WON, LOST)]
    ends = np.select(outcomes, [stages, stages + 1], STAYS).astype(np.int16)
    is_open = stage < stages
    aside["no-closing-row"] = int((is_open[last] & (ends[deal[last]] != STAYS)).sum())
    aside["open-again-unsaid"] = int((~is_open[last] & (ends[deal[last]] == STAYS)).sum())
    again = np.zeros(len(deals), bool)
    again[deal[1:][~is_open[:-1] & is_open[1:] & ~last[:-1]]] = True
    # of each stay what follows its row, then the stay itself; one array after the other, as they are long
    over = last[is_open]
    to, left, ended = (np.append(each[1:], each[:1])[is_open] for each in (stage, at, bulk))
    deal, stage, at, began = (each[is_open] for each in (deal, stage, at, bulk))
    end = ends[deal]
    to[over] = end[over]
    closed = np.maximum(deals["closed"].to_numpy()[deal[over]], at[over])
    left[over] = np.where(end[over] == STAYS, now, closed)
    ended &= ~over
    return Passes(deal, stage, at, left, to, began | ended, began, _first(deal, stage, stages)), again


def _first(deal: Ints, stage: Ints, stages: int) -> Flags:
    """Which stays are their deal's first in their stage."""
    pair = deal * np.int64(stages) + stage
    order = np.argsort(pair, kind="stable")  # quick: the rows of a deal stand together already
    found = np.ones(len(pair), bool)
    pair = pair[order]
    found[order[1:]] = pair[1:] != pair[:-1]
    return found


def _no_passes() -> Passes:
    none, no = np.zeros(0, np.int64), np.zeros(0, bool)
    return Passes(none, none, none, none, none, no, no, no)


def _began(deals: pd.DataFrame, passes: Passes) -> Ints:
    """When each deal entered its first stage; without one its creation."""
    began = deals["created"].to_numpy().copy()
    first = np.ones(len(passes), bool)
    first[1:] = passes.deal[1:] != passes.deal[:-1]
    began[passes.deal[first]] = passes.entered[first]
    return began


def _notes(
    deals: pd.DataFrame, passes: Passes, order: Sequence[str], aside: Mapping[str, int], usual: list[str],
    names: list[str], known: Flags,
) -> list[Problem]:  # fmt: skip
    log, n = "stage_history", aside
    strange = ", ".join(name for name, there in zip(names, known, strict=True) if not there)
    by_code = {
        "no-stage": problem("stage-rows.no-stage", table=log, n=n["no-stage"]),
        "unknown-deal": problem("stage-rows.unknown-deal", table=log, n=n["unknown-deal"]),
        "unknown-stage": problem("stage-rows.unknown-stage", table=log, n=n["unknown-stage"], names=strange),
        "before-created": problem("stage-rows.before-created", table=log, n=n["before-created"]),
        "after-closed": problem("stage-rows.after-closed", table=log, n=n["after-closed"]),
        "one-instant": problem("stage-rows.one-instant", table=log, n=n["one-instant"]),
        "saved-again": problem("stage-rows.saved-again", table=log, n=n["saved-again"]),
        "no-closing-row": problem("stage-rows.no-closing-row", table=log, n=n["no-closing-row"]),
        "open-again-unsaid": problem("stage-rows.open-again-unsaid", table=log, n=n["open-again-unsaid"]),
    }
    found = [note for code, note in by_code.items() if aside[code]]
    if usual:
        found.append(problem("stage-rows.other-creation", table="stage_history", stages=", ".join(usual)))
    started = np.ones(len(passes), bool)
    started[1:] = passes.deal[1:] != passes.deal[:-1]
    without = len(deals) - int(started.sum())
    if without:
        found.append(problem("stage-rows.no-history", table="stage_history", n=without))
    if len(passes) > 1_000 and passes.first.all():
        found.append(problem("stage-rows.never-again", table="stage_history"))
    later = int((passes.stage[started] > 0).sum())
    if later:
        found.append(problem("stage-rows.begins-later", table="stage_history", n=later, stage=order[0]))
    return found
