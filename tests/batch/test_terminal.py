"""What the commands print: tables within the terminal, words whole; progress that names and foretells."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from salesops_nb.batch.command import with_progress
from salesops_nb.batch.runs.pace import Pace
from salesops_nb.batch.terminal import table_lines

words = st.text("abcșț東7.-", min_size=1, max_size=24)
cells = st.lists(words, max_size=6).map(" ".join)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=6), st.integers(20, 80))
@settings(max_examples=80)
def test_no_word_is_broken_and_no_table_is_wider_than_the_terminal(
    rows: list[tuple[str, ...]], width: int
) -> None:
    heads = ("report", "what and why", "n")
    lines = table_lines(heads, rows, width, right=["n"])
    asked = sorted(word for row in rows for cell in row for word in cell.split())
    given_back = [word for line in lines for word in re.sub(r"^(report|what and why|n): ", "", line).split()]
    stacked = not lines[0].startswith("report ") or ":" in lines[0].split()[0]
    own = [] if stacked else sorted(["report", "what", "and", "why", "n"])
    assert sorted(given_back) == sorted([*asked, *own])
    if not stacked:
        assert max(map(cell_len, lines)) <= width


def test_a_table_of_one_row_without_cells_is_no_failure() -> None:
    assert table_lines(["a", "b"], [["", ""]], 80) == ["a b", ""]


def test_the_time_left_counts_what_was_made_and_not_what_was_taken_over() -> None:
    now = [0.0]
    pace = Pace(12, clock=lambda: now[0])
    pace.end({"status": "skipped", "tries": 0})
    assert pace.words() == ""  # nothing made yet: nothing is known
    pace.begin()
    now[0] = 60.0
    pace.end({"status": "ok", "tries": 1})
    assert pace.words() == "about 10 min left"
    for _ in range(10):
        pace.end({"status": "failed", "tries": 1})
    assert pace.words() == ""  # the last is there


class Two:
    """A runner of two reports, one of which was taken over."""

    def run(self, _planned, listen, begin):
        listen({"id": "a", "status": "skipped", "tries": 0})
        begin("Performance review: [Ana] Pop")
        listen({"id": "b", "status": "ok", "tries": 1})
        return []


def test_progress_names_the_report_that_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, legacy_windows=False)
    with_progress(console, Two(), ["a", "b", "c"])
    assert "Performance review: [Ana] Pop" in out.getvalue()
    assert re.search(r"about \d+ (s|min) left", out.getvalue())
