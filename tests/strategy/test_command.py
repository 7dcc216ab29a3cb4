"""`salesops strategy` and the check of strategy.yml, on a small workbook."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))
from small import WORKBOOK, write

from salesops_nb.cli import main

STRATEGY = """\
# ours
version: 1
valid_from: 2017-01-01
author: Ann
approver: Cid
reason: first
mission: We sell <b>pumps</b>.
sales_model:
  stages: [{name: Open}, {name: Won}]
  claims:
    - {name: size, metric: average_deal, value: 100, within: 10, review_on: 2017-06-30} # from the old CRM
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = write(tmp_path, {"workbook.yml": WORKBOOK + "strategy: strategy.yml\n", "strategy.yml": STRATEGY})
    return Path(found)


def said(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["strategy", "-w", str(folder), *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def propose(folder: Path, *more: str) -> tuple[int, str]:
    words = ("--by", "Ann", "--reason", "measured", "--from-day", "2018-01-01", "--claim", "size=175",
             "--review-on", "2018-06-30")  # fmt: skip
    return said(folder, "propose", *words, *more)


def test_versions_and_what_is_stale(folder):
    code, output = said(folder, "--on", "2017-12-31")
    assert code == 0
    assert "2017-01-01 yes Ann Cid first" in " ".join(output.split())
    assert output.splitlines()[-1].endswith("yes")


def test_a_proposal_becomes_a_version_when_another_approves_it(folder):
    assert propose(folder)[0] == 0
    assert propose(folder)[1].startswith("Proposal 1:")  # the same again is no other
    code, shown = said(folder, "diff", "--proposal", "1")
    [line] = [each for each in shown.splitlines() if "claims.size.value" in each]
    assert line.split() == ["claims.size.value", "100", "175"]
    assert "whose author" not in shown
    code, output = said(folder, "approve", "1", "--by", "ANN")
    assert (code, "cannot approve it" in output) == (1, True)
    assert yaml.safe_load((folder / "strategy.yml").read_text())["version"] == 1
    code, output = said(folder, "approve", "1", "--by", "Cid", "--on", "2017-12-20")
    assert (code, output) == (0, "Version 2 is in force from 2018-01-01, approved by Cid.\n")
    text = (folder / "strategy.yml").read_text()
    found = yaml.safe_load(text)
    assert text.startswith("# ours\n")
    assert "# from the old CRM" in text
    assert (found["version"], found["approver"], found["earlier"][0]["version"]) == (2, "Cid", 1)
    assert found["sales_model"]["claims"][0]["value"] == 175
    assert found["sales_model"]["claims"][0]["review_on"] == date(2018, 6, 30)
    assert said(folder, "approve", "1", "--by", "Bob")[0] == 1  # once
    assert "100" in said(folder, "diff", "1", "2")[1]


def test_a_proposal_on_a_version_that_is_no_longer_the_last_is_refused(folder):
    propose(folder)
    path = folder / "strategy.yml"
    path.write_text(STRATEGY.replace("version: 1", "version: 3"))
    code, output = said(folder, "approve", "1", "--by", "Cid")
    assert (code, "made upon version 1, and version 3" in output) == (1, True)
    assert "Proposal 1, by Ann" in said(folder)[1]  # it still waits: nothing was approved


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("propose", "--by", "Ann", "--reason", "x", "--from-day", "2016-01-01", "--claim", "size=9",
          "--review-on", "2018-01-01"), "would be in force from 2016-01-01"),
        (("propose", "--by", "Ann", "--reason", "x", "--from-day", "2018-01-01", "--claim", "win=9",
          "--review-on", "2018-01-01"), "makes no claim 'win'; it claims: size"),
        (("propose", "--by", "Ann", "--reason", "x", "--from-day", "2018-01-01", "--claim", "size=many",
          "--review-on", "2018-01-01"), "is no figure"),
        (("propose", "--by", "Ann", "--reason", " ", "--from-day", "2018-01-01", "--claim", "size=9",
          "--review-on", "2018-01-01"), "reason"),
        (("propose", "--by", "nobody", "--reason", "x", "--from-day", "2018-01-01", "--claim", "size=9",
          "--review-on", "2018-01-01"), "author"),
        (("approve", "7", "--by", "Cid"), "There is no proposal 7"),
        (("diff", "1", "9"), "There is no version 9"),
    ],
)  # fmt: skip
def test_what_is_refused(folder, words, says):
    code, output = said(folder, *words)
    assert code != 0
    assert says in output


def test_a_workbook_without_a_strategy_says_how_to_begin(tmp_path):
    code, output = said(Path(write(tmp_path, {})))
    assert (code, "Add 'strategy: strategy.yml'" in output) == (1, True)


BAD = {
    "versions that overlap": (STRATEGY + "earlier: [{version: 0, valid_from: 2017-01-01}]\n", "version"),
    "on one day": (STRATEGY + "earlier: [{valid_from: 2017-01-01}]\n", "still in force"),
    "a rate over 1": (STRATEGY.replace("average_deal, value: 100", "win_rate, value: 1.5"), "a share of 1"),
    "a stage that is not in the CRM": (STRATEGY.replace("name: Won", "name: Wone"), "stage 'Wone'"),
    "its author approves": (STRATEGY.replace("approver: Cid", "approver: ann"), "approved by its author"),
    "nobody approves": (STRATEGY.replace("approver: Cid\n", ""), "lacks: approver"),
    "a key mistyped": (STRATEGY.replace("mission:", "misson:"), "misson"),
}


@pytest.mark.parametrize("case", BAD)
def test_check_says_what_is_wrong_with_the_strategy_and_where(case, folder):
    text, says = BAD[case]
    (folder / "strategy.yml").write_text(text)
    result = CliRunner().invoke(main, ["check", str(folder)])
    assert result.exit_code == 1
    [line, *_] = [each for each in result.output.splitlines() if "strategy.yml" in each]
    assert says in result.output
    assert "Traceback" not in result.output
    assert "strategy.yml" in line
