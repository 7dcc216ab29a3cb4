"""The result: payable lines, how they came about, statements, what was withheld and why."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa

from salesops_nb.commission.assignments import Stay
from salesops_nb.commission.facts import Facts
from salesops_nb.commission.frames import Tables, arrow, as_day, collected, engine_error
from salesops_nb.commission.job import Job, on_attainment
from salesops_nb.commission.lines import payable, table
from salesops_nb.commission.pieces import event_of, shown
from salesops_nb.commission.plan import Plan
from salesops_nb.commission.schema import Component
from salesops_nb.commission.spans import Span
from salesops_nb.errors import Problem
from salesops_nb.frames import scratch_file
from salesops_nb.periods import Period

if TYPE_CHECKING:
    from salesops_nb.commission.attained import Attained

_WITHHELD = ("payee_id", "deal_id", "event_id", "plan_id", "component_id", "reason", "credit", "amount")


@dataclass
class ComponentRows:
    """A component's worked frame: a row a credit, with position, factor and amount."""

    plan: Plan
    c: Component
    spans: list[Span]
    frame: nw.LazyFrame[Any]
    job: Job

    @property
    def conditional(self) -> bool:
        """Whether a condition on attainment can change what earlier credits pay."""
        return on_attainment(self.c)


@dataclass
class Payout:
    """What a calculation pays in a period; frames are made when they are asked for."""

    period: Period
    plans: tuple[Plan, ...]
    tables: Tables
    facts: Facts
    found: list[Problem] = field(default_factory=list)
    components: list[ComponentRows] = field(default_factory=list)
    lazy: list[nw.LazyFrame[Any]] = field(default_factory=list)
    made: list[dict[str, Any]] = field(default_factory=list)
    zeros: list[dict[str, Any]] = field(default_factory=list)
    withheld_rows: list[dict[str, Any]] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    stood: dict[str, date] = field(default_factory=dict)
    full: dict[Plan, nw.LazyFrame[Any]] = field(default_factory=dict)
    team: dict[Plan, nw.LazyFrame[Any]] = field(default_factory=dict)
    kept: dict[Plan, tuple[Any, ...]] = field(default_factory=dict)
    stays: dict[Plan, dict[str, list[Stay]] | None] = field(default_factory=dict)
    draws: dict[Plan, dict[str, Decimal]] = field(default_factory=dict)
    credited: set[tuple[Plan, str, str]] = field(default_factory=set)
    _cache: dict[Any, Any] = field(default_factory=dict)

    @property
    def problems(self) -> list[Problem]:
        """Every finding; the checks of rows run when this is first read."""
        if "checked" not in self._cache:
            from salesops_nb.commission import (
                findings,
                findings_cancelled,
                findings_outcome,
                findings_taken_back,
            )

            made: list[Problem] = []
            findings.rows(self.facts, self.period, self.stays, made)
            for each in (findings_taken_back, findings_cancelled, findings_outcome):
                made += each.rows(self)
            self.found += made
            self._cache["checked"] = True
        return self.found

    def read(self) -> None:
        """Work out what most readers want, so that no reading is left that adds to the problems."""
        self.lines, self.problems, self.attained, self.withheld, self.reconciliation  # noqa: B018

    def before(self, since: date) -> Payout:
        """The same calculation of the days from one up to the period, to be filled anew."""
        days = replace(self.period, key=f"before {self.period.key}", start=since, end=self.period.start)
        return replace(
            self, period=days, found=[], made=[], zeros=[], withheld_rows=[], reasons={}, stood={},
            credited=set(), _cache={},
        )  # fmt: skip

    # -- read by settlement ------------------------------------------------------------------

    def prior_rows(self) -> list[dict[str, Any]]:
        """The ledger so far."""
        if "prior" not in self._cache:
            self._cache["prior"] = self.tables.rows("prior_lines")
        rows: list[dict[str, Any]] = self._cache["prior"]
        return rows

    def prior(self, plan: Plan) -> list[dict[str, Any]]:
        """Earlier lines of the plan in the ledger handed in (any version of it, never of this period)."""
        key = self.period.key
        return [r for r in self.prior_rows() if r.get("plan_id") == plan.id and r.get("period") != key]

    def deal_events(self) -> dict[str, list[dict[str, Any]]]:
        """Events of each deal before the period's end, in order."""
        if "events" not in self._cache:
            found: dict[str, list[dict[str, Any]]] = defaultdict(list)
            rows = collected(self.facts.events.filter(nw.col("happened_on") < nw.lit(self.period.end)))
            for row in sorted(rows, key=lambda r: (r["happened_on"], r["event_id"])):
                found[row["deal_id"]].append(row)
            self._cache["events"] = found
        events: dict[str, list[dict[str, Any]]] = self._cache["events"]
        return events

    def terms(self) -> dict[str, int]:
        """Term in months of each deal that has one."""
        return {deal: int(term) for deal, term in self._of_deals("term_months").items()}

    def deal_amounts(self) -> dict[str, Any]:
        """Amount of each deal that has one."""
        return self._of_deals("amount")

    def deal_days(self) -> dict[str, Any]:
        """Day on which each deal was closed."""
        return self._of_deals("closed_on")

    def _of_deals(self, column: str) -> dict[str, Any]:
        if ("deals", column) not in self._cache:
            rows: list[dict[str, Any]] = []
            if column in self.tables.columns("deals"):
                rows = collected(self.tables.frame("deals").select("deal_id", column))
            held = {
                str(r["deal_id"]): r[column] for r in rows if r[column] is not None and r[column] == r[column]
            }
            self._cache["deals", column] = held
        found: dict[str, Any] = self._cache["deals", column]
        return found

    def hold(self, row: dict[str, Any], part: ComponentRows, amount: Decimal, reason: str) -> None:
        """A part of pay that is earned and not payable in this period."""
        self.withheld_rows.append(
            {
                "payee_id": row["payee_id"],
                "deal_id": row["deal_id"],
                "event_id": event_of(row["event_id"]),
                "plan_id": part.plan.id,
                "component_id": part.c.id,
                "reason": reason,
                "credit": row["x"],
                "amount": amount,
            }
        )

    # -- lines ---------------------------------------------------------------------------------

    @property
    def lines_lazy(self) -> nw.LazyFrame[Any]:
        """Payable lines, not yet worked out."""
        frames = [payable(frame) for frame in self.lazy]
        if self.made or not frames:
            frames.append(self.tables.put_arrow(table(self.made)))
        return nw.concat(frames, how="vertical") if len(frames) > 1 else frames[0]

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
        made = arrow(self.lines_lazy)
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
        frames = [arrow(_traced(part)) for part in self.components]
        empty = pa.table({"payee_id": pa.array([], pa.string())})
        return _pandas(pa.concat_tables(frames, promote_options="permissive") if frames else empty)

    @cached_property
    def statements(self) -> pd.DataFrame:
        """A row a payee, plan and currency: the sum of its lines by kind, and in all."""
        if self.lines.empty:
            return pd.DataFrame(columns=["payee_id", "plan_id", "currency", "lines", "amount"])
        from salesops_nb.commission.statements import statements

        return statements(self)

    @cached_property
    def attained(self) -> list[Attained]:
        """How far each person on a plan has come, in order of person."""
        from salesops_nb.commission.attained import attained

        return attained(self)

    @cached_property
    def withheld(self) -> pd.DataFrame:
        """Every person, deal and component that pays nothing, or not yet, with the reason."""
        from salesops_nb.commission.reasons import withheld

        return withheld(self)

    @cached_property
    def reconciliation(self) -> pd.DataFrame:
        """Credited = paid + withheld + excluded, by plan and currency; ``difference`` is zero."""
        from salesops_nb.commission.status import reconciliation

        return reconciliation(self)

    @cached_property
    def balances(self) -> pd.DataFrame:
        """Balances after the period, shaped as opening balances of the next.

        Draws to repay, pay carried over caps, and pay held back.
        """
        from salesops_nb.commission.closing import balances

        return balances(self)

    def summary(self) -> str:
        """Totals, the reconciliation and the number of problems in words."""
        from salesops_nb.commission.status import words

        return words(self)

    def explain(self, line_id: str) -> str:
        """A line's sentence."""
        from salesops_nb.commission.explain import explain

        return explain(self, line_id)


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
    frame: pd.DataFrame = made.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


__all__ = ["ComponentRows", "Payout", "as_day"]
