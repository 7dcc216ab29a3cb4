"""The documentation as a site: whole, without a link that leads nowhere, the reference as the code is."""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_examples import documented

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


def built(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "-d", str(out)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_the_site_is_built_without_a_warning_and_has_every_documented_name(tmp_path: Path) -> None:
    made = built(ROOT, tmp_path / "site")
    assert made.returncode == 0, made.stderr
    page = (tmp_path / "site" / "reference.html").read_text(encoding="utf-8")
    heads = {html.unescape(re.sub(r"<[^>]+>", "", head)) for head in re.findall(r"<h3.*?</h3>", page, re.S)}
    heads = {head.split()[0] for head in heads}  # without what kind of thing it is
    assert set(documented()) <= heads


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("index.md", "[x](nowhere.md)"),
        ("index.md", "[x](gallery.md#no-such-heading)"),
        ("index.md", "![x](pictures/none.png)"),
        ("left_out.md", "A page that no menu leads to."),
    ],
)
def test_what_leads_nowhere_ends_the_build(tmp_path: Path, page: str, text: str) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "docs_reference.py").write_text("", encoding="utf-8")  # nothing of the code
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / page).open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")
    assert built(tmp_path, tmp_path / "site").returncode != 0
