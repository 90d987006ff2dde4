"""Recorded conversations with tools, as the snapshots and action events a check is given."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from handrail.core.conversation import (
    ActionEvent,
    ConversationFacts,
    Customer,
    FieldType,
    FieldValue,
    Message,
    Record,
    Snapshot,
)

READS = ("get_", "search_", "list_", "find_", "calculate", "think")
"""How tools are named that change nothing."""
NOW = datetime(2024, 5, 15, 15, tzinfo=UTC)
_TRANSCRIPT = re.compile(r"^(user|assistant|tool): ", re.MULTILINE)
_REFUSED = re.compile(r"\s*(?:Error|error)\b")
Removed = Literal["none", "writes", "failed"]
"""What is done to a conversation before it is judged: nothing, its changes are taken out, or each
of its changes has failed."""


@dataclass
class Reply:
    """One thing the assistant said, and all that was known by then."""

    task: str
    text: str
    snapshot: Snapshot
    after_change: bool
    """Whether a change was made since the assistant spoke last: it is the change's report."""
    told: tuple[Any, ...] = ()
    """What the tools had returned by then."""


@dataclass
class _World:
    """What is known as a conversation goes on."""

    records: dict[str, Record] = field(default_factory=dict[str, Record])
    events: list[ActionEvent] = field(default_factory=list[ActionEvent])
    messages: list[Message] = field(default_factory=list[Message])
    seen: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    changed: set[str] = field(default_factory=set[str])
    told: list[Any] = field(default_factory=list[Any])
    pending: bool = False

    def reply(self, task: object, text: str, *, after_change: bool) -> Reply:
        return Reply(str(task), text, self.snapshot(), after_change, tuple(self.told))

    def snapshot(self) -> Snapshot:
        return Snapshot(
            conversation=ConversationFacts(id="k", customer_id="c", channel="web", address="a"),
            customer=Customer(id="c"),
            verified=True,
            messages=tuple(self.messages),
            records=tuple(self.records.values()),
            now=NOW + timedelta(minutes=len(self.events) + 1),
            release="rel",
            actions=tuple(self.events),
        )

    def say(self, role: Literal["customer", "ai"], text: str) -> None:
        number = len(self.messages) + 1
        self.messages.append(
            Message(
                id=f"m{number}",
                conversation_id="k",
                seq=number,
                role=role,
                channel="web",
                text=text,
                at=NOW,
            )
        )

    def learn(self, result: Any) -> None:
        """Keep what a tool read as a record."""
        if (number := number_of(result)) is not None and number not in self.changed:
            self.records[number] = record_of(number, result)

    def happen(self, event: ActionEvent, removed: Removed) -> None:
        """Keep an event, unless changes are taken out."""
        if removed == "none" or event.outcome != "done":
            self.events.append(event)
        elif removed == "failed":
            self.events.append(event.model_copy(update={"outcome": "failed"}))


def is_tuned(name: object) -> bool:
    """Whether a task belongs to the half that rules were made on."""
    return hashlib.sha256(str(name).encode()).digest()[0] % 2 == 0


def number_of(result: Any) -> str | None:
    """Return the number of the order or reservation that a tool told of."""
    if not isinstance(result, dict):
        return None
    told = cast("Mapping[str, Any]", result)
    return next((str(told[key]) for key in ("reservation_id", "order_id") if key in told), None)


def record_of(number: str, told: Mapping[str, Any]) -> Record:
    """Make a record of a tool's result: its plain fields."""
    plain = {k: v for k, v in told.items() if isinstance(v, str | int | float)}
    return Record(
        kind="order" if "order_id" in told else "reservation",
        id=number,
        customer_id="c",
        fields={k: FieldValue(type=_type(k), value=v) for k, v in plain.items()}
        | {k: FieldValue(type="money", value=v) for k, v in _money(told).items()},
    )


def _type(name: str) -> FieldType:
    if name == "status":
        return "status"
    return "date" if name.endswith("_at") else "text"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _money(told: Any) -> dict[str, str]:
    """What was paid and what was given back, by the payments in a result."""
    if number_of(told) is None:
        return {}
    paid = cast("Mapping[str, Any]", told)
    found: dict[str, str] = {}
    for payment in cast("list[dict[str, Any]]", paid.get("payment_history") or []):
        back = payment["amount"] < 0 or payment.get("transaction_type") == "refund"
        found["refund" if back else "charge"] = str(abs(payment["amount"]))
    if difference := paid.get("exchange_price_difference"):
        found["refund" if difference < 0 else "charge"] = str(abs(difference))
    return found


def airline(row: Mapping[str, Any], removed: Removed) -> Iterator[Reply]:
    """Replay a trajectory of chat messages with tool calls."""
    world = _World()
    calls: dict[str, Any] = {}
    for message in row["traj"]:
        calls |= {call["id"]: call["function"] for call in message.get("tool_calls") or ()}
        if message["role"] == "tool":
            _called(world, calls[message["tool_call_id"]], message["content"], removed)
        elif message["role"] == "user":
            world.say("customer", message["content"])
        elif message["role"] == "assistant" and message["content"]:
            reported = world.pending and not message.get("tool_calls")
            yield world.reply(row["task_id"], message["content"], after_change=reported)
            world.pending = world.pending and not reported
            world.say("ai", message["content"])


def _called(world: _World, call: Mapping[str, Any], result: str, removed: Removed) -> None:
    told, asked = _parsed(result), json.loads(call["arguments"])
    world.told.append(told)
    if call["name"].startswith(READS):
        world.learn(told)
        return
    failed = bool(_REFUSED.match(result))
    number = number_of(told) or asked.get("reservation_id")
    handed = call["name"].startswith("transfer")
    world.pending = world.pending or not (failed or handed)
    if not failed and removed == "none":
        world.learn(told)
    elif not failed and number:
        world.changed.add(number)
    world.happen(
        ActionEvent(
            id=f"e{len(world.events) + 1}",
            action=call["name"],
            at=NOW + timedelta(minutes=len(world.events)),
            record=number,
            outcome="failed" if failed else "done",
            details={k: str(v) for k, v in asked.items()} | _money(told),
        ),
        removed,
    )


def retail(row: Mapping[str, Any], removed: Removed) -> Iterator[Reply]:
    """Replay a written-down dialogue, whose changes show only in what its tools return."""
    world = _World()
    parts = _TRANSCRIPT.split(row["text"])[1:]
    for role, text in zip(parts[::2], map(str.strip, parts[1::2]), strict=True):
        if role == "tool":
            _returned(world, _parsed(text), removed)
        elif role == "user":
            world.say("customer", text)
        elif text != "None":
            yield world.reply(row["id"], text, after_change=world.pending)
            world.pending = False
            world.say("ai", text)


def _returned(world: _World, told: Any, removed: Removed) -> None:
    world.told.append(told)
    number = number_of(told)
    if number is None:
        return
    before, world.seen[number] = world.seen.get(number), told
    action = _changed(before, told) if before else None
    if action is None:
        world.learn(told)
        return
    world.pending = True
    if removed == "none":
        world.learn(told)
    else:
        world.changed.add(number)
    world.happen(
        ActionEvent(
            id=f"e{len(world.events) + 1}",
            action=action,
            at=NOW + timedelta(minutes=len(world.events)),
            record=number,
            details=_money(told),
        ),
        removed,
    )


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Name the change between two states of an order; ``None`` where there is none."""
    if before.get("status") != after.get("status"):
        words = ("cancel", "exchange", "return", "modif")
        verb = next((word for word in words if word in str(after.get("status"))), "update")
        return f"{'modify' if verb == 'modif' else verb}_order"
    if before != after:
        return "modify_order"
    return None
