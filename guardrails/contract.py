"""The contract of a check: one function that judges a text and yields findings.

    @check("tone.shouting", severity="low")
    def tone_shouting(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:
        for hit in ctx.search(_SHOUTED):
            yield tone_shouting.finding("capitals", hit.start, hit.end, "This shouts.")

A check never changes the text and never decides what happens: it judges, and may propose an edit.
"""

from __future__ import annotations

import inspect
import re
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Final, Generic, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from handrail.core.conversation import Mode, Passage, Record, Snapshot
from handrail.core.drafting import Draft
from handrail.core.errors import CheckDefinitionError
from handrail.core.ports import Judge, OwnerIndex
from handrail.core.registry import register
from handrail.core.verdict import ClaimVerdict, Edit, EvidenceSpan, Finding, Severity
from handrail.guardrails.claims import Claim, split_claims
from handrail.guardrails.evidence import Evidence, draft_sources
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.likeness import Comparison
from handrail.guardrails.links import Link, links_in
from handrail.guardrails.normalisation import Folded, caseless, fold
from handrail.guardrails.personal_data import PersonalDatum, find_personal
from handrail.guardrails.reading import Source
from handrail.guardrails.record_facts import Sheet, own_records
from handrail.guardrails.support_scorer import SupportScorer
from handrail.guardrails.terms import places_of, plain
from handrail.guardrails.values import Value, find_values, values_within
from handrail.playbook.models import Playbook

Stage = Literal["exit", "input"]
"""``exit``: judges a reply before it leaves. ``input``: judges what the customer wrote."""

Need = Literal["owners", "records", "passages", "history", "actions", "judge"]
"""What a check cannot judge without: an owner index, records of the customer, passages found for
the question, earlier messages, actions that the draft proposes, a judge of statements."""

_ID: Final = re.compile(r"[a-z]{2,20}\.[a-z][a-z_]{1,40}")


class CheckSettings(BaseModel):
    """Settings every check has; a check with more of them derives its own model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    timeout_ms: int | None = Field(default=None, ge=1)
    """Longest wait, in milliseconds, for a check that waits; ``guardrails.timeout_ms`` where left
    out."""


S = TypeVar("S", bound=CheckSettings)
P = TypeVar("P", Value, Claim, PersonalDatum)


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern found in the folded text, with its place in the text as written."""

    start: int
    end: int
    match: re.Match[str]


@dataclass(frozen=True)
class CheckContext:
    """One immutable text and all that may be known about it; shared by every check of a run."""

    text: str
    """The text that is judged, as written: a draft, or what the customer wrote."""
    snapshot: Snapshot
    playbook: Playbook
    mode: Mode = "supervised"
    intent: str | None = None
    said: str = ""
    """What the customer wrote in this turn."""
    draft: Draft | None = None
    """The draft that ``text`` belongs to; ``None`` where a customer's words are judged."""
    found: tuple[Passage, ...] = ()
    """Passages found for the question, where these are judged before anything is drafted."""
    owners: OwnerIndex | None = None
    judge: Judge | None = None
    """Judges the statements that no rule can decide, where one is configured."""
    scorer: SupportScorer | None = None
    """Scores how likely it is that nothing supports a sentence; the shipped one where left out."""
    verdicts: tuple[ClaimVerdict, ...] = ()
    """What the other checks said of single statements; known to checks that need the judge."""
    standing: tuple[Source, ...] = ()
    """Sources that every conversation shares: the playbook's own words."""
    protected: tuple[Source, ...] = ()
    """Texts that must not reach a customer: prompts, internal articles."""
    before: CheckContext | None = None
    """The same draft as it was judged before: what it relies on is not read again."""

    @cached_property
    def folded(self) -> Folded:
        """The text with look-alikes, widths and invisible characters folded."""
        return fold(self.text)

    def search(self, pattern: re.Pattern[str]) -> Iterator[Hit]:
        """Find a pattern in the folded text; the places are those of the text as written."""
        for match in pattern.finditer(self.folded.text):
            yield Hit(*self.folded.span(*match.span()), match)

    def search_telling(self, pattern: re.Pattern[str], telling: frozenset[str]) -> Iterator[Hit]:
        """Find a pattern that ends with its sentence, in those that hold one of some words."""
        for at in self.holding(telling) if not telling.isdisjoint(self.words) else ():
            one = self.sentences[at]
            for match in pattern.finditer(self.folded.text, one.start, one.end):
                yield Hit(*self.folded.span(*match.span()), match)

    def holding(self, telling: frozenset[str]) -> Sequence[int]:
        """The numbers of the sentences that hold one of some words, or letters that may hide it."""
        told = telling & self.words
        return [
            at
            for at, words in enumerate(self._worded)
            if words is None or not told.isdisjoint(words)
        ]

    @cached_property
    def _worded(self) -> Sequence[frozenset[str] | None]:
        """The words of each sentence; none are told of one whose letters may hide some."""
        return [one.words if one.text.isascii() else None for one in self.sentences]

    @cached_property
    def spoken(self) -> list[str]:
        """The words of the folded text in order, whatever their case."""
        return plain(self.folded.text.casefold())

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the folded text in lower case: a cheap test before a heavy pattern."""
        text = self.folded.text
        return frozenset(self.spoken if text.isascii() else plain(caseless(text)))

    @cached_property
    def heard(self) -> str:
        """What the customer wrote in this turn, folded."""
        return fold(self.said).text

    @cached_property
    def folded_values(self) -> tuple[Value, ...]:
        """Typed values of the folded text, with their places in it."""
        return find_values(self.folded.text, self.words)

    @cached_property
    def values(self) -> tuple[Value, ...]:
        """Typed values, read from the folded text, with their places in the text as written."""
        return self._placed(self.folded_values)

    @cached_property
    def sentences(self) -> tuple[Claim, ...]:
        """Sentences of the folded text, with their places in it."""
        return split_claims(self.folded.text)

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Sentences, folded, with their places in the text as written."""
        return self._placed(self.sentences)

    @cached_property
    def content(self) -> tuple[frozenset[str], ...]:
        """The content words of each sentence, shortened."""
        return tuple([sentence.stems for sentence in self.sentences])

    @cached_property
    def personal(self) -> tuple[PersonalDatum, ...]:
        """Personal data that has a form, with its places in the text as written."""
        found = find_personal(self.folded.text, self.playbook.brand.region)
        return self._placed(found)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Links, with their places in the text as written."""
        return tuple(links_in(self.text, self.folded))

    def _placed(self, parts: tuple[P, ...]) -> tuple[P, ...]:
        if self.folded.in_place:
            return parts
        spans = [self.folded.span(part.start, part.end) for part in parts]
        return tuple(
            part.moved(start, end) for part, (start, end) in zip(parts, spans, strict=True)
        )

    def claim_at(self, start: int, end: int) -> Claim | None:
        """Return the sentence that holds a span."""
        return _holding(self.claims, start, end)

    def sentence_at(self, start: int, end: int) -> Claim | None:
        """Return the sentence that holds a span of the folded text."""
        return _holding(self.sentences, start, end)

    def values_in(self, claim: Claim) -> list[Value]:
        """Return the typed values that stand in one of the claims."""
        return values_within(self.values, claim.start, claim.end)

    @cached_property
    def evidence(self) -> Evidence:
        """What the text may rely on."""
        if self.before is not None:
            return self.before.evidence
        return Evidence(self.snapshot, draft_sources(self.draft), self.standing)

    @cached_property
    def compared(self) -> Comparison:
        """What each sentence has in common with each one of the evidence."""
        return self.evidence.compare(self.content)

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """Records of the verified customer; the only account of what was really done."""
        return own_records(self.snapshot)

    @cached_property
    def _spelled(self) -> Sequence[tuple[str, Sheet]]:
        """The records whose number the text holds, by it, in lower case; most it does not."""
        text, numbers = self.folded.text.casefold(), self.evidence.records.numbers
        return [one for one in numbers.standing(self.words) if one[0] in text]

    def named_in(self, part: str) -> list[tuple[int, str, Sheet]]:
        """Find the records whose number stands as a word in a part of the text, in lower case.

        Each with its first place in the part, and its number.
        """
        return [
            (place, number, sheet)
            for number, sheet in self._spelled
            for place, _ in islice(places_of(number, part), 1)
        ]

    def has(self, need: Need) -> bool:
        """Whether something a check needs is there."""
        match need:
            case "owners":
                return self.owners is not None
            case "records":
                return bool(self.records)
            case "passages":
                return self.draft is not None and bool(self.draft.passages)
            case "history":
                return bool(self.snapshot.messages)
            case "actions":
                return self.draft is not None and bool(self.draft.actions)
            case "judge":
                return self.judge is not None


_start: Callable[[Claim], int] = attrgetter("start")


def _holding(sentences: Sequence[Claim], start: int, end: int) -> Claim | None:
    place = bisect_right(sentences, start, key=_start) - 1
    found = sentences[place] if place >= 0 else None
    return found if found and found.holds(start, end) else None


Findings = Iterable[Finding | ClaimVerdict]
"""What a check yields; verdicts on single statements besides, where it has any."""
CheckFunction = Callable[[CheckContext, S], Findings | Awaitable[Findings]]


class Check(Generic[S]):
    """A registered check. Call it as the function it wraps."""

    def __init__(
        self,
        function: CheckFunction[S],
        *,
        id: str,  # noqa: A002
        stage: Stage,
        severity: Severity,
        needs: frozenset[Need],
        settings: type[S],
        of_passages: bool = False,
        yields_to: frozenset[str] = frozenset(),
    ) -> None:
        self.function = function
        self.id = id
        self.stage: Stage = stage
        self.severity: Severity = severity
        """How grave its findings are, unless one says otherwise, and how grave its failure is."""
        self.needs = needs
        self.settings = settings
        self.of_passages = of_passages
        """Whether it also judges the passages found for a question, before anything is drafted."""
        self.yields_to = yields_to
        """Ids of checks that know better: what one of them says of the same words, as grave or
        graver, is told in the place of its own findings."""
        self.asynchronous = inspect.iscoroutinefunction(function)
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__module__ = function.__module__

    def __call__(self, ctx: CheckContext, settings: S) -> Findings | Awaitable[Findings]:
        """Judge the context's text."""
        return self.function(ctx, settings)

    def configure(self, values: Mapping[str, Any]) -> S:
        """Read the playbook's settings for this check.

        Raises:
            CheckDefinitionError: a setting is unknown or has a wrong value.
        """
        try:
            return self.settings.model_validate(dict(values))
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            known = ", ".join(sorted(self.settings.model_fields))
            raise CheckDefinitionError(
                f"guardrails.checks.{self.id}.{name}: {first['msg']}; known settings: {known}",
                check=self.id,
                setting=name,
            ) from None

    def finding(
        self,
        rule: str,
        start: int,
        end: int,
        message: str,
        *,
        severity: Severity | None = None,
        evidence: Iterable[EvidenceSpan] = (),
        confidence: float = 1.0,
        replacement: str | None = None,
    ) -> Finding:
        """Make a finding on ``text[start:end]``; ``replacement`` proposes what to write there."""
        proposal = None
        if replacement is not None:
            proposal = Edit(start=start, end=end, replacement=replacement)
        return Finding(
            check=self.id,
            rule=rule,
            severity=severity or self.severity,
            start=start,
            end=end,
            message=message,
            evidence=tuple(evidence),
            confidence=confidence,
            proposal=proposal,
        )


def check(
    id: str,  # noqa: A002
    *,
    severity: Severity,
    stage: Stage = "exit",
    needs: Iterable[Need] = (),
    settings: type[S] | None = None,
    of_passages: bool = False,
    yields_to: Iterable[str] = (),
) -> Callable[[CheckFunction[S]], Check[S]]:
    """Register a function as a guardrail check.

    Args:
        id: ``family.quality``: ``fact.value``.
        severity: Severity of its findings unless a finding says otherwise; also how grave it is
            when the check itself fails.
        stage: Whether it judges replies or customers' words.
        needs: Without these the check is skipped, and the report says so.
        settings: Model of its settings; a key it does not know is an error.
        of_passages: Whether an ``input`` check also judges passages, in ``CheckContext.found``,
            before a reply is drafted from them; the others are not asked then.
        yields_to: Ids of checks that say more exactly what is wrong: where one of them objects to
            the same words, as gravely or more so, a finding of this check is not told besides.

    Raises:
        CheckDefinitionError: the id has another form.
    """
    if not _ID.fullmatch(id):
        raise CheckDefinitionError(f"check id {id!r}: write it as family.quality, like fact.value")
    model = settings or cast("type[S]", CheckSettings)

    def wrap(function: CheckFunction[S]) -> Check[S]:
        made = Check(
            function,
            id=id,
            stage=stage,
            severity=severity,
            needs=frozenset(needs),
            settings=model,
            of_passages=of_passages,
            yields_to=frozenset(yields_to),
        )
        return register(made, "check", id)

    return wrap
