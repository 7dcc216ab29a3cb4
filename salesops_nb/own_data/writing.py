"""The files that a proposal becomes: workbook.yml, mapping.yml and reports.yml."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_nb.own_data.columns import Proposed
from salesops_nb.source.schema.contracts import CONTRACTS

if TYPE_CHECKING:
    from salesops_nb.own_data.proposing import Proposal

_KEYS = (
    "wide", "where", "encoding", "delimiter", "header_row", "decimal_mark", "date_order", "blanks",
    "computed", "values", "constants", "multiply", "stages", "more", "newest",
)  # fmt: skip

WORKBOOK = """\
# The workbook: whose figures these are, where the data come from and where results go.
# docs/own_data.md has every key.
company: {company}
currency: {currency} # the one currency in which figures are shown (ISO 4217)
amount_is: {amount_is} # what a deal's amount is: acv, tcv, arr or one-off
locale: {locale} # how numbers and dates are written; ro_RO speaks Romanian
time_zone: {time_zone} # the company's own clock, such as America/New_York
fiscal_year:
  start_month: {start_month}
  pattern: months # or 4-4-5, 4-5-4, 5-4-4
source: data
mapping: mapping.yml
store: sqlite:///store.sqlite
"""
MAPPING = """\
# Our tables and columns, each from the name it bears in your files: ours on the left, yours on the right.
# A later export takes the place of a file in data under the same name. docs/own_data.md has every key.
"""
REPORTS = """\
# What `salesops run` makes: each report is a notebook with parameters, once or once for each.
# docs/batch.md has every key.
folder: reports
period: last-complete-quarter # counted from the last date in the data
timeout: 5m
retries: 1
stale: mark

reports:
  - name: company
    title: "Performance review: {company}"
    notebook: notebooks/performance_review.ipynb
    formats: [html, xlsx]
"""
FOR_EACH = """
  - name: {level}
    title: "Performance review: {{name}}"
    notebook: notebooks/performance_review.ipynb
    for_each: {level}
"""


def table_mapping(made: Proposed) -> dict[str, Any]:
    """The entry of a table in mapping.yml."""
    entry: dict[str, Any] = {"file": made.seen.path.name}
    if made.seen.sheet:
        entry["sheet"] = made.seen.sheet
    if made.seen.header_row:
        entry["header_row"] = made.seen.header_row
    names = [name for name in CONTRACTS[made.table].by_name if name in made.columns]
    required = {column.name for column in CONTRACTS[made.table].columns if column.required}
    needed = required | {"amount", "outcome", "closed_on", "is_closed", "is_won"}
    needed -= {name for name in names if made.columns[name].header in made.lacking}
    entry["columns"] = {name: made.columns[name].header for name in names if name in needed}
    if further := {name: made.columns[name].header for name in names if name not in needed}:
        entry["if_present"] = further
    keys = dict(made.keys)
    if made.more:
        keys["more"] = [
            {"file": seen.path.name} | ({"sheet": seen.sheet} if seen.sheet else {}) for seen in made.more
        ]
    keys["blanks"] = list(made.seen.blanks)
    return entry | {key: keys[key] for key in _KEYS if keys.get(key)}


def mapping_text(tables: Mapping[str, dict[str, Any]]) -> str:
    """The text of mapping.yml."""
    return MAPPING + yaml_text({"tables": dict(tables)})


def yaml_text(contents: Any) -> str:
    """A YAML text of maps and lists, a text in quotes only where it must be."""
    from ruamel.yaml import YAML

    writer = YAML()
    writer.width = 110
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump(contents, stream)
    return stream.getvalue()


def scalar(text: str) -> str:
    """A text as YAML has it on one line."""
    return yaml_text({"a": text}).removeprefix("a: ").strip()


def with_tables(path: Path, tables: Mapping[str, dict[str, Any]], owners: Mapping[str, str]) -> str:
    """The text of a mapping file with entries of tables put in or replaced; all else stays, comments too.

    `owners` are aliases of the deals' owners that a roster brings.
    """
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 200
    editor.indent(mapping=2, sequence=4, offset=2)
    contents = editor.load(path.read_text(encoding="utf-8-sig"))
    contents["tables"].update(tables)
    if owners and "deals" not in tables:
        values = contents["tables"].setdefault("deals", {}).setdefault("values", {})
        values.setdefault("owner_id", {}).update(owners)
    stream = io.StringIO()
    editor.dump(contents, stream)
    return stream.getvalue()


def write_workbook(folder: Path, found: Proposal, company: str, locale: str) -> None:
    """Write workbook.yml, mapping.yml, reports.yml and, where rates were answered, data/fx_rates.csv."""
    money = found.money
    assert money is not None
    (folder / "data").mkdir(parents=True, exist_ok=True)
    tables = {name: table_mapping(made) for name, made in found.tables.items()}
    if money.rates:
        rows = "".join(f"{code},1900-01-01,{rate}\n" for code, rate in sorted(money.rates.items()))
        (folder / "data" / "fx_rates.csv").write_text(f"currency,valid_from,rate\n{rows}", encoding="utf-8")
        tables["fx_rates"] = {"file": "fx_rates.csv"}
    filled = {
        "company": scalar(company), "currency": money.currency, "amount_is": money.amount_is,
        "locale": locale, "time_zone": found.time_zone, "start_month": found.start_month,
    }  # fmt: skip
    (folder / "workbook.yml").write_text(WORKBOOK.format(**filled), encoding="utf-8")
    (folder / "mapping.yml").write_text(mapping_text(tables), encoding="utf-8")
    roster = found.tables.get("people")
    levels = [] if roster is None else ["team", "rep"] if "team" in roster.columns else ["rep"]
    text = REPORTS + "".join(FOR_EACH.format(level=level) for level in levels)
    (folder / "reports.yml").write_text(text, encoding="utf-8")
