"""What a deal needs beyond its columns: its outcome, its closing day, its amount in one currency."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb

from salesops_nb.errors import Problem, problem
from salesops_nb.messages import listed
from salesops_nb.source.checks.rules import Rule
from salesops_nb.source.columns.casting import Typed
from salesops_nb.source.columns.currencies import SIGNS
from salesops_nb.source.schema.mapping import TableMapping
from salesops_nb.source.schema.raw import literal, quoted
from salesops_nb.workbook import Settings

FAR = timedelta(days=366)
MANY_WON = 10


def outcome(mapping: TableMapping, typed: Typed) -> str | None:
    """The SQL of open, won or lost; ``None`` where nothing mapped says it.

    A column of outcomes comes first, then the stages, then the two flags, then what any other stage is.
    """
    parts = []
    if "outcome" in typed.columns:
        parts.append("lower(outcome)")
    if mapping.stages:
        cases = " ".join(f"WHEN {literal(s)} THEN {literal(o)}" for s, o in mapping.stages.items())
        parts.append(f"CASE stage {cases} END")
    elif {"is_won", "is_closed"} <= set(typed.columns):
        flags = "CASE WHEN is_won THEN 'won' WHEN is_closed THEN 'lost' WHEN NOT is_closed THEN 'open' END"
        parts.append(flags)
    if mapping.default_outcome and "stage" in typed.columns:
        parts.append(f"CASE WHEN stage IS NOT NULL THEN {literal(mapping.default_outcome)} END")
    return f"coalesce({', '.join(parts)})" if parts else None


def defaulted(connection: duckdb.DuckDBPyConnection, mapping: TableMapping, typed: Typed) -> list[Problem]:
    """A note of the deals whose stage the mapping does not list and that have its default outcome."""
    default = mapping.default_outcome
    if default is None or "stage" not in typed.columns:
        return []
    known = outcome(mapping.model_copy(update={"default_outcome": None}), typed) or "NULL"
    rows = connection.execute(
        f"SELECT stage, count(*) FROM work.deals WHERE stage IS NOT NULL AND ({known}) IS NULL "
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    if not rows:
        return []
    return [
        problem(
            "default-outcome",
            table="deals",
            file=typed.raw.file,
            column=typed.headers.get("stage"),
            value=rows[0][0],
            n=sum(count for _, count in rows),
            stages=listed([repr(stage) for stage, _ in rows], 5),
            outcome=default,
        )
    ]


def no_outcome(typed: Typed) -> Problem:
    """The problem of a mapping that does not say which deals are won."""
    return problem("no-outcome", table="deals", file=typed.raw.file, column=typed.headers.get("stage"))


def work_view(
    connection: duckdb.DuckDBPyConnection,
    typed: Typed,
    outcome_sql: str,
    settings: Settings,
    rates: bool,
) -> bool:
    """Let ``work.deals`` have each deal's outcome, closing day and amount in one currency.

    Returns whether any amount had to be converted.
    """
    replaced = [f"{outcome_sql} AS outcome"]
    columns = set(typed.columns)
    headers = {**typed.headers, **typed.joined}
    same = "closed_on" in columns and headers.get("closed_on") == headers.get("expected_close_on")
    if same:
        replaced.append(f"CASE WHEN {outcome_sql} <> 'open' THEN closed_on END AS closed_on")
    gone = [part.rsplit(" AS ", 1)[1] for part in replaced if part.rsplit(" AS ", 1)[1] in columns]
    exclude = f" EXCLUDE ({', '.join(gone)})" if gone else ""
    base = 'work."deals (as read)"'
    connection.execute('ALTER VIEW work.deals RENAME TO "deals (as read)"')
    select = f"SELECT *{exclude}, {', '.join(replaced)} FROM {base}"
    foreign = {"amount", "currency"} <= columns and _foreign(connection, base, settings)
    if foreign:
        select = _converted(select, columns, settings, rates)
    else:
        select = f"SELECT *, false AS _no_rate FROM ({select})"
    connection.execute(f"CREATE VIEW work.deals AS {select}")
    return foreign


def _foreign(connection: duckdb.DuckDBPyConnection, relation: str, settings: Settings) -> bool:
    row = connection.execute(
        f"SELECT count(*) FROM {relation} WHERE currency IS DISTINCT FROM {literal(settings.currency)}"
    ).fetchone()
    return bool(row and row[0])


def _converted(select: str, columns: set[str], settings: Settings, rates: bool) -> str:
    """Amounts times the rate of their day, rounded half up to the workbook currency's places."""
    from salesops_nb.core.money import places

    days = [name for name in ("closed_on", "expected_close_on", "created_on") if name in columns]
    day = f"coalesce({', '.join(days)})" if days else "NULL"
    rate = "CAST(NULL AS DECIMAL(18,8))"
    join = ""
    if rates:
        rate = "r.rate"
        join = (
            " LEFT JOIN LATERAL (SELECT rate FROM fx_used f WHERE f.currency = d.currency "
            "AND f.valid_from <= d._day AND (f.valid_to IS NULL OR d._day < f.valid_to) "
            "ORDER BY f.valid_from DESC LIMIT 1) r ON true"
        )
    own = f"d.currency = {literal(settings.currency)}"
    used = f"CASE WHEN {own} THEN CAST(1 AS DECIMAL(18,8)) ELSE {rate} END"
    amount = f"CAST(round(d.amount * _rate, {places(settings.currency)}) AS DECIMAL(18,4))"
    return (
        "SELECT * EXCLUDE (amount, currency, _rate, _day), amount AS amount_original, "
        f"currency AS currency_original, CASE WHEN currency = {literal(settings.currency)} THEN amount ELSE "
        f"{amount.replace('d.amount', 'amount')} END AS amount, {literal(settings.currency)} AS currency, "
        "amount IS NOT NULL AND _rate IS NULL AS _no_rate "
        f"FROM (SELECT d.*, {used} AS _rate FROM (SELECT *, {day} AS _day FROM ({select})) d{join})"
    )


def prepare_rates(connection: duckdb.DuckDBPyConnection, settings: Settings, columns: list[str]) -> None:
    """Make ``fx_used``: the rates of the kind that the workbook uses."""
    kind = f"WHERE kind = {literal(settings.fx_kind)}" if "kind" in columns else ""
    until = "valid_to" if "valid_to" in columns else "CAST(NULL AS DATE) AS valid_to"
    connection.execute(
        f"CREATE OR REPLACE VIEW fx_used AS SELECT currency, valid_from, {until}, "
        f"rate FROM typed.fx_rates {kind}"
    )


def currency_rules(typed: Typed, settings: Settings, converted: bool) -> list[Rule]:
    """An amount needs a currency, that currency a rate, and its own sign must not contradict it."""
    rules: list[Rule] = []
    if converted:
        rules += _rate_rules(settings)
    header = typed.headers.get("amount")
    if "currency" in typed.joined:  # of another file: the rates' rules look at it
        return rules
    if header and typed.raw.types.get(header) == "VARCHAR":
        rules.append(_sign_rule(typed, header, settings))
    return rules


# no code and no name of a currency has a digit; keys of another table of the CRM have
_AN_ID = "regexp_matches(CAST(currency_original AS VARCHAR), '[0-9]')"


def _rate_rules(settings: Settings) -> list[Rule]:
    return [
        Rule(
            "missing-currency",
            "currency",
            "_no_rate AND currency_original IS NULL",
            "bookings and values",
            "amount",
            places={"currency": settings.currency},
        ),
        Rule(
            "currency-ids",
            "currency",
            f"_no_rate AND {_AN_ID}",
            "bookings and values",
            "amount",
            other="t.currency_original",
        ),
        Rule(
            "no-rate",
            "currency",
            f"_no_rate AND currency_original IS NOT NULL AND NOT {_AN_ID}",
            "bookings and values",
            "amount",
            other="t.currency_original",
            places={"currency": settings.currency},
        ),
    ]


def _sign_rule(typed: Typed, header: str, settings: Settings) -> Rule:
    """Amounts that bear the sign of another currency than theirs, such as € in a USD workbook."""
    text = f"r.{quoted(header)}"
    cases = " ".join(f"WHEN contains({text}, {literal(s)}) THEN {literal(c)}" for s, c in SIGNS.items())
    code = f"regexp_extract({text}, '(^|[^A-Za-z])([A-Z]{{3}})([^A-Za-z]|$)', 2)"
    sign = f"CASE {cases} ELSE nullif({code}, '') END"
    own = literal(settings.currency)
    currency = f"coalesce(t.currency, {own})" if "currency" in typed.columns else own
    rows = (
        f"SELECT r._row FROM {typed.raw.name} r JOIN {typed.name} t USING (_row) "
        f"WHERE regexp_matches({text}, '[^-0-9.,() ]') AND {sign} <> {currency}"
    )
    return Rule(
        "currency-sign",
        "amount",
        f"amount IS NOT NULL AND _row IN ({rows})",
        "bookings and values",
        "amount",
        other=literal(settings.currency),
    )


def no_losses(connection: duckdb.DuckDBPyConnection, relation: str, typed: Typed) -> list[Problem]:
    """A warning where many deals are won and none is lost: the export cannot hold losses."""
    row = connection.execute(
        "SELECT count(*) FILTER (WHERE outcome = 'won'), count(*) FILTER (WHERE outcome = 'lost') "
        f"FROM {relation}"
    ).fetchone()
    if row is None or row[1] or row[0] < MANY_WON:
        return []
    return [
        problem(
            "no-losses", table="deals", file=typed.raw.file, column=typed.headers.get("stage"), count=row[0]
        )
    ]


def last_day(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    typed: Typed,
    settings: Settings,
    written: date | None = None,
) -> tuple[str | None, list[Problem]]:
    """The SQL of the last day that the data can hold, where it is known, and a word on a late day.

    It is declared; or, where a few dates lie after the day on which the file was `written`, the last before
    them. A few dates more than a year after all others that the file can hold are said and count; where it
    is not known when the file was written, they are slips (2071 for 2017).
    """
    if settings.data_through is not None:
        return f"DATE '{settings.data_through.isoformat()}'", []
    names = [name for name in ("created_on", "closed_on") if name in typed.columns]
    if not names:
        return None, []
    union = " UNION ALL ".join(
        f"SELECT {name} AS d FROM {relation} WHERE {name} IS NOT NULL" for name in names
    )
    days: list[tuple[date, int]] = connection.execute(
        f"SELECT d, count(*) FROM ({union}) GROUP BY d ORDER BY d"
    ).fetchall()
    total = sum(count for _, count in days)
    newest = None if written is None else written + timedelta(days=1)  # somewhere it is tomorrow already
    beyond, alone = 0, None
    for (earlier, _), (later, count) in zip(reversed(days[:-1]), reversed(days[1:]), strict=True):
        beyond += count
        if beyond > max(3, total // 1000):
            break
        if newest is not None and earlier <= newest < later:
            return f"DATE '{earlier.isoformat()}'", []
        if later - earlier > FAR:
            if newest is None and total - beyond >= 10:
                return f"DATE '{earlier.isoformat()}'", []
            alone = (earlier, later)
    if alone is None or newest is None or alone[1] > newest:
        return None, []
    return None, [_stands_alone(*alone, days[-1][0], typed)]


def _stands_alone(earlier: date, later: date, last: date, typed: Typed) -> Problem:
    return problem(
        "late-date",
        table="deals",
        file=typed.raw.file,
        column=typed.headers.get("closed_on", typed.headers.get("created_on")),
        value=later,
        last=last,
        earlier=earlier,
    )
