"""What can be measured of a sentence beside its evidence, without knowing what either means.

Every figure is free of vocabulary: how much of the sentence stands in the evidence, in one place or
scattered, which values and names are new, and how it stands in its reply. A scorer learns from them
which sentences nothing supports.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from handrail.guardrails.claim_conflicts import Conflicts, Frames
from handrail.guardrails.claims import Claim
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.terms import joined, stem, stems
from handrail.guardrails.values import Value, values_within

Features = dict[str, float]
NEW, KNOWN, BEGINNING = "+", "=", "^"
"""Marks before a word that say in which of three roles it was met."""
_CAPITAL = re.compile(r"[A-Z](?<=[\w,;:'’)\"“] [A-Z])\w{1,40}")
"""A word with a capital in the midst of its sentence: a name."""


class Measured(NamedTuple):
    """One sentence, measured."""

    figures: Features
    new: tuple[str, ...]
    """Words that nothing speaks of, shortened; each with ``NEW`` before it, as the others."""
    known: tuple[str, ...]
    """Words that stand in the evidence."""
    beginning: tuple[str, ...]
    """How the sentence begins."""


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


class Ground:
    """The evidence of one text, in the form that features are measured against."""

    def __init__(self, evidence: Evidence, values: Sequence[Value], said: str) -> None:
        self.evidence = evidence
        self.values = values
        self.asked = stems(said)

    def frames(self) -> Frames:
        """The evidence in the form that conflicts are measured against."""
        passages: list[str] = []
        others: list[str] = []
        for name, text in self.evidence.texts.items():
            (passages if name.startswith("article:") else others).append(text)
        held = [row.stems for shelf in self.evidence.shelves for row in shelf.rows]
        return Frames([*passages, *others], len(passages), held, self.asked)


class ReplyMeasures:
    """A text whose sentences are measured one by one, each by itself and beside the others.

    With ``conflicts`` their figures are measured too, which takes longer.
    """

    def __init__(
        self, text: str, claims: Sequence[Claim], ground: Ground, *, conflicts: bool = False
    ) -> None:
        self._claims = claims
        self._ground = ground
        self._conflicts = Conflicts(claims, ground.frames()) if conflicts else None
        content = [claim.stems for claim in claims]
        self._unknown = _unknown(claims, ground.evidence)
        self.strange = strange = self._unknown - ground.asked
        """Those that the question does not have either."""
        self._coverage = [_share(len(one - self._unknown), len(one)) for one in content]
        self._new = [float(len(one & strange)) for one in content]
        self._nearest = ground.evidence.compare(content).most
        """How many words of each sentence that one of the evidence has that shares most with it."""
        self._about: Features = {
            "coverage_mean": _share(sum(self._coverage), len(claims)),
            "new_mean": _share(sum(self._new), len(claims)),
            "sentences": len(claims),
            "chars": len(text),
            "sources": len(ground.evidence.sources),
            "question_words": len(ground.asked),
        }

    def measure(self, number: int) -> Measured:
        """Measure one sentence, by its number."""
        claim, words = self._claims[number], self._claims[number].stems
        begins = [stem(word) for word in claim.spoken[:2]]
        return Measured(
            {
                **self._alone(claim, words),
                **self._about,
                **self._beside(number),
                **(self._conflicts.measure(number) if self._conflicts else {}),
            },
            tuple([NEW + word for word in words & self.strange]),
            tuple([KNOWN + word for word in words - self._unknown]),
            (f"{BEGINNING}{' '.join(begins[:1])}", f"{BEGINNING}{' '.join(begins)}"),
        )

    def _alone(self, claim: Claim, words: frozenset[str]) -> Features:
        """Its words, values and names."""
        values = values_within(self._ground.values, claim.start, claim.end)
        strange = [value for value in values if not self._ground.evidence.has(value)]
        names = [stem(name.casefold()) for name in _CAPITAL.findall(claim.text)]
        return {
            "content": len(words),
            "values": len(values),
            "new_values": len(strange),
            "new_digits": sum(not value.spelled for value in strange),
            "names": len(names),
            "new_names": sum(name in self._unknown for name in names),
            "statement": claim.kind == "statement",
            "negated": claim.negated,
        }

    def _beside(self, number: int) -> Features:
        """How much of it is known and new, also beside the other sentences."""
        coverage, new, about = self._coverage[number], self._new[number], self._about
        before, after = number - 1, number + 1
        first, last = before < 0, after == len(self._claims)
        return {
            "sentence": _share(self._nearest[number], len(self._claims[number].stems)),
            "coverage": coverage,
            "coverage_over_mean": coverage - about["coverage_mean"],
            "coverage_before": -1 if first else self._coverage[before],
            "coverage_after": -1 if last else self._coverage[after],
            "new": new,
            "new_over_mean": new - about["new_mean"],
            "new_before": -1 if first else self._new[before],
            "new_after": -1 if last else self._new[after],
            "place": number,
            "place_share": number / len(self._claims),
        }


def _unknown(claims: Sequence[Claim], evidence: Evidence) -> frozenset[str]:
    """The content words of a text that the evidence lacks; "high chairs" are its "highchairs"."""
    unknown = evidence.unknown(frozenset[str]().union(*(claim.stems for claim in claims)))
    halves: dict[str, tuple[str, str]] = {}
    for claim in claims:
        if not unknown.isdisjoint(claim.stems):
            said = [stem(word) for word in claim.spoken]
            for at, pair in enumerate(pairwise(said)):
                if pair[0] in unknown or pair[1] in unknown:
                    halves[joined(*claim.spoken[at : at + 2])] = pair
    wholes = halves.keys() - evidence.unknown(frozenset(halves))
    return unknown.difference(*(halves[whole] for whole in wholes))


def measure_reply(text: str, claims: Sequence[Claim], ground: Ground) -> list[Measured]:
    """Measure every sentence of a text, in order, in every way."""
    reply = ReplyMeasures(text, claims, ground, conflicts=True)
    return [reply.measure(number) for number in range(len(claims))]
