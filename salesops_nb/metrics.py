"""Metrics: what is counted or summed of deals, over what, and whether more is better.

Those of the catalogue stand in ``core/metrics.toml``; a workbook adds its own in ``metrics.yml``, in the same
words, and they are then usable wherever a metric is: targets, alerts, the review and the panel. A metric is
two exact sums over the facts, `numerator` and `denominator`; its value is their quotient, or the first alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import narwhals as nw
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from salesops_nb.core.frames import Tables, height, settled
from salesops_nb.core.periods import Period
from salesops_nb.core.yaml_file import read_yaml
from salesops_nb.errors import SalesopsError, problem
from salesops_nb.expression import check_columns, condition
from salesops_nb.facts import DEAL_FACTS, every_deal
from salesops_nb.workbook import validated

FILE_NAME = "metrics.yml"
CATALOGUE = Path(__file__).parent / "core" / "metrics.toml"
LEVELS: Mapping[str, str] = {
    "company": "", "region": "region", "team": "team", "rep": "owner_id", "product": "product_id",
    "segment": "segment", "source": "source",
}  # fmt: skip
Level = Literal["company", "region", "team", "rep", "product", "segment", "source"]
SUMMED = {"value": "money", "amount": "money", "list_value": "money", "quantity": "number", "days": "days"}
_SUM = re.compile(r"(?:(?P<count>count)|sum (?P<column>\w+))(?: where (?P<where>.+))?")
_AMOUNT = nw.Decimal(38, 10)


class Metric(BaseModel):
    """One metric: sums of the deals that `filter` leaves, by the day that `by` names.

    `numerator` and `denominator` are ``count`` or ``sum COLUMN``, with ``where CONDITION`` behind it;
    `direction` says whether ``up`` or ``down`` is good; `level` the levels at which it may be asked.

    Examples
    --------
    >>> from salesops_nb.metrics import Metric
    >>> metric = Metric(name="large_deals", numerator="count where outcome == 'won' and value > 3000")
    >>> metric.unit, metric.direction, metric.called
    ('integer', 'up', 'large deals')
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str = ""
    numerator: str
    denominator: str | None = None
    filter: str | None = None
    level: tuple[Level, ...] = get_args(Level)
    direction: Literal["up", "down"] = "up"
    by: Literal["closed_on", "created_on"] = "closed_on"

    @property
    def unit(self) -> str:
        """How its values are written: money, integer, percent, days or number."""
        top = _unit(self.numerator)
        if self.denominator is None:
            return top
        bottom = _unit(self.denominator)
        return "percent" if top == bottom else top if bottom == "integer" else "number"

    @property
    def called(self) -> str:
        """What a page calls it."""
        return self.label or self.name.replace("_", " ")

    @property
    def worse(self) -> int:
        """The side on which it is worse: -1 below, 1 above."""
        return -1 if self.direction == "up" else 1


class _Metrics(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    metrics: tuple[Metric, ...] = ()


def _unit(text: str) -> str:
    found = _SUM.fullmatch(text.strip())
    if found is None or found["count"]:
        return "integer"
    return SUMMED.get(found["column"], "number")


@lru_cache(maxsize=1)
def catalogue() -> tuple[Metric, ...]:
    """The metrics that every workbook has.

    Examples
    --------
    >>> from salesops_nb.metrics import catalogue
    >>> [metric.name for metric in catalogue()][:3]
    ['bookings', 'won_deals', 'win_rate']
    """
    return _Metrics.model_validate(tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))).metrics


def load_metrics(folder: Path) -> dict[str, Metric]:
    """The catalogue and the workbook's own metrics, by name.

    Raises `SalesopsError` with every mistake of ``metrics.yml``: a name given twice, a sum that is
    none, a column that no deal has, a condition that cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> from salesops_nb.metrics import load_metrics
    >>> load_metrics(Path("."))["win_rate"].unit
    'percent'
    """
    known = {metric.name: metric for metric in catalogue()}
    path = folder / FILE_NAME
    if not path.exists():
        return known
    found = []
    for metric in validated(_Metrics, read_yaml(path), path).metrics:
        found += list(_wrong(metric))
        if metric.name in known:
            found.append(problem("duplicate-metric", file=FILE_NAME, value=metric.name))
        known.setdefault(metric.name, metric)
    if found:
        raise SalesopsError(found)
    return known


def own_metrics(folder: Path) -> list[Metric]:
    """The metrics that ``metrics.yml`` adds."""
    names = {metric.name for metric in catalogue()}
    return [metric for name, metric in load_metrics(folder).items() if name not in names]


def metric_of(known: Mapping[str, Metric], name: str, file: str, column: str = "metric") -> Metric:
    """The metric of that name; raises `SalesopsError` with the nearest known names."""
    if name not in known:
        from salesops_nb.core.names import nearest

        close = ", ".join(nearest(name, known)) or ", ".join(known)
        raise SalesopsError(problem("unknown-metric", file=file, column=column, value=name, names=close))
    return known[name]


def _wrong(metric: Metric) -> Iterable[Any]:
    for column in ("numerator", "denominator"):
        text = getattr(metric, column)
        if text is None:
            continue
        found = _SUM.fullmatch(text.strip())
        summed = found is not None and found["column"]
        if found is None or (summed and summed not in SUMMED):
            yield problem("bad-sum", file=FILE_NAME, column=f"{metric.name}.{column}", value=text,
                          columns=", ".join(SUMMED))  # fmt: skip
        elif found["where"]:
            yield from _bad_condition(found["where"], f"{metric.name}.{column}")
    if metric.filter:
        yield from _bad_condition(metric.filter, f"{metric.name}.filter")


def _bad_condition(text: str, column: str) -> Iterable[Any]:
    try:
        check_columns(text, (*DEAL_FACTS, "days"))
    except SalesopsError as error:
        for each in error.problems:
            yield problem("bad-metric-condition", file=FILE_NAME, column=column, why=each.message, value=text)


def measured(tables: Mapping[str, Any], metric: Metric, as_of: Any = None) -> nw.LazyFrame[Any]:
    """The facts that a metric counts: ``day, top, bottom`` and the columns of `DEAL_FACTS`, on the engine.

    `top` and `bottom` are what each deal adds to numerator and denominator, exactly.
    """
    whole = Tables.of(tables)
    rows = height(whole["deals"])
    return whole.once(("measured", metric, as_of), lambda: _measured(whole, metric, as_of, rows), rows)


def _measured(tables: Tables, metric: Metric, as_of: Any, rows: int) -> nw.LazyFrame[Any]:
    facts = every_deal(tables, as_of)
    closed, created = (nw.col(name).cast(nw.Datetime) for name in ("closed_on", "created_on"))
    days = (closed - created).dt.total_minutes() // 1440
    facts = facts.with_columns(
        days=nw.when(nw.col("outcome") != "open").then(days), source=nw.col("source").fill_null("unknown")
    )
    schema = dict(facts.collect_schema())
    facts = facts.filter(~nw.col(metric.by).is_null())
    if metric.filter:
        facts = facts.filter(condition(metric.filter, schema))
    top = _summand(metric.numerator, schema)
    bottom = nw.lit(0).cast(_AMOUNT) if metric.denominator is None else _summand(metric.denominator, schema)
    return settled(facts.with_columns(day=nw.col(metric.by), top=top, bottom=bottom), rows)


def _summand(text: str, schema: dict[str, Any]) -> nw.Expr:
    found = _SUM.fullmatch(text.strip())
    assert found is not None
    each = nw.lit(1).cast(_AMOUNT) if found["count"] else nw.col(found["column"]).cast(_AMOUNT)
    if found["where"]:
        each = nw.when(condition(found["where"], schema)).then(each)
    return each.fill_null(nw.lit(0).cast(_AMOUNT))


def sums(
    facts: nw.LazyFrame[Any],
    spans: Sequence[Period | tuple[Any, Any]],
    by: Sequence[str] = (),
    where: str = "",
) -> pd.DataFrame:
    """Exact sums of the facts that `measured` gave: of the whole and of each column of `by` on its own.

    Columns ``span`` (place of the period), ``cut`` (the column, empty for the whole), ``part`` (its value),
    ``top, bottom`` (decimals), ``squares`` of the top, ``cross`` products, ``bottom_squares`` and ``n``.
    """
    ends = [(each.start, each.end) if isinstance(each, Period) else each for each in spans]
    whens = " ".join(
        f"WHEN day >= DATE '{start}' AND day < DATE '{end}' THEN {at}" for at, (start, end) in enumerate(ends)
    )
    cuts = ", ".join(f"(span, {name})" for name in by)
    sets = f"(span){', ' + cuts if cuts else ''}"
    which = " ".join(f"WHEN grouping({name}) = 0 THEN '{name}'" for name in by)
    part = " ".join(f"WHEN grouping({name}) = 0 THEN coalesce({name}::VARCHAR, 'unknown')" for name in by)
    narrowed = f"WHERE {where}" if where else ""
    sql = f"""WITH chosen AS (SELECT *, CASE {whens} END AS span FROM facts {narrowed})
        SELECT span, {f"CASE {which} ELSE '' END" if by else "''"} AS cut,
            {f"CASE {part} ELSE '' END" if by else "''"} AS part,
            sum(top) AS top, sum(bottom) AS bottom, sum(top::DOUBLE ** 2) AS squares,
            sum(top::DOUBLE * bottom::DOUBLE) AS crossed, sum(bottom::DOUBLE ** 2) AS bottom_squares,
            max(top) AS largest, count(*) AS n
        FROM chosen WHERE span IS NOT NULL GROUP BY GROUPING SETS ({sets}) ORDER BY ALL"""
    found: pd.DataFrame = nw.to_native(facts).query("facts", sql).to_arrow_table().to_pandas()
    return found


def exact(metric: Metric, top: Decimal | Fraction, bottom: Decimal | Fraction) -> Fraction | None:
    """The exact value of a metric; None where its denominator is nothing."""
    if metric.denominator is None:
        return Fraction(top)
    return Fraction(top) / Fraction(bottom) if bottom else None
