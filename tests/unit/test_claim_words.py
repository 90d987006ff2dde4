"""What the evidence lacks of a reply's words is what looking each up by itself finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handrail.guardrails.claim_words import ReplyWords
from handrail.guardrails.claims import split_claims
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.support_examples import SNAPSHOT
from handrail.guardrails.terms import STOPWORDS, joined, spoken, stem

words = st.sampled_from("lamp high chairs highchairs oil the of not wick paper".split())  # noqa: SIM905
sentence = st.lists(words, min_size=1, max_size=6).map(" ".join)
text = st.lists(sentence, max_size=4).map(lambda parts: ". ".join([*parts, ""]))


@given(text, st.lists(text, max_size=3), st.frozensets(words.map(stem)))
def test_every_word_and_run_is_looked_up(
    reply: str, sources: list[str], asked: frozenset[str]
) -> None:
    readings = list(map(Reading, sources))
    numbered = (Source(f"article:{n}", one) for n, one in enumerate(readings))
    claims = split_claims(reply)
    said = ReplyWords(claims, Evidence(SNAPSHOT, numbered), asked)
    heard = frozenset[str]().union(*(one.heard for one in readings))
    known = [run for one in readings for run in _runs(one.terms.words)]
    between = [pair for one in readings for pair in pairwise(_content(spoken(one.text)))]
    for number in range(len(claims)):
        one = said.sentence(number)
        assert one.content == _content(one.written)
        assert list(one.lacks.pairs + one.lacks.triples) == [
            run not in known for run in _runs(one.words)
        ]
        assert list(one.lacks.content_pairs) == [
            pair not in between for pair in pairwise(one.content)
        ]
        halves = {
            place
            for first, pair in enumerate(pairwise(one.written))
            for place in (first, first + 1)
            if joined(*pair) in heard
        }
        assert list(one.lacks.content) == [
            one.words[place] not in heard and place not in halves
            for place, word in enumerate(one.written)
            if word not in STOPWORDS
        ]
        assert list(one.lacks.unasked) == [
            bool(lacks) and word not in asked
            for word, lacks in zip(one.content, one.lacks.content, strict=True)
        ]
        assert [kind[number] for kind in said.lacks] == [kind.count(1) for kind in one.lacks]
        assert [kind[number] for kind in said.known] == [
            kind.count(0) / max(1, len(kind)) for kind in one.lacks
        ]


def _content(written: Iterable[str]) -> list[str]:
    return [stem(word) for word in written if word not in STOPWORDS]


def _runs(said: Sequence[str]) -> list[tuple[str, ...]]:
    return [*pairwise(said), *zip(said, said[1:], said[2:], strict=False)]
