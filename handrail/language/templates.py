"""Fills reply templates, strictly: a field without a value leaves the template unused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from handrail.core.conversation import Record, Snapshot
from handrail.core.drafting import Citation
from handrail.language.formats import format_date, format_value
from handrail.playbook.fields import FIELD, field_names
from handrail.playbook.models import Conditions, Playbook


@dataclass(frozen=True)
class Value:
    """What a field is replaced with, and where it comes from."""

    text: str
    source: str | None = None
    """Source of the citation; ``None`` for what needs none, such as the brand's name."""


@dataclass(frozen=True)
class Filled:
    """A template after filling."""

    text: str
    """Empty where a field is missing."""
    citations: tuple[Citation, ...] = ()
    missing: tuple[str, ...] = ()
    """Names of the fields that nothing supplies."""


def fill(template: str, resolve: Callable[[str], Value | None]) -> Filled:
    """Replace all fields in one pass; values are never read as templates themselves."""
    values = {name: resolve(name) for name in field_names(template)}
    missing = tuple(name for name, value in values.items() if value is None)
    if missing:
        return Filled(text="", missing=missing)
    known = {name: value for name, value in values.items() if value is not None}
    citations = tuple(
        Citation(source=value.source, quote=value.text) for value in known.values() if value.source
    )
    return Filled(FIELD.sub(lambda match: known[match[1]].text, template).strip(), citations)


def fill_words(template: str, **texts: str) -> str:
    """Fill a template whose fields are all given."""
    return fill(template, lambda name: Value(texts[name]) if name in texts else None).text


class FieldScope:
    """Supplies the fields of one reply: from chosen records, customer, brand, conversation.

    What is known of a customer is only used where the customer's identity is verified.
    """

    def __init__(
        self, playbook: Playbook, snapshot: Snapshot, records: Mapping[str, Record] | None = None
    ) -> None:
        self.playbook = playbook
        self.snapshot = snapshot
        self.records = records or {}

    def value(self, name: str) -> Value | None:
        """Return the value of a field such as ``order.total``, or ``None`` where there is none."""
        kind, _, field = name.partition(".")
        if kind == "customer":
            return self._customer(field)
        if kind == "brand":
            return Value(self.playbook.brand.name)
        if kind == "conversation":
            return Value(self.snapshot.conversation.id)
        record = self.records.get(kind)
        return self._of_record(record, field) if record and self.snapshot.verified else None

    def _of_record(self, record: Record, field: str) -> Value | None:
        source = record_source(record, field)
        if field == "id":
            return Value(record.id, source)
        value = record.fields.get(field)
        if value is None or value.visibility != "customer":
            return None
        text = format_value(value, region=self.playbook.brand.region)
        return None if text is None else Value(text, source)

    def _customer(self, field: str) -> Value | None:
        customer = self.snapshot.customer
        if not self.snapshot.verified:
            return None
        if field == "since":
            moment = customer.since.isoformat() if customer.since else ""
            text = format_date(moment, region=self.playbook.brand.region)
        elif field == "first_name":
            text = (customer.name or "").split(" ")[0]
        else:
            text = {
                "name": customer.name,
                "email": customer.email,
                "phone": customer.phone,
                "tier": customer.tier,
            }.get(field)
        return Value(" ".join(text.split()), f"customer:{customer.id}#{field}") if text else None


def record_source(record: Record, field: str) -> str:
    """Name a field of a record as a source: ``record:order/W100#total``."""
    return f"record:{record.kind}/{record.id}#{field}"


def holds(conditions: Conditions, records: Mapping[str, Record]) -> bool:
    """Tell whether the records have the values that the conditions ask for."""
    return all(_has(records, name, wanted) for name, wanted in conditions.items())


def _has(records: Mapping[str, Record], name: str, wanted: str | tuple[str, ...]) -> bool:
    kind, _, field = name.partition(".")
    record = records.get(kind)
    value = record.fields.get(field) if record else None
    if value is None or value.value is None:
        return False
    options = (wanted,) if isinstance(wanted, str) else wanted
    return str(value.value).casefold() in {option.casefold() for option in options}
