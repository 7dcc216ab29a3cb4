"""Lines of a deal: a component whose conditions ask for a line's product is paid on the lines that fit.

The credit of an event stays one row. What a component measures of it is the sum of the parts that its
lines have: each the line's share of the event, by amounts, so that a refund, an instalment and a split
keep the shares of the deal. A deal without lines is one line with the deal's own columns.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import narwhals as nw

from salesops_nb import expression
from salesops_nb.commission.crediting.deal_columns import condition
from salesops_nb.commission.inputs.events import Facts
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.commission.inputs.tables import AMOUNT, Tables, collected, number, times10
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.plans.schema_component import Component
from salesops_nb.core.periods import Period
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import message

Frame = nw.LazyFrame[Any]
UNEQUAL = message("set aside: the lines of the deal do not add up to it")
_TABLE = "deal_lines"
_NO_CONDITION = {"deal_id", "line_no", "amount", "cost"}
_PARTS = {"event_id": nw.String, "line_no": nw.String, **dict.fromkeys(("amount", "cost", "units"), AMOUNT)}
_MONEY = ("credit", "gross", "margin", "units")


def line_columns(tables: Tables) -> set[str]:
    """What a condition may ask of a line: its own columns, and those of its product."""
    names = set(tables.columns(_TABLE)) - _NO_CONDITION
    if "product_id" in names:
        names |= {"product", *_of_product(tables)}
    return names


def _of_product(tables: Tables) -> dict[str, str]:
    """Columns of a line's product as conditions name them, with their names in the table."""
    found: dict[str, str] = {}
    for name in tables.columns("products"):
        if name != "product_id":
            found |= {"product": name} if name == "name" else {name: name, f"product_{name}": name}
    return found


def by_line(c: Component, tables: Tables) -> bool:
    """Whether a component is paid on the lines of deals: its conditions ask for what a line says."""
    texts = [c.where, *(row.where for row in c.rates or ())]
    asked = {name for text in texts for name in expression.columns_of(text)}
    return c.measure != "activities" and bool(asked & line_columns(tables))


def any_by_line(plan: Plan, tables: Tables) -> bool:
    """Whether some component of the plan is paid on the lines of deals."""
    return _TABLE in tables and any(by_line(c, tables) for c in plan.components)


def unequal(tables: Tables) -> dict[str, tuple[Decimal, Decimal]]:
    """Deals whose lines do not add up to their amount, with both sums; read once."""
    return tables.once(("unequal lines",), lambda: _unequal(tables))


def _unequal(tables: Tables) -> dict[str, tuple[Decimal, Decimal]]:
    lines = tables.need(_TABLE, "deal_id", "line_no", "amount")
    sums = lines.group_by(nw.col("deal_id").cast(nw.String)).agg(nw.col("amount").cast(AMOUNT).sum())
    sums = sums.with_columns(lines=nw.coalesce(nw.col("amount"), number(0)).cast(AMOUNT)).drop("amount")
    deals = tables.need("deals", "deal_id", "amount")
    whole = deals.select(nw.col("deal_id").cast(nw.String), nw.col("amount").cast(AMOUNT))
    both = sums.join(whole, on="deal_id", how="inner").filter(nw.col("lines") != nw.col("amount"))
    return {row["deal_id"]: (row["lines"], row["amount"]) for row in collected(both)}


def unequal_lines(facts: Facts, period: Period, plans: list[Plan]) -> list[Problem]:
    """A problem for each deal with an event in the period whose lines do not add up to it."""
    if not any(any_by_line(plan, facts.tables) for plan in plans) or not unequal(facts.tables):
        return []
    day = nw.col("happened_on")
    now = facts.events.filter((day >= nw.lit(period.start)) & (day < nw.lit(period.end)))
    met = {row["deal_id"] for row in collected(now.select("deal_id").unique())}
    return [
        problem(
            "lines-not-the-deal",
            table=_TABLE,
            row=facts.tables.row_of(_TABLE, "deal_id", deal),
            column="amount",
            value=deal,
            amount=whole - lines,
            lines=lines,
            whole=whole,
        )
        for deal, (lines, whole) in sorted(unequal(facts.tables).items())
        if deal in met
    ]


def of_lines(frame: Frame, plan: Plan, c: Component, tables: Tables) -> Frame:
    """The credits of which some line fits, with what the component measures of their lines alone.

    With listed rates, `rated_0`, `rated_1` … have what each of them pays for, the first that fits.
    """
    _refuse(plan, c)
    order = sorted(n for n in frame.collect_schema().names() if n not in _MONEY)
    frame = frame.with_row_index("row_no", order_by=order)
    each = _exploded(frame, plan, c, tables)
    if c.where:
        each = each.filter(condition(plan, c.where, each, tables))
    sums = {name: nw.col(name).sum() for name in _MONEY}
    taken: nw.Expr = nw.lit(False)
    for i, row in enumerate(c.rates or ()):
        fits = nw.lit(True) if row.where is None else condition(plan, row.where, each, tables)
        x = nw.when(fits & ~taken).then(nw.col("margin" if c.measure == "margin" else "credit"))
        each = each.with_columns(**{f"rated_{i}": x.otherwise(number(0)).cast(AMOUNT)})
        sums[f"rated_{i}"] = nw.col(f"rated_{i}").sum()
        taken = taken | fits
    found = each.group_by("row_no").agg(**sums)
    found = found.with_columns(*[nw.col(name).cast(AMOUNT) for name in sums])
    return frame.drop(*_MONEY).join(found, on="row_no", how="inner").drop("row_no")


def _refuse(plan: Plan, c: Component) -> None:
    if plan.file.credit.cap_per_deal is not None:
        key = "not-by-line.capped"
    elif any(row.amount is not None for row in c.rates or ()):
        key = "not-by-line.amount"
    else:
        return
    column = f"components[{plan.components.index(c)}]"
    raise SalesopsError(problem(key, file=plan.source, column=column, value=c.id, plan=plan.label))


def _exploded(frame: Frame, plan: Plan, c: Component, tables: Tables) -> Frame:
    """A row a credit and line, with the line's columns in place of the deal's, and the line's part."""
    names = frame.collect_schema().names()
    lines = _lines(tables)
    own = [n for n in lines.collect_schema().names() if n.startswith("l_")]
    parts = _parts(frame.select("event_id", "deal_id", "amount").unique(), lines, tables)
    details = lines.drop("amount", "cost", "units")
    each = frame.join(parts, on="event_id", how="left").join(details, on=["deal_id", "line_no"], how="left")
    whole = nw.col("line_no").is_null()
    made: dict[str, nw.Expr] = {}
    for column in own:
        plain, line = column.removeprefix("l_"), nw.col(column)
        made[plain] = nw.when(whole).then(nw.col(plain)).otherwise(line) if plain in names else line
    splits = plan.file.credit.splits
    undivided = splits is not None and splits.apply_to == "pay" and c.payee == "owner"
    margin = (nw.col("p_amount") - nw.col("p_cost")).cast(AMOUNT)
    values = {
        "credit": margin if plan.file.credit.base == "margin" else nw.col("p_amount"),
        "gross": nw.col("p_cost") if plan.file.credit.margin_of == "cost" else nw.col("p_amount"),
        "margin": margin,
        "units": nw.col("p_units"),
    }
    for name, value in values.items():
        part = value if undivided else times10(value, nw.col("share"))
        made[name] = nw.when(whole).then(nw.col(name)).otherwise(part).cast(AMOUNT)
    return each.with_columns(**made).drop(*own)


def _lines(tables: Tables) -> Frame:
    """Lines with text keys, their money, and what conditions may ask of them under `l_…`; read once."""
    return tables.once(("deal lines",), lambda: tables.settled(_read(tables)))


def _read(tables: Tables) -> Frame:
    frame = tables.need(_TABLE, "deal_id", "line_no", "amount")
    names = frame.collect_schema().names()
    frame = frame.with_columns(nw.col("deal_id").cast(nw.String), nw.col("line_no").cast(nw.String))
    money = {
        "amount": nw.coalesce(nw.col("amount").cast(AMOUNT), number(0)),
        "cost": nw.coalesce(nw.col("cost").cast(AMOUNT), number(0)) if "cost" in names else number(0),
        "units": number(1),
    }
    if "quantity" in names:
        money["units"] = nw.coalesce(nw.col("quantity").cast(AMOUNT), number(1))
    own = {f"l_{n}": nw.col(n) for n in names if n not in _NO_CONDITION}
    made = frame.select("deal_id", "line_no", **own, **money)
    if "product_id" not in names:
        return made
    made = made.with_columns(l_product_id=nw.col("l_product_id").cast(nw.String))
    theirs = _of_product(tables)
    if "products" not in tables or "product_id" not in tables.columns("products"):
        return made.with_columns(l_product=nw.col("l_product_id"))
    side = tables.frame("products").select(
        nw.col("product_id").cast(nw.String).alias("l_product_id"),
        *[nw.col(old).alias(f"l_{new}") for new, old in theirs.items() if new not in names],
    )
    return made.join(side, on="l_product_id", how="left")


def _parts(events: Frame, lines: Frame, tables: Tables) -> Frame:
    """What each line has of each event: all of the line where the event is the whole deal, else its share.

    Shares are divided exactly outside the engine, and the last line takes what is left.
    """
    totals = lines.group_by("deal_id").agg(total=nw.col("amount").sum())
    events = events.join(totals, on="deal_id", how="inner").with_columns(nw.col("total").cast(AMOUNT))
    is_whole = nw.col("amount") == nw.col("total")
    money = lines.select("deal_id", "line_no", p_amount="amount", p_cost="cost", p_units="units")
    whole = events.filter(is_whole).join(money, on="deal_id", how="inner")
    names = ("event_id", "line_no", "p_amount", "p_cost", "p_units")
    whole = whole.select(*names)
    rest = events.filter(~is_whole).join(money, on="deal_id", how="inner")
    divided = _divided(collected(rest))
    if not divided:
        return whole
    some = tables.put(divided, _PARTS).select("event_id", "line_no", *[
        nw.col(n).alias(f"p_{n}") for n in ("amount", "cost", "units")
    ])  # fmt: skip
    return nw.concat([whole, some], how="vertical")


def _divided(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    rows.sort(key=lambda r: (r["event_id"], len(r["line_no"]), r["line_no"]))
    for event, group in groupby(rows, key=lambda r: r["event_id"]):
        each = list(group)
        amount, left = each[0]["amount"], each[0]["amount"]
        ratio = Fraction(amount) / Fraction(each[0]["total"]) if each[0]["total"] else Fraction(0)
        for row in each:
            part = left if row is each[-1] else decimal_of(Fraction(row["p_amount"]) * ratio)
            left -= part
            cost, units = (decimal_of(Fraction(row[n]) * ratio) for n in ("p_cost", "p_units"))
            found.append(
                {"event_id": event, "line_no": row["line_no"], "amount": part, "cost": cost, "units": units}
            )
    return found
