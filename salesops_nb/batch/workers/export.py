"""From an executed notebook to the files that people get: HTML, PDF, xlsx; and its headline figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from salesops_nb.present.language.translation import _

Tables = list[dict[str, Any]]


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
        _write_xlsx(notebook, tables, stage / f"{name}.xlsx")
        written["xlsx"] = f"{name}.xlsx"
    return written


def _write_xlsx(notebook: Any, tables: Tables, out: Path) -> None:
    """The tables as a workbook, a sheet each under its short name, behind a cover as the page has it."""
    from salesops_nb import present
    from salesops_nb.present.export.xlsx_cover import Cover
    from salesops_nb.present.layout import cover_facts

    facts = cover_facts(notebook, {})
    day = str(facts.get("as_of") or "")
    present.write_xlsx(
        out,
        sheets_of(tables),
        title=" – ".join(filter(None, (facts["title"], facts.get("subtitle")))),
        as_of=date.fromisoformat(day[:10]) if day else None,
        draft=_("DRAFT, not approved") if facts["status"] == "draft" else "",
        cover=Cover(facts, list(_cards(notebook))),
    )


def sheets_of(tables: Tables) -> dict[str, Any]:
    """What the notebook showed as sheets by their names, none twice."""
    from salesops_nb.present.export.xlsx import Sheet
    from salesops_nb.present.export.xlsx_names import sheet_name, short

    used: set[str] = set()
    return {sheet_name(short(table["title"]) or _("Table"), used): Sheet(**table) for table in tables}


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
    return {
        card["label"]: {
            "text": card["value"],
            "number": _number(card.get("raw")),
            "unit": card.get("unit"),
            "against": card.get("against", []),
        }
        for card in _cards(notebook)
    }


def _cards(notebook: Any) -> Iterator[Mapping[str, Any]]:
    """The headline cards that the notebook shows."""
    media = "application/vnd.salesops.headlines+json"
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield from output.get("data", {}).get(media, {}).get("cards", [])


def _number(text: str | None) -> float | None:
    """The number behind a card, for the index's small charts only."""
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
