"""What the tests of the process review share."""

import pytest


@pytest.fixture
def words(monkeypatch):
    """What is shown, in words."""
    said = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: said.append(data.get("text/plain", "")))
    return said
