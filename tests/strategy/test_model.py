"""The sales model on constructed companies: claims, the funnel, and a year worked both ways."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from salesops_nb import strategy
from salesops_nb.core.periods import FiscalCalendar
from salesops_nb.errors import SalesopsError
from salesops_nb.strategy import Figure, Version, verdict
from salesops_nb.strategy.capacity import Limits
from salesops_nb.strategy.figures import _share, figure
from salesops_nb.strategy.funnel import _table
from salesops_nb.strategy.versions import Claim, SalesModel

CALENDAR = FiscalCalendar()
DAY = date(2017, 12, 31)


def deals(months: int = 24, each: int = 40, won: int = 20, lag: int = 2, size: int = 1_000) -> pd.DataFrame:
    """So many deals a month, of which the first are won `lag` months later and the rest lost in a month."""
    rows = []
    for month in range(months):
        start = pd.Timestamp("2016-01-10") + pd.DateOffset(months=month)
        for n in range(each):
            end = start + pd.DateOffset(months=lag if n < won else 1)
            over = end <= pd.Timestamp(DAY)
            rows.append({
                "deal_id": f"{month}-{n}", "owner_id": f"r{n % 4}", "account_id": "a" if n % 2 else "b",
                "stage": "Won" if n < won else "Lost", "amount": Decimal(size), "product_id": "p",
                "outcome": ("won" if n < won else "lost") if over else "open",
                "created_on": start.date(), "closed_on": end.date() if over else None,
            })  # fmt: skip
    return pd.DataFrame(rows)


ACCOUNTS = pd.DataFrame({"account_id": ["a", "b"], "name": ["A", "B"], "employees": [10, 5_000]})
SEGMENTS = SalesModel(
    segments=[{"name": "Large", "accounts": "employees > 100", "ideal": "employees > 1000"}]
)


@pytest.fixture(scope="module")
def found():
    return strategy.read_deals({"deals": deals(), "accounts": ACCOUNTS}, SEGMENTS, DAY)


@pytest.fixture(scope="module")
def funnel(found):
    return strategy.learn(found, {"deals": deals()}, draws=400)


def claim(metric: str = "win_rate", value: float = 0.5, within: float = 0.05, **more) -> Claim:
    return Claim(name="c", metric=metric, value=value, within=within, review_on=date(2018, 1, 1), **more)


def test_figures_are_those_of_the_deals_closed_in_twelve_months(found):
    rate = figure(claim(), found, {}, CALENDAR, {})
    # closed in 2017: those opened from November 2016 to October (won), December to November (lost)
    assert (rate.value, rate.n) == (0.5, 480)
    size = figure(claim("average_deal", 900, 10), found, {}, CALENDAR, {})
    assert (size.value, size.n) == (1_000, 240)
    mix = figure(claim("mix", 0.5, segment="Large"), found, {}, CALENDAR, {})
    ideal = figure(claim("ideal_customer", 0.5, segment="Large"), found, {}, CALENDAR, {})
    assert (mix.value, ideal.value) == (0.5, 1.0)


def test_the_life_table_follows_the_same_deals(found):
    table = _table(found.frame, pd.Period("2017-12", "M"))
    assert table.at_risk[:4].tolist() == [960, 920, 440, 0]
    assert table.won[:4].tolist() == [0, 0, 440, 0]
    assert table.lost[:3].tolist() == [0, 460, 0]


def test_young_deals_do_not_make_the_rate_look_worse(funnel):
    assert funnel.rate.mean() == pytest.approx(0.5, abs=0.01)
    assert funnel.delay == pytest.approx([2, 2], abs=1e-9)


def test_december_does_not_close_in_december(funnel):
    target = [Decimal(0)] * 11 + [Decimal(100_000)]
    flow = strategy.backwards(target, funnel, "USD")
    opened = flow.opened.sum(axis=1).mean(axis=0)[flow.before :]
    assert opened[9] == pytest.approx(200, rel=0.02)  # won two months later, one of two
    assert opened[10] == opened[11] == 0


def test_both_ways_agree_draw_by_draw_and_segments_are_the_company(funnel):
    rng = np.random.default_rng(0)
    target = [Decimal(int(each)) / 100 for each in rng.integers(0, 10**8, 12)]
    flow = strategy.backwards(target, funnel, "USD")
    assert flow.target == tuple(target)
    asked = np.array(flow.bookings, dtype=float)
    assert np.allclose(flow.forward, asked, atol=0.011)
    assert flow.opened.min() >= 0
    again = strategy.forwards(flow.opened, funnel, 12, flow.season)
    assert np.array_equal(again, flow.forward)


def test_what_is_needed_on_average_is_the_mean_of_won_over_rate(funnel):
    flow = strategy.backwards([Decimal(10_000)] * 12, funnel, "USD")
    by_draw = (flow.won / funnel.rate[:, :, None]).sum(axis=(1, 2))
    needed = flow.opened[:, :, flow.before :].sum(axis=(1, 2))
    assert needed == pytest.approx(by_draw)
    plain = flow.won.mean(axis=0).sum() / funnel.rate.mean()
    assert needed.mean() > plain


def test_a_target_of_nothing_asks_for_nothing(funnel):
    flow = strategy.backwards([Decimal(0)] * 12, funnel, "USD")
    assert not flow.opened.any()
    assert flow.apart == 0


def test_an_even_target_has_no_season(funnel):
    flow = strategy.backwards([Decimal(500)] * 12, funnel, "USD")
    assert np.allclose(flow.season, 1)


def test_nobody_sold():
    rows = deals(won=0)
    with pytest.raises(SalesopsError, match="Nothing can be worked out"):
        strategy.learn(strategy.read_deals({"deals": rows}, SalesModel(), DAY), {"deals": rows})


def test_a_segment_with_few_won_deals_has_the_companys_figures():
    rows = deals()
    rows["account_id"] = ["a" if n < 950 else "b" for n in range(len(rows))]
    held = strategy.read_deals({"deals": rows, "accounts": ACCOUNTS}, SEGMENTS, DAY)
    found = strategy.learn(held, {"deals": rows}, draws=200)
    assert found.segments == ("Large", "")
    assert found.borrowed.tolist() == [True, False]
    assert found.rate[:, 0].mean() == pytest.approx(0.5, abs=0.02)


def test_deals_without_an_account_are_shared_and_not_left_out():
    rows = deals()
    rows.loc[rows["outcome"] != "won", "account_id"] = None
    held = strategy.read_deals({"deals": rows, "accounts": ACCOUNTS}, SEGMENTS, DAY)
    found = strategy.learn(held, {"deals": rows}, draws=200)
    assert found.rate.mean(axis=0) == pytest.approx([0.5, 0.5], abs=0.02)


def test_more_cannot_be_won_than_is_opened(funnel):
    with pytest.raises(SalesopsError, match="nobody wins more than are opened"):
        strategy.restated(funnel, rate=2.5)


def test_a_longer_cycle_moves_openings_earlier(funnel):
    slow = strategy.restated(funnel, cycle=2)
    target = [Decimal(0)] * 11 + [Decimal(100_000)]
    opened = strategy.backwards(target, slow, "USD").opened.sum(axis=1).mean(axis=0)[slow.months :]
    assert np.flatnonzero(opened).tolist() == [7]


def test_capacity_names_what_binds_and_when(funnel):
    flow = strategy.backwards([Decimal(10_000)] * 11 + [Decimal(50_000)], funnel, "USD")
    most = Limits(None, 10.0, {"open_deals": "declared"})
    used = strategy.used(flow, funnel, most, [30] * 12)
    assert used["what"].tolist() == ["open_deals"]
    assert used.loc[0, "month"] in (9, 10)
    assert used.loc[0, "used"] == pytest.approx(used.loc[0, "need"] / 10)
    assert strategy.used(flow, funnel, most, [30] * 12, ahead=12).empty


@pytest.mark.parametrize(
    ("rate", "low"), [(0.1, 0.55), (0.3, 0.9), (0.5, 0.99)]
)  # 0.8 of the claim, at 1,000 deals
def test_a_departure_is_found_and_a_true_claim_is_not_called_wrong(rate, low):
    rng = np.random.default_rng(0)
    made = claim(value=rate, within=1e-6)

    def wrong(truth: float) -> float:
        counts, times = np.unique(rng.binomial(1_000, truth, 20_000), return_counts=True)
        said = [verdict(made, _share(int(n), 1_000))[0] == "contradicted" for n in counts]
        return float((times * np.array(said)).sum() / 20_000)

    assert wrong(0.8 * rate) >= low
    assert wrong(rate) <= 0.053


def test_few_deals_say_nothing_and_none_neither():
    assert verdict(claim(), Figure(0.0, 0.0, 0.3, 8, 0.0, 8.0))[0] == "too little data"
    assert verdict(claim(), strategy.figures.NOTHING)[0] == "too little data"


def test_claims_that_need_somebody_are_offered_as_rows():
    rows = deals(size=1_000)
    version = Version(
        version=1, valid_from=date(2017, 3, 1), author="A", approver="B", reason="r",
        sales_model={"claims": [
            {"name": name, "metric": "win_rate", "value": value, "within": 0.1,
             "review_on": date(year, 6, 30)}
            for name, value, year in (("rate", 0.5, 2017), ("high", 0.8, 2018))
        ]},
    )  # fmt: skip
    found = strategy.attention(version, {"deals": rows}, CALENDAR, {}, DAY)
    assert found[["kind", "what", "since"]].values.tolist() == [
        ["claim stale", "rate", date(2017, 6, 30)],
        ["claim contradicted", "high", date(2017, 3, 31)],
    ]
    assert found["how_sure"].min() > 0.95
    assert strategy.attention(None, {"deals": rows}, CALENDAR, {}).empty
    assert strategy.attention(Version(mission="m"), {"deals": rows}, CALENDAR, {}).empty


def test_a_stage_that_the_crm_lacks_and_a_column_that_accounts_lack():
    made = strategy.read(
        {"sales_model": {"stages": [{"name": "Won"}, {"name": "Wom"}],
                         "segments": [{"name": "Large", "accounts": "heads > 5"}]}},
        strategy.versions.Path("strategy.yml"),
    )  # fmt: skip
    faults = strategy.held_against(made, {"deals": deals(), "accounts": ACCOUNTS}, {}, DAY)
    assert [each.code for each in faults] == ["strategy-stage", "strategy-condition"]
    assert "Won" in faults[0].message
    [alone] = strategy.held_against(made, {"deals": deals()}, {"Wom": "won"}, DAY)
    assert alone.code == "strategy-no-accounts"
