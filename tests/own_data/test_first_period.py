"""The first review of small data: of the last quarter in which a deal was decided."""

import pytest
from click.testing import CliRunner

from salesops_nb import open_workbook
from salesops_nb.cli import main, own_data
from salesops_nb.own_data.first_period import last_with_decided_deals

HEAD = "Deal ID,Owner,Stage,Amount,Created,Close Date\n"
DECIDED = "1,Ana,Won,10.50,2025-10-05,2025-11-03\n2,Ben,Lost,20.25,2025-10-07,2026-01-29\n"
LATER = "3,Ana,Open,5,2026-07-02,2026-12-01\n"  # the data reach into the third quarter


def begun(folder, rows):
    (folder / "deals.csv").write_text(HEAD + rows)
    words = ["init", str(folder / "book"), "--from", str(folder / "deals.csv"), "--yes", "--no-review"]
    known = ["--currency", "EUR", "--amount-is", "acv", "--fiscal-year", "1", "--stage", "Open=open"]
    result = CliRunner().invoke(main, [*words, *known])
    assert result.exit_code == 0, result.output
    return open_workbook(folder / "book")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (DECIDED + LATER, ("2026-Q2", "2026-Q1")),  # the last complete quarter is empty: the one before it
        (DECIDED + LATER + "4,Ben,Won,7,2026-05-01,2026-06-30\n", None),  # it has a deal
        (LATER + "4,Ben,Won,7,2026-07-01,2026-07-20\n", ("2026-Q2", "2026-Q3")),  # all began in this quarter
        (LATER, None),  # nothing was ever decided
    ],
    ids=["empty", "not empty", "in progress", "nothing decided"],
)
def test_the_first_period_is_the_last_with_a_decided_deal(tmp_path, rows, expected):
    book = begun(tmp_path, rows)
    found = last_with_decided_deals(book)
    book.close()
    assert (found and tuple(each.key for each in found)) == expected


def test_it_is_said_and_the_review_is_of_it(tmp_path, monkeypatch, capsys):
    book = begun(tmp_path, DECIDED + LATER)
    book.close()
    assert own_data._first_period(tmp_path / "book") == "2026-Q1"
    said = capsys.readouterr().out
    assert "No deal was won or lost in 2026-Q2" in said
    assert "the first review is of 2026-Q1" in said
    assert own_data._first_period(tmp_path / "nowhere") is None
