"""The engine as one object: what every door is thin over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from handrail.core.conversation import ActionNotice
from handrail.core.decisions import (
    Approve,
    CorrectIntent,
    Decision,
    HandBack,
    Note,
    Review,
    TakeOver,
    Worded,
)
from handrail.core.drafting import Draft, ProposedAction
from handrail.core.events import (
    Accepted,
    AgentMessage,
    Control,
    Event,
    FindingDismissed,
    FollowUp,
    Recall,
    ReviewDecision,
)
from handrail.core.ids import new_id
from handrail.core.verdict import Verdict
from handrail.engine.change import visible
from handrail.engine.correcting import check_intent
from handrail.engine.ingest import find_duplicate, ingest, starts_a_run
from handrail.engine.judging_again import judge_again
from handrail.engine.refusals import block, refuse_second
from handrail.engine.roles import claim, require_authority
from handrail.engine.telling import Told, tell_action
from handrail.engine.work import Work
from handrail.playbook.models import Playbook
from handrail.store import conversations, outbox, reviews
from handrail.store.conversations import unanswered
from handrail.store.prepared import Row


class Engine(Work):
    """Conversations shared by AI and people. Make one with :func:`handrail.open`."""

    @property
    def playbook(self) -> Playbook:
        """The playbook that new turns run under, and by which people have their roles."""
        return self.kits.active.release.playbook

    # Events

    async def ingest(self, event: Event) -> Accepted:
        """Accept an event: it is stored when this returns, and it counts once.

        Raises:
            RequestError: it cannot be accepted; the text says why, and nothing is stored.
        """
        now, release = self.clock.now(), self.kits.active.release

        def store(connection: Connection) -> Accepted:
            return ingest(connection, event, now, release)

        try:
            accepted = await self.database.write(store)
        except IntegrityError:
            known = await self.database.read(lambda c: find_duplicate(c, event))
            # No duplicate: the customer was erased meanwhile, and begins anew.
            accepted = known or await self.database.write(store)
        if starts_a_run(event.body) and not accepted.duplicate:
            self._dispatcher.wake("conversation", accepted.conversation_id)
        return accepted

    async def decide(
        self,
        review_id: str,
        *,
        version: int,
        digest: str | None,
        decision: Decision,
        actor: str,
    ) -> Accepted:
        """Answer a review.

        Args:
            review_id: The review.
            version: The version the person saw.
            digest: Digest of the draft the person saw; ``None`` where there was none.
            decision: What happens.
            actor: Name of the person.

        Raises:
            StaleDecisionError: it was decided, superseded or changed meanwhile.
            ExpiredReviewError: its time is over.
            BlockedTextError: a guardrail blocks the text; acknowledge its findings or change it.
            RoleError: the text promises more than this person may.
            NotAllowedError: this decision is not possible here, or names an unknown intent.
        """
        row = await self.database.read(lambda c: reviews.row_of(c, review_id))
        if row["status"] == "open" and row["version"] == version:
            await self._check_decision(row, decision, actor)
        body = ReviewDecision(
            review_id=review_id, version=version, digest=digest, decision=decision, actor=actor
        )
        name = f"{review_id}:{version}" if not isinstance(decision, Note) else new_id("note")
        accepted = await self.ingest(
            Event(
                channel="desk",
                external_id=name,
                conversation_id=row["conversation_id"],
                body=body,
            )
        )
        if accepted.duplicate:
            await self.database.read(lambda c: refuse_second(c, body))
        return accepted

    async def _check_decision(self, row: Row, decision: Decision, actor: str) -> None:
        review = reviews.review(row)
        if isinstance(decision, CorrectIntent) and decision.kind in review.allowed:
            await check_intent(self.kits, row, decision.intent)
        if isinstance(decision, Approve) and review.draft is not None:
            seen, shown = review.draft, review.verdict
            if shown is not None:
                block(shown, decision.acknowledge)
            # The limits that were looked at are not those of whoever approves.
            if shown is None or shown.beyond_limits:
                await self._judge(review.conversation_id, seen.text, actor, *seen.actions)
        if isinstance(decision, Worded):
            verdict = await self._judge(review.conversation_id, decision.text, actor)
            block(verdict, decision.acknowledge)

    async def _judge(
        self, conversation_id: str, text: str, actor: str, *actions: ProposedAction
    ) -> Verdict:
        """Judge a text by the limits of whoever sends it.

        Raises:
            RoleError: it promises more than they may.
        """
        verdict = await self.check_text(conversation_id, text, actor, *actions)
        require_authority(self.playbook, actor, verdict.beyond_limits)
        return verdict

    async def check_text(
        self, conversation_id: str, text: str, actor: str, *actions: ProposedAction
    ) -> Verdict:
        """Run the guardrails on what a person is about to send, in their role."""
        kit, now = self.kits.active, self.clock.now()
        draft = Draft(
            id=new_id("dft"),
            text=visible(text),
            source="person",
            author=actor,
            author_role=self.playbook.role_of(actor),
            actions=actions,
        )

        def load(connection: Connection) -> Any:
            row = conversations.row_of(connection, conversation_id)
            mode = reviews.mode_of(connection, conversation_id)
            return conversations.snapshot(connection, row, kit.release.id, now), mode

        snapshot, mode = await self.database.read(load)
        asked = "\n".join(message.text for message in unanswered(snapshot.messages))
        checked = await kit.verifier.verify(
            draft,
            snapshot,
            mode=mode or self.playbook.default_mode,
            intent=None,
            text=asked,
            repair=False,
        )
        if tokens := checked.verdict.tokens:
            await self.database.write(lambda c: conversations.spend(c, conversation_id, tokens))
        return checked.verdict

    async def write(
        self, conversation_id: str, text: str, *, actor: str, acknowledge: tuple[str, ...] = ()
    ) -> Accepted:
        """Write to the customer in a conversation that this person holds.

        Raises:
            BlockedTextError: a guardrail blocks the text.
            RoleError: it promises more than this person may.
            NotAllowedError: nobody holds the conversation.
        """
        block(await self._judge(conversation_id, text, actor), acknowledge)
        body = AgentMessage(text=visible(text), actor=actor, acknowledge=acknowledge)
        return await self.ingest(
            Event(
                channel="desk",
                external_id=new_id("say"),
                conversation_id=conversation_id,
                body=body,
            )
        )

    async def take_over(self, conversation_id: str, *, actor: str) -> Accepted:
        """Take a conversation; from now on the AI is silent in it."""
        return await self._control(conversation_id, TakeOver(), actor)

    async def hand_back(self, conversation_id: str, *, actor: str, note: str = "") -> Accepted:
        """Give a conversation back to the AI, with what was agreed."""
        return await self._control(conversation_id, HandBack(note=note), actor)

    async def _control(
        self, conversation_id: str, action: TakeOver | HandBack, actor: str
    ) -> Accepted:
        return await self.ingest(
            Event(
                channel="desk",
                external_id=new_id("ctl"),
                conversation_id=conversation_id,
                body=Control(action=action, actor=actor),
            )
        )

    async def look_again(
        self, conversation_id: str, *, at: datetime, note: str, actor: str
    ) -> Accepted:
        """Have the conversation come up for review at a moment, unless the customer writes before.

        Raises:
            NotAllowedError: the moment is not ahead, or too far ahead.
        """
        return await self.ingest(
            Event(
                channel="desk",
                external_id=new_id("flw"),
                conversation_id=conversation_id,
                body=FollowUp(at=at, note=note, actor=actor),
            )
        )

    async def recall(self, outbox_id: str, *, actor: str) -> Accepted:
        """Call back a reply within its undo window; it comes up for review again.

        Raises:
            StaleDecisionError: it has left.
        """
        conversation_id = await self.database.read(lambda c: outbox.conversation_of(c, outbox_id))
        return await self.ingest(
            Event(
                channel="desk",
                external_id=f"{outbox_id}:recall",
                conversation_id=conversation_id,
                body=Recall(outbox_id=outbox_id, actor=actor),
            )
        )

    async def dismiss_finding(
        self, review_id: str, *, check: str, rule: str, start: int, reason: str, actor: str
    ) -> Accepted:
        """Say that a finding on a review's draft is not right; it counts once for each person.

        Args:
            review_id: The review.
            check: Id of the check.
            rule: Id of its rule.
            start: Where the finding begins in the draft.
            reason: Why it is not right, for those who tune the check.
            actor: Name of the person.

        Raises:
            NotAllowedError: the draft has no such finding, or there is no reason.
        """
        row = await self.database.read(lambda c: reviews.row_of(c, review_id))
        digest = row["digest"] or ""
        name = f"{review_id}:{digest[:24]}:{check}:{rule}:{start}:{actor}"
        body = FindingDismissed(
            review_id=review_id,
            digest=digest,
            check=check,
            rule=rule,
            start=start,
            reason=reason,
            actor=actor,
        )
        return await self.ingest(
            Event(
                channel="desk",
                external_id=name,
                conversation_id=row["conversation_id"],
                body=body,
            )
        )

    async def tell_action(self, notice: ActionNotice) -> Told:
        """Take in what was done for a customer: replies may say so, waiting drafts are judged anew.

        Told again under the same id it counts once; what was ``pending`` may be told as ``done``
        or ``failed`` later.

        Raises:
            InvalidRequestError: its record belongs to another customer.
            ConflictingActionError: something else was told under its id.
        """
        now = self.clock.now()
        told = await self.database.write(lambda c: tell_action(c, notice, now))
        await judge_again(self.database, self.kits, notice.customer_id, now)
        return told

    # Claims

    async def claim(self, review_id: str, *, actor: str, force: bool = False) -> Review:
        """Reserve an open review for a person, or prolong that.

        Args:
            review_id: The review.
            actor: The person.
            force: Break somebody else's claim, as a lead may.

        Raises:
            ClaimedError: somebody else holds it, or this person let it lapse.
            RoleError: it is not a lead who breaks the claim.
            StaleDecisionError: it is no longer open.
        """
        now, playbook = self.clock.now(), self.playbook
        return await self.database.write(
            lambda c: claim(c, review_id, playbook, actor=actor, force=force, now=now)
        )
