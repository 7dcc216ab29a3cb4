"""`salesops approve-hires`: the plan of the notebook's parameters, written as approved."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from salesops_nb import hiring, open_workbook, targets
from salesops_nb.cli import main
from salesops_nb.store.hiring_plans import approved_hiring

ASKED = ("-p", "target=12600000", "-p", "confidence=0.6", "-p", "futures=1000")


@pytest.fixture(scope="module")
def folder(root: Path, tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("book")
    for name in ("workbook.yml", "mapping.yml", "strategy.yml"):
        shutil.copy(root / name, made / name)
    (made / "data").symlink_to(root / "data")
    return made


def approve(folder: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["approve-hires", "-w", str(folder), *words])
    return done.exit_code, done.output + str(done.exception or "")


@pytest.mark.slow
def test_the_plan_is_the_notebook_s_and_target_setting_counts_it(folder: Path) -> None:
    code, said = approve(folder, *ASKED, "--team", "Cara Losch", "--by", "Ada Example", "--on", "2017-12-20",
                         "--reason", "Board")  # fmt: skip
    assert code == 0, said
    book = open_workbook(folder)
    kept = approved_hiring(book.store)
    made = hiring.plan(
        book.tables, 12, 0.6, confidence_of="horizon", target=12_600_000, calendar=book.calendar, futures=1000
    )
    assert (kept.plan_id, kept.approved_by, kept.reason, kept.stated) == (1, "Ada Example", "Board", {})
    assert kept.approved_at == "2017-12-20T00:00:00"
    assert kept.count == made.counts.sum() > 0
    assert sorted(kept.hires["open_on"].unique()) == sorted(made.hires["open_on"].unique())
    assert kept.hires["territory"].tolist()[0] == "Cara Losch"
    assert said.startswith(f"1 rep, Cara Losch: open on {kept.hires['open_on'].iloc[0]}, there by ")
    assert f"Hiring plan 1 is approved by Ada Example: {made.words}" in said
    basis = targets.prepare(book.tables, book.calendar, 2018, hiring=kept)
    assert len(basis.hiring.counted) == kept.count
    book.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Missing option '--by'"),
        (("--by", "Ada", "-p", "target"), "'target' is no parameter; write it like target=12776000."),
        (("--by", "Ada", "-p", "targt=1"), "Did you mean target?"),
        (("--by", "Ada", "--on", "soon"), "'soon' is not a day"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(folder: Path, words: tuple[str, ...], said: str) -> None:
    code, output = approve(folder, *words)
    assert code != 0
    assert said in output


@pytest.mark.slow
def test_a_team_that_is_none_is_refused(folder: Path) -> None:
    code, output = approve(folder, *ASKED, "--team", "Cara Lost", "--by", "Ada")
    assert code != 0
    assert "No team is called 'Cara Lost'" in output
