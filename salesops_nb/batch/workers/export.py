"""From an executed notebook to the files that people get: HTML, PDF, xlsx; and its headline figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from salesops_nb.present.language.translation import _

Tables = list[dict[str, Any]]


def gather_tables() -> Tables:
    """From now on, each frame that the notebook shows as a table is kept, for the spreadsheet.

    Only in a process that runs one notebook: the hook is not taken off.
    """
    from salesops_nb.present.page import tables

    shown: Tables = []
    original = tables.table_facts

    @wraps(original)
    def kept(frame: Any, **said: Any) -> Any:
        facts = original(frame, **said)
        shown.append({"frame": frame, **said})
        return facts

    tables.table_facts = kept
    return shown


def export(notebook: Any, tables: Tables, task: Mapping[str, Any]) -> dict[str, str]:
    """Write the formats the task asks for into its folder; format → file name."""
    from salesops_nb import present

    stage, name, formats = Path(task["stage"]), task["name"], task["formats"]
    written: dict[str, str] = {}
    if "html" in formats or "pdf" in formats:
        page = present.export_html(
            notebook, stage / f"{name}.html", context=task.get("context"), templates=task.get("templates")
        )
        if "pdf" in formats:
            present.export_pdf(page, stage / f"{name}.pdf")
            written["pdf"] = f"{name}.pdf"
        if "html" in formats:
            written["html"] = f"{name}.html"
        else:
            page.unlink()
    if "xlsx" in formats:
        sheets, units, currencies, formulas = _sheets(tables)
        draft = _("DRAFT, not approved") if _is_draft(notebook) else ""
        present.write_xlsx(
            stage / f"{name}.xlsx", sheets, formats=units, currency=currencies, draft=draft, formulas=formulas
        )
        written["xlsx"] = f"{name}.xlsx"
    return written


def _sheets(tables: Tables) -> tuple[dict[str, Any], dict[str, str], dict[str, str], dict[str, Any]]:
    """A sheet a table, under its title and with its heads; units by head, the others by sheet."""
    from salesops_nb.present.page.tables import to_pandas

    sheets: dict[str, Any] = {}
    units: dict[str, str] = {}
    currencies: dict[str, str] = {}
    formulas: dict[str, Any] = {}
    for number, table in enumerate(tables, 1):
        base = _sheet_name(table.get("title") or f"Table {number}")
        name, count = base, 1
        while name.lower() in (each.lower() for each in sheets):
            count += 1
            name = f"{base[:27]} {count}"
        frame, labels = to_pandas(table["frame"]), dict(table.get("labels") or {})
        if len(set(labels.values())) < len(labels):
            labels = {}
        sheets[name] = frame.rename(columns=labels)
        units |= {labels.get(column, column): unit for column, unit in (table.get("formats") or {}).items()}
        if table.get("formulas"):
            formulas[name] = _by_place(frame, table["formulas"])
        currency = str(table.get("currency") or "")
        if currency:
            currencies[name] = labels.get(currency) or currency
    if not sheets:
        import pandas as pd

        sheets["Report"] = pd.DataFrame({"note": ["The report shows no table."]})
    return sheets, units, currencies, formulas


def _by_place(frame: Any, formulas: Mapping[str, Any]) -> dict[int, list[str | None]]:
    """The formulas by the place of their column, each column in them by its place too, as ``{3}``."""
    places = {str(column): at for at, column in enumerate(frame.columns)}
    written = {
        name: [each and re.sub(r"\[(\w+)\]", lambda m: f"{{{places[m[1]]}}}", each) for each in cells]
        for name, cells in formulas.items()
    }
    return {places[name]: cells for name, cells in written.items()}


def _sheet_name(title: str) -> str:
    """A title as a spreadsheet takes it: 31 characters, none of ``[]:*?/\\``."""
    plain = "".join(" " if letter in "[]:*?/\\" else letter for letter in title).strip(" '")
    return plain[:31].strip() or "Table"


def _is_draft(notebook: Any) -> bool:
    """Whether the notebook's cover says that it is a draft."""
    from salesops_nb.present.layout import cover_facts

    return bool(cover_facts(notebook, {})["status"] == "draft")


def statement_of(notebook: Any) -> dict[str, Any] | None:
    """Which pay statement the notebook's cover says that it shows."""
    from salesops_nb.present.layout import cover_facts

    found: dict[str, Any] | None = cover_facts(notebook, {}).get("statement")
    return found


def found_of(notebook: Any) -> dict[str, str]:
    """What the notebook's cover says that it found: its lead and, where there is one, the caveat."""
    from salesops_nb.present.layout import cover_facts

    facts = cover_facts(notebook, {})
    return {name: str(facts[name]) for name in ("lead", "caveat") if facts.get(name)}


def headlines_of(notebook: Any) -> dict[str, Any]:
    """The headline figures the notebook shows: label → text, and the number where it shows one."""
    media = "application/vnd.salesops.headlines+json"
    found: dict[str, Any] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            facts = output.get("data", {}).get(media)
            for card in (facts or {}).get("cards", []):
                found[card["label"]] = {
                    "text": card["value"],
                    "number": _number(card.get("raw")),
                    "unit": card.get("unit"),
                    "against": card.get("against", []),
                }
    return found


def _number(text: str | None) -> float | None:
    """The number behind a card, for the index's small charts only."""
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
