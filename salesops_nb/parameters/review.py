"""What a performance review may be asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_nb.parameters.kinds import Sliced


class PerformanceReview(Sliced):
    """Of `performance_review.ipynb`.

    Examples
    --------
    >>> from salesops_nb.parameters import PerformanceReview
    >>> PerformanceReview(period="2017-Q3", level="team", who="Cara Losch").structure
    'as they were'
    """

    structure: Literal["as they were", "restated"] = Field(
        "as they were", description="Owners in their teams of the time, or all restated to as_of"
    )
