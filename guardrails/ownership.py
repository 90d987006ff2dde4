"""Whose personal data a text holds: what to ask the owner index for, and what is the customer's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from operator import itemgetter

from handrail.core.conversation import Snapshot
from handrail.core.ports import owner_key
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.normalisation import fold
from handrail.guardrails.personal_data import PersonalDatum
from handrail.guardrails.telephone_numbers import phone_keys

Place = tuple[str, int, int]
"""A key as :func:`handrail.core.ports.owner_key` writes it, and where it stands."""

_WORD = re.compile(r"([^\W_]{1,40}+(?:['’.-][^\W_]{1,40}){0,2})")
_PARTICLES = frozenset(
    {"de", "la", "las", "los", "del", "van", "von", "der", "den", "da", "dos", "di", "al", "bin",
     "el", "y", "e", "le", "du"}
)  # fmt: skip
_LONGEST_NAME = 5
_LONGEST_STREET = 6
"""Words of an address that are looked up together."""
_GAP = frozenset({" ", "  ", "\u00a0", ", ", ". "})
_TELLING = 7
"""Characters from which a part of a value is no chance."""
_BETWEEN = re.compile(r"[\W_]{1,1000}")
_HOUSE = re.compile(r"\d{1,5}[a-z]?", re.IGNORECASE)
_CAPITAL = re.compile(r"[^\W\d_a-z]")
"""What every capital letter is; of other alphabets others too."""
_DIGIT = re.compile(r"\d")


class Words:
    """The words and numbers of a text, in order."""

    def __init__(self, text: str) -> None:
        """Split a text."""
        self._parts = _WORD.split(text)
        self.written = self._parts[1::2]
        self.before = self._parts[::2]
        """What stands before each."""
        self.initials = "".join(map(itemgetter(0), self.written))
        """The first letter or digit of each."""

    @cached_property
    def _bounds(self) -> Sequence[int]:
        return tuple(accumulate(map(len, self._parts), initial=0))

    def span(self, first: int, last: int) -> tuple[int, int]:
        """The place of some words, by the numbers of the first and the last."""
        return self._bounds[2 * first + 1], self._bounds[2 * last + 2]


def find_names(words: Words) -> Iterator[tuple[int, int]]:
    """Find runs of two to five words that may be a full name: capitals, and particles between.

    Yields the numbers of the first and the last word among the words.
    """
    written, before, initials = words.written, words.before, words.initials
    capital = (match.start() for match in _CAPITAL.finditer(initials) if match[0].isupper())
    named = dict.fromkeys(at for at in capital if not written[at][-1].isdecimal())
    for first in named:
        for last in range(first + 1, min(first + _LONGEST_NAME, len(written))):
            if before[last] not in _GAP or not (last in named or written[last] in _PARTICLES):
                break
            if last in named:
                yield first, last


def find_streets(words: Words) -> Iterator[tuple[int, int]]:
    """Find runs that may be an address: a house number with words behind it, or before it.

    Yields the numbers of the first and the last word among the words.
    """
    written, before, initials = words.written, words.before, words.initials
    for at in (match.start() for match in _DIGIT.finditer(initials)):
        if not _HOUSE.fullmatch(written[at]):
            continue
        for last in range(at + 1, min(at + _LONGEST_STREET, len(written))):
            if initials[last].isdecimal() or before[last] not in _GAP:
                break
            yield at, last
        for first in range(at - 1, max(-1, at - _LONGEST_STREET), -1):
            if initials[first].isdecimal() or before[first + 1] not in _GAP:
                break
            yield first, at


def _keys(datum: PersonalDatum, region: str) -> tuple[str, ...]:
    return phone_keys(datum.text, region) if datum.kind == "phone" else (datum.key,)


def possible_keys(ctx: CheckContext) -> frozenset[str]:
    """Keys of all that may be somebody's in a text, without where each stands."""
    named = (key for key, _, _ in _named(Words(ctx.folded.text)))
    return frozenset((*(key for key, _, _ in _typed(ctx)), *named))


def places(ctx: CheckContext) -> Iterator[Place]:
    """All that may be somebody's in a text: personal data, numbers of records, names, streets."""
    yield from _typed(ctx)
    words = Words(ctx.folded.text)
    for key, first, last in _named(words):
        yield key, *ctx.folded.span(*words.span(first, last))


def _typed(ctx: CheckContext) -> Iterator[Place]:
    """Personal data and numbers of records."""
    region = ctx.playbook.brand.region
    for datum in ctx.personal:
        for key in _keys(datum, region):
            yield key, datum.start, datum.end
    for value in ctx.values:
        if value.kind in ("id", "phone", "email"):
            yield owner_key(value.text), value.start, value.end


def _named(words: Words) -> Iterator[tuple[str, int, int]]:
    """Names and streets, each with the numbers of its first and last word."""
    for first, last in (*find_names(words), *find_streets(words)):
        yield _squeezed("".join(words.written[first : last + 1])), first, last


def _squeezed(text: str) -> str:
    folded = text.casefold()
    return folded if folded.isalnum() else _BETWEEN.sub("", folded)


def own_values(snapshot: Snapshot) -> Iterator[str]:
    """What is the customer's own: who they are, and what stands in their records."""
    customer = snapshot.customer
    for value in (customer.id, customer.name, customer.email, customer.phone):
        if value:
            yield value
    yield snapshot.conversation.address
    for record in snapshot.records:
        if record.customer_id == customer.id:
            yield record.id
            for field in record.fields.values():
                if isinstance(field.value, str) and field.visibility == "customer":
                    yield field.value


def certain_keys(ctx: CheckContext) -> frozenset[str]:
    """Keys of who the customer is and of their records' numbers: what drafts mostly hold."""
    customer = ctx.snapshot.customer
    values = (customer.id, customer.name, customer.email, customer.phone)
    numbers = ctx.evidence.records.numbers.keyed[0]
    return frozenset((*(owner_key(value) for value in values if value), *numbers))


def own_keys(ctx: CheckContext) -> str:
    """All of the customer's own values as keys, one a line."""
    region = ctx.playbook.brand.region
    values = list(own_values(ctx.snapshot))
    keys = dict.fromkeys(map(owner_key, values))
    keys |= dict.fromkeys(_squeezed(value) for value in values if "@" in value)
    for phone in (ctx.snapshot.customer.phone, ctx.snapshot.conversation.address):
        if phone and phone.lstrip("+( ")[:1].isdecimal():
            keys |= dict.fromkeys(phone_keys(phone, region))
    return "\n".join(("", *keys, ""))


def holds(keys: str, key: str) -> bool:
    """Whether a key is one of these, or a longer part of one: a first and last name, a street."""
    return f"\n{key}\n" in keys or (len(key) >= _TELLING and key in keys)


def written_keys(ctx: CheckContext) -> str:
    """What the customer wrote in this conversation, as keys run together."""
    said = [m.text for m in ctx.snapshot.messages if m.role == "customer"]
    text = "\n".join((*(fold(text).text for text in said), ctx.heard))
    return f"\n{text.casefold()}\n{_squeezed(text)}\n"


def is_own(datum: PersonalDatum, own: str, region: str) -> bool:
    """Whether a piece of personal data is among the customer's own values."""
    return any(holds(own, key) for key in _keys(datum, region))


def is_private(ctx: CheckContext, public_channels: tuple[str, ...]) -> bool:
    """Whether only this customer reads along: verified, on a channel that nobody else reads."""
    return ctx.snapshot.verified and ctx.snapshot.conversation.channel not in public_channels


def last_four(text: str) -> str:
    """Mask all of a number but its last four digits or letters."""
    return "•••• " + "".join(filter(str.isalnum, text))[-4:]


HIDDEN = "••••"
