"""Commission's own terms in the reader's language: kinds of lines, statuses, measures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from salesops_nb.present.language import formats
from salesops_nb.present.language.translation import _


def amounts(sums: Mapping[str, Decimal]) -> str:
    """Sums by currency, in one text."""
    return " + ".join(formats.money(amount, currency, cents=True) for currency, amount in sums.items())


def kind_words(kind: str) -> str:
    """The kind of a line."""
    known = {
        "commission": _("commission"), "bonus": _("bonus"), "override": _("override"), "spiff": _("spiff"),
        "mbo": _("objectives"), "guarantee": _("guarantee"), "draw": _("draw"),
        "draw_recovery": _("draw repaid"), "holdback": _("held back"), "release": _("released"),
        "clawback": _("clawback"), "refund": _("refund"), "adjustment": _("adjustment"),
        "carry": _("carried"), "negative_pay": _("negative pay carried"),
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
