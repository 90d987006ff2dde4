"""A world for acceptance tests: the demo shop on a database of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from handrail.desk.testing import World, open_world


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that keeps the trained classifier for all tests."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
async def world(database_url: str, home: Path) -> AsyncIterator[World]:
    """The demo shop, with a channel that keeps what it delivers."""
    async with open_world(database_url, home) as opened:
        yield opened
