"""The page of a report that could not be made: where, why in words, and the traceback folded away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from salesops_nb.present.export.html import write_beside
from salesops_nb.present.export.prose import ansi_free
from salesops_nb.present.page import render


def write_error_page(
    out: str | Path,
    *,
    title: str,
    message: str,
    cell: int | None = None,
    source: str = "",
    traceback: str | Sequence[str] = "",
    company: str = "",
    period: str = "",
    parameters: Mapping[str, Any] | None = None,
    index: str = "index.html",
    templates: Sequence[str] = (),
) -> Path:
    """Write a failed job's page.

    Parameters
    ----------
    message : what went wrong, in the user's words; a line a paragraph.
    cell : the number of the cell that failed, as the notebook counts.
    source : that cell's code.
    traceback : folded away under a summary; colour codes of the terminal are removed.
    index : relative link back to the run's index; empty for none.

    Examples
    --------
    >>> import tempfile
    >>> from salesops_nb import present
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = present.write_error_page(
    ...         f"{folder}/cara.html", title="Team Cara Losch", message="There is no table targets.", cell=7
    ...     )
    ...     "There is no table targets." in page.read_text(encoding="utf-8")
    True
    """
    folded = traceback if isinstance(traceback, str) else "\n".join(traceback)
    page = render.page(
        "run/error.html.j2",
        templates,
        title=title,
        company=company,
        period=period,
        lines=[line for line in ansi_free(message).splitlines() if line.strip()] or [title],
        cell=cell,
        source=source,
        parameters={name: str(value) for name, value in (parameters or {}).items()},
        traceback=ansi_free(folded),
        index=index,
        style=render.style_sheet("report.css", templates) + render.style_sheet("run/run.css", templates),
    )
    return write_beside(out, page)
