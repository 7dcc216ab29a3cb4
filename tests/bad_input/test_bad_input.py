"""Each malformed input is told in whole sentences: severity, place, what is wrong, what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from cases import CASES, HISTORIES  # noqa: E402
from small import write  # noqa: E402

from salesops_nb import process  # noqa: E402
from salesops_nb.cli import main  # noqa: E402
from salesops_nb.core.yaml_file import read_yaml  # noqa: E402
from salesops_nb.errors import SalesopsError  # noqa: E402
from salesops_nb.source import open_workbook  # noqa: E402

EXPECTED: dict[str, list[str]] = read_yaml(HERE / "expected.yml")


def said(folder: Path, history: bool = False) -> list[str]:
    """What opening the workbook finds, and reading its history of stages, in whole sentences."""
    try:
        workbook = open_workbook(folder, strict=False)
        problems = [*workbook.problems, *(c.problem(workbook.settings) for c in workbook.controls)]
        if history:
            problems += process.read(workbook.tables, stages=workbook.stages).notes
    except SalesopsError as error:
        problems = error.problems
    return [
        f"{problem.severity}: {problem}".replace(str(folder), "FOLDER").replace(folder.name, "FOLDER")
        for problem in problems
    ]


def test_every_case_has_its_sentences() -> None:
    assert set(CASES) == set(EXPECTED)
    assert len([name for name, lines in EXPECTED.items() if lines]) >= 60


@pytest.mark.parametrize("case", CASES)
def test_bad_input(case: str, tmp_path: Path) -> None:
    assert said(write(tmp_path, CASES[case]), case in HISTORIES) == EXPECTED[case]


SOME = ["sound", "unknown rep", "missing", "two errors", "no company", "control", "dmy detected"]


@pytest.mark.parametrize("case", SOME)
def test_check_says_the_same_and_fails_on_errors(case: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["check", str(write(tmp_path, CASES[case]))])
    errors = [line for line in EXPECTED[case] if line.startswith("error")]
    assert result.exit_code == (1 if errors else 0), result.output
    for line in EXPECTED[case]:
        severity, sentence = line.split(": ", 1)
        assert any(
            shown.startswith(severity) and sentence in shown for shown in result.output.splitlines()
        ), result.output


FATAL = ["missing", "missing col", "ambiguous dates", "mixed numbers", "empty", "nul", "unmapped required"]


@pytest.mark.parametrize("case", FATAL)
def test_what_cannot_be_read_stops_the_run(case: str, tmp_path: Path) -> None:
    with pytest.raises(SalesopsError) as caught:
        open_workbook(write(tmp_path, CASES[case]))
    assert [f"error: {problem}" for problem in caught.value.problems] == EXPECTED[case]
