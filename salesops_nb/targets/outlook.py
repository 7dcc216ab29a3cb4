"""What the company, its teams and its people would book in the year, as the one forecast has it.

People's own years are those of people who stay; company, regions and teams see who leaves and who follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.periods import FiscalCalendar, Period
from salesops_nb.forecast.learning.learn import learn
from salesops_nb.forecast.period import Expected, by_group, by_person, expect, months_ahead
from salesops_nb.targets.history import History
from salesops_nb.targets.roster import exposure

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
    tables: Tables,
    calendar: FiscalCalendar,
    history: History,
    year: Period,
    chosen: pd.DataFrame,
    seed: int,
) -> Outlook:
    """The outlook of the chosen people, and of all who sell."""
    learned = learn(tables, calendar, history.months[-1].last, history.currency)
    found = expect(learned, year, seed=seed)
    months = months_ahead(learned, year)
    people = by_person(found, chosen, exposure(chosen, months))
    groups = {level: by_group(found, level) for level in ("region", "team")}
    return Outlook(found, groups, people.rate, people.made.mean(axis=0), people.made)
