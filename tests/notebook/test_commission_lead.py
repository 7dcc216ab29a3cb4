"""The first sentences of the commission pages, by rules: constructed closes and real statements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from salesops_nb.commission.result.attainment import Attained
from salesops_nb.commission.statements.progress import Next
from salesops_nb.commission.statements.quota_to_pay import Step
from salesops_nb.commission.statements.statement import Statement
from salesops_nb.commission.statements.statement_lines import Line, Zero
from salesops_nb.messages import message
from salesops_nb.notebook.commission_calculation.figures import person_cards
from salesops_nb.notebook.commission_calculation.lead import MOST_WORDS, Closing, of_company, of_person
from salesops_nb.present.language.translation import use_locale

D = Decimal
NORMAL = Closing(
    "2026-Q1",
    {"USD": D(1101)},
    ("Ada", "Bo"),
    credit=D(22_000),
    before="2025-Q4",
    paid_before={"USD": D(1000)},
    credit_before=D(20_000),
    statuses={"draft": 2},
    cut_off=date(2026, 4, 8),
    pay_date=date(2026, 4, 25),
)
ONE = replace(NORMAL, names=("Ada",), statuses={"draft": 1})
NOBODY = replace(NORMAL, paid={}, names=(), credit=D(0), statuses={})


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_locale("en_US", "USD")
    yield
    use_locale("en_US", "USD")


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (NORMAL, "2026-Q1 pays 2 people $1,101.00, 10.1% more than 2025-Q4, on 10.0% more credit. All 2 "
                 "statements are drafts: review and approve them by Apr 8, 2026. Every credit is placed to "
                 "the cent."),
        (ONE, "2026-Q1 pays Ada $1,101.00, 10.1% more than 2025-Q4, on 10.0% more credit. The statement is a "
              "draft: approve it by Apr 8, 2026. Every credit is placed to the cent."),
        # less, and against the course of credit
        (replace(NORMAL, paid={"USD": D(900)}),
         "2026-Q1 pays 2 people $900.00, 10.0% less than 2025-Q4, though credit grew by 10.0%. All 2"),
        (replace(NORMAL, paid={"USD": D(900)}, credit=D(18_000)),
         "10.0% less than 2025-Q4, on 10.0% less credit."),
        (replace(NORMAL, credit=D(18_000)), "10.1% more than 2025-Q4, though credit fell by 10.0%."),
        (replace(NORMAL, paid={"USD": D(1001)}), "2026-Q1 pays 2 people $1,001.00, as much as 2025-Q4. All"),
        # nothing to compare with
        (replace(NORMAL, before="", paid_before={}), "2026-Q1 pays 2 people $1,101.00. All 2 statements"),
        (replace(NORMAL, paid_before={"USD": D(0)}), "2026-Q1 pays 2 people $1,101.00. All 2 statements"),
        (replace(NORMAL, paid_before={"EUR": D(9)}), "2026-Q1 pays 2 people $1,101.00. All 2 statements"),
        (replace(NORMAL, paid={"EUR": D(1), "USD": D(2)}), "2026-Q1 pays 2 people €1.00 + $2.00. All"),
        (replace(NORMAL, paid=dict.fromkeys(("CHF", "EUR", "USD"), D(1))),
         "2026-Q1 pays 2 people amounts in 3 currencies. All"),
        # nothing earned
        (NOBODY, "2026-Q1 pays nobody: no deal earned credit."),
        (replace(NOBODY, planned=False), "No plan is in force in 2026-Q1: nobody is paid."),
        (replace(NOBODY, waits={"USD": D(70)}), "2026-Q1 pays nobody yet: $70.00 is earned and waits"),
        (replace(NOBODY, errors=1),
         "2026-Q1 pays nobody. 1 error keeps pay back: resolve it before the close."),
        # negative pay
        (replace(NORMAL, paid={"USD": D(-70)}),
         "2026-Q1 comes to −$70.00 for 2 people: no more was earned than was taken back."),
        (replace(NORMAL, below=("Ada",)),
         "Ada comes to less than zero: decide whether it is carried or owed."),
        (replace(NORMAL, below=("Ada", "Bo")), "Ada and others (2 people) come to less than zero"),
        # an advance
        (replace(NORMAL, advanced={"USD": D(400)}),
         "on 10.0% more credit; $400.00 of it in draws, to be repaid."),
        # what is set aside goes before drafts, and sums that do not tie before everything
        (replace(NORMAL, errors=3, below=("Ada",)), "3 errors keep pay back: resolve them before the close."),
        (replace(NORMAL, errors=3, ties=False),
         "The sums do not tie: pay nothing before this is understood."),
        (replace(NORMAL, disputes=2), "2 disputes are open: answer them before the close."),
        # where the period stands
        (replace(NORMAL, posted=False), "Nothing is posted yet: write the drafts, then have them approved."),
        (replace(NORMAL, cut_off=None), "All 2 statements are drafts: review and approve them."),
        (replace(NORMAL, statuses={"draft": 1, "approved": 4}), "1 of 5 statements is still a draft."),
        (replace(NORMAL, statuses={"reviewed": 2}), "Reviewed, and not approved yet"),
        (replace(NORMAL, statuses={"approved": 2}), "All statements are approved: pay on Apr 25, 2026."),
        (replace(NORMAL, statuses={"locked": 2}, pay_date=None), "All statements are approved."),
        (replace(NORMAL, statuses={"paid": 2}, paid_on=date(2026, 4, 24)),
         "The period is closed: all was paid on Apr 24, 2026."),
    ],
)  # fmt: skip
def test_the_lead_of_a_close(found: Closing, wanted: str) -> None:
    said = of_company(found)
    assert wanted in said
    assert len(said.split()) <= MOST_WORDS
    assert ("placed to the cent" in said) <= (found.ties and bool(found.names))
    use_locale("ro_RO", "RON")
    romanian = of_company(found)
    assert romanian != said
    assert len(romanian.split()) <= MOST_WORDS


PLACE = Attained(
    "ada", "ae", "1", "base", "Base", "credit", D(1000), D(760), D(1000), "tier", D("0.0525")
)  # fmt: skip
FEBRUARY = date(2026, 2, 1)
LINE = Line(
    "d1", "Acme", "Pump", "Base", "commission", FEBRUARY, None, D(760), D("38.5"), "USD", message("words")
)
SLIP = Statement(
    "ada", "Ada", "2026-Q1", "draft", (LINE,), (), (PLACE,), Step("Pay at quota", D(50)), (), (), (),
    totals={"USD": D("38.50")}, year={"USD": D("138.50")}, coming=(Next(PLACE, D("12.00"), "USD"),),
    pays_on=date(2026, 4, 25), before=("2025-Q4", {"USD": D(35)}),
)  # fmt: skip
NEXT = "$240 more credit reaches the next tier, at 5.25%; getting there pays $12.00 more."
EMPTY = replace(SLIP, lines=(), totals={}, places=(), coming=(), before=None)
WHY = Zero("d1", None, None, D(0), D(0), "the deal was lost")


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (SLIP, f"$38.50 is to be paid for 2026-Q1 on Apr 25, 2026. {NEXT}"),
        (replace(SLIP, paid_on=date(2026, 4, 24)), f"$38.50 was paid for 2026-Q1 on Apr 24, 2026. {NEXT}"),
        (replace(SLIP, pays_on=None, coming=()), "$38.50 is to be paid for 2026-Q1."),
        (replace(SLIP, coming=(), zeros=(replace(WHY, waits=D(9)),)),
         "on Apr 25, 2026. $9.00 more is earned and waits for its release."),
        (replace(SLIP, lines=(LINE, replace(LINE, kind="draw", amount=D(20))), totals={"USD": D("58.50")}),
         "on Apr 25, 2026; $20.00 of it is a draw, to be repaid from later commission."),
        (replace(SLIP, totals={"USD": D(-7)}), "2026-Q1 comes to −$7.00: more was taken back than earned."),
        (replace(SLIP, totals={"USD": D(-7)}, balances=(("negative_pay", "ae", D(7)),)),
         "It is taken from the next"),
        (replace(SLIP, totals={"EUR": D(1), "USD": D(2)}), "€1.00 + $2.00 is to be paid for 2026-Q1"),
        (EMPTY, "Nothing is paid for 2026-Q1."),
        (replace(EMPTY, zeros=(WHY,)), "Nothing is paid for 2026-Q1: the deal was lost."),
        (replace(EMPTY, zeros=(replace(WHY, reason="so " * 30),)), "Nothing is paid for 2026-Q1."),
    ],
)  # fmt: skip
def test_the_lead_of_a_statement(one: Statement, wanted: str) -> None:
    said = of_person(one)
    assert wanted in said
    assert len(said.split()) <= MOST_WORDS
    use_locale("ro_RO", "RON")
    assert len(of_person(one).split()) <= MOST_WORDS


@pytest.mark.parametrize("one", [SLIP, EMPTY, replace(SLIP, totals={"USD": D(-7)}), replace(SLIP, coming=())])
def test_a_payslip_begins_with_three_to_five_figures(one: Statement) -> None:
    cards: list[Any] = person_cards(one)
    assert 3 <= len(cards) <= 5
    assert [card.get("label") for card in cards[1:3]] == ["Pay date", "Year to date"]
    assert all(card["sentence"] and len(card.get("against", ())) <= 2 for card in cards)


def test_a_payslips_figures_are_beside_what_they_are_compared_with() -> None:
    pay, _day, _year, place, coming = person_cards(SLIP)
    assert pay["against"] == [
        {"label": "to 2025-Q4", "value": D("0.1"), "unit": "percent", "good": None},
        {"label": "to pay at quota", "value": D("-0.23"), "unit": "percent", "good": False},
    ]
    assert place["against"] == [{"label": "to quota", "value": D("-0.24"), "unit": "percent", "good": False}]
    assert (coming["value"], coming["sentence"]) == ("$240", "It pays 5.25%; getting there pays $12.00 more.")
