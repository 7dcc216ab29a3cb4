"""Texts, numbers and dates by locale; no text left untranslated."""

import ast
import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import messages
import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesops_nb
from salesops_nb.errors import SalesopsError
from salesops_nb.present.language import formats, translation
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _, use_locale

PACKAGE = Path(salesops_nb.__file__).parent
PLACES = re.compile(r"\{(\w+)(?:[!:][^{}]*)?\}")


def test_every_text_to_translate_is_a_literal_that_the_extractor_reads() -> None:
    """Babel misses a text inside an f-string, and one that stands after a call with a text of its own."""
    read = set(messages.of_python(*messages.ROOMS))
    for path in (path for room in messages.ROOMS for path in (PACKAGE / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if wanted := {"_": 1, "gettext": 1, "ngettext": 2}.get(node.func.id):
                texts = [arg.value for arg in node.args[:wanted] if isinstance(arg, ast.Constant)]
                assert len(texts) == wanted, f"{path.name}:{node.lineno} is no literal"
                assert (texts[0] if wanted == 1 else tuple(texts)) in read, f"{path.name}:{node.lineno}"


def test_the_extraction_finds_texts_of_code_and_templates() -> None:
    found = set(messages.every_message())
    assert {"Contents", "Show code", "Outside the limits: {names}.", "average"} <= found
    assert ("{n} row", "{n} rows") in found


@pytest.mark.parametrize("language", [each for each in translation.languages() if each != "en"])
def test_no_text_is_left_untranslated(language: str) -> None:
    catalogue = messages.read(translation.LOCALES / f"{language}.po")
    translated = {message.id: message for message in catalogue if message.id}
    assert set(messages.every_message()) == set(translated), "make messages brings the catalogue up to date"
    for message in translated.values():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"{message.id!r} is not translated"
        assert len(strings) == (catalogue.num_plurals if isinstance(message.id, tuple) else 1)
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        known = [set(PLACES.findall(text)) for text in ids]  # "the last row" need not name a number
        for string in strings:
            assert set(PLACES.findall(string)) in known, message.id
        assert not message.fuzzy


@pytest.fixture
def romanian(tmp_path: Path) -> Path:
    """A copy of the Romanian catalogue, to be brought up to date with other texts."""
    return Path(shutil.copy(translation.LOCALES / "ro.po", tmp_path / "ro.po"))


def test_a_catalogue_that_is_up_to_date_stays_as_it_is(romanian: Path) -> None:
    before = romanian.read_bytes()
    assert messages.update(romanian, messages.every_message()) == ["ro.po: 0 to translate, 0 dropped"]
    assert romanian.read_bytes() == before


def test_a_changed_text_keeps_its_translation_until_it_is_read_again(romanian: Path) -> None:
    changed = ["Show the code" if each == "Show code" else each for each in messages.every_message()]
    left = messages.update(romanian, [*changed, "Wholly different words, never seen before"])
    assert left == [
        "to read again: 'Show the code'",
        "untranslated: 'Wholly different words, never seen before'",
        "ro.po: 2 to translate, 1 dropped",
    ]
    assert messages.read(romanian).get("Show the code").string == _in_romanian("Show code")


def _in_romanian(text: str) -> str:
    use_locale("ro_RO", "RON")
    return _(text)


@pytest.mark.parametrize(
    "change", [str.upper, lambda s: s.replace(",", ""), lambda s: s.replace(" ", "\n", 1)]
)
def test_a_comma_or_a_line_break_does_not_orphan_a_paragraph(change) -> None:
    paragraph = next(text for text in messages.of_prose() if text.count(",") > 1)
    assert translation.prose(paragraph) == paragraph
    use_locale("ro_RO", "RON")
    translated = translation.prose(paragraph)
    assert translated not in ("", paragraph)
    assert (
        translation.prose(f"{change(paragraph)}\n\nWords of an analyst.")
        == f"{translated}\n\nWords of an analyst."
    )


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
        ("ja_JP", "JPY", ["−￥1,234,568", "￥3", "￥123万", "62.8%", "1,234.50", "2017/12/31"]),
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


@pytest.mark.parametrize(
    ("locale", "value", "expected"),
    [("en_US", 712.3981847826, "€712"), ("ro_RO", 712.3981847826, f"712{NB}EUR"),
     ("en_US", 12.345678, "€12.35"), ("en_US", 999.7, "€1K"), ("en_US", -999600, "−€1M"),
     ("de_DE", 45234.567, f"45200{NB}€")],
)  # fmt: skip
def test_an_estimate_has_three_figures_where_nothing_is_shortened(
    locale: str, value: float, expected: str
) -> None:
    use_locale(locale, "EUR")
    assert formats.short_money(value) == expected


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
