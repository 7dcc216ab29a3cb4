"""What only the person can know: from an option where one is given, else asked; unattended, listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from salesops_nb import messages
from salesops_nb.errors import Problem, SalesopsError, problem
from salesops_nb.messages import listed


@dataclass
class Answers:
    """The options given by their names, and what remains to be asked.

    With `unattended` nothing is asked: what no option answers is in `missing`, and `settle` refuses.
    """

    given: dict[str, Any] = field(default_factory=dict)
    unattended: bool = False
    missing: list[Problem] = field(default_factory=list)
    count: int = 0

    def ask(
        self,
        option: str,
        question: str,
        choices: Sequence[str] = (),
        default: str | None = None,
        read: Callable[[str], Any] = str,
    ) -> Any:
        """The answer as `read` takes it; ``None`` where it is still missing.

        `read` raises ``ValueError`` with a sentence for an answer that it cannot take. An answer that is one
        of the `choices` in other capitals is that choice.
        """
        shown = [choice if choice not in (",", ".") else repr(choice) for choice in choices]
        name = option.split(" ")[0].lstrip("-").replace("-", "_") if " " not in option else option
        if self.given.get(name) is not None:
            return self._read(str(self.given[name]), choices, read, option)
        if self.unattended:
            proposed = f" ({default})" if default else ""
            self.missing.append(
                problem(
                    "not-sure", column=option, question=question, proposed=proposed, choices=listed(shown)
                )
                if choices
                else problem("not-sure.free", column=option, question=question, proposed=proposed)
            )
            return None
        self.count += 1

        def taken(text: str) -> Any:
            try:
                return self._read(text, choices, read, option)
            except SalesopsError as error:
                raise click.UsageError(messages.translator(error.problems[0].message)) from error

        among = f" ({', '.join(shown)})" if 0 < len(choices) <= 12 else ""
        return click.prompt(messages.translator(question) + among, default=default, value_proc=taken)

    def _read(self, text: str, choices: Sequence[str], read: Callable[[str], Any], option: str) -> Any:
        text = text.strip()
        if choices:
            same = [choice for choice in choices if choice.casefold() == text.casefold()]
            if not same:
                raise SalesopsError(
                    problem("bad-answer", value=text, option=option, choices=listed(choices, 30))
                )
            text = same[0]
        try:
            return read(text)
        except ValueError as error:
            raise SalesopsError(
                problem("bad-answer.free", value=text, option=option, why=error.args[0])
            ) from error

    def settle(self) -> None:
        """Refuse with the list of what no option answered."""
        if self.missing:
            raise SalesopsError(self.missing)
