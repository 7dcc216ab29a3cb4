"""Stores in memory are given back: nothing else closes their connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from histories import STORES


@pytest.fixture(scope="module", autouse=True)
def stores_given_back() -> Iterator[None]:
    yield
    while STORES:
        STORES.pop().dispose()
