"""What the evidence says of one statement, as far as words and values can tell without a judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from handrail.core.conversation import Record
from handrail.core.verdict import EvidenceSpan
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.reading import plain_words
from handrail.guardrails.record_facts import seen
from handrail.guardrails.terms import stems
from handrail.guardrails.values import Value, find_values

_READ = ("text", "status", "name", "address")
"""Types of field whose value is compared as words."""


def fields_that_say_it(
    claim: Claim, words: frozenset[str], ctx: CheckContext
) -> tuple[EvidenceSpan, ...]:
    """The fields of one record that a statement repeats, where it says nothing else.

    ``words`` are the statement's content words.

    "The total of your order W100 is 89.90 EUR" is the record's own words: its kind, its number,
    the name of a field and the value of that very field.
    """
    values = ctx.values_in(claim)
    others = words - ctx.evidence.records.stems
    if others and not (values and others <= stems(" ".join(value.text for value in values))):
        return ()
    if claim.negated:
        return ()
    # Which of several records is meant must be said.
    meant = ctx.evidence.records.sheets
    if len(meant) > 1:
        meant = [sheet for _, _, sheet in ctx.named_in(claim.text.casefold())]
    for record in (sheet.record for sheet in meant):
        fields = list(_repeated(claim, values, record, ctx))
        if fields and words <= stems(" ".join((record.kind, record.id, *(t for t, _ in fields)))):
            return tuple(span for _, span in fields)
    return ()


def _repeated(
    claim: Claim, values: Iterable[Value], record: Record, ctx: CheckContext
) -> Iterator[tuple[str, EvidenceSpan]]:
    """The fields whose value stands in the sentence: what they account for, and where they are."""
    prefix = f"record:{record.kind}/{record.id}#"
    for value in values:
        found = ctx.evidence.find(value)
        if found and found.source.startswith(prefix):
            yield f"{found.source.removeprefix(prefix)} {value.text}".replace("_", " "), found
    spoken = f" {' '.join(claim.plain)} "
    for name, field in record.fields.items():
        if field.type in _READ and field.visibility == "customer" and field.value is not None:
            said = plain_words(str(field.value))
            if said and f" {said} " in spoken:
                span = EvidenceSpan(
                    source=prefix + name, quote=str(field.value), relation="supports"
                )
                yield f"{name} {said}".replace("_", " "), span


def template_that_says_it(claim: Claim, ctx: CheckContext) -> tuple[EvidenceSpan, ...]:
    """The playbook's sentence that a draft from templates filled in, with what was filled in.

    Which template speaks was chosen by the record; so its sentence is borne out as far as each
    field holds what a record says. A model that writes the same chose nothing.
    """
    if ctx.draft is None or ctx.draft.source != "template":
        return ()
    for around, sentence in ctx.evidence.to_fill_in:
        filled = filled_in(claim.text, around)
        fields = [field for text in filled if (field := _recorded(text, ctx))]
        if filled and len(fields) == len(filled):
            return (sentence, *fields)
    return ()


def filled_in(text: str, around: Sequence[str]) -> Sequence[str]:
    """What stands in the fields of a sentence, by the words around them; none if it is another."""
    first, *between, last = around
    end = len(text) - len(last)
    if not (text.startswith(first) and text.endswith(last)):
        return ()
    filled: list[str] = []
    at = len(first)
    for part in between:
        found = text.find(part, at + 1, end)
        if found < 0:
            return ()
        filled.append(text[at:found])
        at = found + len(part)
    return (*filled, text[at:end]) if at < end else ()


def _recorded(text: str, ctx: CheckContext) -> EvidenceSpan | None:
    """The record field that holds what stands in one field of a sentence, and nothing else."""
    values = find_values(text)
    if [(one.start, one.end) for one in values] == [(0, len(text))]:
        return ctx.evidence.recorded(values[0])
    said = plain_words(text)
    for sheet in ctx.evidence.records.sheets:
        for name, _, held in seen(sheet.record):
            if plain_words(held) == said:
                source = f"{sheet.source}#{name}"
                return EvidenceSpan(source=source, quote=held, relation="supports")
    return None


def cites(claim: Claim, ctx: CheckContext, share: float) -> bool:
    """Whether the draft cites sources that hold at least this share of a statement's words."""
    words = stems(claim.text)
    known = ctx.evidence.texts
    cited = ctx.draft.citations if ctx.draft else ()
    told = frozenset[str]().union(*(stems(known.get(one.source, "")) for one in cited))
    return bool(told) and len(words & told) >= share * len(words)
