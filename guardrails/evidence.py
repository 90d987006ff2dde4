"""What a reply may rely on: records, passages, people's messages and the playbook's own words.

Each source knows which typed values and which words stand in it, so that a finding can name the
source that speaks for or against a span. Published texts are read once per process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from handrail.core.conversation import Customer, FieldValue, Record, Snapshot
from handrail.core.drafting import Draft
from handrail.core.ports import owner_key
from handrail.core.verdict import EvidenceSpan
from handrail.guardrails.claims import Claim, split_claims
from handrail.guardrails.normalisation import fold
from handrail.guardrails.values import (
    Value,
    ValueKind,
    day_keys,
    duration_key,
    find_values,
    number_key,
    same_currency,
)
from handrail.playbook.models import Playbook

_WORD = re.compile(r"[^\W_]{2,40}")
_ENDING = re.compile(r"(?:ations?|ings?|ed|ies|es|s|ly|er)$")
_STEM_CHARS = 6
_STOPWORDS = frozenset(
    "a about above after again all also am an and any are as at be been before being below but by "
    "can could did do does doing don for from further get gets got had has have having he her here "
    "hers him his how i if in into is it its itself just let like ll may me more most must my no "
    "nor not now of off ok on once only or other our out over own per please re same say says "
    "shall she should so some such than that the their them then there these they this those "
    "through to too under until up us ve very was we were what when where which while who whom why "
    "will with would yes yet you your yours de la el en los las un una unos unas que su sus por "
    "para con se lo le les al del y o es son está están ha han he hemos su tu usted nos más muy "
    "como si ya pero este esta".split()
)
_CONTACTS = ("email", "phone", "id")


def stems(text: str) -> frozenset[str]:
    """The content words of a text, shortened so that inflected forms meet."""
    words = _WORD.findall(text.casefold())
    return frozenset(_stem(word) for word in words if word not in _STOPWORDS)


@lru_cache(maxsize=8192)
def _stem(word: str) -> str:
    return (_ENDING.sub("", word) or word)[:_STEM_CHARS]


def plain_words(text: str) -> str:
    """The words of a text, lower case, one blank between them: the form quotes are compared in."""
    return " ".join(re.findall(r"[^\W_]+", fold(text).text.casefold()))


class Reading:
    """One text with its values, sentences and words, each found when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """Values by ``kind:key``; every number also as a quantity, every day also yearless."""
        found: dict[str, Value] = {}
        for value in find_values(self.text):
            for name in _names(value):
                found.setdefault(name, value)
        return found

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content words."""
        return stems(self.text)

    @cached_property
    def sentences(self) -> tuple[tuple[Claim, frozenset[str]], ...]:
        """Sentences with their content words."""
        return tuple((claim, stems(claim.text)) for claim in split_claims(self.text))

    @cached_property
    def words(self) -> str:
        """The text in the form quotes are compared in, with a blank at both ends."""
        return f" {plain_words(self.text)} "


read_published = lru_cache(maxsize=1024)(Reading)
"""Read a published text (an article passage, the playbook) once per process.

Never for a customer's words: what it reads stays in memory.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A text with the name that evidence cites it by."""

    id: str
    """``record:order/W100#total``, ``article:returns#2``, ``message:msg_..``, ``playbook``."""
    reading: Reading


def _names(value: Value) -> Iterator[str]:
    for key in value.keys:
        yield f"{_group(value.kind)}:{key}"
        if value.kind == "date" and key[0] != "-":
            yield f"date:--{key[5:]}"
        if value.kind in ("money", "percent"):
            yield f"quantity:{key}"
    if value.kind == "duration":
        for number in re.findall(r"\d+", value.text):
            yield f"quantity:{number.lstrip('0') or 0}"


def _group(kind: ValueKind) -> str:
    return "contact" if kind in _CONTACTS else kind


@dataclass(frozen=True, slots=True)
class Fact:
    """One typed field of a record."""

    source: str
    quote: str
    names: tuple[str, ...]
    currency: str | None = None


def _moment_keys(text: str, zone: str | None) -> Iterator[str]:
    moment = datetime.fromisoformat(text)
    places = [moment.tzinfo or UTC, *([ZoneInfo(zone)] if zone else [])]
    for place in places:
        local = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(place)
        yield from day_keys(local.year, local.month, local.day)
        yield from day_keys(None, local.month, local.day)
        if len(text) > len("2026-01-01"):
            yield f"T{local:%H:%M}"


def _field_names(field: FieldValue, zone: str | None) -> Iterator[str]:
    text = str(field.value)
    if field.type in ("money", "percent", "quantity"):
        key = number_key(Decimal(text))
        yield from (f"{field.type}:{key}", f"quantity:{key}")
    elif field.type == "duration":
        yield f"duration:{duration_key(Decimal(text), 'day')}"
        yield f"quantity:{number_key(Decimal(text))}"
    elif field.type == "date":
        for key in _moment_keys(text, zone):
            yield f"time:{key[1:]}" if key[0] == "T" else f"date:{key}"
    elif field.type in _CONTACTS:
        yield f"contact:{owner_key(text)}"
    elif any(char.isdigit() for char in text):
        yield from Reading(text).values


def _fact(record: Record, name: str, field: FieldValue, zone: str | None) -> Fact:
    try:
        names = tuple(_field_names(field, zone))
    except (ValueError, InvalidOperation, OSError, KeyError):
        # A wrongly typed field still says what it says, as text.
        names = tuple(Reading(str(field.value)).values)
    return Fact(f"record:{record.kind}/{record.id}#{name}", str(field.value), names, field.currency)


def own_records(snapshot: Snapshot) -> tuple[Record, ...]:
    """The records that this conversation's verified customer owns."""
    if not snapshot.verified:
        return ()
    return tuple(r for r in snapshot.records if r.customer_id == snapshot.customer.id)


def _customer_facts(customer: Customer) -> Iterator[Fact]:
    for name in ("email", "phone", "id"):
        text = getattr(customer, name)
        if text:
            yield Fact(f"customer:{name}", text, (f"contact:{owner_key(text)}",))


def record_facts(snapshot: Snapshot) -> Iterator[Fact]:
    """All typed facts the customer may see: their records, their contacts, today's date."""
    zone = snapshot.customer.time_zone
    for record in own_records(snapshot):
        yield Fact(
            f"record:{record.kind}/{record.id}", record.id, (f"contact:{owner_key(record.id)}",)
        )
        for name, field in record.fields.items():
            if field.visibility == "customer" and field.value is not None:
                yield _fact(record, name, field, zone)
    if snapshot.verified:
        yield from _customer_facts(snapshot.customer)
    today = snapshot.now.isoformat()
    yield _fact_of_clock(today, zone)


def _fact_of_clock(today: str, zone: str | None) -> Fact:
    try:
        keys = tuple(_moment_keys(today, zone))
    except (ValueError, OSError, KeyError):
        keys = tuple(_moment_keys(today, None))
    return Fact("clock:now", today[:10], tuple(f"date:{key}" for key in keys if key[0] != "T"))


def playbook_source(playbook: Playbook) -> Source:
    """All words of the playbook that may reach a customer, as one source."""
    texts: list[str] = [playbook.brand.name, playbook.tone.greeting, playbook.tone.signature]
    for intent in playbook.intents.values():
        texts.extend(template.text for template in intent.templates)
    texts += [playbook.clarify.text, playbook.human_request_reply, playbook.crisis_reply]
    return Source("playbook", read_published("\n".join(filter(None, texts))))


def draft_sources(draft: Draft | None) -> Iterator[Source]:
    """What a draft brings with it: passages customers may read, and what our own words cite."""
    if draft is None:
        return
    for passage in draft.passages:
        if not passage.internal:
            yield Source(f"article:{passage.id}", read_published(f"{passage.title}\n{passage.text}"))
    if draft.source in ("template", "articles"):
        # A model's citations only point at sources; their quotes prove nothing by themselves.
        internal = {f"article:{passage.id}" for passage in draft.passages if passage.internal}
        for citation in draft.citations:
            if citation.source not in internal:
                yield Source(citation.source, Reading(citation.quote))


class Evidence:
    """Everything one draft may rely on, searchable by value and by words."""

    def __init__(self, snapshot: Snapshot, sources: Iterable[Source]) -> None:
        self._snapshot = snapshot
        agents = (m for m in snapshot.messages if m.role == "agent")
        self.sources = (
            *sources,
            *(Source(f"message:{message.id}", Reading(message.text)) for message in agents),
        )

    @cached_property
    def facts(self) -> Mapping[str, tuple[Fact, ...]]:
        """Record facts by ``kind:key``."""
        found: dict[str, tuple[Fact, ...]] = {}
        for fact in record_facts(self._snapshot):
            for name in fact.names:
                found[name] = (*found.get(name, ()), fact)
        return found

    def find(self, value: Value) -> EvidenceSpan | None:
        """Return where a value stands in the evidence, or ``None``."""
        for key in value.keys:
            name = f"{_group(value.kind)}:{key}"
            for fact in self.facts.get(name, ()):
                if same_currency(value.currency, fact.currency):
                    return EvidenceSpan(source=fact.source, quote=fact.quote, relation="supports")
            for source in self.sources:
                found = source.reading.values.get(name)
                if found and same_currency(value.currency, found.currency):
                    return quoted(source, found.start, found.end)
        return None

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content words of all sources and records."""
        records = " ".join(
            f"{record.kind} {record.id} {name} {field.value}".replace("_", " ")
            for record in own_records(self._snapshot)
            for name, field in record.fields.items()
            if field.visibility == "customer"
        )
        return stems(records).union(*(source.reading.stems for source in self.sources))

    def quote(self, text: str) -> str | None:
        """Return the id of a source that holds these very words (at least four), if any."""
        words = plain_words(text)
        if words.count(" ") < 3:
            return None
        return next((s.id for s in self.sources if f" {words} " in s.reading.words), None)


def quoted(source: Source, start: int, end: int) -> EvidenceSpan:
    """Evidence that supports, quoted from ``start`` to ``end`` of a source."""
    quote = source.reading.text[start:end]
    return EvidenceSpan(source=source.id, quote=quote, relation="supports", start=start, end=end)
