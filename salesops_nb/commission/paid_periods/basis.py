"""What a calculation went by, short enough to stand in the ledger: plans, quotas, a person's rows.

A later calculation that differs says by it which of them has changed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from salesops_nb.commission.inputs.tables import Tables
from salesops_nb.commission.plans.plan import Plan
from salesops_nb.commission.result.payout import Payout

PERSONAL = ("people", "plan_assignments", "targets", "leave", "scores", "opening_balances")
COMMON = ("fx_rates", "products")
NO_MATTER = ("name", "email", "payroll_id")  # of a person, whatever they earn
Basis = Mapping[str, Any]


def basis(payout: Payout, every_plan: bool) -> Basis:
    """What a payout went by.

    `plans` is a hash of each plan's text, `tables` of tables that concern everybody, `people` of each paid
    person's rows by table, `quotas` the quota of each by plan, `every_plan` whether all plans of the workbook
    were calculated.
    """
    people = set(payout.lines["payee_id"].unique())
    quotas: dict[str, dict[str, str]] = defaultdict(dict)
    for row in payout.attained:
        if row.payee_id in people and row.quota is not None:
            quotas[row.payee_id][row.plan_id] = format(row.quota, "f")
    return {
        "every_plan": every_plan,
        "plans": {name_of(plan): _plan_hash(plan) for plan in payout.plans},
        "tables": {name: _hash(map(_text, _rows(payout.tables, name))) for name in COMMON},
        "people": _by_person(payout.tables, people),
        "quotas": quotas,
    }


def name_of(plan: Plan) -> str:
    """A version of a plan, as lines name it."""
    return f"{plan.id}.{plan.version}"


def _plan_hash(plan: Plan) -> str:
    return _hash([plan.file.model_dump_json(exclude_unset=True, by_alias=True)])


def _by_person(tables: Tables, people: set[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name in PERSONAL:
        rows: dict[str, list[str]] = defaultdict(list)
        for row in _rows(tables, name):
            if (who := str(row.get("person_id") or row.get("who"))) in people:
                rows[who].append(_text(row))
        for who, texts in rows.items():
            found[who][name] = _hash(texts)
    return found


def _rows(tables: Tables, name: str) -> list[dict[str, Any]]:
    return tables.rows(name) if name in tables else []


def _text(row: Mapping[str, Any]) -> str:
    return repr(sorted((k, str(v)) for k, v in row.items() if v is not None and k not in NO_MATTER))


def _hash(texts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(sorted(texts)).encode(), digest_size=6).hexdigest()
