"""Tables that read like print and let no text become markup."""

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_nb.errors import SalesopsError
from salesops_nb.present.language.translation import use_locale
from salesops_nb.present.page import render
from salesops_nb.present.page.tables import FIRST, guess_unit, table_facts, to_pandas


class Cells(HTMLParser):
    """The text of every body cell and the tags there are."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open = False
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.open = True
            self.text.append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text[-1] += data


def table(frame: object, **given: object) -> Cells:
    usual = {
        "title": "",
        "labels": {},
        "formats": {},
        "notes": (),
        "marks": (),
        "row_marks": {},
        "rows": 25,
        "total": None,
        "currency": None,
        "row_head": FIRST,
    }
    return Cells(render.part("table", table_facts(frame, **{**usual, **given})))


FRAME = pd.DataFrame(
    {
        "rep": ["Ana", "Dan", "Ion"],
        "bookings": [Decimal("1234.50"), Decimal("-5"), None],
        "win_rate": [0.5, 0.25, float("nan")],
        "won": [3, 40, 50],
        "closed_on": [date(2017, 1, 2), date(2017, 3, 4), None],
    }
)


def test_cells_are_written_by_unit_and_locale() -> None:
    use_locale("ro_RO", "RON")
    made = table(FRAME, formats={"win_rate": "percent", "bookings": "cents"})
    assert made.text[:5] == [
        "Agent",
        "Comenzi",
        "Rata de câștig",
        "Câștigate",
        "Închisă la",
    ]
    assert [text.replace("\xa0", " ") for text in made.text[5:10]] == [
        "Ana",
        "1.234,50 RON",
        "50,0 %",
        "3",
        "2 ian. 2017",
    ]
    assert made.text[-5:] == ["Ion", "–", "–", "50", "–"]


def test_heads_have_a_scope_and_numerals_stand_right() -> None:
    made = table(FRAME)
    heads = [given for tag, given in made.tags if tag == "th"]
    assert [head["scope"] for head in heads] == ["col"] * 5 + ["row"] * 3
    assert [given.get("class") for tag, given in made.tags if tag == "td"][:4] == [
        "num",
        "num",
        "num",
        "date",
    ]


def test_rows_beyond_the_limit_are_counted_and_the_total_stands_last() -> None:
    markup = render.part(
        "table",
        table_facts(
            FRAME,
            title="T",
            labels={},
            formats={},
            notes=["A note"],
            marks="simulated",
            row_marks={"small sample": FRAME["won"] < 30},
            rows=1,
            total={"won": 93},
            currency=None,
            row_head=FIRST,
        ),
    )
    assert "… and 2 more rows." in markup
    assert "A note" in markup
    assert markup.count("small sample") == 1
    assert "simulated" in markup
    assert Cells(markup).text[-5:] == ["Total", "", "", "93", ""]


def test_money_takes_the_currency_of_its_row() -> None:
    frame = pd.DataFrame({"who": ["a", "b"], "pay": [Decimal(1), Decimal(2)], "currency": ["USD", "EUR"]})
    assert table(frame, currency="currency").text[3:] == ["a", "$1", "USD", "b", "€2", "EUR"]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"))), min_size=1, max_size=5))
def test_any_text_stands_as_it_is(texts: list[str]) -> None:
    made = table(pd.DataFrame({"n": texts}), title="".join(texts), notes=texts)
    assert made.text[1:] == texts
    allowed = {"figure", "div", "table", "caption", "thead", "tbody", "tr", "th", "figcaption", "p"}
    assert {tag for tag, _ in made.tags} <= allowed


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": {"nobody": "x"}}, "labels names 'nobody'"),
        ({"formats": {"nobody": "money"}}, "formats names 'nobody'"),
        ({"formats": {"won": "furlongs"}}, "'furlongs' is not a unit"),
        ({"total": {"nobody": 1}}, "total names 'nobody'"),
        ({"row_head": "nobody"}, "row_head names 'nobody'"),
        ({"row_marks": {"estimated": [True]}}, "has 1 values for 3 rows"),
    ],
)
def test_a_wrong_argument_names_what_there_is(given: dict[str, object], message: str) -> None:
    with pytest.raises(SalesopsError, match=message):
        table(FRAME, **given)


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([Decimal(1)], "money"),
        ([None, 3], "number"),
        ([True, False], "text"),
        (["x"], "text"),
        ([date(2017, 1, 1)], "date"),
        (pd.to_datetime(["2017-01-01", "2017-01-02"]), "date"),
        (pd.to_datetime(["2017-01-01 10:00"]), "datetime"),
        ([], "text"),
        ([None], "text"),
    ],
)
def test_the_unit_of_a_column_is_read_from_its_values(values: object, unit: str) -> None:
    assert guess_unit(pd.Series(values, dtype=object if isinstance(values, list) else None)) == unit


def test_an_empty_table_says_so() -> None:
    assert table(FRAME.head(0)).text[-1] == "No rows."


def test_frames_of_other_kinds_keep_their_decimals() -> None:
    arrow = pa.table({"x": pa.array([Decimal("1.10")], pa.decimal128(38, 2))})
    for frame in (arrow, nw.from_native(arrow), nw.from_native(arrow).lazy()):
        assert to_pandas(frame)["x"][0] == Decimal("1.10")
