"""A line's sentence, made when it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_nb.commission.payout import Payout


def explain(payout: Payout, line_id: str) -> str:
    """How a line came about."""
    return line_id
