"""nbval on the headlines a notebook keeps: what is read exactly, the numbers behind to one in a million."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest

CARD = {
    "label": "Spread",
    "value": "23.4%",
    "raw": "0.23416536228287066",
    "sentence": "Of potential.",
    "detail": "",
    "note": None,
    "marks": ["estimated"],
    "metric": "spread",
    "unit": "percent",
}
SHOW = """
from IPython.display import display
facts = {facts!r}
display({{"application/vnd.salesops.headlines+json": facts, "text/plain": {text!r}}}, raw=True)
"""
TEXT = "Spread: 23.4% Of potential."
# what another machine computes: its facts, the text it shows, and whether that is the same answer
COMPUTED = {
    "the same": (CARD, TEXT, True),
    "other last digits": (CARD | {"raw": "0.23416536183006148"}, TEXT, True),
    "a millionth and a half": (CARD | {"raw": "0.2341657135"}, TEXT, False),
    "another sign": (CARD | {"raw": "-0.23416536228287066"}, TEXT, False),
    "no number": (CARD | {"raw": None}, TEXT, False),
    "another number shown": (
        CARD | {"raw": "0.2342", "value": "23.5%"},
        "Spread: 23.5% Of potential.",
        False,
    ),
    "another text": (CARD, "Spread: 23.4% of potential.", False),
    "another unit": (CARD | {"unit": "money"}, TEXT, False),
    "a mark less": (CARD | {"marks": []}, TEXT, False),
    "not computed": (None, TEXT, False),
}


def headline(facts, text):
    cell = nbformat.v4.new_code_cell(SHOW.format(facts=facts and {"cards": [facts]}, text=text).strip())
    cell.metadata.tags = ["nbval-check-output"]
    return cell


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, root):
    """What nbval says of a cell for each."""
    folder = tmp_path_factory.mktemp("headlines")
    shutil.copy(root / "conftest.py", folder)
    data = {"application/vnd.salesops.headlines+json": {"cards": [CARD]}, "text/plain": TEXT}
    node = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python"}})
    for facts, text, _ in COMPUTED.values():
        cell = headline(facts, text)
        if facts is None:
            cell.source = cell.source.replace('"application/vnd.salesops.headlines+json": facts, ', "")
        cell.outputs, cell.execution_count = [nbformat.v4.new_output("display_data", data, metadata={})], 1
        node.cells.append(cell)
    nbformat.write(node, folder / "n.ipynb")
    command = ["-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-rA", "."]
    ran = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    found = {int(at): said for said, at in re.findall(r"(PASSED|FAILED) n\.ipynb::Cell (\d+)", ran.stdout)}
    assert len(found) == len(COMPUTED), ran.stdout + ran.stderr
    return {name: found[at] for at, name in enumerate(COMPUTED)}


@pytest.mark.parametrize("name", COMPUTED)
def test_what_is_read_is_compared_exactly_and_numbers_almost(outcomes, name):
    assert outcomes[name] == ("PASSED" if COMPUTED[name][2] else "FAILED")
