"""What the customer's own records say, by typed value: amounts, days, lengths of time, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as filled
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from handrail.core.conversation import ActionEvent, FieldType, Record, Snapshot
from handrail.core.ports import owner_key
from handrail.guardrails.values import duration_key, number_key

_NUMBERS = ("money", "percent", "quantity")
_TYPED: frozenset[FieldType] = frozenset((*_NUMBERS, "duration", "date", "id", "email", "phone"))
FORMED = _TYPED | {"status"}
"""Types of fields that have a form; the others are text."""
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
            self._names = read_names(self.type, self.quote, self.zone)
        return self._names


class Sheet:
    """One record as the customer may see it; its fields are read at once, its facts if asked."""

    def __init__(self, record: Record, zone: str | None) -> None:
        self.record = record
        self._zone = zone
        number = record.id
        self.key = f"contact:{owner_key(number)}"
        """The name by which other records refer to it, ``contact:w100``."""
        self.spelling = number.casefold()
        """Its id, in lower case."""
        self.source = f"record:{record.kind}/{number}"
        """``record:order/W100``."""
        self.fields: dict[str, tuple[FieldType, str]] = {}
        """What the customer may see: of what type, and as it is written."""
        self.names: dict[str, tuple[str, ...]] = {}
        """The value of each typed field in all readings; of those alone that have their type."""
        self.title: str | None = None
        """What it is called, where a field says so: the product of a line."""
        self.texts: list[tuple[str, str]] = []
        """Addresses, notes, then wrongly typed fields, by their ids, where they hold a number."""
        wrong: list[tuple[str, str]] = []
        for name, kind, text in seen(record):
            self.fields[name] = kind, text
            if kind in _TYPED and (names := read_names(kind, text, zone)):
                self.names[name] = names
                continue
            if _DIGIT.search(text):
                (wrong if kind in FORMED else self.texts).append((f"{self.source}#{name}", text))
            if kind == "name" or (kind == "text" and name in _TITLES):
                self.title = text
        self.texts += wrong

    def fact(self, name: str) -> Fact:
        """One of its fields; its number where the name is empty."""
        if name not in self.fields:
            return Fact(self.source, "", self.record.id)
        kind, text = self.fields[name]
        return Fact(self.source, name, text, self.record.fields[name].currency, kind, self._zone)

    @cached_property
    def facts(self) -> list[Fact]:
        """The typed fields that the customer may see."""
        return [self.fact(name) for name, (kind, _) in self.fields.items() if kind in FORMED]


def own_records(snapshot: Snapshot) -> tuple[Record, ...]:
    """The records that this conversation's verified customer owns."""
    if not snapshot.verified:
        return ()
    owner = snapshot.customer.id
    return tuple([record for record in snapshot.records if record.customer_id == owner])


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


def read_names(kind: FieldType, text: str, zone: str | None) -> tuple[str, ...]:
    """A field's value as ``kind:key``, in each reading; none where it is of another type."""
    try:
        if kind in _NUMBERS:
            key = number_key(text)
            return (f"{kind}:{key}", f"quantity:{key}")
        if kind == "date":
            return _moment_names(text, zone)
        if kind == "duration":
            days = duration_key(Decimal(text), "day")
            return (f"duration:{days}", f"quantity:{number_key(text)}")
    except (ValueError, InvalidOperation):
        return ()
    return (f"contact:{owner_key(text)}",)


def seen(record: Record) -> Iterator[tuple[str, FieldType, str]]:
    """The fields that the customer may see: their names, their types and what they say."""
    for name, field in record.fields.items():
        value = field.value
        if value is not None and field.visibility == "customer":
            yield name, field.type, str(value)


def own_facts(snapshot: Snapshot) -> list[Fact]:
    """What is known beside the records: today, and the customer's contacts."""
    customer = snapshot.customer
    days = dict.fromkeys((snapshot.now.date(), today(snapshot)))
    own = [Fact("clock:now", "", day.isoformat(), type="date") for day in days]
    if snapshot.verified:
        contacts: tuple[tuple[FieldType, str | None], ...] = (
            ("email", customer.email),
            ("phone", customer.phone),
            ("id", customer.id),
        )
        own += [Fact("customer", kind, text, type=kind) for kind, text in contacts if text]
    return own


def told(event: ActionEvent) -> str:
    """What was done, and when."""
    return f"{event.worded} {event.at:%Y-%m-%d}"


def record_texts(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Each field that the customer may see, and what was done, by its id, as a line of text."""
    for record in own_records(snapshot):
        yield f"record:{record.kind}/{record.id}#id", f"{record.kind} {record.id}"
        for name, _, text in seen(record):
            said = f"{record.kind} {record.id} {name}: {text} {record.fields[name].currency or ''}"
            yield f"record:{record.kind}/{record.id}#{name}", said.replace("_", " ").strip()
    for event in own_actions(snapshot):
        yield f"action:{event.id}", told(event)
