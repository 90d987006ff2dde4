"""Drafts without a model: templates, clarifying questions, quoted passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handrail.core.conversation import Passage, Record
from handrail.core.drafting import Citation, Draft, DraftSource, Wish
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest
from handrail.language.formats import join_options, locale_for
from handrail.language.knowledge import split_article
from handrail.language.quoting import article_source, best_answer
from handrail.language.template_answers import Answer, TemplateAnswers, joined
from handrail.language.templates import fill_words, record_source
from handrail.playbook.models import Article, Intent, Playbook, Release
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

    def say(self, words: Words) -> str:
        """Return a text of the playbook for this customer; empty where there is none."""
        return say(words, self.manner) or ""

    def answers(self, text: str) -> TemplateAnswers:
        """Return what templates can answer to these words."""
        return TemplateAnswers(
            self.drafter, self.playbook, self.manner, self.request.snapshot, text
        )

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
        return self._of_wishes(asked.wishes) or self._of_intent(intent)

    def _of_intent(self, intent: Intent) -> Draft:
        tried = self.answers(self.request.text)
        found = tried.answer(intent)
        if found is None:
            return self._without_template(intent, tried)
        return self._reply("template", found.text, found.citations, passages=found.passages)

    def _of_wishes(self, wishes: Sequence[Wish]) -> Draft | None:
        """Answer all that can be, in the order asked; ``None`` where nothing can."""
        found: dict[str, Answer] = {}
        problems: list[str] = []
        for wish in wishes:
            tried = self.answers(wish.text)
            intent = self.playbook.intents.get(wish.intent)
            answer = tried.answer(intent) if intent else None
            if answer is None:
                problems.append(f"{wish.intent} is left open: {tried.problem}")
            else:
                found[wish.intent] = answer
        if not found:
            return None
        whole = joined(found.values())
        return self._reply(
            "template",
            whole.text,
            whole.citations,
            passages=whole.passages,
            problem="; ".join(problems) or None,
            answered=tuple(found),
        )

    def _without_template(self, intent: Intent, tried: TemplateAnswers) -> Draft:
        sign_in = self.say(self.playbook.sign_in_reply)
        if not self.request.snapshot.verified and tried.choices and sign_in:
            filled = tried.scope().fill(sign_in)
            if filled.text:
                return self._reply("template", filled.text, filled.citations)
        for kind, choice in tried.choices.items():
            if choice.ask:
                return self._ask_record(kind, choice.ask)
        # General words from an article are no answer about a certain order.
        if intent.needs:
            return self._empty(tried.problem)
        return self._quote(intent.articles, tried.problem)

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
        answered: tuple[str, ...] = (),
    ) -> Draft:
        """Put greeting and signature around a text."""
        tone, scope = self.playbook.tone, self.answers("").scope()
        first = not any(m.role in ("ai", "agent") for m in self.request.snapshot.messages)
        greeting = scope.fill(self.say(tone.greeting) if first else "")
        closing = scope.fill(self.say(tone.signature) if self.manner.email else "")
        return Draft(
            id=new_id("drf"),
            text="\n\n".join(part for part in (greeting.text, text, closing.text) if part),
            source=source,
            citations=(*greeting.citations, *citations, *closing.citations),
            passages=tuple({p.id: p for p in (*self.request.passages, *passages)}.values()),
            problem=problem,
            round=self.request.round,
            answered=answered,
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
