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
    found = performance.review(wb.tables, "2025", calendar=wb.calendar)
    inside = deals[deals["closed"].between("2025-01-01", "2025-12-31")]
    won, lost = (inside[inside["outcome"] == outcome] for outcome in ("won", "lost"))
    headlines = found.headlines.set_index("key")
    assert headlines.loc["bookings", "value"] == Decimal(int(won[amounts].sum())) / 100
    assert headlines.loc["win_rate", "value"] == pytest.approx(len(won) / (len(won) + len(lost)))
    by_owner = {
        name: Decimal(int(total)) / 100 for name, total in won.groupby("owner")[amounts].sum().items()
    }
    rows = wb.connection.execute(
        "SELECT owner_id, sum(amount) FROM deals WHERE outcome = 'won' AND year(closed_on) = 2025 GROUP BY 1"
    ).fetchall()
    ids = {owner[3]: owner[0] for owner in exports.OWNERS}
    assert {ids.get(owner, owner): total for owner, total in rows} == by_owner
    open_now = deals[deals["outcome"] == "open"][amounts].sum()
    total = wb.connection.execute("SELECT sum(amount) FROM deals WHERE outcome = 'open'").fetchone()
    assert total == (Decimal(int(open_now)) / 100,)
