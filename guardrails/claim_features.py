"""What can be measured of a sentence beside its evidence, without knowing what either means.

Every figure is free of vocabulary: how much of the sentence stands in the evidence, in which
order, in one place or scattered, which values and names are new, and how it stands in its reply.
A scorer learns from them which sentences nothing supports.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from handrail.guardrails.claim_conflicts import Conflicts, Frames
from handrail.guardrails.claims import Claim
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.terms import STOPWORDS, Terms, joined, spoken, stem, stems
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
_CAPITAL = re.compile(r"(?<=[\w,;:'’)\"“] )[A-Z][\w'’-]{1,40}")
_ITEM = re.compile(r"(?:^|\n)\s{0,8}(?:[-*•]|\d{1,2}[.)])\s{1,8}$")
_MARKER_CHARS = 14


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _run(marks: Sequence[bool]) -> int:
    """Length of the longest run of true marks."""
    longest = length = 0
    for mark in marks:
        length = length + 1 if mark else 0
        longest = max(longest, length)
    return longest


class Nearest(NamedTuple):
    """What of the evidence is nearest to a sentence."""

    words: frozenset[str]
    """The content words of the evidence sentence that shares most with it."""
    says_no: bool
    both: int
    """How many of its words two neighbours have between them."""
    source: int
    """How many of its words one source has."""


class Ground:
    """The evidence of one text, in the form that features are measured against."""

    def __init__(self, evidence: Evidence, values: Sequence[Value], said: str) -> None:
        self.evidence = evidence
        self.values = values
        self.asked = stems(said)
        self.readings = tuple(source.reading for source in evidence.sources)

    def frames(self) -> Frames:
        """The evidence in the form that conflicts are measured against."""
        passages: list[str] = []
        others: list[str] = []
        for name, text in self.evidence.texts.items():
            (passages if name.startswith("article:") else others).append(text)
        held = [words for reading in self.readings for words, _ in reading.polarities]
        return Frames([*passages, *others], len(passages), held, self.asked)

    def nearest(self, content: frozenset[str]) -> Nearest:
        """Find the sentence that shares most words with ``content``."""
        held = [len(content & reading.stems) for reading in self.readings]
        nearest, negated, most, both = frozenset[str](), False, 0, 0
        for place in sorted(range(len(held)), key=held.__getitem__, reverse=True):
            if held[place] <= most:  # no sentence shares more than its source
                break
            polarities = self.readings[place].polarities
            shared = self.readings[place].shared(content)
            for number in sorted(shared):
                count, before = shared[number], shared.get(number - 1, 0)
                if count > most:
                    (nearest, negated), most = polarities[number], count
                if count + before > both:
                    beside = polarities[number - 1][0] if before else frozenset[str]()
                    both = max(both, len(content & (polarities[number][0] | beside)))
        return Nearest(nearest, negated, both, max(held, default=0))


def _order(words: Sequence[str], content: Sequence[str], terms: Terms) -> Features:
    """How far the sentence goes along with the evidence word by word."""
    pairs = [pair in terms.pairs for pair in pairwise(words)]
    triples = [triple in terms.triples for triple in zip(words, words[1:], words[2:], strict=False)]
    beside = [pair in terms.content for pair in pairwise(content)]
    return {
        "pairs": _share(sum(pairs), len(pairs)),
        "triples": _share(sum(triples), len(triples)),
        "content_pairs": _share(sum(beside), len(beside)),
        "new_pairs": len(pairs) - sum(pairs),
        "new_triples": len(triples) - sum(triples),
        "run": _run(pairs),
        "new_run": _run([not known for known in pairs]),
    }


def _place(content: frozenset[str], negated: bool, ground: Ground) -> Features:
    """How well one sentence, two neighbours or one source cover it."""
    nearest = ground.nearest(content)
    count, common = len(content), len(content & nearest.words)
    return {
        "sentence": _share(common, count),
        "two_sentences": _share(nearest.both, count),
        "source": _share(nearest.source, count),
        "overlap": _share(common, len(content | nearest.words)),
        "back": _share(common, len(nearest.words)),
        "negated": negated,
        "other_polarity": negated != nearest.says_no,
    }


def _new(
    content: Sequence[str], known: Sequence[bool], unasked: Sequence[str], ground: Ground
) -> Features:
    """How much of it nothing speaks of."""
    return {
        "content": len(content),
        "coverage": _share(sum(known), len(content)),
        "new": len(unasked),
        "new_words_run": _run([not seen for seen in known]),
        "asked": _share(sum(word in ground.asked for word in content), len(content)),
    }


def _names(claim: Claim) -> list[str]:
    return [match[0] for match in _CAPITAL.finditer(claim.text)]


def _marks(claim: Claim, written: frozenset[str], ground: Ground, terms: Terms) -> Features:
    """Values, names, examples and manners of speaking."""
    values = values_within(ground.values, claim.start, claim.end)
    strange = [value for value in values if not ground.evidence.find(value)]
    names = _names(claim)
    example = _EXAMPLE.search(claim.text)
    told = stems(claim.text[example.end() :]) if example else frozenset[str]()
    return {
        "values": len(values),
        "new_values": len(strange),
        "new_digits": sum(not value.spelled for value in strange),
        "names": len(names),
        "new_names": sum(stem(name.casefold()) not in terms.words for name in names),
        "new_examples": len(told - terms.words),
        "hedges": len(written & _HEDGES),
        "advice": len(written & _ADVICE),
        "links": len(written & _LINKS),
        "meta": len(written & _META),
        "statement": claim.kind == "statement",
        "colon": claim.text.endswith(":"),
        "quotation": '"' in claim.text,
    }


def _known(written: Sequence[str], terms: Terms) -> list[bool]:
    """Which content words the evidence has, one half of "highchairs" included."""
    halves = [False, *(word in terms.words for word in joined(written)), False]
    return [
        stem(word) in terms.words or halves[number] or halves[number + 1]
        for number, word in enumerate(written)
        if word not in STOPWORDS
    ]


class _Sentence(NamedTuple):
    """One sentence measured by itself, as far as the sentences beside it ask."""

    written: Sequence[str]
    words: Sequence[str]
    content: Sequence[str]
    known: Sequence[bool]
    unasked: Sequence[str]
    kept: frozenset[str]
    """Its content words, each once."""
    figures: Features


def _measure_sentence(
    claim: Claim, written: Sequence[str], ground: Ground, terms: Terms
) -> _Sentence:
    words = [stem(word) for word in written]
    content = [stem(word) for word in written if word not in STOPWORDS]
    known = _known(written, terms)
    fresh = [word for word, seen in zip(content, known, strict=True) if not seen]
    unasked = [word for word in fresh if word not in ground.asked]
    kept = frozenset(content)
    figures = {
        "words": len(words),
        **_new(content, known, unasked, ground),
        **_place(kept, claim.negated, ground),
        **_order(words, content, terms),
    }
    return _Sentence(written, words, content, known, unasked, kept, figures)


_COMPARED: Final = ("coverage", "pairs", "triples", "new", "sentence", "new_pairs")
_NEIGHBOURS: Final = ("coverage", "pairs", "new")


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
        written = [spoken(claim.text) for claim in claims]
        names = (stem(name.casefold()) for claim in claims for name in _names(claim))
        spoken_of = Terms.read([word for words in written for word in words], names)
        self._terms = ground.evidence.known(spoken_of)
        self._sentences = [
            _measure_sentence(claim, words, ground, self._terms)
            for claim, words in zip(claims, written, strict=True)
        ]
        self._first: dict[str, int] = {}
        """The number of the sentence that has a content word first."""
        for number, one in enumerate(self._sentences):
            for word in one.kept:
                self._first.setdefault(word, number)
        rows = self._rows = [one.figures for one in self._sentences]
        self._about: Features = {
            **{f"{n}_mean": _share(sum(row[n] for row in rows), len(rows)) for n in _COMPARED},
            "sentences": len(claims),
            "chars": len(text),
            "sources": len(ground.readings),
            "question_words": len(ground.asked),
        }

    def measure(self, number: int) -> Measured:
        """Measure one sentence, by its number."""
        one = self._sentences[number]
        figures = {
            **one.figures,
            **_marks(self._claims[number], frozenset(one.written), self._ground, self._terms),
            **self._about,
            **self._beside(number),
            **(self._conflicts.measure(number) if self._conflicts else {}),
        }
        return Measured(
            figures,
            tuple(NEW + word for word in one.unasked),
            tuple(KNOWN + word for word, seen in zip(one.content, one.known, strict=True) if seen),
            (f"{BEGINNING}{' '.join(one.words[:1])}", f"{BEGINNING}{' '.join(one.words[:2])}"),
        )

    def _beside(self, number: int) -> Features:
        """How it stands among the other sentences."""
        row, kept = self._rows[number], self._sentences[number].kept
        repeated = sum(self._first[word] < number for word in kept)
        return {
            **{f"{name}_over_mean": row[name] - self._about[f"{name}_mean"] for name in _COMPARED},
            **_neighbours(self._rows, number),
            "repeated": _share(repeated, len(kept)),
            "item": _is_item(self._text, self._claims[number].start),
            "place": number,
            "place_share": number / len(self._rows),
        }


def measure_reply(text: str, claims: Sequence[Claim], ground: Ground) -> list[Measured]:
    """Measure every sentence of a text, in order, in every way."""
    reply = ReplyMeasures(text, claims, ground, conflicts=True)
    return [reply.measure(number) for number in range(len(claims))]


def _is_item(text: str, start: int) -> bool:
    return bool(_ITEM.search(text, max(0, start - _MARKER_CHARS), start))


def _neighbours(rows: Sequence[Features], number: int) -> Features:
    before = rows[number - 1] if number else None
    after = rows[number + 1] if number + 1 < len(rows) else None
    return {
        f"{name}_{side}": row[name] if row else -1
        for name in _NEIGHBOURS
        for side, row in (("before", before), ("after", after))
    }
