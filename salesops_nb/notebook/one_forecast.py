"""What target setting and hiring needs both show of the one forecast, in the same words."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from salesops_nb import present
from salesops_nb.forecast.period import Expected, by_group, expect, reconciled
from salesops_nb.present.language.formats import money
from salesops_nb.present.language.sentences import ngettext
from salesops_nb.present.language.translation import _


def reconciliation(found: Expected, target: Any, steps: pd.DataFrame | None = None) -> None:
    """From the target to the gap, then the chances of the same target with and without backfills.

    `steps` are those of the forecast, where they are known already.
    """
    steps = reconciled(found) if steps is None else steps
    names = {"full output": _("Today's team at full output"), "attrition": _("Attrition"), "ramp": _("Ramp"),
             "open seats": _("Open seats"), "backfills": _("Leavers replaced"),
             "planned hires": _("Planned hires")}  # fmt: skip
    unit = step_of(found)
    values = in_steps([float(value) for value in steps["value"]], unit)
    expected = sum(values, Decimal(0))
    gap = round((expected - Decimal(str(target))) / unit) * unit
    rows = [(_("Target"), Decimal(str(target))),
            *zip(map(names.get, steps["step"]), values, strict=True),
            (_("Expected"), expected), (_("Gap to the target"), gap)]  # fmt: skip
    present.show_table(
        pd.DataFrame(rows, columns=["step", "value"]),
        title=_("From the target to what is expected of {period}", period=found.period.key),
        table="one_forecast",
        formats={"value": "money"},
        notes=[
            _("All but the target are estimates, to {unit}.", unit=money(unit)),
        ],
    )
    present.show_table(
        chances(found, target),
        title=_("The same target, the same people: what replacing leavers does"),
        table="one_forecast",
    )


def step_of(found: Expected) -> Decimal:
    """The unit in which steps of a forecast are told: a power of ten, at most a tenth of its spread."""
    spread = float(np.std(found.made)) / 10
    return Decimal(1).scaleb(max(math.floor(math.log10(spread)), 0)) if spread > 0 else Decimal(1)


def in_steps(values: list[float], unit: Decimal) -> list[Decimal]:
    """Values in whole units that sum to their sum in whole units: what is left goes to the largest."""
    rounded = [Decimal(round(value / float(unit))) * unit for value in values]
    rest = Decimal(round(sum(values) / float(unit))) * unit - sum(rounded, Decimal(0))
    rounded[max(range(len(values)), key=lambda i: abs(values[i]))] += rest
    return rounded


def chances(found: Expected, target: Any) -> pd.DataFrame:
    """P10, P50, P90 and the chance of a target: nobody hired, leavers replaced or not; and as planned."""
    pool, rows = found.futures.pool, []
    for replaced, words in ((False, _("Nobody is replaced or hired")), (True, _("Leavers are replaced"))):
        made = expect(found.learned, found.period, replace_leavers=replaced, futures=len(pool.draws),
                      of=found.futures)  # fmt: skip
        rows.append((words, *made.quantiles(), made.probability(float(target))))
    if found.hires:
        n = len(found.hires)
        words = ngettext("{n} is hired by the plan, leavers are not replaced beside",
                         "{n} are hired by the plan, leavers are not replaced beside", n)  # fmt: skip
        if found.replaced:
            words = ngettext("{n} is hired by the plan, leavers are replaced beside",
                             "{n} are hired by the plan, leavers are replaced beside", n)  # fmt: skip
        rows.append((words, *found.quantiles(), found.probability(float(target))))
    return pd.DataFrame(rows, columns=["policy", "p10", "p50", "p90", "probability"])


def teams(found: Expected, assigned: dict[str, Any]) -> None:
    """Per team: the target that comes down beside what comes up from its people and seats."""
    rows = []
    for name, made in by_group(found, "team").items():
        target = assigned.get(name)
        chance = None if target is None else float((made >= float(target)).mean())
        rows.append((name, target, *np.quantile(made, [0.1, 0.5, 0.9]).tolist(), chance))
    frame = pd.DataFrame(rows, columns=["team", "target", "p10", "p50", "p90", "probability"])
    frame = frame.drop(columns=["target", "probability"] if frame["target"].isna().all() else [])
    present.show_table(
        frame,
        title=_("Top-down beside bottom-up, by team"),
        table="one_forecast",
    )
