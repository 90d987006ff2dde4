"""Tries drafters in order: a model, then templates; what none can write is a person's."""

from __future__ import annotations

from collections.abc import Sequence

from handrail.core.drafting import Draft
from handrail.core.ports import Drafter, DraftRequest


class FallbackDrafter:
    """Returns the first draft that a drafter stands by, with the problems of those before it.

    A drafter that could not write says so with source ``none``. One that asks for a person has
    answered, and no other drafter overrules it.
    """

    def __init__(self, drafters: Sequence[Drafter]) -> None:
        if not drafters:
            raise ValueError("a fallback needs at least one drafter; give it the template drafter")
        self.drafters = drafters

    async def draft(self, request: DraftRequest) -> Draft:
        """Return the first usable draft, or the last empty one."""
        failed: list[Draft] = []
        for drafter in self.drafters[:-1]:
            draft = await drafter.draft(request)
            if draft.source != "none":
                return _noting(draft, failed)
            failed.append(draft)
        return _noting(await self.drafters[-1].draft(request), failed)


def _noting(draft: Draft, failed: Sequence[Draft]) -> Draft:
    """Note on a draft why others came to nothing, and what they cost."""
    if not failed:
        return draft
    problems = [each.problem or "no draft" for each in failed]
    problems += [draft.problem] if draft.problem else []
    tokens = draft.tokens + sum(each.tokens for each in failed)
    return draft.model_copy(update={"problem": "; ".join(problems), "tokens": tokens})
