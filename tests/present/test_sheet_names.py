"""Names of sheets: whole words within Excel's 31 letters, in every language, and none that is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import salesops_nb
from salesops_nb.present.export.xlsx_names import MOST, declared, short, table_name, unlike
from salesops_nb.present.language.translation import LOCALES, use_locale, words

PACKAGE = Path(salesops_nb.__file__).parent
LANGUAGES = ["en_US", *sorted(path.stem for path in LOCALES.glob("*.po"))]


def titles() -> Iterator[str]:
    """The titles that notebooks give their tables as literal texts."""
    for path in sorted((PACKAGE / "notebook").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call) or getattr(call.func, "attr", "") not in (
                "show_table",
                "add_sheet",
            ):
                continue
            for given in call.keywords:
                if given.arg == "title" and isinstance(given.value, ast.Call):
                    text = given.value.args[0]
                    if isinstance(text, ast.Constant):
                        yield str(text.value)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    use_locale("en_US", "USD")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_title_has_a_name_that_need_not_be_cut(language: str) -> None:
    found = sorted(set(titles()))
    assert len(found) > 60
    catalogue = words(language)
    long = [t for t in found if len(catalogue.gettext(t)) > MOST and t not in declared()]
    assert not long, "give them a short name in salesops_nb/present/export/sheet_names.toml"
    assert not [name for name in declared().values() if len(catalogue.gettext(name)) > MOST]


def test_a_short_name_is_found_in_the_readers_language_whatever_the_title_holds() -> None:
    assert short("How heads moved from 2017-Q1 to 2017-Q4") == "Moves of heads"
    assert short("Plan sales-manager in words") == "Plan sales-manager"
    assert short(f"Plan {'x' * 40} in words") == "Plan"
    use_locale("ro_RO", "RON")
    assert short(words("ro_RO").gettext("Against the last run, by line")) == "Schimbări pe rânduri"


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Lines", "Lines"),
        ("Your lines", "Your_lines"),
        ("Rânduri și sume", "Randuri_si_sume"),
        ("2017-Q4", "Table_2017_Q4"),
        ("Q4", "Table_Q4"),
        ("R", "Table_R"),
        ("r1c1", "Table_r1c1"),
        ("Ξ", "Table"),
    ],
)
def test_a_tables_name_is_one_that_excel_takes(name: str, made: str) -> None:
    assert table_name(name, set()) == made
    used: set[str] = set()
    assert [table_name(name, used), table_name(name.lower(), used)][1].lower() == f"{made}_2".lower()


def test_no_two_heads_are_alike() -> None:
    taken: set[str] = set()
    assert [unlike(head, taken) for head in ("Pay", "pay", "Pay")] == ["Pay", "pay 2", "Pay 3"]
