"""The gallery's pictures: of every report at both widths, by `make pictures`; of one page in every run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab_pictures import MOST, beside, keep
from lab_server import chromium
from report_pictures import PAGES, found, take

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = os.environ.get("SALESOPS_PICTURES")  # the folder that takes pictures, where they are wanted
SALESOPS = Path(sys.executable).with_name("salesops")
ROOT = Path(__file__).resolve().parents[2]


def test_pages_fit_both_widths_and_their_pictures_are_small(made: Path, tmp_path: Path) -> None:
    asked = [] if PICTURES else ["--only", "process", "--for", "team=Cara Losch"]
    ran = subprocess.run([SALESOPS, "run", "--force", *asked], cwd=made, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    pages = found(made / "reports")
    wanted = set(PAGES) if PICTURES else {"home"}
    assert wanted <= set(pages)
    out = Path(PICTURES).resolve() / "after" if PICTURES else tmp_path
    with chromium() as browser:
        taken = take(browser, pages, out)
        if PICTURES:
            lab = out.parent / "performance_review.webp"
            keep(beside(lab, out / "company_wide.webp", out / "company_phone.webp"), out.parent / "tour.webp")
    assert len(taken) == 2 * len(pages)


def test_the_pictures_that_are_kept_are_few_and_small() -> None:
    kept = [path for path in (ROOT / "docs" / "pictures").rglob("*") if path.is_file()]
    assert {path.stem for path in kept} >= {f"{name}_wide" for name in PAGES}
    assert max(path.stat().st_size for path in kept) <= MOST
    assert sum(path.stat().st_size for path in kept) < 3_000_000
