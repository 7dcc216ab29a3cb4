"""The public names of a side: signatures, first lines of docstrings, parameters, every command's help."""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from golden.as_text import write_lines

# What documents name, and every name that these rooms offer.
NAMED = (
    "salesops_nb:open_workbook",
    "salesops_nb.performance:review",
    "salesops_nb.commission:calculate",
    "salesops_nb.commission:load_plan",
    "salesops_nb.territory:plan",
    "salesops_nb.hiring:capacity",
    "salesops_nb.hiring:plan",
    "salesops_nb.errors:SalesopsError",
    "salesops_nb.errors:Problem",
)
ROOMS = ("performance", "commission", "territory", "hiring", "targets", "present", "parameters")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def write(out: Path) -> None:
    """Names, parameters and help into files of the group."""
    from salesops_nb import open_workbook
    from salesops_nb.notebook import parameters_of

    workbook = type(open_workbook(Path.cwd()))
    rows = [row for name in _names() for row in names_of(name)]
    write_lines(out / "names.jsonl", [*rows, *_told("Workbook", workbook)])
    write_lines(out / "notebooks.jsonl", _cells(Path.cwd() / "notebooks"))
    kinds = [parameters_of(path) for path in sorted((Path.cwd() / "notebooks").glob("*.ipynb"))]
    models = {kind.__name__: kind for kind in kinds if kind is not None}
    write_lines(
        out / "parameters.jsonl", [row for name in sorted(models) for row in _fields(name, models[name])]
    )
    _write_help(out / "help")


def _names() -> list[str]:
    found = list(NAMED)
    for room in ROOMS:
        module = importlib.import_module(f"salesops_nb.{room}")
        found += [f"salesops_nb.{room}:{name}" for name in sorted(getattr(module, "__all__", ()))]
    return list(dict.fromkeys(found))


def names_of(name: str) -> list[dict[str, Any]]:
    """The rows of a name (`module:attribute`) and, of a class, of its members."""
    module, _, attribute = name.partition(":")
    try:
        thing = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        return [{"name": name, "kind": "missing", "doc": str(error)}]
    return list(_told(name, thing))


def _told(name: str, thing: Any) -> Iterator[dict[str, Any]]:
    """A name's signature and first line; of a class, its public members' too."""
    yield {"name": name, **_signature(thing)}
    if not isinstance(thing, type) or issubclass(thing, enum.Enum):
        return
    known = {*dir(thing), *getattr(thing, "__dataclass_fields__", {})}
    for member in sorted(
        each for each in known if not each.startswith("_") and each not in dir(BaseException)
    ):
        if member.startswith("model_") or _foreign(thing, member):
            continue
        yield {"name": f"{name}.{member}", **_signature(inspect.getattr_static(thing, member, None))}


def _foreign(thing: type, member: str) -> bool:
    """Whether a member comes from a class that is not the package's."""
    owner = next((each for each in thing.__mro__ if member in vars(each)), thing)
    return not owner.__module__.startswith("salesops_nb")


def _signature(thing: Any) -> dict[str, Any]:
    if isinstance(thing, staticmethod | classmethod):
        thing = thing.__func__
    kind = type(thing).__name__
    inner = getattr(thing, "fget", None) or getattr(thing, "func", None) or thing
    signature = ""
    if callable(inner):
        try:
            signature = _ADDRESS.sub("", str(inspect.signature(inner)))
        except (TypeError, ValueError):
            signature = "?"
    told = inspect.getdoc(inner) if callable(inner) or isinstance(thing, property) else ""
    return {"kind": kind, "signature": signature, "doc": (told or "").partition("\n")[0]}


def _cells(folder: Path) -> Iterator[dict[str, Any]]:
    """Each parameter of each notebook, with its default and what is said beside it."""
    for path in sorted(folder.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if "parameters" not in cell["metadata"].get("tags", []):
                continue
            source = "".join(cell["source"])
            lines = source.splitlines()
            for node in ast.parse(source).body:
                if isinstance(node, ast.Assign):
                    names = ", ".join(ast.unparse(target) for target in node.targets)
                    words = lines[(node.end_lineno or 1) - 1].partition("#")[2].strip()
                    yield {
                        "notebook": path.stem,
                        "name": names,
                        "default": ast.unparse(node.value),
                        "doc": words,
                    }


def _fields(name: str, kind: Any) -> Iterator[dict[str, Any]]:
    for field, info in kind.model_fields.items():
        yield {
            "parameters": name,
            "name": field,
            "annotation": _ADDRESS.sub("", str(info.annotation)).replace("salesops_nb.", ""),
            "default": repr(info.default),
            "rules": [_ADDRESS.sub("", repr(each)) for each in info.metadata],
            "doc": info.description or "",
        }


def _write_help(out: Path) -> None:
    """The help of the command and of each one below it, a file each."""
    from click.testing import CliRunner

    from salesops_nb.cli import main

    def walk(command: click.Command, words: list[str]) -> Iterator[list[str]]:
        yield words
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                if below is not None:
                    yield from walk(below, [*words, name])

    out.mkdir(parents=True, exist_ok=True)
    for words in walk(main, []):
        said = CliRunner().invoke(main, [*words, "--help"], prog_name="salesops")
        name = "-".join(["salesops", *words])
        (out / f"{name}.txt").write_text(f"exit {said.exit_code}\n{said.output}", encoding="utf-8")
