"""What the AI is told of a stretch that people handled."""

from __future__ import annotations

from handrail.core.conversation import Message

MOST_CHARS = 1500
"""Longest summary, in characters."""


def summary_of(messages: tuple[Message, ...], note: str) -> str:
    """Sum up what people did: the hand-back note, then what they wrote, newest last.

    Extractive: every word was written by a person of the team.
    """
    said = [
        f"{message.author or 'agent'}: {message.text}"
        for message in messages
        if message.role in ("agent", "note")
    ]
    parts = [f"Hand-back note: {note}"] if note.strip() else []
    return "\n".join([*parts, *said])[-MOST_CHARS:]
