"""What a reply may rely on: records, passages, people's messages and the playbook's own words.

Each source knows which typed values and which words stand in it, so that a finding can name the
source that speaks for or against a span.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property

from handrail.core.conversation import Snapshot
from handrail.core.drafting import Draft
from handrail.core.verdict import EvidenceSpan, Relation
from handrail.guardrails.reading import (
    Reading,
    Source,
    plain_words,
    read_published,
)
from handrail.guardrails.record_facts import (
    Fact,
    RecordFacts,
    record_facts,
    record_texts,
    record_words,
)
from handrail.guardrails.terms import Terms, shortened, spoken
from handrail.guardrails.values import Value, same_currency
from handrail.playbook.models import Playbook
from handrail.playbook.translations import worded
from handrail.playbook.wording import texts

_SHORTEST_QUOTE = 4
"""Words."""


def playbook_source(playbook: Playbook) -> Source:
    """All words of the playbook that may reach a customer, as one source."""
    said = (text for _, words in worded(playbook) for _, text in texts(words) if text)
    return Source("playbook", read_published("\n".join((playbook.brand.name, *said))))


def draft_sources(draft: Draft | None) -> Iterator[Source]:
    """What a draft brings with it: passages customers may read, and what our own words cite."""
    if draft is None:
        return
    for passage in draft.passages:
        if not passage.internal:
            yield Source(
                f"article:{passage.id}", read_published(f"{passage.title}\n{passage.text}")
            )
    if draft.source in ("template", "articles"):
        # A model's citations only point at sources; their quotes prove nothing by themselves.
        internal = {f"article:{passage.id}" for passage in draft.passages if passage.internal}
        for citation in draft.citations:
            if citation.source not in internal:
                published = citation.source.startswith("article:")
                read = read_published if published else Reading
                yield Source(citation.source, read(citation.quote))


class Evidence:
    """Everything one draft may rely on, searchable by value and by words."""

    def __init__(self, snapshot: Snapshot, sources: Iterable[Source]) -> None:
        self._snapshot = snapshot
        self._written: dict[Hashable, EvidenceSpan | None] = {}
        self._plain: dict[str, str] = {}
        self._quoting: dict[str, str | None] = {}
        agents = (m for m in snapshot.messages if m.role == "agent")
        self.sources = (
            *sources,
            *(Source(f"message:{message.id}", Reading(message.text)) for message in agents),
        )

    @cached_property
    def records(self) -> RecordFacts:
        """What the customer's own records say."""
        return record_facts(self._snapshot)

    def find(self, value: Value) -> EvidenceSpan | None:
        """Return where a value stands in the evidence, or ``None``."""
        return self.recorded(value) or self.written(value)

    def recorded(self, value: Value) -> EvidenceSpan | None:
        """Return the record field that has a value, or ``None``."""
        for name in value.names:
            for fact in self.records.named(name):
                if same_currency(value.currency, fact.currency):
                    return cited(fact)
        return None

    def written(self, value: Value) -> EvidenceSpan | None:
        """Return the text that has a value (an article, the playbook, a note), or ``None``."""
        key = (value.kind, value.keys, value.currency)
        if key not in self._written:
            self._written[key] = _quoted(value, self.sources) or _quoted(value, self.records.texts)
        return self._written[key]

    @cached_property
    def _record_words(self) -> list[str]:
        return spoken(record_words(self._snapshot))

    @cached_property
    def record_stems(self) -> frozenset[str]:
        """The content words of the customer's records."""
        return shortened(self._record_words)

    def plain(self, text: str) -> str:
        """The words of one of the text's sentences, in the form quotes are compared in."""
        if text not in self._plain:
            self._plain[text] = plain_words(text)
        return self._plain[text]

    def unknown(self, stems: frozenset[str]) -> frozenset[str]:
        """Return those of some shortened words that no source and no record has."""
        for source in self.sources:
            if not stems:
                return stems
            stems -= source.reading.stems
        return stems - self.record_stems

    def known(self, terms: Terms) -> Terms:
        """Return what of a text's words, and of what stands beside each, the evidence has."""
        own = Terms.read(self._record_words)
        return terms.among((own, *(source.reading.terms for source in self.sources)))

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The text of each source and of each field of a record, by its id."""
        found = dict(record_texts(self._snapshot))
        for source in self.sources:  # a passage comes before what is cited from it
            found.setdefault(source.id, source.reading.text)
        return found

    def sentence(self, text: str) -> EvidenceSpan | None:
        """Return the whole sentence of a source that says the same, word by word, if any.

        Half a sentence is none: what is left out may be the condition.
        """
        words = self.plain(text)
        if words.count(" ") < 2:
            return None
        for source in self.sources:
            if place := source.reading.quotable.get(words):
                return quoted(source, *place)
        return None

    def quote(self, text: str) -> str | None:
        """Return the id of a source that holds these very words (at least four), if any."""
        if text not in self._quoting:
            quote = f" {self.plain(text)} "
            held = (s.id for s in self.sources if quote in s.reading.words)
            self._quoting[text] = next(held, None) if quote.count(" ") > _SHORTEST_QUOTE else None
        return self._quoting[text]


def _quoted(value: Value, sources: Iterable[Source]) -> EvidenceSpan | None:
    """The place where the first source that has a value has it."""
    names = value.names
    for source in sources:
        known = source.reading.values
        for name in names:
            found = known.get(name)
            if found and same_currency(value.currency, found.currency):
                return quoted(source, found.start, found.end)
    return None


def cited(fact: Fact, relation: Relation = "supports") -> EvidenceSpan:
    """Evidence from a record field."""
    return EvidenceSpan(source=fact.id, quote=fact.quote, relation=relation)


def quoted(source: Source, start: int, end: int) -> EvidenceSpan:
    """Evidence that supports, quoted from ``start`` to ``end`` of a source."""
    quote = source.reading.text[start:end]
    return EvidenceSpan(source=source.id, quote=quote, relation="supports", start=start, end=end)
