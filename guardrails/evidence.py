"""What a reply may rely on: records, passages, people's messages and the playbook's own words.

Each source knows which typed values and which words stand in it, so that a finding can name the
source that speaks for or against a span.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from handrail.core.conversation import Snapshot
from handrail.core.drafting import Draft
from handrail.core.verdict import EvidenceSpan, Relation
from handrail.guardrails.claims import Claim
from handrail.guardrails.customer_records import CustomerRecords
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.likeness import Comparison
from handrail.guardrails.reading import Reading, Source, plain_words, read_published
from handrail.guardrails.record_facts import Fact, own_facts, record_texts
from handrail.guardrails.shelf import Shelf, read_shelf
from handrail.guardrails.values import Value, same_currency
from handrail.playbook.models import Playbook
from handrail.playbook.translations import worded
from handrail.playbook.wording import texts

_SHORTEST_SENTENCE, _SHORTEST_QUOTE = 3, 4
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

    def __init__(
        self, snapshot: Snapshot, sources: Iterable[Source], standing: tuple[Source, ...] = ()
    ) -> None:
        """Lay out what is known; ``standing`` are published sources that every draft has."""
        self._snapshot = snapshot
        self._recorded: dict[Hashable, Fact | None] = {}
        self._written: dict[Hashable, EvidenceSpan | None] = {}
        self._has_written: dict[Hashable, bool] = {}
        self._quoting: dict[str, str | None] = {}
        self._compared: dict[tuple[frozenset[str], ...], Comparison] = {}
        agents = (m for m in snapshot.messages if m.role == "agent")
        said = (Source(f"message:{message.id}", Reading(message.text)) for message in agents)
        others = (*sources, *said)
        published = tuple(source for source in others if source.reading.published)
        own = tuple(source for source in others if not source.reading.published)
        self.sources = (*standing, *published, *own)
        read = (read_shelf(standing), read_shelf(published), Shelf(own))
        self.shelves = tuple(shelf for shelf in read if shelf.sources) or read[:1]
        """The sources as few; what is published is read once."""
        self._laid = (read_shelf((*standing, *published)), *((Shelf(own),) if own else ()))
        """The same, to be compared with sentence by sentence."""

    @cached_property
    def records(self) -> CustomerRecords:
        """What the customer's own records say."""
        return CustomerRecords(self._snapshot)

    @cached_property
    def _own(self) -> list[Fact]:
        return own_facts(self._snapshot)

    def _facts(self, value: Value) -> Iterator[Fact]:
        for name in value.names:
            yield from self.records.named(name)
            yield from (fact for fact in self._own if fact.has(name))

    def find(self, value: Value) -> EvidenceSpan | None:
        """Return where a value stands in the evidence, or ``None``."""
        return self.recorded(value) or self.written(value)

    def has(self, value: Value) -> bool:
        """Whether a value stands in the evidence."""
        return self.fact(value) is not None or self.has_written(value)

    def recorded(self, value: Value) -> EvidenceSpan | None:
        """Return the record field that has a value, or ``None``."""
        fact = self.fact(value)
        return cited(fact) if fact else None

    def fact(self, value: Value) -> Fact | None:
        """Return what is recorded and has a value, or ``None``."""
        key = (value.kind, value.keys, value.currency)
        if key not in self._recorded:
            same = (
                fact for fact in self._facts(value) if same_currency(value.currency, fact.currency)
            )
            self._recorded[key] = next(same, None)
        return self._recorded[key]

    def written(self, value: Value) -> EvidenceSpan | None:
        """Return the text that has a value (an article, the playbook, a note), or ``None``."""
        key = (value.kind, value.keys, value.currency)
        if key not in self._written:
            found = filter(None, (shelf.find(value) for shelf in self.shelves))
            self._written[key] = next(found, None) or self.records.written(value)
            self._has_written[key] = self._written[key] is not None
        return self._written[key]

    def has_written(self, value: Value) -> bool:
        """Whether a text has a value (an article, the playbook, a note)."""
        key = (value.kind, value.keys, value.currency)
        if key not in self._has_written:
            shelved = any(shelf.has(value) for shelf in self.shelves)
            self._has_written[key] = shelved or self.records.has_written(value)
        return self._has_written[key]

    def unknown(self, words: frozenset[str]) -> frozenset[str]:
        """Return those of some shortened words that no source and no record has."""
        for shelf in self.shelves:
            words -= shelf.heard
        return words - self.records.stems if words else words

    def compare(self, contents: Sequence[frozenset[str]]) -> Comparison:
        """Compare statements, each as its content words, to the sentences of all sources."""
        key = tuple(contents)
        if key not in self._compared:
            self._compared[key] = Comparison(key, self._laid)
        return self._compared[key]

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The text of each source and of each field of a record, by its id."""
        found = dict(record_texts(self._snapshot))
        for source in self.sources:  # a passage comes before what is cited from it
            found.setdefault(source.id, source.reading.text)
        return found

    def sentence(self, claim: Claim) -> EvidenceSpan | None:
        """Return the whole sentence of a source that says the same, word by word, if any.

        Half a sentence is none: what is left out may be the condition.
        """
        if len(claim.plain) < _SHORTEST_SENTENCE:
            return None
        words = " ".join(claim.plain)
        for shelf in self.shelves:
            if found := shelf.sentence(words):
                return found
        return None

    def unwritten(self, sentences: Iterable[str]) -> frozenset[str]:
        """Return those that no source has as they are written; what is cited of records aside."""
        left = frozenset(sentences)
        for shelf in self.shelves:
            left -= shelf.verbatim
        return left

    @property
    def to_fill_in(self) -> Iterator[tuple[tuple[str, ...], EvidenceSpan]]:
        """The sentences with fields to be filled in: what stands around these, and the sentence."""
        for shelf in self.shelves:
            yield from shelf.to_fill_in

    def quote(self, text: str) -> str | None:
        """Return the id of a source that holds these very words (at least four), if any."""
        if text not in self._quoting:
            quote = f" {plain_words(text)} "
            held = filter(None, (shelf.holder(quote) for shelf in self.shelves))
            self._quoting[text] = next(held, None) if quote.count(" ") > _SHORTEST_QUOTE else None
        return self._quoting[text]


def cited(fact: Fact, relation: Relation = "supports") -> EvidenceSpan:
    """Evidence from a record field."""
    return EvidenceSpan(source=fact.id, quote=fact.quote, relation=relation)
