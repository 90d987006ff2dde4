"""Kinds of things of which one written for another changes a rule: "by phone" for "by e-mail".

A name is seen by its capital; these are things that rules tell apart and that have none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from handrail.guardrails.rule_words import key_of

_KINDS: Final = """
email mail|phone telephone call|chat messenger|sms text|fax|app|website site web online|letter
bronze|silver|gold golden|platinum|basic|standard|premium|deluxe|economy|business
cash|check cheque|debit|credit|gift|voucher|paypal|invoice|wire
customer client guest|employee staff agent representative|manager supervisor|driver|seller merchant
breakfast|lunch|dinner|brunch
morning|afternoon|evening night overnight
spring|summer|autumn fall|winter
north|south|east|west
weekday|weekend|holiday
adult|child children kid|infant baby|senior|student|teen
dog|cat|bird
car|bike bicycle|bus|train|taxi cab|plane|boat
laptop|tablet|desktop
refund|exchange|repair|replacement
passport|license licence
red|orange|yellow|green|blue|purple|pink|brown|black|white|grey gray
correo|teléfono|chat
desayuno|almuerzo|cena
mañana|tarde|noche
efectivo|tarjeta|transferencia
"""
"""A line each, its things apart by ``|``, the words for one thing by a blank."""


def _things() -> dict[str, frozenset[tuple[int, int]]]:
    """The kind and the thing of that kind that each word names."""
    found: dict[str, set[tuple[int, int]]] = {}
    for kind, things in enumerate(_KINDS.split("\n")):
        for thing, names in enumerate(things.split("|")):
            for name in names.split():
                found.setdefault(key_of(name), set()).add((kind, thing))
    return {name: frozenset(of) for name, of in found.items()}


_THINGS: Final = _things()


def other_of_kind(fresh: Iterable[str], gone: Iterable[str]) -> bool:
    """Whether some words name another thing than those they stand for, of the same kind."""
    if _THINGS.keys().isdisjoint(fresh) or _THINGS.keys().isdisjoint(gone):
        return False
    new, old = _named(fresh), _named(gone)
    told = {kind for kind, _ in new & old}
    return not {kind for kind, _ in new}.isdisjoint({kind for kind, _ in old} - told)


def _named(words: Iterable[str]) -> set[tuple[int, int]]:
    return {thing for word in words for thing in _THINGS.get(word, ())}
