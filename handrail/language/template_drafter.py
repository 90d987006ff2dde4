"""Drafts without a model: templates, clarifying questions, quoted passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handrail.core.conversation import Passage, Record
from handrail.core.drafting import Citation, Draft, DraftSource
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest
from handrail.language.formats import join_options, locale_for
from handrail.language.knowledge import split_article
from handrail.language.quoting import article_source, best_answer, cite
from handrail.language.record_choice import Choice, choose_record
from handrail.language.templates import FieldScope, fill_words, holds, record_source
from handrail.playbook.fields import field_names, record_kinds
from handrail.playbook.models import Article, Intent, Playbook, Release, Template
from handrail.playbook.wording import Manner, Words, say

_MOST_OPTIONS = 4


class TemplateDrafter:
    """Writes replies whose every value comes from a record or an article of the release."""

    def __init__(self, release: Release) -> None:
        self.playbook = release.playbook
        self.articles: Mapping[str, Article] = {a.id: a for a in release.articles}
        self.passages: Mapping[str, tuple[Passage, ...]] = {
            article.id: tuple(passage for passage, _ in split_article(article))
            for article in release.articles
            if not article.internal
        }

    async def draft(self, request: DraftRequest) -> Draft:
        """Return a reply, a clarifying question, a quotation, or an empty draft with a problem."""
        return _Composer(self, request).draft()

    def article(self, name: str, language: str) -> Article | None:
        """Return an article in a language: ``returns.es`` where ``returns`` is asked for."""
        return self.articles.get(f"{name}.{language}") or self.articles.get(name)


class _Composer:
    """Answers one message."""

    def __init__(self, drafter: TemplateDrafter, request: DraftRequest) -> None:
        self.drafter = drafter
        self.request = request
        self.playbook: Playbook = drafter.playbook
        snapshot = request.snapshot
        language = request.language or snapshot.customer.language
        email = snapshot.conversation.channel == "email"
        self.manner: Manner = self.playbook.manner(language, email=email)
        self.choices: dict[str, Choice] = {}
        self.reasons: list[str] = []

    def say(self, words: Words) -> str:
        """Return a text of the playbook for this customer; empty where there is none."""
        return say(words, self.manner) or ""

    def scope(self, records: Mapping[str, Record] | None = None) -> FieldScope:
        """Return where fields come from."""
        return FieldScope(self.playbook, self.request.snapshot, self.manner, records)

    def draft(self) -> Draft:
        """Choose between question, template and quotation."""
        asked = self.request.intent
        if asked.courtesy is not None:
            replies = self.playbook.courtesy
            words = replies.greeting if asked.courtesy == "greeting" else replies.thanks
            return self._reply("template", self.say(words))
        if asked.decision == "clarify":
            return self._ask_intent()
        intent = self.playbook.intents.get(asked.top or "")
        if asked.decision == "escalate" or intent is None:
            return self._quote((), "no intent of the playbook is sure enough")
        if self.request.notes.rejections:
            # The same template would give the same text again.
            reason = f"templates cannot follow the rejection: {self.request.notes.rejections[-1]}"
            return self._quote(intent.articles, reason)
        return self._of_intent(intent)

    def _of_intent(self, intent: Intent) -> Draft:
        if self._chosen(intent, intent.needs) is not None:
            for number, template in enumerate(intent.templates, start=1):
                draft = self._try(intent, number, template)
                if draft is not None:
                    return draft
        return self._without_template(intent)

    def _chosen(self, intent: Intent, kinds: Sequence[str]) -> dict[str, Record] | None:
        """Return the chosen record of each kind, or ``None`` where one is missing."""
        found: dict[str, Record] = {}
        for kind in kinds:
            if kind not in self.choices:
                self.choices[kind] = choose_record(
                    kind, self.request.text, intent.about, self.request.snapshot
                )
            record = self.choices[kind].record
            if record is None:
                return None
            found[kind] = record
        return found

    def _try(self, intent: Intent, number: int, template: Template) -> Draft | None:
        text = self._words_of(template)
        names = (*field_names(text or ""), *template.when)
        records = self._chosen(intent, tuple({*intent.needs, *record_kinds(names)}))
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
        cited = cite(filled.text, relied, self.manner.language)
        sources = {citation.source for citation in cited}
        return self._reply(
            "template",
            filled.text,
            (*filled.citations, *cited),
            passages=[p for p in relied if article_source(p) in sources],
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
        apology = self.scope().fill(self.say(self.playbook.tone.apology)).text
        mine = (m.text for m in self.request.snapshot.messages if m.role in ("ai", "agent"))
        return bool(apology) and any(apology in text for text in mine)

    def _relied(self, template: Template, number: int) -> list[Passage] | None:
        """Return the passages a template relies on; ``None`` where an article does not hold."""
        found: list[Passage] = []
        snapshot = self.request.snapshot
        tier = snapshot.customer.tier if snapshot.verified else None
        for name in template.articles:
            article = self.drafter.article(name, self.manner.language)
            if article is None or not article.holds_on(snapshot.now.date()):
                self.reasons.append(f"template {number} relies on {name}, which is not valid now")
                return None
            if not article.is_for(tier):
                self.reasons.append(f"template {number} relies on {name}, which is for others")
                return None
            found += self.drafter.passages.get(article.id, ())
        return found

    def _without_template(self, intent: Intent) -> Draft:
        sign_in = self.say(self.playbook.sign_in_reply)
        if not self.request.snapshot.verified and self.choices and sign_in:
            filled = self.scope().fill(sign_in)
            if filled.text:
                return self._reply("template", filled.text, filled.citations)
        for kind, choice in self.choices.items():
            if choice.ask:
                return self._ask_record(kind, choice.ask)
        problems = [choice.problem for choice in self.choices.values() if choice.problem]
        problem = "; ".join([*problems, *self.reasons]) or "no template fits this situation"
        # General words from an article are no answer about a certain order.
        if intent.needs:
            return self._empty(problem)
        return self._quote(intent.articles, problem)

    def _ask_intent(self) -> Draft:
        ranked = self.request.intent.ranked
        likely = [g for g in ranked[:3] if g.probability >= ranked[0].probability / 3]
        intents = self.playbook.intents
        known = [
            said
            for guess in likely
            if guess.intent in intents and (said := self.say(intents[guess.intent].description))
        ]
        if not known:
            return self._quote((), "no intent of the playbook is sure enough")
        return self._ask("clarify.text", self.playbook.clarify.text, known)

    def _ask_record(self, kind: str, records: Sequence[Record]) -> Draft:
        shown = records[:_MOST_OPTIONS]
        citations = [Citation(source=record_source(r, "id"), quote=r.id) for r in shown]
        return self._ask(
            "clarify.record",
            self.playbook.clarify.record,
            [record.id for record in shown],
            citations,
            kind=self.say(self.playbook.records[kind].label),
        )

    def _ask(
        self,
        name: str,
        words: Words,
        options: list[str],
        citations: Sequence[Citation] = (),
        **texts: str,
    ) -> Draft:
        """Ask the customer, unless that was done as often as the playbook allows."""
        if self.request.snapshot.conversation.clarifications >= self.playbook.clarify.limit:
            return self._empty("the customer was asked already and it is still not clear")
        locale = locale_for(self.manner.language, self.playbook.brand.region)
        question = fill_words(self.say(words), options=join_options(options, locale), **texts)
        if not question:
            return self._empty(f"{name} is not written in {self.manner.language}")
        return self._reply("clarify", question, citations)

    def _quote(self, prefer: Sequence[str], problem: str) -> Draft:
        """Quote a passage that answers the question, or return an empty draft.

        Args:
            prefer: Ids of articles to take first.
            problem: Why there is no template, kept on the draft.
        """
        language = self.manner.language
        first = [a.id for name in prefer if (a := self.drafter.article(name, language))]
        passage = best_answer(self.request.text, self.request.passages, first, language)
        intro = self.say(self.playbook.tone.quote)
        if passage is None or not intro:
            return self._empty(problem)
        text = f"{fill_words(intro, title=passage.title)}\n\n“{passage.text}”"
        if len(text) > self.playbook.tone.max_chars:
            return self._empty(f"{problem}; {passage.id} is too long to quote")
        citation = Citation(source=article_source(passage), quote=passage.text)
        return self._reply("articles", text, (citation,), problem=problem)

    def _reply(
        self,
        source: DraftSource,
        text: str,
        citations: Sequence[Citation] = (),
        *,
        passages: Sequence[Passage] = (),
        problem: str | None = None,
    ) -> Draft:
        """Put greeting and signature around a text."""
        tone = self.playbook.tone
        first = not any(m.role in ("ai", "agent") for m in self.request.snapshot.messages)
        greeting = self.scope().fill(self.say(tone.greeting) if first else "")
        closing = self.scope().fill(self.say(tone.signature) if self.manner.email else "")
        return Draft(
            id=new_id("drf"),
            text="\n\n".join(part for part in (greeting.text, text, closing.text) if part),
            source=source,
            citations=(*greeting.citations, *citations, *closing.citations),
            passages=tuple({p.id: p for p in (*self.request.passages, *passages)}.values()),
            problem=problem,
            round=self.request.round,
        )

    def _empty(self, problem: str) -> Draft:
        """Return a draft without text that says why."""
        return Draft(
            id=new_id("drf"),
            text="",
            source="none",
            passages=self.request.passages,
            problem=problem,
            round=self.request.round,
        )
