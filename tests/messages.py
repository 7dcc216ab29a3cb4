"""Bring the catalogues up to date with the texts of code, templates and notebooks: `make messages`.

Babel extracts and updates. A text that has changed keeps its old translation, marked ``fuzzy``: it is
not shown until a person has read it again and taken the mark away. What is left to do is printed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args, get_origin

import nbformat
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import salesops_nb
from salesops_nb.core.columns import columns_of, declared
from salesops_nb.core.validation import BOUNDS
from salesops_nb.errors import Severity
from salesops_nb.errors import declared as declared_problems
from salesops_nb.notebook import parameters_of
from salesops_nb.performance import CATALOGUE
from salesops_nb.present.export.xlsx_names import declared as sheet_names
from salesops_nb.present.language import translation
from salesops_nb.present.page.render import template_folder
from salesops_nb.present.panel.choices import choice, choices_of, goals
from salesops_nb.source.checks.keys import REFERENCES
from salesops_nb.source.schema.contracts import CONTRACTS

PACKAGE = Path(salesops_nb.__file__).parent
ROOMS = ("present", "batch", "notebook")  # which show texts of their own
Message = str | tuple[str, str]
KEYWORDS = {"_": (1,), "gettext": (1,), "words": (1,), "ngettext": (1, 2)}


def _extracted(folder: Path, method: tuple[str, str], *names: str) -> list[Message]:
    options = {method[0]: {"silent": "false"}}
    wanted = {name: KEYWORDS[name] for name in names}
    found = extract_from_dir(str(folder), method_map=[method], options_map=options, keywords=wanted)
    return [message for _file, _line, message, _comments, _context in found if message]


def of_python(*folders: str, names: Iterable[str] = ("_", "gettext", "ngettext")) -> list[Message]:
    """Every text given to `_` or `ngettext` in folders of the package."""
    return [text for each in folders for text in _extracted(PACKAGE / each, ("**.py", "python"), *names)]


def of_templates() -> list[Message]:
    """The texts of the templates of pages."""
    return _extracted(template_folder(), ("**.j2", "jinja2.ext:babel_extract"), "_", "words", "ngettext")


def of_columns() -> list[Message]:
    """Labels of columns, definitions of figures, and words that analyses take from nowhere else."""
    kinds = ["", *declared()["tables"]]
    labels = [column["label"] for kind in kinds for column in columns_of(kind).values() if "label" in column]
    for figure in declared()["figures"].values():
        labels += [figure["label"], figure["label"].partition(" (")[0]]
    return [*labels, *(text for metric in CATALOGUE for text in metric), *declared()["terms"]]


def of_sheets() -> list[Message]:
    """Short names of tables whose titles are too long for a spreadsheet's tab."""
    return list(sheet_names().values())


def of_analyses() -> list[Message]:
    """What analyses and checks hand to `message` and `stated`, for whoever shows it to write."""
    found: list[Message] = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("message", "stated"):
                texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                found += [tuple(texts) if len(texts) == 2 else text for text in texts[:1]]
    return found


def of_problems() -> list[Message]:
    """What our checks find, and what to do about it; the words that stand beside it."""
    found: list[Message] = [*BOUNDS.values(), *get_args(Severity), "{names} and {n} more"]
    found += [contract.row for contract in CONTRACTS.values()]
    found += [word for _, word, _ in REFERENCES.values()]
    for entry in declared_problems().values():
        found.append((entry["text"], entry["plural"]) if "plural" in entry else entry["text"])
        found += [entry["fix"]] if "fix" in entry else []
    return found


def notebooks() -> list[Path]:
    """The notebooks that we ship."""
    return sorted((PACKAGE.parent / "notebooks").glob("*.ipynb"))


def of_prose() -> list[Message]:
    """The paragraphs of the notebooks' text cells."""
    found: list[Message] = []
    for path in notebooks():
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                found += translation.paragraphs(cell.source)
    return found


def of_parameters() -> list[Message]:
    """The panel: names of parameters, what they mean, their choices, heads of their groups, and buttons."""
    found: list[Message] = []
    for path in notebooks():
        kind = parameters_of(path)
        assert kind is not None, path
        found += [*kind.groups, *kind.approval_words]
        for name, field in kind.model_fields.items():
            if name == "workbook":  # it has no control
                continue
            options = choices_of(None, name, field) if get_origin(field.annotation) is Literal else []
            named = [str(option) for option in options or [] if option != ""]  # "" asks for nothing
            found += [choice(name), *map(choice, named), str(field.description)]
    return found + [choice(goal) for goal in goals(None)]


def every_message() -> list[Message]:
    """Every text that a page or panel shows, in the order in which catalogues hold them."""
    shown = of_python(*ROOMS) + of_templates()
    declared = of_columns() + of_sheets() + of_problems()
    return list(dict.fromkeys(shown + declared + of_analyses() + of_prose() + of_parameters()))


def read(path: Path) -> Catalog:
    """A catalogue as it stands in its file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem, abort_invalid=True)


def update(path: Path, messages: Iterable[Message]) -> list[str]:
    """Bring a catalogue up to date with the texts; the lines that say what is left to translate."""
    catalogue = read(path)
    template = Catalog(creation_date=catalogue.creation_date)  # or every update would change a line
    for message in messages:
        template.add(message)
    before = {message.id for message in catalogue if message.id}
    gone = before - set(messages)
    catalogue.update(template, update_header_comment=False)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, no_location=True, ignore_obsolete=True, sort_output=True)
    left = [message for message in catalogue if message.id and (message.fuzzy or not _whole(message.string))]
    said = [f"{'to read again' if message.fuzzy else 'untranslated'}: {message.id!r}" for message in left]
    return [*said, f"{path.name}: {len(left)} to translate, {len(gone)} dropped"]


def _whole(strings: str | Iterable[str] | None) -> bool:
    return bool(strings) and all([strings] if isinstance(strings, str) else strings)


if __name__ == "__main__":
    for found in sorted(translation.LOCALES.glob("*.po")):
        sys.stdout.write("\n".join(update(found, every_message())) + "\n")
