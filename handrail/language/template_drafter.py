"""Drafts without a model: templates, clarifying questions, quoted passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handrail.core.conversation import Passage, Record
from handrail.core.drafting import Citation, Draft, DraftSource
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest
from handrail.language.formats import join_options
from handrail.language.knowledge import split_article
from handrail.language.quoting import article_source, best_answer, cite
from handrail.language.record_choice import Choice, choose_record
from handrail.language.templates import FieldScope, fill, fill_words, holds, record_source
from handrail.playbook.fields import field_names, record_kinds
from handrail.playbook.models import Intent, Release, Template

_MOST_OPTIONS = 4


class TemplateDrafter:
    """Writes replies whose every value comes from a record or an article of the release."""

    def __init__(self, release: Release) -> None:
        self.playbook = release.playbook
        self.passages: Mapping[str, tuple[Passage, ...]] = {
            article.id: tuple(passage for passage, _ in split_article(article))
            for article in release.articles
            if not article.internal
        }

    async def draft(self, request: DraftRequest) -> Draft:
        """Return a reply, a clarifying question, a quotation, or an empty draft with a problem."""
        if request.intent.courtesy is not None:
            replies = self.playbook.courtesy
            kind = request.intent.courtesy
            text = replies.greeting if kind == "greeting" else replies.thanks
            return self.reply(request, "template", text)
        if request.intent.decision == "clarify":
            return self._ask_intent(request)
        intent = self.playbook.intents.get(request.intent.top or "")
        if request.intent.decision == "escalate" or intent is None:
            return self.quote(request, (), "no intent of the playbook is sure enough")
        if request.notes.rejections:
            # The same template would give the same text again.
            reason = f"templates cannot follow the rejection: {request.notes.rejections[-1]}"
            return self.quote(request, intent.articles, reason)
        return _Composer(self, request, intent).compose()

    def _ask_intent(self, request: DraftRequest) -> Draft:
        ranked = request.intent.ranked
        likely = [g for g in ranked[:3] if g.probability >= ranked[0].probability / 3]
        known = [
            self.playbook.intents[g.intent] for g in likely if g.intent in self.playbook.intents
        ]
        if not known:
            return self.quote(request, (), "no intent of the playbook is sure enough")
        options = join_options([intent.description for intent in known])
        return self.ask(request, fill_words(self.playbook.clarify.text, options=options))

    def ask(
        self, request: DraftRequest, question: str, citations: Sequence[Citation] = ()
    ) -> Draft:
        """Ask the customer, unless that was done as often as the playbook allows."""
        if request.snapshot.conversation.clarifications >= self.playbook.clarify.limit:
            return self.empty(request, "the customer was asked already and it is still not clear")
        return self.reply(request, "clarify", question, citations)

    def quote(self, request: DraftRequest, prefer: Sequence[str], problem: str) -> Draft:
        """Quote a passage that answers the question, or return an empty draft.

        Args:
            request: What is drafted for.
            prefer: Ids of articles to take first.
            problem: Why there is no template, kept on the draft.
        """
        passage = best_answer(request.text, request.passages, prefer)
        if passage is None:
            return self.empty(request, problem)
        intro = fill_words(self.playbook.tone.quote, title=passage.title)
        text = f"{intro}\n\n“{passage.text}”"
        if len(text) > self.playbook.tone.max_chars:
            return self.empty(request, f"{problem}; {passage.id} is too long to quote")
        citation = Citation(source=article_source(passage), quote=passage.text)
        return self.reply(request, "articles", text, (citation,), problem=problem)

    def reply(
        self,
        request: DraftRequest,
        source: DraftSource,
        text: str,
        citations: Sequence[Citation] = (),
        *,
        passages: Sequence[Passage] = (),
        problem: str | None = None,
    ) -> Draft:
        """Put greeting and signature around a text."""
        greeting, cited = self._greeting(request)
        closing = fill(
            self.playbook.tone.signature
            if request.snapshot.conversation.channel == "email"
            else "",
            FieldScope(self.playbook, request.snapshot).value,
        ).text
        return Draft(
            id=new_id("drf"),
            text="\n\n".join(part for part in (greeting, text, closing) if part),
            source=source,
            citations=(*cited, *citations),
            passages=tuple({p.id: p for p in (*request.passages, *passages)}.values()),
            problem=problem,
            round=request.round,
        )

    def _greeting(self, request: DraftRequest) -> tuple[str, tuple[Citation, ...]]:
        if any(message.role in ("ai", "agent") for message in request.snapshot.messages):
            return "", ()
        filled = fill(
            self.playbook.tone.greeting, FieldScope(self.playbook, request.snapshot).value
        )
        return filled.text, filled.citations

    def empty(self, request: DraftRequest, problem: str) -> Draft:
        """Return a draft without text that says why."""
        return Draft(
            id=new_id("drf"),
            text="",
            source="none",
            passages=request.passages,
            problem=problem,
            round=request.round,
        )


class _Composer:
    """Works through the templates of one intent for one message."""

    def __init__(self, drafter: TemplateDrafter, request: DraftRequest, intent: Intent) -> None:
        self.drafter = drafter
        self.request = request
        self.intent = intent
        self.choices: dict[str, Choice] = {}
        self.reasons: list[str] = []

    def compose(self) -> Draft:
        if self._chosen(self.intent.needs) is not None:
            for number, template in enumerate(self.intent.templates, start=1):
                draft = self._try(number, template)
                if draft is not None:
                    return draft
        return self._without_template()

    def _chosen(self, kinds: Sequence[str]) -> dict[str, Record] | None:
        """Return the chosen record of each kind, or ``None`` where one is missing."""
        found: dict[str, Record] = {}
        for kind in kinds:
            if kind not in self.choices:
                self.choices[kind] = choose_record(
                    kind, self.request.text, self.intent.about, self.request.snapshot
                )
            record = self.choices[kind].record
            if record is None:
                return None
            found[kind] = record
        return found

    def _try(self, number: int, template: Template) -> Draft | None:
        names = (*field_names(template.text), *template.when)
        records = self._chosen(tuple({*self.intent.needs, *record_kinds(names)}))
        if records is None or not holds(template.when, records):
            return None
        scope = FieldScope(self.drafter.playbook, self.request.snapshot, records)
        filled = fill(template.text, scope.value)
        if filled.missing:
            self.reasons.append(f"template {number} lacks {', '.join(filled.missing)}")
            return None
        relied = [p for a in template.articles for p in self.drafter.passages.get(a, ())]
        cited = cite(filled.text, relied)
        sources = {citation.source for citation in cited}
        return self.drafter.reply(
            self.request,
            "template",
            filled.text,
            (*filled.citations, *cited),
            passages=[p for p in relied if article_source(p) in sources],
        )

    def _without_template(self) -> Draft:
        playbook = self.drafter.playbook
        if not self.request.snapshot.verified and self.choices and playbook.sign_in_reply:
            return self.drafter.reply(self.request, "template", playbook.sign_in_reply)
        for kind, choice in self.choices.items():
            if choice.ask:
                return self._ask_record(kind, choice.ask)
        problems = [choice.problem for choice in self.choices.values() if choice.problem]
        problem = "; ".join([*problems, *self.reasons]) or "no template fits this situation"
        # General words from an article are no answer about a certain order.
        if self.intent.needs:
            return self.drafter.empty(self.request, problem)
        return self.drafter.quote(self.request, self.intent.articles, problem)

    def _ask_record(self, kind: str, records: Sequence[Record]) -> Draft:
        shown = records[:_MOST_OPTIONS]
        question = fill_words(
            self.drafter.playbook.clarify.record,
            kind=self.drafter.playbook.records[kind].label,
            options=join_options([record.id for record in shown]),
        )
        citations = [Citation(source=record_source(r, "id"), quote=r.id) for r in shown]
        return self.drafter.ask(self.request, question, citations)
