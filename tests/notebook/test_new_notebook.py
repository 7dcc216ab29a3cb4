"""A notebook of one's own: a notebook, a module, five lines of reports.yml; mistakes are told in words."""

import ast
from pathlib import Path

import nbformat
import pytest

from salesops_nb import notebook, parameters
from salesops_nb.batch.jobs.jobs import expand
from salesops_nb.batch.jobs.reports import load_reports
from salesops_nb.batch.runs.keys import Keys
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.template.new_notebook import NewNotebook
from salesops_nb.parameters import parameters_cell
from salesops_nb.source import open_workbook

pytestmark = pytest.mark.slow

PLAIN = "from salesops_nb.parameters import Sliced, Parameters\n"


def cell_of(path):
    (cell,) = [
        c for c in nbformat.read(path, as_version=4).cells if "parameters" in c.metadata.get("tags", [])
    ]
    return cell.source


def test_it_writes_a_notebook_its_module_and_five_lines(workbook, typed):
    before = (workbook / "reports.yml").read_text()
    said, code = typed("new-notebook", "loss_reasons")
    assert code == 0, said
    added = (workbook / "reports.yml").read_text().removeprefix(before).strip().splitlines()
    assert len(added) == 5
    assert "written: notebooks/loss_reasons.py" in said
    made = workbook / "notebooks" / "loss_reasons.ipynb"
    kind = notebook.parameters_of(made)
    assert kind.__name__ == "LossReasons"
    assert issubclass(kind, parameters.Sliced)
    assert cell_of(made) == parameters_cell(kind)
    cells = nbformat.read(made, as_version=4).cells
    assert cells[0].source.startswith("# Loss reasons\n")
    (checked,) = [c for c in cells if "nbval-check-output" in c.metadata.get("tags", [])]
    assert "Bookings" in str(checked.outputs), "it was run once"
    assert not [c for c in cells if c.cell_type == "code" and c is not checked and c.outputs]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("reports:\n- name: a\n  notebook: n.ipynb\n", ""),
        (
            "folder: out\nreports:\n    - name: a\n      notebook: n.ipynb # mine\n",
            "\nperiod: 2017-Q3\n# end\n",
        ),
        ("reports: # all of them\n  - {name: a, notebook: n.ipynb}\n\n", "mail:\n  from: a@example.com\n"),
    ],
)
def test_every_other_line_of_reports_stays(tmp_path, before, after):
    from salesops_nb.cli.new_notebook import _add_report

    path = tmp_path / "reports.yml"
    path.write_text(before + after)
    _add_report(path, "loss_reasons")
    reports = load_reports(path).reports
    assert [each.name for each in reports] == ["a", "loss_reasons"]
    assert [line for line in (before + after).splitlines() if line] == [
        line
        for line in path.read_text().splitlines()
        if line and not any(word in line for word in ("loss_reasons", "Loss reasons", "for_each", "formats"))
    ]


# of the standard library, built in, installed, the package itself, and the package's own beside its notebooks
HIDING = ("json", "sys", "test", "pandas", "salesops_nb")


@pytest.mark.parametrize(
    ("name", "file", "told"),
    [
        ("performance_review", None, "is taken: there is notebooks/performance_review.ipynb"),
        ("mine", "notebooks/mine.ipynb", "is taken: there is notebooks/mine.ipynb"),
        ("mine", "notebooks/mine.py", "is taken: there is notebooks/mine.py"),
        ("beginning", None, "is taken by a module of the package"),
        ("template", None, "is taken by a module of the package"),
        ("company", None, "is taken: reports.yml has a report of it"),
        ("Loss reasons", None, "cannot name a notebook"),
        ("class", None, "cannot name a notebook"),
        ("../escape", None, "cannot name a notebook"),
        ("_hidden", None, "cannot name a notebook"),
        ("", None, "cannot name a notebook"),
        *((module, None, f"Python has a module {module}, which") for module in HIDING),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(workbook, typed, name, file, told):
    if file:
        (workbook / file).write_text("")
    kept = sorted(workbook.rglob("*")), (workbook / "reports.yml").read_bytes()
    said, code = typed("new-notebook", name)
    assert code == 1
    assert told in said
    assert (sorted(workbook.rglob("*")), (workbook / "reports.yml").read_bytes()) == kept


@pytest.mark.parametrize(
    ("source", "code", "told"),
    [
        ("x = 1\n", "no-parameters-class", "declares 0 classes of parameters (none)"),
        (PLAIN, "no-parameters-class", "declares 0 classes of parameters (none)"),
        (PLAIN + "class A(Sliced): ...\nclass B(Parameters): ...\n", "no-parameters-class", "2 classes"),
        (
            PLAIN + "class A(Sliced):\n    x: list[int] = []\n",
            "no-control",
            "parameter x, declared as list[int]",
        ),
        (PLAIN + "class A(Sliced):\n    x: complex = 1j\n", "no-control", "parameter x, declared as complex"),
        (
            PLAIN + "class A(Sliced):\n    x: bytes | None = None\n",
            "no-control",
            "parameter x, declared as bytes",
        ),
        ("def broken(:\n", "broken-module", "SyntaxError"),
        ("import json\n\njson.loads('{')\n", "broken-module", "row 3"),
        (PLAIN + "class A(Sliced):\n    x: object() = 1\n", "broken-module", "row 2"),
        ("import no_such_package\n", "broken-module", "No module named 'no_such_package'"),
    ],
)
def test_what_is_wrong_with_a_module_is_told(tmp_path, source, code, told):
    (tmp_path / "mine.ipynb").write_text("{}")
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(SalesopsError) as refused:
        notebook.parameters_of(tmp_path / "mine.ipynb")
    (problem,) = refused.value.problems
    assert problem.code == code
    assert told in str(problem)
    assert problem.file == "mine.py"
    assert problem.fix


def test_every_kind_of_parameter_that_has_a_control_is_taken(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from typing import Literal\n"
        "from salesops_nb.parameters import Day, Key, Name, Names, Numbers, Parameters\n"
        "class A(Parameters):\n"
        "    a: int = 1\n    b: float | None = None\n    c: bool = False\n    d: bool | None = None\n"
        "    e: Day = None\n    f: Name = None\n    g: Names = ()\n    h: Numbers = {}\n"
        "    i: Key = '2017'\n    j: Literal['x', 'y'] = 'x'\n    k: str = ''\n"
    )
    kind = notebook.parameters_of(tmp_path / "mine.ipynb")
    cell = parameters_cell(kind)
    given = {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(cell).body}
    assert parameters.checked(kind, given) == kind()


@pytest.mark.parametrize(("file", "found"), [("parameters.py", "Big"), ("other.py", None)])
def test_a_notebook_with_a_folder_in_the_package_declares_its_class_there(tmp_path, monkeypatch, file, found):
    name = f"big_{file[:-3]}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / file).write_text(PLAIN + "class Big(Sliced):\n    smallest: int = 3\n")
    monkeypatch.setattr(notebook, "__path__", [*notebook.__path__, str(tmp_path)])
    kind = notebook.parameters_of(tmp_path / f"{name}.ipynb")
    assert (kind and kind.__name__) == found


def test_a_plain_notebook_without_a_module_stays_plain(tmp_path):
    assert notebook.parameters_of(tmp_path / "plain.ipynb") is None


def test_without_its_module_a_notebook_says_where_it_looked(workbook):
    with pytest.raises(SalesopsError, match=r"The notebook lost has no module lost\.py.*new-notebook lost"):
        notebook.begin("lost", {"workbook": str(workbook)})


def test_the_parameters_cell_follows_its_class(workbook, typed):
    path = workbook / "notebooks" / "mine.ipynb"
    cells = [nbformat.v4.new_code_cell("old = 1", metadata={"tags": ["parameters"]})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    (workbook / "notebooks" / "mine.py").write_text(PLAIN + "class Mine(Sliced):\n    smallest: int = 3\n")
    assert typed("new-notebook", "mine", "--refresh") == ("notebooks/mine.ipynb: brought up to date.\n", 0)
    assert cell_of(path).splitlines()[-1].startswith("smallest = 3")
    assert typed("new-notebook", "mine", "--refresh") == ("notebooks/mine.ipynb: as its class says.\n", 0)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), path)
    said, code = typed("new-notebook", "mine", "--refresh")
    assert code == 1
    assert "has 0 cells tagged 'parameters'; it needs one" in said
    said, code = typed("new-notebook", "nobody", "--refresh")
    assert code == 1
    assert "There is no notebook nobody. There are: alerts, commission_calculation" in said


def test_the_cells_of_our_own_notebooks_are_written_from_their_classes(root):
    for path in [
        *(root / "notebooks").glob("*.ipynb"),
        Path(notebook.__file__).parent / "template/new_notebook.ipynb",
    ]:
        kind = NewNotebook if path.stem == "new_notebook" else notebook.parameters_of(path)
        assert cell_of(path) == parameters_cell(kind), f"salesops new-notebook {path.stem} --refresh"


def test_an_edited_module_makes_its_reports_new(workbook, typed):
    assert typed("new-notebook", "loss_reasons")[1] == 0
    opened = open_workbook(workbook)
    (job,) = expand(
        load_reports(workbook / "reports.yml"),
        opened,
        only=("loss_reasons",),
        chosen={"rep": ("Moses Frase",)},
    )
    before = Keys(opened).key(job)
    assert Keys(opened).key(job) == before
    with (workbook / "notebooks" / "loss_reasons.py").open("a") as file:
        file.write("# edited\n")
    assert Keys(opened).key(job) != before
