"""A customer's records as evidence, each thing of them read when first asked for.

Nothing of them is kept beyond the draft they are read for: who is erased is in no cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from handrail.core.conversation import FieldType, Snapshot
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.record_facts import (
    FORMED,
    TYPES,
    Fact,
    Sheet,
    own_actions,
    own_records,
    told,
)
from handrail.guardrails.record_terms import RecordTerms
from handrail.guardrails.shelf import Shelf


class CustomerRecords:
    """What the records say: one by one, by typed value, and by words."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._index: dict[str, Mapping[str, list[tuple[Sheet, str]]]] = {}
        zone = snapshot.customer.time_zone
        self.sheets = [Sheet(record, zone) for record in own_records(snapshot)]
        self._done = [(f"action:{one.id}", told(one)) for one in own_actions(snapshot)]

    def named(self, name: str) -> Iterator[Fact]:
        """The facts that have a value, ``kind:key``."""
        group = name.partition(":")[0]
        if group not in self._index:
            self._index[group] = self._read(group)
        for sheet, field in self._index[group].get(name, ()):
            yield sheet.by_field[field] if field else Fact(sheet.source, "", sheet.record.id)

    def _read(self, group: str) -> Mapping[str, list[tuple[Sheet, str]]]:
        """The fields that have a value of a group; "" for the number of the record itself."""
        kinds = TYPES.get(group, ())
        found: dict[str, list[tuple[Sheet, str]]] = {}
        for sheet in self.sheets if group == "contact" else ():
            found.setdefault(sheet.key, []).append((sheet, ""))
        for sheet in self.sheets:
            for name, field in sheet.fields.items():
                if field.type in kinds:
                    for value in sheet.names(name):
                        found.setdefault(value, []).append((sheet, name))
        return found

    @cached_property
    def fields(self) -> frozenset[tuple[FieldType, str]]:
        """The typed fields that some record has."""
        return frozenset(
            (field.type, name)
            for sheet in self.sheets
            for name, field in sheet.fields.items()
            if field.type in FORMED
        )

    @cached_property
    def texts(self) -> Shelf:
        """Fields that are read as text, and what was done."""
        fields = (source for sheet in self.sheets for source in sheet.texts)
        done = (Source(id_, Reading(said)) for id_, said in self._done)
        return Shelf((*fields, *done))

    @cached_property
    def terms(self) -> RecordTerms:
        """All their words: fields as they are said, "order W1 total 89.90", and what was done."""
        fields = [
            f"{sheet.record.kind} {sheet.record.id} {name} {field.value}"
            for sheet in self.sheets
            for name, field in sheet.fields.items()
        ]
        return RecordTerms(" ".join((*fields, *(said for _, said in self._done))))
