"""The words of a reply's sentences, and which of them the evidence lacks, alone and in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, compress, pairwise, repeat
from operator import gt
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from handrail.guardrails.claims import Claim
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.terms import Terms, joined, stem

T = TypeVar("T")

_CAPITAL = re.compile(r"[A-Z](?<=[\w,;:'’)\"“] [A-Z])[\w'’-]{1,40}")


class Looked(NamedTuple, Generic[T]):
    """Something of each kind of what is looked up in the evidence."""

    pairs: T
    """Each two neighbours."""
    triples: T
    content_pairs: T
    """Neighbours once the stop words are taken out."""
    content: T
    """Each content word; "high" is known from "highchairs"."""
    unasked: T
    """Each content word once more, which the question does not have either."""


class Words(NamedTuple):
    """The words of one sentence beside those of the evidence."""

    written: Sequence[str]
    names: Sequence[str]
    """Words with a capital in its midst, shortened."""
    words: Sequence[str]
    """Each of its words shortened."""
    content: Sequence[str]
    """Content words, shortened."""
    lacks: Looked[bytes]
    """Of each whether the evidence lacks it, 1 or 0."""


class ReplyWords:
    """The words of a reply beside those of its evidence, all looked up at once.

    A run of the end of one sentence and the beginning of the next is looked up too, and is of
    neither.
    """

    def __init__(self, claims: Sequence[Claim], evidence: Evidence, asked: frozenset[str]) -> None:
        self._claims = claims
        written = list(chain.from_iterable(claim.spoken for claim in claims))
        self._said = said = Terms.of(written)
        self._content = list(compress(said.words, said.content))
        self._ends = list(accumulate((len(claim.spoken) for claim in claims), initial=0))
        telling = map(said.content.count, repeat(b"\1"), self._ends, self._ends[1:])
        self._parts = list(accumulate(telling, initial=0))
        self._names = [_names(claim) for claim in claims]
        strange = evidence.unheard(frozenset(chain(said.words, *self._names)))
        halves = self._halves(written, strange)
        self.lacking = evidence.lacking(strange.union(halves.values()))
        """Words, and neighbours written as one, that the evidence lacks."""
        missing = self._missing(halves)
        new = bytes(map(gt, missing, map(asked.__contains__, self._content)))
        pairs, triples, content_pairs = evidence.lacking_runs(said)
        self._marks = Looked(
            _apart(pairs, self._ends, 2),
            _apart(triples, self._ends, 3),
            _apart(content_pairs, self._parts, 2),
            _apart(missing, self._parts),
            _apart(new, self._parts),
        )
        self.lacks = Looked(*([one.count(1) for one in kind] for kind in self._marks))
        """Of each sentence how many of each kind the evidence lacks."""
        self.known = Looked(*(list(map(_known, kind)) for kind in self._marks))
        """Of each sentence which share of each kind the evidence has."""

    def _halves(self, written: Sequence[str], strange: frozenset[str]) -> Mapping[int, str]:
        """Neighbours of one sentence, one of them strange, as one word, by the first's place."""
        marks = np.frombuffer(self._marked(strange), np.bool_)
        places = np.flatnonzero(marks[:-1] | marks[1:]).tolist()
        begins = frozenset(self._ends)
        return {n: joined(*written[n : n + 2]) for n in places if n + 1 not in begins}

    def _marked(self, words: frozenset[str]) -> bytearray:
        """Of each word of the reply whether it is among some words."""
        return bytearray(map(words.__contains__, self._said.words))

    def _missing(self, halves: Mapping[int, str]) -> bytes:
        """Of each content word whether the evidence lacks it, by itself and as half of one."""
        missing = self._marked(self.lacking)
        for place, whole in halves.items():
            if whole not in self.lacking:
                missing[place : place + 2] = b"\0\0"
        return bytes(compress(missing, self._said.content))

    def sentence(self, number: int) -> Words:
        """The words of one sentence."""
        begin, end = self._ends[number : number + 2]
        first, last = self._parts[number : number + 2]
        return Words(
            self._claims[number].spoken,
            self._names[number],
            self._said.words[begin:end],
            self._content[first:last],
            Looked(*(kind[number] for kind in self._marks)),
        )


def _names(claim: Claim) -> list[str]:
    return [stem(name.casefold()) for name in _CAPITAL.findall(claim.text)]


def _known(lacks: bytes) -> float:
    return lacks.count(0) / (len(lacks) or 1)


def _apart(row: bytes, ends: Sequence[int], size: int = 1) -> list[bytes]:
    """What of a row, of words or of runs of some words, is of each sentence alone."""
    return [row[begin : max(begin, end - size + 1)] for begin, end in pairwise(ends)]
