"""Runs a scenario: simulated people around a real engine on a database that is thrown away."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from handrail.core.clock import ManualClock
from handrail.desk.compose import open_engine
from handrail.desk.invariants import check_invariants
from handrail.desk.settings import Settings
from handrail.desk.simulation.agents import Team
from handrail.desk.simulation.customers import (
    CHANNELS,
    Letterbox,
    SimulatedCustomer,
    draw_customers,
)
from handrail.desk.simulation.faults import FaultyChannel, FaultyDrafter, Unrenewed, Worker
from handrail.desk.simulation.report import SimulationReport, counted, ordered, story_of
from handrail.desk.simulation.scenario import Scenario
from handrail.desk.simulation.timeline import Timeline
from handrail.engine import gate
from handrail.engine.service import Engine
from handrail.store import outbox, timers
from handrail.store import tables as t

log = logging.getLogger("handrail.simulation")

DRAIN = timedelta(hours=6)
"""Longest simulated time that work may go on after customers and agents have stopped."""
MEMORY = Path("/dev/shm")  # noqa: S108 - only the folder made in it is used
"""Where the database lives where there is such a folder: no commit waits for a disk."""
_NOW = bindparam("now")
_NEXT = select(
    select(func.min(t.outbox.c.send_after))
    .where(t.outbox.c.status.in_(("waiting", "sending")), t.outbox.c.send_after > _NOW)
    .scalar_subquery(),
    select(func.min(t.conversations.c.lease_until))
    .where(t.conversations.c.pending > 0, t.conversations.c.lease_until > _NOW)
    .scalar_subquery(),
    select(func.min(t.timers.c.due_at))
    .where(t.timers.c.fired_at.is_(None), t.timers.c.due_at > _NOW)
    .scalar_subquery(),
)
"""When a reply may leave, a lease ends and a timer is due."""


@dataclass
class Simulation:
    """One scenario under way."""

    scenario: Scenario
    engine: Engine
    timeline: Timeline
    injected: Counter[str] = field(default_factory=Counter[str])
    closed: list[bool] = field(default_factory=list[bool])
    errors: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        """Put faults into the engine, and people around it."""
        self.begin = self.timeline.clock.now()
        self.letterbox = Letterbox(
            self.engine,
            self.timeline,
            self.scenario.webhooks,
            self._chance("webhooks"),
            self.injected,
        )
        self.team = Team(
            self.engine,
            self.timeline,
            self.scenario.agents,
            self._chance("agents"),
            self.letterbox.order,
            self.closed,
            injected=self.injected,
        )
        self.channels = [
            FaultyChannel(
                name, self.scenario.channel, self.timeline, self._chance(name), self.injected
            )
            for name in CHANNELS
        ]
        self.engine.relay.channels = {channel.name: channel for channel in self.channels}
        worker = Worker(
            self.engine, self.timeline, self.scenario.model, self._chance("model"), self.injected
        )
        engine: Any = self.engine
        engine.runner.leases = Unrenewed()
        engine.kits.change(lambda made: replace(made, drafter=FaultyDrafter(made.drafter, worker)))

    def _chance(self, name: str) -> Random:
        """A source of its own for each thing, so that one changed share leaves the rest alike."""
        return Random(f"{self.scenario.seed}:{name}")  # noqa: S311 - no secret

    async def run(self, progress: Callable[[float], None]) -> None:
        """Let everything happen; ``progress`` is told the simulated minutes."""
        await self._invite()
        end = self.begin + timedelta(minutes=self.scenario.minutes)
        while True:
            await self._work()
            await self.team.look()
            moment = await self._next()
            if moment is None or moment > end + DRAIN:
                break
            if moment > end and not self.closed:
                self.closed.append(True)
            await self.timeline.advance(moment)
            progress(self.minutes)

    @property
    def minutes(self) -> float:
        """Simulated time that has passed."""
        return (self.timeline.clock.now() - self.begin).total_seconds() / 60

    async def _invite(self) -> None:
        query = select(t.customers.c.id).order_by(t.customers.c.id)
        known = await self.engine.database.read(lambda c: list(c.execute(query).scalars()))
        texts = self.scenario.texts(self.engine.kits.active.release.playbook)
        people = draw_customers(self.scenario, texts, known, self.letterbox, self.closed)
        by_address: dict[str, SimulatedCustomer] = {one.address: one for one in people}
        for channel in self.channels:
            channel.reached = lambda address: by_address[address].answered()

    async def _work(self) -> None:
        """Begin all that is due; what begins once more and changes nothing is left for later."""
        before: list[tuple[Any, str]] = []
        while (jobs := await self._jobs()) and jobs != before:
            before = jobs
            for job in jobs:
                await self.timeline.do(self._handle(*job))

    async def _handle(self, kind: Any, subject: str) -> None:
        """Handle a wake-up; one that fails is tried again, as a dispatcher does."""
        try:
            await self.engine.handle(kind, subject)
        except Exception as error:
            log.exception("%s %s failed; it is tried again", kind, subject)
            self.errors[type(error).__name__] += 1

    async def _jobs(self) -> list[tuple[Any, str]]:
        now, order = self.timeline.clock.now(), self.letterbox.order

        def look(connection: Connection) -> list[tuple[Any, str]]:
            runs = sorted(gate.waiting(connection, now), key=order.__getitem__)
            replies = sorted(set(outbox.waiting(connection, now)), key=order.__getitem__)
            due = [("timers", "")] if timers.any_due(connection, now) else []
            found: list[tuple[Any, str]] = [("conversation", one) for one in runs]
            return found + [("outbox", one) for one in replies] + due

        return await self.engine.database.read(look)

    async def _next(self) -> datetime | None:
        """When something happens next; timers alone are waited for only while people act."""
        now = {"now": self.timeline.clock.now()}
        found = await self.engine.database.read(lambda c: c.execute(_NEXT, now).one())
        waited_for = found[:-1] if self.closed else found
        # A lease is over only after its last moment.
        moments = [one + timedelta(milliseconds=1) for one in waited_for if one is not None]
        if self.timeline.next is not None:
            moments.append(self.timeline.next)
        return min(moments, default=None)

    async def report(self, name: str) -> SimulationReport:
        """Judge and count what happened."""
        box, team = self.letterbox, self.team
        taken = [call for channel in self.channels for call in channel.taken]

        def look(connection: Connection) -> SimulationReport:
            return SimulationReport(
                scenario=name,
                seed=self.scenario.seed,
                minutes=round(self.minutes, 1),
                conversations=len(box.order),
                messages=len(box.accepted),
                duplicates=box.duplicates,
                turns=counted(connection, t.turns, "status"),
                replies=counted(connection, t.outbox, "status"),
                reviews=counted(connection, t.reviews, "kind"),
                decisions=ordered(team.accepted),
                repeated=team.duplicates,
                refused=ordered(team.refused + box.refused),
                injected=ordered(self.injected),
                errors=ordered(self.errors),
                invariants=check_invariants(connection, accepted=box.accepted, delivered=taken),
                story=story_of(connection, box.order),
            )

        return await self.engine.database.read(look)


async def simulate(
    scenario: Scenario,
    *,
    name: str = "scenario",
    playbook: Path | None = None,
    database: str | None = None,
    settings: Settings | None = None,
    progress: Callable[[float], None] = lambda _minutes: None,
) -> SimulationReport:
    """Run a scenario and judge the promises at its end.

    Args:
        scenario: Who writes, who decides, what goes wrong.
        name: What the report calls it.
        playbook: Folder of the playbook to try; as configured where left out.
        database: URL of an empty database to use and keep; one that is thrown away by default.
        settings: In place of the environment.
        progress: Told the simulated minutes that have passed.
    """
    async with _opened(scenario, playbook, database, settings) as simulation:
        with _seeded(scenario.seed):
            await simulation.run(progress)
            return await simulation.report(name)


@asynccontextmanager
async def _opened(
    scenario: Scenario, playbook: Path | None, database: str | None, settings: Settings | None
) -> AsyncGenerator[Simulation]:
    chosen = (settings or Settings()).model_copy(update={"trace": False})
    clock = ManualClock()
    with _scratch() as folder:
        async with open_engine(
            database=database or f"sqlite:///{folder}/simulation.db",
            playbook=playbook,
            work=False,
            clock=clock,
            settings=chosen,
        ) as engine:
            timeline = Timeline(clock)
            try:
                yield Simulation(scenario, engine, timeline)
            finally:
                timeline.close()


def _scratch() -> TemporaryDirectory[str]:
    where = MEMORY if MEMORY.is_dir() else None
    return TemporaryDirectory(prefix="handrail-simulate-", dir=where)


@contextmanager
def _seeded(seed: int) -> Generator[None]:
    """Pauses between deliveries come from Python's own generator: seed it, and put it back."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)
