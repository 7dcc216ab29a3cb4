"""What went wrong, told to the person who can mend it.

A `Problem` is one finding: what was wrong, what was received, where it stands (table, file,
row, column, value) and what to do. Checks return lists of problems; nothing is dropped or
guessed silently. `SalesopsError` carries problems out of a call that cannot go on; the command
line and the notebooks print its words and never a bare traceback.

What our own checks find is declared once, in ``problems.toml``, and made by `problem`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from salesops_nb import messages
from salesops_nb.messages import Message, joined, message

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
    def place(self) -> Message:
        """Where it stands, such as ``deals.csv, row 7, column close_date``."""
        # a YAML file has lines and fields, a table has rows and columns
        yaml = (self.file or "").endswith((".yml", ".yaml"))
        parts = [self.file or self.table or ""]
        if self.row is not None:
            row = str(self.row)
            parts.append(message("line {row}", row=row) if yaml else message("row {row}", row=row))
        if self.column:
            column = self.column
            parts.append(
                message("field {column}", column=column)
                if yaml
                else message("column {column}", column=column)
            )
        return joined(filter(None, parts))

    @property
    def text(self) -> Message:
        """What was wrong and what to do, without the place."""
        return joined(filter(None, [self.message, self.fix]), " ")

    @property
    def whole(self) -> Message:
        """The place, what was wrong and what to do; as text it is what `str` gives."""
        return joined(filter(None, [self.place, self.text]), ": ")

    def __str__(self) -> str:
        return str(self.whole)


PROBLEMS = Path(__file__).with_name("problems.toml")


@lru_cache(maxsize=1)
def declared() -> dict[str, Mapping[str, str]]:
    """The catalogue of problems by key: a code, or a code and which of its texts (``bad-yaml.syntax``)."""

    def entries(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
        shared = {"fix": table["fix"]} if "fix" in table else {}
        for name, entry in table.items():
            if isinstance(entry, dict):
                own = shared | {key: text for key, text in entry.items() if isinstance(text, str)}
                if "text" in own:
                    yield above + name, own
                yield from entries(entry, f"{above}{name}.")

    return dict(entries(tomllib.loads(PROBLEMS.read_text(encoding="utf-8"))))


def problem(
    key: str,
    /,
    *,
    table: str | None = None,
    file: str | None = None,
    row: int | None = None,
    column: str | None = None,
    value: object = None,
    severity: Severity | None = None,
    amount: Decimal | None = None,
    **values: Any,
) -> Problem:
    """A problem that ``problems.toml`` declares; the places of its texts are filled from all arguments.

    Examples
    --------
    >>> from salesops_nb.errors import problem
    >>> print(problem("unknown-locale", value="xx"))
    'xx' is not a locale. Write language and country, such as en_US or ro_RO.
    """
    entry = declared()[key]
    given = {"table": table, "file": file, "row": row, "column": column, "value": value, "amount": amount}
    values = given | values
    shown = None if value is None else str(value)
    text = Message(entry["text"], values, entry.get("plural", ""), fixed=True)
    fix = Message(entry.get("fix", ""), values, fixed=True)
    severe: Any = severity or entry.get("severity", "error")
    return Problem(key.partition(".")[0], text, fix, table, file, row, column, shown, severe, amount)


class SalesopsError(Exception):
    """A user's mistake or bad data that stops the work; its text is meant to be read by a person."""

    def __init__(self, problems: str | Problem | Iterable[Problem], fix: str = "") -> None:
        if isinstance(problems, str):  # words of a notebook of one's own
            problems = [Problem("error", problems, fix)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: list[Problem] = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __str__(self) -> str:
        return "\n".join(messages.translator(problem.whole) for problem in self.problems)

    def lines(self) -> list[str]:
        """Each problem behind its severity, in the reader's language."""
        made = (joined([message(problem.severity), problem.whole], ": ") for problem in self.problems)
        return [messages.translator(each) for each in made]

    def _render_traceback_(self) -> list[str]:
        """What Jupyter prints in place of a traceback (an IPython convention)."""
        return self.lines()
