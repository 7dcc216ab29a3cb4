"""The documentation's table of columns is the contracts'."""

from pathlib import Path

import pytest

from salesops_nb.source.schema.columns_table import BEGIN, END, columns_table

pytestmark = pytest.mark.slow


def test_the_table_of_columns_is_up_to_date() -> None:
    page = (Path(__file__).parents[2] / "docs" / "source.md").read_text(encoding="utf-8")
    assert page.split(BEGIN)[1].split(END)[0].strip() == columns_table()
