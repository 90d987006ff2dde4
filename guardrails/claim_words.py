"""The words of a reply's sentences, and which of them the evidence lacks, alone and in order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain, compress, repeat
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

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


_OVER = np.array([[1], [2], [1], [0], [0]])
"""Of how many words more than one each kind is."""


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
        known = np.frombuffer(bytes(map(asked.__contains__, self._content)), np.bool_)
        marks = np.concatenate((~evidence.has_runs(said), missing, missing & ~known))
        begins, stops = self._places()
        before = np.append(0, marks.cumsum())
        sizes, lacks = stops - begins, before[stops] - before[begins]
        places = map(slice, begins.ravel().tolist(), stops.ravel().tolist())
        self._marks = list(map(marks.tobytes().__getitem__, places))
        """Of each sentence whether the evidence lacks what is looked up, kind by kind."""
        self.lacks = Looked(*lacks.tolist())
        """Of each sentence how many of each kind the evidence lacks."""
        self.known = Looked(*((sizes - lacks) / np.maximum(sizes, 1)).tolist())
        """Of each sentence which share of each kind the evidence has."""

    def _halves(self, written: Sequence[str], strange: frozenset[str]) -> Mapping[int, str]:
        """Neighbours of one sentence, one of them strange, as one word, by the first's place."""
        marks = self._marked(strange)
        places = np.flatnonzero(marks[:-1] | marks[1:]).tolist()
        begins = frozenset(self._ends)
        return {n: joined(*written[n : n + 2]) for n in places if n + 1 not in begins}

    def _marked(self, words: frozenset[str]) -> NDArray[np.bool_]:
        """Which words of the reply are among some words."""
        return np.frombuffer(bytearray(map(words.__contains__, self._said.words)), np.bool_)

    def _missing(self, halves: Mapping[int, str]) -> NDArray[np.bool_]:
        """Of each content word whether the evidence lacks it, by itself and as half of one."""
        missing = self._marked(self.lacking)
        for place, whole in halves.items():
            if whole not in self.lacking:
                missing[place : place + 2] = False
        return missing[self._said.marks]

    def _places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where what is looked up of each sentence begins and stops, by kind."""
        ends, parts = np.array(self._ends), np.array(self._parts)
        rows = np.array((ends, ends, parts, parts, parts))
        lengths = np.maximum(rows[:, -1:] - _OVER, 0)
        begins = np.minimum(rows[:, :-1], lengths)
        stops = np.maximum(rows[:, 1:] - _OVER, begins)
        first = lengths.cumsum() - lengths.T
        return begins + first.T, stops + first.T

    def sentence(self, number: int) -> Words:
        """The words of one sentence."""
        begin, end = self._ends[number : number + 2]
        first, last = self._parts[number : number + 2]
        return Words(
            self._claims[number].spoken,
            self._names[number],
            self._said.words[begin:end],
            self._content[first:last],
            Looked(*self._marks[number :: len(self._claims)]),
        )


def _names(claim: Claim) -> list[str]:
    return [stem(name.casefold()) for name in _CAPITAL.findall(claim.text)]
