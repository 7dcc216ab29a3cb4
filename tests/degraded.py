"""The demo's workbook with something missing that a notebook may need."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

WITHOUT = ("targets", "dates", "closed", "people", "plan", "places", "amounts")


def write(root: Path, folder: Path, without: str) -> Path:
    """A copy of the demo without its ``targets``, ``dates`` of deals, ``closed`` deals, ``people`` …"""
    shutil.copytree(root / "data", folder / "data", ignore=shutil.ignore_patterns("book", "*.ics"))
    for name in ("plans", "templates", "notebooks"):
        shutil.copytree(root / name, folder / name)
    for name in ("workbook.yml", "reports.yml", "pay_calendar.yml", "strategy.yml", "mapping.yml"):
        shutil.copy(root / name, folder / name)
    mapping = YAML().load((folder / "mapping.yml").read_text())
    settings = YAML().load((folder / "workbook.yml").read_text())
    settings.pop("controls")
    settings["data_through"] = "2017-12-31"
    _take_out(folder, mapping["tables"], without)
    for name, contents in (("mapping.yml", mapping), ("workbook.yml", settings)):
        with (folder / name).open("w") as file:
            YAML().dump(contents, file)
    return folder


def _take_out(folder: Path, tables: Any, without: str) -> None:
    deals = tables["deals"]["columns"]
    if without == "targets":
        del tables["targets"]
    elif without == "dates":
        del deals["created_on"], deals["closed_on"]
    elif without == "amounts":
        del deals["amount"]
    elif without == "closed":
        _keep_open(folder / "data" / "sales_pipeline.csv")
    elif without == "people":
        del tables["people"]
    elif without == "plan":
        shutil.rmtree(folder / "plans")
    elif without == "places":
        for name in ("units", "unit_edges", "assignments"):
            del tables[name]
        tables["accounts"].pop("joins")


def _keep_open(file: Path) -> None:
    with file.open(newline="") as rows:
        head, *body = list(csv.reader(rows))
    stage = head.index("deal_stage")
    with file.open("w", newline="") as rows:
        csv.writer(rows).writerows([head, *(row for row in body if row[stage] not in ("Won", "Lost"))])
