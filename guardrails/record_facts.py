"""What the customer's own records say, by typed value: amounts, days, lengths of time, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as filled
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from handrail.core.conversation import ActionEvent, FieldType, FieldValue, Record, Snapshot
from handrail.core.ports import owner_key
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.values import duration_key, number_key

_NUMBERS = ("money", "percent", "quantity")
_TYPES: Mapping[str, tuple[FieldType, ...]] = {
    "money": ("money",),
    "percent": ("percent",),
    "quantity": ("quantity", "money", "percent", "duration"),
    "duration": ("duration",),
    "date": ("date",),
    "time": ("date",),
    "contact": ("id", "email", "phone"),
}
"""The fields in which a group of values is looked for."""
_TYPED = frozenset(kind for kinds in _TYPES.values() for kind in kinds)
_TITLES = ("name", "title", "product", "item")
_DIGIT = re.compile(r"\d")
_DAY_CHARS = len("2026-01-01")


@dataclass(slots=True, eq=False)
class Fact:
    """One typed value and the field it stands in."""

    source: str
    """``record:order/W100``, ``customer``, ``clock``."""
    field: str
    quote: str
    currency: str | None = None
    type: FieldType = "id"
    zone: str | None = None
    """Where the customer lives."""
    _names: tuple[str, ...] | None = filled(default=None, init=False)

    @property
    def id(self) -> str:
        """What evidence cites it by: ``record:order/W100#total``."""
        return f"{self.source}#{self.field}" if self.field else self.source

    @property
    def names(self) -> tuple[str, ...]:
        """The value as ``kind:key``, in each reading; none where it is of another type."""
        if self._names is None:
            try:
                self._names = _names(self.type, self.quote, self.zone)
            except (ValueError, InvalidOperation):
                self._names = ()
        return self._names


@dataclass(eq=False)
class Sheet:
    """One record, read."""

    record: Record
    key: str
    """The name by which other records refer to it, ``contact:w100``."""
    spelling: str
    """Its id, in lower case."""
    facts: list[Fact] = filled(default_factory=list[Fact])
    """The typed fields that the customer may see."""
    others: list[Fact] = filled(default_factory=list[Fact])
    """The fields that are text."""
    title: str | None = None
    """What it is called, where a field says so: the product of a line."""

    @cached_property
    def texts(self) -> tuple[Source, ...]:
        """Addresses, notes and wrongly typed fields, where they hold a number."""
        wrong = (fact for fact in self.facts if not fact.names or fact.type == "status")
        return tuple(
            Source(fact.id, Reading(fact.quote))
            for fact in (*self.others, *wrong)
            if _DIGIT.search(fact.quote)
        )


def own_records(snapshot: Snapshot) -> tuple[Record, ...]:
    """The records that this conversation's verified customer owns."""
    if not snapshot.verified:
        return ()
    return tuple(r for r in snapshot.records if r.customer_id == snapshot.customer.id)


def own_actions(snapshot: Snapshot) -> tuple[ActionEvent, ...]:
    """What was done for this conversation's verified customer, or was tried."""
    return snapshot.actions if snapshot.verified else ()


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


def _names(kind: FieldType, text: str, zone: str | None) -> tuple[str, ...]:
    if kind in _NUMBERS:
        key = number_key(text)
        return (f"{kind}:{key}", f"quantity:{key}")
    if kind == "duration":
        return (f"duration:{duration_key(Decimal(text), 'day')}", f"quantity:{number_key(text)}")
    if kind == "date":
        return _moment_names(text, zone)
    return (f"contact:{owner_key(text)}",)


def _seen(record: Record) -> Iterator[tuple[str, FieldValue]]:
    for name, field in record.fields.items():
        if field.visibility == "customer" and field.value is not None:
            yield name, field


class RecordFacts:
    """What the records say: one by one, and by typed value."""

    def __init__(
        self, sheets: list[Sheet], own: list[Fact], done: tuple[ActionEvent, ...] = ()
    ) -> None:
        self.sheets = sheets
        self._own = own
        """What is known beside the records: the customer's contacts, today."""
        self._done = done
        self._index: dict[str, dict[str, list[Fact]]] = {}

    def named(self, name: str) -> list[Fact]:
        """The facts that have a value, ``kind:key``."""
        group = name.partition(":")[0]
        if group not in self._index:
            self._index[group] = self._read(group)
        return self._index[group].get(name, [])

    def _read(self, group: str) -> dict[str, list[Fact]]:
        kinds = _TYPES.get(group, ())
        found: dict[str, list[Fact]] = {}
        if group == "contact":
            for sheet in self.sheets:
                record = sheet.record
                fact = Fact(f"record:{record.kind}/{record.id}", "", record.id)
                found.setdefault(sheet.key, []).append(fact)
        facts = (fact for sheet in self.sheets for fact in sheet.facts)
        for fact in (*facts, *self._own):
            if fact.type in kinds:
                for name in fact.names:
                    found.setdefault(name, []).append(fact)
        return found

    @cached_property
    def texts(self) -> tuple[Source, ...]:
        """Fields that are read as text, and what was done."""
        fields = (source for sheet in self.sheets for source in sheet.texts)
        done = (Source(f"action:{one.id}", Reading(_told(one))) for one in self._done)
        return (*fields, *done)


def _sheet(record: Record, zone: str | None) -> Sheet:
    source = f"record:{record.kind}/{record.id}"
    sheet = Sheet(record, f"contact:{owner_key(record.id)}", record.id.casefold())
    for name, field in _seen(record):
        kind, text = field.type, str(field.value)
        fact = Fact(source, name, text, field.currency, kind, zone)
        typed = kind in _TYPED or kind == "status"
        (sheet.facts if typed else sheet.others).append(fact)
        if kind == "name" or (kind == "text" and name in _TITLES):
            sheet.title = text
    return sheet


def record_facts(snapshot: Snapshot) -> RecordFacts:
    """Everything typed that the customer may see: their records, own contacts, today."""
    customer = snapshot.customer
    zone = customer.time_zone
    days = dict.fromkeys((snapshot.now.date(), today(snapshot)))
    own = [Fact("clock:now", "", day.isoformat(), type="date") for day in days]
    if snapshot.verified:
        contacts: tuple[tuple[FieldType, str | None], ...] = (
            ("email", customer.email),
            ("phone", customer.phone),
            ("id", customer.id),
        )
        own += [Fact("customer", kind, text, type=kind) for kind, text in contacts if text]
    sheets = [_sheet(record, zone) for record in own_records(snapshot)]
    return RecordFacts(sheets, own, own_actions(snapshot))


def _told(event: ActionEvent) -> str:
    return f"{event.worded} {event.at:%Y-%m-%d}"


def record_texts(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Each field that the customer may see, and what was done, by its id, as a line of text."""
    for record in own_records(snapshot):
        yield f"record:{record.kind}/{record.id}#id", f"{record.kind} {record.id}"
        for name, field in _seen(record):
            said = f"{record.kind} {record.id} {name}: {field.value} {field.currency or ''}"
            yield f"record:{record.kind}/{record.id}#{name}", said.replace("_", " ").strip()
    for event in own_actions(snapshot):
        yield f"action:{event.id}", _told(event)


def record_words(snapshot: Snapshot) -> str:
    """All words of the records that the customer may see, and of what was done."""
    fields = (
        f"{record.kind} {record.id} {name} {field.value}".replace("_", " ")
        for record in own_records(snapshot)
        for name, field in _seen(record)
    )
    return " ".join((*fields, *map(_told, own_actions(snapshot))))
