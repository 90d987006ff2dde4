"""Finds attacks on the assistant in a text: what the rules know, and what the scorer thinks."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from handrail.guardrails.attack_rules import find_attacks
from handrail.guardrails.attack_scorer import Kind, attack_scorer, spread
from handrail.guardrails.customer_records import CustomerRecords
from handrail.guardrails.record_facts import Sheet

_OF_TALK = frozenset({"many_shot", "secret", "repetition"})
"""Rules that hold for what is said to the assistant; articles ask and answer, and speak of PINs."""
RESEMBLES = "resembles_attack"
SHORTEST = 16
"""Characters; a shorter text that others wrote holds no order."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A passage that tries to steer the assistant."""

    rule: str
    start: int
    end: int
    confidence: float
    """0 to 1."""


def attacks_in(text: str, kind: Kind, *, margin: float = 0.0) -> Iterator[Attack]:
    """Find attacks in folded text.

    Args:
        text: Folded.
        kind: ``direct`` for what is said to the assistant, ``indirect`` for documents.
        margin: Added to the scorer's threshold, in log-odds; more lets more pass.
    """
    if not text:
        return
    hits = [h for h in find_attacks(text) if kind == "direct" or h.rule not in _OF_TALK]
    sentences = spread(text).places if hits else ()
    ruled = [Attack(hit.rule, *_whole(hit.start, hit.end, sentences), 0.9) for hit in hits]
    yield from ruled
    scorer = attack_scorer()
    for passage in scorer.find(text, kind, above=scorer.thresholds[kind] + margin):
        if not any(hit.start <= passage.start and passage.end <= hit.end for hit in ruled):
            yield Attack(RESEMBLES, passage.start, passage.end, passage.probability)


class RecordNote(NamedTuple):
    """A text in a record, long enough for an order."""

    sheet: Sheet
    field: str
    text: str

    @property
    def source(self) -> str:
        """``record:order/W100#note``."""
        return f"{self.sheet.source}#{self.field}"

    @property
    def internal(self) -> bool:
        """Whether nobody may see it in clear text."""
        return self.sheet.record.fields[self.field].visibility == "internal"


def record_notes(records: CustomerRecords) -> Iterator[RecordNote]:
    """Find the texts in records that an order could stand in."""
    for _, sheet, name, text in records.long_texts(SHORTEST):
        yield RecordNote(sheet, name, text)


def _whole(start: int, end: int, sentences: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Widen a span to the sentences it is in: what an order wants stands beside its first words."""
    first = bisect_right(sentences, start, key=itemgetter(1))
    after = bisect_left(sentences, end, key=itemgetter(0))
    if first >= after:
        return start, end
    return min(start, sentences[first][0]), max(end, sentences[after - 1][1])
