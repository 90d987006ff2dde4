"""What the AI understood: findings on the customer's messages, the intent, and what values mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from handrail.core.conversation import Message, Record, Snapshot
from handrail.core.drafting import IntentResult
from handrail.core.turn import Understanding
from handrail.core.verdict import Finding
from handrail.desk.marking import Piece, mark
from handrail.engine.views import ConversationView
from handrail.language.record_choice import choose_record
from handrail.language.slots import Slot, find_slots
from handrail.playbook.models import Playbook

_MOST_SLOTS = 12


class BoundSlot(BaseModel):
    """A value in the customer's words, and the records it may mean."""

    kind: str
    text: str
    """As the customer wrote it."""
    value: str
    """The same in one form: an ISO date, a decimal amount."""
    records: tuple[str, ...]
    """Kind and number of each record it may mean; more than one where that is open."""
    sure: bool
    """Whether they have just this value, and not one that is merely like it."""


class NeededRecord(BaseModel):
    """A record that the intent needs, and whether it is known which one."""

    kind: str
    record: str | None = None
    candidates: tuple[str, ...] = ()
    """Which ones it may be, where the customer must be asked."""
    problem: str | None = None


class UnderstoodTurn(BaseModel):
    """What a turn made of what came in."""

    turn_id: str
    no: int
    message_ids: tuple[str, ...]
    findings: tuple[Finding, ...]
    """Spans are those of the messages joined by line ends; empty where a record or an article is
    meant, which the evidence names."""
    intent: IntentResult | None
    slots: tuple[BoundSlot, ...] = ()
    """Read with the records as they are now."""
    needs: tuple[NeededRecord, ...] = ()
    """What the intent needs to be answered."""


@dataclass(frozen=True)
class Read:
    """A customer's message with what the input checks found in it."""

    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...]


def understanding(turn: Mapping[str, Any]) -> Understanding:
    """Read what a turn's row keeps; empty where it kept nothing."""
    return Understanding.model_validate(turn["facts"].get("understood", {}), strict=False)


def read_messages(view: ConversationView) -> dict[str, Read]:
    """Return the messages in which something was found, by id; the last turn that read one counts.

    A burst is read as one text, so each finding is put back into the message it stands in.
    """
    texts = {message.id: message.text for message in view.messages}
    found: dict[str, Read] = {}
    for turn in view.turns:
        known = understanding(turn)
        begin = 0
        for message_id in known.message_ids:
            text = texts.get(message_id, "")
            inside = tuple(sorted(_inside(known.findings, begin, len(text)), key=_place))
            found.pop(message_id, None)
            if inside:
                found[message_id] = Read(mark(text, inside, whole=True), inside)
            begin += len(text) + 1
    return found


def _inside(findings: Sequence[Finding], begin: int, size: int) -> Iterator[Finding]:
    for finding in findings:
        start, end = max(finding.start - begin, 0), min(finding.end - begin, size)
        if start < end:
            yield finding.model_copy(update={"start": start, "end": end})


def _place(finding: Finding) -> tuple[int, int]:
    return finding.start, finding.end


def read_elsewhere(turn: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Return what was found in records and articles, which no customer's message shows."""
    return tuple(one for one in understanding(turn).findings if one.start == one.end)


def understand(
    view: ConversationView, turn: Mapping[str, Any], playbook: Playbook
) -> UnderstoodTurn:
    """Return what a turn understood, its values bound as the template drafter binds them."""
    known = understanding(turn)
    read = [message for message in view.messages if message.id in known.message_ids]
    text = "\n".join(message.text for message in read)
    records = view.records if view.verified else ()
    slots = find_slots(text, records, today=turn["started_at"].date())
    intent = playbook.intents.get(known.intent.top or "") if known.intent else None
    return UnderstoodTurn(
        turn_id=turn["id"],
        no=turn["no"],
        message_ids=known.message_ids,
        findings=known.findings,
        intent=known.intent,
        slots=tuple(_bound(slot) for slot in slots[:_MOST_SLOTS]),
        needs=tuple(
            _needed(kind, text, intent.about, _snapshot(view, turn, read)) for kind in intent.needs
        )
        if intent and read
        else (),
    )


def _bound(slot: Slot) -> BoundSlot:
    return BoundSlot(
        kind=slot.kind,
        text=slot.text,
        value=slot.value,
        records=tuple(map(_name, slot.records)),
        sure=slot.sure,
    )


def _name(record: Record) -> str:
    return f"{record.kind} {record.id}"


def _needed(kind: str, text: str, about: Mapping[str, Any], snapshot: Snapshot) -> NeededRecord:
    choice = choose_record(kind, text, dict(about), snapshot)
    return NeededRecord(
        kind=kind,
        record=_name(choice.record) if choice.record else None,
        candidates=tuple(map(_name, choice.ask)),
        problem=choice.problem,
    )


def _snapshot(view: ConversationView, turn: Mapping[str, Any], read: Sequence[Message]) -> Snapshot:
    """The conversation as the turn saw it, but for records that changed since."""
    last = max(message.seq for message in read)
    return Snapshot(
        conversation=view.facts,
        customer=view.customer,
        verified=view.verified,
        messages=tuple(message for message in view.messages if message.seq <= last),
        records=view.records,
        now=turn["started_at"],
        release=turn["release_id"],
    )
