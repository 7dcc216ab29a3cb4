"""Headers are known by the layouts of CRMs, and columns of a quota sheet by their periods."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from salesops_nb.cli import main
from salesops_nb.own_data.layouts import layout_of, layouts, outcome_of
from salesops_nb.source.columns.period_names import period_of


@pytest.mark.parametrize("layout", layouts(), ids=lambda each: f"{each.crm}-{each.table}")
def test_every_built_in_mapping_is_recognised_by_its_own_headers(layout):
    if len(layout.headers) < 4:
        pytest.skip("three headers tell nothing")
    found = layout_of([*layout.headers.values()])
    assert (found.crm, found.table) == (layout.crm, layout.table)


def test_headers_of_nothing_known_are_no_layout():
    assert layout_of(["Sorte", "Menge", "Lager", "Regal", "Fach"]) is None


@pytest.mark.parametrize(
    ("header", "year", "period"),
    [
        ("Jan 2026", None, "2026-01"), ("January", 2026, "2026-01"), ("Jänner", 2026, "2026-01"),
        ("März 26", None, "2026-03"), ("Mrz", 2026, "2026-03"), ("Dez. 2025", None, "2025-12"),
        ("Q2 2026", None, "2026-Q2"), ("2026-Q2", None, "2026-Q2"), ("Q1", None, None),
        ("Q1", 2026, "2026-Q1"),
        ("2026-03", None, "2026-03"), ("2026-03-01", None, "2026-03"), ("03/2026", None, "2026-03"),
        ("13/2026", None, None), ("Total", 2026, None), ("Total 2026", None, None), ("Region 1", None, None),
        ("Jan 2026 actual", None, None), ("FY 2026", None, None),
    ],
)  # fmt: skip
def test_a_header_names_a_period(header, year, period):
    assert period_of(header, year) == period


@pytest.mark.parametrize(
    ("stage", "outcome"),
    [("Closed Won", "won"), ("CLOSED-LOST", "lost"), ("gewonnen", "won"), ("Negotiation/Review", "open"),
     ("Won back", None), ("Phase 3", None)],
)  # fmt: skip
def test_only_a_stage_that_says_so_has_an_outcome(stage, outcome):
    assert outcome_of(stage) == outcome


def test_a_header_that_stands_twice_is_not_taken_for_sure(tmp_path):
    rows = "1,Ana,Closed Won,100,70,2026-01-05,2026-02-01\n2,Ben,Closed Lost,50,20,2026-01-07,2026-02-03\n"
    (tmp_path / "deals.csv").write_text("Deal ID,Owner,Stage,Amount,Amount,Created,Close Date\n" + rows)
    options = ["--from", str(tmp_path / "deals.csv"), "--yes", "--no-review", "--currency", "EUR",
               "--amount-is", "acv", "--fiscal-year", "1"]  # fmt: skip
    result = CliRunner().invoke(main, ["init", str(tmp_path / "book"), *options])
    assert "likely (stands twice in the file, as Amount (2) too)" in result.output
    assert "The header 'Amount' stands 2 times." in result.output
