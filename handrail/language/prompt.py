"""Builds the messages a language model is asked with; what others wrote stays fenced as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

from handrail.core.conversation import Message, Snapshot
from handrail.core.ports import DraftRequest
from handrail.language.fences import fence_for, fenced, labelled
from handrail.language.formats import format_date, format_value, locale_for
from handrail.language.quoting import article_source
from handrail.language.templates import fill_words, record_source
from handrail.playbook.models import Limit, Playbook, Release
from handrail.playbook.prompts import PROMPTS
from handrail.playbook.wording import say

HISTORY = 12
"""Most earlier messages that are shown to the model."""
SUMMARY_CHARS = 600
"""Longest gist a model is asked for, in characters."""

ChatMessages = list[dict[str, str]]


@cache
def read_prompt(name: str) -> str:
    """Return the text of a prompt of ours."""
    return (files("handrail.language") / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def prompt_texts(release: Release) -> dict[str, str]:
    """Return the prompts by name, a playbook's own before ours; none may reach a customer."""
    texts = {name: release.prompts.get(name) or read_prompt(name) for name in PROMPTS}
    return {**texts, "judge": read_prompt("judge")}


def gather_evidence(request: DraftRequest, playbook: Playbook) -> dict[str, str]:
    """Return what a reply may rely on, by id: record fields, actions, passages fit for customers.

    Without a verified identity there are no record fields and no actions.
    """
    evidence: dict[str, str] = {}
    if request.snapshot.verified:
        evidence.update(_record_evidence(request, playbook))
        evidence.update(_action_evidence(request, playbook))
    for passage in request.passages:
        if not passage.internal:
            evidence[article_source(passage)] = f"{passage.title}: {passage.text}"
    return evidence


def _record_evidence(request: DraftRequest, playbook: Playbook) -> Iterator[tuple[str, str]]:
    locale = locale_for(_language(request, playbook), playbook.brand.region)
    for record in request.snapshot.records:
        yield record_source(record, "id"), record.id
        for name, value in record.fields.items():
            text = format_value(value, locale)
            if value.visibility == "customer" and text is not None:
                yield record_source(record, name), text


def _action_evidence(request: DraftRequest, playbook: Playbook) -> Iterator[tuple[str, str]]:
    """Yield what was done or tried, oldest first; what lies ahead shows nothing yet."""
    locale = locale_for(_language(request, playbook), playbook.brand.region)
    for action in request.snapshot.actions:
        if action.at <= request.snapshot.now:
            day = format_date(action.at.date().isoformat(), locale)
            yield f"action:{action.id}", f"{action.worded}, {day}"


def _language(request: DraftRequest, playbook: Playbook) -> str:
    return playbook.brand.answers_in(request.language or request.snapshot.customer.language)


def _description(name: str, playbook: Playbook) -> str:
    intent = playbook.intents.get(name)
    return (say(intent.description, playbook.manner(None)) if intent else None) or "unknown"


def reply_messages(
    request: DraftRequest, release: Release, evidence: Mapping[str, str]
) -> ChatMessages:
    """Write the chat messages that ask for a reply."""
    playbook, snapshot = release.playbook, request.snapshot
    known = "\n".join(labelled(f"[{key}]", text) for key, text in evidence.items()) or "none"
    summary = snapshot.conversation.summary or "nothing"
    talk = "\n".join(_reply_lines(request))
    fence = fence_for(known, summary, talk)
    wanted = [wish.intent for wish in request.intent.wishes] or [*request.intent.wanted][:1]
    system = fill_words(
        prompt_texts(release)["reply"],
        brand=playbook.brand.name,
        fence=fence,
        today=f"{snapshot.now:%Y-%m-%d}",
        language=_language(request, playbook),
        max_chars=str(playbook.tone.max_chars),
        forbidden=", ".join(playbook.tone.forbidden) or "none",
        limits=_limits(playbook.limits),
        intent="; ".join(_description(name, playbook) for name in wanted) or "unknown",
        summary=fenced(fence, summary),
        evidence=fenced(fence, known),
        notes=_notes(request),
    )
    return _asked(system, fenced(fence, talk))


def summary_messages(snapshot: Snapshot, release: Release) -> ChatMessages:
    """Write the chat messages that ask for the gist of a conversation."""
    earlier = snapshot.conversation.summary
    lines = [labelled("summed up before:", earlier)] if earlier else []
    talk = "\n".join([*lines, *(labelled(_author(m), m.text) for m in snapshot.messages)])
    fence = fence_for(talk)
    system = fill_words(
        prompt_texts(release)["summary"],
        brand=release.playbook.brand.name,
        fence=fence,
        max_chars=str(SUMMARY_CHARS),
    )
    return _asked(system, fenced(fence, talk))


def _asked(system: str, user: str) -> ChatMessages:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def _reply_lines(request: DraftRequest) -> Iterator[str]:
    snapshot = request.snapshot
    if snapshot.verified and snapshot.customer.name:
        yield labelled("name of the customer:", snapshot.customer.name)
    yield f"identity of the customer: {'verified' if snapshot.verified else 'not verified'}"
    for message in _earlier(snapshot.messages, request.text)[-HISTORY:]:
        yield labelled(_speaker(message), message.text)
    yield labelled("customer, now:", request.text)


def _earlier(messages: Sequence[Message], asked: str) -> list[Message]:
    """Leave out notes, and the newest messages that are asked about now."""
    earlier = [message for message in messages if message.role != "note"]
    while earlier and earlier[-1].role == "customer" and earlier[-1].text in asked:
        earlier.pop()
    return earlier


def _speaker(message: Message) -> str:
    return "customer, earlier:" if message.role == "customer" else "us, earlier:"


def _author(message: Message) -> str:
    names = {"customer": "customer:", "ai": "our AI:", "note": "note of our team:"}
    return names.get(message.role) or f"our agent {message.author or ''}".rstrip() + ":"


def _limits(limits: Sequence[Limit]) -> str:
    allowed = [
        f"{limit.action}"
        + (f" up to {limit.amount} {limit.currency or ''}".rstrip() if limit.amount else "")
        for limit in limits
        if limit.amount != 0
    ]
    return ", ".join(allowed) or "nothing"


def _notes(request: DraftRequest) -> str:
    notes = [f"- A colleague rejected an earlier draft: {r}" for r in request.notes.rejections]
    notes += [f"- A check found in the draft before: {f}" for f in request.notes.findings]
    return "\n".join(["Take into account:", *notes]) if notes else ""
