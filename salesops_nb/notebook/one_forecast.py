"""What target setting and hiring needs both show of the one forecast, in the same words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesops_nb import present
from salesops_nb.core.money import from_float
from salesops_nb.forecast.period import Expected, by_group, expect, reconciled
from salesops_nb.present.language.translation import _


def reconciliation(found: Expected, target: Any) -> None:
    """From the target to the gap, then the chances of the same target with and without backfills."""
    currency = found.learned.panel.currency
    steps = reconciled(found)
    names = {"full output": _("Today's team at full output"), "attrition": _("Attrition"), "ramp": _("Ramp"),
             "open seats": _("Open seats"), "backfills": _("Leavers replaced"),
             "planned hires": _("Planned hires")}  # fmt: skip
    expected = float(found.made.mean())
    rows = [(_("Target"), float(target)), *zip(map(names.get, steps["step"]), steps["value"], strict=True),
            (_("Expected"), expected), (_("Gap to the target"), expected - float(target))]  # fmt: skip
    frame = pd.DataFrame(
        [(step, from_float(value, currency)) for step, value in rows], columns=["step", "value"]
    )
    present.show_table(
        frame,
        title=_("From the target to what is expected of {period}", period=found.period.key),
        table="one_forecast",
        formats={"value": "money"},
        notes=[_("Target setting and hiring needs ask the same forecast.")],
    )
    present.show_table(
        chances(found, target),
        title=_("The same target, the same people: what replacing leavers does"),
        table="one_forecast",
        formats={"probability": "percent", **dict.fromkeys(("p10", "p50", "p90"), "money")},
    )


def chances(found: Expected, target: Any) -> pd.DataFrame:
    """P10, P50, P90 and the chance of a target: leavers replaced or not, nobody else hired."""
    currency, rows = found.learned.panel.currency, []
    pool = found.futures.pool
    for replaced, words in ((False, _("Nobody is replaced or hired")), (True, _("Leavers are replaced"))):
        made = expect(found.learned, found.period, replace_leavers=replaced, futures=len(pool.draws),
                      of=found.futures)  # fmt: skip
        quantiles = (from_float(value, currency) for value in made.quantiles())
        rows.append((words, *quantiles, made.probability(float(target))))
    return pd.DataFrame(rows, columns=["policy", "p10", "p50", "p90", "probability"])


def teams(found: Expected, assigned: dict[str, Any]) -> None:
    """Per team: the target that comes down beside what comes up from its people and seats."""
    currency, rows = found.learned.panel.currency, []
    for name, made in by_group(found, "team").items():
        target = assigned.get(name)
        chance = None if target is None else float((made >= float(target)).mean())
        middle = pd.Series(made).quantile([0.1, 0.5, 0.9])
        rows.append((name, target, *(from_float(float(v), currency) for v in middle), chance))
    frame = pd.DataFrame(rows, columns=["team", "target", "p10", "p50", "p90", "probability"])
    present.show_table(
        frame,
        title=_("Top-down beside bottom-up, by team"),
        table="one_forecast",
        formats={"probability": "percent", **dict.fromkeys(("target", "p10", "p50", "p90"), "money")},
    )
