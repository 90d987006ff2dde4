"""Finds passages of articles: BM25 over an inverted index held in memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from handrail.core.conversation import Passage
from handrail.language.search_terms import search_terms
from handrail.playbook.models import Article

_K1: Final = 1.2
_B: Final = 0.75
PASSAGE_CHARS: Final = 700
"""Paragraphs under one heading are joined up to this length, in characters."""

_HEADING: Final = re.compile(r"#{1,6}[ \t]{1,8}(.{1,200})")


def split_article(article: Article) -> Iterator[tuple[Passage, str]]:
    """Yield the passages of an article with the heading each stands under.

    Ids are ``article#1``, ``article#2`` and so on, in the order of the text.
    """
    for number, (heading, text) in enumerate(_sections(article.body), start=1):
        yield (
            Passage(
                id=f"{article.id}#{number}",
                article_id=article.id,
                title=article.title,
                text=text,
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
        languages: list[str] = []
        counts: list[Counter[str]] = []
        for article in articles:
            for passage, heading in split_article(article):
                self.passages.append(passage)
                languages.append(_primary(article.language))
                # The title says what the passage is about, and so counts twice.
                about = f"{article.title} {article.title} {heading} {passage.text}"
                counts.append(Counter(search_terms(about)))
        self._languages: NDArray[np.str_] = np.array(languages, dtype=np.str_)
        self._internal: NDArray[np.bool_] = np.array(
            [p.internal for p in self.passages], dtype=bool
        )
        self._postings = _postings(counts)

    def search(
        self, query: str, *, limit: int = 5, language: str | None = None, internal: bool = False
    ) -> tuple[Passage, ...]:
        """Return the best passages, best first.

        Args:
            query: What is looked for, in plain words.
            limit: Most passages to return.
            language: BCP 47 tag; passages in another language are left out, regions ignored.
            internal: Also search passages that customers must not see.
        """
        scores = np.zeros(len(self.passages), dtype=np.float64)
        for term in set(search_terms(query)):
            found = self._postings.get(term)
            if found is not None:
                scores[found[0]] += found[1]
        if not internal:
            scores[self._internal] = 0.0
        if language is not None:
            scores[self._languages != _primary(language)] = 0.0
        best = _largest(scores, limit)
        return tuple(self.passages[i].model_copy(update={"score": float(scores[i])}) for i in best)


def _primary(language: str) -> str:
    return language.partition("-")[0].casefold()


def _largest(scores: NDArray[np.float64], limit: int) -> list[int]:
    hits = np.flatnonzero(scores > 0)
    if len(hits) > limit > 0:
        hits = hits[np.argpartition(-scores[hits], limit - 1)[:limit]]
    ordered = hits[np.lexsort((hits, -scores[hits]))]
    return [int(i) for i in ordered[: max(limit, 0)]]


def _postings(
    counts: list[Counter[str]],
) -> dict[str, tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """By term: the passages that hold it, and what it adds to their scores."""
    lengths = np.array([count.total() for count in counts], dtype=np.float64)
    norm = _K1 * (1 - _B + _B * lengths / max(float(lengths.mean()) if len(lengths) else 1.0, 1.0))
    places: dict[str, list[tuple[int, int]]] = {}
    for number, count in enumerate(counts):
        for term, times in count.items():
            places.setdefault(term, []).append((number, times))
    result: dict[str, tuple[NDArray[np.int32], NDArray[np.float64]]] = {}
    for term, entries in places.items():
        at = np.array([number for number, _ in entries], dtype=np.int32)
        times = np.array([t for _, t in entries], dtype=np.float64)
        idf = np.log1p((len(counts) - len(at) + 0.5) / (len(at) + 0.5))
        result[term] = (at, idf * times * (_K1 + 1) / (times + norm[at]))
    return result
