"""Every figure of the review, defined once: what the report prints is what is computed."""

from __future__ import annotations

from typing import NamedTuple

from salesops_nb.core.columns import declared


class Metric(NamedTuple):
    """A figure's name, how it is found, its unit and where its rule comes from."""

    name: str
    formula: str
    unit: str
    source: str


CATALOGUE: tuple[Metric, ...] = tuple(Metric(**each) for each in declared()["definitions"])
