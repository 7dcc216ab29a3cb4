"""Commission's own terms in the reader's language: kinds of lines, statuses, measures, reasons for zero.

The calculation gives its reasons as English text with figures in it. Here each is recognised by its
pattern and said again; one that is not known stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from salesops_nb.present.words import _


def kind_words(kind: str) -> str:
    """The kind of a line."""
    known = {
        "commission": _("commission"), "bonus": _("bonus"), "override": _("override"), "spiff": _("spiff"),
        "mbo": _("objectives"), "guarantee": _("guarantee"), "draw": _("draw"),
        "draw_recovery": _("draw repaid"), "holdback": _("held back"), "release": _("released"),
        "clawback": _("clawback"), "refund": _("refund"), "adjustment": _("adjustment"),
        "carry": _("carried"),
    }  # fmt: skip
    return known.get(kind, kind)


def status_words(status: str) -> str:
    """Where a statement stands."""
    known = {
        "draft": _("draft"), "reviewed": _("reviewed"), "approved": _("approved"), "locked": _("locked"),
        "paid": _("paid"),
    }  # fmt: skip
    return known.get(status, status)


def measure_words(measure: str) -> str:
    """What a component measures."""
    known = {
        "credit": _("credit"), "margin": _("margin"), "count": _("deals"), "quantity": _("units"),
        "team_credit": _("team's credit"), "activities": _("activities"), "mbo": _("objectives"),
    }  # fmt: skip
    return known.get(measure, measure)


def dispute_words(status: str | None) -> str:
    """How a dispute stands, ``closed: accepted`` being its outcome."""
    known = {
        "open": _("disputed"), "answered": _("dispute answered"), "closed: accepted": _("dispute accepted"),
        "closed: rejected": _("dispute rejected"), "closed: withdrawn": _("dispute withdrawn"),
    }  # fmt: skip
    return "; ".join(known.get(part, part) for part in (status or "").split("; ") if part)


Written = Callable[[re.Match[str]], str]


def _reasons() -> list[tuple[str, Written]]:
    return [
        (r"no plan: the person is assigned to none", lambda m: _("no plan: the person is assigned to none")),
        (r"no payee: the deal has neither owner nor split",
         lambda m: _("no payee: the deal has neither owner nor split")),
        (r"no credit in the period", lambda m: _("no credit in the period")),
        (r"draw repaid: what was earned went to the balance of the draw",
         lambda m: _("draw repaid: what was earned went to the balance of the draw")),
        (r"the lines of the period sum to zero", lambda m: _("the lines of the period sum to zero")),
        (r"gate not met: still below (.+), only the excess pays",
         lambda m: _("gate not met: still below {level}, only the excess pays", level=_level(m[1]))),
        (r"gate not met: (.+)", lambda m: _("gate not met: {level}", level=_level(m[1]))),
        (r"over the cap of (.+) \(carried to the next period\)",
         lambda m: _("over the cap of {cap} (carried to the next period)", cap=m[1])),
        (r"over the cap of (.+) \(forfeited\)", lambda m: _("over the cap of {cap} (forfeited)", cap=m[1])),
        (r"no credit: the amount counted is zero", lambda m: _("no credit: the amount counted is zero")),
        (r"no rate of the component fits this credit",
         lambda m: _("no rate of the component fits this credit")),
        (r"the rate at this point of the table is zero, or the pay rounds to zero",
         lambda m: _("the rate at this point of the table is zero, or the pay rounds to zero")),
        (r"outside dates: plan (.+) is in force from (.+) to (.+)",
         lambda m: _("outside dates: plan {plan} is in force from {first} to {last}",
                     plan=m[1], first=m[2], last=m[3])),
        (r"outside dates: not assigned to plan (.+) on (.+)",
         lambda m: _("outside dates: not assigned to plan {plan} on {day}", plan=m[1], day=m[2])),
        (r"the plan does not count it: (.+)",
         lambda m: _("the plan does not count it: {condition}", condition=m[1])),
        (r"not collected yet(.*)", lambda m: _("not collected yet") + m[1]),
        (r"not invoiced yet(.*)", lambda m: _("not invoiced yet") + m[1]),
    ]  # fmt: skip


def _level(text: str) -> str:
    found = re.fullmatch(r"threshold of (.+)", text)
    if found:
        return _("threshold of {amount}", amount=found[1])
    found = re.fullmatch(r"(.+) % of quota", text)
    return _("{share} % of quota", share=found[1]) if found else text


def reason_words(reason: str) -> str:
    """A reason for paying nothing, in the reader's language."""
    for pattern, written in _reasons():
        found = re.fullmatch(pattern, reason)
        if found:
            return written(found)
    return reason
