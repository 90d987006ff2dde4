"""Runs recorded conversations through the real graph and guardrails, and sends nothing.

Each conversation lives in a scratch database. A customer's turn is run up to where its reply
would leave; then what was really answered at the time takes its place, and the next turn goes on
from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, func, insert, select, update

from handrail.core.conversation import Customer
from handrail.core.errors import InvalidMessageError
from handrail.core.events import CustomerMessage, Event
from handrail.core.ids import new_id
from handrail.core.verdict import Verdict
from handrail.desk.compose import open_engine
from handrail.desk.settings import Settings
from handrail.desk.transcripts import Done, Said, Transcript
from handrail.engine.service import Engine
from handrail.store import reviews
from handrail.store import tables as t

_VERDICT = TypeAdapter(Verdict)


@dataclass(frozen=True)
class ReplayedTurn:
    """What would have happened at one turn."""

    conversation: str
    turn: int
    """From 1."""
    outcome: str
    """``sent``, ``review``, ``handed_over``, ``failed`` or ``unreadable``."""
    reason: str
    mode: str | None
    intent: str | None
    labelled: str | None
    findings: tuple[str, ...]
    """``check:rule`` of each finding on the last draft."""
    text: str
    """The last draft."""
    milliseconds: float


@dataclass
class ReplayReport:
    """What a replay found."""

    turns: list[ReplayedTurn] = field(default_factory=list[ReplayedTurn])
    conversations: int = 0

    def count(self, outcome: str) -> int:
        """How many turns ended like this."""
        return sum(turn.outcome == outcome for turn in self.turns)

    def reasons(self, outcome: str) -> dict[str, int]:
        """Why turns ended like this, the most frequent first."""
        return _counted(turn.reason for turn in self.turns if turn.outcome == outcome)

    @property
    def findings(self) -> dict[str, int]:
        """Findings by check and rule, the most frequent first."""
        return _counted(key for turn in self.turns for key in turn.findings)

    @property
    def intents(self) -> dict[str, int]:
        """Detected intents, the most frequent first."""
        return _counted(turn.intent or "none" for turn in self.turns)

    @property
    def labelled(self) -> tuple[int, int]:
        """Turns with a label, and how many of them were detected rightly."""
        known = [turn for turn in self.turns if turn.labelled is not None]
        return len(known), sum(turn.intent == turn.labelled for turn in known)

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share of the turns ended; 0 where there are none."""
        times = sorted(turn.milliseconds for turn in self.turns)
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the report for programs."""
        known, right = self.labelled
        return {
            "conversations": self.conversations,
            "turns": len(self.turns),
            "sent": self.count("sent"),
            "reviews": self.reasons("review"),
            "handed_over": self.reasons("handed_over"),
            "failed": self.reasons("failed"),
            "unreadable": self.count("unreadable"),
            "findings": self.findings,
            "intents": self.intents,
            "intent_accuracy": {"labelled": known, "right": right},
            "ms_per_turn": {"p50": self.percentile(0.5), "p95": self.percentile(0.95)},
            "each": [turn.__dict__ for turn in self.turns],
        }


def _counted(names: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


async def replay(
    transcripts: Sequence[Transcript],
    *,
    playbook: Path | None = None,
    model: str | None = None,
    settings: Settings | None = None,
    progress: Callable[[], None] = lambda: None,
) -> ReplayReport:
    """Run recorded conversations and report what would have happened.

    Args:
        transcripts: The conversations.
        playbook: Folder of the playbook to try; as configured where left out.
        model: Language model to try; as configured where left out.
        settings: In place of the environment.
        progress: Called after each conversation.
    """
    report = ReplayReport()
    chosen = (settings or Settings()).model_copy(update={"trace": False})
    with TemporaryDirectory(prefix="handrail-replay-") as folder:
        async with open_engine(
            database=f"sqlite:///{folder}/replay.db",
            playbook=playbook,
            model=model,
            work=False,
            settings=chosen,
        ) as engine:
            for transcript in transcripts:
                await _replay_one(engine, transcript, report)
                report.conversations += 1
                progress()
    return report


async def _replay_one(engine: Engine, transcript: Transcript, report: ReplayReport) -> None:
    known = await _known_customer(engine, transcript.customer)
    label = transcript.intent
    await _tell(engine, f"{transcript.id}:0", known, transcript.actions)
    for number, (asked, replied) in enumerate(transcript.turns(), 1):
        name = f"{transcript.id}:{number}"
        await _tell(engine, f"{name}a", known, [one for said in asked for one in said.actions])
        label = next((m.intent for m in reversed(asked) if m.intent), label)
        report.turns.append(
            await _turn(engine, transcript, number, asked, customer=known, label=label)
        )
        label = None
        conversation_id = await engine.open_conversation("replay", transcript.id)
        if conversation_id is not None:
            now = engine.clock.now()
            await engine.database.write(
                lambda c, cid=conversation_id, said=replied, at=now: _go_on(c, cid, said, at)
            )
        await _tell(engine, f"{name}r", known, [one for said in replied for one in said.actions])


async def _tell(
    engine: Engine, name: str, customer: Customer | None, actions: Sequence[Done]
) -> None:
    """Tell of what was done meanwhile; for an unknown customer no record counts either."""
    for place, done in enumerate(actions if customer else ()):
        notice = done.notice(f"{name}:{place}", customer.id if customer else "", engine.clock.now())
        await engine.tell_action(notice)


async def _known_customer(engine: Engine, customer_id: str | None) -> Customer | None:
    if customer_id is None:
        return None
    query = select(t.customers.c.id).where(t.customers.c.id == customer_id)
    found = await engine.database.read(lambda c: c.execute(query).scalar())
    return Customer(id=customer_id) if found else None


async def _turn(
    engine: Engine,
    transcript: Transcript,
    number: int,
    asked: tuple[Said, ...],
    *,
    customer: Customer | None,
    label: str | None,
) -> ReplayedTurn:
    begin = time.perf_counter()
    conversation_id: str | None = None
    for place, message in enumerate(asked):
        body = CustomerMessage(
            text=message.text,
            address=transcript.id,
            customer=customer,
            verified=customer is not None,
        )
        name = f"{transcript.id}:{number}:{place}"
        try:
            accepted = await engine.ingest(Event(channel="replay", external_id=name, body=body))
            conversation_id = accepted.conversation_id
        except InvalidMessageError:
            continue
    if conversation_id is None:
        return ReplayedTurn(
            transcript.id, number, "unreadable", "no visible text", None, None, label, (), "", 0.0
        )
    await engine.runner.advance(conversation_id)
    milliseconds = (time.perf_counter() - begin) * 1000
    found = await engine.database.read(lambda c: _outcome(c, conversation_id))
    return ReplayedTurn(
        conversation=transcript.id, turn=number, labelled=label, milliseconds=milliseconds, **found
    )


def _outcome(connection: Connection, conversation_id: str) -> dict[str, Any]:
    turn = (
        connection.execute(
            select(t.turns)
            .where(t.turns.c.conversation_id == conversation_id)
            .order_by(t.turns.c.no.desc())
            .limit(1)
        )
        .mappings()
        .one()
    )
    verdict = connection.execute(
        select(t.verdicts.c.body)
        .where(t.verdicts.c.turn_id == turn["id"])
        .order_by(t.verdicts.c.at.desc(), t.verdicts.c.id.desc())
        .limit(1)
    ).scalar()
    draft = connection.execute(
        select(t.drafts.c.body)
        .where(t.drafts.c.turn_id == turn["id"])
        .order_by(t.drafts.c.round.desc())
        .limit(1)
    ).scalar()
    text = draft["text"] if draft else ""
    judged = _VERDICT.validate_python(verdict, strict=False) if verdict and text else None
    outcomes = {"send": "sent", "ask": "review", "hand_over": "handed_over"}
    failed = turn["status"] == "failed"
    return {
        "outcome": "failed" if failed else outcomes.get(turn["route"] or "", "failed"),
        "reason": turn["facts"].get("reason", "failure"),
        "mode": turn["mode"],
        "intent": turn["intent"] if turn["facts"].get("intent_decision") == "accept" else None,
        "findings": tuple(f.key for f in judged.report.findings) if judged else (),
        "text": text,
    }


def _go_on(
    connection: Connection, conversation_id: str, replied: tuple[Said, ...], now: datetime
) -> None:
    """Put what was really answered in the place of what the AI would have done."""
    mine = (t.outbox.c.conversation_id == conversation_id) & (t.outbox.c.status == "waiting")
    queued = list(connection.execute(select(t.outbox.c.message_id).where(mine)).scalars())
    connection.execute(delete(t.outbox).where(mine))
    connection.execute(delete(t.messages).where(t.messages.c.id.in_(queued)))
    reviews.supersede(connection, conversation_id, by="replay", cause="replay", at=now)
    last = connection.execute(
        select(func.max(t.messages.c.seq)).where(t.messages.c.conversation_id == conversation_id)
    ).scalar()
    rows = [
        {
            "id": new_id("msg"),
            "conversation_id": conversation_id,
            "seq": (last or 0) + place,
            "role": "agent",
            "channel": "replay",
            "text": message.text,
            "at": now,
            "delivered_at": now,
        }
        for place, message in enumerate(replied, 1)
    ]
    if rows:
        connection.execute(insert(t.messages), rows)
    connection.execute(
        update(t.conversations)
        .where(t.conversations.c.id == conversation_id)
        .values(
            holder="ai", clarifications=0, message_seq=(last or 0) + len(rows), holder_agent=None
        )
    )
