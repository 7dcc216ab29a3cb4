"""Every figure of the review, defined once: what the report prints is what is computed."""

from __future__ import annotations

from typing import NamedTuple


class Metric(NamedTuple):
    """A figure's name, how it is found, its unit and where its rule comes from."""

    name: str
    formula: str
    unit: str
    source: str


CATALOGUE: tuple[Metric, ...] = (
    Metric("Bookings", "Sum of the amounts of deals won with a closing day in the period", "money", "deals"),
    Metric("Attainment", "Bookings ÷ target of the period", "share", "deals, targets"),
    Metric(
        "Expected by now",
        "Target × the mean share booked by the same fraction of up to eight earlier whole periods",
        "money",
        "deals, targets",
    ),
    Metric("Attainment of pace", "Bookings ÷ expected by now", "share", "deals, targets"),
    Metric(
        "Pipeline",
        "Value of open deals that are not stale; without an amount, list price × quantity (estimated)",
        "money",
        "deals, products",
    ),
    Metric(
        "Coverage",
        "Pipeline expected to close in the period ÷ (target − bookings); none once the period is over",
        "times",
        "deals, targets",
    ),
    Metric(
        "Stale deal",
        "Open for longer than 99 % of all closed deals ever took, won or lost",
        "deals",
        "deals",
    ),
    Metric(
        "Win rate by count",
        "Won ÷ (won + lost), closed in the period; 95 % interval of Wilson (1927)",
        "share",
        "deals",
    ),
    Metric(
        "Win rate, shrunk",
        "(won + α) ÷ (won + lost + α + β), the beta prior fitted to all groups (empirical Bayes)",
        "share",
        "deals",
    ),
    Metric(
        "Win rate by value",
        "Won value ÷ decided value, both at list price where lost deals carry no amount; "
        "95 % bootstrap interval",
        "share",
        "deals, products",
    ),
    Metric("Average deal", "Bookings ÷ deals won with an amount", "money", "deals"),
    Metric(
        "Time to win",
        "Days by which half of the deals ever won were won; open deals censored, losing a competing end "
        "(Aalen & Johansen 1978)",
        "days",
        "deals",
    ),
    Metric(
        "Days to win", "Mean days from creation to closing of the deals won in the period", "days", "deals"
    ),
    Metric(
        "Sales velocity",
        "Open deals that are not stale × average deal × win rate ÷ days to win",
        "money a day",
        "deals",
    ),
    Metric(
        "Volume, mix, price",
        "Change of deals at the old average price; shift between products at old prices; change of prices "
        "at new quantities. They add up to the change exactly",
        "money",
        "deals",
    ),
    Metric(
        "Natural limits",
        "Mean of the whole months ± 2.66 × their mean moving range; a signal lies outside, or in a run of "
        "eight on one side (Wheeler)",
        "money",
        "deals",
    ),
    Metric(
        "Rank range",
        "Ranks that hold 90 % of draws from the shrunk win rates (Goldstein & Spiegelhalter 1996)",
        "rank",
        "deals",
    ),
)
