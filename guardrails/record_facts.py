"""What the customer's own records say, by typed value: amounts, days, lengths of time, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def record_facts(snapshot: Snapshot) -> Iterator[tuple[str, Fact]]:
    """All typed values the customer may see, by ``kind:key``: records, own contacts, today."""
    zone = snapshot.customer.time_zone
    for record in own_records(snapshot):
        source = f"record:{record.kind}/{record.id}"
        yield f"contact:{owner_key(record.id)}", Fact(source, "", record.id)
        for name, field in _seen(record):
            if field.type not in _TYPED:
                continue
            try:
                names = _field_names(field, zone)
            except (ValueError, InvalidOperation):
                continue  # a wrongly typed field is read as text, with the others
            fact = Fact(source, name, str(field.value), field.currency)
            for key in names:
                yield key, fact
    if snapshot.verified:
        yield from _contacts(snapshot)
    for key in _moment_names(snapshot.now.isoformat(), zone):
        if key.startswith("date:"):
            yield key, Fact("clock:now", "", f"{snapshot.now:%Y-%m-%d}")


def _contacts(snapshot: Snapshot) -> Iterator[tuple[str, Fact]]:
    for name in ("email", "phone", "id"):
        text = getattr(snapshot.customer, name)
        if text:
            yield f"contact:{owner_key(text)}", Fact("customer", name, text)


def _readable(field: FieldValue) -> bool:
    text = str(field.value)
    if not _DIGIT.search(text):
        return False
    try:
        return field.type not in _TYPED or not _field_names(field, None)
    except (ValueError, InvalidOperation):
        return True


def record_texts(snapshot: Snapshot) -> Iterator[Source]:
    """Fields that are read as text because they hold numbers: addresses, notes, odd values."""
    for record in own_records(snapshot):
        for name, field in _seen(record):
            if _readable(field):
                source = f"record:{record.kind}/{record.id}#{name}"
                yield Source(source, Reading(str(field.value)))


def record_words(snapshot: Snapshot) -> str:
    """All words of the records that the customer may see."""
    return " ".join(
        f"{record.kind} {record.id} {name} {field.value}".replace("_", " ")
        for record in own_records(snapshot)
        for name, field in _seen(record)
    )
