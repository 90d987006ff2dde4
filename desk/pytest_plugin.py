"""Fixtures for tests of your own graphs, checks, channels and playbooks.

pytest finds them once Handrail is installed; nothing of Handrail is imported until a test asks for
one. Override ``handrail_playbook`` to test a playbook of yours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from handrail.desk.simulation.report import SimulationReport
    from handrail.desk.testing import World

    Simulate = Callable[..., Awaitable[SimulationReport]]


@pytest.fixture(scope="session")
def handrail_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps trained classifiers for all tests of a run."""
    return tmp_path_factory.mktemp("handrail")


@pytest.fixture
def handrail_playbook() -> Path | None:
    """Folder of the playbook under test; the demo shop unless you override this fixture."""
    return None


@pytest.fixture(scope="session")
def _handrail_template(tmp_path_factory: pytest.TempPathFactory) -> Path:  # pyright: ignore[reportUnusedFunction]
    from handrail.store.database import Database  # noqa: PLC0415
    from handrail.store.migrating import upgrade  # noqa: PLC0415

    path = tmp_path_factory.mktemp("handrail-template") / "template.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture
def handrail_database(tmp_path: Path, _handrail_template: Path) -> str:
    """URL of a SQLite database of this test's own, with all tables and no rows."""
    path = tmp_path / "handrail.db"
    path.write_bytes(_handrail_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def handrail_world(
    handrail_database: str, handrail_home: Path, handrail_playbook: Path | None
) -> Generator[World]:
    """An engine whose clock stands still, and ways to act on it; see ``handrail.desk.testing``."""
    from handrail.desk.testing import open_world  # noqa: PLC0415

    # A loop of its own, so that it works with every way of running asynchronous tests.
    loop = asyncio.new_event_loop()
    opened = open_world(handrail_database, handrail_home, playbook=handrail_playbook)
    try:
        yield loop.run_until_complete(opened.__aenter__())
    finally:
        loop.run_until_complete(opened.__aexit__(None, None, None))
        loop.close()


@pytest.fixture
def handrail_simulate(handrail_home: Path, handrail_playbook: Path | None) -> Simulate:
    """Run a scenario by name, by path, or as a ``Scenario``; a coroutine function.

    The test fails with every broken promise, and gets the report otherwise.
    """
    from handrail.desk.settings import Settings  # noqa: PLC0415
    from handrail.desk.simulation.driving import simulate  # noqa: PLC0415
    from handrail.desk.simulation.scenario import (  # noqa: PLC0415
        Scenario,
        find_scenario,
        load_scenario,
    )
    from handrail.playbook.loading import demo_path, load_release  # noqa: PLC0415

    async def run(scenario: Scenario | str | Path = "rush") -> SimulationReport:
        folder = handrail_playbook or demo_path()
        if not isinstance(scenario, Scenario):
            playbook = load_release(folder).playbook
            scenario = load_scenario(find_scenario(str(scenario)), playbook)
        settings = Settings(home=handrail_home)
        report = await simulate(scenario, playbook=folder, settings=settings)
        if report.breaches:
            pytest.fail(f"seed {report.seed}:\n" + "\n".join(report.breaches), pytrace=False)
        return report

    return run
