"""Every name of the documented API has an example in its docstring, and what the example shows is so."""

import doctest
import importlib
import inspect
from functools import cache
from types import ModuleType

import pytest

from salesops_nb import present, source

MODULES = (
    "salesops_nb",
    "salesops_nb.commission",
    "salesops_nb.expression",
    "salesops_nb.facts",
    "salesops_nb.forecast.accuracy",
    "salesops_nb.hiring",
    "salesops_nb.core.money",
    "salesops_nb.notebook",
    "salesops_nb.parameters",
    "salesops_nb.performance",
    "salesops_nb.core.periods",
    "salesops_nb.pipeline",
    "salesops_nb.present",
    "salesops_nb.process",
    "salesops_nb.simulate",
    "salesops_nb.source",
    "salesops_nb.core.statistics",
    "salesops_nb.targets",
    "salesops_nb.territory",
)
# parts of which the documented facts are made
INNER = {f"salesops_nb.facts.{name}" for name in ("listed", "placed_facts", "refused", "spans")}
AS_READ = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def names_of(module):
    """The names a module offers: its `__all__`, else the public functions and classes made in it or below."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    own = f"{module.__name__}."
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and f"{value.__module__}.".startswith(own)
    ]


def documented():
    """Everything documented by its full name; constants, which have no docstring, are left out."""
    found = {}
    for path in MODULES:
        module = importlib.import_module(path)
        for name in names_of(module):
            value = getattr(module, name)
            if callable(value) and f"{path}.{name}" not in INNER:
                found[f"{path}.{name}"] = value
    return found


API = documented()


def test_every_module_that_the_package_offers_is_looked_through():
    import salesops_nb

    offered = [name for name in salesops_nb.__all__ if isinstance(getattr(salesops_nb, name), ModuleType)]
    assert {f"salesops_nb.{name}" for name in offered} <= set(MODULES)


def test_names_without_all_are_found():
    assert {"salesops_nb.parameters.Sliced", "salesops_nb.parameters.read", "salesops_nb.facts.during",
            "salesops_nb.core.statistics.wilson", "salesops_nb.core.periods.Period",
            "salesops_nb.core.money.places",
            } <= set(API)  # fmt: skip
    assert "salesops_nb.parameters.Problem" not in API


@pytest.fixture(scope="module")
def opened():
    """`open_workbook` as it is, but a folder is opened once for all examples."""
    return cache(source.open_workbook)


@pytest.fixture
def as_a_reader(root, opened, monkeypatch):
    """At the repository's root, with what a notebook would draw printed in words, and English afterwards."""

    def printed(data, **_kwargs):
        print(data["text/plain"])  # noqa: T201

    monkeypatch.chdir(root)
    monkeypatch.setattr(source, "open_workbook", opened)
    monkeypatch.setattr("IPython.display.display", printed)
    monkeypatch.setenv("COLUMNS", "100")
    yield
    present.use_locale()


@pytest.mark.usefixtures("as_a_reader")
@pytest.mark.parametrize("name", API)
def test_example(name):
    words = inspect.getdoc(API[name]) or ""
    example = doctest.DocTestParser().get_doctest(words, {}, name, None, 0)
    assert example.examples, f"{name} has no example"
    wrong = []
    doctest.DocTestRunner(optionflags=AS_READ).run(example, out=wrong.append)
    assert not wrong, "".join(wrong)
