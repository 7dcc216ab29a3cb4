"""Names and units of columns and figures, declared once."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from salesops_nb import present
from salesops_nb.core.columns import columns_of, declared
from salesops_nb.errors import SalesopsError
from salesops_nb.present.language.formats import FORMATS
from salesops_nb.present.language.translation import use_locale

pytestmark = pytest.mark.slow

PACKAGE = Path(present.__file__).parents[1]
KINDS = ["", *declared()["tables"]]
NO_LABEL = {("moves", "kept"), ("moves", "gained"), ("moves", "lost")}
PERIOD = re.compile(r"\d{4}(-(Q[1-4]|H[12]|\d\d))?")
Shown = Callable[..., dict[str, Any]]


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    """What a call displays: its facts."""

    def facts(call: Callable[..., None], *args: Any, **given: Any) -> dict[str, Any]:
        capsys.readouterr()
        call(*args, **given)
        bundle = ast.literal_eval(capsys.readouterr().out)
        return next(value for kind, value in bundle.items() if kind.startswith("application/vnd.salesops"))

    return facts


def heads(table: dict[str, Any]) -> list[str]:
    return [column["label"] for column in table["columns"]]


def cells(table: dict[str, Any]) -> list[list[str]]:
    return [[text.replace("\xa0", " ") for text in row["cells"]] for row in table["rows"]]


FRAME = pd.DataFrame({"rep": ["Ana"], "win_rate": [0.5], "pay": [Decimal("1.5")], "own_figure": [3]})


def test_a_table_takes_labels_and_units_from_the_file(shown: Shown) -> None:
    made = shown(present.show_table, FRAME)
    assert heads(made) == ["Rep", "Win rate", "Pay", "Own figure"]
    assert cells(made) == [["Ana", "50.0%", "$1.50", "3"]]


def test_labels_are_translated(shown: Shown) -> None:
    use_locale("ro_RO", "RON")
    made = shown(present.show_table, FRAME)
    assert heads(made) == ["Agent", "Rata de câștig", "Plată", "Own figure"]
    assert cells(made) == [["Ana", "50,0 %", "1,50 RON", "3"]]


def test_what_the_call_gives_goes_before_what_is_declared(shown: Shown) -> None:
    made = shown(
        present.show_table,
        FRAME,
        labels={"win_rate": "Won of decided"},
        formats={"win_rate": "decimal", "pay": "money"},
    )
    assert heads(made) == ["Rep", "Won of decided", "Pay", "Own figure"]
    assert cells(made) == [["Ana", "0.50", "$2", "3"]]


def test_a_kind_of_table_goes_before_what_holds_anywhere(shown: Shown) -> None:
    frame = pd.DataFrame({"rep": ["Ana"], "imbalance": [0.25], "month": [6]})
    assert heads(shown(present.show_table, frame)) == ["Rep", "Imbalance", "Month"]
    frame = pd.DataFrame({"group": ["Ana"], "gap": [-25], "win_rate": [0.255]})
    made = shown(present.show_table, frame, table="against")
    assert heads(made) == ["Name", "Ahead or behind", "Win rate"]
    assert cells(made) == [["Ana", "−$25", "26%"]]
    assert columns_of("design")["cost"] == {"label": "Cost of sales", "unit": "percent"}
    assert columns_of("seats")["quota"] == {"label": "From the start on", "unit": "money"}, "the unit stays"


@pytest.mark.parametrize(
    ("column", "values", "written"),
    [
        ("win_rate", ["high", "low"], ["high", "low"]),
        ("win_rate", [0.5, None], ["50.0%", "–"]),
        ("win_rate", [None, None], ["–", "–"]),
        ("closed_on", ["soon", "2017-01-02"], ["soon", "2017-01-02"]),
        ("pay", ["100 + bonus"], ["100 + bonus"]),
        ("day", [20170102], ["20,170,102"]),
    ],
)
def test_values_that_the_declared_unit_does_not_fit_are_written_as_they_are(
    shown: Shown, column: str, values: list[Any], written: list[str]
) -> None:
    made = shown(present.show_table, pd.DataFrame({column: values}, dtype=object))
    assert cells(made) == [[text] for text in written]


def test_a_kind_of_table_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(SalesopsError, match=r"'lastig' is no kind of table.*Use one of accrual, "):
        present.show_table(FRAME, table="lastig")


def test_a_spreadsheet_takes_them_too(tmp_path: Path) -> None:
    import openpyxl

    words = pd.DataFrame({"rep": ["Ana"], "win_rate": ["high"]})
    out = present.write_xlsx(tmp_path / "x.xlsx", {"A": words, "B": FRAME})
    book = openpyxl.load_workbook(out)
    assert [cell.value for cell in book["B"][1]] == ["Rep", "Win rate", "Pay", "Own figure"]
    assert [cell.number_format for cell in book["B"][2]][1:3] == ["0.0%", '#,##0.00\\ "USD"']
    assert book["A"]["B2"].value == "high"


def test_a_card_takes_label_and_unit_of_its_figure(shown: Shown) -> None:
    card = {"metric": "win_rate", "value": 0.5, "sentence": "Half."}
    made = shown(present.headlines, [card, {**card, "label": "Own", "unit": "decimal"}])["cards"]
    assert [(each["label"], each["value"], each["unit"]) for each in made] == [
        ("Win rate", "50.0%", "percent"),
        ("Own", "0.50", "decimal"),
    ]
    with pytest.raises(SalesopsError, match="has no label"):
        present.headlines([{"metric": "unheard of", "value": 1, "sentence": "One."}])


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_has_a_label_and_units_that_there_are(kind: str) -> None:
    for name, column in columns_of(kind).items():
        assert set(column) <= {"label", "unit", "priority"}, name
        assert column.get("priority", 2) in (2, 3), name
        assert column.get("unit", "text") in FORMATS, name
        assert column.get("label", "").strip() or (kind, name) in NO_LABEL, f"{kind}: {name} has no label"


def test_nothing_is_declared_twice() -> None:
    anywhere = declared()["columns"]
    for kind, columns in declared()["tables"].items():
        for name, column in columns.items():
            for part, value in column.items():
                assert anywhere.get(name, {}).get(part) != value, f"{kind}: {part} of {name}"


def calls_of(function: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(path for room in ("present", "notebook") for path in (PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == f"present.{function}":
                yield f"{path.name}:{node.lineno}", node


def test_the_package_names_kinds_of_tables_that_are_declared_and_uses_all() -> None:
    used = [
        ast.literal_eval(keyword.value)
        for _, call in calls_of("show_table")
        for keyword in call.keywords
        if keyword.arg == "table"
    ]
    assert set(used) == set(declared()["tables"])
    metrics = [
        ast.literal_eval(value)
        for _, call in calls_of("headlines")
        for node in ast.walk(call)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "metric" and isinstance(value, ast.Constant)
    ]
    assert set(metrics) <= set(declared()["figures"])


def test_the_package_gives_no_labels_of_its_own_but_those_with_a_place_to_fill() -> None:
    own = Counter(
        where.split(":")[0]
        for where, call in calls_of("show_table")
        for keyword in call.keywords
        if keyword.arg == "labels"
    )
    assert own == {"overview.py": 1, "finding.py": 1, "outlook.py": 1}, "declare them in columns.toml"


# every table that a notebook shows, with its columns and those that have a label; on the error stream, since
# what is displayed goes to the other
SCRIPT = """
import json, sys
import nbformat
from salesops_nb.present.page.tables import gather_sheets, to_pandas
shown, names = gather_sheets(), {}
for cell in nbformat.read(sys.argv[1], as_version=4).cells:
    if cell.cell_type == "code":
        exec(cell.source, names)
    if "parameters" in cell.metadata.get("tags", []):
        names.update(json.loads(sys.argv[2]))
for each in shown:
    each["columns"] = list(map(str, to_pandas(each["frame"]).columns))
print(json.dumps([[each["title"], each["columns"], list(each["labels"])] for each in shown]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("notebook", "given", "fewest"),
    [
        ("performance_review", {}, 8),
        ("target_setting", {}, 5),
        ("hiring_needs", {}, 15),
        ("process_review", {}, 11),
        ("commission_calculation", {"author": "calculation", "rate_change": 1.0}, 11),
        ("commission_calculation", {"who": "Darcel Schlecht"}, 2),
        ("territory_rebalancing", {}, 10),
    ],
)
def test_every_column_of_the_pages_we_ship_has_a_declared_label(
    root: Path, tmp_path: Path, notebook: str, given: dict[str, Any], fewest: int
) -> None:
    for name in ("workbook.yml", "mapping.yml", "strategy.yml", "pay_calendar.yml", "playbook.yml"):
        shutil.copy(root / name, tmp_path / name)
    for name in ("data", "notebooks", "plans"):
        shutil.copytree(root / name, tmp_path / name)
    command = [sys.executable, "-c", SCRIPT, f"{notebook}.ipynb", json.dumps(given)]
    ran = subprocess.run(command, cwd=tmp_path / "notebooks", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    tables = json.loads(ran.stderr.splitlines()[-1])
    assert len(tables) >= fewest
    bare = {
        title: names
        for title, columns, labels in tables
        if (names := [name for name in columns if name not in labels and not PERIOD.fullmatch(name)])
    }
    assert not bare, "declare them in columns.toml, or in the kind of table"
