"""What a plan file says of pay once it is earned: draws, guarantees, release, clawback, conversion,
acceptance.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from salesops_nb.commission.plans.schema_base import Number, Part, Percent, Within, fault
from salesops_nb.core.periods import months_later
from salesops_nb.errors import problem


class Forgive(Part):
    """When what is still owed of a draw need not be repaid any more."""

    after_months: int | None = Field(default=None, ge=1)
    at_exit: bool = False

    @model_validator(mode="after")
    def _some_day(self) -> Forgive:
        if self.after_months is None and not self.at_exit:
            raise fault(problem("bad-plan.forgive-when"))
        return self


class Draw(Part):
    """An advance paid each span; a recoverable one is repaid from later earnings."""

    per: Literal["week", "month", "period"]
    amount: Number = Field(ge=0)
    recoverable: bool
    keep_at_least: Literal["draw", "none"] | Annotated[Number, Field(ge=0)] | None = None
    recover_pct: Percent = Field(default=Decimal(100), ge=0, le=100)
    recover_from: int = Field(default=1, ge=1)
    ends: int | None = Field(default=None, ge=1)
    paid_at: Literal["end", "start"] = "end"
    paid_for: Literal["everyone", "new_hires"] | Within = "everyone"
    debt: Literal["follows_person", "stays_with_plan"] = "follows_person"
    forgive: Forgive | None = None

    @model_validator(mode="after")
    def _repayment_is_decided(self) -> Draw:
        if not self.recoverable and "debt" in self.model_fields_set:
            raise fault(problem("bad-plan.debt"))
        if not self.recoverable and self.forgive is not None:
            raise fault(problem("bad-plan.forgive"))
        if self.recoverable and self.keep_at_least is None:
            raise fault(problem("bad-plan.keep-at-least"))
        return self


class Guarantee(Part):
    """Pay is topped up to at least so much each span."""

    per: Literal["month", "period"]
    amount: Number | None = Field(default=None, ge=0)
    pct_of_target: Percent | None = Field(default=None, ge=0)
    ends: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_amount(self) -> Guarantee:
        if (self.amount is None) == (self.pct_of_target is None):
            raise fault(problem("bad-plan.guarantee"))
        return self


class Release(Part):
    """A part of what was earned and the event that makes it payable."""

    event: Literal["booked", "invoiced", "collected", "period_end", "quarter_end", "year_end"]
    pct: Percent = Field(ge=0, le=100)
    as_: Literal["whole", "share_collected", "share_invoiced", "in_full"] = Field(default="whole", alias="as")
    number: int = Field(default=1, ge=1)
    after_months: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _of_payments(self) -> Release:
        if self.event in ("invoiced", "collected"):
            if self.number > 1 and self.as_ != "whole":
                raise fault(problem("bad-plan.release-number"))
        elif self.as_ == "in_full" or self.number > 1:
            raise fault(problem("bad-plan.release-payments"))
        return self


class Clawback(Part):
    """What comes back when a deal is cancelled."""

    when: str
    method: Literal["full", "unserved_share", "declining", "share"]
    pct: Percent | None = Field(default=None, ge=0, le=100)
    of: Literal["paid_only"] = "paid_only"
    unpaid: Literal["cancel", "keep"]
    post_in: Literal["event_period"] = "event_period"
    inclusive: bool = False
    instalments: int = Field(default=1, ge=1, le=60)

    @model_validator(mode="after")
    def _window(self) -> Clawback:
        if self.when != "cancelled" and self.window in (None, (0, "months")):
            raise fault(problem("bad-plan.clawback-when"))
        if self.method == "declining" and not (self.window and self.window[0] > 0):
            raise fault(problem("bad-plan.clawback-declining"))
        if self.window is None and "inclusive" in self.model_fields_set:
            raise fault(problem("bad-plan.clawback-inclusive"))
        if (self.method == "share") != (self.pct is not None):
            raise fault(problem("bad-plan.clawback-pct"))
        return self

    @property
    def window(self) -> tuple[int, str] | None:
        """Length of the window and its unit (months or days), ``None`` for no end."""
        found = re.fullmatch(r"cancelled_within_(\d+)_(months|days)", self.when)
        return (int(found[1]), found[2]) if found else None

    def ends(self, sold: date) -> date:
        """The first day on which a cancellation takes nothing back of a sale."""
        if self.window is None:
            return date.max
        length, unit = self.window
        anniversary = months_later(sold, length) if unit == "months" else sold + timedelta(days=length)
        return anniversary + timedelta(days=1) if self.inclusive else anniversary


class Acceptance(Part):
    """What becomes of the pay of a person who has not accepted the plan."""

    missing: Literal["pay", "withhold"]


class Conversion(Part):
    """Which rates, and those of which day."""

    rates: Literal["plan", "market"]
    at: Literal["credit_date", "pay_date"]


class Fx(Part):
    """Conversion of foreign credit into the plan's currency, and of pay into the payee's."""

    credit: Conversion | None = None
    pay: Conversion | None = None
