"""Fills reply templates, strictly: a field without a value leaves the template unused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from babel.core import Locale

from handrail.core.conversation import FieldValue, Record, Snapshot
from handrail.core.drafting import Citation
from handrail.language.formats import format_date, format_value, locale_for, number_of, plural
from handrail.playbook.fields import FIELD, field_names
from handrail.playbook.models import Conditions, Playbook
from handrail.playbook.wording import Manner, say


@dataclass(frozen=True)
class Value:
    """What a field is replaced with, and where it comes from."""

    text: str
    source: str | None = None
    """Source of the citation; ``None`` for what needs none, such as the brand's name."""
    number: Decimal | None = None
    """The value as a number, which chooses the form of a word that goes with it."""


@dataclass(frozen=True)
class Filled:
    """A template after filling."""

    text: str
    """Empty where a field is missing."""
    citations: tuple[Citation, ...] = ()
    missing: tuple[str, ...] = ()
    """Names of the fields that nothing supplies."""


def fill(
    template: str, resolve: Callable[[str], Value | None], locale: Locale | None = None
) -> Filled:
    """Replace all fields in one pass; values are never read as templates themselves.

    ``locale`` gives the rules by which a word goes with a number; English where left out.
    """
    names = field_names(template)
    if not names:
        return Filled(template.strip())
    values = {name: resolve(name) for name in names}
    missing = tuple(name for name, value in values.items() if value is None)
    if missing:
        return Filled(text="", missing=missing)
    known = {name: value for name, value in values.items() if value is not None}
    citations = tuple(
        Citation(source=value.source, quote=value.text) for value in known.values() if value.source
    )
    spoken = locale or locale_for("en", "US")
    text = FIELD.sub(lambda match: _written(match, known[match[1]], spoken), template)
    return Filled(text.strip(), citations)


def _written(match: re.Match[str], value: Value, locale: Locale) -> str:
    if match[2] is None:
        return value.text
    return plural(value.number or Decimal(0), match[2].strip(), match[3].strip(), locale)


def fill_words(template: str, **texts: str) -> str:
    """Fill a template whose fields are all given."""
    return fill(template, lambda name: Value(texts[name]) if name in texts else None).text


class FieldScope:
    """Supplies the fields of one reply: from chosen records, customer, brand, conversation.

    What is known of a customer is only used where the customer's identity is verified.
    """

    def __init__(
        self,
        playbook: Playbook,
        snapshot: Snapshot,
        manner: Manner,
        records: Mapping[str, Record] | None = None,
    ) -> None:
        self.playbook = playbook
        self.snapshot = snapshot
        self.manner = manner
        self.locale = locale_for(manner.language, playbook.brand.region)
        self.records = records or {}

    def fill(self, template: str) -> Filled:
        """Fill a template from this scope."""
        return fill(template, self.value, self.locale)

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
        text = self._written(record.kind, field, value)
        return None if text is None else Value(text, source, number_of(value.value))

    def _written(self, kind: str, field: str, value: FieldValue) -> str | None:
        definition = self.playbook.records.get(kind)
        known = definition.fields.get(field) if definition else None
        label = known.values.get(str(value.value)) if known else None
        if label is not None:
            return say(label, self.manner)
        if value.type == "status" and self.manner.language != self.manner.default:
            return None  # a status is a word of the first language
        return format_value(value, self.locale)

    def _customer(self, field: str) -> Value | None:
        customer = self.snapshot.customer
        if not self.snapshot.verified:
            return None
        if field == "since":
            moment = customer.since.isoformat() if customer.since else ""
            text = format_date(moment, self.locale)
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
