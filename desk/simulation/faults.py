"""A channel and a drafter that fail as a scenario says, in simulated time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from handrail.core.drafting import Draft
from handrail.core.ports import Drafter, DraftRequest, Outgoing
from handrail.desk.simulation.scenario import ChannelFaults, ModelFaults
from handrail.desk.simulation.timeline import Timeline
from handrail.engine import gate
from handrail.engine.gate import Lease
from handrail.engine.service import Engine
from handrail.store import outbox


class FaultyChannel:
    """A provider that keeps what it took, by idempotency key, and fails at times."""

    def __init__(
        self,
        name: str,
        faults: ChannelFaults,
        timeline: Timeline,
        chance: Random,
        injected: Counter[str],
    ) -> None:
        self.name = name
        self.taken: list[Outgoing] = []
        """Calls that were taken, in order; a repeated key is the same reply again."""
        self.reached: Callable[[str], None] = lambda _address: None
        """Told the address of every customer whom a new reply reached."""
        self._faults, self._timeline = faults, timeline
        self._chance, self._injected = chance, injected

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Take a reply, or fail before or after."""
        if self._happens("fails"):
            raise ConnectionError("the provider is away")
        if self._happens("slow"):
            await self._timeline.sleep(outbox.DELIVERY.total_seconds() * 1.5)
        new = all(call.id != outgoing.id for call in self.taken)
        self.taken.append(outgoing)
        if new:
            self.reached(outgoing.address)
        if self._happens("ack_lost"):
            raise ConnectionError("the provider's answer was lost")
        return f"provider-{outgoing.id}"

    def _happens(self, fault: str) -> bool:
        happens = self._chance.random() < getattr(self._faults, fault)
        if happens:
            self._injected[f"channel {fault}"] += 1
        return happens


class Unrenewed:
    """In place of the engine's leases: real seconds, after which it renews, mean nothing here."""

    @contextmanager
    def kept(self, lease: Lease) -> Generator[None]:
        """Leave it to the drafter, in whose time the run passes."""
        del lease
        yield


@dataclass
class Worker:
    """The process that drafts: it renews its leases, unless it stands still."""

    engine: Engine
    timeline: Timeline
    faults: ModelFaults
    chance: Random
    injected: Counter[str]

    async def take(self, seconds: float, conversation_id: str) -> None:
        """Let time pass and keep the lease."""
        beat = gate.LEASE.total_seconds() / 4
        while seconds > 0:
            await self.timeline.sleep(min(beat, seconds))
            seconds -= beat
            now = self.timeline.clock.now()
            await self.engine.database.write(
                lambda c, at=now: gate.renew(c, self.engine.owner, [conversation_id], at)
            )


class FaultyDrafter:
    """Another drafter that takes its time, fails, or stands still past the lease."""

    def __init__(self, drafter: Drafter, worker: Worker) -> None:
        self._drafter, self._worker = drafter, worker

    async def draft(self, request: DraftRequest) -> Draft:
        """Draft, or fail in the way that chance says."""
        worker, conversation_id = self._worker, request.snapshot.conversation.id
        faults, drawn = worker.faults, worker.chance.random()
        if drawn < faults.fails:
            worker.injected["model fails"] += 1
            raise ConnectionError("the model is away")
        if drawn < faults.fails + faults.times_out:
            worker.injected["model times_out"] += 1
            await worker.take(60, conversation_id)
            raise TimeoutError
        if drawn < faults.fails + faults.times_out + faults.stalls:
            worker.injected["model stalls"] += 1
            await worker.timeline.sleep(gate.LEASE.total_seconds() * 1.5)
        else:
            await worker.take(worker.chance.uniform(*faults.seconds), conversation_id)
        return await self._drafter.draft(request)
