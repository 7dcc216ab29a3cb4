"""What may come in the year for the company, each region, team and rep, whatever their targets are.

Made once from the draws of the outlook, so that the chance to meet any target is a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from salesops_nb.targets.outlook import Outlook

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Future:
    """The sorted draws of one holder of a target; `members` are positions of reps."""

    level: str
    who: str
    members: npt.NDArray[np.int64]
    draws: Floats
    mean: float
    p10: float
    p50: float
    p90: float

    def probability(self, target: float) -> float:
        """Chance that the year reaches a target; NaN for a target of nothing."""
        if target <= 0:
            return float("nan")
        return 1 - int(np.searchsorted(self.draws, target, side="left")) / len(self.draws)


def futures(reps: pd.DataFrame, seen: Outlook) -> tuple[Future, ...]:
    """The futures of company, regions, teams and reps (columns person_id, team, region), in that order."""
    everyone = np.arange(len(reps))
    made = [_future("company", "company", everyone, seen.company.made)]
    for level in ("region", "team"):
        of = reps[level].to_numpy()
        for who in sorted(set(of)):
            members = everyone[of == who]
            own = seen.draws[:, members].sum(axis=1)
            sums = seen.groups[level].get(str(who), own)
            made.append(
                _future(
                    level, str(who), members, seen.draws[:, members].sum(axis=1) if sums is None else sums
                )
            )
    by_rep = np.ascontiguousarray(seen.draws.T)  # a rep's draws side by side are sorted sooner
    for i, who in enumerate(reps["person_id"]):
        made.append(_future("rep", str(who), everyone[i : i + 1], by_rep[i]))
    return tuple(made)


def _future(level: str, who: str, members: npt.NDArray[np.int64], draws: Floats) -> Future:
    ordered = np.sort(draws)
    # The inverted distribution function: a draw that came, without interpolation.
    p10, p50, p90 = (float(ordered[int(share * (len(ordered) - 1))]) for share in (0.1, 0.5, 0.9))
    return Future(level, who, members, ordered, float(draws.mean()), p10, p50, p90)
