"""Refuses a correction towards an intent that the playbook has not, and names those nearest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rapidfuzz import fuzz, process

from handrail.core.errors import NotAllowedError
from handrail.engine.kit import Kits, ReleaseKit
from handrail.store.prepared import Row

_NAMED: Final = 3
"""Intents that an error names."""


async def kit_after(kits: Kits, review: Row) -> ReleaseKit:
    """Return what a review's turn goes on with: a graph that waits keeps its release."""
    waits = review["interrupt_id"] is not None
    return await kits.of(review["release_id"]) if waits else kits.active


async def check_intent(kits: Kits, review: Row, intent: str) -> None:
    """Refuse an intent that the next draft could not be written for.

    Raises:
        NotAllowedError: the playbook has none of that name; ``details`` holds the nearest.
    """
    known = (await kit_after(kits, review)).release.playbook.intents
    if intent in known:
        return
    asked = (await kits.of(review["release_id"])).release.playbook.intents
    gone = intent in asked
    near = nearest(intent, known)
    why = "was taken out of the playbook since this was asked" if gone else "is not in the playbook"
    raise NotAllowedError(
        f"the intent {intent[:80]!r} {why}; nearest are {', '.join(near)}. Name one of those, or "
        "answer yourself",
        nearest=list(near),
        intents=sorted(known),
    )


def nearest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known names that are most like a name, the likest first."""
    found = process.extract(name[:200], sorted(known), scorer=fuzz.WRatio, limit=_NAMED)
    return tuple(match for match, _, _ in found)
