"""`salesops new-notebook`: a notebook, its module and its lines in reports.yml, to be made one's own."""

from __future__ import annotations

import importlib.util
import keyword
import re
from pathlib import Path
from typing import Any

import click

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import message

CHECKED = "nbval-check-output"
TEMPLATE = "new_notebook"


@click.command("new-notebook")
@click.argument("name", metavar="NAME")
@click.option("--refresh", is_flag=True, help="Write only the parameters cell anew, from the module's class.")
def new_notebook(name: str, refresh: bool) -> None:
    """Make the notebook NAME (as loss_reasons) in the workbook here, or above.

    Writes notebooks/NAME.ipynb, its module NAME.py and five lines of reports.yml, and runs the notebook
    once. Nothing that is there is overwritten. With --refresh, writes the parameters cell of a notebook
    that exists anew, after its class was changed.
    """
    from salesops_nb.workbook import find_workbook

    folder = find_workbook(".")
    notebook = folder / "notebooks" / f"{name}.ipynb"
    if refresh:
        changed = refreshed(notebook)
        click.echo(
            f"{notebook.relative_to(folder)}: " + ("brought up to date." if changed else "as its class says.")
        )
        return
    _check_name(name, folder)
    module = module_place(folder, name)
    notebook.parent.mkdir(exist_ok=True)
    module.write_text(_module(name, _period(folder)), encoding="utf-8")
    _write(notebook, _notebook(name, module))
    _add_report(folder / "reports.yml", name)
    for path in (notebook, module, folder / "reports.yml"):
        click.echo(f"written: {path.relative_to(folder)}")
    run_once(notebook)
    click.echo(f"Next: salesops lab, or: salesops run --only {name}")


def module_place(folder: Path, name: str) -> Path:
    """Where a notebook's module goes: into the package in its own checkout, else beside the notebook."""
    own = folder / "salesops_nb" / "notebook"
    return (own if own.is_dir() else folder / "notebooks") / f"{name}.py"


def refreshed(notebook: Path) -> bool:
    """Write the parameters cell from the class; whether that changed it.

    Raises `SalesopsError` where there is no such notebook, it has no parameters cell, or no module.
    """
    import nbformat

    from salesops_nb.batch.jobs.declared import declared_parameters
    from salesops_nb.notebook import parameters_of
    from salesops_nb.parameters import parameters_cell

    if not notebook.exists():
        there = ", ".join(sorted(path.stem for path in notebook.parent.glob("*.ipynb")))
        raise SalesopsError(problem("missing-notebook", value=notebook.stem, names=there or message("none")))
    declared_parameters(notebook, notebook.stem)  # is it a notebook?
    kind = parameters_of(notebook)
    if kind is None:
        raise SalesopsError(problem("no-module.of-file", file=notebook.name, name=notebook.stem))
    node: Any = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    tagged = [cell for cell in node.cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if len(tagged) != 1:
        raise SalesopsError(problem("no-parameters-cell", file=notebook.name, count=len(tagged)))
    before = tagged[0].source
    tagged[0].source = parameters_cell(kind)
    if tagged[0].source != before:
        _write(notebook, node)
    return bool(tagged[0].source != before)


def _check_name(name: str, folder: Path) -> None:
    """Refuse what cannot name a module, and what is there."""
    from salesops_nb.batch.jobs.reports import load_reports

    if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower() or name.startswith("_"):
        raise SalesopsError(problem("bad-name", value=name))
    module = module_place(folder, name)
    taken = [path for path in (folder / "notebooks" / f"{name}.ipynb", module) if path.exists()]
    if taken:
        raise SalesopsError(problem("name-taken", value=name, path=taken[0].relative_to(folder)))
    if _is_module(f"salesops_nb.notebook.{name}"):
        raise SalesopsError(problem("name-taken.by-the-package", value=name))
    if _is_module(name):
        raise SalesopsError(problem("name-taken.by-python", value=name))
    reports = folder / "reports.yml"
    if reports.exists() and name in [report.name for report in load_reports(reports).reports]:
        raise SalesopsError(problem("name-taken.by-a-report", value=name))


def _is_module(name: str) -> bool:
    """Whether an import of that name finds a module."""
    spec = importlib.util.find_spec(name)
    # a folder without an __init__.py, such as the workbook's own data, has a spec without an origin
    return spec is not None and spec.origin is not None


def title_of(name: str) -> str:
    """A notebook's title by its name: ``loss_reasons`` is ``Loss reasons``."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def class_of(name: str) -> str:
    """The name of its class of parameters: ``loss_reasons`` is ``LossReasons``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _module(name: str, period: str) -> str:
    """The template's module under the new name, with a period of the workbook's own data."""
    text = _renamed(_template(".py"), name)
    return text.replace('period_field("2017-Q4")', f'period_field("{period}")')


def _period(folder: Path) -> str:
    """The last quarter that the workbook's data cover whole; the last they touch where there is none."""
    from salesops_nb.source import open_workbook

    workbook = open_workbook(folder)
    last = workbook.data_through
    if last is None:
        return "2017-Q4"
    quarter = workbook.calendar.containing(last, "quarter")
    return quarter.key if quarter.last <= last else quarter.previous().key


def _notebook(name: str, module: Path) -> Any:
    """The template's cells under the new name; outputs come with its first run."""
    import nbformat

    from salesops_nb.notebook.module import class_in, module_of
    from salesops_nb.parameters import parameters_cell

    made = module_of(name, module.parent)
    assert made is not None
    node: Any = nbformat.reads(_renamed(_template(".ipynb"), name), as_version=4)  # type: ignore[no-untyped-call]
    (cell,) = [each for each in node.cells if "parameters" in each.metadata.get("tags", [])]
    cell.source = parameters_cell(class_in(made))
    return node


def _template(ending: str) -> str:
    from salesops_nb.notebook import template

    file = Path(str(template.__file__)).parent / f"{TEMPLATE}{ending}"
    text: str = file.read_text(encoding="utf-8")
    return text


def _renamed(text: str, name: str) -> str:
    text = text.replace("NewNotebook", class_of(name)).replace(TEMPLATE, name)
    return text.replace("New notebook", title_of(name))


def run_once(path: Path) -> None:
    """Run the notebook where it stands and keep the outputs of its headlines, which nbval compares."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    node: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    try:
        where = {"metadata": {"path": str(path.parent)}}
        quiet = ["--log-level=ERROR"]
        NotebookClient(node, timeout=600, resources=where, extra_arguments=quiet).execute()
    except CellExecutionError as error:
        raise SalesopsError(
            problem("notebook-stopped", file=path.name, why=error.evalue or error.ename)
        ) from error
    for cell in node.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code" and CHECKED not in cell.metadata.get("tags", []):
            cell.outputs, cell.execution_count = [], None
    node.metadata.pop("widgets", None)
    _write(path, node)


def _write(path: Path, node: Any) -> None:
    import nbformat

    nbformat.write(node, path)  # type: ignore[no-untyped-call]


def _add_report(path: Path, name: str) -> None:
    """Add the report's five lines at the end of the list, and leave every other line as it is."""
    text = path.read_text(encoding="utf-8") if path.exists() else "reports:\n"
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if re.match(r"reports\s*:", line))
    after = (at for at, line in enumerate(lines) if at > start and re.match(r"[^\s#-]", line))
    end = next(after, len(lines))
    while not lines[end - 1].strip():
        end -= 1
    dash = next((line for line in lines[start + 1 : end] if line.lstrip().startswith("- ")), "  - ")
    indent = " " * (len(dash) - len(dash.lstrip()))
    added = [
        f"- name: {name}",
        f'  title: "{title_of(name)}: {{name}}"',
        f"  notebook: notebooks/{name}.ipynb",
        "  for_each: [company, team, rep]",
        "  formats: [html, xlsx]",
    ]
    lines[end:end] = ["", *(indent + line for line in added)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
