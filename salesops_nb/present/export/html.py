"""An executed notebook as one HTML page, through nbconvert and the template in ``templates/report``.

The exporter is made once a process and used again: laying out a report takes a small part of a second.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.present.page.render import template_folder


@lru_cache(maxsize=4)
def exporter(templates: str | None = None) -> Any:
    """The exporter of a templates folder (the workbook's own, or the package's), made once."""
    from nbconvert import exporters, filters

    base: Any = exporters.HTMLExporter

    class ReportExporter(base):  # type: ignore[misc]
        """Our template, without the passes that nbconvert makes over the finished page."""

        def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> Any:
            if "highlight_code" not in self.filters:
                highlight: Any = filters.Highlight2HTML
                self.register_filter("highlight_code", highlight(pygments_lexer="ipython3", parent=self))
            self.register_filter("filter_data_type", lambda data: list(data))
            resources = self._init_resources(resources)
            return exporters.TemplateExporter.from_notebook_node(self, nb, resources, **kw)

    folders = [str(template_folder())] if templates is None else [templates, str(template_folder())]
    return ReportExporter(template_name="report", extra_template_basedirs=folders)


def export_html(
    notebook: Any,
    out: str | Path,
    *,
    context: Mapping[str, Any] | None = None,
    templates: str | Path | None = None,
) -> Path:
    """Write an executed notebook as a self-contained HTML report.

    Parameters
    ----------
    notebook : path of an ``.ipynb``, or a notebook node (left as it is).
    out : path of the page; written beside and moved in, so that no half page is ever seen.
    context : facts that override the cover's, such as ``{"status": "draft"}``.
    templates : the workbook's own templates folder, if it has a ``report/`` of its own.

    Raises
    ------
    SalesopsError
        If the notebook cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from nbformat import v4
    >>> from salesops_nb import present
    >>> executed = v4.new_notebook(cells=[v4.new_markdown_cell("# Bookings")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = present.export_html(executed, f"{folder}/bookings.html")
    ...     page.name, "Bookings</h1>" in page.read_text(encoding="utf-8")
    ('bookings.html', True)
    """
    node, name = _read(notebook)
    own = Path(templates) if templates else None
    folder = str(own.resolve()) if own and (own / "report" / "index.html.j2").is_file() else None
    resources = {
        "metadata": {"name": name},
        "report_context": dict(context or {}),
        "report_templates": [f"{folder}/report"] if folder else [],
    }
    page, _ = exporter(folder).from_notebook_node(node, resources)
    return write_beside(out, page)


def write_beside(out: str | Path, content: str | bytes) -> Path:
    """Write a file whole or not at all: beside its place first, then moved in."""
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    handle, beside = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o644)
        os.replace(beside, out)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return out


def _read(notebook: Any) -> tuple[Any, str]:
    import nbformat

    if not isinstance(notebook, str | os.PathLike):
        return notebook, "report"
    path = Path(notebook)
    try:
        node: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except FileNotFoundError as error:
        raise SalesopsError(problem("no-notebook", path=path)) from error
    except Exception as error:
        raise SalesopsError(problem("unreadable-notebook", path=path, error=str(error))) from error
    return node, path.stem
