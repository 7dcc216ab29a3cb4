"""The shape of a year from a monthly history.

A series is forecast by exponential smoothing (statsmodels, damped trend, a season of twelve months)
and by a seasonal-naive rule (the same month a year before). Both are tried from every origin with
two years behind it and a month ahead (at most twelve of them, evenly spread); the fitted model is
used only where its WAPE is lower. Under 24 months nothing is estimated: the season is declared.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message

Floats = npt.NDArray[np.float64]
YEAR = 12
LEAST_MONTHS = 24
MAX_ORIGINS = 12
MODELS = ("exponential smoothing", "seasonal naive")
SMOOTHING = ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend")


@dataclass(frozen=True)
class Season:
    """The shape of a year and where it comes from.

    Parameters
    ----------
    shares : twelve shares of the year by month of the fiscal year, summing to one.
    model : ``exponential smoothing``, ``seasonal naive`` or ``declared``.
    outlook : expected value of each month of the coming year; empty where the season is declared.
    backtest : model, horizon (months), n, wape, bias, used; a row a model, empty without a test.
    note : one sentence that says how the shape was found and why.
    year_error : root mean square relative error of year totals in the backtest, NaN without any.

    Examples
    --------
    >>> from salesops_nb import targets
    >>> season = targets.season([100] * 11 + [200], declared=[1] * 8 + [2] * 4)
    >>> season.model, season.shares.round(4).tolist()[6:10]
    ('declared', [0.0625, 0.0625, 0.125, 0.125])
    >>> print(season.note)
    Seasonality is declared, not estimated: 12 months of history are fewer than 24; the year follows
    the declared weights.
    """

    shares: Floats
    model: str
    outlook: Floats
    backtest: pd.DataFrame
    note: str
    year_error: float = float("nan")


BACKTEST = ("model", "n", "wape", "bias", "used")


def season(
    history: Sequence[float] | Floats, first: int = 0, declared: Sequence[float] | None = None, ahead: int = 0
) -> Season:
    """The season of a monthly series.

    Parameters
    ----------
    history : one value a month, without gaps, oldest first.
    first : position of the first month in its fiscal year, 0 to 11.
    declared : twelve weights to be used where there are under 24 months; even months if not given.
    ahead : months between the end of the history and the year to be shaped.

    Raises `SalesopsError` for a history of nothing or with negative months, or weights that are not
    twelve numbers of at least zero.

    Examples
    --------
    Three years in which December brings twice as much as any other month:

    >>> from salesops_nb import targets
    >>> found = targets.season(([100] * 11 + [200]) * 3)
    >>> found.model
    'seasonal naive'
    >>> found.shares.round(3)
    array([0.077, 0.077, 0.077, 0.077, 0.077, 0.077, 0.077, 0.077, 0.077,
           0.077, 0.077, 0.154])
    """
    series = np.asarray(history, dtype=np.float64)
    shares = _declared(declared)
    if series.size == 0 or not np.isfinite(series).all() or series.sum() <= 0:
        raise SalesopsError(problem("no-history.no-bookings"))
    if len(series) < LEAST_MONTHS:
        source = (
            message("the declared weights")
            if declared is not None
            else message("even months, as none were declared")
        )
        note = message(
            "Seasonality is declared, not estimated: {months:d} months of history are fewer than {least:d}; "
            "the year follows {source}.",
            months=len(series), least=LEAST_MONTHS, source=source,
        )  # fmt: skip
        return Season(shares, "declared", np.empty(0), pd.DataFrame(columns=list(BACKTEST)), note)
    return _estimated(series, (first + len(series)) % YEAR, ahead)


def _declared(weights: Sequence[float] | None) -> Floats:
    if weights is None:
        return np.full(YEAR, 1 / YEAR)
    values = np.asarray(list(weights), dtype=np.float64)
    if values.shape != (YEAR,) or not np.isfinite(values).all() or (values < 0).any() or not values.sum():
        raise SalesopsError(
            problem("bad-season", count=len(values), weights=", ".join(f"{v:g}" for v in values))
        )
    shares: Floats = values / values.sum()
    return shares


def _estimated(series: Floats, position: int, ahead: int) -> Season:
    """Both models tried; the simpler one where it is no worse. `position` is the month after the last."""
    table, pieces = _backtest(series)
    scores = dict(zip(table["model"], table["wape"], strict=True))
    if scores:
        used = MODELS[0] if scores[MODELS[0]] < scores[MODELS[1]] else MODELS[1]
        table["used"] = table["model"] == used
        told: dict[str, Any] = {"months": len(series), "n": int(table["n"].iloc[0])}
        told |= {"fitted": float(scores[MODELS[0]]), "naive": float(scores[MODELS[1]])}
        if used == MODELS[0]:
            note = message(
                "Seasonality from {months:d} months by exponential smoothing: it has the lower error in "
                "{n:d} forecasts of months held back, off by {fitted:.1%} of what was booked; last year's "
                "months by {naive:.1%}.", **told,
            )  # fmt: skip
        else:
            note = message(
                "Seasonality from {months:d} months, as last year's were: it is simpler and no worse in "
                "{n:d} forecasts of months held back, off by {naive:.1%} of what was booked; exponential "
                "smoothing by {fitted:.1%}.", **told,
            )  # fmt: skip
    else:
        used = MODELS[1]
        note = message(
            "Seasonality from {months:d} months, as last year's were: nothing is left beyond the first "
            "{least:d} months to test a fitted model on.", months=len(series), least=LEAST_MONTHS,
        )  # fmt: skip
    start = ahead + (-(position + ahead)) % YEAR  # the next fiscal year that begins after `ahead` months
    outlook = np.maximum(_predict(used, series, start + YEAR)[start:], 0.0)
    total = outlook.sum()
    shares = outlook / total if total else np.full(YEAR, 1 / YEAR)
    return Season(shares, used, outlook, table, note, _year_error(series, used, pieces))


def _backtest(series: Floats) -> tuple[pd.DataFrame, list[tuple[int, dict[str, Floats]]]]:
    """A row a model, and the forecasts from each origin (up to twelve months ahead)."""
    origins = range(LEAST_MONTHS, len(series))
    step = -(-len(origins) // MAX_ORIGINS) if len(origins) else 1
    chosen = list(origins)[::-1][::step][::-1]
    pieces = [
        (o, {name: _predict(name, series[:o], min(YEAR, len(series) - o)) for name in MODELS}) for o in chosen
    ]
    if not pieces:
        return pd.DataFrame(columns=list(BACKTEST)), []
    actual = np.concatenate([series[o : o + YEAR] for o, _ in pieces])
    rows = []
    for name in MODELS:
        missed = np.concatenate([made[name] for _, made in pieces]) - actual
        total = np.abs(actual).sum() or np.nan
        rows.append((name, len(actual), np.abs(missed).sum() / total, missed.sum() / total, False))
    return pd.DataFrame(rows, columns=list(BACKTEST)), pieces


def _year_error(series: Floats, used: str, pieces: list[tuple[int, dict[str, Floats]]]) -> float:
    whole = [(made[used].sum(), series[o : o + YEAR].sum()) for o, made in pieces if o + YEAR <= len(series)]
    errors = [forecast / came - 1 for forecast, came in whole if came > 0]
    return float(np.sqrt(np.mean(np.square(errors)))) if errors else float("nan")


def _predict(model: str, series: Floats, steps: int) -> Floats:
    """The next months by one of `MODELS`."""
    if model == MODELS[1]:
        repeats = -(-steps // YEAR)
        forecast: Floats = np.tile(series[-YEAR:], repeats)[:steps]
        return forecast
    return np.array(_smoothed(tuple(series.tolist()), steps))


@lru_cache(maxsize=512)
def _smoothed(months: tuple[float, ...], steps: int) -> tuple[float, ...]:
    """Additive Holt–Winters with a damped trend, on logarithms where every month has bookings.

    Kept, since the backtest of one year's targets is that of the next one's too.
    """
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    series = np.array(months)
    positive = bool((series > 0).all())
    scale = float(series.mean())
    values = np.log(series) if positive else series / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that does not converge shows in the backtest
        model = ExponentialSmoothing(
            values, trend="add", damped_trend=True, seasonal="add", seasonal_periods=YEAR,
            initialization_method="heuristic",
        )  # fmt: skip
        # the sixth place of an optimum is the processor's; three make the same targets on each
        best = model.fit().params
        found = {name: round(float(best[name]), 3) for name in SMOOTHING}
        fit = model.fit(**found, optimized=False)
    forecast = np.asarray(fit.forecast(steps), dtype=np.float64)
    if not positive:
        return tuple((np.maximum(forecast, 0.0) * scale).tolist())
    # Keeps a wild fit on a short series within what months have ever been, several times over.
    return tuple(np.exp(np.clip(forecast, values.min() - 3, values.max() + 3)).tolist())
