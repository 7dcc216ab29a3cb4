"""The page of the sales model: what it says, what a person does with it, what others take from it."""

from __future__ import annotations

import contextlib
import io
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from salesops_nb import open_workbook
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.hiring_needs.arguments import of_sales_model
from salesops_nb.notebook.sales_model import acting, claims, finding, flows
from salesops_nb.notebook.sales_model import plan as working
from salesops_nb.notebook.sales_model.parameters import SalesModel
from salesops_nb.notebook.target_setting.quota import asked_for
from salesops_nb.present.language.translation import use_locale
from salesops_nb.store.scenarios import saved_scenarios
from salesops_nb.store.strategy_proposals import decided, proposed

ROOT = Path(__file__).resolve().parents[2]
BY = {"act_by": "Ada Example", "act_on": date(2018, 1, 8)}


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sales_model")
    for name in ("workbook.yml", "mapping.yml", "strategy.yml"):
        shutil.copy(ROOT / name, folder)
    (folder / "data").symlink_to(ROOT / "data")
    found = open_workbook(folder)
    yield found
    found.close()


@pytest.fixture(scope="module")
def model(workbook):
    return working.learned(workbook, draws=400)


@pytest.fixture(autouse=True)
def english():
    use_locale("en_US", "USD")


def said(show, *given) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show(*given)
    return out.getvalue()


def planned(workbook, model, **asked):
    return working.planned(workbook, SalesModel(**asked), model)


def act(workbook, model, **asked) -> str:
    wanted = SalesModel(**BY, **asked)
    return said(acting.acted, workbook, wanted, working.planned(workbook, wanted, model))


def test_the_lead_is_short_and_names_what_does_not_hold(workbook, model):
    words = finding.lead(planned(workbook, model))
    assert len(words.split()) <= 45
    assert "contradict the model on deal size: $2,361, not $3,000" in words
    tight = finding.lead(planned(workbook, model, reps=10))
    assert len(tight.split()) <= 45
    assert "That is refused: open deals a rep in" in tight


def test_three_to_five_cards(workbook, model):
    text = said(finding.headlines, planned(workbook, model))
    assert 3 <= text.count("'sentence'") <= 5
    assert "a habit, not the work" in text


def test_segments_sum_to_the_company_to_the_cent(workbook, model):
    plan = planned(workbook, model, target=1_000_000.01)
    assert sum((sum(row, Decimal(0)) for row in plan.flow.bookings), Decimal(0)) == Decimal("1000000.01")
    text = said(flows.segments, plan)
    assert "All others" in text


def test_declared_figures_move_what_was_measured_in_proportion(workbook, model):
    measured, declared = (planned(workbook, model, figures=each) for each in ("measured", "declared"))
    factor = declared.funnel.size.mean() / measured.funnel.size.mean()
    assert factor == pytest.approx(3000 / 2360.9, rel=1e-3)
    assert declared.funnel.share[0] == pytest.approx(0.62)


def test_what_was_not_opened_in_time_is_missing_in_the_year(workbook, model):
    plan = planned(workbook, model)
    assert float(plan.caught.sum(axis=1).mean()) < float(plan.target)
    assert "What was not opened in time is missing" in said(flows.backwards, plan)


def test_a_scenario_is_saved_and_one_beyond_capacity_is_refused(workbook, model):
    assert "is saved" in act(workbook, model, act="save scenario", act_name="Base", target=9e6)
    with pytest.raises(SalesopsError, match=r"refused: in 2018.\d\d it takes \d+% .* open deals a rep"):
        act(workbook, model, act="save scenario", act_name="Dream", target=40e6)
    assert [each.name for each in saved_scenarios(workbook.store, "sales_model")] == ["Base"]
    asked = SalesModel(draws=400)
    text = said(acting.scenarios, workbook, asked, working.planned(workbook, asked, model))
    assert "Base | Target 9,000,000" in text


@pytest.mark.parametrize("lacks", ["act_by", "act_on", "act_name"])
def test_nothing_is_done_without_who_when_and_what(workbook, model, lacks):
    given = {**BY, "act": "save scenario", "act_name": "X", lacks: None}
    asked = SalesModel(**given)
    with pytest.raises(SalesopsError, match=f"{lacks}.* is empty"):
        acting.acted(workbook, asked, working.planned(workbook, asked, model))


def test_a_person_declines_or_accepts_a_figure(workbook, model):
    assert "stays as it is" in act(workbook, model, act="decline figure", act_name="deal size")
    assert decided(workbook.store, "3")["deal size"]["decided"] == "declined"
    assert "declined by Ada Example" in said(claims.judged, workbook, model)
    assert "accepts $2,360" in act(workbook, model, act="accept figure", act_name="Deal size")
    [proposal] = proposed(workbook.store)
    assert proposal.content["sales_model"]["claims"][1]["value"] == 2360
    assert (proposal.author, proposal.approver) == ("Ada Example", None)
    with pytest.raises(SalesopsError, match="the data do not contradict it"):
        act(workbook, model, act="accept figure", act_name="win rate")
    with pytest.raises(SalesopsError, match="makes no claim 'wages'"):
        act(workbook, model, act="accept figure", act_name="wages")


def test_target_setting_and_hiring_take_what_is_approved_and_nothing_else(workbook, model):
    basis = SimpleNamespace(year=workbook.calendar.period("2018"))
    assert asked_for(workbook, basis, None, 0.1) == {"growth": 0.1}
    assert of_sales_model(workbook, 12) is None
    with pytest.raises(SalesopsError, match="is refused"):
        act(workbook, model, act="approve model", target=40e6)
    assert "Approved by Ada Example" in act(workbook, model, act="approve model", target=12e6)
    assert asked_for(workbook, basis, None, 0.1) == {"company_target": Decimal("12000000.00")}
    assert asked_for(workbook, basis, 5.0, 0.1) == {"company_target": 5.0}
    assert of_sales_model(workbook, 12) == 12e6
    assert of_sales_model(workbook, 13) is None


def test_in_romanian(workbook, model):
    use_locale("ro_RO", "USD")
    plan = planned(workbook, model)
    text = finding.lead(plan) + said(claims.judged, workbook, model) + said(flows.capacity, plan)
    assert "Datele contrazic modelul" in text
    assert "contrazisă" in text
    for english_words in ("deals", "claim", "open ", "declared"):
        assert f" {english_words}" not in text.replace("open_deals", "").replace("deal size", "")


def test_a_year_that_is_over_plans_nothing_of_capacity(workbook, model):
    plan = planned(workbook, model, year=2017)
    assert plan.used.empty
    assert plan.origin == "targets"
    assert "No limit of capacity" in said(finding.headlines, plan)


def test_without_a_strategy_the_page_says_how_to_write_one(workbook, model):
    bare = SimpleNamespace(**{**vars(model), "strategy": None, "version": type(model.version)(), "claims":
                              model.claims.head(0)})  # fmt: skip
    assert "names no strategy" in said(finding.strategy_text, bare)
    assert "claims nothing that can be checked" in said(claims.judged, workbook, bare)


def test_mission_and_vision_stand_on_covers_where_the_workbook_asks_and_escaped(workbook):
    from salesops_nb.present.page.render import part
    from salesops_nb.present.panel.panel import _asked_for_on_covers

    assert _asked_for_on_covers(workbook, date(2017, 12, 31)) == {}
    asked = workbook.settings.model_copy(update={"covers": ("mission", "vision")})
    book = SimpleNamespace(settings=asked, folder=workbook.folder)
    found = _asked_for_on_covers(book, date(2015, 1, 1))
    assert found == {"mission": "We sell dependable computing hardware.",
                     "vision": "To be the first name for workstations in our regions."}  # fmt: skip
    facts = {"title": "T", "company": "", "subtitle": "", "period": "", "as_of": "", "status": "final",
             "warnings": [], "lead": "", "caveat": "", "mission": "<script>", "vision": "a & b"}  # fmt: skip
    html = part("cover", facts)
    assert "&lt;script&gt;" in html
    assert "a &amp; b" in html
