"""A customer's records as evidence: what their fields hold, by value and by words.

Nothing of them is kept beyond the draft they are read for: who is erased is in no cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain

from handrail.core.conversation import Snapshot
from handrail.guardrails.record_facts import Fact, Sheet, own_actions, own_records, told
from handrail.guardrails.record_values import RecordValues
from handrail.guardrails.terms import stems


class CustomerRecords:
    """What the records say: one by one, by typed value, and by words."""

    def __init__(self, snapshot: Snapshot) -> None:
        zone = snapshot.customer.time_zone
        self.sheets = [Sheet(record, zone) for record in own_records(snapshot)]
        self._done = [(f"action:{one.id}", told(one)) for one in own_actions(snapshot)]

    def named(self, name: str) -> Iterator[Fact]:
        """The facts that have a value, ``kind:key``; the number of a record itself is one."""
        if name not in self._names:
            return
        for sheet in self.sheets:
            if sheet.key == name:
                yield sheet.fact("")
        for sheet in self.sheets:
            for field, names in sheet.names.items():
                if name in names:
                    yield sheet.fact(field)

    @cached_property
    def _names(self) -> frozenset[str]:
        """All values that some fact has."""
        typed = chain.from_iterable(sheet.names.values() for sheet in self.sheets)
        return frozenset(sheet.key for sheet in self.sheets).union(*typed)

    @cached_property
    def values(self) -> RecordValues:
        """Values in fields that are read as text, and in what was done."""
        return RecordValues([*chain.from_iterable(s.texts for s in self.sheets), *self._done])

    @cached_property
    def stems(self) -> frozenset[str]:
        """Their content words: "order W1 status paid total 89.90", and what was done."""
        said = {text for _, text in self._done}
        for sheet in self.sheets:
            said |= {sheet.record.kind, sheet.record.id, *sheet.fields}
            said |= {text for _, text in sheet.fields.values()}
        return stems(" ".join(said))
