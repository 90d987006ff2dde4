"""Examples to train the scorer of ``fact.grounded`` on, made of approved replies.

Every reply a person approved is a true example, and costs nothing. It becomes a false one when a
sentence about something else is put in, or when it stands beside evidence for another question.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zlib import crc32

from handrail.core.conversation import ConversationFacts, Customer, Snapshot
from handrail.core.errors import ConfigurationError
from handrail.guardrails.claim_features import Ground, Measured, measure_reply
from handrail.guardrails.claims import Claim, split_claims
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.reading import Source, read_published
from handrail.guardrails.terms import stems
from handrail.guardrails.values import find_values

FOLDS: Final = 5
_WIDENED: Final = 0.2
"""Share of examples that see evidence for other questions too, as a search finds it."""
_BESIDE: Final = 20
"""For so many other questions at most."""
_OTHERS: Final = 0.5
"""Share of additions that come from texts without a reply, where there are any."""
_TRIES: Final = 100
"""How often another reply is drawn before all are looked through."""
_FACT_WORDS: Final = 2
"""Content words of a fact: "Yes." states nothing by itself."""
SNAPSHOT: Final = Snapshot(
    conversation=ConversationFacts(id="k", customer_id="c", channel="web", address="a"),
    customer=Customer(id="c"),
    verified=False,
    messages=(),
    records=(),
    now=datetime(2026, 1, 1, tzinfo=UTC),
    release="training",
)


@dataclass(frozen=True)
class Approved:
    """A reply that people stand by, and what it relies on."""

    reply: str
    evidence: tuple[str, ...]
    subject: str
    """What it is about: replies about one subject are never mixed with each other."""


@dataclass(frozen=True)
class Example:
    """A text, its evidence, and the spans of it that nothing supports."""

    text: str
    evidence: tuple[str, ...]
    unsupported: tuple[tuple[int, int], ...] = ()
    said: str = ""
    """What the customer asked."""
    group: str = ""
    """Examples of one group are never both trained on and measured."""
    untouched: bool = False


@dataclass(frozen=True)
class Judged:
    """A measured sentence of an example."""

    measured: Measured
    unsupported: bool
    claim: Claim
    fold: int


def measure(example: Example) -> list[Judged]:
    """Measure the sentences of an example."""
    claims = split_claims(example.text)
    sources = (
        Source(f"article:{n}", read_published(text)) for n, text in enumerate(example.evidence)
    )
    ground = Ground(Evidence(SNAPSHOT, sources), find_values(example.text), example.said)
    fold = crc32(example.group.encode()) % FOLDS
    return [
        Judged(measured, _touched(claim, example.unsupported), claim, fold)
        for claim, measured in zip(claims, measure_reply(example.text, claims, ground), strict=True)
    ]


def _touched(claim: Claim, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < claim.end and claim.start < end for start, end in spans)


def corrupt(
    approved: Sequence[Approved], others: Sequence[Approved] = (), seed: int = 0
) -> Iterator[Example]:
    """Make examples of approved replies: each untouched, with an addition, and out of place.

    Additions come from the other replies and from ``others``, whose replies may be empty.
    """
    rng = random.Random(seed)  # noqa: S311 - the same examples each time, no secret
    for one in approved:
        other = _other(one, others if others and rng.random() < _OTHERS else approved, rng)
        more = _found_beside(one, other, (*approved, *others), rng)
        evidence = (*one.evidence, *more)
        yield Example(one.reply, evidence, group=one.subject, untouched=True)
        yield _with_addition(one, evidence, other, rng)
        statements = tuple(
            (claim.start, claim.end)
            for claim in split_claims(one.reply)
            if claim.kind == "statement"
        )
        yield Example(one.reply, (*other.evidence, *more), statements, group=one.subject)


def _other(one: Approved, among: Sequence[Approved], rng: random.Random) -> Approved:
    for _ in range(_TRIES):
        other = rng.choice(among)
        if _differs(one, other):
            return other
    found = [other for other in among if _differs(one, other)]
    if not found:
        raise ConfigurationError(
            f"no approved reply is of another subject than {one.subject!r} and has other evidence, "
            "so no statement can be taken from elsewhere; add replies of other subjects"
        )
    return rng.choice(found)


def _found_beside(
    one: Approved, other: Approved, among: Sequence[Approved], rng: random.Random
) -> tuple[str, ...]:
    """Evidence for neither of two questions."""
    drawn = rng.choices(among, k=rng.randint(1, _BESIDE)) if rng.random() < _WIDENED else ()
    strange = (each for each in drawn if _differs(each, one) and _differs(each, other))
    return tuple(text for each in strange for text in each.evidence)


def _differs(one: Approved, other: Approved) -> bool:
    return other.subject != one.subject and not set(other.evidence) & set(one.evidence)


def facts(text: str, evidence: Sequence[str]) -> Iterator[str]:
    """The statements of a text that have a word in common with its evidence.

    "I hope that answers your question." says nothing about any subject.
    """
    known = frozenset[str]().union(*(stems(one) for one in evidence))
    for claim in split_claims(text):
        words = stems(claim.text)
        if claim.kind == "statement" and len(words) >= _FACT_WORDS and words & known:
            yield claim.text


def put_in(text: str, added: str, rng: random.Random) -> tuple[str, int, int]:
    """Put a sentence between two of a text; return the text and where the sentence stands."""
    place = rng.choice([0, *(claim.end for claim in split_claims(text))])
    before, after = _ended(text[:place].rstrip()), text[place:].lstrip()
    start, sentence = len(before) + bool(before), _ended(added)
    return " ".join(filter(None, (before, sentence, after))), start, start + len(sentence)


def _ended(text: str) -> str:
    return text if not text or text[-1] in ".!?" else f"{text}."


def _with_addition(
    one: Approved, evidence: tuple[str, ...], other: Approved, rng: random.Random
) -> Example:
    pool = list(facts(other.reply, other.evidence))
    pool += [fact for text in other.evidence for fact in facts(text, other.evidence)]
    added = rng.choice(pool) if pool else other.reply or other.evidence[0]
    text, start, end = put_in(one.reply, added, rng)
    return Example(text, evidence, ((start, end),), group=one.subject)


def judgeable(claim: Claim) -> bool:
    """Whether a sentence is scored at all: a question claims nothing."""
    return claim.kind != "question"
