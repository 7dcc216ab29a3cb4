"""One person's statement: every line in words, why what pays nothing does not, balances, and the path to pay.

A statement holds nothing of anybody else beyond what the pay rule needs: of a shared deal the own
share, of an override the team's total.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from salesops_nb.commission.finance.ledger_rows import arrow_of, lines_digest, plain_rows
from salesops_nb.commission.result.attainment import Attained
from salesops_nb.commission.result.payout import Payout
from salesops_nb.commission.statements.line_formulas import rate_and_formula
from salesops_nb.commission.statements.progress import Next, Team, coming, teams
from salesops_nb.commission.statements.quota_to_pay import Step, path
from salesops_nb.commission.statements.statement_lines import Line, Zero, as_calculated, lines_of, zeros_of

ZERO = Decimal(0)
APPROVED = ("approved", "locked", "paid")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """What one person gets in one period.

    `status` is the ledger's (draft where it has none); `steps` the path from quota to pay, which
    add up to `total` of the first currency; `balances` draw, carry and held amounts after the
    period; `at_exit` rows of the payout's, of a person who has left; `newer` what a calculation made now
    would change in all; `digest` the hash of the ledger's lines that it shows (`lines_digest`); `coming`
    the next tier or gate of each component; `team` where the people stand on whose credit the person is
    paid; `pays_on` the calendar's pay date; `year` what the fiscal year has paid up to this period's end,
    with it; `before` the ledger's last period before this one of its kind, and what it paid.
    """

    payee_id: str
    name: str
    period: str
    status: str
    lines: tuple[Line, ...]
    zeros: tuple[Zero, ...]
    places: tuple[Attained, ...]
    opening: Step
    steps: tuple[Step, ...]
    balances: tuple[tuple[str, str, Decimal], ...]
    plans: tuple[Mapping[str, Any], ...]
    disputes: tuple[Mapping[str, Any], ...] = ()
    paid_on: date | None = None
    newer: Decimal = ZERO
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    digest: str = ""
    coming: tuple[Next, ...] = ()
    team: Team | None = None
    pays_on: date | None = None
    year: Mapping[str, Decimal] = field(default_factory=dict)
    at_exit: tuple[Mapping[str, Any], ...] = ()
    before: tuple[str, Mapping[str, Decimal]] | None = None

    @property
    def draft(self) -> bool:
        """Whether nobody has approved it yet."""
        return self.status not in APPROVED


@dataclass(frozen=True, slots=True)
class Books:
    """What the ledger and the tables know of the period beside the calculation.

    `lines` are the ledger's as they would stand after posting, `statuses` by payee, `names` for
    showing, `accounts` and `products` those of deals that are asked for, `agreements` rows of
    `plan_assignments`, `pays_on` the pay date, `earlier` what the fiscal year's earlier periods come to
    for each payee, by currency, `before` the same of the last period of the same kind, with its key.
    """

    lines: pa.Table | Sequence[Mapping[str, Any]] = ()
    statuses: Mapping[str, str] = field(default_factory=dict)
    newer: Mapping[str, Decimal] = field(default_factory=dict)
    disputes: Sequence[Mapping[str, Any]] = ()
    accounts: Callable[[Collection[str]], Mapping[str, str]] = lambda deals: {}
    products: Callable[[Collection[str]], Mapping[str, str]] = lambda deals: {}
    names: Mapping[str, str] = field(default_factory=dict)
    agreements: Sequence[Mapping[str, Any]] = ()
    pays_on: date | None = None
    earlier: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    before: tuple[str, Mapping[str, Mapping[str, Decimal]]] = ("", {})


@dataclass(frozen=True, slots=True)
class Account:
    """What a person gets, without the lines in words: totals by currency, how many lines, and where
    they stand.
    """

    payee_id: str
    name: str
    status: str
    totals: Mapping[str, Decimal]
    count: int
    places: tuple[Attained, ...]
    disputes: tuple[Mapping[str, Any], ...] = ()

    @property
    def draft(self) -> bool:
        """Whether nobody has approved the statement yet."""
        return self.status not in APPROVED


class Statements(Mapping[str, Statement]):
    """Everybody's statement by their id: of all who have a line, or a reason for having none.

    A statement is drawn up when it is asked for; `accounts` tell of all people what needs no line.
    """

    def __init__(self, payout: Payout, books: Books) -> None:
        self._payout, self._books = payout, books
        lines = books.lines
        if not isinstance(lines, pa.Table):
            lines = pa.Table.from_pylist([dict(row) for row in lines])
        if not lines.num_rows:
            nobody = pa.nulls(len(payout.lines), pa.string())
            lines = arrow_of(payout.lines).append_column("dispute", nobody)
        self._table = lines
        self._lines = _ByPerson(lines, "payee_id")
        self._calculated = _ByPerson(arrow_of(payout.lines), "payee_id")
        self._zeros = _ByPerson(arrow_of(payout.withheld), "payee_id")
        self._places = _by(payout.attained, "payee_id")
        self._disputes = _by(books.disputes, "payee_id")
        self._payees = sorted({who for who in (*self._lines, *self._zeros) if who})

    def __iter__(self) -> Iterator[str]:
        return iter(self._payees)

    def __len__(self) -> int:
        return len(self._payees)

    def __contains__(self, payee: object) -> bool:
        return payee in self._lines or payee in self._zeros

    def __getitem__(self, payee: str) -> Statement:
        if payee not in self:
            raise KeyError(payee)
        payout, books, account = self._payout, self._books, self._account(payee)
        rows, zeros = self._lines[payee], self._zeros[payee]
        team = {p.component_id: p.credit for p in account.places if p.measure == "team_credit"}
        deals = {str(row["deal_id"]) for row in (*rows, *zeros) if row["deal_id"]}
        accounts, products = books.accounts(deals), books.products(deals)
        led = [r["plan_id"] for r in (*rows, *zeros) if (r["plan_id"], r["component_id"]) in self._teams]
        calculated = {str(row["line_id"]): row for row in self._calculated[payee]}
        made = lines_of(payout, rows, calculated, self._shares, self._teams, accounts, products, team)
        opening, steps = path(payout, payee, rows, account.places)
        return Statement(
            payee_id=payee,
            name=account.name,
            period=payout.period.key,
            status=account.status,
            lines=tuple(made),
            zeros=tuple(zeros_of(self._payout, zeros, self._teams, accounts)),
            places=account.places,
            opening=opening,
            steps=tuple(steps),
            balances=tuple(
                (str(r["kind"]), str(r["plan_id"]), r["amount"]) for r in self._balances.get(payee, [])
            ),
            plans=tuple(self._agreements.get(payee, [])),
            disputes=account.disputes,
            paid_on=next((line.get("paid_on") for line in rows), None),
            newer=books.newer.get(payee, ZERO),
            totals=account.totals,
            digest=lines_digest(rows),
            coming=tuple(coming(payout, account.places)),
            team=self._led.get((led[0], payee)) if led else None,
            pays_on=books.pays_on,
            year=_added(books.earlier.get(payee, {}), account.totals),
            at_exit=tuple(self._exits.get(payee, [])),
            before=(books.before[0], books.before[1][payee]) if payee in books.before[1] else None,
        )

    @cached_property
    def accounts(self) -> list[Account]:
        """What everybody gets, in order of their ids."""
        return [self._account(payee) for payee in self._payees]

    @property
    def count(self) -> int:
        """How many lines all statements have."""
        return int(self._table.num_rows)

    def every_line(self) -> Iterator[tuple[Row, Decimal | None, str | None]]:
        """The lines of all statements by payee, each with its rate and the formula of its amount."""
        for payee in self._payees:
            calculated = {str(row["line_id"]): row for row in self._calculated[payee]}
            for row in self._lines[payee]:
                line = as_calculated(row, calculated)
                yield row, *(rate_and_formula(self._payout, line) if line is not None else (None, None))

    def path(self, payee: str) -> tuple[Step, list[Step]]:
        """The way from the quota to the person's pay."""
        return path(self._payout, payee, self._sums.get(payee, []), self._places.get(payee, []))

    def _account(self, payee: str) -> Account:
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for row in self._sums.get(payee, []):
            totals[str(row["currency"])] += row["amount"]
        return Account(
            payee,
            self._books.names.get(payee, payee),
            self._books.statuses.get(payee, "draft"),
            dict(sorted(totals.items())),
            sum(row["count"] for row in self._sums.get(payee, [])),
            tuple(self._places.get(payee, [])),
            tuple(self._disputes.get(payee, [])),
        )

    @cached_property
    def _sums(self) -> dict[str, list[Row]]:
        """Each person's lines added up by plan, component, kind and currency, in the order of the lines."""
        names = ["payee_id", "plan_id", "component_id", "kind", "currency"]
        found = self._table.group_by(names, use_threads=False).aggregate(
            [("amount", "sum"), ("amount", "count")]
        )
        rows = found.rename_columns({"amount_sum": "amount", "amount_count": "count"})
        return _by(rows.to_pylist(), "payee_id")

    @cached_property
    def _balances(self) -> dict[str, list[Row]]:
        return _by([*plain_rows(self._payout.balances), *exposures(self._payout)], "person_id")

    @cached_property
    def _exits(self) -> dict[str, list[Row]]:
        return _by(self._payout.at_exit.to_dict("records"), "person_id")

    @cached_property
    def _agreements(self) -> dict[str, list[Row]]:
        titles = {plan.id: plan.file.plan.name or plan.id for plan in self._payout.plans}
        rows = self._books.agreements
        return _by([{**r, "plan": titles.get(str(r["plan_id"]), r["plan_id"])} for r in rows], "person_id")

    @cached_property
    def _teams(self) -> dict[tuple[str | None, str | None], str]:
        """Components paid on the credit of others, with their names."""
        return {
            (p.id, c.id): c.name or c.id
            for p in self._payout.plans
            for c in p.components
            if c.payee == "manager"
        }

    @cached_property
    def _led(self) -> dict[tuple[str, str], Team]:
        """Where the team of each leader stands, by plan and leader."""
        return teams(self._payout, self._places)

    @cached_property
    def _shares(self) -> dict[tuple[str, str], Decimal]:
        """The person's share of an event where it is not all of it, by payee and event."""
        trace = arrow_of(self._payout.trace)
        if not trace.num_rows or "share" not in trace.column_names:
            return {}
        part = trace.filter(pc.not_equal(trace["share"], pa.scalar(1)))
        keys = zip(part["payee_id"].to_pylist(), part["event_id"].to_pylist(), strict=True)
        return dict(zip(keys, part["share"].to_pylist(), strict=True))


class _ByPerson(Mapping[str, list[Row]]):
    """The rows of a table by person, read for those who are asked for; nobody's rows under None."""

    def __init__(self, table: pa.Table, column: str) -> None:
        order = pc.sort_indices(table[column])  # stable
        self._table, sorted_ = table.take(order), table[column].take(order).combine_chunks()
        runs = pc.run_end_encode(sorted_) if len(sorted_) else None
        self._at: dict[Any, tuple[int, int]] = {}
        start = 0
        for who, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True) if runs else ():
            self._at[who], start = (start, end - start), end

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, who: object) -> bool:
        return who in self._at

    def __getitem__(self, who: str) -> list[Row]:
        start, count = self._at.get(who, (0, 0))
        rows: list[Row] = self._table.slice(start, count).to_pylist()
        return rows


def statements_of(payout: Payout, books: Books) -> Statements:
    """Everybody's statement: who has a line, or a reason for having none."""
    return Statements(payout, books)


def exposures(payout: Payout) -> list[dict[str, Any]]:
    """What a cancellation could still take back of each person's pay: at most so much, by plan.

    Counted is what was paid on deals that are not cancelled and whose window of clawback is open
    after the period; a plan that takes back a share of it takes less.
    """
    rules = {(p.id, p.version): p.file.clawback for p in payout.plans if p.file.clawback is not None}
    if not rules:
        return []
    events, end = payout.working.deal_events(), payout.period.end
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in (*payout.working.prior_rows(), *plain_rows(payout.lines)):
        rule = rules.get((str(row["plan_id"]), int(row.get("plan_version") or 0)))
        deal = str(row["deal_id"])
        if rule is None or row["deal_id"] is None or row["happened_on"] is None:
            continue
        happened = events.get(deal, [])
        sold = next((e["happened_on"] for e in happened if e["kind"] != "cancelled"), row["happened_on"])
        gone = any(event["kind"] == "cancelled" for event in happened)
        if not gone and end < rule.ends(sold):
            sums[str(row["payee_id"]), str(row["plan_id"])] += row["amount"]
    return [
        {"person_id": payee, "plan_id": plan, "kind": "clawback", "amount": amount}
        for (payee, plan), amount in sorted(sums.items())
        if amount > 0
    ]


def _added(*sums: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Sums by currency, added up."""
    return {code: sum((each.get(code, ZERO) for each in sums), ZERO) for code in sorted({*chain(*sums)})}


def _by(rows: Iterable[Any], name: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[row[name] if isinstance(row, Mapping) else getattr(row, name)].append(row)
    return found
