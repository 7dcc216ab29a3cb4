"""How good a forecast of the rest of a period would have been at every month's end, beside simple ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from salesops_nb.core.periods import FiscalCalendar, Kind, Period
from salesops_nb.forecast.accuracy import bias, mad, rmse, tracking_signal, wape
from salesops_nb.forecast.deal_lives import NEVER, Floats, Ints, Lives
from salesops_nb.forecast.in_progress import Months, forecast

EPOCH = date(1970, 1, 1)
OURS = "model"
_FUTURES = 1_000  # of each origin: enough for its ends
_RUN = 91  # days of the run rate
ENOUGH = 6  # origins from which on a better method is shown in the model's place


@dataclass(frozen=True)
class Backtest:
    """`rows` has an origin each: ``day, period, came``, a column a method, ``p10`` and ``p90``.

    `methods` has one each: ``method, n`` (origins at which it could say something)``, wape, bias, mad, rmse,
    signal`` (of `forecast.accuracy`, `tracking_signal` the last), the model's at the same origins in
    ``model_wape``, and ``coverage`` of the model's 80 % interval.
    """

    rows: pd.DataFrame
    methods: pd.DataFrame

    @property
    def best(self) -> str:
        """The method to show: the model, unless another was better at enough origins."""
        table = self.methods[self.methods["n"] >= ENOUGH].set_index("method")
        better = (table["wape"] / table["model_wape"])[table["wape"] < table["model_wape"]]
        return str(better.idxmin()) if len(better) else OURS


def months_of(calendar: FiscalCalendar, first: date, last: date) -> tuple[Months, list[Period]]:
    """The months from that of a day to that of another, and the one after."""
    begin = calendar.containing(first, "month").start
    found = list(calendar.between(begin, calendar.containing(last, "month").end, "month"))
    found.append(found[-1].next())
    start = np.array([day_number(m.start) for m in [*found, found[-1].next()]], dtype=np.int64)
    position = np.array([(int(m.key[-2:]) - 1) % 3 for m in [*found, found[-1].next()]], dtype=np.int64)
    return Months(start, position), found


def day_number(day: date) -> int:
    """Days from 1970-01-01."""
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The day that is so many days from 1970-01-01."""
    return EPOCH + timedelta(days=int(number))


def backtest(
    lives: Lives,
    calendar: FiscalCalendar,
    kind: Kind,
    first: date,
    as_of: date,
    called: Callable[[Period, date], float | None] | None = None,
) -> Backtest:
    """Every month's end of the history as an origin: what the rest of its period brought, and what was said.

    Parameters
    ----------
    kind : month, quarter or year: the periods that are forecast.
    first, as_of : the first day on which a deal closed, and the last that the data cover.
    called : what people had committed to for a period by a day, in all; None where nobody had.
    """
    came = day_of(min(lives.created.min(initial=NEVER), day_number(first)))
    months, periods = months_of(calendar, came, as_of)
    daily = _daily(lives)
    rows = []
    for month in periods:
        whole = calendar.containing(month.start, kind)
        origin, end = day_number(month.start), day_number(whole.end)
        if whole.end > as_of + timedelta(days=1) or month.start > as_of:
            continue
        made = forecast(lives, months, origin, end, day_number(whole.start), _FUTURES, today=False)
        if made is None:
            continue
        rest = made.made - made.booked
        p10, p50, p90 = (float(q) for q in np.quantile(rest, [0.1, 0.5, 0.9]))
        row = {"day": month.start - timedelta(days=1), "period": whole.key, "came": daily(origin, end)}
        row |= {OURS: p50, "p10": p10, "p90": p90}
        row |= peers(lives, calendar, day_number(first), origin, end)
        commit = called(whole, month.start - timedelta(days=1)) if called else None
        row["commit"] = None if commit is None else commit - made.booked
        rows.append(row)
    frame = pd.DataFrame(rows)
    return Backtest(frame, judged(frame))


def _daily(lives: Lives) -> Callable[[int, int], float]:
    """Bookings of the scope between two days, the second not counted."""
    mine = lives.in_scope(lives.won)
    order = np.argsort(lives.closed[mine], kind="stable")
    days: Ints = lives.closed[mine][order]
    total: Floats = np.concatenate([[0.0], np.cumsum(lives.value[mine][order])])

    def between(start: int, end: int) -> float:
        a, b = np.searchsorted(days, [start, end])
        return float(total[b] - total[a])

    return between


def peers(
    lives: Lives, calendar: FiscalCalendar, began: int, origin: int, end: int, today: bool = False
) -> dict[str, float | None]:
    """What simple methods say of the rest of a period; None where the history does not reach back.

    Parameters
    ----------
    began : the first day on which a deal closed.
    origin, end : the days, from 1970, between which bookings are to come; of what is later nothing is seen.
    today : as in `forecast`.
    """
    known = lives.known(origin)
    daily = _daily(known)
    ahead = list(calendar.between(day_of(origin), day_of(end), "month"))

    def earlier(back: int) -> float | None:
        total = 0.0
        for i, month in enumerate(ahead):
            before = month
            for _ in range(back * (i // back + 1)):
                before = before.previous()
            first, last = day_number(before.start), day_number(before.end)
            if i == 0:  # as far into it as the origin is
                first += round((origin - day_number(month.start)) / month.days * before.days)
            if first < began:
                return None
            total += daily(first, last)
        return total

    decided = known.closed < origin
    there = known.open_at(origin)
    mine = there if lives.mine is None else there[lives.mine[there]]
    worth = known.value_at(mine, origin, today)
    typical = known.value[known.won & decided]
    worth = np.where(np.isnan(worth), typical.mean() if len(typical) else 0.0, worth)
    rate = float(known.won[decided].mean()) if decided.any() else 0.0
    run = daily(origin - _RUN, origin) / _RUN * (end - origin) if origin - _RUN >= began else None
    return {
        "same month of last quarter": earlier(3),
        "same period last year": earlier(12),
        "run rate": run,
        "weighted pipeline": float((worth * _stage_rates(known, mine, origin, rate)).sum()),
    }


def _stage_rates(known: Lives, deals: Ints, origin: int, rate: float) -> Floats:
    """The share that was won in the end of closed deals that had been in the stage each is in."""
    out = np.full(len(deals), rate)
    if known.stages is None:
        return out
    at, stages = known.stage_at(deals, origin), known.stages
    passed = stages.day < origin
    closed = passed & (known.closed[stages.deal] < origin)
    pairs = np.unique(np.stack([stages.value[closed].astype(np.int64), stages.deal[closed]]), axis=1)
    for code in np.unique(at[at >= 0]):
        through = pairs[1][pairs[0] == code]
        if len(through):
            out[at == code] = known.won[through].mean()
    return out


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """How good each method was: the `methods` of a `Backtest` from its `rows`."""
    columns = ["method", "n", "wape", "bias", "mad", "rmse", "signal", "model_wape", "coverage"]
    names = [c for c in rows.columns if c not in ("day", "period", "came", "p10", "p90")] if len(rows) else []
    made = []
    for name in names:
        part = rows[rows[name].notna()]
        if not len(part) or not part["came"].abs().sum():
            continue
        came, forecasts = part["came"].tolist(), part[name].astype(float).tolist()
        inside = ((part["p10"] <= part["came"]) & (part["came"] <= part["p90"])).mean()
        ours = wape(came, part[OURS].tolist())
        mine = inside if name == OURS else None
        errors = [each(came, forecasts) for each in (wape, bias, mad, rmse, tracking_signal)]
        made.append((name, len(part), *errors, ours, mine))
    return pd.DataFrame(made, columns=columns)
