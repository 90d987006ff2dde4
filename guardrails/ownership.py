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
from handrail.guardrails.terms import DIGIT, blanked, plain

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
_NEXT = re.compile(rf"(?:  ?|\u00a0|[,.] )(?!\d)({_WORD})")
"""The word that belongs to the one before it."""
_LAST = re.compile(rf"(?:  ?|\u00a0| [,.])({_WORD})")
"""The same in a text that is written backwards."""
_NAME = re.compile(
    rf"[A-Z\u00c0-\U0010ffff]{_BEGINS}[^\W_]{{0,39}}+(?:['’.-][^\W_]{{1,40}}){{0,2}}"
    r"(?=(?:  ?|\u00a0|[,.] )[A-Zabdelvy\u00c0-\U0010ffff])"
)
"""A word that a name may begin with, and something behind it that a name may go on with."""
_HOUSE = re.compile(rf"{DIGIT}{_BEGINS}\d{{0,4}}[A-Za-z]?(?![^\W_]|['’.-][^\W_])")
_BEFORE = 650
"""Characters before a house number in which a street stands."""
_TELLING = 7
"""Characters from which a part of a value is no chance."""


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Find where two to five words may be a full name: capitals, and particles between."""
    for first in _NAME.finditer(text):
        end = first.end() if _is_named(first[0]) else -1
        for _ in range(_LONGEST_NAME - 1):
            word = _NEXT.match(text, end) if end > 0 else None
            if word is None or not (_is_named(word[1]) or word[1] in _PARTICLES):
                break
            end = word.end()
            if word[1] not in _PARTICLES:
                yield first.start(), end


def _is_named(word: str) -> bool:
    return word[0].isupper() and not word[-1].isdecimal()


def find_streets(text: str) -> Iterator[tuple[int, int]]:
    """Find where an address may stand: a house number with words behind it, or before it."""
    for house in _HOUSE.finditer(text):
        start, end = house.span()
        for _ in range(_LONGEST_STREET - 1):
            word = _NEXT.match(text, end)
            if word is None:
                break
            end = word.end()
            yield start, end
        backwards, until = text[max(0, start - _BEFORE) : start][::-1], 0
        for _ in range(_LONGEST_STREET - 1):
            word = _LAST.match(backwards, until)
            if word is None or word[1][-1].isdecimal():
                break
            until = word.end()
            yield start - until, house.end()


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
