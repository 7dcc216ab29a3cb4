"""The bookings that came month by month, and the fan of those to come with the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.present.language.translation import _

if TYPE_CHECKING:
    from salesops_nb.hiring import HiringPlan

BEFORE = 12  # months of what came that stand before the fan


def forecast_fan(plan: HiringPlan) -> None:
    """What came in the last months and the range of each month ahead, with the targets there are."""
    ahead = plan.capacity.months
    frame = pd.DataFrame({name: ahead[name].astype(float) for name in ("p10", "p50", "p90")})
    frame["target"] = ahead["target"].astype(float) if "target" in ahead else np.nan
    frame = frame.assign(month=list(ahead["month"]), came=np.nan)
    frame = pd.concat([_came(plan), frame], ignore_index=True)
    present.fan(
        frame, "month", "p10", "p50", "p90", came="came", target="target",
        subtitle=_("Bookings by month with the plan, and what came before"),
    )  # fmt: skip


def _came(plan: HiringPlan) -> pd.DataFrame:
    """Bookings of the months before; none where some of them are of people whom nobody knows."""
    panel = plan.trial.pool.learned.panel
    months = [month for month in panel.months if month.last <= panel.as_of]
    if panel.strangers or not months:
        return pd.DataFrame(columns=["month", "p10", "p50", "p90", "target", "came"])
    booked = panel.booked.sum(axis=0)[: len(months)]
    rows = [(month.key, value) for month, value in zip(months, booked, strict=True)][-BEFORE:]
    frame = pd.DataFrame(rows, columns=["month", "came"])
    return frame.assign(**dict.fromkeys(("p10", "p50", "p90", "target"), np.nan))
