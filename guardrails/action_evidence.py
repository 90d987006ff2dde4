"""What shows that an action was done: events of the conversation, and the customer's records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import chain, islice, pairwise
from typing import NamedTuple

from handrail.core.conversation import ActionEvent, Record
from handrail.core.verdict import EvidenceSpan, Relation
from handrail.guardrails.action_claims import ActionClaim, Form, claimed_actions
from handrail.guardrails.action_words import ANY, DONE, FAMILIES, NOUNS, UNDONE_BY
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.learned import Learned
from handrail.guardrails.normalisation import lowered
from handrail.guardrails.terms import stems
from handrail.guardrails.values import Value, find_values, number_key, same_currency

_NUMBER = re.compile(
    r"[A-Z0-9-](?<![\w-].)(?:(?<=\d)|(?=[A-Z0-9-]{0,17}\d))(?:(?<=[A-Z])|(?=[\d-]{0,17}[A-Z]))"
    r"[A-Z0-9-]{3,19}(?!\w)"
)
_LABELLED = re.compile(
    r"\b(?:ID|number|no\.|order|reservation|booking|ticket|case|claim|return|subscription|account"
    r"|n[úu]mero|c[óo]digo|localizador|pedido|reserva|cita)(?: ID| number| no\.)?[^\w\n]{1,6}"
    r"(?:is |es )?[^\w\n]{0,3}"
    r"(?P<id>(?=[A-Z]{5,10}\b|[A-Z0-9_-]{0,18}\d)[A-Z0-9][A-Z0-9_-]{2,19})(?!\w)"
)
_BOTH = re.compile(
    r"\b(?:both|amb[oa]s)(?: of)?(?: (?:the|your|l[oa]s|sus|tus))?"
    r"(?: [a-z]{2,20}){0,2} (?:have|has|were|are|orders|reservations|bookings|appointments"
    r"|subscriptions|accounts|cards|tickets|flights|han|pedidos|reservas|citas|cuentas|tarjetas)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"[\s,*]{0,4}(?:(?:and|y|e|&)\s)?(?:(?:the|your|order|reservation|booking|pedido|reserva|id)"
    r"\s){0,2}[#*]{0,3}",
    re.IGNORECASE,
)
_JUST = re.compile(
    r"\b(?:just|now|successfully|i|we|i['’]ve|we['’]ve|he|hemos|recién|con éxito|exitosamente)\b",
    re.IGNORECASE,
)
"""Says that it was done in this conversation."""
_BECAME = re.compile(r"\b(?:to|a|por) (?P<value>[^,;:.!?\n]{4,80})", re.IGNORECASE)
_NOTHING = (None, "", False, 0, "0", "0.00")
_UNDONE = re.compile(r"\b(?:not|no|non|un|never|pending|requested|awaiting)[ _-]", re.IGNORECASE)
_COMPLETED = ("processed", "applied", "issued", "submitted", "completed", "waived", "refunded",
              "cancelled", "canceled", "exchanged", "returned", "changed", "updated")  # fmt: skip
_STATES = ("status", "text")
_PAYS = ("refund", "give", "charge", "waive")
"""Actions whose amount a reply may tell."""
_MOST = 4
"""How many events and records a finding shows."""


class _Said(NamedTuple):
    """What decides whether a claim is shown; many claims of one sentence have it in common."""

    sentence: str
    family: str
    form: Form
    just: bool
    """It says that it was done in this conversation."""
    became: str | None
    """What a thing is said to have been changed to, in lower case."""


def _said(claim: ActionClaim) -> _Said:
    became = _BECAME.search(claim.tail) if claim.family == "change" else None
    return _Said(
        claim.sentence.text,
        claim.family,
        claim.form,
        just=claim.family == "book" and bool(_JUST.search(claim.head)),
        became=became["value"].casefold() if became else None,
    )


class ActionEvidence:
    """What events and records show of the claims of one reply; each is looked for once."""

    def __init__(self, ctx: CheckContext) -> None:
        self._is_shown = Learned(partial(_is_shown, ctx))
        self._considered = Learned(partial(_considered, ctx))
        self._told = Learned(partial(_told_by_person, ctx))

    def shows(self, claim: ActionClaim) -> bool:
        """Whether an event or a record shows what a reply says was done."""
        return self._is_shown[_said(claim)]

    def considered(self, claim: ActionClaim) -> tuple[EvidenceSpan, ...]:
        """What was looked at and does not show it, the closest first: events, then states."""
        return self._considered[claim.family, claim.sentence.text]

    def told_by_person(self, claim: ActionClaim) -> bool:
        """Whether a person of the team already told the customer so."""
        return self._told[claim.family]


def _is_shown(ctx: CheckContext, said: _Said) -> bool:
    numbers = _meant(said, ctx)
    events = _showing(said, numbers, ctx)
    records = [r for r in _asked(numbers, ctx) if _record_shows(r, said, ctx, bool(numbers))]
    shown = {*(event.record for event in events), *(record.id for record in records)}
    if listed := _listed(said.sentence, ctx):
        return listed <= shown
    both = _BOTH.search(said.sentence) and not _creates(said.family)
    return len(shown) >= (2 if both else 1)


def _meant(said: _Said, ctx: CheckContext) -> frozenset[str]:
    """Numbers of the records that a claim is about; none where it names none."""
    return _numbers(said.sentence, ctx) or (
        _numbers(ctx.folded.text, ctx) if _creates(said.family) else frozenset()
    )


def _showing(said: _Said, numbers: frozenset[str], ctx: CheckContext) -> list[ActionEvent]:
    return [
        event
        for event in ctx.snapshot.actions
        if _event_shows(event, said, ctx) and (not numbers or _event_names(event, numbers))
    ]


def told_by_events(ctx: CheckContext) -> Mapping[str, tuple[EvidenceSpan, ...]]:
    """The sentences that tell what action events show and nothing else, each with the events."""
    claims: dict[str, list[ActionClaim]] = {}
    if ctx.snapshot.actions:
        for claim in claimed_actions(ctx):
            claims.setdefault(claim.sentence.text, []).append(claim)
    found: dict[str, tuple[EvidenceSpan, ...]] = {}
    for text, said in claims.items():
        those = [_said(one) for one in said]
        shown = [_showing(one, _meant(one, ctx), ctx) for one in those]
        events = list({event.id: event for one in shown for event in one}.values())
        if all(shown) and all(_is_shown(ctx, one) for one in those) and _is_all(text, said, events):
            found[text] = tuple(_span(event, "supports") for event in events)
    return found


def _is_all(text: str, said: Sequence[ActionClaim], events: Sequence[ActionEvent]) -> bool:
    """Whether a sentence says nothing beside what these events say."""
    for value in find_values(text):
        if any(_is_amount(value, event) or _is_day(value, event) for event in events):
            text = text[: value.start] + " " * len(value.text) + text[value.end :]
    families = (FAMILIES[one.family] for one in said if one.family in FAMILIES)
    words = " ".join(f"{family.done} {family.noun}" for family in families)
    return stems(text) <= stems(" ".join((words.replace("_", " "), *(e.worded for e in events))))


def _is_amount(value: Value, event: ActionEvent) -> bool:
    return (
        value.kind == "money"
        and event.amount is not None
        and number_key(event.amount) in value.keys
        and same_currency(value.currency, event.currency)
    )


def _is_day(value: Value, event: ActionEvent) -> bool:
    day = event.at.date().isoformat()
    return value.kind == "date" and not {day, f"--{day[5:]}"}.isdisjoint(value.keys)


def _span(event: ActionEvent, relation: Relation) -> EvidenceSpan:
    return EvidenceSpan(source=f"action:{event.id}", quote=event.worded, relation=relation)


def _listed(text: str, ctx: CheckContext) -> set[str]:
    """The customer's records that a sentence names one beside the other: all are meant."""
    places = sorted(
        (place, place + len(number), sheet.record.id)
        for place, number, sheet in ctx.named_in(text.casefold())
    )
    found: set[str] = set()
    for (_, end, one), (start, _, other) in pairwise(places):
        if _LISTED.fullmatch(text, end, max(end, start)):
            found |= {one, other}
    return found


def _considered(ctx: CheckContext, said: tuple[str, str]) -> tuple[EvidenceSpan, ...]:
    name, sentence = said
    family = FAMILIES.get(name)
    near = [e for e in ctx.snapshot.actions if family and re.search(family.event, e.action)]
    others = [event for event in ctx.snapshot.actions if event not in near]
    events = (_span(event, "contradicts") for event in (*reversed(near), *reversed(others)))
    states = _states(_asked(_numbers(sentence, ctx), ctx) or ctx.records)
    spans = tuple(islice(chain(events, states), _MOST))
    return spans or (EvidenceSpan(source="rule:records", quote="", relation="absent"),)


def _creates(family: str) -> bool:
    return family in FAMILIES and FAMILIES[family].creates


def _numbers(text: str, ctx: CheckContext) -> frozenset[str]:
    """Numbers of records that a text names, the customer's own and others."""
    named = {number for _, number, _ in ctx.named_in(text.casefold())}
    named |= {m["id"].casefold() for m in _LABELLED.finditer(text)}
    others = {m[0].casefold() for m in _NUMBER.finditer(text)} - named
    return frozenset(named.union(one for one in others if _known(one, ctx)))


def _known(number: str, ctx: CheckContext) -> bool:
    """Whether an event or a record speaks of what looks like a number; a model's name does too."""
    one = frozenset({number})
    return bool(_asked(one, ctx)) or any(
        _event_names(event, one) for event in ctx.snapshot.actions if event.record is not None
    )


def _asked(numbers: frozenset[str], ctx: CheckContext) -> Sequence[Record]:
    """The records a claim speaks of: those it names, or all where it names none."""
    return ctx.evidence.records.having(numbers) if numbers else ctx.records


def _event_names(event: ActionEvent, numbers: frozenset[str]) -> bool:
    if event.record is None:
        return True
    told = " ".join((event.record, *event.details.values())).casefold()
    return any(number in told for number in numbers)


def _event_shows(event: ActionEvent, said: _Said, ctx: CheckContext) -> bool:
    if event.outcome != "done" or event.at > ctx.snapshot.now:
        return False
    if said.family == ANY:
        return True
    rule = FAMILIES[said.family].event
    if not re.search(rule, event.action) and not any(
        re.search(rule, name) for name in event.details
    ):
        return False
    if said.family in _PAYS and not _is_as_much(event, said.sentence):
        return False
    return not _undone_later(event, said.family, ctx)


def _is_as_much(event: ActionEvent, text: str) -> bool:
    """Whether an event's amount is among those that a sentence names, where both name one."""
    if event.amount is None:
        return True
    said = [value for value in find_values(text) if value.kind == "money"]
    return not said or any(_is_amount(value, event) for value in said)


def _undone_later(event: ActionEvent, family: str, ctx: CheckContext) -> bool:
    undone = UNDONE_BY.get(family)
    return undone is not None and any(
        later.outcome == "done"
        and later.record == event.record
        and later.at > event.at
        and re.search(undone, later.action)
        for later in ctx.snapshot.actions
    )


def _record_shows(record: Record, said: _Said, ctx: CheckContext, named: bool) -> bool:
    if said.family == ANY:
        return _shows(record, _COMPLETED)
    if said.family == "book" and (named or said.form == "past" or len(ctx.records) == 1):
        # That there is such a record shows that it was made, but an old one not that it was now.
        return said.form == "past" or not said.just or _is_new(record, ctx)
    family = FAMILIES[said.family]
    if family.creates and not named and len(ctx.records) > 1:
        return False
    sure = named or len(ctx.records) == 1
    return _shows(record, family.fields) or (sure and _became(record, said.became))


def _is_new(record: Record, ctx: CheckContext) -> bool:
    """Whether a record may have been made today: a day of it is, or it has none."""
    now = ctx.snapshot.now
    days = [str(f.value)[:10] for f in record.fields.values() if f.type == "date" and f.value]
    near = {f"{now - timedelta(days=back):%Y-%m-%d}" for back in (-1, 0, 1)}
    return not days or not near.isdisjoint(days)


def _shows(record: Record, signs: tuple[str, ...]) -> bool:
    for name, field in record.fields.items():
        if field.value in _NOTHING:
            continue
        state = str(field.value).casefold()
        named = name.casefold()
        if field.type in _STATES and any(sign in state for sign in signs):
            if not _UNDONE.search(state + " "):
                return True
        elif field.type not in _STATES and any(
            named.startswith(sign) or f"_{sign}" in named for sign in signs
        ):
            return True
    return False


def _became(record: Record, told: str | None) -> bool:
    """Whether the record holds what a thing is said to have been changed to."""
    return told is not None and any(
        len(text := str(field.value).casefold()) >= _MOST and text in told
        for field in record.fields.values()
        if field.value is not None
    )


def _states(records: Sequence[Record]) -> Iterator[EvidenceSpan]:
    for record in records:
        for name, field in record.fields.items():
            if field.type == "status" and field.visibility == "customer":
                source = f"record:{record.kind}/{record.id}#{name}"
                yield EvidenceSpan(source=source, quote=str(field.value), relation="contradicts")


def _told_by_person(ctx: CheckContext, family: str) -> bool:
    return any(
        message.role == "agent" and _tells(message.text, family)
        for message in ctx.snapshot.messages
    )


def _tells(text: str, family: str) -> bool:
    text = lowered(text)
    done = {found.family for found in DONE.find(text)}
    spoken_of = {found.family for found in NOUNS.find(text)}
    return family in done or (ANY in done and (family == ANY or family in spoken_of))
