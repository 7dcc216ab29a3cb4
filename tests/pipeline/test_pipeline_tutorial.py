"""docs/pipeline.md: its example carried out word for word."""

from __future__ import annotations

import doctest
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "notebook"))

from carried_out import blocks, typed_in

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pipeline.md"
AS_READ = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.slow
def test_the_week_of_the_page_comes_out_as_it_says(tmp_path, monkeypatch):
    folder, shared, examples = tmp_path, {}, 0
    for kind, place, text in blocks(PAGE):
        if kind == "console":
            folder = typed_in(folder, text)
        elif place.startswith("file="):
            (folder / place.removeprefix("file=")).write_text(text, encoding="utf-8")
        elif kind == "python":
            monkeypatch.chdir(folder)
            wrong, test = [], doctest.DocTestParser().get_doctest(text, shared, PAGE.name, None, 0)
            doctest.DocTestRunner(optionflags=AS_READ).run(test, out=wrong.append, clear_globs=False)
            assert not wrong, "".join(wrong)
            shared, examples = test.globs, examples + len(test.examples)
    assert examples > 10
    (page,) = (folder / "reports").glob("0*/company.html")
    said = page.read_text(encoding="utf-8")
    assert said.index("Open pipeline from") < said.index("Bookings by month")
    assert "Pumps for the north plant" in said
    assert "006A000001a" not in said
    assert "one deal slips each quarter" in said
    shared["wb"].close()
