"""Finds the words of articles that a reply relies on, and passages worth quoting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from handrail.core.conversation import Passage
from handrail.core.drafting import Citation
from handrail.language.search_terms import search_terms

_SENTENCE_END: Final = re.compile(r"(?<=[.!?:])\s{1,10}")
_ENOUGH_SHARED: Final = 0.5
"""Share of a reply sentence's terms that a source sentence must hold to be cited."""
_ENOUGH_MATCHED: Final = 0.6
"""Share of a question's terms that a passage must hold to be quoted as its answer."""


def article_source(passage: Passage) -> str:
    """Name a passage as a source: ``article:returns#2``."""
    return f"article:{passage.id}"


def sentences(text: str) -> list[str]:
    """Split into sentences, roughly; a too long one does no harm here."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]


@lru_cache(maxsize=4096)
def _published(text: str, language: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Sentences of an article with their terms. Never for a customer's words: they stay."""
    return tuple((one, frozenset(search_terms(one, language))) for one in sentences(text))


def cite(text: str, passages: Sequence[Passage], language: str = "en") -> tuple[Citation, ...]:
    """Cite, for each sentence of a reply, the sentence of the passages that says most of it."""
    sources = [(p, *published) for p in passages for published in _published(p.text, language)]
    citations: list[Citation] = []
    for sentence in sentences(text) if sources else ():
        terms = set(search_terms(sentence, language))
        shared = [len(terms & said) for _, _, said in sources]
        most = max(shared)
        if terms and most >= _ENOUGH_SHARED * len(terms):
            passage, quote, _ = sources[shared.index(most)]
            citations.append(Citation(source=article_source(passage), quote=quote))
    return tuple(dict.fromkeys(citations))


@lru_cache(maxsize=1024)
def cite_published(
    text: str, passages: tuple[Passage, ...], language: str = "en"
) -> tuple[Citation, ...]:
    """Cite as :func:`cite` does, for words of the playbook, of which no field was filled."""
    return cite(text, passages, language)


@lru_cache(maxsize=4096)
def _published_terms(title: str, text: str, language: str) -> frozenset[str]:
    return frozenset(search_terms(f"{title} {text}", language))


def best_answer(
    question: str,
    passages: Iterable[Passage],
    prefer: Sequence[str] = (),
    language: str = "en",
) -> Passage | None:
    """Return the passage that covers a question well enough to be quoted, if there is one.

    Args:
        question: The customer's words.
        passages: Candidates, best first; internal ones are never taken.
        prefer: Ids of articles whose passages go first.
        language: Of question and passages.
    """
    terms = set(search_terms(question, language))
    open_ones = [passage for passage in passages if not passage.internal]
    for passage in sorted(open_ones, key=lambda p: p.article_id not in prefer):
        shared = terms & _published_terms(passage.title, passage.text, language)
        if len(shared) >= max(2, _ENOUGH_MATCHED * len(terms)):
            return passage
    return None
