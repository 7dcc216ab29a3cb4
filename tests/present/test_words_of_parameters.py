"""A page states what it was asked, and what has no name, in its reader's language."""

import pandas as pd
import pytest

from salesops_nb import facts
from salesops_nb.notebook.performance_review import PerformanceReview
from salesops_nb.present.language.called import _NAMELESS, called, frame_called
from salesops_nb.present.language.translation import use_locale
from salesops_nb.present.panel.choices import chosen


@pytest.fixture(autouse=True)
def _language():
    yield
    use_locale("en_US", "USD")


def test_chosen_words_are_those_of_the_panel():
    asked = PerformanceReview(compare_to="last-year", who="company")
    use_locale("en_US", "USD")
    assert chosen(asked, "compare_to", "last-year") == "Last year"
    use_locale("ro_RO", "RON")
    stated = {name: chosen(asked, name, value) for name, value in asked.model_dump().items()}
    assert (stated["level"], stated["compare_to"], stated["structure"]) == (
        "Companie", "Anul trecut", "Cum erau",
    )  # fmt: skip
    assert (stated["who"], stated["period"], stated["as_of"]) == ("company", "2017-Q4", None)


def test_what_has_no_name_is_a_word():
    assert set(_NAMELESS) == {facts.UNKNOWN, facts.UNASSIGNED}
    frame = pd.DataFrame({"group": ["unknown", "Retail"], "won": [1, 2]})
    assert list(frame_called(frame)["group"]) == ["unknown", "Retail"]
    use_locale("ro_RO", "RON")
    assert list(frame_called(frame)["group"]) == ["necunoscut", "Retail"]
    assert called("unassigned") == "nealocat"
    assert called("an unknown deal") == "an unknown deal"
