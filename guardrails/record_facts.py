"""What the customer's own records say, by typed value: amounts, days, lengths of time, ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from handrail.core.conversation import FieldValue, Record, Snapshot
from handrail.core.ports import owner_key
from handrail.guardrails.reading import CONTACTS, Reading, Source
from handrail.guardrails.values import duration_key, number_key

_NUMBERS = ("money", "percent", "quantity")
_TYPED = frozenset({*_NUMBERS, "duration", "date", *CONTACTS})
_DIGIT = re.compile(r"\d")
_DAY_CHARS = len("2026-01-01")


@dataclass(slots=True)
class Fact:
    """One typed value and the field it stands in."""

    source: str
    """``record:order/W100``, ``customer``, ``clock``."""
    field: str
    quote: str
    currency: str | None = None

    @property
    def id(self) -> str:
        """What evidence cites it by: ``record:order/W100#total``."""
        return f"{self.source}#{self.field}" if self.field else self.source


def own_records(snapshot: Snapshot) -> tuple[Record, ...]:
    """The records that this conversation's verified customer owns."""
    if not snapshot.verified:
        return ()
    return tuple(r for r in snapshot.records if r.customer_id == snapshot.customer.id)


@lru_cache(maxsize=512)
def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None


def _moment_names(text: str, zone: str | None) -> tuple[str, ...]:
    """Names of a day and, of a moment, of its time: in its own zone and in the customer's."""
    if len(text) == _DAY_CHARS:
        return (f"date:{date.fromisoformat(text).isoformat()}", f"date:--{text[5:]}")
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    place = _zone(zone)
    places = (moment, moment.astimezone(place)) if place else (moment,)
    return tuple(
        f"{kind}:{local:{form}}"
        for local in places
        for kind, form in (("date", "%Y-%m-%d"), ("date", "--%m-%d"), ("time", "%H:%M"))
    )


def _field_names(field: FieldValue, zone: str | None) -> tuple[str, ...]:
    text = str(field.value)
    if field.type in _NUMBERS:
        key = number_key(text)
        return (f"{field.type}:{key}", f"quantity:{key}")
    if field.type == "duration":
        return (f"duration:{duration_key(Decimal(text), 'day')}", f"quantity:{number_key(text)}")
    if field.type == "date":
        return _moment_names(text, zone)
    return (f"contact:{owner_key(text)}",)


def _seen(record: Record) -> Iterator[tuple[str, FieldValue]]:
    for name, field in record.fields.items():
        if field.visibility == "customer" and field.value is not None:
            yield name, field


@dataclass(slots=True)
class RecordFacts:
    """What the records say: typed values by ``kind:key``, and fields that are read as text."""

    typed: dict[str, list[Fact]]
    texts: list[Source]
    """Addresses, notes and wrongly typed fields, where they hold a number."""

    def add(self, fact: Fact, names: Iterable[str]) -> None:
        """Keep a fact under all its names."""
        for name in names:
            self.typed.setdefault(name, []).append(fact)


def record_facts(snapshot: Snapshot) -> RecordFacts:
    """Everything typed that the customer may see: their records, own contacts, today."""
    zone = snapshot.customer.time_zone
    found = RecordFacts({}, [])
    for record in own_records(snapshot):
        source = f"record:{record.kind}/{record.id}"
        found.add(Fact(source, "", record.id), (f"contact:{owner_key(record.id)}",))
        for name, field in _seen(record):
            _add_field(found, Fact(source, name, str(field.value), field.currency), field, zone)
    if snapshot.verified:
        for name in ("email", "phone", "id"):
            text = getattr(snapshot.customer, name)
            if text:
                found.add(Fact("customer", name, text), (f"contact:{owner_key(text)}",))
    today = _moment_names(snapshot.now.isoformat(), zone)
    found.add(
        Fact("clock:now", "", f"{snapshot.now:%Y-%m-%d}"),
        (name for name in today if name.startswith("date:")),
    )
    return found


def _add_field(found: RecordFacts, fact: Fact, field: FieldValue, zone: str | None) -> None:
    if field.type in _TYPED:
        try:
            found.add(fact, _field_names(field, zone))
        except (ValueError, InvalidOperation):
            pass  # wrongly typed: it still says what it says, as text
        else:
            return
    if _DIGIT.search(fact.quote):
        found.texts.append(Source(fact.id, Reading(fact.quote)))


def record_words(snapshot: Snapshot) -> str:
    """All words of the records that the customer may see."""
    return " ".join(
        f"{record.kind} {record.id} {name} {field.value}".replace("_", " ")
        for record in own_records(snapshot)
        for name, field in _seen(record)
    )
