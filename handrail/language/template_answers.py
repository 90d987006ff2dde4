"""Answers one wish from the templates of its intent, or says why none fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from handrail.core.conversation import Passage, Record, Snapshot
from handrail.core.drafting import Citation
from handrail.language.quoting import article_source, cite, cite_published
from handrail.language.record_choice import Choice, choose_record
from handrail.language.templates import FieldScope, holds
from handrail.playbook.fields import field_names, record_kinds
from handrail.playbook.models import Article, Intent, Playbook, Template
from handrail.playbook.wording import Manner, say

_SENTENCES: Final = re.compile(r'((?<=[.!?…])\s{1,10}(?=[A-ZÁÉÍÓÚÑÜ¿¡"“«(]))')
"""Where a sentence ends: a date such as "Jan. 3" goes on."""


class Articles(Protocol):
    """The published articles of a release."""

    passages: Mapping[str, tuple[Passage, ...]]

    def article(self, name: str, language: str) -> Article | None:
        """Return an article in a language."""
        ...


@dataclass(frozen=True)
class Answer:
    """What a template says, before a greeting and a closing are put around it."""

    text: str
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    """Those that it cites."""


class TemplateAnswers:
    """Tries the templates of one intent for the words that ask for it."""

    def __init__(
        self,
        articles: Articles,
        playbook: Playbook,
        manner: Manner,
        snapshot: Snapshot,
        text: str,
    ) -> None:
        self.articles = articles
        self.playbook = playbook
        self.manner = manner
        self.snapshot = snapshot
        self.text = text
        self.choices: dict[str, Choice] = {}
        """Which record of each kind is meant, as far as that was needed."""
        self.reasons: list[str] = []

    @property
    def problem(self) -> str:
        """Why there is no answer."""
        problems = [choice.problem for choice in self.choices.values() if choice.problem]
        problems += [
            f"which {kind} is meant: {', '.join(record.id for record in choice.ask)}"
            for kind, choice in self.choices.items()
            if choice.ask
        ]
        return "; ".join([*problems, *self.reasons]) or "no template fits this situation"

    def answer(self, intent: Intent) -> Answer | None:
        """Return what the first template says that fits; ``None`` where none does."""
        if self._chosen(intent, intent.needs) is None:
            return None
        tried = (self._try(intent, no, each) for no, each in enumerate(intent.templates, start=1))
        return next(filter(None, tried), None)

    def scope(self, records: Mapping[str, Record] | None = None) -> FieldScope:
        """Return where fields come from."""
        return FieldScope(self.playbook, self.snapshot, self.manner, records)

    def _chosen(self, intent: Intent, kinds: Sequence[str]) -> dict[str, Record] | None:
        """Return the chosen record of each kind, or ``None`` where one is missing."""
        found: dict[str, Record] = {}
        for kind in kinds:
            if kind not in self.choices:
                self.choices[kind] = choose_record(kind, self.text, intent.about, self.snapshot)
            record = self.choices[kind].record
            if record is None:
                return None
            found[kind] = record
        return found

    def _try(self, intent: Intent, number: int, template: Template) -> Answer | None:
        text = self._words_of(template)
        fields = field_names(text or "")
        kinds = record_kinds((*fields, *template.when))
        records = self._chosen(intent, tuple({*intent.needs, *kinds}))
        if records is None or not holds(template.when, records):
            return None
        if text is None:
            self.reasons.append(f"template {number} is not written in {self.manner.language}")
            return None
        filled = self.scope(records).fill(text)
        if filled.missing:
            self.reasons.append(f"template {number} lacks {', '.join(filled.missing)}")
            return None
        relied = self._relied(template, number)
        if relied is None:
            return None
        # Words that tell nothing of a customer are the same the next time.
        find = cite if fields else cite_published
        cited = find(filled.text, relied, self.manner.language)
        sources = {citation.source for citation in cited}
        return Answer(
            filled.text,
            (*filled.citations, *cited),
            tuple(passage for passage in relied if article_source(passage) in sources),
        )

    def _words_of(self, template: Template) -> str | None:
        """Put apology, text and next step together; ``None`` where one is not in the language."""
        parts = [template.text, template.next_step]
        if template.apology and not self._apologised():
            parts = [self.playbook.tone.apology, *parts]
        said = [say(part, self.manner) for part in parts]
        if None in said or not said[-2]:
            return None
        *body, last = (part for part in said if part is not None)
        # In a chat the next step goes on; in an e-mail it stands by itself, where it is looked for.
        gap = "\n\n" if self.manner.email else " "
        return gap.join(filter(None, (" ".join(filter(None, body)), last)))

    def _apologised(self) -> bool:
        """Tell whether we said it before: said again and again it means less."""
        apology = self.scope().fill(say(self.playbook.tone.apology, self.manner) or "").text
        mine = (m.text for m in self.snapshot.messages if m.role in ("ai", "agent"))
        return bool(apology) and any(apology in text for text in mine)

    def _relied(self, template: Template, number: int) -> tuple[Passage, ...] | None:
        """Return the passages a template relies on; ``None`` where an article does not hold."""
        found: list[Passage] = []
        tier = self.snapshot.customer.tier if self.snapshot.verified else None
        for name in template.articles:
            article = self.articles.article(name, self.manner.language)
            if article is None or not article.holds_on(self.snapshot.now.date()):
                self.reasons.append(f"template {number} relies on {name}, which is not valid now")
                return None
            if not article.is_for(tier):
                self.reasons.append(f"template {number} relies on {name}, which is for others")
                return None
            found += self.articles.passages.get(article.id, ())
        return tuple(found)


def joined(answers: Iterable[Answer]) -> Answer:
    """Put answers under each other; a sentence that stands there already is left out."""
    parts: list[str] = []
    said: set[str] = set()
    citations: dict[Citation, None] = {}
    passages: dict[str, Passage] = {}
    for answer in answers:
        parts.append(_without(answer.text, said))
        citations |= dict.fromkeys(answer.citations)
        passages |= {passage.id: passage for passage in answer.passages}
    text = "\n\n".join(filter(None, parts))
    return Answer(text, tuple(citations), tuple(passages.values()))


def _without(text: str, said: set[str]) -> str:
    """Leave out the sentences of a text that were said, and note the others."""
    paragraphs: list[str] = []
    for paragraph in text.split("\n\n"):
        pieces = ["", *_SENTENCES.split(paragraph)]  # gap, sentence, gap, sentence ...
        kept = ""
        for gap, sentence in zip(pieces[::2], pieces[1::2], strict=True):
            key = " ".join(sentence.split()).casefold()
            if key not in said:
                kept += (gap if kept else "") + sentence
                said.add(key)
        paragraphs.append(kept)
    return "\n\n".join(filter(None, paragraphs))
