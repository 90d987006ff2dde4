"""Chooses which of a customer's records a message is about, or says that it must be asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from handrail.core.conversation import Record, Snapshot
from handrail.core.ports import owner_key
from handrail.language.templates import holds
from handrail.playbook.models import Conditions

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

    In this order: the one named in the text; the one named last in the conversation; the only
    one there is; the only one with the values in ``about``. Otherwise the customer is asked. A
    number that looks like a record's but is none of the customer's own is asked about too.
    """
    if not snapshot.verified:
        return Choice(problem=f"identity not verified: {kind} records stay closed; ask to sign in")
    own = [record for record in snapshot.records if record.kind == kind]
    if not own:
        return Choice(problem=f"the customer has no {kind}")
    named = named_records(text, own)
    if len(named) > 1:
        ids = ", ".join(record.id for record in named)
        return Choice(problem=f"the message names several records: {ids}")
    if not named and _names_foreign(text, own):
        return Choice(ask=newest_first(own))
    fitting = [record for record in own if about and holds(about, {kind: record})]
    for candidates in (named, _named_before(snapshot, own), own, fitting):
        if len(candidates) == 1:
            return Choice(record=candidates[0])
    return Choice(ask=newest_first(fitting if len(fitting) > 1 else own))


def named_records(text: str, records: Sequence[Record]) -> list[Record]:
    """Return the records whose number stands in the text, however it is spaced or cased."""
    tokens = [owner_key(token) for token in _TOKEN.findall(text)]
    keys = {*tokens, *(a + b for a, b in pairwise(tokens))}
    exact = [record for record in records if owner_key(record.id) in keys]
    # "order 1001" for LF1001: digits alone are enough where they point at one record only.
    by_digits = [r for r in records if len(_digits(r.id)) >= 3 and _digits(r.id) in keys]
    return exact or (by_digits if len(by_digits) == 1 else [])


def newest_first(records: Sequence[Record]) -> tuple[Record, ...]:
    """Order by the first date of each record, the newest first."""
    return tuple(sorted(records, key=_first_date, reverse=True))


def _first_date(record: Record) -> str:
    dates = (str(f.value) for f in record.fields.values() if f.type == "date" and f.value)
    return next(dates, "")


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _shape(text: str) -> str:
    return "".join("9" if char.isdigit() else "a" for char in owner_key(text))


def _names_foreign(text: str, own: Sequence[Record]) -> bool:
    shapes = {_shape(record.id) for record in own if _digits(record.id)}
    return any(_shape(token) in shapes for token in _TOKEN.findall(text))


def _named_before(snapshot: Snapshot, own: Sequence[Record]) -> list[Record]:
    for message in reversed(snapshot.messages):
        named = named_records(message.text, own) if message.role != "note" else []
        if named:
            return named
    return []
