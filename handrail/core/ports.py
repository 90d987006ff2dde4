"""Ports: what the engine, the nodes and the checks need from the outside, as protocols."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Protocol, runtime_checkable

from handrail.core.conversation import (
    ConversationFacts,
    Frozen,
    Message,
    Mode,
    Passage,
    Snapshot,
)
from handrail.core.drafting import Draft, DraftNotes, IntentResult
from handrail.core.verdict import Report, Support, Verdict


class IntentModel(Protocol):
    """Says what a customer wants. Conformance: ``tests/conformance/test_intent_model.py``."""

    @property
    def blocks(self) -> bool:
        """Whether a call takes so long that it would hold up others; it is made in a thread."""
        ...

    def classify(self, text: str, *, before: str = "") -> IntentResult:
        """Rank the playbook's intents for one message; never raises on odd text.

        ``before`` is what the customer said last in the conversation: a message such as "and the
        other one?" is read together with it.
        """
        ...


class Knowledge(Protocol):
    """Finds passages of articles."""

    def search(
        self,
        query: str,
        *,
        limit: int = 5,
        language: str | None = None,
        internal: bool = False,
        tier: str | None = None,
        on: date | None = None,
    ) -> tuple[Passage, ...]:
        """Return the best passages, best first; internal ones only where asked for.

        ``tier`` of the customer: passages for other tiers are left out, unless ``internal``.
        ``on``: passages that are not valid on this day are left out.
        """
        ...


class DraftRequest(Frozen):
    """What a drafter is given."""

    snapshot: Snapshot
    text: str
    """The customer's words of this turn."""
    intent: IntentResult
    passages: tuple[Passage, ...]
    language: str | None = None
    """The language to answer in (BCP 47); the customer's own where left out."""
    notes: DraftNotes = DraftNotes()
    round: int = 0


class Drafter(Protocol):
    """Writes a reply. Conformance: ``tests/conformance/test_drafter.py``."""

    async def draft(self, request: DraftRequest) -> Draft:
        """Return a draft; one with empty text and a ``problem`` where none can be written."""
        ...


class Gist(Frozen):
    """What happened in a conversation, in a few sentences."""

    text: str = ""
    """Empty where nothing could be written: the summary then goes without."""
    tokens: int = 0
    """Tokens of the language model that it cost."""


class Summarizer(Protocol):
    """Writes the gist of a conversation for who goes on with it, a person or the AI.

    Open questions, promises and records are listed beside it without its help.
    """

    async def summarize(self, snapshot: Snapshot) -> Gist:
        """Return the gist of the messages; never raises because a model failed."""
        ...


class OwnerIndex(Protocol):
    """Knows whose personal data a value is."""

    async def owners(self, values: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Map each known value (as :func:`owner_key` writes it) to the customers it belongs to."""
        ...


class Judgement(Frozen):
    """What a judge says of one statement."""

    support: Support
    source: str = ""
    """Key of the evidence it was judged by."""
    quote: str = ""
    """The words of that source it rests on, letter by letter; without them it counts for nothing
    where it says ``supported`` or ``contradicted``."""


class Judge(Protocol):
    """Says whether evidence bears statements out. Conformance: ``tests/conformance/test_judge.py``.

    It is asked only about statements that no rule could decide, and its quotes are looked up.
    """

    name: str

    async def judge(
        self, claims: Sequence[str], evidence: Mapping[str, str]
    ) -> Sequence[Judgement]:
        """Judge each of ``claims`` by ``evidence`` (texts by source), in the order given.

        Raise where it cannot be done: the check then says that it failed.
        """
        ...


@runtime_checkable
class CostlyJudge(Judge, Protocol):
    """A judge that costs tokens, which a conversation may be short of."""

    def within(self, conversation: ConversationFacts) -> Judge:
        """Return the judge that is asked in the name of a conversation."""
        ...


def owner_key(value: str) -> str:
    """Fold a personal value so that its spellings meet: case, spaces and punctuation go.

    E-mail addresses keep their ``@`` and dots.
    """
    folded = value.casefold().strip()
    if "@" in folded or folded.isalnum():
        return folded
    return "".join(filter(str.isalnum, folded))


_ADDRESS_PART = re.compile(r"[^,;\n]{1,200}")
_ADDRESS_WORD = re.compile(r"[^\W_]{1,40}(?:['’.-][^\W_]{1,40}){0,4}")
_INDOORS = re.compile(
    r"\s{0,8}(?:suite|ste|apt|apartment|unit|flat|floor|fl|room|box|po box|piso|puerta"
    r"|planta|esc)\b",
    re.IGNORECASE,
)


def address_keys(value: str) -> tuple[str, ...]:
    """Write an address, and the street and number in it, as :func:`owner_key` does.

    A suite or a floor alone is nobody's; ``12 Elm Street Springfield`` has ``12elmstreet`` too.
    """
    found = [owner_key(value)]
    for part in _ADDRESS_PART.findall(value):
        words = _ADDRESS_WORD.findall(part)
        numbered = [any(map(str.isdecimal, word)) for word in words]
        if len(words) < _STREET_WORDS or not any(numbered) or _INDOORS.match(part):
            continue
        found.append(owner_key("".join(words)))
        if numbered[0]:
            found.append(owner_key("".join(words[:_STREET_WORDS])))
    return tuple(dict.fromkeys(found))


_STREET_WORDS = 3
"""Number, name and kind of a street."""


class Checked(Frozen):
    """A draft after verification: the text that was judged last, and the judgement."""

    draft: Draft
    """Same as given, or with repaired text."""
    verdict: Verdict


class Verifier(Protocol):
    """Runs the guardrails. Neither method raises: what goes wrong is in the report."""

    async def screen(
        self, text: str, snapshot: Snapshot, *, passages: Sequence[Passage] = ()
    ) -> Report:
        """Judge what the customer wrote, or the passages found for it (the ``in.*`` checks)."""
        ...

    async def verify(
        self,
        draft: Draft,
        snapshot: Snapshot,
        *,
        mode: Mode,
        intent: str | None,
        text: str,
        repair: bool,
    ) -> Checked:
        """Judge ``draft``; ``text`` is what the customer wrote.

        With ``repair``, proposed edits are applied and the whole suite runs again on the new
        text, for as many rounds as the playbook allows. A person's text is never repaired.
        """
        ...


class Journal(Protocol):
    """What a turn wants to happen; written in one transaction when the turn's step ends.

    A turn that is interrupted by a crash, a lost lease or a newer message leaves nothing here.
    """

    def drafted(self, draft: Draft) -> None:
        """Keep a draft."""
        ...

    def verified(self, draft: Draft, verdict: Verdict) -> None:
        """Keep a verdict on a draft."""
        ...

    def send(self, draft: Draft, verdict: Verdict, *, decided: bool) -> None:
        """Put a reply in the outbox. ``decided``: a person approved or wrote it."""
        ...

    def hand_over(
        self,
        *,
        reason: str,
        explanation: str,
        draft: Draft | None,
        verdict: Verdict | None,
        hold: bool,
    ) -> None:
        """Let people answer, with a suggestion where there is one.

        With ``hold`` they keep the conversation until they hand it back; without, the AI looks
        at the customer's next message again.
        """
        ...

    def take_over(self, actor: str) -> None:
        """Give the conversation to this person."""
        ...

    def waits(self, node: str) -> None:
        """Name the node that waits for a person."""
        ...

    def describe(self, **facts: Any) -> None:
        """Set facts of the turn row: ``intent``, ``confidence``, ``mode``, ``route``."""
        ...

    def audit(self, kind: str, **payload: Any) -> None:
        """Add a row to the audit chain."""
        ...


class Outgoing(Frozen):
    """A reply on its way out."""

    id: str
    """Outbox row; also the idempotency key that the provider is given."""
    conversation_id: str
    address: str
    text: str
    message: Message | None = None


class Channel(Protocol):
    """A way to reach customers."""

    name: str

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Deliver a reply and return the provider's id.

        Called again with the same ``id`` after a failure or a crash: a channel passes it on as
        the provider's idempotency key. Raise to have it tried again later.
        """
        ...


Wake = Literal["conversation", "outbox", "timers"]


class Dispatcher(Protocol):
    """Wakes the engine. Wake-ups are hints: lost, repeated, early or reordered ones do no harm.

    Conformance: ``tests/conformance/test_dispatcher.py``.
    """

    def wake(self, kind: Wake, subject: str, *, here: bool = False) -> None:
        """Ask that the handler is called with ``(kind, subject)`` soon.

        ``here``: by this process itself, for work that a wake-up before was lost of.
        """
        ...

    def wake_at(self, moment: datetime, kind: Wake, subject: str) -> None:
        """Ask that the handler is called at ``moment``."""
        ...

    async def run(self, handler: Callable[[Wake, str], Awaitable[None]]) -> None:
        """Call the handler for every wake-up until cancelled.

        In one process a job never runs beside itself. After the cancellation nothing new begins,
        and what runs has a while to come to an end.
        """
        ...

    async def close(self) -> None:
        """Pass on the wake-ups asked for so far, and close connections."""
        ...


class ChatModel(Protocol):
    """A language model that answers with structured data."""

    name: str

    async def complete(self, messages: Sequence[Mapping[str, str]], schema: type[Any]) -> Any:
        """Answer the chat messages (``role``, ``content``) with an instance of ``schema``."""
        ...


Tell = Callable[[Mapping[str, Any]], None]
"""Takes an answer as far as it is written: its fields, the last of them perhaps cut off."""


@runtime_checkable
class StreamingModel(ChatModel, Protocol):
    """A language model that can tell how far its answer has come."""

    async def stream(
        self, messages: Sequence[Mapping[str, str]], schema: type[Any], tell: Tell
    ) -> Any:
        """Answer as :meth:`ChatModel.complete` does, and tell of the answer while it grows."""
        ...


class DraftWatcher(Protocol):
    """Sees drafts while they are written: unfinished, unverified, for people of the team only."""

    def watched(self, conversation_id: str) -> bool:
        """Say whether anybody has the conversation open."""
        ...

    def writing(self, conversation_id: str, text: str) -> None:
        """See the text so far."""
        ...

    def written(self, conversation_id: str) -> None:
        """See that nothing more is written."""
        ...
