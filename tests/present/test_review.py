"""The performance review's displays, on the demo."""

from datetime import date

import pytest

from salesops_nb import performance
from salesops_nb.errors import SalesopsError
from salesops_nb.messages import message, money, percent
from salesops_nb.notebook import performance_review as show
from salesops_nb.present.language.sentences import translate
from salesops_nb.present.language.translation import use_locale


@pytest.mark.parametrize(
    ("sentence", "english", "romanian"),
    [
        (message("{share} of pace, {how}", share=percent(0.0336527),
              how=message("by days elapsed, as there is no earlier whole period")),
         "3.4% of pace, by days elapsed, as there is no earlier whole period",
         "3,4\xa0% din ritm, după zilele scurse, fiindcă nu există o perioadă întreagă anterioară"),
        (message("The period closed {gap} short of its target of {target}.",
              gap=money("1200.5000"), target=money(2896300)),
         "The period closed $1,201 short of its target of $2,896,300.",
         "Perioada s-a încheiat cu 1.201\xa0RON sub ținta de 2.896.300\xa0RON."),
        (message("{won} of {decided} decided deals were won.", won=1234, decided=2345),
         "1,234 of 2,345 decided deals were won.",
         "Tranzacții decise: 2.345, dintre care câștigate: 1.234."),
        (message(""), "", ""),
    ],
)  # fmt: skip
def test_what_an_analysis_says_is_written_as_the_reader_reads(sentence, english, romanian):
    use_locale("en_US", "USD")
    assert translate(sentence) == english
    use_locale("ro_RO", "RON")
    assert translate(sentence) == romanian


def test_every_part_displays_for_every_level(demo, capsys):
    cases = [("company", None), ("team", "Cara Losch"), ("rep", "Mei-Mei Johns"), ("rep", "Darcel Schlecht")]
    for level, who in cases:
        for to in ("previous", "target"):
            found = performance.review(
                demo.tables, "2017-Q4", date(2017, 12, 1), level=level, who=who, compare_to=to
            )
            show.headlines(found, demo.simulated)
            show.bridge(found)
            show.trend(found)
            show.groups(found.teams, "Teams", True)
            show.groups(found.people, "Reps", True)
            show.ranking(found.people, found.company, "Win rate")
            show.mix(found.products, "By product")
            show.pipeline(found)
            show.time_to_win(found)
    assert "Traceback" not in capsys.readouterr().out


def test_a_control_beyond_its_tolerance_stops_the_report(demo):
    from dataclasses import replace

    wrong = demo.settings.model_copy(
        update={"controls": (demo.settings.controls[0].model_copy(update={"sum": 1}),)}
    )
    with pytest.raises(SalesopsError, match="beyond tolerance"):
        show.set_aside(replace(demo, settings=wrong))
