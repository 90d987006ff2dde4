"""Whose personal data a text holds: what to ask the owner index for, and what is the customer's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.conversation import Snapshot
from handrail.core.ports import owner_key
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.normalisation import fold
from handrail.guardrails.personal_data import PersonalDatum
from handrail.guardrails.telephone_numbers import phone_keys
from handrail.guardrails.terms import blanked, characters, plain, zeroed

Place = tuple[str, int, int]
"""A key as :func:`handrail.core.ports.owner_key` writes it, and where it stands."""

_WORD = r"[^\W_]{1,40}+(?:['’.-][^\W_]{1,40}){0,2}"
_BEGINS = r"(?<![^\W_].)(?<![^\W_]['’.-].)"
"""Stands behind the first character of a word."""
_PARTICLES = frozenset(
    {"de", "la", "las", "los", "del", "van", "von", "der", "den", "da", "dos", "di", "al", "bin",
     "el", "y", "e", "le", "du"}
)  # fmt: skip
_LONGEST_NAME = 5
_LONGEST_STREET = 6
"""Words of an address that are looked up together."""


def _words_behind(word: str, count: int) -> re.Pattern[str]:
    """What finds up to so many words that follow, each after what stands between two."""
    found = ""
    for _ in range(count):
        found = rf"(?:{word}{found})?"
    return re.compile(found)


_NEXT = _words_behind(rf"(?:  ?|\u00a0|[,.] )(?!\d)({_WORD})", _LONGEST_STREET - 1)
"""The words that belong to the one before them."""
_LAST = _words_behind(rf"(?:  ?|\u00a0| [,.])((?>{_WORD}))(?<!\d)", _LONGEST_STREET - 1)
"""The same in a text that is written backwards."""
_NAMED = rf"(?=A|(?:{'|'.join(sorted(_PARTICLES))})(?![^\W_]))"
_NAMES = _words_behind(rf"(?:  ?|\u00a0|[,.] )(?!\d){_NAMED}({_WORD})", _LONGEST_NAME - 1)
"""The words of a name behind its first one."""
_NAME = re.compile(
    rf"A{_BEGINS}[^\W_]{{0,39}}+(?:['’.-][^\W_]{{1,40}}){{0,2}}"
    rf"(?=(?:  ?|\u00a0|[,.] ){_NAMED})"
)
"""A word that a name may begin with, and something behind it that a name may go on with.

It reads a text with an A for each capital: one character is found much faster than any of many.
"""
_capitals = characters(
    lambda char: "A" if "A" <= char <= "Z" or (char >= "\u00c0" and char.isalnum()) else char
)
_HOUSE = re.compile(rf"0{_BEGINS}\d{{0,4}}[A-Za-z]?(?![^\W_]|['’.-][^\W_])")
_TELLING = 7
"""Characters from which a part of a value is no chance."""


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Find where two to five words may be a full name: capitals, and particles between."""
    capitals = _capitals(text)
    for first in _NAME.finditer(capitals):
        start, end = first.span()
        if _is_named(text[start:end]) and (words := _NAMES.match(capitals, end)):
            yield from [(start, stop) for stop in _named_until(text, words)]


def _named_until(text: str, words: re.Match[str]) -> Iterator[int]:
    """Where the words end that go on with a name."""
    for begin, end in map(words.span, _found(words)):
        if (word := text[begin:end]) not in _PARTICLES:
            if not _is_named(word):
                return
            yield end


def _found(words: re.Match[str]) -> range:
    """The numbers of the words that were found one behind the other."""
    return range(1, (words.lastindex or 0) + 1)


def _is_named(word: str) -> bool:
    return word[0].isupper() and not word[-1].isdecimal()


def find_streets(text: str) -> Iterator[tuple[int, int]]:
    """Find where an address may stand: a house number with words behind it, or before it."""
    backwards = text[::-1]
    for house in _HOUSE.finditer(zeroed(text)):
        start, end = house.span()
        if behind := _NEXT.match(text, end):
            yield from [(start, behind.end(at)) for at in _found(behind)]
        if before := _LAST.match(backwards, len(text) - start):
            yield from [(len(text) - before.end(at), end) for at in _found(before)]


def _keys(datum: PersonalDatum, region: str) -> tuple[str, ...]:
    return phone_keys(datum.text, region) if datum.kind == "phone" else (datum.key,)


def possible_keys(ctx: CheckContext) -> frozenset[str]:
    """Keys of all that may be somebody's in a text, without where each stands."""
    named = (key for key, _, _ in _named(ctx.folded.text))
    return frozenset((*(key for key, _, _ in _typed(ctx)), *named))


def places(ctx: CheckContext) -> Iterator[Place]:
    """All that may be somebody's in a text: personal data, numbers of records, names, streets."""
    yield from _typed(ctx)
    for key, start, end in _named(ctx.folded.text):
        yield key, *ctx.folded.span(start, end)


def _typed(ctx: CheckContext) -> Iterator[Place]:
    """Personal data and numbers of records."""
    region = ctx.playbook.brand.region
    for datum in ctx.personal:
        for key in _keys(datum, region):
            yield key, datum.start, datum.end
    for value in ctx.values:
        if value.kind in ("id", "phone", "email"):
            yield owner_key(value.text), value.start, value.end


def _named(text: str) -> Iterator[Place]:
    """Names and streets."""
    words = blanked(text)
    for start, end in (*find_names(text), *find_streets(text)):
        yield words[start:end].replace(" ", "").casefold(), start, end


def _squeezed(text: str) -> str:
    return "".join(plain(text.casefold()))


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
