"""Over-assignment as it comes down: company, regions, managers, reps, each over the level above."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd

from salesops_nb.targets.seats import OPEN

if TYPE_CHECKING:
    from salesops_nb.targets.basis import Basis
    from salesops_nb.targets.setting import TargetPlan

ZERO = Decimal(0)


def cascade(basis: Basis, plan: TargetPlan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The quota of each level, and of each region and manager the reps' quotas beside what they can bring.

    Returns
    -------
    tuple of frames
        By level: level, holders, quota, over_above (over the level above, as a share) and over_company. The
        last level is the *street quota*, the sum of the reps' own; what it lacks of the managers' stands with
        them for open seats. By holder: level, who, region, quota, street, open_seats (quota held for them),
        capacity (what the reps there are expected to book in the year if they stay, ramped) and over_capacity
        (street over capacity, as a share). `street` + `open_seats` = `quota`, exactly.

    Examples
    --------
    >>> from salesops_nb import open_workbook, targets
    >>> wb = open_workbook(".")
    >>> basis = targets.prepare(wb.tables, wb.calendar, 2018)
    >>> plan = targets.set_targets(basis, company_target=12_000_000, over_assignment=1.05)
    >>> levels, holders = targets.cascade(basis, plan)
    >>> levels[["level", "holders", "quota", "over_above"]]
         level  holders        quota  over_above
    0  company        1  12000000.00         NaN
    1   region        3     12600000        0.05
    2  manager        6     12600000        0.00
    3      rep       32     12600000        0.00
    """
    pairs = zip(plan.reps["line"], plan.reps["target"], strict=True)
    own = pd.Series([ZERO if line == OPEN else value for line, value in pairs], dtype=object)
    over = [basis.managers.get(team, "") or team for team in plan.reps["team"]]
    lines = plan.reps.assign(manager=over, own=own)
    sums = [plan.summary["company_target"]]
    rows = [("company", 1, sums[0], float("nan"), float("nan"))]
    selling = int((lines["line"] != OPEN).sum())
    counts = (lines["region"].nunique(), len(lines[["region", "manager"]].drop_duplicates()), selling)
    wholes = (_sum(lines["target"]), _sum(lines["target"]), _sum(lines["own"]))
    for level, holders, quota in zip(("region", "manager", "rep"), counts, wholes, strict=True):
        rows.append((level, holders, quota, float(quota / sums[-1]) - 1, float(quota / sums[0]) - 1))
        sums.append(quota)
    levels = pd.DataFrame(rows, columns=["level", "holders", "quota", "over_above", "over_company"])
    held = [_holder("company", "company", "", lines)]
    for region, mine in lines.groupby("region", sort=True):
        held.append(_holder("region", str(region), str(region), mine))
        for manager, below in mine.groupby("manager", sort=True):
            held.append(_holder("manager", str(manager), str(region), below))
    return levels, pd.DataFrame(held)


def _holder(level: str, who: str, region: str, lines: pd.DataFrame) -> dict[str, object]:
    quota, street = _sum(lines["target"]), _sum(lines["own"])
    capacity = float(lines["expected"].sum())
    over = float(street) / capacity - 1 if capacity > 0 else float("nan")
    return {
        "level": level, "who": who, "region": region, "quota": quota, "street": street,
        "open_seats": quota - street, "capacity": capacity, "over_capacity": over,
    }  # fmt: skip


def _sum(values: pd.Series) -> Decimal:
    return sum(values, ZERO)
