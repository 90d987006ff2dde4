"""Simulated customers: what they write, when, and over which channel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from handrail.core.conversation import Customer
from handrail.core.errors import RequestError
from handrail.core.events import Accepted, CustomerMessage, Event
from handrail.desk.simulation.scenario import Scenario, WebhookFaults
from handrail.desk.simulation.timeline import Timeline
from handrail.engine.service import Engine

CHANNELS = ("web", "webhook")


@dataclass
class Letterbox:
    """Takes messages to the engine as web pages and webhooks do: twice, late, out of order."""

    engine: Engine
    timeline: Timeline
    faults: WebhookFaults
    chance: Random
    injected: Counter[str]
    accepted: list[Accepted] = field(default_factory=list[Accepted])
    order: dict[str, int] = field(default_factory=dict[str, int])
    """Conversations in the order in which their customers first wrote."""
    refused: Counter[str] = field(default_factory=Counter[str])
    duplicates: int = 0

    async def post(self, event: Event) -> None:
        """Take a message along; a webhook may come late, and again."""
        if event.channel == "webhook":
            if self._happens(self.faults.duplicated, "webhook duplicated"):
                self.timeline.after(self.chance.uniform(0, 300), lambda: self.put(event))
            if self._happens(self.faults.reordered, "webhook reordered"):
                self.timeline.after(self.chance.uniform(5, 60), lambda: self.put(event))
                return
        await self.put(event)

    async def put(self, event: Event) -> None:
        """Give an event to the engine and keep its receipt."""
        try:
            accepted = await self.engine.ingest(event)
        except RequestError as error:
            self.refused[type(error).__name__] += 1
            return
        self.order.setdefault(accepted.conversation_id, len(self.order))
        self.duplicates += accepted.duplicate
        if not accepted.duplicate:
            self.accepted.append(accepted)

    def _happens(self, share: float, fault: str) -> bool:
        happens = self.chance.random() < share
        self.injected[fault] += happens
        return happens


@dataclass
class SimulatedCustomer:
    """One person with some matters on their mind."""

    number: int
    persona: str
    customer: Customer | None
    """Who it is, where the channel vouches for that."""
    texts: dict[str, tuple[float, tuple[str, ...]]]
    left: int
    """Messages not yet written."""
    letterbox: Letterbox
    timeline: Timeline
    chance: Random
    closed: list[bool]
    """Filled when the time of writing is over."""
    channel: str = "web"
    written: int = 0
    heard: int = 0
    """Answers that reached this person."""

    @property
    def address(self) -> str:
        """Where replies reach this person."""
        return f"customer-{self.number}"

    async def write(self) -> None:
        """Write the next message, and plan the one after it."""
        if self.left <= 0 or self.closed:
            return
        self.left -= 1
        self.written += 1
        body = CustomerMessage(
            text=self._words(),
            address=self.address,
            customer=self.customer,
            verified=self.customer is not None,
        )
        name = f"{self.address}:{self.written}"
        event = Event(channel=self.channel, external_id=name, body=body)
        if self.persona == "double_sender":
            self.letterbox.injected["sent twice"] += 1
            self.timeline.after(self.chance.choice((0, 3, 40)), lambda: self.letterbox.put(event))
        if self.persona == "impatient":
            self.timeline.after(self.chance.uniform(1, 25), self.write)
        if self.persona == "channel_switcher":
            self.channel = "webhook"
        if self.persona != "abandoning":
            silence = self.heard
            self.timeline.after(self.chance.uniform(900, 2700), lambda: self._ask_again(silence))
        await self.letterbox.post(event)

    async def _ask_again(self, heard: int) -> None:
        """Everybody's patience ends."""
        if self.heard == heard:
            await self.write()

    def answered(self) -> None:
        """Think about the answer, then go on."""
        self.heard += 1
        if self.persona not in ("impatient", "abandoning"):
            self.timeline.after(self.chance.uniform(10, 180), self.write)

    def _words(self) -> str:
        weights = [weight for weight, _ in self.texts.values()]
        ((_, texts),) = self.chance.choices(list(self.texts.values()), weights)
        return self.chance.choice(texts)


def draw_customers(
    scenario: Scenario,
    texts: dict[str, tuple[float, tuple[str, ...]]],
    known: list[str],
    letterbox: Letterbox,
    closed: list[bool],
) -> list[SimulatedCustomer]:
    """Draw who writes: first the customers of the playbook's data, then strangers."""
    chance = Random(f"{scenario.seed}:customers")  # noqa: S311 - no secret
    weights = scenario.customers.model_dump()
    chance.shuffle(known)
    drawn: list[SimulatedCustomer] = []
    for number in range(scenario.conversations):
        (persona,) = chance.choices(list(weights), list(weights.values()))
        name = known[number] if number < len(known) else None
        if name is None and persona == "channel_switcher":
            name = f"switcher-{number}"
        drawn.append(
            SimulatedCustomer(
                number=number,
                persona=persona,
                customer=Customer(id=name) if name else None,
                texts=texts,
                left=1 if persona == "abandoning" else chance.randint(1, scenario.messages),
                letterbox=letterbox,
                timeline=letterbox.timeline,
                chance=Random(f"{scenario.seed}:customer:{number}"),  # noqa: S311 - no secret
                closed=closed,
                channel="web" if persona == "channel_switcher" else chance.choice(CHANNELS),
            )
        )
        begins = chance.uniform(0, scenario.minutes * 60 * 0.8)
        letterbox.timeline.after(begins, drawn[-1].write)
    return drawn
