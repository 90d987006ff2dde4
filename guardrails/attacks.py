"""Finds attacks on the assistant in a text: what the rules know, and what the scorer thinks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handrail.guardrails.attack_rules import find_attacks
from handrail.guardrails.attack_scorer import Kind, attack_scorer, spread

_OF_TALK = frozenset({"many_shot", "secret", "repetition"})
"""Rules that hold for what is said to the assistant; articles ask and answer, and speak of PINs."""
RESEMBLES = "resembles_attack"


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
    sentences = spread(text).places
    ruled = [
        Attack(hit.rule, *_whole(hit.start, hit.end, sentences), 0.9)
        for hit in find_attacks(text)
        if kind == "direct" or hit.rule not in _OF_TALK
    ]
    yield from ruled
    scorer = attack_scorer()
    for passage in scorer.find(text, kind, above=scorer.thresholds[kind] + margin):
        if not any(hit.start <= passage.start and passage.end <= hit.end for hit in ruled):
            yield Attack(RESEMBLES, passage.start, passage.end, passage.probability)


def _whole(start: int, end: int, sentences: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Widen a span to the sentences it is in: what an order wants stands beside its first words."""
    inside = [place for place in sentences if place[0] < end and start < place[1]]
    return (min(start, inside[0][0]), max(end, inside[-1][1])) if inside else (start, end)
