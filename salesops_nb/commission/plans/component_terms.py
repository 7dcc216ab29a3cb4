"""What follows from a component's fields: its kind, scope and gate, and whether it depends on quota."""

from __future__ import annotations

from salesops_nb.commission.plans.schema_component import Component


def kind_of(c: Component) -> str:
    """The kind of a component's lines."""
    if c.kind is not None:
        return c.kind
    if c.payee == "manager":
        return "override"
    if c.per_unit is not None:
        return "spiff" if c.from_ or c.to else "bonus"
    return "commission"


def scope_of(c: Component) -> str:
    """The scope, said or implied: over a threshold or a period's excess credit runs on, else each
    stands alone.
    """
    if c.scope is not None:
        return c.scope
    excess = c.then == "excess" or (c.gate is not None and c.gate.then == "excess")
    return "running_total" if excess else "each_transaction"


def on_attainment(c: Component) -> bool:
    """Whether earlier credits of a span may be paid otherwise once attainment has passed a gate or
    condition.
    """
    then, _ = gate_of(c)
    waits = then == "first_dollar" and not (scope_of(c) == "each_transaction" and not gate_on_attainment(c))
    return waits or "attainment_pct" in conditions_of(c)


def conditions_of(c: Component) -> str:
    """The conditions of its multipliers, in one text."""
    return " ".join(m.where or "" for m in (c.multipliers.rows if c.multipliers else ()))


def gate_of(c: Component) -> tuple[str | None, bool]:
    """What its gate or threshold pays then, and whether the level itself is enough."""
    if c.gate is not None:
        return c.gate.then, c.gate.inclusive
    return c.then, True


def gate_on_attainment(c: Component) -> bool:
    """Whether it has a gate in per cent of quota."""
    return c.gate is not None and c.gate.attainment_pct is not None


def bands_on_quota(c: Component) -> bool:
    """Whether the bands of its table are per cents of quota."""
    return c.table is not None and c.table.unit == "pct_of_quota"


def position_measure(c: Component) -> str | None:
    """The measure that its place in the table goes by, where that is another than it pays on."""
    named = c.position.measure if c.position is not None else None
    return named if named != c.measure else None


def by_territory(c: Component) -> bool:
    """Whether its place in the table is that of the territory."""
    return c.position is not None and c.position.of == "territory"


def uses_quota(c: Component) -> bool:
    """Whether anything of it hangs on a quota."""
    columns = c.table.columns.unit if c.table is not None and c.table.columns is not None else None
    return (
        bands_on_quota(c)
        or columns == "pct_of_quota"
        or gate_on_attainment(c)
        or "attainment_pct" in conditions_of(c)
    )
