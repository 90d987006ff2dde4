"""The words of a reply's sentences, and which of them the evidence lacks, alone and in order."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, chain, compress, count, pairwise
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
    lacking: bytes
    """Of each content word whether the evidence lacks it; it has "high" in "highchairs"."""
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
        ends = list(accumulate(map(len, spoken), initial=0))
        asked = frozenset(chain(words, *names))
        strange = bytes(map(evidence.unspoken(asked).__contains__, words))
        halves = _halves(written, strange, frozenset(ends))
        lacking = evidence.lacking(
            Terms(
                asked.union(halves.values()),
                frozenset(pairs),
                frozenset(triples),
                frozenset(content_pairs),
            )
        )
        self.lacking = lacking.words
        """Words, and neighbours written as one, that the evidence lacks."""
        missing = bytearray(map(lacking.words.__contains__, words))
        for place, whole in halves.items():
            if whole not in lacking.words:
                missing[place : place + 2] = b"\0\0"
        parts = list(accumulate((telling.count(1, *one) for one in pairwise(ends)), initial=0))
        self.sentences = list(
            map(
                Words,
                spoken,
                names,
                _apart(words, ends),
                _apart(content, parts),
                _apart(bytes(compress(missing, telling)), parts),
                _apart(bytes(map(lacking.pairs.__contains__, pairs)), ends, 2),
                _apart(bytes(map(lacking.triples.__contains__, triples)), ends, 3),
                _apart(bytes(map(lacking.content.__contains__, content_pairs)), parts, 2),
            )
        )


def _names(claim: Claim) -> list[str]:
    return [stem(name.casefold()) for name in _CAPITAL.findall(claim.text)]


def _halves(written: Sequence[str], strange: bytes, begins: Collection[int]) -> Mapping[int, str]:
    """Neighbours of one sentence, one of them strange, as one word, by the place of the first."""
    places = compress(count(), map(or_, strange, strange[1:]))
    return {n: joined(*written[n : n + 2]) for n in places if n + 1 not in begins}


def _apart(row: Row, ends: Sequence[int], size: int = 1) -> list[Row]:
    """What of a row, of words or of runs of some words, is of each sentence alone."""
    return [row[begin : max(begin, end - size + 1)] for begin, end in pairwise(ends)]
