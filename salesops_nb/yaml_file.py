"""YAML files read, with the line where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from salesops_nb.errors import Problem, SalesopsError


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
        problem = missing or Problem(
            "missing-file", f"{path.name} is not there.", "Put it beside workbook.yml.", file=path.name
        )
    except UnicodeDecodeError:
        problem = Problem("bad-yaml", "The file is not UTF-8 text.", "Save it as UTF-8.", file=path.name)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        problem = Problem(
            "bad-yaml",
            f"The file is not valid YAML: {error.problem}.",
            "Mend this line or the one above it.",
            file=path.name,
            row=mark.line + 1 if mark else None,
        )
    except YAMLError as error:
        problem = Problem("bad-yaml", f"The file is not valid YAML: {error}.", "Mend it.", file=path.name)
    raise SalesopsError(problem)
