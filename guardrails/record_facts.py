"""What the customer's own records say, by typed value: amounts, days, lengths of time, ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as filled
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from handrail.core.conversation import FieldType, FieldValue, Record, Snapshot
from handrail.core.ports import owner_key
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.values import CONTACTS, duration_key, number_key

_NUMBERS = ("money", "percent", "quantity")
_TYPED = frozenset({*_NUMBERS, "duration", "date", "status", *CONTACTS})
_TITLES = ("name", "title", "product", "item")
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
    type: FieldType = "id"
    names: tuple[str, ...] = ()
    """The value as ``kind:key``, in each reading."""

    @property
    def id(self) -> str:
        """What evidence cites it by: ``record:order/W100#total``."""
        return f"{self.source}#{self.field}" if self.field else self.source


@dataclass(slots=True)
class Sheet:
    """One record, read: its typed fields, and those that are text."""

    record: Record
    key: str
    """The name by which other records refer to it, ``contact:w100``."""
    facts: list[Fact] = filled(default_factory=list[Fact])
    texts: list[Source] = filled(default_factory=list[Source])
    """Addresses, notes and wrongly typed fields, where they hold a number."""
    title: str | None = None
    """What it is called, where a field says so: the product of a line."""


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


def today(snapshot: Snapshot) -> date:
    """The day it is where the customer lives; in UTC where that is unknown."""
    return snapshot.now.astimezone(_zone(snapshot.customer.time_zone) or UTC).date()


def _moments(text: str, zone: str | None) -> tuple[datetime, ...]:
    """Read a moment in its own zone and in the customer's."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    place = _zone(zone)
    return (moment, moment.astimezone(place)) if place else (moment,)


def _moment_names(text: str, zone: str | None) -> tuple[str, ...]:
    """Names of a day and, of a moment, of its time.

    Raises:
        ValueError: the text is neither.
    """
    if len(text) == _DAY_CHARS:
        date.fromisoformat(text)
        return (f"date:{text}", f"date:--{text[5:]}")
    found: list[str] = []
    for moment in _moments(text, zone):
        day, time = moment.isoformat()[:16].split("T")
        found += (f"date:{day}", f"date:--{day[5:]}", f"time:{time}")
    return tuple(found)


def _field_names(field: FieldValue, zone: str | None) -> tuple[str, ...]:
    text = str(field.value)
    if field.type in _NUMBERS:
        key = number_key(text)
        return (f"{field.type}:{key}", f"quantity:{key}")
    if field.type == "duration":
        return (f"duration:{duration_key(Decimal(text), 'day')}", f"quantity:{number_key(text)}")
    if field.type == "date":
        return _moment_names(text, zone)
    if field.type == "status":
        return (f"status:{text.casefold()}",)
    return (f"contact:{owner_key(text)}",)


def _seen(record: Record) -> Iterator[tuple[str, FieldValue]]:
    for name, field in record.fields.items():
        if field.visibility == "customer" and field.value is not None:
            yield name, field


@dataclass(slots=True)
class RecordFacts:
    """What the records say: typed values by ``kind:key``, and the records one by one."""

    typed: dict[str, list[Fact]] = filled(default_factory=dict[str, list[Fact]])
    sheets: list[Sheet] = filled(default_factory=list[Sheet])

    def add(self, fact: Fact, names: Iterable[str]) -> None:
        """Keep a fact under all its names."""
        for name in names:
            self.typed.setdefault(name, []).append(fact)

    @property
    def texts(self) -> Iterator[Source]:
        """Fields that are read as text."""
        for sheet in self.sheets:
            yield from sheet.texts


def _sheet(record: Record, zone: str | None) -> Sheet:
    source = f"record:{record.kind}/{record.id}"
    sheet = Sheet(record, f"contact:{owner_key(record.id)}")
    for name, value in _seen(record):
        text = str(value.value)
        if value.type in _TYPED:
            try:
                names = _field_names(value, zone)
            except (ValueError, InvalidOperation):
                pass  # wrongly typed: it still says what it says, as text
            else:
                sheet.facts.append(Fact(source, name, text, value.currency, value.type, names))
                if value.type != "status":
                    continue
        if value.type == "name" or (value.type == "text" and name in _TITLES):
            sheet.title = text
        if _DIGIT.search(text):
            sheet.texts.append(Source(f"{source}#{name}", Reading(text)))
    return sheet


def record_facts(snapshot: Snapshot) -> RecordFacts:
    """Everything typed that the customer may see: their records, own contacts, today."""
    zone = snapshot.customer.time_zone
    found = RecordFacts()
    for record in own_records(snapshot):
        sheet = _sheet(record, zone)
        found.sheets.append(sheet)
        found.add(Fact(f"record:{record.kind}/{record.id}", "", record.id), (sheet.key,))
        for fact in sheet.facts:
            found.add(fact, fact.names)
    if snapshot.verified:
        for name in ("email", "phone", "id"):
            text = getattr(snapshot.customer, name)
            if text:
                found.add(Fact("customer", name, text), (f"contact:{owner_key(text)}",))
    now = _moment_names(snapshot.now.isoformat(), zone)
    found.add(
        Fact("clock:now", "", f"{snapshot.now:%Y-%m-%d}"),
        (name for name in now if name.startswith("date:")),
    )
    return found


def record_words(snapshot: Snapshot) -> str:
    """All words of the records that the customer may see."""
    return " ".join(
        f"{record.kind} {record.id} {name} {field.value}".replace("_", " ")
        for record in own_records(snapshot)
        for name, field in _seen(record)
    )
