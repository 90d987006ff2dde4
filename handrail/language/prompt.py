"""Builds the messages a language model is asked with; all that is not ours stays fenced as data."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from handrail.core.conversation import Message
from handrail.core.ports import DraftRequest
from handrail.language.formats import format_value, locale_for
from handrail.language.quoting import article_source
from handrail.language.templates import record_source
from handrail.playbook.models import Intent, Playbook
from handrail.playbook.wording import say

HISTORY = 12
"""Most earlier messages that are shown to the model."""


@cache
def read_prompt(name: str) -> str:
    """Return the text of a prompt of ours."""
    return (files("handrail.language") / "prompts" / f"{name}.md").read_text(encoding="utf-8")


def prompt_texts() -> dict[str, str]:
    """Return the prompts by name: texts that must never reach a customer."""
    return {name: read_prompt(name) for name in ("reply", "judge")}


def gather_evidence(request: DraftRequest, playbook: Playbook) -> dict[str, str]:
    """Return what a reply may rely on, by id: record fields and passages fit for customers.

    Without a verified identity there are no record fields.
    """
    evidence = dict(_record_evidence(request, playbook)) if request.snapshot.verified else {}
    for passage in request.passages:
        if not passage.internal:
            evidence[article_source(passage)] = f"{passage.title}: {passage.text}"
    return evidence


def _record_evidence(request: DraftRequest, playbook: Playbook) -> Iterator[tuple[str, str]]:
    language = playbook.brand.answers_in(request.language or request.snapshot.customer.language)
    locale = locale_for(language, playbook.brand.region)
    for record in request.snapshot.records:
        yield record_source(record, "id"), record.id
        for name, value in record.fields.items():
            text = format_value(value, locale)
            if value.visibility == "customer" and text is not None:
                yield record_source(record, name), text


def build_messages(
    request: DraftRequest, playbook: Playbook, evidence: Mapping[str, str]
) -> list[dict[str, str]]:
    """Write the chat messages: rules, then evidence and conversation, each between fences.

    The fence is new each time, so that nobody can close it.
    """
    fence = f"=== {secrets.token_hex(8)} ==="
    intent = playbook.intents.get(request.intent.top or "")
    system = read_prompt("reply").format(
        brand=playbook.brand.name,
        fence=fence,
        max_chars=playbook.tone.max_chars,
        forbidden=", ".join(playbook.tone.forbidden) or "none",
        intent=_description(intent, playbook) if intent else "unknown",
        summary=_summary(request),
        evidence="\n".join(f"[{key}] {text}" for key, text in evidence.items()) or "none",
        notes=_notes(request),
    )
    talk = "\n".join(_lines(request))
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": f"{fence}\n{talk}\n{fence}"},
    ]


def _description(intent: Intent, playbook: Playbook) -> str:
    return say(intent.description, playbook.manner(None)) or "unknown"


def _lines(request: DraftRequest) -> Iterator[str]:
    shown = [m for m in request.snapshot.messages if m.role != "note" and m.text != request.text]
    for message in shown[-HISTORY:]:
        yield f"{_speaker(message)}: {message.text}"
    yield f"customer, now: {request.text}"


def _speaker(message: Message) -> str:
    return "customer, earlier" if message.role == "customer" else "us, earlier"


def _summary(request: DraftRequest) -> str:
    summary = request.snapshot.conversation.summary
    return f"What colleagues did last: {summary}" if summary else ""


def _notes(request: DraftRequest) -> str:
    notes = [f"- A colleague rejected an earlier draft: {r}" for r in request.notes.rejections]
    notes += [f"- A check found in the draft before: {f}" for f in request.notes.findings]
    return "\n".join(["Take into account:", *notes]) if notes else ""
