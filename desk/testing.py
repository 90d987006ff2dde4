"""A world for tests: an engine whose clock stands still and whose channel keeps what it is given.

Ships with the package, for tests of your own graphs, checks and playbooks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from handrail.core.clock import ManualClock
from handrail.core.conversation import Customer
from handrail.core.decisions import Review
from handrail.core.drafting import Draft
from handrail.core.events import Accepted, CustomerMessage, Event
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest, Outgoing
from handrail.desk.compose import open_engine
from handrail.desk.settings import Settings
from handrail.engine.embedded import EmbeddedDispatcher
from handrail.engine.kit import Graph
from handrail.engine.service import Engine
from handrail.engine.versions import Graphs
from handrail.playbook.models import Hours
from handrail.store import tables as t

ADA = Customer(id="cust_001")
"""A customer of the demo shop with one order."""

ROUND_THE_CLOCK = Hours(
    days=("mon", "tue", "wed", "thu", "fri", "sat", "sun"), opens=time(0), closes=time(0)
)


@dataclass
class Postbox:
    """A channel that keeps what was delivered, by idempotency key as a provider would."""

    name: str = "test"
    calls: list[Outgoing] = field(default_factory=list[Outgoing])
    taken: list[Outgoing] = field(default_factory=list[Outgoing])
    """The calls that did not fail."""
    failures: int = 0
    """How many deliveries fail before one succeeds."""

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Keep the reply, or fail."""
        self.calls.append(outgoing)
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionError("the provider is away")
        self.taken.append(outgoing)
        return f"provider-{outgoing.id}"

    @property
    def delivered(self) -> list[str]:
        """Texts as the customer got them: once for each idempotency key."""
        return list({call.id: call.text for call in self.taken}.values())


@dataclass
class World:
    """One engine at work, and ways to act upon it."""

    engine: Engine
    clock: ManualClock
    postbox: Postbox
    url: str
    home: Path

    async def say(
        self,
        text: str,
        *,
        name: str | None = None,
        address: str = "ada",
        channel: str = "test",
        customer: Customer = ADA,
    ) -> Accepted:
        """Let a customer, Ada where none is named, write, without doing the work."""
        body = CustomerMessage(text=text, address=address, customer=customer, verified=True)
        return await self.engine.ingest(
            Event(channel=channel, external_id=name or new_id("ext"), body=body)
        )

    async def work(self) -> None:
        """Do all work, the undo window included."""
        await self.engine.settle()
        self.clock.move(timedelta(seconds=30))
        await self.engine.settle()

    async def ask(self, text: str, **options: Any) -> Accepted:
        """Let the customer write, and do the work."""
        accepted = await self.say(text, **options)
        await self.work()
        return accepted

    async def only_review(self) -> Review:
        """The one open review."""
        (review,) = await self.engine.reviews()
        return review

    async def decide(self, review: Review, decision: Any, *, actor: str = "kim") -> Accepted:
        """Decide a review as it was seen."""
        return await self.engine.decide(
            review.id,
            version=review.version,
            digest=review.draft.digest if review.draft else None,
            decision=decision,
            actor=actor,
        )

    async def rows(self, table: Table) -> list[dict[str, Any]]:
        """All rows of a table."""
        found = await self.engine.database.read(lambda c: c.execute(select(table)).mappings().all())
        return [dict(row) for row in found]

    async def replies(self) -> list[str]:
        """Texts of all replies that reached the outbox, called-back ones left out."""
        messages = {row["id"]: row["text"] for row in await self.rows(t.messages)}
        return [messages[row["message_id"]] for row in await self.rows(t.outbox)]

    async def wait(self, length: timedelta) -> None:
        """Let time pass, and do all work that is due then."""
        self.clock.move(length)
        await self.work()

    async def audited(self, kind: str) -> list[dict[str, Any]]:
        """What the audit rows of a kind say, in order."""
        rows = sorted(await self.rows(t.audit_events), key=lambda row: row["no"])
        return [row["payload"] for row in rows if row["kind"] == kind]

    def play(self, **changes: Any) -> None:
        """Change the playbook: ``teams=...``, ``conversations=...``."""
        kits: Any = self.engine.kits
        release = kits.active.release
        playbook = release.playbook.model_copy(update=changes)
        release = release.model_copy(update={"playbook": playbook})
        kits.active = replace(kits.active, release=release)
        self.use(playbook=playbook)

    def deploy(self, *graphs: Graph) -> None:
        """Replace the graphs of these names, as a deploy does under conversations that wait."""
        runner, names = self.engine.runner, {graph.name for graph in graphs}
        others = [name for name in runner.graphs if name not in names]
        kept = [graph for name in others for graph in runner.graphs.versions(name)]
        runner.graphs = Graphs([*kept, *graphs])

    def use(self, **services: Any) -> None:
        """Replace services of the nodes: ``drafter=...``."""
        use(self.engine, **services)


def use(engine: Engine, **services: Any) -> None:
    """Replace services that an engine's nodes are given: ``drafter=...``."""
    kits: Any = engine.kits
    kits.change(lambda made: replace(made, **services))


class Writes:
    """A drafter that writes a given text, after a pause where one is wanted."""

    def __init__(self, text: str = "Thank you for your message.") -> None:
        self.text = text
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def draft(self, request: DraftRequest) -> Draft:
        """Write the text."""
        self.started.set()
        await self.go_on.wait()
        return Draft(id=new_id("dft"), text=self.text, source="template", round=request.round)


class Fails:
    """A drafter that fails in a given way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def draft(self, request: DraftRequest) -> Draft:
        """Fail."""
        del request
        raise self.error


async def refusal(attempt: Awaitable[object]) -> object:
    """The error that an attempt ends with, or what it returns."""
    (outcome,) = await asyncio.gather(attempt, return_exceptions=True)
    return outcome


@asynccontextmanager
async def open_world(
    database: str, home: Path, *, playbook: Path | None = None, settings: Settings | None = None
) -> AsyncGenerator[World]:
    """Open a world on a database; the demo shop where no playbook is named.

    Args:
        database: SQLAlchemy URL.
        home: Folder for trained classifiers; share it between tests.
        playbook: Folder of a playbook.
        settings: More than the home, such as a model.
    """
    clock, postbox = ManualClock(), Postbox()
    async with open_engine(
        database=database,
        playbook=playbook,
        work=False,
        clock=clock,
        settings=(settings or Settings()).model_copy(update={"home": home}),
        dispatcher=EmbeddedDispatcher(clock),
    ) as engine:
        engine.relay.channels = {**engine.relay.channels, "test": postbox, "mail": postbox}
        yield World(engine, clock, postbox, database, home)
