"""The review's sums, each one scan of the facts: what leaves the engine is small.

One scan gives the sums of the whole and of every way it is cut (GROUPING SETS), since a scan of a few
thousand deals takes less time than asking for it. Facts are always on DuckDB here: `frames.settled`
puts them there, whatever engine they came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import narwhals as nw
import pandas as pd

ALL = "all"
CUTS = ("team", "owner_id", "product_id", "segment", "deal_type")
# days from creation to closing, or to the last day where still open
_DAYS = "(epoch_us({ended}::TIMESTAMP) - epoch_us(created_on::TIMESTAMP)) // 86400000000"
_AGED = "created_on IS NOT NULL AND coalesce(ok_cycle_time, true)"
_SUMS = """count(*) AS deals, sum(priced::BIGINT)::BIGINT AS priced, sum(value) AS value,
    sum(list_value) AS list_value, sum(CASE WHEN estimated THEN value ELSE 0 END) AS estimated"""


class Cuts(dict[str, pd.DataFrame]):
    """The sums of the whole (`ALL`) and of each cut, told apart when first asked for."""

    def __init__(self, rows: pd.DataFrame, cuts: Sequence[str]) -> None:
        super().__init__()
        self._rows, self._cuts = rows, cuts
        self._which = rows["_cut"].to_numpy(dtype=object)

    def __missing__(self, name: str) -> pd.DataFrame:
        others = {"_cut", *self._cuts} - {name}
        part = self._rows.loc[self._which == name, [each for each in self._rows if each not in others]]
        if name == ALL:
            part = part.assign(**{ALL: ALL})
        return self.setdefault(name, part)


def closed(facts: nw.LazyFrame[Any], *spans: tuple[date, date]) -> list[Cuts]:
    """Deals closed in each [start, end), which do not overlap: for the whole and for each cut, per group
    and outcome, their sums.

    ``deals`` counts, ``value`` and ``list_value`` sum the money, ``estimated`` is the part of it
    valued at list price; ``days`` sums the days from creation to closing of the ``aged`` deals whose
    dates hold; ``units`` sums the quantities of the ``counted`` deals that have an amount and one.
    """
    days = _DAYS.format(ended="closed_on")
    inside = [f"closed_on >= {_day(start)} AND closed_on < {_day(end)}" for start, end in spans]
    which = " ".join(f"WHEN {each} THEN {at}" for at, each in enumerate(inside))
    rows = _cut(
        facts,
        f"""{_SUMS}, coalesce(sum({days}) FILTER (WHERE {_AGED}), 0)::BIGINT AS days,
            count(*) FILTER (WHERE {_AGED}) AS aged, sum(quantity) FILTER (WHERE priced) AS units,
            count(quantity) FILTER (WHERE priced) AS counted""",
        f"outcome <> 'open' AND ({' OR '.join(inside)})",
        ["outcome", f"CASE {which} END AS _span"],
        CUTS,
    )
    return [Cuts(rows[rows["_span"] == at].drop(columns="_span"), CUTS) for at in range(len(spans))]


def opened(facts: nw.LazyFrame[Any], start: date, end: date, stale_before: date | None) -> Cuts:
    """Open deals by ``stage`` too: sums per group, and whether ``stale`` (created before that day) and
    ``due`` in [start, end).
    """
    stale = "false" if stale_before is None else f"coalesce(created_on < {_day(stale_before)}, false)"
    due = f"coalesce(expected_close_on >= {_day(start)} AND expected_close_on < {_day(end)}, false)"
    cuts = (*CUTS, "stage")
    return Cuts(_cut(facts, _SUMS, "outcome = 'open'", [f"{stale} AS stale", f"{due} AS due"], cuts), cuts)


def decided_values(
    facts: nw.LazyFrame[Any], start: date, end: date, measure: str, fine: bool, cuts: Sequence[str]
) -> Cuts:
    """How many deals were decided at each amount of `measure`: per group, ``outcome``, ``amount``, ``deals``.

    Where not `fine`, amounts keep two significant digits: enough for an interval, and far fewer rows.
    """
    amount = f"{measure}::DOUBLE"
    if not fine:
        step = f"pow(10.0, floor(log10(abs({amount}) + 1)) - 1)"
        amount = f"round({amount} / {step}) * {step}"
    inside = f"outcome <> 'open' AND closed_on >= {_day(start)} AND closed_on < {_day(end)}"
    return Cuts(_cut(facts, "count(*) AS deals", inside, ["outcome", f"{amount} AS amount"], cuts), cuts)


def daily_bookings(facts: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Won deals by ``closed_on``, in order of days: ``value``, ``largest`` of one deal, ``deals``,
    and ``squares``, the sum of the deals' squared values."""
    return _asked(
        facts,
        """SELECT closed_on, sum(value) AS value, max(value) AS largest, count(*) AS deals,
            sum(value::DOUBLE ** 2) AS squares
        FROM facts WHERE outcome = 'won' GROUP BY 1 ORDER BY 1""",
    )


def ages(facts: nw.LazyFrame[Any], as_of: date, by: str = "") -> pd.DataFrame:
    """Days from creation to closing, or to `as_of` where still open: ``days``, ``outcome``, `by`, ``deals``.

    Deals without a creation date, and those whose dates contradict each other, are left out.
    """
    last = f"coalesce(CASE WHEN outcome <> 'open' THEN closed_on END, {_day(as_of)})"
    return _asked(
        facts,
        f"""SELECT {_DAYS.format(ended=last)} AS days, outcome{", " * bool(by)}{by}, count(*) AS deals
        FROM facts WHERE {_AGED} GROUP BY ALL ORDER BY ALL""",
    )


def made_and_decided(
    facts: nw.LazyFrame[Any], as_of: date, spans: Sequence[tuple[date, date]], followed: date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of deals created in each [start, end), by its place as ``cohort``, what `ages` gives, and whether they
    were created by a day (``followed``); of deals closed in each, ``outcome`` and ``deals``.
    """

    def place(day: str) -> str:
        inside = (f"{day} >= {_day(start)} AND {day} < {_day(end)}" for start, end in spans)
        return f"CASE {' '.join(f'WHEN {each} THEN {at}' for at, each in enumerate(inside))} END AS cohort"

    made = ages(facts, as_of, f"{place('created_on')}, created_on <= {_day(followed)} AS followed")
    decided = _asked(
        facts,
        f"""SELECT {place("closed_on")}, outcome, count(*) AS deals
        FROM facts WHERE outcome <> 'open' GROUP BY ALL""",
    )
    return made, decided


def span(facts: nw.LazyFrame[Any]) -> tuple[date | None, int, bool]:
    """The first day a deal closed, how many deals there are, and whether deals were won and none was lost."""
    found = _asked(
        facts,
        """SELECT min(closed_on) AS first, count(*) AS deals,
            bool_or(outcome = 'won') AND NOT bool_or(outcome = 'lost') AS only_wins FROM facts""",
    )
    first, deals, only_wins = found.iloc[0]
    return first, int(deals), bool(only_wins)


def stale_limit(durations: pd.DataFrame, as_of: date, share: float = 0.99) -> tuple[int, date] | None:
    """The age in days under which that share of all closed deals closed, and the creation day it means.

    None where nothing ever closed. `durations` is what `ages` gives.
    """
    done = durations[durations["outcome"] != "open"].groupby("days")["deals"].sum().sort_index()
    if done.empty:
        return None
    reached = done.cumsum() >= share * done.sum()
    days = int(done.index.to_numpy()[reached.to_numpy().argmax()])
    return days, as_of - timedelta(days=days)


def _cut(
    facts: nw.LazyFrame[Any], sums: str, where: str, split: Sequence[str], cuts: Sequence[str]
) -> pd.DataFrame:
    """The sums of the whole (`ALL`) and of each cut, told by ``_cut``, all split further, from one scan."""
    own = [each.rpartition(" AS ")[2] for each in split]
    sets = ", ".join(f"({', '.join([*own, *cut])})" for cut in ([], *([name] for name in cuts)))
    whens = " ".join(f"WHEN grouping({name}) = 0 THEN '{name}'" for name in cuts)
    which = f"CASE {whens} ELSE '{ALL}' END" if whens else f"'{ALL}'"
    return _asked(
        facts,
        f"""WITH chosen AS (SELECT *{_added(split)}
            FROM facts WHERE {where})
        SELECT {", ".join([*own, *cuts])}, {which} AS _cut, {sums}
        FROM chosen GROUP BY GROUPING SETS ({sets})""",
    )


def _added(split: Sequence[str]) -> str:
    return "".join(f", {each}" for each in split if " AS " in each)


def _asked(facts: nw.LazyFrame[Any], sql: str) -> pd.DataFrame:
    """A small result: decimals as `Decimal`, days as `date`."""
    table = nw.to_native(facts).query("facts", sql).to_arrow_table()
    return pd.DataFrame(table.to_pandas(date_as_object=True))


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"
