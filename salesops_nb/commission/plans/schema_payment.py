"""What a plan file says of pay once it is earned: draws, guarantees, release, clawback, conversion,
acceptance.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from salesops_nb.commission.plans.schema_base import Number, Part, Percent


class Draw(Part):
    """An advance paid each span; a recoverable one is repaid from later earnings."""

    per: Literal["week", "month", "period"]
    amount: Number = Field(ge=0)
    recoverable: bool
    keep_at_least: Literal["draw", "none"] | Number | None = None
    recover_pct: Percent = Field(default=Decimal(100), ge=0, le=100)
    recover_from: int = Field(default=1, ge=1)
    ends: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _repayment_is_decided(self) -> Draw:
        if self.recoverable and self.keep_at_least is None:
            raise ValueError("a recoverable draw must say 'keep_at_least': draw, none or an amount")
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
            raise ValueError("a guarantee has either 'amount' or 'pct_of_target'")
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
                raise ValueError("'number' is of the event that pays the part, 'as: whole'")
        elif self.as_ == "in_full" or self.number > 1:
            raise ValueError("'as: in_full' and 'number' belong to what is invoiced or collected")
        return self


class Clawback(Part):
    """What comes back when a deal is cancelled."""

    when: str
    method: Literal["full", "unserved_share", "declining", "share"]
    pct: Percent | None = Field(default=None, ge=0, le=100)
    of: Literal["paid_only"] = "paid_only"
    unpaid: Literal["cancel", "keep"]
    post_in: Literal["event_period"] = "event_period"

    @model_validator(mode="after")
    def _window(self) -> Clawback:
        if self.when != "cancelled" and not re.fullmatch(r"cancelled_within_\d+_months", self.when):
            raise ValueError(
                "'when' is cancelled or cancelled_within_N_months, such as cancelled_within_12_months"
            )
        if self.method == "declining" and self.months is None:
            raise ValueError("a declining clawback needs its span in 'when': cancelled_within_N_months")
        if (self.method == "share") != (self.pct is not None):
            raise ValueError("'pct' belongs to the method share, and only to it")
        return self

    @property
    def months(self) -> int | None:
        """Length of the window in months, ``None`` for no end."""
        found = re.search(r"\d+", self.when)
        return int(found.group()) if found else None


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
