"""What the company, its teams and its people would book in the year, as the one forecast has it.

People's own years are those of people who stay; company, regions and teams see who leaves and who follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.periods import Period
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.period import Expected, by_group, by_person, expect, months_ahead
from salesops_nb.targets.roster import exposure
from salesops_nb.targets.seats import OPEN, PERSON, Hiring

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outlook:
    """The forecast of the year: `company`, `groups` by level and name, and `draws` of people who stay.

    `draws` are futures × reps, `mean` what to expect of each, `rate` a ramped month of average season.
    """

    company: Expected
    groups: dict[str, dict[str, Floats]]
    rate: Floats
    mean: Floats
    draws: Floats


def outlook_of(
    learned: Learned, year: Period, lines: pd.DataFrame, hiring: Hiring | None, seed: int
) -> Outlook:
    """The outlook of all who sell, and of each line of quota (columns as `seats.COLUMNS`).

    Without an approved plan leavers are replaced and nobody else is hired; with one, as it was approved.
    """
    if hiring is not None and hiring.applies:
        policy = hiring.plan.replace_leavers
        found = expect(learned, year, replace_leavers=policy, hires=hiring.counted, seed=seed)
    else:
        found = expect(learned, year, seed=seed)
    there = exposure(lines, months_ahead(learned, year))
    there[(lines["line"] == OPEN).to_numpy()] = 0.0  # nobody sells from a seat that is open
    people = by_person(found, lines, there)
    groups = {level: by_group(found, level) for level in ("region", "team")}
    rate = people.rate.copy()
    for role in set(lines["role"]):  # nobody knows the hires apart: each is asked for the same
        alike = ((lines["line"] != PERSON) & (lines["role"] == role)).to_numpy()
        rate[alike] = rate[alike].mean() if alike.any() else 0.0
    return Outlook(found, groups, rate, people.made.mean(axis=0), people.made)
