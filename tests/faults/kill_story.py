"""A story of support that can be told again from where its process died.

The people in it, and the provider, live outside of that process: they remember what they saw and
what they took in files, and repeat with the same names what was not confirmed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from handrail.core.clock import ManualClock
from handrail.core.conversation import Customer
from handrail.core.decisions import Approve, Decision, Edit, HandBack, Reject, Respond, TakeOver
from handrail.core.drafting import Draft
from handrail.core.events import AgentMessage, Control, CustomerMessage, Event, EventBody
from handrail.core.ports import Drafter, DraftRequest, Outgoing
from handrail.desk.invariants import broken, check_invariants
from handrail.engine import gate
from handrail.engine.service import Engine
from handrail.store import tables as t

KILLED = 99
"""Exit code of a process that was killed at its point."""
UNDO_SECONDS = 300.0
"""Longer than a new process takes to go on, so that a recall is in time."""
AGAIN = gate.LEASE + timedelta(seconds=1)
"""When a new process goes on, on a server whose leases only time frees."""


@dataclass
class Killer:
    """Ends the process at one of its points, as a lost machine does: nothing is cleaned up."""

    at: int
    """Number of the point, from 1; 0 lives on."""
    passed: list[str] = field(default_factory=list[str])

    def point(self, name: str) -> None:
        """Pass a point, or die there."""
        self.passed.append(name)
        if len(self.passed) == self.at:
            os._exit(KILLED)

    def watch(self, engine: Engine) -> None:
        """Make a point of each side of every commit."""
        dialect: Any = engine.database.engine.dialect
        commit = dialect.do_commit

        def watched(connection: Any) -> None:
            self.point("before commit")
            commit(connection)
            self.point("after commit")

        dialect.do_commit = watched


class Diary:
    """Lines in a file that outlive the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.touch()

    def note(self, *facts: Any) -> None:
        """Write a line, whole or not at all."""
        with self.path.open("ab", buffering=0) as file:
            file.write(json.dumps(facts).encode() + b"\n")

    def read(self) -> list[list[Any]]:
        """All lines."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]


class Provider:
    """Takes replies; for Fenn only from the third try on."""

    name = "test"

    def __init__(self, diary: Diary, killer: Killer) -> None:
        self.diary, self.killer = diary, killer

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Take a reply once for each key, and note every try."""
        self.killer.point("before delivery")
        tries = sum(row[:2] == ["tried", outgoing.id] for row in self.diary.read())
        self.diary.note("tried", outgoing.id)
        if outgoing.address == "fenn" and tries < 2:
            raise ConnectionError("the provider is away")
        self.diary.note("took", outgoing.model_dump(mode="json"))
        self.killer.point("after delivery")
        return f"provider-{outgoing.id}"

    def taken(self) -> list[Outgoing]:
        """Every call that was taken."""
        return [Outgoing.model_validate(row[1]) for row in self.diary.read() if row[0] == "took"]


class Model:
    """Drafts as the templates do, and is away whenever gift cards are asked about."""

    def __init__(self, drafter: Drafter, killer: Killer) -> None:
        self.drafter, self.killer = drafter, killer

    async def draft(self, request: DraftRequest) -> Draft:
        """Draft, or raise."""
        self.killer.point("before draft")
        if "gift card" in request.text:
            raise ConnectionError("the model is away")
        draft = await self.drafter.draft(request)
        self.killer.point("after draft")
        return draft


@dataclass
class Story:
    """The story on one engine."""

    engine: Engine
    clock: ManualClock
    provider: Provider
    memory: Diary
    """What the people saw, and how far the story is."""

    async def tell(self) -> None:
        """Tell the story from where it stopped, to its end."""
        started = [row[1] for row in self.memory.read() if row[0] == "step"]
        begin = max(len(started) - 1, 0)
        self.clock.move(timedelta(seconds=10 * len(started)))
        if started:
            self.clock.move(AGAIN)
            await self.engine.recover()
            await self.engine.settle()
        for number, step in enumerate(STEPS):
            if number >= begin or step in REPEATED:
                await self._tell(number, step, new=number >= len(started))
        for _ in range(8):
            self.clock.move(timedelta(seconds=90))
            await self.engine.settle()

    async def _tell(self, number: int, step: Step, *, new: bool) -> None:
        if new:
            self.memory.note("step", number)
            self.clock.move(timedelta(seconds=10))
        await step(self)
        await self.engine.settle()

    async def post(self, name: str, body: EventBody, conversation: str | None = None) -> None:
        """Give an event to the engine, under a name that a repetition has too."""
        conversation_id = await self.conversation(conversation) if conversation else None
        channel = "desk" if conversation else "test"
        await self.engine.ingest(
            Event(channel=channel, external_id=name, conversation_id=conversation_id, body=body)
        )

    async def conversation(self, address: str) -> str:
        """Whose conversation."""
        found = await self.engine.open_conversation("test", address)
        assert found is not None, f"{address} has no conversation"
        return found

    async def seen(self, name: str, look: Callable[[], Awaitable[list[Any]]]) -> list[Any]:
        """What a person saw when they first looked."""
        known = [row[2] for row in self.memory.read() if row[:2] == ["saw", name]]
        if not known:
            known = [await look()]
            self.memory.note("saw", name, known[0])
        return known[0]


Step = Callable[[Story], Awaitable[None]]


def says(address: str, text: str, *, name: str = "", times: int = 1) -> Step:
    """A customer writes; a webhook may bring it twice."""

    async def step(story: Story) -> None:
        person = Customer(id=PEOPLE[address])
        body = CustomerMessage(text=text, address=address, customer=person, verified=True)
        for _ in range(times):
            await story.post(f"{address}:{name}", body)

    REPEATED.append(step)
    return step


def decides(address: str, decision: Decision, *, actor: str = "kim") -> Step:
    """A person decides the open review as they saw it."""

    async def step(story: Story) -> None:
        async def look() -> list[Any]:
            conversation_id = await story.conversation(address)
            (one,) = [
                r for r in await story.engine.reviews() if r.conversation_id == conversation_id
            ]
            return [one.id, one.version, one.draft.digest if one.draft else None]

        review_id, version, digest = await story.seen(f"{address}:{decision.kind}", look)
        await story.engine.decide(
            review_id, version=version, digest=digest, decision=decision, actor=actor
        )

    return step


def controls(address: str, action: TakeOver | HandBack) -> Step:
    """A person takes a conversation over, or hands it back."""
    body = Control(action=action, actor="kim")
    return lambda story: story.post(f"{address}:{action.kind}", body, address)


def writes(address: str, text: str) -> Step:
    """A person who holds the conversation writes in it."""
    body = AgentMessage(text=text, actor="kim")
    return lambda story: story.post(f"{address}:{text}", body, address)


def recalls(address: str) -> Step:
    """A person calls the last reply back."""

    async def step(story: Story) -> None:
        async def look() -> list[Any]:
            view = await story.engine.conversation(await story.conversation(address))
            return [row["id"] for row in view.outbox]

        (outbox_id,) = await story.seen(f"{address}:recall", look)
        await story.engine.recall(outbox_id, actor="kim")

    return step


PEOPLE = {
    "ada": "cust_001",
    "bram": "cust_004",
    "clio": "cust_011",
    "dario": "cust_013",
    "edda": "cust_009",
    "fenn": "cust_002",
    "greta": "cust_010",
}
CANCEL = "Please cancel my order"
POLICY = "What is your return policy?"
MINE = "Thank you for waiting. I look into it now and write to you here."
REPEATED: list[Step] = []
"""Messages; their senders repeat all of them when they hear nothing of a new process."""
STEPS: tuple[Step, ...] = (
    says("ada", POLICY, times=2),
    says("bram", CANCEL),
    decides("bram", Approve()),
    says("clio", CANCEL),
    decides("clio", Edit(text=MINE)),
    says("dario", CANCEL),
    decides("dario", Approve()),
    recalls("dario"),
    decides("dario", Respond(text=MINE)),
    says("edda", CANCEL),
    controls("edda", TakeOver()),
    writes("edda", MINE),
    says("edda", POLICY, name="again"),
    controls("edda", HandBack(note="keeps the order")),
    says("fenn", POLICY),
    says("greta", "How do I use a gift card?"),
    decides("greta", Reject(reason="try again")),
    decides("greta", Respond(text=MINE)),
    says("ada", "Do you ship to Canada and what does shipping cost?", name="again"),
)


def outcome(connection: Connection, taken: list[Outgoing]) -> dict[str, Any]:
    """What the story came to, without ids and moments."""
    told: dict[str, Any] = {}
    rows = connection.execute(select(t.conversations)).mappings().all()
    for row in rows:
        told[row["address"]] = {
            "conversation": [
                row[name] for name in ("holder", "holder_agent", "status", "summary", "pending")
            ],
            **{name: _rows(connection, row["id"], *what) for name, what in _TOLD.items()},
            "delivered": list(
                {c.id: c.text for c in taken if c.address == row["address"]}.values()
            ),
        }
    told["promises"] = broken(check_invariants(connection, delivered=taken))
    return told


_TOLD: dict[str, tuple[Any, tuple[str, ...], tuple[str, ...]]] = {
    "messages": (t.messages, ("seq",), ("seq", "role", "author", "text", "intent")),
    "reviews": (
        t.reviews,
        ("opened_at", "version"),
        ("kind", "status", "version", "reason", "digest", "decided_by", "decision"),
    ),
    "decisions": (t.decisions, ("at",), ("kind", "actor", "version", "digest")),
    "turns": (t.turns, ("no",), ("no", "graph", "status", "mode", "intent", "route")),
    "replies": (t.outbox, ("created_at",), ("status", "digest", "decided_by")),
    "audit": (t.audit_events, ("no",), ("kind", "actor")),
}


def _rows(
    connection: Connection,
    conversation_id: str,
    table: Any,
    order: tuple[str, ...],
    names: tuple[str, ...],
) -> list[list[Any]]:
    query = (
        select(*(table.c[name] for name in names))
        .where(table.c.conversation_id == conversation_id)
        .order_by(*(table.c[name] for name in order))
    )
    return [list(row) for row in connection.execute(query)]
