"""Walks the texts of a playbook that people read, and finds those not in every language."""

from __future__ import annotations

from collections.abc import Iterator

from handrail.playbook.models import (
    Clarify,
    CourtesyReplies,
    Intent,
    Playbook,
    RecordKind,
    Tone,
)
from handrail.playbook.wording import Words, say
from handrail.playbook.yaml_source import Path

_SHIPPED = (
    Tone().quote,
    Clarify().text,
    Clarify().record,
    CourtesyReplies().greeting,
    CourtesyReplies().thanks,
)
_REPLIES = ("sign_in_reply", "human_request_reply", "crisis_reply", "holding_reply")


def worded(playbook: Playbook) -> Iterator[tuple[Path, Words]]:
    """Yield every text of a playbook that was written for customers or the desk, with its path.

    What was left out, and so has the words of this library, is not among them.
    """
    tone, clarify = playbook.tone, playbook.clarify
    for name in ("greeting", "signature", "apology"):
        yield ("tone", name), getattr(tone, name)
    for path, words in (
        (("tone", "quote"), tone.quote),
        (("clarify", "text"), clarify.text),
        (("clarify", "record"), clarify.record),
        (("courtesy", "greeting"), playbook.courtesy.greeting),
        (("courtesy", "thanks"), playbook.courtesy.thanks),
    ):
        if words not in _SHIPPED:
            yield path, words
    for name in _REPLIES:
        yield (name,), getattr(playbook, name)
    for kind, record in playbook.records.items():
        for path, words in _of_record(record):
            yield ("records", kind, *path), words
    for name, team in playbook.teams.items():
        yield ("teams", name, "label"), team.label
    for name, intent in playbook.intents.items():
        for path, words in _of_intent(intent):
            yield ("intents", name, *path), words


def _of_record(record: RecordKind) -> Iterator[tuple[Path, Words]]:
    yield ("label",), record.label
    for name, field in record.fields.items():
        yield ("fields", name, "label"), field.label
        for value, words in field.values.items():
            yield ("fields", name, "values", value), words


def _of_intent(intent: Intent) -> Iterator[tuple[Path, Words]]:
    yield ("description",), intent.description
    for at, template in enumerate(intent.templates):
        yield ("templates", at, "text"), template.text
        yield ("templates", at, "next_step"), template.next_step


def untranslated(playbook: Playbook) -> Iterator[tuple[Path, str]]:
    """Yield what is not written in one of the brand's languages, with its path.

    None of it is wrong: a person answers where the AI has no words.
    """
    manners = [playbook.manner(language) for language in playbook.brand.languages]
    for path, words in worded(playbook):
        lacking = [manner.language for manner in manners if say(words, manner) is None]
        if lacking:
            yield path, f"not written in {', '.join(lacking)}"
    for name, intent in playbook.intents.items():
        lacking = [m.language for m in manners[1:] if m.language not in intent.translated_examples]
        if lacking:
            yield ("intents", name, "examples"), f"no examples in {', '.join(lacking)}"
