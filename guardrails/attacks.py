"""Finds attacks on the assistant in a text: what the rules know, and what the scorer thinks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handrail.guardrails.attack_rules import find_attacks
from handrail.guardrails.attack_scorer import Kind, attack_scorer

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
    ruled: list[Attack] = []
    for hit in find_attacks(text):
        if kind == "direct" or hit.rule not in _OF_TALK:
            ruled.append(Attack(hit.rule, hit.start, hit.end, 0.9))
    yield from ruled
    scorer = attack_scorer()
    for passage in scorer.find(text, kind, above=scorer.thresholds[kind] + margin):
        if not any(hit.start < passage.end and passage.start < hit.end for hit in ruled):
            yield Attack(RESEMBLES, passage.start, passage.end, passage.probability)
