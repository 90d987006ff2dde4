"""A customer's records as evidence: what their fields hold, by value and by words.

No field or record is kept beyond the draft they are read for. What a single word or a length of
time means is learned from all texts alike, and without whose it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter

from handrail.core.conversation import FieldType, Record, Snapshot
from handrail.core.verdict import EvidenceSpan
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.record_facts import FORMED, HELD_IN, Column, Fact, Sheet, own_actions, told
from handrail.guardrails.record_values import RecordValues
from handrail.guardrails.shelf import quoted
from handrail.guardrails.terms import stems
from handrail.guardrails.values import Value

_TITLES = ("name", "title", "product", "item")


class Columns(dict[tuple[FieldType, str], Column]):
    """The fields of many records by type and name."""

    def __init__(self, zone: str | None) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, key: tuple[FieldType, str]) -> Column:
        """Begin one."""
        found = self[key] = Column(*key, self._zone)
        return found


class CustomerRecords:
    """What the records say: one by one, by typed value, and by words."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Read each field, once."""
        self._zone = snapshot.customer.time_zone
        self.sheets: list[Sheet] = []
        """The customer's own records."""
        self.kinds: set[str] = set()
        """What they are: orders, cards."""
        self.columns = Columns(self._zone)
        """What the customer may see of them."""
        self.hidden = Columns(self._zone)
        """What else is in the records, and what is in others' records."""
        self.numbers = self.columns["id", ""]
        """Their numbers."""
        self._done = [(f"action:{one.id}", told(one)) for one in own_actions(snapshot)]
        owner = snapshot.customer.id if snapshot.verified else None
        for place, record in enumerate(snapshot.records):
            self._read(Sheet(place, record, self._zone), own=record.customer_id == owner)

    def _read(self, sheet: Sheet, *, own: bool) -> None:
        record, columns, hidden = sheet.record, self.columns, self.hidden
        if own:
            self.sheets.append(sheet)
            self.kinds.add(record.kind)
            self.numbers[sheet] = record.id
        for name, field in record.fields.items():
            told = field.__dict__  # all at once: asking a model for each costs three times as much
            value = told["value"]
            if value is not None:
                seen = own and told["visibility"] == "customer"
                (columns if seen else hidden)[told["type"], name][sheet] = str(value)

    def of_type(self, *types: FieldType) -> list[Column]:
        """The fields of some types that the customer may see."""
        return [column for (kind, _), column in self.columns.items() if kind in types]

    @cached_property
    def _holding(self) -> Mapping[str, Sequence[Column]]:
        """The fields that may hold a kind of value."""
        return {kind: self.of_type(*types) for kind, types in HELD_IN.items()}

    def named(self, name: str) -> Sequence[Fact]:
        """The facts that have a value, ``kind:key``; the number of a record itself is one."""
        kind, _, key = name.partition(":")
        found = [
            (column.name != "", sheet.place, sheet.fact(column.name))
            for column in self._holding.get(kind, ())
            for sheet in column.having(key)
        ]
        return [fact for _, _, fact in sorted(found, key=itemgetter(0, 1))]

    def facts(self, kind: FieldType) -> Sequence[Fact]:
        """The facts of one type, record by record."""
        found = [(s.place, s.fact(one.name)) for one in self.of_type(kind) for s in one]
        return [fact for _, fact in sorted(found, key=itemgetter(0))]

    def long_texts(self, shortest: int) -> Sequence[tuple[int, Sheet, str, str]]:
        """The texts of at least so many characters in all records, seen or not.

        Each with the place of its record among the records, the record, and the field's name.
        """
        columns = (*self.columns.values(), *self.hidden.values())
        found = [
            (sheet.place, sheet, column.name, text)
            for column in columns
            if column.type == "text"
            for sheet, text in column.items()
            if len(text) >= shortest
        ]
        return sorted(found, key=itemgetter(0))

    @cached_property
    def _texts(self) -> Sequence[tuple[int, Sheet, str, str]]:
        """Addresses, notes, then wrongly typed fields, of one record after the other."""
        columns = sorted(self.columns.values(), key=lambda one: one.type in FORMED)
        found = [(s.place, s, one.name, text) for one in columns for s, text in one.loose]
        return sorted(found, key=itemgetter(0))

    @cached_property
    def texts(self) -> Mapping[Sheet, Sequence[tuple[str, str]]]:
        """The fields of each record that are read as text, where they hold a number, by id."""
        found: dict[Sheet, list[tuple[str, str]]] = {}
        for _, sheet, name, text in self._texts:
            found.setdefault(sheet, []).append((f"{sheet.source}#{name}", text))
        return found

    @cached_property
    def titles(self) -> Mapping[Sheet, str]:
        """What records are called, where a field says so: the product of a line."""
        found: dict[Sheet, str] = {}
        for kind, name in self.columns:
            if kind == "name" or (kind == "text" and name in _TITLES):
                found |= self.columns[kind, name]
        return found

    def having(self, words: frozenset[str]) -> Sequence[Record]:
        """The customer's records that have a number or a value in lower case, seen or not."""
        spelled = words.union(f"#{word}" for word in words)
        found = {
            sheet
            for column in chain(self.columns.values(), self.hidden.values())
            if not spelled.isdisjoint(column.lower)
            for sheet, text in zip(column, column.lower, strict=True)
            if text in spelled
        }
        return [sheet.record for sheet in self.sheets if sheet in found] if found else ()

    @cached_property
    def _values(self) -> RecordValues:
        """Values in fields that are read as text, and in what was done."""
        return RecordValues([text for *_, text in (*self._texts, *self._done)])

    def has_written(self, value: Value) -> bool:
        """Whether a field that is read as text, or what was done, has a value."""
        return self._values.has(value)

    def written(self, value: Value) -> EvidenceSpan | None:
        """Return the place where the first of these has it."""
        found = self._values.find(value)
        if found is None:
            return None
        number, value = found
        if number < len(self._texts):
            _, sheet, name, text = self._texts[number]
            id_ = f"{sheet.source}#{name}"
        else:
            id_, text = self._done[number - len(self._texts)]
        return quoted(Source(id_, Reading(text)), value.start, value.end)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Their content words: "order W1 status paid total 89.90", and what was done."""
        said = [*self.kinds, *(text for _, text in self._done)]
        for column in self.columns.values():
            said += (column.name, *column.values())
        return stems(" ".join(said))
