"""Every notebook: a question first, short cells without logic, parameters as declared, no leftovers."""

import ast
from pathlib import Path

import nbformat
import pytest

from salesops_nb import parameters
from salesops_nb.notebook import parameters_of

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LONGEST = 25
CHECKED = "nbval-check-output"
# what belongs in the package: a cell names steps, calls and shows
LOGIC = (ast.For, ast.While, ast.If, ast.Try, ast.ClassDef, ast.Lambda, ast.With, ast.AsyncFunctionDef)


def cells(path, kind=None):
    found = nbformat.read(path, as_version=4).cells
    return [cell for cell in found if kind is None or cell.cell_type == kind]


def tagged(path, tag):
    return [cell for cell in cells(path, "code") if tag in cell.metadata.get("tags", [])]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def test_each_notebook_has_a_class_of_its_name_and_begins_with_its_module(notebook):
    kind = parameters_of(notebook)
    assert kind.__name__ == notebook.stem.title().replace("_", "")
    (cell,) = tagged(notebook, "parameters")
    following = cells(notebook)[cells(notebook).index(cell) + 1]
    assert f'panel = notebook.begin("{notebook.stem}", globals())' in following.source


def test_it_opens_with_its_question_and_what_to_do_with_the_answer(notebook):
    first = cells(notebook)[0]
    assert first.cell_type == "markdown"
    title, _, rest = first.source.partition("\n\n")
    assert title.startswith("# ")
    question, _, advice = rest.removeprefix("**").partition("?**")
    assert rest.startswith("**")
    assert len(question.split()) >= 4
    assert len(advice.split()) >= 20, "it says how to act on the answer"


def test_cells_are_short_and_hold_no_logic(notebook):
    for cell in cells(notebook, "code"):
        assert len(cell.source.splitlines()) <= LONGEST, cell.source
        tree = ast.parse(cell.source)
        assert not [node for node in ast.walk(tree) if isinstance(node, LOGIC)], cell.source
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            assert ast.unparse(function.decorator_list[0]) in ("panel.step", "panel.show"), cell.source
            assert len(function.body) <= 5, cell.source


def test_every_part_is_introduced_in_words(notebook):
    kinds = [cell.cell_type for cell in cells(notebook)]
    assert kinds.count("markdown") * 2 >= kinds.count("code")
    (headlines,) = tagged(notebook, CHECKED)
    parts = [cell for cell in cells(notebook, "markdown")[1:] if cell.source.strip() != "## Headlines"]
    assert cells(notebook).index(headlines) < cells(notebook).index(parts[0]), "the figures lead"


def test_only_the_headlines_keep_their_outputs(notebook):
    checked = tagged(notebook, CHECKED)
    assert len(checked) == 1
    for cell in cells(notebook, "code"):
        if cell in checked:
            assert cell.outputs
            assert "application/vnd.jupyter.widget-view+json" not in str(cell.outputs)
        else:
            assert (cell.outputs, cell.execution_count) == ([], None), cell.source
    metadata = nbformat.read(notebook, as_version=4).metadata
    assert set(metadata) <= {"kernelspec", "language_info"}


def test_its_parameters_are_those_of_the_class_with_the_same_defaults(notebook):
    (cell,) = tagged(notebook, "parameters")
    tree = ast.parse(cell.source)
    assert all(isinstance(node, ast.Assign) for node in tree.body), "plain assignments, as papermill expects"
    given = {node.targets[0].id: ast.literal_eval(node.value) for node in tree.body}
    kind = parameters_of(notebook)
    assert list(given) == [name for name in kind.model_fields if name not in kind.rare]
    assert parameters.checked(kind, given) == kind()
    assert set(kind.rare) <= set(kind.model_fields)
    assert all("#" in line for line in cell.source.splitlines()), "each says what it is"


def test_parameters_are_described_and_their_groups_are_theirs(notebook):
    kind = parameters_of(notebook)
    assert all(field.description for field in kind.model_fields.values())
    grouped = [name for names in kind.groups.values() for name in names] + list(kind.approval)
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= set(kind.model_fields)
