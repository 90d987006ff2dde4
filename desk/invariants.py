"""The promises as invariants: read a database and say where one does not hold.

They hold at any moment a conversation is at rest, however it came there. Use them in tests of
your own graphs, channels and drafters, or on a copy of a live database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Table, select

from handrail.core.drafting import Draft
from handrail.core.events import Accepted
from handrail.core.ports import Outgoing
from handrail.core.verdict import text_digest
from handrail.engine.plan import HOLDING_REPLY
from handrail.nodes.choose_route import keeps_hold
from handrail.store import audit
from handrail.store import tables as t

Row = Mapping[str, Any]
SENDING = ("approve", "edit", "respond")
"""Decisions that send a text."""


@dataclass(frozen=True)
class Breach:
    """A place where a promise does not hold."""

    conversation_id: str
    what: str


@dataclass(frozen=True)
class Invariant:
    """What one promise came to."""

    promise: str
    """``P1`` to ``P10``."""
    says: str
    """The promise in a sentence."""
    looked_at: int
    """Rows that were judged."""
    breaches: tuple[Breach, ...]


@dataclass
class Facts:
    """All rows the promises are about, by conversation."""

    connection: Connection
    accepted: Sequence[Accepted] = ()
    """Receipts that ``ingest`` gave to the senders."""
    delivered: Sequence[Outgoing] | None = None
    """What the providers took, call by call; ``None`` where nobody kept it."""
    rows: dict[Table, list[Row]] = field(default_factory=dict[Table, list[Row]])

    def all(self, table: Table) -> list[Row]:
        """All rows of a table, in the order of their conversation."""
        if table not in self.rows:
            order = [table.c[n] for n in ("conversation_id", "seq", "no") if n in table.c]
            found = self.connection.execute(select(table).order_by(*order)).mappings()
            self.rows[table] = [dict(row) for row in found]
        return self.rows[table]

    def of(self, table: Table) -> dict[str, list[Row]]:
        """Rows of a table by conversation."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for row in self.all(table):
            grouped[row["conversation_id"]].append(row)
        return grouped

    @cached_property
    def noted(self) -> frozenset[tuple[str, str, str]]:
        """Kind, name and value of every fact that the audit chain holds."""
        return frozenset(
            (row["kind"], name, str(value))
            for row in self.all(t.audit_events)
            for name, value in row["payload"].items()
        )

    @cached_property
    def causes(self) -> dict[str, list[Row]]:
        """Events by the turn that dealt with them."""
        grouped: dict[str, list[Row]] = defaultdict(list)
        for event in self.all(t.events):
            if event["turn_id"]:
                grouped[event["turn_id"]].append(event)
        return grouped

    @cached_property
    def drafted(self) -> frozenset[tuple[str, str]]:
        """Text and digest of every draft, proposed actions included in the digest."""
        drafts = (Draft.model_validate(row["body"]) for row in self.all(t.drafts))
        return frozenset((draft.text, draft.digest) for draft in drafts)

    def is_text(self, text: str | None, digest: str) -> bool:
        """Whether a digest is that of a text, or of a draft with this text."""
        return text is not None and (text_digest(text) == digest or (text, digest) in self.drafted)

    @cached_property
    def queued(self) -> list[Row]:
        """Replies that were not called back."""
        return [row for row in self.all(t.outbox) if row["status"] != "cancelled"]


def check_invariants(
    connection: Connection,
    *,
    accepted: Sequence[Accepted] = (),
    delivered: Sequence[Outgoing] | None = None,
) -> tuple[Invariant, ...]:
    """Judge every promise on a database in which all work that is due was done.

    Args:
        connection: On one consistent view.
        accepted: Receipts the senders of messages were given; each must be found.
        delivered: What the providers took, in order; without it only the database is judged.
    """
    facts = Facts(connection, accepted, delivered)
    return tuple(
        Invariant(promise, says, len(looked_at(facts)), tuple(find(facts)))
        for promise, says, looked_at, find in INVARIANTS
    )


def broken(invariants: Collection[Invariant]) -> list[str]:
    """One line for each breach, empty where every promise holds."""
    return [
        f"{one.promise}: {breach.what} ({breach.conversation_id})"
        for one in invariants
        for breach in one.breaches
    ]


def _nothing_lost(facts: Facts) -> Iterator[Breach]:
    stored = {row["id"] for row in facts.all(t.events)}
    for receipt in facts.accepted:
        if receipt.event_id not in stored:
            yield Breach(receipt.conversation_id, f"accepted event {receipt.event_id} is gone")
    messages, replies = facts.of(t.messages), facts.of(t.outbox)
    open_reviews = {r["conversation_id"] for r in facts.all(t.reviews) if r["status"] == "open"}
    events = facts.of(t.events)
    for row in facts.all(t.conversations):
        waiting = [e for e in events[row["id"]] if e["processed_at"] is None]
        if len(waiting) != row["pending"] or waiting:
            yield Breach(row["id"], f"{len(waiting)} event(s) wait, {row['pending']} are counted")
        if any(reply["status"] in ("waiting", "sending") for reply in replies[row["id"]]):
            yield Breach(row["id"], "a reply has not left")
        if row["id"] in open_reviews or row["holder"] == "human":
            continue
        unanswered = _unanswered(messages[row["id"]])
        if unanswered is not None:
            yield Breach(row["id"], f"message {unanswered} is neither answered nor with a person")


def _unanswered(messages: Sequence[Row]) -> str | None:
    """A customer's message whose reply was not delivered and that no person has dealt with since.

    An answer of the AI to what came later does not make up for it.
    """
    reached, by_person = False, False
    for message in reversed(messages):
        if message["role"] == "customer":
            if not reached and not by_person:
                return message["id"]
        elif message["role"] != "note" and message["answers"]:
            reached = message["delivered_at"] is not None
            by_person = by_person or (reached and message["author"] is not None)
    return None


def _one_effect(facts: Facts) -> Iterator[Breach]:
    replies: dict[str, list[Row]] = defaultdict(list)
    for row in facts.queued:
        replies[row["turn_id"]].append(row)
    for turn_id, rows in replies.items():
        if len(rows) > 1:
            yield Breach(rows[0]["conversation_id"], f"turn {turn_id} replied {len(rows)} times")
        if not facts.causes[turn_id]:
            yield Breach(rows[0]["conversation_id"], f"no event caused the reply of {turn_id}")
    for conversation_id, rows in facts.of(t.events).items():
        decided = [e["body"]["review_id"] for e in rows if _is_final(e)]
        if len(decided) != len(set(decided)):
            yield Breach(conversation_id, "two decisions on one review were acted upon")
    yield from _one_delivery(facts)


def _is_final(event: Row) -> bool:
    return event["kind"] == "decision" and event["body"]["decision"]["kind"] != "note"


def _one_delivery(facts: Facts) -> Iterator[Breach]:
    if facts.delivered is None:
        return
    known = {row["id"]: row for row in facts.all(t.outbox)}
    texts: dict[str, set[str]] = defaultdict(set)
    for call in facts.delivered:
        texts[call.id].add(call.text)
        if call.id not in known:
            yield Breach(call.conversation_id, f"delivered under {call.id}, which no reply has")
        elif known[call.id]["status"] == "cancelled":
            yield Breach(call.conversation_id, f"reply {call.id} was called back and delivered")
    for key, said in texts.items():
        if len(said) > 1 and key in known:
            yield Breach(known[key]["conversation_id"], f"two texts under one key {key}")
    for row in known.values():
        if row["status"] == "sent" and row["id"] not in texts:
            yield Breach(row["conversation_id"], f"reply {row['id']} counts as sent and was not")


def _verified(facts: Facts) -> Iterator[Breach]:
    outcomes = {(row["id"], row["digest"]): row["outcome"] for row in facts.all(t.verdicts)}
    texts = {row["id"]: row["text"] for row in facts.all(t.messages)}
    for row in facts.queued:
        outcome = outcomes.get((row["verdict_id"], row["digest"]))
        if not facts.is_text(texts.get(row["message_id"]), row["digest"]):
            yield Breach(row["conversation_id"], f"reply {row['id']} has another text than judged")
        elif outcome is None:
            yield Breach(row["conversation_id"], f"reply {row['id']} has no verdict on its text")
        elif outcome != "clean" and not _decided_text(facts, row):
            yield Breach(row["conversation_id"], f"reply {row['id']} is {outcome}, nobody decided")
    digests = {row["id"]: row["digest"] for row in facts.queued}
    for call in facts.delivered or ():
        if call.id in digests and not facts.is_text(call.text, digests[call.id]):
            yield Breach(call.conversation_id, f"delivered under {call.id}: a text nobody judged")


def _decided_text(facts: Facts, reply: Row) -> bool:
    """Whether a person wrote or approved this text, by the events that caused it."""
    for event in facts.causes[reply["turn_id"]]:
        body = event["body"]
        if event["kind"] == "agent_message" and text_digest(body["text"]) == reply["digest"]:
            return True
        if not _is_final(event) or body["decision"]["kind"] not in SENDING:
            continue
        said = body["decision"].get("text")
        if reply["digest"] == (body["digest"] if said is None else text_digest(said)):
            return True
    return False


def _as_seen(facts: Facts) -> Iterator[Breach]:
    reviews = {row["id"]: row for row in facts.all(t.reviews)}
    for row in facts.all(t.decisions):
        review = reviews[row["review_id"]]
        seen = (row["version"] + 1, row["digest"], row["actor"], row["kind"])
        names = ("version", "digest", "decided_by", "decision")
        if review["status"] != "decided" or seen != tuple(review[name] for name in names):
            yield Breach(row["conversation_id"], f"decision {row['id']} is not on what was shown")
    decided = {row["review_id"] for row in facts.all(t.decisions)}
    for row in reviews.values():
        if row["status"] == "decided" and row["id"] not in decided:
            yield Breach(row["conversation_id"], f"review {row['id']} was decided by nobody")
    for reply in facts.queued:
        if reply["decided_by"] is not None and not _decided_text(facts, reply):
            yield Breach(reply["conversation_id"], f"reply {reply['id']} is not what was decided")


def _resumed(facts: Facts) -> Iterator[Breach]:
    """What was approved at an interrupt left from the very turn that waited there."""
    reviews = {row["id"]: row for row in facts.all(t.reviews)}
    left = {(row["turn_id"], row["digest"]) for row in facts.all(t.outbox)}
    failed = {row["turn_id"] for row in facts.all(t.reviews) if row["kind"] == "failure"}
    for row in facts.all(t.decisions):
        review = reviews[row["review_id"]]
        if row["kind"] != "approve" or review["interrupt_id"] is None:
            continue
        turn_id = review["turn_id"]
        if (turn_id, row["digest"]) not in left and turn_id not in failed:
            yield Breach(row["conversation_id"], f"turn {turn_id} did not go on as approved")


def _silent(facts: Facts) -> Iterator[Breach]:
    for conversation_id, rows in facts.of(t.audit_events).items():
        held = False
        for row in rows:
            kind, payload = row["kind"], row["payload"]
            if kind == "taken_over" or (kind == "handed_over" and keeps_hold(payload["reason"])):
                held = True
            elif kind == "handed_back":
                held = False
            elif kind == "reply_queued" and held and not payload["decided"]:
                yield Breach(conversation_id, f"the AI replied at audit row {row['no']}")


def _to_people(facts: Facts) -> Iterator[Breach]:
    asked = {row["turn_id"] for row in facts.all(t.reviews)}
    for turn in facts.all(t.turns):
        if turn["status"] in ("failed", "waiting") and turn["id"] not in asked:
            what = f"turn {turn['id']} is {turn['status']} and nobody was asked"
            yield Breach(turn["conversation_id"], what)
    turns = {turn["id"] for turn in facts.all(t.turns)}
    failed = {r["conversation_id"] for r in facts.all(t.reviews) if r["kind"] == "failure"}
    for event in facts.all(t.events):
        ended = event["kind"] == "message" and event["processed_at"] is not None
        if ended and event["turn_id"] not in turns and event["conversation_id"] not in failed:
            yield Breach(event["conversation_id"], f"event {event['id']} ended without a turn")
    # A holding reply speaks of a review that is open anyway.
    aside = {turn["id"] for turn in facts.all(t.turns) if turn["graph"] == HOLDING_REPLY}
    for row in facts.all(t.outbox):
        lost = row["status"] == "failed" and row["turn_id"] not in aside
        if lost and row["conversation_id"] not in failed:
            yield Breach(row["conversation_id"], f"reply {row['id']} failed and nobody was asked")


def _on_record(facts: Facts) -> Iterator[Breach]:
    for one in audit.verify(facts.connection):
        yield Breach(one.conversation_id, f"audit row {one.no}: {one.problem}")
    for row, kind, name, value in _changes(facts):
        if (kind, name, value) not in facts.noted:
            yield Breach(row["conversation_id"], f"no audit row {kind!r} for {value}")


def _changes(facts: Facts) -> Iterator[tuple[Row, str, str, str]]:
    """Every state change that the chain must hold: the row, kind, and the fact that names it."""
    for row in facts.all(t.messages):
        if row["role"] in ("customer", "note"):
            kind = "received" if row["role"] == "customer" else "noted"
            yield row, kind, "message_id", row["id"]
    for row in facts.all(t.reviews):
        yield row, "asked_human", "review_id", row["id"]
        if row["status"] in ("decided", "superseded"):
            yield row, row["status"], "review_id", row["id"]
    ends = {"sent": "sent", "failed": "delivery_failed", "cancelled": "recalled"}
    for row in facts.all(t.outbox):
        yield row, "reply_queued", "outbox_id", row["id"]
        if row["status"] in ends:
            yield row, ends[row["status"]], "outbox_id", row["id"]


Find = Callable[[Facts], Iterator[Breach]]
LookedAt = Callable[[Facts], Sequence[object]]
INVARIANTS: tuple[tuple[str, str, LookedAt, Find], ...] = (
    (
        "P1",
        "every accepted message is answered or waits for a person",
        lambda f: [row for row in f.all(t.messages) if row["role"] == "customer"],
        _nothing_lost,
    ),
    ("P2", "each cause has one effect, each reply one key", lambda f: f.all(t.outbox), _one_effect),
    ("P3", "each reply has a verdict that lets it pass", lambda f: f.queued, _verified),
    ("P4", "each decision is on what was shown", lambda f: f.all(t.decisions), _as_seen),
    ("P5", "each paused turn goes on as decided", lambda f: f.all(t.decisions), _resumed),
    ("P6", "the AI is silent while a person holds", lambda f: f.queued, _silent),
    ("P7", "each failure is with a person", lambda f: f.all(t.turns), _to_people),
    ("P10", "each change has its audit row", lambda f: f.all(t.audit_events), _on_record),
)
