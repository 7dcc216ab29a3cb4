"""Who may do what to whose pay: author, reviewer and approver are people of the workbook, and not all one.

The author writes lines, the reviewer reads a statement, the approver lets it leave for payroll, the payee is
paid by it. Unless the workbook's `pay_policy` says otherwise, the author is neither the approver nor the
payee, and the reviewer is not the payee. Nobody approves pay of their own, whatever a policy says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesops_nb.errors import SalesopsError, problem
from salesops_nb.messages import Message, joined, message

if TYPE_CHECKING:
    from salesops_nb.workbook import PayPolicy

UNATTENDED = "calculation"  # the author of what a run without anybody calculates; it may do nothing else
MAY_BE_ONE = frozenset({frozenset({"author", "reviewer"}), frozenset({"reviewer", "approver"})})
NAMED = 5  # people that a message names


@dataclass(frozen=True, slots=True)
class Duties:
    """The people who may act on the ledger, all where ``None``, and which two roles may be one person."""

    people: Collection[str] | None = None
    may_be_one: frozenset[frozenset[str]] = MAY_BE_ONE

    @classmethod
    def of(cls, policy: PayPolicy, people: Collection[str] | None) -> Duties:
        """The duties of a workbook."""
        return cls(people, frozenset(frozenset(pair) for pair in policy.same_person))

    def person(
        self, role: str, name: str | None, *, column: str | None = None, unattended: bool = False
    ) -> str:
        """The trimmed id of a person who acts; raises `SalesopsError` where nobody or no person is named.

        `column` is the argument that names them, where it is not called as the role is.
        """
        who = named(name, role, column)
        if self.people is None or (unattended and who == UNATTENDED):
            return who
        if any(same_person(who, person) for person in self.people):
            return who
        code = "not-a-person.unattended" if who == UNATTENDED else "not-a-person"
        raise SalesopsError(
            problem(code, column=column or role, value=who, role=message(role), people=self._some(()))
        )

    def clash(self, role: str, name: str, others: Iterable[tuple[str, str | None]]) -> Message | None:
        """Why a person may not act in a role, by those who stand in others; ``None`` where they may."""
        for other, who in others:
            if same_person(name, who) and frozenset({role, other}) not in self.may_be_one:
                return message(
                    "{name} is its {other}, and {role} and {other} may not be the same person",
                    name=name, other=message(other), role=message(role),
                )  # fmt: skip
        return None

    def who_may(self, role: str, others: Iterable[tuple[str, str | None]]) -> Message:
        """What to do where a person may not act: name those who may, or where that is said."""
        barred = [who for other, who in others if frozenset({role, other}) not in self.may_be_one]
        some = self._some(barred)
        do = message("May do it: {people}.", people=some) if some else message("Have another person do it.")
        if role == "approver" and all(other == "payee" for other, _ in others):
            return do
        return joined([do, message("Who may be the same person is said by pay_policy in workbook.yml.")], " ")

    def refuse(self, role: str, name: str, others: Collection[tuple[str, str | None]], what: Message) -> None:
        """Raise `SalesopsError` where a person may not act in a role on something."""
        why = self.clash(role, name, others)
        if why:
            may = self.who_may(role, others)
            raise SalesopsError(
                problem("duties-not-apart", column=role, value=name, what=what, why=why, who_may=may)
            )

    def _some(self, barred: Iterable[str | None]) -> str:
        out = list(barred)
        left = sorted(p for p in self.people or () if not any(same_person(p, who) for who in out))
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        return ", ".join(left[:NAMED]) + more


ANYBODY = Duties()


def named(person: str | None, role: str, column: str | None = None) -> str:
    """The trimmed name of the person who acts; raises `SalesopsError` where it is empty."""
    name = (person or "").strip()
    if not name:
        raise SalesopsError(problem("no-name", column=column or role, role=role, value=person))
    return name


def same_person(one: str | None, other: str | None) -> bool:
    """Whether two ids mean one person; case and outer blanks do not make a second one."""
    return one is not None and other is not None and one.strip().casefold() == other.strip().casefold()
