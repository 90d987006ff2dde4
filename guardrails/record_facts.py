"""What the customer's own records say, by typed value: amounts, days, lengths of time, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as filled
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import compress, filterfalse
from zoneinfo import ZoneInfo

from handrail.core.conversation import ActionEvent, FieldType, Record, Snapshot
from handrail.core.ports import owner_key
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.values import duration_key, number_key

NUMBERS: tuple[FieldType, ...] = ("money", "percent", "quantity")
_CONTACTS: tuple[FieldType, ...] = ("id", "email", "phone")
HELD_IN: Mapping[str, tuple[FieldType, ...]] = {
    "money": ("money",),
    "percent": ("percent",),
    "quantity": (*NUMBERS, "duration"),
    "duration": ("duration",),
    "date": ("date",),
    "time": ("date",),
    "contact": _CONTACTS,
}
"""The types of the fields that may have a kind of value."""
TYPED = frozenset[FieldType]((*NUMBERS, "duration", "date", *_CONTACTS))
FORMED = frozenset[FieldType]((*TYPED, "status"))
"""Types of fields that have a form; the others are text."""
_DIGIT = re.compile(r"\d")
_AMOUNTS = re.compile(r"(?:(?:0|[1-9]\d{0,15})\.\d\d\n)+", re.ASCII)
"""Amounts as they are mostly written, one a line."""
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
    _keys: tuple[str, ...] | None = filled(default=None, init=False)

    @property
    def id(self) -> str:
        """What evidence cites it by: ``record:order/W100#total``."""
        return f"{self.source}#{self.field}" if self.field else self.source

    def has(self, name: str) -> bool:
        """Whether it has a value, ``kind:key``, in one of its readings."""
        kind, _, key = name.partition(":")
        if self.type not in HELD_IN.get(kind, ()):
            return False
        if self._keys is None:
            self._keys = read_keys(self.type, self.quote, self.zone)
        return key in self._keys


class Sheet:
    """One record as the customer may see it; a field is read when asked for."""

    def __init__(self, place: int, record: Record, zone: str | None) -> None:
        self.place = place
        """Its place among the records."""
        self.record = record
        self._zone = zone
        self._read: dict[str, Fact] = {}

    @property
    def source(self) -> str:
        """``record:order/W100``."""
        return f"record:{self.record.kind}/{self.record.id}"

    def fact(self, name: str) -> Fact:
        """One of its fields; its number where the name is empty."""
        if name not in self._read:
            if name:
                field = self.record.fields[name]
                said = str(field.value), field.currency, field.type, self._zone
                self._read[name] = Fact(self.source, name, *said)
            else:
                self._read[name] = Fact(self.source, "", self.record.id)
        return self._read[name]

    @cached_property
    def facts(self) -> list[Fact]:
        """The typed fields that the customer may see."""
        return [self.fact(name) for name, kind, _ in seen(self.record) if kind in FORMED]


class Column(dict[Sheet, str]):
    """One field of all records that have it: what it says in each of them."""

    def __init__(self, kind: FieldType, name: str, zone: str | None) -> None:
        super().__init__()
        self.type: FieldType = kind
        self.name = name
        """Empty for the records' own numbers."""
        self._zone = zone

    @cached_property
    def lower(self) -> list[str]:
        """Its texts in lower case."""
        return list(map(str.casefold, self.values()))

    @cached_property
    def _parted(self) -> frozenset[str]:
        """Those of its texts that are not one word."""
        return frozenset(filterfalse(str.isalnum, self.lower))

    def standing(self, words: frozenset[str]) -> list[tuple[str, Sheet]]:
        """Those of its texts, in lower case, that a text with these words may hold."""
        may = self._parted.union(words.intersection(self.lower))
        return [one for one in zip(self.lower, self, strict=True) if one[0] in may] if may else []

    @cached_property
    def keyed(self) -> tuple[list[str], list[Sheet]]:
        """The keys of its values, and the record of each; none of a value of another type."""
        return (self._as_one() or self._one_by_one()) if self.type in TYPED else ([], [])

    def _as_one(self) -> tuple[list[str], list[Sheet]] | None:
        """Read all at once, where they are written as they mostly are; one by one takes longer."""
        texts, sheets = self.lower, list(self)
        with suppress(ValueError, InvalidOperation):
            if self.type in NUMBERS:
                return _usual_keys(texts) or list(map(number_key, texts)), sheets
            if self.type in _CONTACTS and not self._parted:
                return texts, sheets
            if self.type == "date" and {*map(len, texts)} == {_DAY_CHARS}:
                list(map(date.fromisoformat, texts))
                return [*texts, *[f"-{day[4:]}" for day in texts]], [*sheets, *sheets]
        return None

    def _one_by_one(self) -> tuple[list[str], list[Sheet]]:
        keys: list[str] = []
        sheets: list[Sheet] = []
        for sheet, text in self.items():
            read = read_keys(self.type, text, self._zone)
            keys += read
            sheets += [sheet] * len(read)
        return keys, sheets

    def having(self, key: str) -> Sequence[Sheet]:
        """The records where it has a value."""
        keys, sheets = self.keyed
        return list(compress(sheets, map(key.__eq__, keys))) if key in keys else ()

    @property
    def loose(self) -> list[tuple[Sheet, str]]:
        """The texts that are no value of its type, where they hold a digit."""
        typed = set(self.keyed[1])
        if len(typed) == len(self):
            return []
        numbered = compress(self.items(), map(_DIGIT.search, self.values()))
        return [(sheet, text) for sheet, text in numbered if sheet not in typed]


def _usual_keys(amounts: Sequence[str]) -> list[str]:
    """The keys of amounts with two decimals, ``12.5`` of 12.50; none where one is written else."""
    lines = "\n".join((*amounts, ""))
    if not _AMOUNTS.fullmatch(lines) or lines.count("\n") > len(amounts):
        return []
    return lines.replace("0\n", "\n").replace("0\n", "\n").replace(".\n", "\n").split()


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


def _moment_keys(text: str, zone: str | None) -> tuple[str, ...]:
    """Keys of a day and, of a moment, of its time.

    Raises:
        ValueError: the text is neither.
    """
    if len(text) == _DAY_CHARS:
        date.fromisoformat(text)
        return (text, f"--{text[5:]}")
    found: list[str] = []
    for moment in _moments(text, zone):
        day, time = moment.isoformat()[:16].split("T")
        found += (day, f"--{day[5:]}", time)
    return tuple(found)


def read_keys(kind: FieldType, text: str, zone: str | None) -> tuple[str, ...]:
    """The keys of a field's value, in each reading; none where it is of another type."""
    try:
        if kind in NUMBERS:
            return (number_key(text),)
        if kind == "date":
            return _moment_keys(text, zone)
        if kind == "duration":
            return (duration_key(Decimal(text), "day"), number_key(text))
    except (ValueError, InvalidOperation):
        return ()
    return (owner_key(text),)


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
