"""The parameters a notebook declares, and whether what it will be given fits them."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.core.periods.forms import resolve_period
from salesops_nb.core.validation import clause
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.notebook.module import parameters_of


def declared_parameters(path: Path, report: str) -> dict[str, Any]:
    """Names and defaults of the cell tagged ``parameters``; a default that is no plain value is None."""
    if not path.is_file():
        raise SalesopsError(
            problem(
                "missing-notebook.of-report",
                file="reports.yml",
                column="notebook",
                value=path.name,
                report=report,
                folder=path.parent,
            )
        )
    found: dict[str, Any] = {}
    for source in parameter_cells(path):
        found |= _assigned(source)
    return found


def parameter_cells(path: Path) -> list[str]:
    """The source of each cell tagged ``parameters``; raises `SalesopsError` where it is no notebook."""
    try:
        return [
            "".join(cell["source"])
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if "parameters" in cell.get("metadata", {}).get("tags", [])
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise SalesopsError(
            problem("bad-notebook", file=path.name, row=getattr(error, "lineno", None), why=why)
        ) from None


def _assigned(source: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return found
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Name):
                try:
                    found[target.id] = ast.literal_eval(node.value)  # type: ignore[attr-defined]
                except (ValueError, TypeError):
                    found[target.id] = None
    return found


def check_parameters(
    path: Path,
    report: str,
    given: Sequence[Mapping[str, Any]],
    calendar: FiscalCalendar,
    known: date | None = None,
) -> None:
    """Hold each set of parameters against what the notebook declares; raises with every mistake."""
    declared = declared_parameters(path, report)
    model = parameters_of(path)
    declared |= dict.fromkeys(getattr(model, "rare", ()))  # those its own cell leaves out
    names = dict.fromkeys(name for parameters in given for name in parameters)
    problems = [
        problem(
            "bad-parameter.unknown" if declared else "bad-parameter.no-cell",
            file="reports.yml",
            column=f"parameters.{name}",
            report=report,
            notebook=path.name,
            name=name,
            known=", ".join(declared),
        )
        for name in names
        if name not in declared
    ]
    if model is not None and not problems:
        for parameters in given:
            problems += _misfits(model, report, parameters) or _no_periods(
                model, report, parameters, calendar, known
            )
    if problems:
        raise SalesopsError(list(dict.fromkeys(problems)))


def _misfits(model: type[BaseModel], report: str, parameters: Mapping[str, Any]) -> list[Problem]:
    try:
        model.model_validate(dict(parameters))
    except SalesopsError as error:
        return error.problems
    except ValidationError as error:
        return [_misfit(report, dict(item)) for item in error.errors()]
    return []


def _no_periods(
    model: type[BaseModel],
    report: str,
    parameters: Mapping[str, Any],
    calendar: FiscalCalendar,
    known: date | None,
) -> list[Problem]:
    """Values of period parameters that are no period of the calendar."""
    found: list[Problem] = []
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if name in parameters and isinstance(extra, dict) and extra.get("choices") == "periods":
            try:
                if extra.get("spans"):
                    resolve_period(str(parameters[name]), calendar, known)
                else:
                    calendar.period(str(parameters[name]))
            except SalesopsError as error:
                first = error.problems[0]
                found.append(
                    problem(
                        "bad-parameter.period",
                        file="reports.yml",
                        column=f"parameters.{name}",
                        report=report,
                        name=name,
                        why=first.message,
                        fix=first.fix,
                    )
                )
    return found


def _misfit(report: str, item: dict[str, Any]) -> Problem:
    name = ".".join(str(part) for part in item["loc"])
    return problem(
        "bad-parameter.of-report",
        file="reports.yml",
        column=f"parameters.{name}",
        report=report,
        name=name,
        given=item["input"],
        why=clause(item),
    )
