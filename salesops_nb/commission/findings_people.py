"""Bad rows of people, quotas and opening balances."""

from __future__ import annotations

import narwhals as nw

from salesops_nb.commission.columns import people_spans
from salesops_nb.commission.facts import Facts, owners
from salesops_nb.commission.frames import Tables, as_day, as_decimal, collected
from salesops_nb.commission.plan import Plan
from salesops_nb.errors import Problem
from salesops_nb.periods import Period


def zero_quotas(tables: Tables, chosen: list[Plan], period: Period) -> list[Problem]:
    """Quotas of zero or below in the period, and what the plan makes of them."""
    found = []
    for plan in chosen:
        quota = plan.file.quota
        if quota is None or "targets" not in tables:
            continue
        kinds = {p.key for p in period.calendar.between(period.start, period.end, plan.file.plan.period)}
        for number_, row in enumerate(tables.rows("targets"), start=2):
            value = as_decimal(row["value"])
            if (
                row.get("metric") == quota.metric
                and str(row["period"]) in kinds
                and value is not None
                and value <= 0
            ):
                bad = value < 0 or quota.if_zero in (None, "refuse")
                said = (
                    f"the plan counts it as {quota.if_zero}"
                    if not bad
                    else "the plan refuses to pay what hangs on it"
                    if quota.if_zero == "refuse" or value < 0
                    else "the plan does not say what that means ('if_zero'), so what hangs on it is withheld"
                )
                found.append(
                    Problem(
                        "zero-quota",
                        f"{row['who']} has a quota of {value:f} for {row['period']}: {said}.",
                        "Correct the target, or say quota: {if_zero: attainment_0 | attainment_100} in "
                        "the plan.",
                        table="targets",
                        row=number_,
                        column="value",
                        value=str(row["who"]),
                        severity="error" if bad else "note",
                    )
                )
    return found


def overlapping_people(tables: Tables) -> list[Problem]:
    """Two rows of one person on one day: who led them, and what they were, would be told twice."""
    if "people" not in tables:
        return []
    table, overlapping = people_spans(tables)
    rows = table.to_pylist()
    return [
        Problem(
            "overlapping-people",
            f"{rows[i]['person_id']} has another row that still holds on {rows[i]['p_from']}, when this "
            "one begins; "
            "the earlier row ends there.",
            "End the earlier row (valid_to is the day after the last).",
            table="people",
            row=i + 2,
            column="valid_from",
            value=str(rows[i]["person_id"]),
            severity="warning",
        )
        for i in overlapping
    ]


def early_history(facts: Facts, period: Period) -> list[Problem]:
    """Opening credit beside events from before its day: they would count twice."""
    found = []
    for number_, row in enumerate(facts.tables.rows("opening_balances"), start=2):
        day = as_day(row.get("as_of"))
        if row.get("kind") != "credit" or day is None or not period.start <= day < period.end:
            continue
        deals = owners(facts).filter(nw.col("owner_id") == str(row["person_id"])).select("deal_id")
        start = period.calendar.containing(day, "year").start
        early = facts.events.filter(
            (nw.col("happened_on") >= nw.lit(start)) & (nw.col("happened_on") < nw.lit(day))
        )
        n = collected(early.join(deals, on="deal_id", how="inner").select(n=nw.len()))[0]["n"]
        if n:
            found.append(
                Problem(
                    "opening-and-history",
                    f"{row['person_id']} has opening credit as of {day} and {n} events of the year before "
                    "that day; "
                    "where the plan holds on those days they count beside the opening credit.",
                    "Leave out one of the two, or begin the plan on that day.",
                    table="opening_balances",
                    row=number_,
                    column="as_of",
                    value=str(row["person_id"]),
                    severity="warning",
                )
            )
    return found
