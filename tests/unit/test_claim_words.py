"""What the evidence lacks of a reply's words is what looking each up by itself finds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handrail.guardrails.claim_words import ReplyWords
from handrail.guardrails.claims import split_claims
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.support_examples import SNAPSHOT
from handrail.guardrails.terms import STOPWORDS, Terms, joined

words = st.sampled_from("lamp high chairs highchairs oil the of not wick paper".split())  # noqa: SIM905
sentence = st.lists(words, min_size=1, max_size=6).map(" ".join)
text = st.lists(sentence, max_size=4).map(lambda parts: ". ".join([*parts, ""]))


@given(text, st.lists(text, max_size=3))
def test_every_word_and_run_is_looked_up(reply: str, sources: list[str]) -> None:
    numbered = (Source(f"article:{n}", Reading(one)) for n, one in enumerate(sources))
    claims = split_claims(reply)
    spoken = ReplyWords(claims, Evidence(SNAPSHOT, numbered))
    has = Terms.united(map(Terms.of, sources))
    for one in spoken.sentences:
        pairs, content = list(pairwise(one.words)), list(pairwise(one.content))
        triples = list(zip(one.words, one.words[1:], one.words[2:], strict=False))
        assert list(one.pairs) == [pair not in has.pairs for pair in pairs]
        assert list(one.triples) == [triple not in has.triples for triple in triples]
        assert list(one.content_pairs) == [pair not in has.content for pair in content]
        halves = {
            place
            for first, pair in enumerate(pairwise(one.written))
            for place in (first, first + 1)
            if joined(*pair) in has.words
        }
        assert list(one.lacking) == [
            one.words[place] not in has.words and place not in halves
            for place, word in enumerate(one.written)
            if word not in STOPWORDS
        ]
