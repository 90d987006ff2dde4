"""What can be measured of a sentence beside its evidence, without knowing what either means.

Every figure is free of vocabulary: how much of the sentence stands in the evidence, in which
order, in one place or scattered, which values and names are new, and how it stands in its reply.
A scorer learns from them which sentences nothing supports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise
from operator import not_
from typing import Final, NamedTuple

from handrail.guardrails.claim_conflicts import Conflicts, Frames
from handrail.guardrails.claims import Claim
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.likeness import Nearest
from handrail.guardrails.terms import STOPWORDS, Terms, joined, stem, stems
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
_CAPITAL = re.compile(r"[A-Z](?<=[\w,;:'’)\"“] [A-Z])[\w'’-]{1,40}")
_ITEM = re.compile(r"(?:^|\n)\s{0,8}(?:[-*•]|\d{1,2}[.)])\s{1,8}$")
_MARKER_CHARS = 14


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _run(marks: Iterable[bool]) -> int:
    """Length of the longest run of true marks."""
    return max(map(len, bytes(marks).split(b"\0")))


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


def _order(words: Sequence[str], content: Sequence[str], terms: Terms) -> Features:
    """How far the sentence goes along with the evidence word by word."""
    pairs = list(map(terms.pairs.__contains__, pairwise(words)))
    triples = list(map(terms.triples.__contains__, zip(words, words[1:], words[2:], strict=False)))
    beside = list(map(terms.content.__contains__, pairwise(content)))
    return {
        "pairs": _share(sum(pairs), len(pairs)),
        "triples": _share(sum(triples), len(triples)),
        "content_pairs": _share(sum(beside), len(beside)),
        "new_pairs": len(pairs) - sum(pairs),
        "new_triples": len(triples) - sum(triples),
        "run": _run(pairs),
        "new_run": _run(map(not_, pairs)),
    }


def _place(content: frozenset[str], negated: bool, nearest: Nearest) -> Features:
    """How well one sentence, two neighbours or one source cover it."""
    count, common = len(content), nearest.shared
    return {
        "sentence": _share(common, count),
        "two_sentences": _share(nearest.both, count),
        "source": _share(nearest.source, count),
        "overlap": _share(common, count + len(nearest.words) - common),
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
        "new_words_run": _run(map(not_, known)),
        "asked": _share(len([w for w in content if w in ground.asked]), len(content)),
    }


def _marks(claim: Claim, said: _Words, ground: Ground, terms: Terms) -> Features:
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
        "new_names": sum(name not in terms.words for name in said.names),
        "new_examples": len(told - terms.words),
        "hedges": len(written & _HEDGES),
        "advice": len(written & _ADVICE),
        "links": len(written & _LINKS),
        "meta": len(written & _META),
        "statement": claim.kind == "statement",
        "colon": claim.text.endswith(":"),
        "quotation": '"' in claim.text,
    }


class _Words(NamedTuple):
    """The words of a sentence."""

    written: Sequence[str]
    words: Sequence[str]
    """Each of them shortened."""
    content: Sequence[str]
    """Content words, shortened."""
    names: Sequence[str]
    """Words with a capital in its midst, shortened."""

    @classmethod
    def of(cls, claim: Claim) -> _Words:
        written = claim.spoken
        words = list(map(stem, written))
        content = [w for said, w in zip(written, words, strict=True) if said not in STOPWORDS]
        return cls(
            written, words, content, [stem(m.casefold()) for m in _CAPITAL.findall(claim.text)]
        )


def _asked(said: Sequence[_Words], evidence: Evidence) -> Terms:
    """All that the evidence is asked for: the words, and what stands beside each."""
    words = frozenset(chain.from_iterable((*one.words, *one.names) for one in said))
    strange = evidence.unspoken(words)
    halves = {
        joined(*written)
        for one in said
        for written, pair in zip(pairwise(one.written), pairwise(one.words), strict=True)
        if not strange.isdisjoint(pair)
    }
    return Terms(
        words | halves,
        frozenset(chain.from_iterable(pairwise(one.words) for one in said)),
        frozenset(
            chain.from_iterable(
                zip(one.words, one.words[1:], one.words[2:], strict=False) for one in said
            )
        ),
        frozenset(chain.from_iterable(pairwise(one.content) for one in said)),
    )


def _known(said: _Words, terms: Terms) -> list[bool]:
    """Which content words the evidence has, one half of "highchairs" included."""
    written, words = said.written, said.words
    return [
        words[number] in terms.words
        or any(
            joined(*written[first : first + 2]) in terms.words
            for first in (number - 1, number)
            if 0 <= first < len(written) - 1
        )
        for number, word in enumerate(written)
        if word not in STOPWORDS
    ]


class _Sentence(NamedTuple):
    """One sentence measured by itself, as far as the sentences beside it ask."""

    said: _Words
    known: Sequence[bool]
    """Of each content word whether the evidence has it."""
    unasked: Sequence[str]
    """Those that neither the evidence nor the question has."""
    kept: frozenset[str]
    """Its content words, each once."""
    figures: Features


def _measure_sentence(
    claim: Claim, said: _Words, nearest: Nearest, ground: Ground, terms: Terms
) -> _Sentence:
    content, known = said.content, _known(said, terms)
    fresh = [word for word, seen in zip(content, known, strict=True) if not seen]
    unasked = [word for word in fresh if word not in ground.asked]
    kept = frozenset(content)
    figures = {
        "words": len(said.words),
        **_new(content, known, unasked, ground),
        **_place(kept, claim.negated, nearest),
        **_order(said.words, content, terms),
    }
    return _Sentence(said, known, unasked, kept, figures)


_COMPARED: Final = ("coverage", "pairs", "triples", "new", "sentence", "new_pairs")
_MEANS: Final = tuple((name, f"{name}_mean", f"{name}_over_mean") for name in _COMPARED)
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
        said = [_Words.of(claim) for claim in claims]
        nearest = ground.evidence.compare([claim.stems for claim in claims]).nearest
        self._terms = ground.evidence.known(_asked(said, ground.evidence))
        self._sentences = [
            _measure_sentence(claim, words, near, ground, self._terms)
            for claim, words, near in zip(claims, said, nearest, strict=True)
        ]
        self._first: dict[str, int] = {}
        """The number of the sentence that has a content word first."""
        for number, one in enumerate(self._sentences):
            for word in one.kept:
                self._first.setdefault(word, number)
        rows = self._rows = [one.figures for one in self._sentences]
        self._about: Features = {
            **{mean: _share(sum([r[n] for r in rows]), len(rows)) for n, mean, _ in _MEANS},
            "sentences": len(claims),
            "chars": len(text),
            "sources": len(ground.evidence.sources),
            "question_words": len(ground.asked),
        }

    def measure(self, number: int) -> Measured:
        """Measure one sentence, by its number."""
        one = self._sentences[number]
        figures = {
            **one.figures,
            **_marks(self._claims[number], one.said, self._ground, self._terms),
            **self._about,
            **self._beside(number),
            **(self._conflicts.measure(number) if self._conflicts else {}),
        }
        content, words = zip(one.said.content, one.known, strict=True), one.said.words
        return Measured(
            figures,
            tuple(NEW + word for word in one.unasked),
            tuple(KNOWN + word for word, seen in content if seen),
            (f"{BEGINNING}{' '.join(words[:1])}", f"{BEGINNING}{' '.join(words[:2])}"),
        )

    def _beside(self, number: int) -> Features:
        """How it stands among the other sentences."""
        row, kept = self._rows[number], self._sentences[number].kept
        repeated = len([word for word in kept if self._first[word] < number])
        return {
            **{over: row[name] - self._about[mean] for name, mean, over in _MEANS},
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
    found: Features = {}
    for name, one, other in _NEIGHBOURS:
        found[one] = before[name] if before else -1
        found[other] = after[name] if after else -1
    return found
