"""What every part of a plan file shares: exact numbers, and keys that are known."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from salesops_nb.errors import Problem

# where a fault stands below the part that finds it, and what is wrong
Fault = tuple[tuple[Any, ...], Problem]


class Faults(ValueError):
    """What a part finds wrong with itself as a whole."""

    def __init__(self, found: list[Fault]) -> None:
        self.found = found
        super().__init__("; ".join(fault.message for _, fault in found))


def fault(found: Problem) -> Faults:
    """One thing that is wrong with a part as a whole."""
    return Faults([((), found)])


def _exact(value: object) -> object:
    """A YAML number as the decimal that was written, never its binary neighbour."""
    if isinstance(value, bool):
        raise ValueError("a number is wanted")
    return Decimal(str(value)) if isinstance(value, int | float) else value


Number = Annotated[Decimal, BeforeValidator(_exact)]
Percent = Number
EventKind = Literal["booked", "invoiced", "collected"]
PeriodKind = Literal["month", "quarter", "year"]
# hired at most so many months before the first day on the plan
Within = Annotated[str, Field(pattern=r"^hired_within_[1-9][0-9]*_months$")]


class Part(BaseModel):
    """A mapping of the plan file: unknown keys are refused, values never change."""

    # built when a plan is first read, all at once, and not part by part as the modules load
    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False, defer_build=True
    )
