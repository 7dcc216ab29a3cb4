"""Every worked example of the published cases, whole file: none may go unread."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML
from scipy import stats as scipy_stats

from salesops_nb.core import statistics
from salesops_nb.forecast import ape, mape, wape, weighted_forecast
from salesops_nb.hiring.planning import arithmetic
from salesops_nb.targets import ratios

CASES = YAML(typ="safe").load((Path(__file__).parents[1] / "cases" / "people.yaml").read_text())["cases"]


def D(value):
    return Decimal(str(value))


def capacity_ramped_plus_ramping(i):
    ramped = arithmetic.team_capacity([(i["ramped_reps"], 1, D(i["ramped_attainment"]))], i["quota_per_rep"])
    new = (i["ramping_reps"], D(i["ramping_productivity"]), 1)
    ramping = arithmetic.team_capacity([new], i["quota_per_rep"])
    groups = [(i["ramped_reps"], 1, D(i["ramped_attainment"])), new]
    total = arithmetic.team_capacity(groups, i["quota_per_rep"])
    return {"ramped_capacity": ramped, "ramping_capacity": ramping, "total_capacity": total}


def rre_with_expected_attainment(i):
    groups = [(g["headcount"], D(g["ramp"]), D(g["attainment"])) for g in i["groups"]]
    parts, total = arithmetic.effective_heads(groups)
    return {"group_rre": parts, "total_effective_rre": total, "headcount": sum(g[0] for g in groups)}


def ramp_progression_gain(i):
    now, then = (
        arithmetic.team_capacity([(i["reps"], D(i[key]), 1)], i["full_capacity_per_rep"])
        for key in ("ramp_now", "ramp_next")
    )
    return {"capacity_gain": then - now}


def new_hire_first_three_months(i):
    ramp = [D(share) for share in i["ramp_by_month"]]
    return {"monthly_contribution": arithmetic.ramp_contribution(i["monthly_capacity"], ramp)}


def linear_ramp_two_reps(i):
    shares = [arithmetic.linear_ramp(t, i["months_to_full_ramp"]) for t in i["rep_tenure_months"]]
    groups = [(1, share, 1) for share in shares]
    return {"capacity_this_month": arithmetic.team_capacity(groups, i["monthly_quota"])}


def naive_headcount_vs_target(i):
    reps, whole = arithmetic.naive_hires(i["new_arr_target"], i["quota_per_ae"])
    return {"naive_reps": reps, "naive_reps_rounded_up": whole}


def rep_fully_loaded_cost(i):
    load = D(i["overhead_load"])
    overhead, total = arithmetic.loaded_cost(i["ote"], load, i["travel"], i["training"])
    return {"overhead": overhead, "total_cost": total}


def attainment_factor_and_overassign(i):
    street, company = Decimal(i["street_quota"]), Decimal(i["company_target"])
    return {
        "attainment_factor": ratios.attainment_factor(company, street),
        "over_assign": ratios.over_assignment(street, company),
    }


def coverage_vs_required_midmarket(i):
    wins = arithmetic.expected_wins(i["open_pipeline"], D(i["win_rate"]))
    return {
        "coverage": arithmetic.coverage(i["open_pipeline"], i["remaining_quota"]),
        "required_coverage": arithmetic.required_coverage(D(i["win_rate"])),
        "expected_closed_won": wins,
        "expected_share_of_remaining": arithmetic.coverage(wins, i["remaining_quota"]),
    }


def velocity_forty_open(i):
    day = arithmetic.velocity(i["opportunities"], i["average_deal"], D(i["win_rate"]), i["cycle_days"])
    return {"per_day": day, "per_month": day * i["days_per_month"]}


def average_contract_value(i):
    return {"acv": arithmetic.average_value(i["contracts"])}


def backsolve_14_deals_to_calls(i):
    names = ("proposal_to_deal", "second_meeting_to_proposal", "first_to_second_meeting", "call_to_meeting")
    steps = arithmetic.backsolve(i["deals"], *(D(i[name]) for name in names))
    made = arithmetic.whole(steps)
    return dict(zip(("proposals", "second_meetings", "first_meetings", "cold_calls"), made, strict=True))


def attainment_simple(i):
    return {"attainment": ratios.attainment(i["sales"], i["quota"])}


def share_of_reps_clearing_quota(i):
    teams = [[1] * t["at_quota"] + [0] * (t["reps"] - t["at_quota"]) for t in i["teams"]]
    return {"share": [ratios.share_at_quota(team) for team in teams]}


def mape_vs_wmape_two_items(i):
    pair = i["actual"], i["forecast"]
    return {"ape": ape(*pair), "mape": mape(*pair), "wape": wape(*pair)}


def weighted_forecast_by_month(i):
    return {"by_month": weighted_forecast(i["deals"])}


def gini_five_even_steps(i):
    return {"gini": statistics.gini(i["values"])}


def impact_ratios_four_groups(i):
    found = statistics.impact_ratios(i["selection_rates"])
    ratios = found["ratio"].drop(found["ratio"].idxmax())
    return {"impact_ratios": ratios.to_dict(), "flagged": list(found.index[found["flagged"]])}


def fisher_manager_selection(i):
    men, women = i["candidates"]["male"], i["candidates"]["female"]
    chosen = i["selected"]["male"], i["selected"]["female"]
    table = [[chosen[0], men - chosen[0]], [chosen[1], women - chosen[1]]]
    law = scipy_stats.hypergeom(men + women, men, sum(chosen))
    ways = [round(law.pmf(k) * 20) for k in range(sum(chosen) + 1)]
    p = scipy_stats.fisher_exact(table, alternative="greater").pvalue
    return {"p_one_sided": p, "tables_by_male_count": ways}


def fisher_tea_tasting(i):
    return {"p": scipy_stats.fisher_exact(i["table"], alternative=i["alternative"]).pvalue}


def wilson_with_continuity_correction(i):
    return {"wilson_cc": statistics.wilson(i["successes"], i["n"], i["confidence"], continuity=True)}


def clopper_pearson_7_of_50(i):
    args = i["successes"], i["n"], i["confidence"]
    return {"exact": statistics.exact_interval(*args), "wilson": statistics.wilson(*args)}


def bh_step_up_rescues_smaller_p(i):
    adjusted = statistics.benjamini_hochberg(i["p_values"])
    return {"adjusted": adjusted, "rejected": [bool(v) for v in adjusted <= i["q"]]}


def beta_prior_4_of_10_vs_300_of_1000(i):
    won, n = zip(*i["cases"], strict=True)
    found = statistics.empirical_bayes(won, n, prior=(i["alpha0"], i["beta0"]))
    return {"estimates": found["estimate"]}


def kaplan_meier_eight_subjects(i):
    found = statistics.kaplan_meier(i["durations"], i["event"])
    return {"survival": {f"{t:g}": s for t, s in zip(found["time"], found["survival"], strict=True)}}


def xmr_moving_range_first_point_missing(i):
    ranges = statistics.xmr(i["values"]).moving_ranges
    return {"moving_ranges": [None if np.isnan(v) else v for v in ranges]}


def conversion_mix_shift_three_channels(i):
    columns = [
        [g[key] for g in i[week]] for week in ("last_week", "this_week") for key in ("visits", "conversion")
    ]
    before, after = (float(np.average(columns[k + 1], weights=columns[k])) for k in (0, 2))
    parts = statistics.mix_rate(*columns)
    rate, mix = parts["rate_effect"].sum(), parts["mix_effect"].sum()
    assert rate + mix == pytest.approx(after - before, abs=1e-15)
    return {
        "overall_last": before,
        "overall_this": after,
        "change": after - before,
        "kitagawa_rate_effect": rate,
        "kitagawa_mix_effect": mix,
    }


def win_rate_excludes_open(i):
    """Through the performance review's own tables: open deals are no part of the rate."""
    from salesops_nb import performance

    outcomes = ["won"] * i["closed_won"] + ["lost"] * i["closed_lost"] + ["open"] * i["still_open"]
    day = date(2025, 2, 3)
    deals = pd.DataFrame(
        {
            "deal_id": [f"d{n}" for n in range(len(outcomes))],
            "owner_id": "p1",
            "account_id": "a1",
            "product_id": "x",
            "stage": outcomes,
            "outcome": outcomes,
            "amount": [Decimal(100)] * len(outcomes),
            "created_on": date(2025, 1, 6),
            "closed_on": [None if o == "open" else day for o in outcomes],
        }
    )
    people = pd.DataFrame({"person_id": ["p1"], "name": ["P"], "role": ["AE"], "team": ["T"]})
    review = performance.review({"deals": deals, "people": people}, "2025-Q1", as_of=date(2025, 3, 31))
    row = review.company
    return {"closed": int(row["won"]) + int(row["lost"]), "win_rate": float(row["win_rate"])}


def stage_entry_cohort_conversion(i):
    made = arithmetic.coverage(i["later_reached_next_stage"], i["entered_stage_in_window"])
    return {"conversion": made}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_published_case(case):
    found = globals()[case["id"].replace("-", "_")](case["inputs"])
    for name, expected in case["expected"].items():
        tolerance = case["tolerance"]
        tolerance = tolerance[name] if isinstance(tolerance, dict) else tolerance
        _same(found[name], expected, tolerance, name)


def _same(found, expected, tolerance, name):
    if isinstance(expected, dict):
        assert set(found) == set(expected), name
        for key, value in expected.items():
            _same(found[key], value, tolerance, f"{name}.{key}")
    elif isinstance(expected, list):
        found = list(found)
        assert len(found) == len(expected), name
        for position, value in enumerate(expected):
            _same(found[position], value, tolerance, f"{name}[{position}]")
    elif expected is None or isinstance(expected, bool | str):
        assert found == expected, name
    else:
        assert float(found) == pytest.approx(float(expected), abs=float(tolerance), rel=0), name
