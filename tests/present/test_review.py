"""The performance review's displays, on the demo."""

from datetime import date

import pytest

from salesops_nb import performance
from salesops_nb.errors import SalesopsError
from salesops_nb.present import review as show


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{percent:0.0336527} less", "3.4% less"),
        ("short of {money:2896300.0000}.", "short of $2,896,300."),
        ("nothing to fill", "nothing to fill"),
    ],
)
def test_placeholders_are_written_as_the_locale_writes_them(text, expected):
    from salesops_nb import present

    present.use_locale("en_US", "USD")
    assert show.in_words(text) == expected


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
