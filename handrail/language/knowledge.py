"""Finds passages of articles: BM25 over an inverted index held in memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from handrail.core.conversation import Passage
from handrail.language.search_terms import search_terms, term, tokens
from handrail.playbook.models import Article
from handrail.playbook.wording import primary

_K1: Final = 1.2
_B: Final = 0.75
PASSAGE_CHARS: Final = 700
"""Paragraphs under one heading are joined up to this length, in characters."""

_HEADING: Final = re.compile(r"#{1,6}[ \t]{1,8}(.{1,200})")
_EMPHASIS: Final = re.compile(r"(\*\*|__|`)([^*_`\n]{1,300})\1")
_MOST_MISSPELT: Final = 5
"""Words of one query that are looked up as misspelt."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def split_article(article: Article) -> Iterator[tuple[Passage, str]]:
    """Yield the passages of an article with the heading each stands under.

    A passage may be quoted in a chat, which shows Markdown as it is written: marks of emphasis are
    left out. Ids are ``article#1``, ``article#2`` and so on, in the order of the text.
    """
    for number, (heading, text) in enumerate(_sections(article.body), start=1):
        yield (
            Passage(
                id=f"{article.id}#{number}",
                article_id=article.id,
                title=article.title,
                text=_EMPHASIS.sub(r"\2", text),
                internal=article.internal,
            ),
            heading,
        )


def _sections(body: str) -> Iterator[tuple[str, str]]:
    heading, gathered = "", ""
    for block in re.split(r"\n[ \t]{0,80}\n", body.replace("\r\n", "\n")):
        first, _, rest = block.strip().partition("\n")
        found = _HEADING.fullmatch(first)
        paragraph = rest.strip() if found else block.strip()
        if gathered and (found or len(gathered) + len(paragraph) > PASSAGE_CHARS):
            yield heading, gathered
            gathered = ""
        heading = found[1].strip() if found else heading
        gathered = f"{gathered}\n\n{paragraph}".strip()
    if gathered:
        yield heading, gathered


class ArticleIndex:
    """The articles of a release, searchable."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self.passages: list[Passage] = []
        owners: list[Article] = []
        postings = _Postings()
        for article in articles:
            # The title says what the passage is about, and so counts twice.
            title = 2 * postings.read(article.title, article.language)
            for passage, heading in split_article(article):
                self.passages.append(passage)
                owners.append(article)
                text = f"{heading} {passage.text}"
                postings.add(title + postings.read(text, article.language))
        self._audiences = {at: a.audience for at, a in enumerate(owners) if a.audience}
        self._tiers = frozenset(tier for only in self._audiences.values() for tier in only)
        self._languages = tuple(dict.fromkeys(primary(a.language) for a in owners))
        self._internal = np.array([a.internal for a in owners], dtype=bool)
        self._starts = np.array([(a.valid_from or date.min).toordinal() for a in owners])
        self._ends = np.array([(a.valid_to or date.max).toordinal() for a in owners])
        self._spoken = {
            language: np.array([primary(a.language) == language for a in owners], dtype=bool)
            for language in self._languages
        }
        self._vocabulary = postings.vocabulary
        self._bounds, self._places, self._weights = postings.weighted()
        self._open = lru_cache(maxsize=64)(self._opened)
        self._nearest = lru_cache(maxsize=4096)(self._nearest_to)
        # A question is asked twice: for what customers may read, and for what the team may.
        self._last: tuple[tuple[str, tuple[str, ...]] | None, Floats] = (None, np.zeros(0))

    def search(
        self,
        query: str,
        *,
        limit: int = 5,
        language: str | None = None,
        internal: bool = False,
        tier: str | None = None,
        on: date | None = None,
    ) -> tuple[Passage, ...]:
        """Return the best passages, best first.

        Args:
            query: What is looked for, in plain words; misspelt ones are understood.
            limit: Most passages to return.
            language: BCP 47 tag; passages in another language are left out, regions ignored.
            internal: Search as the team: also passages that customers must not see, and those
                for customers of any tier.
            tier: The customer's; passages for other tiers are left out.
            on: Passages that are not valid on this day are left out.
        """
        spoken = None if language is None else primary(language)
        scores = self._scores(query, self._languages if spoken is None else (spoken,))
        # A tier that no article names is as good as none, and is not kept.
        named = tier if tier in self._tiers else None
        open_ones = scores * self._open(spoken, on, internal=internal, tier=named)
        return tuple(
            Passage.model_validate({**vars(self.passages[at]), "score": score})
            for at, score in _best(open_ones, limit)
        )

    def _opened(
        self, spoken: str | None, on: date | None, *, internal: bool, tier: str | None
    ) -> NDArray[np.bool_]:
        """Say of each passage whether a search may find it; the arguments are those of search."""
        found = np.ones(len(self.passages), dtype=bool)
        if spoken is not None:
            found &= self._spoken.get(spoken, False)
        if not internal:
            found &= ~self._internal
            found[[at for at, only in self._audiences.items() if tier not in only]] = False
        if on is not None:
            day = on.toordinal()
            found &= (self._starts <= day) & (self._ends >= day)
        return found

    def _scores(self, query: str, languages: tuple[str, ...]) -> Floats:
        asked, scores = self._last
        if asked != (query, languages):
            scores = self._weighed(query, languages)
            self._last = (query, languages), scores
        return scores

    def _weighed(self, query: str, languages: Iterable[str]) -> Floats:
        scores = np.zeros(len(self.passages), dtype=np.float64)
        terms = {t for name in languages for t in search_terms(query, name, numbers=True)}
        for number in self._known(terms):
            start, end = self._bounds[number], self._bounds[number + 1]
            scores[self._places[start:end]] += self._weights[start:end]
        return scores

    def _known(self, terms: set[str]) -> set[int]:
        """Return the numbers of terms, and of the nearest one for each that is not known."""
        found = {self._vocabulary[word] for word in terms if word in self._vocabulary}
        odd = sorted(w for w in terms if len(w) > 3 and w.isalpha() and w not in self._vocabulary)
        near = map(self._nearest, odd[:_MOST_MISSPELT])
        return found.union(number for number in near if number is not None)

    def _nearest_to(self, word: str) -> int | None:
        """Return the number of the term that a word is a slip of, if it is of any."""
        near = process.extractOne(
            word, self._vocabulary.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=1
        )
        return self._vocabulary[near[0]] if near else None


def _best(scores: Floats, limit: int) -> list[tuple[int, float]]:
    """Return places and scores of the best, best first."""
    hits = scores.nonzero()[0]
    if len(hits) > limit > 0:
        hits = hits[(-scores[hits]).argpartition(limit - 1)[:limit]]
    ordered = hits[np.lexsort((hits, -scores[hits]))][: max(limit, 0)]
    return list(zip(ordered.tolist(), scores[ordered].tolist(), strict=True))


class _Numbers(dict[str, int]):
    """Number of the term of each word of a language; -1 for words that are not searched for."""

    def __init__(self, vocabulary: dict[str, int], language: str) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.language = language

    def __missing__(self, word: str) -> int:
        found = term(word, self.language)
        number = -1 if found is None else self.vocabulary.setdefault(found, len(self.vocabulary))
        self[word] = number
        return number


class _Postings:
    """Gathers which passage holds which term how often."""

    def __init__(self) -> None:
        self.vocabulary: dict[str, int] = {}
        self._numbers: dict[str, _Numbers] = {}
        self._terms: list[int] = []
        self._sizes: list[int] = []

    def read(self, text: str, language: str) -> list[int]:
        """Return the numbers of a text's terms."""
        spoken = primary(language)
        numbers = self._numbers.setdefault(spoken, _Numbers(self.vocabulary, spoken))
        return [numbers[word] for word in tokens(text)]

    def add(self, terms: list[int]) -> None:
        """Add the terms of the next passage."""
        self._terms += terms
        self._sizes.append(len(terms))

    def weighted(self) -> tuple[Ints, Ints, Floats]:
        """By term: where its entries begin; by entry: the passage, and what the term adds to it."""
        size = len(self._sizes)
        terms = np.array(self._terms, dtype=np.int64)
        passages = np.repeat(np.arange(size), self._sizes)[terms >= 0]
        lengths = np.bincount(passages, minlength=size).astype(np.float64)
        pairs, times = np.unique(terms[terms >= 0] * size + passages, return_counts=True)
        terms, places = np.divmod(pairs, max(size, 1))
        frequency = np.bincount(terms, minlength=len(self.vocabulary))
        norm = _K1 * (1 - _B + _B * lengths / max(float(lengths.sum()) / max(size, 1), 1.0))
        idf = np.log1p((size - frequency + 0.5) / (frequency + 0.5))
        weights = idf[terms] * times * (_K1 + 1) / (times + norm[places])
        return np.concatenate([[0], np.cumsum(frequency)]), places, weights
