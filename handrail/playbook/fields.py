"""The fields of reply templates: how they are written, and which there are."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from handrail.playbook.models import Playbook
from handrail.playbook.problems import alternatives

FIELD: Final = re.compile(
    r"\{\{ {0,3}([a-zA-Z_][a-zA-Z0-9_.]{0,100}) {0,3}(?:\|([^{}|\n]{0,60})\|([^{}|\n]{0,60}))?\}\}"
)
"""``{{order.total}}``; group 1 is the name. ``{{order.parcels|parcel|parcels}}`` is the word that
goes with the number: group 2 with one, group 3 with others."""

NUMBERS: Final = frozenset({"quantity", "duration"})
"""Types of field that a word can go with."""

CUSTOMER_FIELDS: Final = frozenset({"name", "first_name", "email", "phone", "tier", "since"})
BRAND_FIELDS: Final = frozenset({"name"})
CONVERSATION_FIELDS: Final = frozenset({"id"})

_FIXED: Final = {
    "customer": CUSTOMER_FIELDS,
    "brand": BRAND_FIELDS,
    "conversation": CONVERSATION_FIELDS,
}


@lru_cache(maxsize=1024)  # texts of playbooks, not of customers
def field_names(text: str) -> tuple[str, ...]:
    """Return the names of all fields of a template, in order, each once."""
    return tuple(dict.fromkeys(match[1] for match in FIELD.finditer(text)))


def record_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds of record that these field names speak of, each once."""
    kinds = (name.partition(".")[0] for name in names)
    return tuple(dict.fromkeys(kind for kind in kinds if kind not in _FIXED))


def syntax_problem(text: str) -> str | None:
    """Say what is wrong with the braces of a template, if anything."""
    rest = FIELD.sub("", text)
    if "{{" in rest or "}}" in rest:
        return "a field is written wrongly; write {{kind.field}}, such as {{order.total}}"
    return None


def plural_problem(text: str, playbook: Playbook) -> str | None:
    """Say which words go with a field that is no number, if any."""
    for match in FIELD.finditer(text):
        kind, _, field = match[1].partition(".")
        record = playbook.records.get(kind)
        definition = record.fields.get(field) if record else None
        if match[2] is not None and (definition is None or definition.type not in NUMBERS):
            return f"{match[1]} is no number, so no word goes with it; take '|...|...' out"
    return None


def field_problem(name: str, playbook: Playbook) -> str | None:
    """Say why nothing can supply this field, or return ``None`` where something can."""
    kind, dot, field = name.partition(".")
    if not dot:
        return f"{name!r} names no source; write {{{{kind.field}}}}, such as {{{{order.total}}}}"
    if kind in _FIXED:
        if field in _FIXED[kind]:
            return None
        return f"{kind} has no field {field!r}; {alternatives(field, _FIXED[kind])}"
    return _record_field_problem(kind, field, playbook)


def _record_field_problem(kind: str, field: str, playbook: Playbook) -> str | None:
    record = playbook.records.get(kind)
    if record is None:
        known = {*playbook.records, *_FIXED}
        return f"no record kind {kind!r} supplies {field!r}; {alternatives(kind, known)}"
    if field == "id":
        return None
    if field not in record.fields:
        return f"no field {field!r} in records of kind {kind!r}; " + alternatives(
            field, {*record.fields, "id"}
        )
    if record.fields[field].visibility != "customer":
        return (
            f"{kind}.{field} is not for customers; take it out or set its visibility to customer "
            f"under records.{kind}.fields.{field}"
        )
    return None
