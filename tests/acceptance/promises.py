"""Tests of scenarios: each holds, and without its mechanism fails by its promise's name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from handrail.desk.testing import World
from handrail.store import audit

Scenario = Callable[[Any], Awaitable[None]]
"""Takes the module's ``stage`` and fails with a text that begins with the promise's name."""
Removal = Callable[[pytest.MonkeyPatch], None]
"""Takes out what keeps a promise."""
Removals = Mapping[Scenario, Removal | None]
"""``None`` where the promise is kept by something else, and the test is there to see that it is."""


def promise_tests(
    removals: Removals, *others: Scenario, says: str = r"^P\d+: "
) -> tuple[Callable[..., Awaitable[None]], Callable[..., Awaitable[None]]]:
    """Make the two tests of a module's scenarios.

    Args:
        removals: The scenarios, each with what takes its mechanism out.
        others: Scenarios without such a thing.
        says: What the failure of a scenario without its mechanism begins with.
    """
    removed = [scenario for scenario, removal in removals.items() if removal is not None]

    @pytest.mark.parametrize("scenario", [*removals, *others], ids=lambda s: s.__name__)
    async def holds(stage: Any, world: World, scenario: Scenario) -> None:
        await scenario(stage)
        assert await world.engine.database.read(audit.verify) == [], "P10: the chain is broken"

    @pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
    @pytest.mark.parametrize("scenario", removed, ids=lambda s: s.__name__)
    async def fails(stage: Any, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        removal = removals[scenario]
        assert removal is not None
        removal(monkeypatch)
        with pytest.raises(AssertionError, match=says):
            await scenario(stage)

    return holds, fails
