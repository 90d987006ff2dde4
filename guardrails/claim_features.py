"""What can be measured of a sentence beside its evidence, without knowing what either means.

Every figure is free of vocabulary: how much of the sentence stands in the evidence, in which
order, in one place or scattered, which values and names are new, and how it stands in its reply.
A scorer learns from them which sentences nothing supports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import compress
from operator import not_
from typing import Final, NamedTuple

from handrail.guardrails.claim_conflicts import Conflicts, Frames
from handrail.guardrails.claim_words import ReplyWords, Words
from handrail.guardrails.claims import Claim
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.likeness import Nearest
from handrail.guardrails.terms import stems
from handrail.guardrails.values import Value, values_within

Features = dict[str, float]
NEW, KNOWN, BEGINNING = "+", "=", "^"
"""Marks before a word that say in which of three roles it was met."""


class Measured(NamedTuple):
    """One sentence, measured."""

    figures: Features
    new: tuple[str, ...]
    """Words that nothing speaks of, shortened; each with ``NEW`` before it, as the others."""
    known: tuple[str, ...]
    """Words that stand in the evidence."""
    beginning: tuple[str, ...]
    """How the sentence begins."""


_HEDGES = frozenset(
    """may might could would usually typically generally often likely possibly perhaps sometimes
    depending depends""".split()  # noqa: SIM905 - a list of words is read as words
)
_ADVICE = frozenset(
    """should must always never ensure make recommend recommended recommends consult consulting
    avoid consider important need needs""".split()  # noqa: SIM905
)
_LINKS = frozenset(
    """however additionally overall therefore also addition summary conclusion note finally
    moreover furthermore alternatively""".split()  # noqa: SIM905
)
_META = frozenset(
    """passage passages article articles source sources according based provided mention mentions
    mentioned states stated suggests information given unable specify specified""".split()  # noqa: SIM905
)
_EXAMPLE = re.compile(r"\b(?:such as|including|like|e\.g|for example|for instance)\b|[(]")
_EXAMPLES = frozenset({"such", "including", "like", "example", "instance"})
"""Words without one of which an example begins with "e.g." or a bracket."""
_ITEM = re.compile(r"(?:^|\n)\s{0,8}(?:[-*•]|\d{1,2}[.)])\s{1,8}$")
_MARKER_CHARS = 14


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _longest(parts: Iterable[bytes]) -> int:
    return max(map(len, parts))


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


def _place(content: frozenset[str], negated: bool, nearest: Nearest) -> Features:
    """How well one sentence, two neighbours or one source cover it."""
    count, common = len(content), nearest.shared
    return {
        "two_sentences": _share(nearest.both, count),
        "source": _share(nearest.source, count),
        "overlap": _share(common, count + len(nearest.words) - common),
        "back": _share(common, len(nearest.words)),
        "negated": negated,
        "other_polarity": negated != nearest.says_no,
    }


def _new(said: Words, ground: Ground) -> Features:
    """How much of it nothing speaks of, and how far it goes along with the evidence."""
    content, pairs = said.content, said.lacks.pairs
    return {
        "words": len(said.words),
        "content": len(content),
        "new_words_run": _longest(said.lacks.content.split(b"\0")),
        "run": _longest(pairs.split(b"\1")),
        "new_run": _longest(pairs.split(b"\0")),
        "asked": _share(len([w for w in content if w in ground.asked]), len(content)),
    }


def _marks(claim: Claim, said: Words, ground: Ground, lacking: frozenset[str]) -> Features:
    """Values, names, examples and manners of speaking."""
    values = values_within(ground.values, claim.start, claim.end)
    strange = [value for value in values if not ground.evidence.find(value)]
    written = frozenset(said.written)
    telling = not _EXAMPLES.isdisjoint(written) or "(" in claim.text or "e.g" in claim.text
    example = _EXAMPLE.search(claim.text) if telling else None
    told = stems(claim.text[example.end() :]) if example else frozenset[str]()
    return {
        "values": len(values),
        "new_values": len(strange),
        "new_digits": sum(not value.spelled for value in strange),
        "names": len(said.names),
        "new_names": sum(name in lacking for name in said.names),
        "new_examples": len(told & lacking),
        "hedges": len(written & _HEDGES),
        "advice": len(written & _ADVICE),
        "links": len(written & _LINKS),
        "meta": len(written & _META),
        "statement": claim.kind == "statement",
        "colon": claim.text.endswith(":"),
        "quotation": '"' in claim.text,
    }


_MEANS: Final = tuple(
    (name, f"{name}_mean", f"{name}_over_mean")
    for name in ("coverage", "pairs", "triples", "new", "sentence", "new_pairs")
)
_NEIGHBOURS: Final = tuple(
    (name, f"{name}_before", f"{name}_after") for name in ("coverage", "pairs", "new")
)


class ReplyMeasures:
    """A text whose sentences are measured one by one, each by itself and beside the others.

    With ``conflicts`` their figures are measured too, which takes longer.
    """

    def __init__(
        self, text: str, claims: Sequence[Claim], ground: Ground, *, conflicts: bool = False
    ) -> None:
        self._text = text
        self._claims = claims
        self._ground = ground
        self._conflicts = Conflicts(claims, ground.frames()) if conflicts else None
        self._said = said = ReplyWords(claims, ground.evidence, ground.asked)
        self._kept = [claim.stems for claim in claims]
        self._compared = ground.evidence.compare(self._kept)
        self._first: dict[str, int] = {}
        """The number of the sentence that has a content word first."""
        for number in reversed(range(len(claims))):
            self._first.update(dict.fromkeys(self._kept[number], number))
        compared = {
            "coverage": said.known.content,
            "pairs": said.known.pairs,
            "triples": said.known.triples,
            "new": said.lacks.unasked,
            "sentence": list(map(_share, self._compared.most, map(len, self._kept))),
            "new_pairs": said.lacks.pairs,
        }
        self._about: Features = {
            **{mean: _share(sum(compared[name]), len(claims)) for name, mean, _ in _MEANS},
            "sentences": len(claims),
            "chars": len(text),
            "sources": len(ground.evidence.sources),
            "question_words": len(ground.asked),
        }
        self._columns = {
            **compared,
            "content_pairs": said.known.content_pairs,
            "new_triples": said.lacks.triples,
            **{
                over: [n - self._about[mean] for n in compared[name]] for name, mean, over in _MEANS
            },
            **{before: [-1, *compared[name]] for name, before, _ in _NEIGHBOURS},
            **{after: [*compared[name][1:], -1] for name, _, after in _NEIGHBOURS},
        }
        """Figures of all sentences, also beside each other."""

    def measure(self, number: int) -> Measured:
        """Measure one sentence, by its number."""
        claim, said, ground = self._claims[number], self._said.sentence(number), self._ground
        figures = {
            **_new(said, ground),
            **_place(self._kept[number], claim.negated, self._compared.nearest(number)),
            **_marks(claim, said, ground, self._said.lacking),
            **self._about,
            **self._beside(number),
            **(self._conflicts.measure(number) if self._conflicts else {}),
        }
        words = said.words
        return Measured(
            figures,
            tuple([NEW + word for word in compress(said.content, said.lacks.unasked)]),
            tuple([KNOWN + word for word in compress(said.content, map(not_, said.lacks.content))]),
            (f"{BEGINNING}{' '.join(words[:1])}", f"{BEGINNING}{' '.join(words[:2])}"),
        )

    def _beside(self, number: int) -> Features:
        """How it stands among the other sentences."""
        kept = self._kept[number]
        repeated = len([word for word in kept if self._first[word] < number])
        return {
            **{name: column[number] for name, column in self._columns.items()},
            "repeated": _share(repeated, len(kept)),
            "item": _is_item(self._text, self._claims[number].start),
            "place": number,
            "place_share": number / len(self._claims),
        }


def measure_reply(text: str, claims: Sequence[Claim], ground: Ground) -> list[Measured]:
    """Measure every sentence of a text, in order, in every way."""
    reply = ReplyMeasures(text, claims, ground, conflicts=True)
    return [reply.measure(number) for number in range(len(claims))]


def _is_item(text: str, start: int) -> bool:
    return bool(_ITEM.search(text, max(0, start - _MARKER_CHARS), start))
