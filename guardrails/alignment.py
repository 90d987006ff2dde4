"""Lays a sentence beside a source's and tells in which words they differ, and what that changes.

Two sentences that agree but for a number, a unit, a "not" or a name do not say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

from rapidfuzz.distance import Levenshtein

from handrail.guardrails.kinds import other_of_kind
from handrail.guardrails.rule_words import (
    MONTH_NAMES,
    NEGATIONS,
    SHORT,
    UNIT_KEYS,
    Phrase,
    Run,
    Sizes,
    denials,
    key_of,
)

Change = Literal["number", "unit", "polarity", "entity"]

_DENIALS = """include exclude|including excluding|accept reject|accept refuse
    |approve decline|approve reject|approve deny|approved declined|approved rejected
    |approved denied|enable disable|enabled disabled|required optional|mandatory optional
    |open closed|open close|incluye excluye|acepta rechaza"""
"""Words of which one denies the other, as "not" would."""
_CONTRASTS = """before after|within after|before within|until after|minimum maximum|min max
    |least most|more less|more fewer|over under|above below|earlier later|first last|all some
    |always sometimes|only also|higher lower|increase decrease|greater smaller|free paid
    |every some|each some|debit credit|up down|add remove|start end|begin end|early late
    |long short|longer shorter|same different|public private|internal external|full partial
    |antes después|todos algunos|mínimo máximo|más menos|solo también|sobre bajo|gratis pagado
    |primero último"""
"""Words that change a rule where one is written for the other."""
_DUTIES = "must may|must can|must could|required may|need may|debe puede"
"""Words that change one too, unless it says "must go to A or B", which "can go to A or B" says as
well, or "can only"."""
_CHOICE, _ALONE = frozenset({"or", "o"}), frozenset({"only", "solo"})
_AUXILIARIES = frozenset(
    """do doe did can will be is are was have ha to must should would could may any ever longer
    se han puede pueden es son está""".split()  # noqa: SIM905
)
_DENIED = NEGATIONS | _AUXILIARIES
_PREFIXES = frozenset(("un", "in", "im", "ir", "il", "dis", "non"))
_LONG = 6
"""Longest run of words exchanged for others that is still compared word by word."""


class Rank(NamedTuple):
    """How closely a sentence follows a source's; the greater the closer."""

    share: float
    """Share of the first sentence's words that both have in order, 0 to 1."""
    both: float
    """The same share of the words of both."""
    alike: float
    """The same share of the shorter sentence's words."""


class Aligned(NamedTuple):
    """How a sentence compares to a source's."""

    rank: Rank
    changes: tuple[Change, ...]


class Laid(NamedTuple):
    """A sentence laid beside a source's: how much of both is the same, and where they differ."""

    said: Phrase
    source: Phrase
    different: Sequence[tuple[slice, slice]]
    rank: Rank


class _Exchanged(NamedTuple):
    """Words of a sentence and those of the source they stand for; either may be none."""

    new: Run
    old: Run
    fresh: set[str]
    """The keys of the new ones."""
    gone: set[str]


def align(said: Phrase, source: Phrase) -> Aligned:
    """Lay a sentence beside a source's and judge the differences by type."""
    return judge(lay(said, source))


def lay(said: Phrase, source: Phrase) -> Laid:
    """Lay a sentence beside a source's, without judging what their differences change."""
    first, second = said.words, source.words
    different = list(_differences(said.keys, source.keys))
    same, own, other = len(first), len(first), len(second)
    for new, old in different:
        same -= new.stop - new.start
        if _are_names(first[new]) and _are_names(second[old]):
            # A name counts once, however many words it has.
            own -= new.stop - new.start - 1
            other -= old.stop - old.start - 1
    return Laid(said, source, different, _rank(same, own, other, len(first) + len(second)))


def ceiling(said: Phrase, source: Phrase) -> Rank:
    """How closely a sentence can follow a source's at most, once laid beside it.

    Told from the words that both have, wherever these stand.
    """
    return _highest(len(said.distinct & source.distinct), said.sizes, source.sizes)


@lru_cache(maxsize=8192)
def _highest(common: int, said: Sizes, source: Sizes) -> Rank:
    first, distinct, names = said
    second, others, named = source
    same = common + min(first - distinct, second - others)
    # Of the words that differ all may be one name's, which counts once.
    own = first - max(0, min(names, first - same) - 1)
    other = second - max(0, min(named, second - same) - 1)
    return _rank(same, own, other, first + second)


def _rank(same: int, own: int, other: int, words: int) -> Rank:
    return Rank(same / (own or 1), 2 * same / (words or 1), same / (min(own, other) or 1))


def judge(laid: Laid) -> Aligned:
    """Judge by type what the differences of two sentences change."""
    said, source = laid.said.words, laid.source.words
    changes: list[Change] = []
    flips = turns = 0
    for new, old in laid.different:
        edge = new.start == 0 or new.stop == len(said)
        fresh, gone = laid.said.keys[new], laid.source.keys[old]
        if _comparable(fresh, gone, edge=edge):
            part = _Exchanged(said[new], source[old], set(fresh), set(gone))
            changes += _changes(part, laid)
            flips += _flips(part)
            turns += _opposed(part, _DENYING)
        if _renamed(said, new, source, old, alone=len(laid.different) == 1):
            changes.append("entity")
    if _mixed(said, source, laid.different):
        changes.append("entity")
    # "No pets are allowed" and "pets are not allowed" differ in two places and say the same.
    if (flips + turns) % 2 and (denials(said) - denials(source) + turns) % 2:
        changes.append("polarity")
    return Aligned(laid.rank, tuple(dict.fromkeys(changes)))


def _are_names(run: Run) -> bool:
    """Whether there are words, and each one is written like a name."""
    return bool(run) and run[0].name and all(word.name for word in run)


def _differences(first: list[str], second: list[str]) -> Iterator[tuple[slice, slice]]:
    """The parts of two lists of words in which they differ."""
    a = c = 0
    for block in Levenshtein.editops(first, second).as_matching_blocks():
        if block.a > a or block.b > c:
            yield slice(a, block.a), slice(c, block.b)
        a, c = block.a + block.size, block.b + block.size


def _comparable(fresh: list[str], gone: list[str], *, edge: bool) -> bool:
    """Whether a difference is small enough to be judged, and not just words around."""
    if max(len(fresh), len(gone)) > _LONG or (edge and not gone and len(fresh) > 1):
        return False
    return "".join(fresh) != "".join(gone)


def _leaves_choice(part: _Exchanged, laid: Laid) -> bool:
    """Whether a duty and a permission come to the same here."""
    either = laid.said.distinct & laid.source.distinct & _CHOICE
    return bool(either or (part.fresh | part.gone) & _ALONE)


def _changes(part: _Exchanged, laid: Laid) -> Iterator[Change]:
    """What else it says where ``new`` stands for ``old``; either may be empty."""
    numbers, before = _numbers(part.fresh), _numbers(part.gone)
    if numbers and before and numbers != before:
        yield "number"
    if _other_unit(part):
        yield "unit"
    binding = _opposed(part, _BINDING) and not _leaves_choice(part, laid)
    if binding or _opposed(part, _CONTRASTING):
        yield "polarity"
    if _other_name(part) or other_of_kind(part.fresh, part.gone):
        yield "entity"


def _pairs(written: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(map(key_of, pair.split())) for pair in written.split("|"))


_DENYING, _CONTRASTING, _BINDING = map(_pairs, (_DENIALS, _CONTRASTS, _DUTIES))
_PAIRED = frozenset[str]().union(*_DENYING, *_CONTRASTING, *_BINDING)


def _other_name(part: _Exchanged) -> bool:
    """Whether a name stands for another; of two units the difference is told as such."""
    fresh, gone = _names(part.new, units=True), _names(part.old, units=True)
    other = fresh - part.gone and gone - part.fresh
    return bool(other) and not (fresh | gone) <= UNIT_KEYS


def _opposed(part: _Exchanged, pairs: Sequence[frozenset[str]]) -> int:
    """How many words of a run stand for their opposites."""
    fresh, gone = part.fresh, part.gone
    if not (fresh and gone):
        return 0  # nothing stands for its opposite
    count = 0
    if not (_PAIRED.isdisjoint(fresh) or _PAIRED.isdisjoint(gone)):
        count = sum(1 for pair in pairs if len(pair & fresh) == len(pair & gone) == 1
                    and pair & fresh != pair & gone)  # fmt: skip
    if pairs is _DENYING:
        count += sum(_prefixed(a, b) or _prefixed(b, a) for a in fresh for b in gone)
    return count


def _flips(part: _Exchanged) -> int:
    """How many negations a difference adds or takes out, where it is about little else."""
    if NEGATIONS.isdisjoint(part.fresh) and NEGATIONS.isdisjoint(part.gone):
        return 0
    alone = _DENIED.issuperset(part.fresh | part.gone)
    return denials(part.new) - denials(part.old) if (part.new and part.old) or alone else 0


def _renamed(said: Run, new: slice, source: Run, old: slice, *, alone: bool) -> bool:
    """Whether a part stands in the middle of a name of one sentence only: "Gold *Plus* Card".

    What is added at its end ("Rho *Plus* card") counts where the sentences differ in nothing else
    (``alone``): in a sentence of other words it may be what the name names, and all shorten names.
    """
    run = said[new] or source[old]
    if (said[new] and source[old]) or not _are_names(run):
        return False
    before, after = (said, new.start - 1), (said, new.stop)
    around = (
        [before]
        if alone and said[new]
        else [before, after, (source, old.start - 1), (source, old.stop)]
    )
    if not all(0 <= place < len(words) and words[place].name for words, place in around):
        return False
    return said[new.start - 1].key != "the"


def _mixed(said: Run, source: Run, different: Sequence[tuple[slice, slice]]) -> bool:
    """Whether a name was mixed with another one: "Blue Club account" for "True Blue account"."""
    for (first, before), (new, old) in pairwise(different):
        between = said[first.stop : new.start]
        if not all(word.name for word in between):
            continue
        fresh, gone = said[first.start : new.stop], source[before.start : old.stop]
        mixed = _names(fresh) - _keys(gone) and _names(gone) - _keys(fresh)
        if mixed and len(fresh) + len(gone) <= _LONG:
            return True
    return False


def _keys(run: Run) -> set[str]:
    return {word.key for word in run}


def _numbers(keys: set[str]) -> set[str]:
    return {key for key in keys if key[0].isdigit()}


def _other_unit(part: _Exchanged) -> bool:
    units, before = part.fresh & UNIT_KEYS, part.gone & UNIT_KEYS
    if before and (units or _are_names(part.new)):
        return units != before
    return (units | before) == {"business"} and len(part.fresh) + len(part.gone) == 1


def _prefixed(longer: str, word: str) -> bool:
    return (
        len(longer) > len(word) > SHORT
        and longer.endswith(word)
        and longer.removesuffix(word) in _PREFIXES
    )


def _names(run: Run, *, units: bool = False) -> set[str]:
    return {
        word.key
        for word in run
        if (word.name and (units or word.key not in UNIT_KEYS)) or word.key in MONTH_NAMES
    }
