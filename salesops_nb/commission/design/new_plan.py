"""A plan from a blank page: ten answers, written as a plan file whose comments say what each line does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

from salesops_nb.commission.inputs.plan_assignments import base_share
from salesops_nb.commission.inputs.rounding import decimal_of
from salesops_nb.core.money import rounded

PERIODS = {"month": 12, "quarter": 4, "year": 1}
Counts = Literal["own", "overlay", "team"]
Tier = tuple[Decimal, Decimal]
OVERLAY = """  where: "part == 'overlay'" # only what the table splits gives as overlay"""
TEAM = [
    "    payee: manager",
    "    measure: team_credit # of direct reports; with levels: all, of everybody below",
]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a plan is to pay; money in `currency`, per cents of quota.

    `threshold` is the attainment below which nothing is paid, `tiers` pairs of attainment and how many
    times the base rate is paid from there on, `ramp` the quota of the first periods, `draw` an advance
    a month for `draw_months`, which later pay repays unless it is `draw_kept`, `clawback` the months in
    which a cancellation takes pay back, `counts` what counts: one's own deals and shares of deals, a
    specialist's overlay credit, or the team's deals.
    """

    id: str
    first: date
    last: date
    currency: str
    period: str
    ote: Decimal
    pay_mix: str
    quota: Decimal
    threshold: Decimal = Decimal(0)
    tiers: tuple[Tier, ...] = ()
    ramp: tuple[Decimal, ...] = ()
    draw: Decimal = Decimal(0)
    draw_months: int = 6
    draw_kept: bool = False
    clawback: int = 0
    counts: Counts = "own"

    @property
    def target(self) -> Decimal:
        """The variable part of a year's on-target earnings."""
        share = base_share(self.pay_mix)
        assert share is not None
        return rounded(decimal_of((1 - share) * Fraction(self.ote), 10), self.currency)


def amount(text: str) -> Decimal:
    """A number from 0 on; `ValueError` says how to write it.

    Examples
    --------
    >>> from salesops_nb.commission.design.new_plan import amount
    >>> amount("120000"), amount("none")
    (Decimal('120000'), Decimal('0'))
    """
    if _none(text):
        return Decimal(0)
    try:
        found = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise ValueError(f"{text!r} is no amount: write the number alone, such as 1500 or 1500.50")
    return found


def positive(text: str) -> Decimal:
    """A number above 0."""
    found = amount(text)
    if not found:
        raise ValueError("it must be more than 0")
    return found


def mix(text: str) -> str:
    """A pay mix with a variable part."""
    share = base_share(text)
    if share is None or share >= 1:
        raise ValueError(f"{text!r} is no pay mix: write base/variable, such as 60/40")
    return text.strip()


def threshold(text: str) -> Decimal:
    """A threshold in per cent of quota, at most the quota itself."""
    found = amount(text)
    if found > 100:
        raise ValueError("it lies above the quota; write a per cent from 0 to 100")
    return found


def ramp(text: str) -> tuple[Decimal, ...]:
    """Per cents of the full quota, one a period.

    Examples
    --------
    >>> from salesops_nb.commission.design.new_plan import ramp
    >>> ramp("25, 50, 75")
    (Decimal('25'), Decimal('50'), Decimal('75'))
    """
    found = () if _none(text) else tuple(amount(part) for part in text.split(","))
    if any(not 0 < part <= 100 for part in found):
        raise ValueError(
            "a ramp's steps are per cents of the quota above 0 and up to 100, such as 25, 50, 75"
        )
    return found


def tiers(text: str) -> tuple[Tier, ...]:
    """Tiers as attainment and multiple, from 100 % of quota on.

    Examples
    --------
    >>> from salesops_nb.commission.design.new_plan import tiers
    >>> tiers("100: 1.5, 130: 2")
    ((Decimal('100'), Decimal('1.5')), (Decimal('130'), Decimal('2')))
    """
    if _none(text):
        return ()
    parts = [re.split(r"\s*[:x×]\s*", part.strip()) for part in text.split(",")]
    if any(len(part) != 2 for part in parts):
        raise ValueError(f"{text!r} are no tiers: write attainment: multiple, such as 100: 1.5, 130: 2")
    found = tuple((amount(start), positive(times)) for start, times in parts)
    starts = [start for start, _ in found]
    if starts[0] < 100:
        raise ValueError(f"a tier from {starts[0]} % would pay more than the target at quota: begin at 100")
    if starts != sorted(set(starts)):
        raise ValueError("the tiers must rise, such as 100: 1.5, 130: 2")
    return found


def written(a: Answers) -> str:
    """The plan file, with comments."""
    year = PERIODS[a.period]
    share = "" if year == 1 else f", {_plain(rounded(a.target / year, a.currency))} a {a.period}"
    lines = [
        f"# On-target earnings {_plain(a.ote)} {a.currency} a year, pay mix {a.pay_mix}: the variable part",
        f"# is {_plain(a.target)} a year{share}. Every key: docs/plans.md.",
        f"# In words, defaults included: salesops check --plan plans/{a.id}.yml",
        f'plan: {{id: "{a.id}", version: 1, from: {a.first}, to: {a.last}, currency: {a.currency}, '
        f"period: {a.period}}}",
        "credit:",
        "  event: booked # what counts: booked, invoiced or collected",
        "  base: amount # or margin",
        *([OVERLAY] if a.counts == "overlay" else []),
        "  splits: {apply_to: credit} # a deal that the table splits shares counts by each share",
        f"quota: # of a {a.period}; a row of targets (metric quota) goes before it",
        *_quota(a),
        "incentive: # of everybody whose row in plan_assignments does not say one",
        f"  target: {_plain(a.target)}",
        "  per: year",
        "components:",
        "  - id: base",
        *(TEAM if a.counts == "team" else ["    measure: credit"]),
        "    scope: running_total # through the period: each deal is paid from where the last one ended",
        "    rate_pct: derived # target incentive ÷ quota, so that 100 % of quota pays the target incentive",
        *_tiers(a),
    ]
    below = "negative_pay: carry # a period of less than zero is taken from the next; or pay, or floor"
    return "\n".join([*lines, *_draw(a), *_clawback(a), below]) + "\n"


def _quota(a: Answers) -> list[str]:
    lines = [f"  amount: {_plain(a.quota)}", "  attained_by: booked"]
    if a.ramp:
        steps = ", ".join(_plain(part) for part in a.ramp)
        lines += [
            f"  ramp_pct: [{steps}] # per cent of the quota in a person's first {a.period}s, then all of it",
            "  ramp_per: period",
        ]
    return lines


def _tiers(a: Answers) -> list[str]:
    lines = []
    if a.threshold:
        lines += [
            "    gate: # below it nothing is paid; from there on all of it (excess: only what lies above)",
            f"      attainment_pct: {_plain(a.threshold)}",
            "      then: first_dollar",
        ]
    if a.tiers:
        rows = [(Decimal(0), Decimal(1)), *a.tiers]
        lines += [
            "    table: # each slice at its own multiple of the rate",
            "      mode: marginal",
            "      unit: pct_of_quota",
            "      rows:",
            *(f"        - {{from: {_plain(start)}, x: {_plain(times)}}}" for start, times in rows),
        ]
    return lines


def _draw(a: Answers) -> list[str]:
    if not a.draw:
        return []
    forgiven = ["  recoverable: false # what was advanced is never repaid"]
    repaid = [
        "  recoverable: true # what was advanced is repaid by later pay",
        "  keep_at_least: draw # but never below the draw: or none, or an amount",
    ]
    return [
        "draw: # pay is advanced up to this amount",
        "  per: month",
        f"  amount: {_plain(a.draw)}",
        *(forgiven if a.draw_kept else repaid),
        f"  ends: {a.draw_months} # months",
    ]


def _clawback(a: Answers) -> list[str]:
    if not a.clawback:
        return []
    return [
        "clawback: # a deal that is cancelled within so many months of its sale",
        f"  when: cancelled_within_{a.clawback}_months",
        "  method: full # or unserved_share, declining, share with pct",
        "  unpaid: cancel # what is not paid yet lapses",
    ]


def _plain(number: Decimal) -> str:
    """A number as YAML reads it back: no exponent, no zeros at the end."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _none(text: str) -> bool:
    return text.strip().lower() in ("", "none", "no", "-")
