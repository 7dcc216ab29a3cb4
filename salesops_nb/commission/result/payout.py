"""The result: payable lines, how they came about, statements, what was withheld and why."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw

from salesops_nb.commission.crediting.refund_pieces import shown
from salesops_nb.commission.inputs.tables import Tables, arrow, engine_error
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.settlement.working import ComponentRows, Working
from salesops_nb.core.frames import scratch_file
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from salesops_nb.commission.result.attainment import Attained


class Payout:
    """What a calculation pays in a period, as `calculate` returns it.

    Frames are made when they are first read: `lines` (payable lines), `trace` (the steps of each),
    `statements` (one row per payee, plan and currency), `withheld` (what pays nothing, or not yet, with a
    reason), `reconciliation` (credited = paid + withheld + excluded) and `balances`; docs/plans.md lists
    their columns. `problems` is what was set aside. Money is `Decimal`. `working` is
    what the calculation's steps worked on; with `again` the first is good for writing the lines only.

    Examples
    --------
    A lost deal pays nothing, and credit is accounted for to the cent:

    >>> from datetime import date
    >>> from decimal import Decimal
    >>> import pandas as pd
    >>> from salesops_nb import commission
    >>> plan = commission.load_plan({
    ...     "plan": {"id": "ae", "version": 1, "from": "2026-01-01", "to": "2026-12-31",
    ...              "currency": "USD", "period": "month"},
    ...     "credit": {"event": "booked"},
    ...     "components": [{"id": "base", "rate_pct": 5}],
    ... })
    >>> deals = pd.DataFrame({
    ...     "deal_id": ["D1", "D2", "D3"],
    ...     "owner_id": ["Ada", "Ada", "Bo"],
    ...     "outcome": ["won", "won", "lost"],
    ...     "amount": [Decimal("1000.50"), Decimal("300.00"), Decimal("900.00")],
    ...     "closed_on": [date(2026, 1, 10), date(2026, 1, 20), date(2026, 1, 25)],
    ... })
    >>> payout = commission.calculate(plan, {"deals": deals}, "2026-01")
    >>> payout.statements
      payee_id plan_id currency  lines  commission   amount
    0      Ada      ae      USD      2     65.0300  65.0300
    >>> payout.reconciliation[["credited", "paid", "difference"]].astype(float)
       credited    paid  difference
    0    1300.5  1300.5         0.0
    """

    def __init__(self, working: Working, again: Callable[[], Working] | None = None) -> None:
        self._first = working
        self._again = again
        self._checked = False

    @cached_property
    def working(self) -> Working:
        """What the calculation's steps worked on: with `again` all is worked out anew, to be read often."""
        return self._first if self._again is None else self._again()

    @property
    def period(self) -> Period:
        """The period that is paid."""
        return self._first.period

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans that were calculated."""
        return self._first.plans

    @property
    def tables(self) -> Tables:
        """The tables it was calculated from."""
        return self._first.tables

    @property
    def problems(self) -> list[Problem]:
        """Every finding; the checks of rows run when this is first read."""
        working = self.working
        if not self._checked:
            from salesops_nb.commission.checks import (
                cancellations,
                deal_outcomes,
                deal_rows,
                refunds_and_cancellations,
            )

            made: list[Problem] = []
            deal_rows.rows(working.facts, working.period, working.stays, made)
            for each in (refunds_and_cancellations, cancellations, deal_outcomes):
                made += each.rows(working)
            working.found += made
            self._checked = True
        return working.found

    def read(self) -> None:
        """Work out what most readers want, so that no reading is left that adds to the problems."""
        self.lines, self.problems, self.attained, self.withheld, self.reconciliation  # noqa: B018

    @property
    def lines_lazy(self) -> nw.LazyFrame[Any]:
        """Payable lines, not yet worked out."""
        read = "working" in vars(self)
        return (self.working if read else self._first).lines_lazy

    def write_lines(self, path: str | Path) -> None:
        """The payable lines as Parquet, written by the engine: a file, or a folder of files by Spark."""
        native = self.lines_lazy.to_native()
        try:
            if isinstance(native, duckdb.DuckDBPyRelation):
                # a workbook's connection writes into no other folder
                inside = scratch_file()
                native.write_parquet(str(inside), compression="zstd")
                shutil.move(inside, path)
            elif hasattr(native, "sparkSession"):
                native.write.mode("overwrite").parquet(str(path))
            else:
                self.lines_lazy.sink_parquet(str(path))
        except (duckdb.Error, OSError) as error:
            raise engine_error(error) from error

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Payable lines, in a stable order."""
        made = arrow(self.working.lines_lazy)
        return _pandas(
            made.sort_by(
                [
                    ("payee_id", "ascending"),
                    ("plan_id", "ascending"),
                    ("component_id", "ascending"),
                    ("happened_on", "ascending"),
                    ("line_id", "ascending"),
                ]
            )
        )

    @cached_property
    def trace(self) -> pd.DataFrame:
        """Every step of every credit: the line's id, component, credit, position, function, factor,
        raw and amount.
        """
        frames = [arrow(_traced(part)) for part in self.working.components]
        import pyarrow as pa

        empty = pa.table({"payee_id": pa.array([], pa.string())})
        return _pandas(pa.concat_tables(frames, promote_options="permissive") if frames else empty)

    @cached_property
    def statements(self) -> pd.DataFrame:
        """A row a payee, plan and currency: the sum of its lines by kind, and in all."""
        import pandas as pd

        from salesops_nb.commission.result import totals

        if self.lines.empty:
            return pd.DataFrame(columns=["payee_id", "plan_id", "currency", "lines", "amount"])
        return totals.statements(self.lines)

    @cached_property
    def attained(self) -> list[Attained]:
        """How far each person on a plan has come, in order of person."""
        from salesops_nb.commission.result.attainment import attained

        return attained(self.working)

    @cached_property
    def withheld(self) -> pd.DataFrame:
        """Every person, deal and component that pays nothing, or not yet, with the reason."""
        from salesops_nb.commission.result.withheld import withheld

        return withheld(self.working, self.problems, self.lines)

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Credited = paid + withheld + excluded, by plan and currency; ``difference`` is zero."""
        from salesops_nb.commission.result import reconciliation as status

        return status.reconciliation(self.working)

    @cached_property
    def balances(self) -> pd.DataFrame:
        """Balances after the period, shaped as opening balances of the next.

        Draws to repay, pay carried over caps, and pay held back.
        """
        from salesops_nb.commission.result import totals

        return totals.balances(self.working)

    @cached_property
    def at_exit(self) -> pd.DataFrame:
        """What is open with people who have left: balances, proposed to be settled, and credit still owed."""
        from salesops_nb.commission.result.at_exit import at_exit

        return at_exit(self.working, self.withheld)

    def summary(self) -> str:
        """Totals, the reconciliation and the number of problems in words."""
        from salesops_nb.commission.result import totals

        return totals.words(self.period, self.lines, self.reconciliation, self.problems)

    def explain(self, line_id: str) -> str:
        """A line's sentence."""
        from salesops_nb.commission.result.explanation import explained

        return explained(self.working, line_id)


def explain(payout: Payout, line_id: str) -> str:
    """The calculation of one line as a sentence, in English.

    `line_id` is that of a row of ``payout.lines``; raises `SalesopsError` where the payout has no such line.

    Examples
    --------
    >>> from datetime import date
    >>> from decimal import Decimal
    >>> import pandas as pd
    >>> from salesops_nb import commission
    >>> plan = commission.load_plan({
    ...     "plan": {"id": "ae", "version": 1, "from": "2026-01-01", "to": "2026-12-31",
    ...              "currency": "USD", "period": "month"},
    ...     "credit": {"event": "booked"},
    ...     "components": [{"id": "base", "rate_pct": 5}],
    ... })
    >>> deals = pd.DataFrame({
    ...     "deal_id": ["D1"], "owner_id": ["Ada"], "outcome": ["won"],
    ...     "amount": [Decimal("1000.50")], "closed_on": [date(2026, 1, 10)],
    ... })
    >>> payout = commission.calculate(plan, {"deals": deals}, "2026-01")
    >>> commission.explain(payout, "ae.1/base/Ada/D1:booked/commission/2026-01")
    'deal D1: 1,000.50 of credit at 5 %: 50.03'
    """
    return payout.explain(line_id)


def _traced(part: ComponentRows) -> nw.LazyFrame[Any]:
    names = part.frame.collect_schema().names()
    keep = [
        "payee_id",
        "deal_id",
        "event_id",
        "part",
        "happened_on",
        "counted_on",
        "x",
        "x_before",
        "x_after",
        "f_before",
        "f_after",
        "factor_now",
        "raw",
        "p_before",
        "p_after",
        "amount_now",
        "amount_prev",
        "quota",
        "share",
    ]
    found = [nw.col(n) for n in keep if n in names]
    return shown(part.frame).select(
        *found,
        plan_id=nw.lit(part.plan.id),
        plan_version=nw.lit(part.plan.version),
        component_id=nw.lit(part.c.id),
        span=nw.col("span").cast(nw.Int64),
    )


def _pandas(made: pa.Table) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = made.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
