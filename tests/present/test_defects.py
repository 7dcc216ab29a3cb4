"""What a report's figures leave out: each kind of defect with its own rows and its own sum."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from salesops_nb.present.page import output
from salesops_nb.present.page.data_set_aside import set_aside
from salesops_nb.source import open_workbook

sys.path.insert(0, str(Path(__file__).parents[1] / "bad_input"))

from small import deals, write

BAD = {
    "unknown-rep": "D5,Zoe,Acme,Pump,Won,987654,2017-01-02,2017-03-05",
    "negative-amount": "D6,Ann,Acme,Pump,Won,-876543,2017-01-02,2017-03-05",
    "unknown-product": "D7,Ann,Acme,Pipe,Won,321,2017-01-02,2017-03-05",
    "closed-before-created": "D8,Ann,Acme,Pump,Won,45,2017-03-06,2017-03-05",
    "unknown-account": "D9,Ann,Nobody,Pump,Won,67,2017-01-02,2017-03-05",
}
WORDS = {
    "unknown-rep": "Unknown rep",
    "negative-amount": "Negative amount",
    "unknown-product": "Unknown product",
    "closed-before-created": "Closed before it was created",
    "unknown-account": "Unknown account",
}
SUMS = {
    "unknown-rep": "$987,654",
    "negative-amount": "−$876,543",
    "unknown-product": "$321",
    "closed-before-created": "$45",
    "unknown-account": "$67",
}


def shown(monkeypatch: pytest.MonkeyPatch, workbook: Any) -> list[dict[str, Any]]:
    """The footnotes that `set_aside` shows."""
    found: list[dict[str, Any]] = []
    display = SimpleNamespace(display=lambda data, **_: found.append(data))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    set_aside(workbook)
    notes: list[dict[str, Any]] = found[-1][output.media_type("set_aside")]["notes"]
    return notes


@pytest.mark.parametrize("kinds", [tuple(BAD), ("unknown-rep", "negative-amount"), ("unknown-product",)])
def test_each_kind_of_defect_is_a_line_with_its_own_count_and_sum(
    kinds: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = shown(monkeypatch, open_workbook(write(tmp_path, deals(*(BAD[kind] for kind in kinds)))))
    found = {note["message"].partition(" (")[0]: (note["rows"], note["amount"]) for note in notes}
    assert len(found) == len(notes)
    assert found == {WORDS[kind]: (1, SUMS[kind]) for kind in kinds}


def test_rows_of_one_kind_stand_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = BAD["unknown-rep"].replace("D5", "D50").replace("987654", "6").replace("Zoe", "Yan")
    notes = shown(monkeypatch, open_workbook(write(tmp_path, deals(BAD["unknown-rep"], more))))
    assert [(note["rows"], note["amount"]) for note in notes] == [(2, "$987,660")]
