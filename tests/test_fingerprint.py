"""What is cached is of this very code: a change of any module of the package, in any folder, is seen."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import salesops_nb
from salesops_nb import open_workbook
from salesops_nb.batch.runs.keys import Keys
from salesops_nb.core import fingerprint
from salesops_nb.notebook.commission_calculation import period_book
from salesops_nb.source import prepared

sys.path.insert(0, str(Path(__file__).parent / "bad_input"))

from small import write

PACKAGE = Path(salesops_nb.__file__).parent
FOLDERS = sorted({path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")})


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("code") / "salesops_nb"
    shutil.copytree(PACKAGE, place, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def test_the_code_is_the_whole_package_and_no_compiled_file(copy: Path) -> None:
    assert fingerprint.code() == fingerprint.tree(copy)
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "money.cpython-311.pyc").write_bytes(b"compiled")
    assert fingerprint.tree(copy) == fingerprint.code()


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_changed_a_new_and_a_moved_module_of_any_folder_are_other_code(copy: Path, folder: Path) -> None:
    module = next((copy / folder).glob("*.py"))
    text = module.read_bytes()
    module.write_bytes(text + b"\n")
    changed = fingerprint.tree(copy)
    module.write_bytes(text)
    new = module.with_name("one_more.py")
    new.write_text("")
    added = fingerprint.tree(copy)
    deeper = module.with_name("one_more_folder") / "one_more.py"
    deeper.parent.mkdir()
    new.rename(deeper)
    moved = fingerprint.tree(copy)
    shutil.rmtree(deeper.parent)
    assert len({changed, added, moved, fingerprint.code()}) == 4
    assert fingerprint.tree(copy) == fingerprint.code()


def test_whatever_is_cached_hangs_on_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook = open_workbook(write(tmp_path, {}))
    made = []
    for version in ("one", "other"):
        for module in (prepared, period_book, sys.modules[Keys.__module__]):
            monkeypatch.setattr(module, "code", lambda version=version: version)
        book = period_book.Book(workbook, "2026")
        book.plans = []
        made.append(
            (
                prepared.prepare(workbook, workbook.folder / ".cache" / "prepared"),
                book._key(),
                Keys(workbook)._shared,
            )
        )
    for one, other in zip(*made, strict=True):
        assert one != other
