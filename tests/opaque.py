"""The demo's workbook as a CRM would have it: people, accounts and products by opaque ids, names beside them.

Two reps of different teams, and two accounts, bear the same name.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

GROUPS = ("team", "manager", "region")  # columns that hold a team's name, which is its manager's too


class Ids:
    """The opaque ids by kind: ``people``, ``accounts``, ``products``, each by the demo's name."""

    def __init__(self, data: Path) -> None:
        people = [*_column(data / "people.csv", 0), *_column(data / "simulated" / "people_more.csv", 0)]
        self.people = _opaque(people, "005A000000")
        self.accounts = _opaque(_column(data / "accounts.csv", 0), "001B000000")
        self.products = _opaque(_column(data / "products.csv", 0), "01tC000000")
        self.of = {**self.accounts, **self.products, **self.people}

    def names(self, kind: dict[str, str]) -> dict[str, str]:
        """The names by their ids."""
        return {opaque: NAMESAKES.get(name, name) for name, opaque in kind.items()}


# who bears another's name: a rep of another team, and an account
NAMESAKES = {"Markita Hansen": "Moses Frase", "Isdom": "Cancity"}


def write(root: Path, folder: Path) -> Ids:
    """The workbook in `folder`, with the ids that stand in it."""
    shutil.copytree(root / "data", folder / "data", ignore=shutil.ignore_patterns("book", "*.ics"))
    for name in ("plans", "templates", "notebooks"):
        shutil.copytree(root / name, folder / name)
    for name in ("workbook.yml", "reports.yml", "pay_calendar.yml", "strategy.yml"):
        shutil.copy(root / name, folder / name)
    data = folder / "data"
    ids = Ids(data)
    for file in data.rglob("*.csv"):
        _rewrite(file, ids)
    for file in data.rglob("*.parquet"):
        _rewrite_parquet(file, ids)
    _named(data / "people.csv", "person_id", ids.names(ids.people))
    _named(data / "simulated" / "people_more.csv", "person_id", ids.names(ids.people))
    _named(data / "accounts.csv", "account", ids.names(ids.accounts))
    _named(data / "products.csv", "product", ids.names(ids.products))
    mapping = (root / "mapping.yml").read_text()
    for key in ("account", "product", "person_id"):
        mapping = mapping.replace(f"      name: {key}\n", "      name: shown_name\n")
    mapping = mapping.replace("GTXPro: GTX Pro", f"GTXPro: {ids.products['GTX Pro']}")
    (folder / "mapping.yml").write_text(mapping)
    for plan in (folder / "plans").glob("*.yml"):
        text = plan.read_text()
        for name, opaque in ids.products.items():
            text = text.replace(f"'{name}'", f"'{opaque}'")
        plan.write_text(text)
    return ids


def _opaque(names: list[str], prefix: str) -> dict[str, str]:
    # ids that differ in the case of one letter alone are of two
    return {name: f"{prefix}{at // 2:04d}{'aA'[at % 2]}" for at, name in enumerate(dict.fromkeys(names))}


def _column(file: Path, at: int) -> list[str]:
    with file.open(newline="", encoding="utf-8") as rows:
        return [row[at] for row in list(csv.reader(rows))[1:]]


def _rewrite(file: Path, ids: Ids) -> None:
    with file.open(newline="", encoding="utf-8") as rows:
        head, *body = list(csv.reader(rows))
    level = head.index("level") if {"level", "who"} <= set(head) else None
    for row in body:
        for at, column in enumerate(head):
            of_group = column in GROUPS or (column == "who" and level is not None and row[level] == "team")
            if not of_group:
                row[at] = ids.of.get(row[at], row[at])
    with file.open("w", newline="", encoding="utf-8") as rows:
        csv.writer(rows, lineterminator="\n").writerows([head, *body])


def _named(file: Path, key: str, names: dict[str, str]) -> None:
    with file.open(newline="", encoding="utf-8") as rows:
        head, *body = list(csv.reader(rows))
    at = head.index(key)
    with file.open("w", newline="", encoding="utf-8") as rows:
        csv.writer(rows, lineterminator="\n").writerows(
            [[*head, "shown_name"], *([*row, names[row[at]]] for row in body)]
        )


def _rewrite_parquet(file: Path, ids: Ids) -> None:
    table = pq.read_table(file)
    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            values = [ids.of.get(value, value) for value in table.column(at).to_pylist()]
            table = table.set_column(at, field, pa.array(values, field.type))
    pq.write_table(table, file)
