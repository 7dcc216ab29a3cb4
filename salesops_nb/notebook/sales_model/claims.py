"""The claims of the sales model beside the data, and what was decided of the figures proposed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesops_nb import present
from salesops_nb.notebook.sales_model.finding import act_words, figure_words
from salesops_nb.notebook.sales_model.plan import Model
from salesops_nb.present.language.translation import _


def verdict_words() -> dict[str, str]:
    """What each verdict is called."""
    return {
        "confirmed": _("confirmed"),
        "contradicted": _("contradicted"),
        "too little data": _("too little data to say"),
    }


def metric_words() -> dict[str, str]:
    """What the metric of a claim is called."""
    return {
        "win_rate": _("win rate"),
        "stage_rate": _("stage rate"),
        "mix": _("part of bookings"),
        "ideal_customer": _("part of ideal customers"),
        "average_deal": _("deal size"),
        "cycle_days": _("cycle"),
    }


def judged(workbook: Any, model: Model) -> None:
    """Every claim: what it says, what the data say with interval and n, the verdict, and the figure
    proposed."""
    from salesops_nb.store.strategy_proposals import decided
    from salesops_nb.strategy.writing import called

    claims = model.claims
    if claims.empty:
        present.note(
            _(
                "The sales model in force claims nothing that can be checked: add claims to strategy.yml, "
                "each with "
                "metric, value, within and review_on."
            )
        )
        return
    words, kinds = verdict_words(), metric_words()
    kept = decided(workbook.store, called(model.version))
    rows = []
    for row in claims.to_dict("records"):
        metric = row["metric"]
        where = row["segment"] or row["stage"]
        done = kept.get(row["claim"])
        rows.append(
            {
                "claim": row["claim"],
                "metric": f"{kinds[metric]}: {where}" if where else kinds[metric],
                "claimed": f"{figure_words(metric, row['claimed'])} ± {_width(metric, row['within'])}",
                "value": f"{figure_words(metric, row['value'])}{_interval(metric, row['low'], row['high'])}",
                "n": row["n"],
                "verdict": words[row["verdict"]],
                "proposed": figure_words(metric, row["proposed"]),
                "review_on": row["review_on"],
                "decided": act_words(done) if done is not None else "–",
                "stale": bool(row["stale"]),
            }
        )
    table = pd.DataFrame(rows)
    late = table.pop("stale")
    if (table["decided"] == "–").all():
        table = table.drop(columns="decided")
    if all(one == other for one, other in zip(table["claim"], table["metric"], strict=True)):
        table = table.drop(columns="metric")
    table["review_on"] = [
        _("{day}, past", day=_day(day)) if old else _day(day)
        for day, old in zip(table["review_on"], late, strict=True)
    ]
    notes = [
        _(
            "Of deals closed in the twelve months up to the day, a stage rate of those that entered the "
            "stage in them. "
            "Contradicted: farther from the claim than its own width and chance allow, at 5 %; confirmed: "
            "the 90 % "
            "interval (in brackets) lies within that width."
        ),
        _(
            "A proposed figure changes nothing until a person accepts it (act) and another approves the "
            "version that "
            "follows (salesops strategy approve)."
        ),
    ]
    simulated = model.strategy is not None and model.strategy.simulated
    present.show_table(
        table,
        title=_("What the sales model claims, and what the data say"),
        table="claims",
        notes=notes,
        marks="simulated" if simulated else (),
        rows=None,
    )


def _day(day: Any) -> str:
    from salesops_nb.present.language.formats import day as written

    return written(day)


def _width(metric: str, within: float) -> str:
    return figure_words(metric, within)


def _interval(metric: str, low: float, high: float) -> str:
    """The ends of the 90 % interval, in brackets behind the figure."""
    if pd.isna(low) or pd.isna(high):
        return ""
    return f" ({figure_words(metric, low)} – {figure_words(metric, high)})"
