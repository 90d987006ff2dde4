"""Chooses which of a customer's records a message is about, or says that it must be asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from handrail.core.conversation import Record, Snapshot
from handrail.core.ports import owner_key
from handrail.language.slots import Slot, find_slots, plain_number
from handrail.language.templates import holds
from handrail.playbook.models import Conditions

_OTHER: Final = re.compile(r"\b(?:other|another|otr[oa]s?)\b", re.IGNORECASE)
_OTHER_ONE: Final = re.compile(
    r"\b(?:other|another|otr[oa]s?)(?: ones?)?[?!. ]{0,5}$", re.IGNORECASE | re.MULTILINE
)
_ORDINAL: Final = re.compile(
    r"\b(?:the|el|la) (?:(?P<a>first|1st|primer[oa]?)|(?P<b>second|2nd|segund[oa])"
    r"|(?P<c>third|3rd|tercer[oa]?)|(?P<z>last|latter|[uú]ltim[oa]))\b",
    re.IGNORECASE,
)
_PLACE: Final = {"a": 0, "b": 1, "c": 2, "z": -1}
_TOKEN: Final = re.compile(r"[^\W_][\w-]{1,40}")


@dataclass(frozen=True)
class Choice:
    """The outcome of choosing."""

    record: Record | None = None
    ask: tuple[Record, ...] = ()
    """Records to choose from, newest first, where the customer must be asked."""
    problem: str | None = None
    """Why there is no record, for the agent."""


def choose_record(kind: str, text: str, about: Conditions, snapshot: Snapshot) -> Choice:
    """Choose the record of a kind that the customer means.

    In this order: the one named in the text; the only one with the dates, amounts and products
    of the text; the second one, where we offered several; the other one, where there are two; the
    one named last in
    the conversation; the only one there is; the only one with the values in ``about``. Otherwise
    the customer is asked, about those that are left. A number that looks like a record's but is
    none of the customer's own is asked about too.
    """
    own = [record for record in snapshot.records if record.kind == kind]
    named = named_records(text, own)
    problem = _obstacle(kind, snapshot, own, named)
    if problem is not None:
        return Choice(problem=problem)
    if named:
        return Choice(record=named[0])
    slots = find_slots(text, own, today=snapshot.now.date())
    if _names_foreign(text, own):
        return Choice(ask=newest_first(_nearly_named(slots) or own))
    described, other = _described(slots, own), _OTHER.search(text)
    # Of a single record there is nothing to tell apart, unless another one is asked for.
    before = _named_before(snapshot, own) if other or len(own) > 1 else []
    rest = [r for r in own if r not in before] if before and other else []
    if before == own and len(own) == 1 and not described and _OTHER_ONE.search(text):
        return Choice(problem=f"the message asks for another {kind}; there is only {own[0].id}")
    fitting = [record for record in own if about and holds(about, {kind: record})]
    picked = _picked(text, snapshot, own)
    for candidates in (described, picked, rest, [] if rest else before, own, fitting):
        if len(candidates) == 1:
            return Choice(record=candidates[0])
    return Choice(ask=newest_first(next(filter(None, (described, rest, fitting)), own)))


def _obstacle(
    kind: str, snapshot: Snapshot, own: Sequence[Record], named: Sequence[Record]
) -> str | None:
    """Say why no single record can be chosen, whatever the customer would answer."""
    if not snapshot.verified:
        return f"identity not verified: {kind} records stay closed; ask to sign in"
    if not own:
        return f"the customer has no {kind}"
    if len(named) > 1:
        return f"the message names several records: {', '.join(record.id for record in named)}"
    return None


def _nearly_named(slots: Sequence[Slot]) -> list[Record]:
    return [r for slot in slots if slot.kind == "number" and not slot.sure for r in slot.records]


def _described(slots: Sequence[Slot], own: Sequence[Record]) -> list[Record]:
    """Return the records that have all of the values in the text, where that leaves some out."""
    told = [slot for slot in slots if slot.kind in ("date", "amount", "product") and slot.records]
    fitting = [record for record in own if all(record in slot.records for slot in told)]
    return fitting if told and len(fitting) < len(own) else []


def named_records(text: str, records: Sequence[Record]) -> list[Record]:
    """Return the records whose number stands in the text, however it is spaced or cased."""
    if not _has_digit(text) and all(_has_digit(record.id) for record in records):
        return []
    tokens = [owner_key(token) for token in _TOKEN.findall(text)]
    keys = {*tokens, *(a + b for a, b in pairwise(tokens))}
    # LF1O01 for LF1001: a letter may stand for a digit.
    numbers = [key for key in keys if not key.isalpha()]
    spelt = {plain_number(key) for key in numbers if sum(map(str.isdigit, key)) >= 2}
    exact = [r for r in records if owner_key(r.id) in keys or plain_number(r.id) in spelt]
    if exact:
        return exact
    # "order 1001" for LF1001: digits alone are enough where they point at one record only.
    alone = {key for key in numbers if key.isdigit() and len(key) >= 3}
    by_digits = [r for r in records if _digits(r.id) in alone] if alone else []
    return by_digits if len(by_digits) == 1 else []


def newest_first(records: Sequence[Record]) -> tuple[Record, ...]:
    """Order by the first date of each record, the newest first."""
    return tuple(sorted(records, key=_first_date, reverse=True))


def _first_date(record: Record) -> str:
    dates = (str(f.value) for f in record.fields.values() if f.type == "date" and f.value)
    return next(dates, "")


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _shape(text: str) -> str:
    return "".join("9" if char.isdigit() else "a" for char in owner_key(text))


def _picked(text: str, snapshot: Snapshot, own: Sequence[Record]) -> list[Record]:
    """Return the one that "the second one" is, of those that our last message offered."""
    hits = list(_ORDINAL.finditer(text))
    ours = next((m for m in reversed(snapshot.messages) if m.role in ("ai", "agent")), None)
    if not hits or ours is None:
        return []
    offered = named_records(ours.text, own)
    offered.sort(key=lambda record: ours.text.find(record.id))
    place = _PLACE[hits[-1].lastgroup or "a"]
    return [offered[place]] if place < len(offered) > 1 else []


def _names_foreign(text: str, own: Sequence[Record]) -> bool:
    shapes = {_shape(record.id) for record in own if _has_digit(record.id)}
    return any(_shape(token) in shapes for token in _TOKEN.findall(text))


def _named_before(snapshot: Snapshot, own: Sequence[Record]) -> list[Record]:
    for message in reversed(snapshot.messages):
        named = named_records(message.text, own) if message.role != "note" else []
        if named:
            return named
    return []
