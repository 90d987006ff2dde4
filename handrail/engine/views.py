"""What the doors read: reviews, conversations, messages, and a feed of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from handrail.core.conversation import ActionEvent, ConversationFacts, Customer, Message, Record
from handrail.core.decisions import Review
from handrail.core.errors import DatabaseUnavailableError
from handrail.core.events import FollowUp
from handrail.store import conversations, customers, feedback, reviews
from handrail.store import tables as t
from handrail.store.actions import actions_of
from handrail.store.conversations import ConversationLine
from handrail.store.database import Database
from handrail.store.feedback import Dismissal, Tally
from handrail.store.judgements import Judgement, judgements

_FOLLOW_UPS = (
    select(t.events.c.body)
    .join(t.timers, t.timers.c.subject == t.events.c.external_id)
    .where(
        t.timers.c.conversation_id == bindparam("id"),
        t.timers.c.fired_at.is_(None),
        t.timers.c.kind == "look_again",
        t.events.c.channel == "desk",
    )
    .order_by(t.timers.c.due_at)
)


@dataclass(frozen=True)
class Change:
    """Something that the desk or a chat page wants to show."""

    id: int
    kind: str
    """``message``, ``review``, ``holder`` or ``action``."""
    conversation_id: str
    review_id: str | None


@dataclass(frozen=True)
class ConversationView:
    """All that a page shows of a conversation."""

    facts: ConversationFacts
    customer: Customer
    verified: bool
    messages: tuple[Message, ...]
    records: tuple[Record, ...]
    actions: tuple[ActionEvent, ...]
    """What was done for the customer, oldest first."""
    reviews: tuple[Review, ...]
    turns: tuple[Mapping[str, Any], ...]
    outbox: tuple[Mapping[str, Any], ...]
    """Replies that have not left yet."""
    follow_ups: tuple[FollowUp, ...]
    """When people want to look again."""


class Views:
    """The reading side of the engine; nothing here changes anything."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def reviews(self, *, status: str | None = "open") -> tuple[Review, ...]:
        """List reviews, the most urgent first."""
        return await self.database.read(lambda c: reviews.listed(c, status=status))

    async def review(self, review_id: str) -> Review:
        """Load a review.

        Raises:
            NotFoundError: there is no such review.
        """
        return await self.database.read(lambda c: reviews.review(reviews.row_of(c, review_id)))

    async def conversations(self, *, limit: int = 50) -> tuple[ConversationLine, ...]:
        """List conversations, the last changed first."""
        return await self.database.read(lambda c: conversations.latest(c, limit))

    async def conversation(self, conversation_id: str) -> ConversationView:
        """Load all that a page shows of a conversation.

        Raises:
            NotFoundError: there is no such conversation.
        """

        def load(connection: Connection) -> ConversationView:
            facts = conversations.facts(conversations.row_of(connection, conversation_id))
            turns = connection.execute(
                select(t.turns)
                .where(t.turns.c.conversation_id == conversation_id)
                .order_by(t.turns.c.no)
            )
            queued = connection.execute(
                select(t.outbox).where(
                    t.outbox.c.conversation_id == conversation_id,
                    t.outbox.c.status.in_(("waiting", "sending")),
                )
            )
            customer, verified, acted = customers.known(
                connection, facts.customer_id, facts.channel, facts.address
            )
            return ConversationView(
                facts=facts,
                customer=customer,
                verified=verified,
                messages=conversations.messages_after(
                    connection, conversation_id, customer_view=False
                ),
                records=customers.records_of(connection, facts.customer_id),
                actions=actions_of(connection, facts.customer_id) if acted else (),
                reviews=reviews.listed(connection, status=None, conversation_id=conversation_id),
                turns=tuple(dict(row) for row in turns.mappings()),
                outbox=tuple(dict(row) for row in queued.mappings()),
                follow_ups=tuple(
                    FollowUp.model_validate(body, strict=False)
                    for body in connection.execute(_FOLLOW_UPS, {"id": conversation_id}).scalars()
                ),
            )

        return await self.database.read(load)

    async def judgements(
        self, conversation_id: str, *, turn_id: str | None = None
    ) -> tuple[Judgement, ...]:
        """List the drafts of a conversation, or of one turn, with their verdicts, in order."""
        of = t.verdicts.c.conversation_id == conversation_id
        if turn_id is not None:
            of &= t.verdicts.c.turn_id == turn_id
        return await self.database.read(lambda c: judgements(c, of))

    async def dismissals(self, review_id: str) -> tuple[Dismissal, ...]:
        """List what people said of the findings on a review's draft."""
        return await self.database.read(lambda c: feedback.dismissals(c, review_id))

    async def guardrail_tallies(self, *, release: str | None = None) -> tuple[Tally, ...]:
        """Count per release, check and rule what became of the findings."""
        return await self.database.read(lambda c: feedback.tallies(c, release=release))

    async def messages(
        self, conversation_id: str, *, after_seq: int = 0, customer_view: bool = True
    ) -> tuple[Message, ...]:
        """Load messages in order, as the customer or as the team sees them."""
        return await self.database.read(
            lambda c: conversations.messages_after(
                c, conversation_id, after_seq, customer_view=customer_view
            )
        )

    async def open_conversation(self, channel: str, address: str) -> str | None:
        """Find the open conversation of whoever writes from this address."""
        query = (
            select(t.conversations.c.id)
            .join(t.identities, t.identities.c.customer_id == t.conversations.c.customer_id)
            .where(
                t.identities.c.channel == channel,
                t.identities.c.address == address,
                t.conversations.c.status == "open",
            )
            .order_by(t.conversations.c.updated_at.desc())
            .limit(1)
        )
        return await self.database.read(lambda c: c.execute(query).scalar())

    async def last_change(self) -> int:
        """Id of the newest change; 0 where there is none."""
        query = select(t.desk_changes.c.id).order_by(t.desk_changes.c.id.desc()).limit(1)
        return await self.database.read(lambda c: c.execute(query).scalar() or 0)

    async def changes_after(self, change_id: int, *, limit: int = 500) -> tuple[Change, ...]:
        """List changes after one that is known, oldest first."""
        query = (
            select(
                t.desk_changes.c.id,
                t.desk_changes.c.kind,
                t.desk_changes.c.conversation_id,
                t.desk_changes.c.review_id,
            )
            .where(t.desk_changes.c.id > change_id)
            .order_by(t.desk_changes.c.id)
            .limit(limit)
        )
        rows = await self.database.read(lambda c: c.execute(query).all())
        return tuple(Change(*row) for row in rows)

    async def changes(self, after: int, *, every: float = 0.25) -> AsyncIterator[Change]:
        """Follow the changes; ends only when the consumer stops.

        While the database is away there are none.

        Args:
            after: Id of the last change that is known.
            every: Seconds between two looks at the database.
        """
        while True:
            with suppress(DatabaseUnavailableError):
                for change in await self.changes_after(after):
                    after = change.id
                    yield change
            await asyncio.sleep(every)
