"""Columns of the credit that a plan's conditions name: of the deal, its product and account, and the
person.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import narwhals as nw

from salesops_nb import expression
from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.inputs.tables import Tables, as_day, exact
from salesops_nb.commission.plans.component_terms import by_territory
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.errors import Problem, SalesopsError

if TYPE_CHECKING:
    import pyarrow as pa

_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)
OF_SALE = "of_sale_"
_OF_EVENT = ("amount", "credit", "margin", "units", "happened_on", "event_id", "kind")
_OURS = ("deal_id", "event_id", "kind", "happened_on")


def wanted_columns(plan: Plan) -> set[str]:
    """Columns of the credit that the plan's conditions name, without what is worked out later."""
    names: set[str] = set()
    for text in plan.conditions.values():
        names |= expression.columns_of(text)
    if any(by_territory(c) for c in plan.components):
        names.add("territory")
    return names - {"attainment_pct"}


def known_columns(tables: Tables) -> list[str]:
    """Every column that a condition may name, of whatever table it comes."""
    found = {"payee_id", "part", "share", "credit", "margin", "units", "happened_on", "event_id", "kind"}
    found |= {"tenure_month", "attainment_pct"} | set(tables.columns("deals")) | set(tables.columns("people"))
    for table, prefix in (("products", "product"), ("accounts", "account")):
        for name in tables.columns(table):
            found |= {prefix} if name == "name" else {name, f"{prefix}_{name.removeprefix(prefix + '_')}"}
    found |= set(tables.columns("deal_lines")) - {"line_no"}
    found |= {"product"} if "product_id" in tables.columns("deal_lines") else set()
    found |= set(tables.columns("splits")) - {"type", "valid_from", "valid_to", "person_id"}
    return sorted(found)


def condition(plan: Plan, text: str, frame: nw.LazyFrame[Any], tables: Tables) -> nw.Expr:
    """A condition of the plan over a frame's columns; an error names the plan's file and line."""
    try:
        schema = dict(frame.collect_schema())
        of_sale = {n.removeprefix(OF_SALE): n for n in schema if n.startswith(OF_SALE)}
        tree = expression.renamed(expression.parse(text), of_sale)
        return expression.made(tree, text, schema, known_columns(tables))
    except SalesopsError as error:
        raise SalesopsError(_placed(plan, text, error)) from None


def misnamed(plan: Plan, tables: Tables) -> list[Problem]:
    """A problem for each condition of the plan that names a column which the tables do not have."""
    known = known_columns(tables)
    found: list[Problem] = []
    for text in dict.fromkeys(plan.conditions.values()):
        try:
            expression.check_columns(text, known)
        except SalesopsError as error:
            found += _placed(plan, text, error)
    return found


def _placed(plan: Plan, text: str, error: SalesopsError) -> list[Problem]:
    path = next((p for p, other in plan.conditions.items() if other == text), None)
    return [replace(p, file=plan.source, row=plan.lines.get(path or ""), column=path) for p in error.problems]


def with_sale(frame: nw.LazyFrame[Any], plan: Plan) -> nw.LazyFrame[Any]:
    """What the plan's conditions ask of an event, for a refund as its sale has it: it follows its sale."""
    asked = [n for n in _OF_EVENT if n in wanted_columns(plan) and n in frame.collect_schema().names()]
    names = frame.collect_schema().names()
    deal = [n for n in ("payee_id", "deal_id", "part", "sale") if n in names]
    order = ["negative", "happened_on", "event_id"]
    made = {}
    for name in asked:
        first = nw.col(name).first().over(*deal, order_by=order)
        made[OF_SALE + name] = nw.when(nw.col("negative")).then(first).otherwise(nw.col(name))
    return frame.with_columns(**made) if made else frame


def with_deals(frame: nw.LazyFrame[Any], plan: Plan, facts: Facts) -> nw.LazyFrame[Any]:
    """Events with their deal's owner, money and the columns that conditions name."""
    tables = facts.tables
    deals = tables.need("deals", "deal_id")
    names = deals.collect_schema().names()
    asked = wanted_columns(plan)
    keep = {"owner_id", "currency", "cost", "quantity", "amount"} | asked
    columns = [nw.col("deal_id").cast(nw.String)]
    for name in names:
        if name in keep and name not in _OURS:
            columns.append(nw.col(name).alias("deal_amount" if name == "amount" else name))
    deals = _product_and_account(deals, tables, asked, columns, names)
    frame = frame.join(deals, on="deal_id", how="left")
    owner = nw.col("owner_id").cast(nw.String) if "owner_id" in names else nw.lit(None).cast(nw.String)
    return frame.with_columns(owner_id=nw.when(owner != "").then(owner))


def _product_and_account(
    deals: nw.LazyFrame[Any], tables: Tables, asked: set[str], columns: list[nw.Expr], names: list[str]
) -> nw.LazyFrame[Any]:
    """Deals with what their product and account say: product, product_family, account, segment, industry …"""
    for table, key, prefix, own in (
        ("products", "product_id", "product", "name"),
        ("accounts", "account_id", "account", "name"),
    ):
        if table in tables and key in names and key in tables.columns(table):
            theirs = {}
            for name in tables.columns(table):
                if name == key:
                    continue
                plain = prefix if name == own else name
                theirs[plain if plain not in names else f"{prefix}_{name}"] = name
                theirs[f"{prefix}_{name}"] = name
            used = {new: old for new, old in theirs.items() if new in asked and new not in names}
            if used:
                side = tables.frame(table).select(
                    nw.col(key).cast(nw.String), *[nw.col(old).alias(new) for new, old in used.items()]
                )
                deals = deals.with_columns(nw.col(key).cast(nw.String)).join(side, on=key, how="left")
                columns += [nw.col(new) for new in used]
        elif key in names and prefix in asked and prefix not in names:
            columns.append(nw.col(key).cast(nw.String).alias(prefix))
    return deals.select(*columns)


def people_spans(tables: Tables) -> tuple[pa.Table, list[int]]:
    """The table people with whole spans in `p_from` and `p_to`, and the numbers of rows that overlap another.

    Where two rows of a person overlap the earlier one ends as the later one begins.
    """
    return tables.once(("people spans",), lambda: _people_spans(tables))


def _people_spans(tables: Tables) -> tuple[pa.Table, list[int]]:
    import pyarrow as pa

    table = tables.arrow("people")
    plain = table.to_pylist()
    spans = [[as_day(r.get("valid_from")) or _FIRST, as_day(r.get("valid_to")) or _LAST] for r in plain]
    order = sorted(range(len(plain)), key=lambda i: (str(plain[i]["person_id"]), spans[i][0], i))
    overlapping = []
    for i, j in pairwise(order):
        if str(plain[i]["person_id"]) == str(plain[j]["person_id"]) and spans[i][1] > spans[j][0]:
            spans[i][1] = spans[j][0]
            overlapping.append(j)
    for n, name in enumerate(("p_from", "p_to")):
        table = table.append_column(name, pa.array([span[n] for span in spans], pa.date32()))
    return table, sorted(overlapping)


def with_person(frame: nw.LazyFrame[Any], plan: Plan, facts: Facts) -> nw.LazyFrame[Any]:
    """Columns of the payee that conditions name: role, region, team …, tenure_month (1 in the month
    of hiring).
    """
    asked = wanted_columns(plan)
    names = frame.collect_schema().names()
    have = [c for c in facts.tables.columns("people") if c in asked and c not in names]
    if not have and "tenure_month" not in asked:
        return frame
    people = exact(facts.tables.put_arrow(people_spans(facts.tables)[0]))
    hired = nw.col("hired_on") if "hired_on" in facts.tables.columns("people") else nw.lit(None)
    side = people.select(
        *have,
        person=nw.col("person_id").cast(nw.String),
        p_from="p_from",
        p_to="p_to",
        hired=hired.cast(nw.Date),
    )
    keys = ["event_id", "payee_id", "part"]
    found = frame.select(*keys, "counted_on").join(side, left_on="payee_id", right_on="person", how="inner")
    day, hired = nw.col("counted_on"), nw.col("hired")
    found = found.filter((nw.col("p_from") <= day) & (day < nw.col("p_to")))
    if "tenure_month" in asked:
        months = (day.dt.year() - hired.dt.year()) * 12 + day.dt.month() - hired.dt.month()
        begun = nw.when(day.dt.day() < hired.dt.day()).then(nw.lit(0)).otherwise(nw.lit(1))
        found = found.with_columns(tenure_month=(months + begun).cast(nw.Int64))
        have = [*have, "tenure_month"]
    return frame.join(found.select(*keys, *have), on=keys, how="left")
