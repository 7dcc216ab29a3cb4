"""The tables of a workbook, declared once: columns, types and what must hold.

Reading, checking and the documentation's table of columns all come from `CONTRACTS`. A type is
``text``, ``money`` (decimal, four places), ``number`` (decimal, six places), ``ratio``
(decimal, eight places, never with thousands), ``whole``, ``date``,
``time`` (a moment, without zone: the company's own clock) or ``flag``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SQL_TYPES = {
    "text": "VARCHAR",
    "money": "DECIMAL(18,4)",
    "number": "DECIMAL(18,6)",
    "ratio": "DECIMAL(18,8)",
    "whole": "BIGINT",
    "date": "DATE",
    "time": "TIMESTAMP",
    "flag": "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, whether it must be mapped, and the table its values point to."""

    name: str
    type: str = "text"
    required: bool = False
    refers_to: str | None = None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """One table: its key, its columns and the word for one row of it."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    row: str = "row"
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})


def _table(name: str, key: str, row: str, *columns: Column) -> Contract:
    return Contract(name, tuple(key.split()), columns, row)


C = Column
CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        _table(
            "deals",
            "deal_id",
            "deal",
            C("deal_id", required=True),
            C("name"),
            C("owner_id", required=True, refers_to="people"),
            C("account_id", refers_to="accounts"),
            C("product_id", refers_to="products"),
            C("stage", required=True),
            C("outcome", choices=("open", "won", "lost")),
            C("amount", "money"),
            C("amount_estimated", "flag"),
            C("quantity", "number", low=0),
            C("cost", "money"),
            C("currency"),
            C("deal_type"),
            C("term_months", "whole", low=0),
            C("forecast_category"),
            C("probability", "ratio", low=0, high=100),
            C("is_closed", "flag"),
            C("is_won", "flag"),
            C("prospecting_on", "date"),
            C("created_on", "date"),
            C("expected_close_on", "date"),
            C("closed_on", "date"),
            C("source"),
            C("loss_reason"),
            C("competitor"),
            C("next_step"),
            C("next_step_on", "date"),
        ),
        _table(
            "deal_lines",
            "deal_id line_no",
            "line",
            C("deal_id", required=True, refers_to="deals"),
            C("line_no", "whole", required=True),
            C("product_id", refers_to="products"),
            C("quantity", "number"),
            C("amount", "money"),
            C("cost", "money"),
        ),
        _table(
            "stage_history",
            "deal_id entered_at",
            "stage change",
            C("deal_id", required=True, refers_to="deals"),
            C("entered_at", "time", required=True),
            C("stage", required=True),
            C("parent_stage"),
            C("left_at", "time"),
            C("by"),
        ),
        _table(
            "deal_changes",
            "deal_id changed_at field",
            "change of a deal",
            C("deal_id", required=True, refers_to="deals"),
            C("changed_at", "time", required=True),
            C(
                "field",
                required=True,
                choices=("amount", "expected_close_on", "stage", "owner_id", "next_step"),
            ),
            C("old"),
            C("new"),
            C("by"),
        ),
        _table(
            "forecast_calls",
            "person_id made_on period",
            "forecast call",
            C("person_id", required=True, refers_to="people"),
            C("made_on", "date", required=True),
            C("period", required=True),
            C("commit", "money", required=True),
            C("best_case", "money"),
            C("reason"),
        ),
        _table(
            "accounts",
            "account_id",
            "account",
            C("account_id", required=True),
            C("name", required=True),
            C("segment"),
            C("industry"),
            C("employees", "whole", low=0),
            C("revenue", "money"),
            C("parent_id", refers_to="accounts"),
            C("unit_id", refers_to="units"),
            C("state"),
            C("latitude", "ratio", low=-90, high=90),
            C("longitude", "ratio", low=-180, high=180),
            C("owner_id", refers_to="people"),
        ),
        _table(
            "products",
            "product_id",
            "product",
            C("product_id", required=True),
            C("name", required=True),
            C("family"),
            C("list_price", "money", low=0),
            C("cost", "money", low=0),
        ),
        _table(
            "people",
            "person_id valid_from",
            "person",
            C("person_id", required=True),
            C("name", required=True),
            C("role", required=True),
            C("manager_id"),
            C("team"),
            C("region"),
            C("hired_on", "date"),
            C("left_on", "date"),
            C("fte", "ratio", low=0),
            C("pay", "money", low=0),
            C("email"),
            C("payroll_id"),
            C("home_latitude", "ratio", low=-90, high=90),
            C("home_longitude", "ratio", low=-180, high=180),
            C("valid_from", "date"),
            C("valid_to", "date"),
        ),
        _table(
            "leave",
            "person_id from",
            "leave",
            C("person_id", required=True, refers_to="people"),
            C("from", "date", required=True),
            C("to", "date"),
            C("kind"),
        ),
        _table(
            "fx_rates",
            "currency valid_from kind",
            "rate",
            C("currency", required=True),
            C("valid_from", "date", required=True),
            C("kind", choices=("plan", "market")),
            C("rate", "ratio", required=True),
            C("valid_to", "date"),
        ),
        _table(
            "activities",
            "activity_id",
            "activity",
            C("activity_id", required=True),
            C("person_id", required=True, refers_to="people"),
            C("kind", required=True),
            C("happened_on", "date"),
            C("happened_at", "time"),
            C("planned_at", "time"),
            C("logged_at", "time"),
            C("deal_id", refers_to="deals"),
            C("account_id", refers_to="accounts"),
            C("minutes", "number", low=0),
            C("outcome"),
            C("next_step"),
        ),
        _table(
            "targets",
            "level who metric period valid_from",
            "target",
            C("level", required=True, choices=("company", "region", "team", "rep")),
            C("who", required=True),
            C("metric", required=True),
            C("period", required=True),
            C("value", "money", required=True),
            C("valid_from", "date"),
            C("valid_to", "date"),
        ),
        _table(
            "events",
            "event_id",
            "event",
            C("event_id", required=True),
            C("deal_id", required=True, refers_to="deals"),
            C("kind", required=True, choices=("booked", "invoiced", "collected", "refunded", "cancelled")),
            C("happened_on", "date", required=True),
            C("amount", "money", required=True),
            C("currency"),
        ),
        _table(
            "splits",
            "deal_id person_id type valid_from",
            "split",
            C("deal_id", required=True, refers_to="deals"),
            C("person_id", required=True, refers_to="people"),
            C("share", "ratio", required=True),
            C("type", choices=("revenue", "overlay")),
            C("valid_from", "date"),
            C("valid_to", "date"),
        ),
        _table(
            "plan_assignments",
            "person_id valid_from",
            "assignment to a plan",
            C("person_id", required=True, refers_to="people"),
            C("plan_id", required=True),
            C("plan_version", "whole", low=1),
            C("valid_from", "date", required=True),
            C("valid_to", "date"),
            C("base_pay", "money", low=0),
            C("target_incentive", "money", low=0),
            C("pay_mix"),
            C("accepted_on", "date"),
            C("currency"),
        ),
        _table(
            "scores",
            "person_id objective period",
            "score",
            C("person_id", required=True, refers_to="people"),
            C("objective", required=True),
            C("period", required=True),
            C("achievement_pct", "number", required=True),
        ),
        _table(
            "adjustments",
            "adjustment_id",
            "adjustment",
            C("adjustment_id", required=True),
            C("payee_id", required=True, refers_to="people"),
            C("amount", "money", required=True),
            C("currency"),
            C("happened_on", "date", required=True),
            C("reason", required=True),
            C("author", required=True),
            C("approver", required=True),
            C("plan_id"),
            C("source_line_id"),
        ),
        _table(
            "opening_balances",
            "person_id plan_id component_id kind as_of",
            "opening balance",
            C("person_id", required=True, refers_to="people"),
            C("plan_id"),
            C("component_id"),
            C("kind", required=True, choices=("credit", "draw", "holdback", "clawback", "carry")),
            C("amount", "money", required=True),
            C("as_of", "date"),
        ),
        _table(
            "units",
            "unit_id",
            "unit",
            C("unit_id", required=True),
            C("name"),
            C("latitude", "ratio", required=True, low=-90, high=90),
            C("longitude", "ratio", required=True, low=-180, high=180),
            C("potential", "number", low=0),
            C("workload", "number", low=0),
            C("growth", "ratio"),
            C("segment"),
            C("prospects", "number", low=0),
            C("parent_id"),
        ),
        _table(
            "unit_edges",
            "unit_a unit_b",
            "edge",
            C("unit_a", required=True, refers_to="units"),
            C("unit_b", required=True, refers_to="units"),
        ),
        _table(
            "assignments",
            "unit_id account_id role valid_from",
            "assignment",
            C("unit_id", refers_to="units"),
            C("account_id", refers_to="accounts"),
            C("role"),
            C("person_id", required=True, refers_to="people"),
            C("valid_from", "date", required=True),
            C("valid_to", "date"),
            C("reason"),
            C("approved_by"),
        ),
        _table(
            "vacancies",
            "vacancy_id",
            "vacancy",
            C("vacancy_id", required=True),
            C("role", required=True),
            C("team"),
            C("opened_on", "date", required=True),
            C("filled_on", "date"),
            C("person_id"),
        ),
        _table(
            "bookings_history",
            "level who metric month",
            "month of bookings",
            C("level", required=True),
            C("who", required=True),
            C("metric", required=True),
            C("month", required=True),
            C("value", "money", required=True),
        ),
    )
}
