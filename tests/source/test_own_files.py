"""Files as people have them: each kind of cell, layout and mapping gives the value that it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_silent_numbers import HEAD, codes, frame, workbook

from salesops_nb.source import open_workbook
from salesops_nb.source.opened import Workbook


def made_of(folder: Path, mapping: str, currency: str = "USD", settings: str = "", **files: str) -> Workbook:
    """A workbook of this mapping and these CSV files."""
    (folder / "data").mkdir(exist_ok=True)
    (folder / "workbook.yml").write_text(f"company: X\ncurrency: {currency}\nsource: data\n{settings}")
    (folder / "mapping.yml").write_text(mapping)
    for name, text in files.items():
        (folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8")
    return open_workbook(folder)


# --- numbers --------------------------------------------------------------------------------------------

AMOUNTS = {
    "(1,234.50)": "-1234.5", "1,234.50-": "-1234.5", "-1,234.50": "-1234.5", "−12": "-12", "($7)": "-7",
    "1\u202f234.50": "1234.5", "1\u2009234": "1234", "1\u00a0234.50": "1234.5", "12\u2007345": "12345",
    "\u202f5\u2009": "5", "$ 1,234": "1234", "12,34,567": "1234567",
}  # fmt: skip


@pytest.mark.parametrize("text", AMOUNTS)
def test_an_amount_as_people_write_it(text: str, tmp_path: Path) -> None:
    made = workbook(
        tmp_path, f'1,A,Won,"{text}",2024-01-13,2024-02-13',
        extra="    decimal_mark: '.'\n",
    )  # fmt: skip
    with (tmp_path / "workbook.yml").open("a") as settings:
        settings.write("declares: {credits: true}\n")
    made = open_workbook(tmp_path)
    assert [str(p) for p in made.problems] == []
    assert frame(made)["amount"][0] == float(AMOUNTS[text])


RATIOS = {
    # text, declared decimal mark: value
    ("45%", ""): "0.45", ("45 %", ""): "0.45", ("45,5 %", ""): "0.455", ("45.5%", ""): "0.455",
    ("45\u202f%", ""): "0.45", ("0,45", ""): "0.45", ("0.45", ""): "0.45", ("45", ""): "45",
    ("12.5", ","): "12.5", ("12,5", ","): "12.5", ("0,125", ""): "0.125", ("100%", "."): "1", ("0%", ""): "0",
}  # fmt: skip


@pytest.mark.parametrize(("text", "mark"), RATIOS)
def test_a_share_is_a_number_or_a_percentage(text: str, mark: str, tmp_path: Path) -> None:
    declared = f"    decimal_mark: '{mark}'\n" if mark else ""
    rows = f'1,A,Open,,2024-01-13,,"{text}"'
    made = workbook(tmp_path, rows, f"{HEAD},P", ", probability: P", declared)
    assert [str(p) for p in made.problems] == []
    assert frame(made)["probability"][0] == float(RATIOS[text, mark])


@pytest.mark.parametrize("text", ["4%5", "%45", "forty", "45%%"])
def test_what_is_no_share_is_an_error(text: str, tmp_path: Path) -> None:
    made = workbook(tmp_path, f"1,A,Open,,2024-01-13,,{text}", f"{HEAD},P", ", probability: P")
    assert [p.severity for p in made.problems] == ["error"]
    assert frame(made)["probability"].isna().all()


# --- stages ---------------------------------------------------------------------------------------------


def test_stages_are_known_without_regard_to_capitals_and_said(tmp_path: Path) -> None:
    stages = ("Won", "WON", " won ", "Won\u00a0", "lost")
    rows = "\n".join(f"{i},A,{stage},100,2024-01-13,2024-02-13" for i, stage in enumerate(stages))
    made = workbook(tmp_path, rows)
    assert sorted(frame(made)["stage"]) == ["Lost", "Won", "Won", "Won", "Won"]
    assert codes(made) == {"spelling"}


def test_stages_that_differ_by_a_capital_in_the_mapping_stay_apart(tmp_path: Path) -> None:
    workbook(tmp_path, "1,A,won,100,2024-01-13,2024-02-13\n2,A,Won,5,2024-01-13,2024-02-13")
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(mapping.read_text().replace("Won: won", "Won: won, won: lost"))
    made = open_workbook(tmp_path)
    assert dict(zip(frame(made)["stage"], frame(made)["outcome"], strict=True)) == {
        "won": "lost",
        "Won": "won",
    }


@pytest.mark.parametrize("default", ["open", "lost"])
def test_a_stage_that_is_not_listed_has_the_default_outcome_and_is_said(default: str, tmp_path: Path) -> None:
    rows = "1,A,Won,100,2024-01-13,2024-02-13\n2,A,Demo,5,2024-01-13,\n3,A,Trial,5,2024-01-13,\n4,A,,5,,"
    made = workbook(tmp_path, rows, extra=f"    default_outcome: {default}\n")
    assert dict(zip(frame(made)["stage"], frame(made)["outcome"], strict=True)) == {
        "Won": "won", "Demo": default, "Trial": default
    }  # fmt: skip
    assert {"default-outcome", "missing-stage"} <= codes(made)
    assert "unknown-stage" in codes(workbook(tmp_path, rows))


# --- computed columns -----------------------------------------------------------------------------------

COMPUTED = {
    "coalesce(actual, estimated)": ("9", "20", "30"),
    "if(state = 1, actual, estimated)": ("9", "20", ""),
    "if(Active = false, 'lost', 'open')": ("open", "lost", "open"),
    "if(estimated >= 20 and Active = true, 'large', if(actual is null, 'none', 'small'))":
        ("small", "none", "small"),
    "concat(first, ' ', last)": ("Ann Lee", "Bo", ""),
    "concat('SO-', last)": ("SO-Lee", "", ""),
    "row_number()": ("2", "3", "4"),
    'coalesce(last, "Close Date")': ("Lee", "2024-02-14", "2024-03-31"),
    "month(`Close Date`)": ("2024-02", "2024-02", "2024-03"),
    "quarter(`Close Date`, 1)": ("2024-Q1", "2024-Q1", "2024-Q2"),
    "year(`Close Date`)": ("2024", "2024", "2024"),
}  # fmt: skip
TABLE = """id,actual,estimated,state,Active,first,last,Close Date
1,9,10,1,True,Ann,Lee,2024-02-13
2,,20,0,False,Bo,,2024-02-14
3,30,,2,True,,,2024-03-31
"""


@pytest.mark.parametrize("text", COMPUTED)
def test_a_column_is_computed_from_the_files_own(text: str, tmp_path: Path) -> None:
    mapping = f"""
tables:
  deals:
    file: d.csv
    columns: {{deal_id: id, owner_id: id, stage: id}}
    computed:
      source: >-
        {text}
    stages: {{'1': open, '2': open, '3': open}}
"""
    made = made_of(tmp_path, mapping, d=TABLE)
    assert tuple(frame(made)["source"].fillna("")) == COMPUTED[text]
    assert not codes(made) - {"missing-value"}
