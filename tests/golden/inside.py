"""What is asked of a side's package from inside a process of it: findings, names, figures.

`python -m golden.inside check|signatures|results OUT ...`, with the side's package first in PYTHONPATH. Only
names that the package documents are used, so that it runs on any commit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden import inside_names, inside_results
from golden.as_text import write_lines


def cases(out: Path) -> None:
    """Write the small workbooks of the commit's tests/bad_input, and copy those that are folders."""
    import shutil

    tests = Path.cwd() / "tests"
    sys.path.insert(0, str(tests / "bad_input"))
    with contextlib.suppress(ModuleNotFoundError):
        from cases import CASES  # type: ignore[import-not-found]
        from small import write  # type: ignore[import-not-found]

        for name, changes in CASES.items():
            write(out / "bad_input" / _slug(name), changes)
    for room in ("bad_input", "cases"):
        for settings in sorted((tests / room).rglob("workbook.yml")):
            shutil.copytree(settings.parent, out / room / _slug(settings.parent.name))


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def check(out: Path, folders: list[Path]) -> None:
    """Findings, tables and what `salesops check` prints, of each folder."""
    from click.testing import CliRunner

    from salesops_nb.cli import main

    for folder in folders:
        place = out / folder.parent.name / folder.name if folder != Path.cwd() else out / "demo"
        problems, tables = _read(folder)
        write_lines(place / "findings.jsonl", map(finding, problems))
        for name, rows in tables:
            write_lines(place / "tables" / f"{name}.jsonl", rows)
        ended = CliRunner().invoke(main, ["check", str(folder)], prog_name="salesops")
        crash = (
            f"crashed: {ended.exception!r}\n" if not isinstance(ended.exception, SystemExit | None) else ""
        )
        (place / "check.txt").write_text(f"exit {ended.exit_code}\n{crash}{ended.output}", encoding="utf-8")


def _read(folder: Path) -> tuple[list[Any], list[tuple[str, list[Any]]]]:
    """A workbook's findings, and its tables row by row."""
    from salesops_nb import open_workbook

    try:
        workbook = open_workbook(folder, strict=False)
    except Exception as error:
        return getattr(error, "problems", [error]), []
    problems = [*workbook.problems]
    try:
        problems += [control.problem(workbook.settings) for control in workbook.controls]
    except Exception as error:
        problems += getattr(error, "problems", [error])
    tables = [(name, list(_rows(workbook.table(name)))) for name in workbook.tables]
    rejects = workbook.rejects.arrow()
    rejects = rejects.read_all() if hasattr(rejects, "read_all") else rejects
    aside = [dataclasses.asdict(each) for each in workbook.set_aside]
    facts = {"fingerprint": workbook.fingerprint, "data_through": workbook.data_through, "aside": aside,
             "simulated": sorted(workbook.simulated), "stages": workbook.stages}  # fmt: skip
    return problems, [*tables, ("rejected rows", rejects.to_pylist()), ("facts", [facts])]


def _rows(table: Any) -> Iterator[Any]:
    frame = table.collect("pyarrow").to_native()
    yield {"columns": [[field.name, str(field.type)] for field in frame.schema]}
    yield from frame.to_pylist()


def finding(problem: Any) -> dict[str, Any]:
    """A finding as a row: code, place, value and words."""
    if dataclasses.is_dataclass(problem) and not isinstance(problem, type):
        return dataclasses.asdict(problem)
    return {"code": "crashed", "message": repr(problem)}


def main() -> None:
    """Do what the words say."""
    what, out, *rest = sys.argv[1:]
    place = Path(out)
    place.mkdir(parents=True, exist_ok=True)
    if what == "cases":
        cases(place)
    elif what == "check":
        check(place, [Path(each) for each in json.loads(Path(rest[0]).read_text(encoding="utf-8"))])
    elif what == "signatures":
        inside_names.write(place)
    elif what == "results":
        inside_results.write(place)
    else:
        raise SystemExit(f"{what}: unknown")


if __name__ == "__main__":
    main()
