"""YAML files read, with the line where they cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from salesops_nb.errors import Problem, SalesopsError, problem


def read_yaml(path: Path, missing: Problem | None = None, keep_lines: bool = False) -> Any:
    """The contents of a YAML file; raises `SalesopsError` with the line where it cannot be read.

    Parameters
    ----------
    missing : what to say where the file cannot be opened.
    keep_lines : mappings and lists then know the lines where their parts stand.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    reader = YAML(typ="rt", pure=True) if keep_lines else YAML(typ="safe")
    try:
        return reader.load(path.read_text(encoding="utf-8-sig"))
    except OSError:
        found = missing or problem("missing-file", file=path.name)
    except UnicodeDecodeError:
        found = problem("bad-yaml.not-text", file=path.name)
    except ValueError as error:
        found = _no_such_day(path, str(error))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        found = problem(
            "bad-yaml.syntax-at" if mark else "bad-yaml.syntax",
            file=path.name,
            row=mark.line + 1 if mark else None,
            why=error.problem,
            character=mark.column + 1 if mark else None,
            hint=_quoting(path, mark.line if mark else None),
        )
    except YAMLError as error:
        found = problem("bad-yaml.other", file=path.name, error=str(error))
    raise SalesopsError(found)


def _no_such_day(path: Path, why: str) -> Problem:
    """What to say of a date without quotes that no calendar has, for which YAML names no place."""
    for row, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        for day in re.findall(r"(?<![\w'\"-])\d{4}-\d\d?-\d\d?(?![\w-])", line):
            try:
                date(*map(int, day.split("-")))
            except ValueError as error:
                return problem("bad-yaml.no-such-day", file=path.name, row=row, value=day, error=str(error))
    return problem("bad-yaml.value", file=path.name, why=why)


def _quoting(path: Path, row: int | None) -> str:
    """The way out for a value that begins with a quote and goes on after it, as a condition does."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    line = lines[row] if row is not None and row < len(lines) else ""
    begins = re.match(r"""\s*(?:-\s+)?([\w-]+):\s+(?:`|(["']).*?\2\s*[^\s#,}\]])""", line)
    if begins is None:
        return ""
    return f" A value that begins with a quote and goes on after it stands below '{begins[1]}: >-', indented."


def line_of(root: Any, path: tuple[Any, ...]) -> int | None:
    """Line of the deepest part of the path that the YAML reader knows, from 1."""
    node, line = root, 1 if hasattr(root, "lc") else None
    for part in path:
        marks = getattr(node, "lc", None)
        if marks is not None:
            try:
                line = (marks.key(part) if isinstance(node, Mapping) else marks.item(part))[0] + 1
            except (KeyError, TypeError, AttributeError):
                break
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            break
    return line


def dotted(path: tuple[Any, ...]) -> str:
    """A path as people write it, such as ``components[0].where``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
