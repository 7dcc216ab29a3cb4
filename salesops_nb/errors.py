"""What went wrong, told to the person who can mend it.

A `Problem` is one finding: what was wrong, what was received, where it stands (table, file,
row, column, value) and what to do. Checks return lists of problems; nothing is dropped or
guessed silently. `SalesopsError` carries problems out of a call that cannot go on; the command
line and the notebooks print its words and never a bare traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of a check.

    Parameters
    ----------
    code : stable kebab-case name of the kind of finding, such as ``duplicate-id``.
    message : what was wrong and what was received, one sentence.
    fix : what to do about it, one sentence in the imperative.
    table, file, column, value : where it stands; ``None`` where it does not apply.
    row : line in the file as a spreadsheet shows it (the header is row 1), or ``None``.
    severity : ``error`` stops what depends on it, ``warning`` does not, ``note`` only informs.
    amount : money that the finding takes out of a figure, if any.
    """

    code: str
    message: str
    fix: str = ""
    table: str | None = None
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    severity: Severity = "error"
    amount: Decimal | None = None

    @property
    def place(self) -> str:
        """Where it stands, such as ``deals.csv, row 7, column close_date``."""
        # a YAML file has lines and fields, a table has rows and columns
        yaml = (self.file or "").endswith((".yml", ".yaml"))
        row, column = ("line", "field") if yaml else ("row", "column")
        parts = [self.file or self.table]
        parts.append(f"{row} {self.row}" if self.row is not None else None)
        parts.append(f"{column} {self.column}" if self.column else None)
        return ", ".join(part for part in parts if part)

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        fix = f" {self.fix}" if self.fix else ""
        return f"{place}{self.message}{fix}"


class SalesopsError(Exception):
    """A user's mistake or bad data that stops the work; its text is meant to be read by a person."""

    def __init__(self, problems: str | Problem | Iterable[Problem], fix: str = "") -> None:
        if isinstance(problems, str):
            problems = [Problem("error", problems, fix)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: list[Problem] = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def _render_traceback_(self) -> list[str]:
        """What Jupyter prints in place of a traceback (an IPython convention)."""
        return [f"{problem.severity}: {problem}" for problem in self.problems]


# What pydantic says in a programmer's words, by the type of its finding.
_PLAINLY = {
    "too_short": "it is empty; name at least one",
    "dict_type": "input should be numbers by name, as urban: 4000, rural: 1200",
    "tuple_type": "input should be names, as Ann Example, Bob Example",
    "string_type": "input should be text",
    "bool_type": "input should be true or false",
    "bool_parsing": "input should be true or false",
    "int_type": "input should be a whole number",
    "int_parsing": "input should be a whole number",
    "int_from_float": "input should be a whole number",
    "float_type": "input should be a number",
    "float_parsing": "input should be a number",
    "date_type": "input should be a day, as 2017-12-31",
    "date_parsing": "input should be a day, as 2017-12-31",
    "date_from_datetime_parsing": "input should be a day, as 2017-12-31",
    "date_from_datetime_inexact": "input should be a day, as 2017-12-31",
}


def unfit(finding: Mapping[str, Any]) -> str:
    """What is wrong with a value, as a clause for after a colon, from one of pydantic's findings."""
    said = _PLAINLY.get(str(finding["type"])) or str(finding["msg"]).removeprefix("Value error, ")
    return said[0].lower() + said[1:]
