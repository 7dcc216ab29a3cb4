import pytest

from salesops_nb import parameters
from salesops_nb.errors import SalesopsError
from salesops_nb.notebook.performance_review import PerformanceReview


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"perod": "2017-Q3"}, "'perod' is not a parameter of this notebook. Did you mean period? It takes"),
        ({"level": "squad"}, "level is 'squad': input should be 'company', 'team' or 'rep'."),
        ({"as_of": "abc"}, "as_of is 'abc': input should be a day, as 2017-12-31."),
        ({"as_of": "2017-11-31"}, "input should be a day, as 2017-12-31."),
        ({"period": 2017.5}, "period is 2017.5: input should be text."),
    ],
)
def test_what_is_wrong_is_named_with_what_is_right(values, message):
    with pytest.raises(SalesopsError) as refused:
        parameters.checked(PerformanceReview, values)
    assert message in str(refused.value)


def test_every_mistake_is_listed():
    with pytest.raises(SalesopsError) as refused:
        parameters.checked(PerformanceReview, {"level": "x", "as_off": "2017-01-01"})
    assert len(refused.value.problems) == 2


def test_names_that_papermill_injects_are_checked_and_other_variables_are_not():
    namespace = {"period": "2017-Q3", "other": 1, "In": ["", 'period = "2017-Q1"']}
    assert parameters.read(PerformanceReview, namespace).period == "2017-Q3"
    namespace |= {"perod": "2017", "In": ["", '# Parameters\nperod = "2017"\n']}
    with pytest.raises(SalesopsError, match="'perod' is not a parameter"):
        parameters.read(PerformanceReview, namespace)
