"""Simulated agents: they decide reviews as people do, the careless and the unlucky included."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import select

from handrail.core.decisions import Approve, Decision, Edit, Reject, Respond, Review, TakeOver
from handrail.core.errors import BlockedTextError, RequestError
from handrail.desk.simulation.scenario import Agents
from handrail.desk.simulation.timeline import Timeline
from handrail.engine.service import Engine
from handrail.store import tables as t

WORDS = (
    "Thank you for waiting. I have your message in front of me and look into it now.",
    "I am sorry for the trouble. I check this with my colleagues and write to you here.",
    "Thank you for telling me. I take care of this and come back to you in this conversation.",
    "I have read all of it. Give me a little time, then you hear from me here.",
)
_OPEN = (
    select(t.reviews.c.id, t.reviews.c.conversation_id)
    .where(t.reviews.c.status == "open")
    .order_by(t.reviews.c.opened_at)
)


@dataclass
class Team:
    """All agents; each new review falls to one of them after a while."""

    engine: Engine
    timeline: Timeline
    weights: Agents
    chance: Random
    order: dict[str, int]
    """Conversations in the order in which their customers first wrote."""
    closed: list[bool]
    accepted: Counter[str] = field(default_factory=Counter[str])
    """Decisions by kind."""
    refused: Counter[str] = field(default_factory=Counter[str])
    """Attempts by the name of the error."""
    duplicates: int = 0
    """The same decision again, which counted once."""
    injected: Counter[str] = field(default_factory=Counter[str])
    _seen: set[str] = field(default_factory=set[str])

    async def look(self) -> None:
        """Give each review that nobody has looked at to an agent."""
        if self.closed:
            return
        rows = await self.engine.database.read(lambda c: c.execute(_OPEN).all())
        new = sorted((self.order[cnv], id_) for id_, cnv in rows if id_ not in self._seen)
        for _, review_id in new:
            self._seen.add(review_id)
            weights = self.weights.model_dump()
            (persona,) = self.chance.choices(list(weights), list(weights.values()))
            wait = self.chance.uniform(20, 400)
            self.timeline.after(wait, lambda i=review_id, p=persona: self._open(i, p))

    async def _open(self, review_id: str, persona: str) -> None:
        if self.closed:
            return
        review = await self.engine.review(review_id)
        if persona == "slow" and review.due_at is not None:
            late = (review.due_at - self.timeline.clock.now()).total_seconds() + 60
            self.injected["decided after the due time"] += 1
            self.timeline.after(max(late, 0), lambda: self._act(review, persona))
        else:
            # The page stays open while the person reads; meanwhile anything can happen.
            self.timeline.after(self.chance.uniform(1, 90), lambda: self._act(review, persona))

    async def _act(self, seen: Review, persona: str) -> None:
        if self.closed:
            return
        await _PERSONAS[persona](self, seen)
        self._seen.discard(seen.id)  # still open: somebody looks at it again

    async def _decide(self, seen: Review, decision: Decision, actor: str, **other: Any) -> None:
        """Decide as it was seen; a critical finding is accepted when it is named."""
        options: dict[str, Any] = {
            "version": seen.version,
            "digest": seen.draft.digest if seen.draft else None,
            "actor": actor,
            **other,
        }
        try:
            accepted = await self.engine.decide(seen.id, decision=decision, **options)
        except BlockedTextError as error:
            self.refused[type(error).__name__] += 1
            missing = tuple(error.details["missing"])
            if not missing or getattr(decision, "acknowledge", ()):
                return
            knowing = decision.model_copy(update={"acknowledge": missing})
            await self._decide(seen, knowing, actor, **other)
        except RequestError as error:
            self.refused[type(error).__name__] += 1
        else:
            self.duplicates += accepted.duplicate
            self.accepted[decision.kind] += not accepted.duplicate

    def _best(self, seen: Review) -> Decision:
        can_approve = "approve" in seen.allowed and seen.draft is not None
        return Approve() if can_approve else Respond(text=self.chance.choice(WORDS))

    async def _try(self, attempt: Awaitable[object]) -> bool:
        try:
            await attempt
        except RequestError as error:
            self.refused[type(error).__name__] += 1
            return False
        return True

    # Personas, named as in a scenario

    async def slow(self, seen: Review) -> None:
        """Decide as the approver does; that it is late comes from when the page was opened."""
        await self.approver(seen)

    async def approver(self, seen: Review) -> None:
        """Approve, or answer where there is nothing to approve."""
        await self._decide(seen, self._best(seen), "ana")
        await self._perhaps_hand_back(seen.conversation_id, "ana")

    async def editor(self, seen: Review) -> None:
        """Send other words than the draft's."""
        kind = Edit if "edit" in seen.allowed else Respond
        await self._decide(seen, kind(text=self.chance.choice(WORDS)), "edo")
        await self._perhaps_hand_back(seen.conversation_id, "edo")

    async def rejecter(self, seen: Review) -> None:
        """Reject most drafts, once each."""
        before = self.accepted["reject"]
        if "reject" in seen.allowed and self.chance.random() < 0.6:
            await self._decide(seen, Reject(reason="say it in other words"), "rex")
        if self.accepted["reject"] == before:
            await self.editor(seen)

    async def double_clicker(self, seen: Review) -> None:
        """Click twice."""
        decision = self._best(seen)
        self.injected["double click"] += 1
        await asyncio.gather(*(self._decide(seen, decision, "dora") for _ in range(2)))

    async def stale_tab(self, seen: Review) -> None:
        """Decide on what is no longer so, then on what is."""
        decision = self._best(seen)
        self.injected["stale decision"] += 2
        await self._decide(seen, decision, "stan", version=seen.version - 1)
        await self._decide(seen, decision, "stan", digest="0" * 64)
        await self._decide(seen, decision, "stan")

    async def two_at_once(self, seen: Review) -> None:
        """Let two people decide at the same moment."""
        self.injected["two at once"] += 1
        await asyncio.gather(
            self._decide(seen, self._best(seen), "tom"),
            self._decide(seen, Respond(text=self.chance.choice(WORDS)), "tim"),
        )

    async def taker(self, seen: Review) -> None:
        """Take the conversation over, write in it, give it back."""
        conversation_id = seen.conversation_id
        self.injected["take-over"] += 1
        if "take_over" in seen.allowed and self.chance.random() < 0.5:
            await self._decide(seen, TakeOver(), "tess")
        else:
            await self._try(self.engine.take_over(conversation_id, actor="tess"))
        text = self.chance.choice(WORDS)

        async def write() -> None:
            if not self.closed:
                await self._try(self.engine.write(conversation_id, text, actor="tess"))
                await self._perhaps_hand_back(conversation_id, "tess")

        self.timeline.after(self.chance.uniform(5, 120), write)

    async def recaller(self, seen: Review) -> None:
        """Decide, and call the reply back before it leaves."""
        await self._decide(seen, self._best(seen), "rosa")

        async def recall() -> None:
            view = await self.engine.conversation(seen.conversation_id)
            for row in view.outbox:
                if row["decided_by"] == "rosa":
                    self.injected["recall"] += 1
                    await self._try(self.engine.recall(row["id"], actor="rosa"))

        self.timeline.after(self.chance.uniform(0, 6), recall)

    async def _perhaps_hand_back(self, conversation_id: str, actor: str) -> None:
        """People who are done with a conversation give it back, most of the time."""
        if self.chance.random() < 0.2:
            return

        async def hand_back() -> None:
            view = await self.engine.conversation(conversation_id)
            if view.facts.holder == "human" and not self.closed:
                await self._try(self.engine.hand_back(conversation_id, actor=actor))

        self.timeline.after(self.chance.uniform(20, 200), hand_back)


_PERSONAS: dict[str, Callable[[Team, Review], Awaitable[None]]] = {
    name: getattr(Team, name) for name in Agents.model_fields
}
