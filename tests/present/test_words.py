"""Texts, numbers and dates by locale; no text left untranslated."""

import ast
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, get_origin

import nbformat
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import salesops_nb
from salesops_nb import performance
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook import parameters_of
from salesops_nb.present import formats, words
from salesops_nb.present.choices import choice, choices_of, goals
from salesops_nb.present.render import template_folder
from salesops_nb.present.sentences import ngettext
from salesops_nb.present.words import _, use_locale

PACKAGE = Path(salesops_nb.__file__).parent
NOTEBOOKS = sorted((PACKAGE.parent / "notebooks").glob("*.ipynb"))
PLACES = re.compile(r"\{(\w+)\}")


def messages_of_python(root: Path) -> set[str | tuple[str, str]]:
    """Every text given to `_` or `ngettext`; those inside f-strings too, which extractors miss."""
    found: set[str | tuple[str, str]] = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            wanted = {"_": 1, "gettext": 1, "ngettext": 2}.get(node.func.id)
            if wanted is None:
                continue
            texts = [arg.value for arg in node.args[:wanted] if isinstance(arg, ast.Constant)]
            assert len(texts) == wanted, f"{path.name}:{node.lineno} translates something that is no literal"
            found.add(texts[0] if wanted == 1 else (texts[0], texts[1]))
    return found


def messages_of_templates() -> set[str | tuple[str, str]]:
    found = extract_from_dir(
        str(template_folder()),
        method_map=[("**.j2", "jinja2.ext:babel_extract")],
        options_map={"**.j2": {"silent": "false"}},
        keywords={"_": None, "words": None, "ngettext": (1, 2)},
    )
    return {message for _file, _line, message, _comments, _context in found}


def messages_of_analyses() -> set[str | tuple[str, str]]:
    """What the analyses say for the report to write, and the definitions of their figures."""
    said: set[str | tuple[str, str]] = set()
    for path in [*(PACKAGE / "performance").rglob("*.py"), *(PACKAGE / "commission").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno} is no literal"
                said.add(node.args[0].value)
    return (said - {""}) | {text for metric in performance.CATALOGUE for text in metric}


def messages_of_prose() -> set[str | tuple[str, str]]:
    """The text cells of the notebooks, each whole."""
    found: set[str | tuple[str, str]] = set()
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        found |= {cell.source.strip() for cell in cells if cell.cell_type == "markdown"}
    return found


def messages_of_parameters() -> set[str | tuple[str, str]]:
    """The panel: names of parameters, what they mean, their choices, heads of their groups, and buttons."""
    found: set[str | tuple[str, str]] = set()
    for path in NOTEBOOKS:
        kind = parameters_of(path)
        assert kind is not None
        found |= {*kind.groups, *kind.approval_words}
        for name, field in kind.model_fields.items():
            options = choices_of(None, name, field) if get_origin(field.annotation) is Literal else []
            found |= {choice(name), *map(choice, map(str, options or []))}
            found |= {str(field.description)} if name != "workbook" else set()  # it has no control
    return found - {"Workbook"} | {choice(goal) for goal in goals(None)}


def every_message() -> set[str | tuple[str, str]]:
    shown = messages_of_templates()
    for room in ("present", "batch", "notebook"):
        shown |= messages_of_python(PACKAGE / room)
    return shown | messages_of_analyses() | messages_of_prose() | messages_of_parameters()


def test_the_extraction_finds_texts_of_code_and_templates() -> None:
    found = every_message()
    assert {"Contents", "Show code", "Outside the limits: {names}.", "average"} <= found
    assert ("{n} row", "{n} rows") in found


@pytest.mark.parametrize("language", [each for each in words.languages() if each != "en"])
def test_no_text_is_left_untranslated(language: str) -> None:
    with (words.LOCALES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    translated = {message.id: message for message in catalogue if message.id}
    assert every_message() == set(translated), "the catalogue and the texts differ"
    for message in translated.values():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"{message.id!r} is not translated"
        assert len(strings) == (catalogue.num_plurals if isinstance(message.id, tuple) else 1)
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        for string in strings:
            assert set(PLACES.findall(string)) == set(PLACES.findall(ids[-1])), message.id
        assert not message.fuzzy


def test_romanian_counts_in_three_forms() -> None:
    use_locale("ro_RO", "RON")
    counted = [ngettext("{n} row", "{n} rows", n) for n in (1, 2, 19, 20, 101, 1234)]
    assert counted == [
        "1 rând",
        "2 rânduri",
        "19 rânduri",
        "20 de rânduri",
        "101 rânduri",
        "1.234 de rânduri",
    ]


NB = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("locale", "currency", "expected"),
    [
        ("en_US", "USD", ["−$1,234,568", "$3.46", "$1.23M", "62.8%", "1,234.50", "Dec 31, 2017"]),
        (
            "ro-RO",
            "RON",
            [
                f"−1.234.568{NB}RON",
                f"3,46{NB}RON",
                f"1,23{NB}mil.{NB}RON",
                f"62,8{NB}%",
                "1.234,50",
                "31 dec. 2017",
            ],
        ),
        ("en_GB", "GBP", ["−£1,234,568", "£3.46", "£1.23M", "62.8%", "1,234.50", "31 Dec 2017"]),
        ("ja_JP", "JPY", ["−￥1,234,568", "￥3", "￥123.46万", "62.8%", "1,234.50", "2017/12/31"]),
    ],
)
def test_numbers_dates_and_money_by_locale(locale: str, currency: str, expected: list[str]) -> None:
    use_locale(locale, currency)
    assert [
        formats.money(Decimal("-1234567.891")),
        formats.money(Decimal("3.455"), cents=True),
        formats.short_money(1234567),
        formats.percent(0.6281),
        formats.number(1234.5),
        formats.day(date(2017, 12, 31)),
    ] == expected


@pytest.mark.parametrize("value", [None, float("nan"), Decimal("NaN")])
@pytest.mark.parametrize("unit", formats.FORMATS)
def test_nothing_is_a_dash_in_every_unit(unit: str, value: object) -> None:
    assert formats.by_unit(unit)(value) == "–"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_money_reads_back_to_the_cent(amount: Decimal) -> None:
    written = formats.money(amount, "USD", cents=True)
    assert Decimal(written.replace("−", "-").replace("$", "").replace(",", "")) == amount


@pytest.mark.parametrize(("locale", "currency"), [("klingon", "USD"), ("", "USD"), ("en_US", "XXZ")])
def test_an_unknown_locale_or_currency_is_said(locale: str, currency: str) -> None:
    with pytest.raises(SalesopsError, match="is not a"):
        use_locale(locale, currency)


def test_a_locale_without_a_catalogue_speaks_english_with_its_own_numbers() -> None:
    use_locale("de_DE", "EUR")
    assert _("Contents") == "Contents"
    assert formats.number(1234.5) == "1.234,50"
