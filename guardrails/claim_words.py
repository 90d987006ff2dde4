"""The words of a reply's sentences, and which of them the evidence lacks, alone and in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate, chain, compress, pairwise, starmap
from operator import or_
from typing import NamedTuple, TypeVar

from handrail.guardrails.claims import Claim
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.terms import STOPWORDS, Terms, joined, stem

Row = TypeVar("Row", bytes, list[str])

_CAPITAL = re.compile(r"[A-Z](?<=[\w,;:'’)\"“] [A-Z])[\w'’-]{1,40}")


class Words(NamedTuple):
    """The words of one sentence beside those of the evidence; marks are bytes, 1 or 0."""

    written: Sequence[str]
    names: Sequence[str]
    """Words with a capital in its midst, shortened."""
    words: Sequence[str]
    """Each of its words shortened."""
    content: Sequence[str]
    """Content words, shortened."""
    known: bytes
    """Of each content word whether the evidence has it, or "high" in "highchairs"."""
    pairs: bytes
    """Of each two neighbours whether the evidence lacks them."""
    triples: bytes
    content_pairs: bytes
    """Of neighbours once the stop words are taken out."""


class ReplyWords:
    """The words of a reply beside those of its evidence, all looked up at once.

    A run of the end of one sentence and the beginning of the next is looked up too, and is of
    neither.
    """

    def __init__(self, claims: Sequence[Claim], evidence: Evidence) -> None:
        spoken = [claim.spoken for claim in claims]
        names = [_names(claim) for claim in claims]
        written = list(chain.from_iterable(spoken))
        words = list(map(stem, written))
        telling = bytes([word not in STOPWORDS for word in written])
        content = list(compress(words, telling))
        pairs, content_pairs = list(pairwise(words)), list(pairwise(content))
        triples = list(zip(words, words[1:], words[2:], strict=False))
        asked = frozenset(chain(words, *names))
        halves = _halves(written, words, evidence.unspoken(asked))
        lacking = evidence.lacking(
            Terms(asked | halves, frozenset(pairs), frozenset(triples), frozenset(content_pairs))
        )
        self.lacking = lacking.words
        """Words, and neighbours written as one, that the evidence lacks."""
        missing = bytes(map(lacking.words.__contains__, words))
        ends = list(accumulate(map(len, spoken), initial=0))
        told = _apart(telling, ends)
        parts = list(accumulate([one.count(1) for one in told], initial=0))
        self.sentences = list(
            map(
                Words,
                spoken,
                names,
                _apart(words, ends),
                _apart(content, parts),
                map(self._known, spoken, _apart(missing, ends), told),
                _apart(bytes(map(lacking.pairs.__contains__, pairs)), ends, 2),
                _apart(bytes(map(lacking.triples.__contains__, triples)), ends, 3),
                _apart(bytes(map(lacking.content.__contains__, content_pairs)), parts, 2),
            )
        )

    def _known(self, written: Sequence[str], missing: bytes, telling: bytes) -> bytes:
        if 1 not in missing:
            return b"\1" * telling.count(1)
        told = compress(enumerate(missing), telling)
        return bytes([not one or self._is_half(written, place) for place, one in told])

    def _is_half(self, written: Sequence[str], place: int) -> bool:
        """Whether the evidence has a word and one beside it as one word."""
        return any(
            joined(*written[first : first + 2]) not in self.lacking
            for first in (place - 1, place)
            if 0 <= first < len(written) - 1
        )


def _names(claim: Claim) -> list[str]:
    return [stem(name.casefold()) for name in _CAPITAL.findall(claim.text)]


def _halves(
    written: Sequence[str], words: Sequence[str], strange: frozenset[str]
) -> frozenset[str]:
    """The neighbours of which one is strange, as one word."""
    marks = bytes(map(strange.__contains__, words))
    return frozenset(starmap(joined, compress(pairwise(written), map(or_, marks, marks[1:]))))


def _apart(row: Row, ends: Sequence[int], size: int = 1) -> list[Row]:
    """What of a row, of words or of runs of some words, is of each sentence alone."""
    return [row[begin : max(begin, end - size + 1)] for begin, end in pairwise(ends)]
