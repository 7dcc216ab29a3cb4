"""When a hire has paid for itself, and what the plan's hires bring for what they cost.

A salesperson's own economics (Skok, *SaaS Metrics 2.0*, "the unit economics of a salesperson"): margin on
what
the person sells, less loaded pay and the cost of hiring, from the opening of the requisition. Bookings are
those of the one forecast: season, trend, ramp, attrition and the spread between people are in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from salesops_nb.core.frames import Tables
from salesops_nb.core.money import from_float
from salesops_nb.core.periods import Period
from salesops_nb.forecast.learning import reading
from salesops_nb.forecast.learning.economics import Economics
from salesops_nb.forecast.learning.inputs import Floats
from salesops_nb.forecast.learning.learned import Learned
from salesops_nb.forecast.simulation.draws import draw
from salesops_nb.forecast.simulation.pool import Pool
from salesops_nb.forecast.simulation.simulate import teams
from salesops_nb.hiring.planning.plan import HiringPlan

MONTHS = 36
FUTURES = 2_000
NEW = "new"


def is_known(economics: Economics) -> bool:
    """Whether margin and pay are learned or stated: what rests on an assumed one is not said of a plan."""
    return all(economics.origin[name] != "assumed" for name in ("margin", "pay"))


def half_paid_back(net: Floats) -> int | None:
    """Months until half of futures have paid back: the median over futures, ``None`` where fewer ever do.

    Parameters
    ----------
    net : margin less cost up to each month, futures × months. A future has paid back in the first month
        from which on it never owes again, and only after it has cost something.

    Examples
    --------
    Three hires: one pays back in its second month, one in its third, one never. The mean never does.

    >>> import numpy as np
    >>> from salesops_nb.hiring.economics.payback import half_paid_back
    >>> half_paid_back(np.array([[-5.0, 1, 2], [-5, -1, 3], [-5, -10, -15]]))
    3
    """
    order = np.sort(paid_after(net))
    middle = order[(len(order) + 1) // 2 - 1]
    return int(middle) if np.isfinite(middle) else None


def paid_after(net: Floats) -> Floats:
    """The month, counted from one, from which on each future has paid back; infinite where it has not."""
    owing = net < 0
    last = net.shape[1] - np.argmax(owing[:, ::-1], axis=1)  # months up to the last that owes
    never = ~owing.any(axis=1) | owing[:, -1]  # has cost nothing yet, or owes in the end
    out: Floats = np.where(never, np.inf, last + 1.0)
    return out


def payback(learned: Learned, futures: int = FUTURES, seed: int = 0) -> pd.DataFrame:
    """When the margin on a hire's bookings has paid for loaded pay and hiring, in months from the opening.

    Those who leave before count, as not paid back. Columns role, months (until half have paid back, the
    median over futures; missing when fewer than half do within three years), share_paid_back_12 and _24 (of
    hires that have paid back by then), mean_after_36 (margin less cost of a hire after three years) and n.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> learned = hiring.learn(open_workbook(".").tables)
    >>> paid_back = hiring.payback(learned, futures=300)
    >>> bool((paid_back["share_paid_back_12"] <= paid_back["share_paid_back_24"]).all())
    True
    """
    pool = _longer(learned, MONTHS, futures, seed)
    rows = []
    for r, role in enumerate(learned.panel.roles):
        output, there, _ = pool.path(r, 0, 0)
        economics = learned.economics
        gain = economics.margin * learned.productivity.level[r] * output * pool.draws.shared
        joined = pool.person(r, 0).wait[:, None] == np.arange(MONTHS)
        net = np.cumsum(gain - economics.pay[r] * there - economics.hiring_cost[r] * joined, axis=1)
        after = paid_after(net)
        shares = [float((after <= months).mean()) for months in (12, 24)]
        rows.append((role, half_paid_back(net), *shares, float(net[:, -1].mean()), len(net)))
    names = ["role", "months", "share_paid_back_12", "share_paid_back_24", "mean_after_36", "n"]
    return pd.DataFrame(rows, columns=names)


def _longer(learned: Learned, months: int, futures: int, seed: int) -> Pool:
    """Hires in futures of so many months from the end of the data."""
    first = int(learned.panel.month_of_year[-1]) + 1
    of_year = (np.arange(months) + first) % 12
    return Pool(learned, draw(learned, of_year, futures, np.random.default_rng([seed, 9])), seed)


@dataclass(frozen=True)
class Return:
    """What the plan's hires bring for what they cost; money in major units.

    Attributes
    ----------
    added : expected bookings that they add to the horizon's end, and `margin` on them.
    cost : of the hires to the horizon's end, as the plan has it; `net` is margin less cost.
    rate : net over cost; ``None`` where nothing is spent.
    months : until half of futures have paid the plan back, from the end of the data; ``None`` where
        fewer than half do within three years. `within` is the share that has by the horizon's end.
    cac : cost of acquiring a deal (customer acquisition cost): cost over the deals that they add, at the
        average of the last twelve months; `cac_today` the present team's loaded pay of a year over the deals
        of the last twelve months. ``None`` where no deals were won in them.
    only_new : whether the deals counted are new business alone, as `deal_type` says.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> found = hiring.returns(plan)
    >>> found.only_new, 6 <= found.months <= 18
    (True, True)
    """

    added: Decimal
    margin: Decimal
    cost: Decimal
    net: Decimal
    rate: float | None
    months: int | None
    within: float
    cac: Decimal | None
    cac_today: Decimal | None
    only_new: bool


def returns(plan: HiringPlan, futures: int = FUTURES) -> Return | None:
    """The return of the plan's hires over the same policy without them; ``None`` where nobody is hired.

    Examples
    --------
    >>> from salesops_nb import hiring, open_workbook
    >>> plan = hiring.plan(open_workbook(".").tables, 12, confidence=0.6, target=14_000_000, futures=300)
    >>> found = hiring.returns(plan)
    >>> found.net == found.margin - found.cost, found.cost == plan.cost
    (True, True)
    """
    if not plan.counts.any():
        return None
    pool = plan.trial.pool
    known, currency = pool.learned, pool.learned.panel.currency
    economics = known.economics
    with_hires, without = (plan.trial.made(each) for each in (plan.counts, np.zeros_like(plan.counts)))
    added = float((with_hires - without).sum(axis=1).mean())
    margin = from_float(economics.margin * added, currency)
    net = _net(plan, min(futures, len(pool.draws)))
    after = paid_after(net)
    year = known.panel.months[-12:]
    deals, booked, months, only_new = _deals(plan.tables, year)
    each = float(plan.cost) / (added * deals / booked) if deals and booked > 0 and added > 0 else None
    roster, pay = known.panel.roster, economics.pay[known.panel.role]
    here = roster["present"].to_numpy(dtype=bool)
    team = float((pay * roster["fte"].to_numpy(dtype=float))[here].sum()) * months
    return Return(
        from_float(added, currency), margin, plan.cost, margin - plan.cost,
        float((margin - plan.cost) / plan.cost) if plan.cost else None,
        half_paid_back(net), float((after <= pool.horizon).mean()),
        None if each is None else from_float(each, currency),
        from_float(team / deals, currency) if deals else None, only_new,
    )  # fmt: skip


def _net(plan: HiringPlan, futures: int) -> Floats:
    """Margin less cost of the plan's hires up to each month of three years, or of a longer horizon."""
    known, seed = plan.trial.pool.learned, plan.trial.pool.seed
    months = max(MONTHS, plan.trial.pool.horizon)
    pool = _longer(known, months, futures, seed)
    alone = teams(known, pool.draws, seed, plan.replace_leavers)[int(plan.replace_leavers)]
    flow = np.zeros((futures, months))
    for role, row in enumerate(plan.counts):
        output, worth = np.zeros((futures, months)), known.productivity.level[role] * pool.draws.shared
        for n, opened in enumerate(np.repeat(np.arange(len(row)), row).tolist()):
            path = pool.path(role, n, opened)
            joined = (opened + pool.person(role, n).wait.astype(np.int64))[:, None] == np.arange(months)
            output += path.output
            flow -= known.economics.pay[role] * path.heads + known.economics.hiring_cost[role] * joined
        before = alone.output[:, role]
        more = known.returns.effective(before + output, role) - known.returns.effective(before, role)
        flow += known.economics.margin * worth * more
    out: Floats = np.cumsum(flow, axis=1)
    return out


def _deals(tables: Mapping[str, Any], months: list[Period]) -> tuple[int, float, int, bool]:
    """Deals won in the months that the table of deals covers, what all deals won in them brought, how many
    months these are, and whether new business alone is counted."""
    deals = Tables.of(tables).get("deals")
    if deals is None:
        return 0, 0.0, 0, False
    won = deals.filter((nw.col("outcome") == "won") & ~nw.col("amount").is_null())
    won = won.with_columns(nw.col("closed_on").cast(nw.Date).alias("day"))
    first = reading.pandas_of(won.select(nw.col("day").min()))["day"].iloc[0]
    covered = [month for month in months if not pd.isna(first) and month.end > pd.Timestamp(first).date()]
    if not covered:
        return 0, 0.0, 0, False
    typed = "deal_type" in deals.collect_schema().names()
    kind = nw.col("deal_type").cast(nw.String) if typed else nw.lit("")
    inside = won.filter((nw.col("day") >= covered[0].start) & (nw.col("day") < covered[-1].end))
    rows = reading.pandas_of(
        inside.select(kind.alias("kind"), nw.col("amount").cast(nw.Float64))
        .group_by("kind")
        .agg(nw.col("amount").sum(), nw.len().alias("deals"))
    )
    new = rows["kind"].astype("string").str.casefold() == NEW
    counted = rows[new] if new.any() else rows
    return int(counted["deals"].sum()), float(rows["amount"].sum()), len(covered), bool(new.any())
