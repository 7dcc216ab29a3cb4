"""docs/own_data.md: its tutorial carried out word for word, and no key of the models missing from it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

sys.path.insert(0, str(Path(__file__).parents[1] / "notebook"))
sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

from carried_out import blocks, typed_in
from mailing import Inbox, serving

from salesops_nb.source.schema.mapping import JoinedFile, Mapping, TableMapping, built_in_names
from salesops_nb.workbook import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "own_data.md"


@pytest.mark.slow
def test_the_tutorial_ends_in_a_mailed_review(tmp_path):
    box, folder = Inbox(), tmp_path
    with serving(box) as port:
        for kind, place, text in blocks(PAGE):
            if kind == "console":
                folder = typed_in(folder, text)
            elif place.startswith("file="):
                (folder / place.removeprefix("file=")).write_text(text, encoding="utf-8")
            elif place.startswith("append="):
                with (folder / "review" / place.removeprefix("append=")).open("a", encoding="utf-8") as file:
                    file.write(text.replace("8025", str(port)))
    assert box.addresses == ["board@example.com"]
    ((_, message),) = box.mails
    (page,) = (folder / "reports").glob("0*/board.html")
    assert "$135,501" in page.read_text(encoding="utf-8")
    assert any(str(part.get_filename()).endswith(".xlsx") for part in message.iter_attachments())


def keys(model: type[BaseModel], above: str = "") -> list[tuple[str, Any]]:
    """Every key of a model and of the models in it, with its annotation."""
    found = []
    for name, field in model.model_fields.items():
        found.append((name, field.annotation))
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found += keys(part)
    return found


def parts(annotation: Any) -> list[Any]:
    """An annotation and all that stands in it."""
    inner = [] if get_origin(annotation) is Literal else get_args(annotation)
    return [annotation, *(deeper for part in inner for deeper in parts(part))]


MODELS = {
    "Every key of workbook.yml": [Settings],
    "Every key of mapping.yml": [Mapping, TableMapping, JoinedFile],
}


@pytest.mark.parametrize(("heading", "models"), MODELS.items())
def test_every_key_and_every_choice_stands_on_the_page(heading, models):
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}")[1].split("\n## ")[0]
    coded = set(re.findall(r"`([^`]+)`", section))
    words = {word.rstrip(":").split(":")[0] for word in coded} | coded
    missing = []
    for model in models:
        for name, annotation in keys(model):
            missing += [name] if name not in words else []
            for part in parts(annotation):
                if get_origin(part) is Literal:
                    missing += [f"{name}: {value}" for value in get_args(part) if str(value) not in words]
    assert sorted(set(missing)) == []


def test_every_built_in_mapping_stands_on_the_page():
    section = PAGE.read_text(encoding="utf-8").split("## Built-in mappings")[1].split("\n## ")[0]
    names = {name for row in re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE) for name in row.split(", ")}
    assert set(built_in_names()) <= names
