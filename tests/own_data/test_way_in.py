"""From a raw export to a review in at most six answers, with the totals that plain pandas gives."""

from __future__ import annotations

import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

import exports

from salesops_nb import performance
from salesops_nb.cli import main
from salesops_nb.source import open_workbook

pytestmark = pytest.mark.slow
MOST = 6


@pytest.fixture(scope="module")
def deals() -> pd.DataFrame:
    """The world, with each amount in euro too."""
    made = exports.world()
    made["in_euro"] = [
        pd.NA if pd.isna(amount)
        else int((Decimal(int(amount)) * Decimal(exports.RATES[code])).quantize(Decimal(1), ROUND_HALF_UP))
        for amount, code in zip(made["amount"], made["currency"], strict=True)
    ]  # fmt: skip
    return made


def begun(folder: Path, case: exports.Case, *more: str) -> tuple[Path, str]:
    """The workbook that the answers make, and what was printed; one answer too few would abort."""
    words = [word for file in case.files for word in ("--from", str(file))]
    typed = "".join(f"{answer}\n" for answer in case.answers)
    home = folder / "book"
    result = CliRunner().invoke(
        main, ["init", str(home), "--no-review", *words, *case.options, *more], input=typed
    )
    assert result.exit_code == 0, result.output
    return home, result.output


@pytest.mark.parametrize("make", [*exports.LAYOUTS, *exports.MESSY], ids=lambda make: make.__name__)
def test_an_export_is_reviewed_in_six_answers_and_adds_up(make, deals, tmp_path):
    case = make(tmp_path, deals)
    assert len(case.answers) <= MOST
    home, printed = begun(tmp_path, case)
    assert "no errors" in printed, printed
    with_totals_of_pandas(home, deals, case.amounts)


def with_totals_of_pandas(home: Path, deals: pd.DataFrame, amounts: str) -> None:
    wb = open_workbook(home)
    for period, first, last in (
        ("2026-Q1", "2026-01-01", "2026-03-31"),
        ("2025", "2025-01-01", "2025-12-31"),
    ):
        found = performance.review(wb.tables, period, calendar=wb.calendar)
        inside = deals[deals["closed"].between(first, last)]
        won, lost = (inside[inside["outcome"] == outcome] for outcome in ("won", "lost"))
        headlines = found.headlines.set_index("key")
        assert headlines.loc["bookings", "value"] == Decimal(int(won[amounts].sum())) / 100
        assert headlines.loc["win_rate", "value"] == pytest.approx(len(won) / (len(won) + len(lost)))
        by_owner = won.groupby("owner")[amounts].sum()
        named = found.people.set_index("name")["bookings"]
        assert {name: Decimal(int(total)) / 100 for name, total in by_owner.items()} == {
            name: value for name, value in named.items() if value
        }
    open_now = deals[deals["outcome"] == "open"][amounts].sum()
    assert found.pipeline is not None
    total = wb.connection.execute("SELECT sum(amount) FROM deals WHERE outcome = 'open'").fetchone()
    assert total == (Decimal(int(open_now)) / 100,)
