"""A period's commission for the notebook and the batch: calculated once, and each person's statement kept.

The statements of a calculation are written to the workbook's cache, one file a person, so that forty
statement reports need one calculation, and a report about one person never reads about another.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.commission import Payout, Plan, load_plan, load_plans
from salesops_nb.commission.design.what_if import Study
from salesops_nb.commission.finance.ledger_rows import arrow_of, plain_rows
from salesops_nb.commission.inputs.plan_assignments import in_force
from salesops_nb.commission.inputs.tables import Tables, arrow
from salesops_nb.commission.statements.statement import Books, Statement, Statements, statements_of
from salesops_nb.core.fingerprint import code
from salesops_nb.core.names import Kind, id_of, names_of
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.notebook.commission_calculation.calculations import payout_of
from salesops_nb.notebook.commission_calculation.closed_periods import findings
from salesops_nb.store.ledger import ledger
from salesops_nb.store.ledger.calendar import PayCalendar, load_pay_calendar

if TYPE_CHECKING:
    from salesops_nb.commission.paid_periods.watch import Findings
    from salesops_nb.commission.statements.quota_to_pay import Step
    from salesops_nb.source.opened import Workbook

FOLDER, CALENDAR = "plans", "pay_calendar.yml"
KEPT = 4  # calculations whose statements stay in the cache
FEW = 2000  # deals that are looked up by name
AGREED = ("reviewed", "approved", "locked", "paid")


class Book:
    """One period of a workbook: its plans, its calculation, what the ledger holds, the statements.

    Parameters
    ----------
    period : the key of a period.
    plans : ids or files of plans; all of the folder ``plans`` where none is named.
    as_of : the day of the calculation, by which a cut-off has passed or not; the last in the data.
    """

    def __init__(
        self, workbook: Workbook, period: str, plans: Sequence[str] = (), as_of: date | None = None
    ) -> None:
        self.workbook = workbook
        self.period = workbook.calendar.period(period)
        self.on = as_of or workbook.data_through or self.period.last
        self.wanted = tuple(plans)
        self._drawn: Statement | None = None
        self._studies: dict[Plan, Study] = {}

    @cached_property
    def plans(self) -> list[Plan]:
        """The plans, in the order of their files' names."""
        return chosen_plans(self.workbook.folder, self.wanted)

    @cached_property
    def pay_calendar(self) -> PayCalendar | None:
        """Cut-off and pay dates, where the workbook says them."""
        path = self.workbook.folder / CALENDAR
        return load_pay_calendar(path) if path.exists() else None

    @property
    def tables(self) -> Tables:
        """The workbook's tables and the ledger of earlier periods."""
        return self.payout.tables

    @cached_property
    def payout(self) -> Payout:
        """The calculation."""
        return payout_of(self.workbook, self.plans, self.period)

    def on_day(self, as_of: date) -> Book:
        """The same period and plans as of another day."""
        return Book(self.workbook, self.period.key, self.wanted, as_of)

    def study(self, plan: Plan) -> Study:
        """The plan's credits, ready to be paid by a changed plan."""
        if plan not in self._studies:
            self._studies[plan] = Study(plan, self.tables, self.period, self.payout)
        return self._studies[plan]

    @cached_property
    def posted(self) -> pd.DataFrame:
        """The ledger's lines of the period as they were before this calculation is written."""
        return ledger.lines(self.workbook.store, self.period)

    @cached_property
    def last_run(self) -> pd.DataFrame:
        """What the ledger held of this period's calculation, wherever paid, before this one is written."""
        lines = ledger.lines(self.workbook.store)
        return lines[lines["origin"].fillna("") == self.period.key]

    @cached_property
    def changed(self) -> Findings:
        """What closed periods differ by from their calculation today, by all of the workbook's plans."""
        return findings(self.workbook, self.all_plans)

    @cached_property
    def all_plans(self) -> list[Plan]:
        """The plans of the workbook's folder, else those of the book."""
        place = self.workbook.folder / FOLDER
        return (load_plans(place) if place.is_dir() else []) or self.plans

    @cached_property
    def scope(self) -> list[str] | None:
        """The plans that a posting speaks of; none where they are all."""
        return sorted({plan.id for plan in self.plans}) if self.wanted else None

    @cached_property
    def problems(self) -> list[Problem]:
        """What the calculation complains of, errors first."""
        return sorted(self.payout.problems, key=lambda problem: problem.severity != "error")

    @cached_property
    def names(self) -> dict[str, str]:
        """People's names by their id."""
        return dict(names_of(self.workbook.tables, "people"))

    @cached_property
    def statements(self) -> Statements:
        """Everybody's statement, from this calculation and the ledger."""
        return statements_of(self.payout, self._books())

    @cached_property
    def paths(self) -> dict[str, tuple[Step, list[Step]]]:
        """Everybody's way from quota to pay."""
        return {payee: self.statements.path(payee) for payee in self.statements}

    def statement(self, who: str) -> Statement:
        """One person's statement, from the cache where this very calculation was made before.

        Where this book has calculated already, for the whole company on screen, only this statement is
        drawn up. Raises `SalesopsError` where the period has nothing to state of that person.
        """
        who = id_of(self.workbook.tables, "people", who) or who
        if self._drawn is None or self._drawn.payee_id != who:
            # the cover, the headlines and the lines of a report are of one statement, whatever the ledger
            # takes in meanwhile
            calculated = "statements" in self.__dict__ and who in self.statements
            self._drawn = self.statements[who] if calculated else self._cached(who)
        return self._drawn

    def _cached(self, who: str) -> Statement:
        place = self.workbook.folder / ".cache" / "commission" / self._key()
        if not (place / "done").exists():
            self._keep(place)
        file = place / _file_name(who)
        if not file.exists():
            raise SalesopsError(problem("no-statement", column="who", value=who, period=self.period.key))
        found: Statement = pickle.loads(file.read_bytes())
        return found

    def _books(self) -> Books:
        store = self.workbook.store
        after, newer = ledger.preview(
            store,
            self.payout.lines,
            self.period,
            on=self.on,
            pay_calendar=self.pay_calendar,
            plans=self.scope,
        )
        now = arrow_of(self.posted)
        statuses = dict(zip(now["payee_id"].to_pylist(), now["status"].to_pylist(), strict=True))
        agreed = [payee for payee, status in statuses.items() if status in AGREED]
        lines = arrow_of(after)
        if now.num_rows:
            agreed_on = pa.array(agreed, pa.string())
            held = now.filter(pc.is_in(now["payee_id"], value_set=agreed_on))
            lines = lines.filter(pc.invert(pc.is_in(lines["payee_id"], value_set=agreed_on)))
            lines = pa.concat_tables([held, lines], promote_options="permissive")
        return Books(
            lines=lines,
            statuses=statuses,
            newer={payee: amount for payee, amount in newer.items() if payee in agreed},
            disputes=plain_rows(ledger.disputes(store, period=self.period.key)),
            accounts=partial(self.called, "accounts", "account_id"),
            products=partial(self.called, "products", "product_id"),
            names=self.names,
            agreements=in_force(self._rows("plan_assignments"), self.period),
            pays_on=self.pay_calendar.dates(self.period).pay_date if self.pay_calendar else None,
            earlier=self._earlier(),
            before=self.before,
        )

    def _earlier(self) -> dict[str, dict[str, Decimal]]:
        """What the fiscal year's other periods that end by this one's end come to, by payee and currency."""
        calendar = self.workbook.calendar
        year = calendar.containing(self.period.start, "year")
        keys = set(self._ledger["period"].unique()) - {self.period.key}
        spans = {key: calendar.period(key) for key in keys}
        return self._sums(
            key for key, span in spans.items() if year.start <= span.start and span.end <= self.period.end
        )

    @cached_property
    def before(self) -> tuple[str, dict[str, dict[str, Decimal]]]:
        """The period before, and what the ledger paid in it by payee and currency."""
        key = self.period.previous().key
        return key, self._sums([key])

    @cached_property
    def _ledger(self) -> pd.DataFrame:
        return ledger.lines(self.workbook.store)

    def _sums(self, periods: Iterable[str]) -> dict[str, dict[str, Decimal]]:
        """What the ledger's lines of periods come to, by payee and currency."""
        known = self._ledger
        found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        rows = plain_rows(known[known["period"].isin(list(periods))], ["payee_id", "currency", "amount"])
        for row in rows:
            found[row["payee_id"]][row["currency"]] += row["amount"]
        return {payee: dict(sums) for payee, sums in found.items()}

    def called(self, kind: Kind, column: str, asked: Collection[str]) -> Mapping[str, str]:
        """The account or product of each deal that is asked for, by its name where it has one."""
        names = names_of(self.workbook.tables, kind)
        return {deal: names.get(one, one) for deal, one in self._of_deals(column, asked).items()}

    def _of_deals(self, column: str, asked: Collection[str]) -> Mapping[str, str]:
        """A column of each deal that is asked for and has it; of all deals where they are many."""
        deals = Tables.of(self.workbook.tables).frame("deals")
        if column not in deals.collect_schema().names():
            return {}
        deals = deals.select("deal_id", column)
        if len(asked) < FEW:
            deals = deals.filter(nw.col("deal_id").is_in(sorted(asked)))
        found = arrow(deals.filter(~nw.col(column).is_null()))
        ids, values = (found[name].cast(pa.string()).to_pylist() for name in ("deal_id", column))
        return dict(zip(ids, values, strict=True))

    def _rows(self, table: str) -> list[dict[str, Any]]:
        return plain_rows(self.workbook.tables[table]) if table in self.workbook.tables else []

    def _key(self) -> str:
        """Everything a statement follows from: data, plans, calendar, ledger, day and code."""
        folder = self.workbook.folder
        parts: list[str] = [
            self.workbook.fingerprint,
            self.period.key,
            str(self.on),
            ledger.anchor(self.workbook.store),
            version("duckdb"),
            code(),
            *(repr(plan.file) for plan in self.plans),
            (folder / CALENDAR).read_text(encoding="utf-8") if (folder / CALENDAR).exists() else "",
            (folder / "workbook.yml").read_text(encoding="utf-8"),
        ]
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()

    def _keep(self, place: Path) -> None:
        """Write the statements beside, then move them in; whoever comes second finds them there."""
        beside = place.with_name(f".{place.name}.{os.getpid()}")
        beside.mkdir(parents=True, exist_ok=True)
        for who, found in self.statements.items():
            (beside / _file_name(who)).write_bytes(pickle.dumps(found))
        (beside / "done").touch()
        try:
            beside.rename(place)
        except OSError:
            shutil.rmtree(beside, ignore_errors=True)
        others = sorted((p for p in place.parent.iterdir() if not p.name.startswith(".")), key=_age)
        for old in others[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def chosen_plans(folder: Path, wanted: Sequence[str] = ()) -> list[Plan]:
    """Plans by id or by file in the workbook; all of its folder ``plans`` where none is named.

    Raises `SalesopsError` where there is no plan at all, or none of that name.
    """
    place = folder / FOLDER
    known = load_plans(place) if place.is_dir() else []
    if not wanted:
        if not known:
            raise SalesopsError(problem("no-plan"))
        return known
    found: list[Plan] = []
    for name in wanted:
        if (folder / name).is_dir():
            mine = load_plans(folder / name)
        elif (folder / name).is_file():
            mine = [load_plan(folder / name)]
        else:
            mine = [plan for plan in known if plan.id == name]
        if not mine:
            ids = ", ".join(sorted({plan.id for plan in known})) or "none"
            raise SalesopsError(
                problem("unknown-plan", column='plans', value=name, names=ids)
            )  # fmt: skip
        found += mine
    return list(dict.fromkeys(found))


def earning_codes(plans: Sequence[Plan]) -> Mapping[str, str]:
    """Codes that the plans give their components; a component without one, or a kind, is its own code."""
    from salesops_nb.store.ledger.lines import KINDS

    named = {f"{plan.id}/{c.id}": c.earning_code or c.id for plan in plans for c in plan.components}
    return {kind: kind for kind in KINDS} | named


def not_incremental(plans: Sequence[Plan]) -> list[str]:
    """Components that their plan says are no cost of obtaining a contract."""
    return [f"{plan.id}/{c.id}" for plan in plans for c in plan.components if c.incremental_cost is False]


def _file_name(who: str) -> str:
    return hashlib.blake2b(who.encode(), digest_size=12).hexdigest() + ".pickle"


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
