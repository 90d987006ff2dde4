"""What people said that customers' messages mean, read from their decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, select

from handrail.store.tables import decisions, messages, reviews

_MOST: Final = 5000
"""The newest are read; older ones say little that they do not."""
_TELLING: Final = ("correct_intent", "approve")


@dataclass(frozen=True)
class Label:
    """A message with the intent that a person gave it or let stand."""

    text: str
    intent: str
    kind: Literal["corrected", "confirmed"]


def count(connection: Connection) -> int:
    """How many decisions there are that may tell an intent."""
    query = select(func.count()).where(decisions.c.kind.in_(_TELLING))
    return connection.execute(query).scalar_one()


def labelled(connection: Connection) -> tuple[Label, ...]:
    """List the labels, the oldest first.

    A correction says what was meant. An approval confirms the intent where the draft answered
    for it, by a template or a model; a question back or a quoted passage confirms nothing.
    """
    said = (
        select(messages.c.text)
        .where(
            messages.c.conversation_id == reviews.c.conversation_id,
            messages.c.role == "customer",
            messages.c.at <= reviews.c.opened_at,
        )
        .order_by(messages.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(decisions.c.kind, decisions.c.body, reviews.c.intent, reviews.c.draft, said)
        .join(reviews, reviews.c.id == decisions.c.review_id)
        .where(decisions.c.kind.in_(_TELLING))
        .order_by(decisions.c.at.desc(), decisions.c.id)
        .limit(_MOST)
    )
    found = [_label(*row) for row in connection.execute(query)]
    return tuple(label for label in reversed(found) if label is not None)


def _label(kind: str, body: Any, intent: str | None, draft: Any, text: str | None) -> Label | None:
    if not text:
        return None
    if kind == "correct_intent":
        return Label(text, body["intent"], "corrected")
    answered = draft and draft.get("source") in ("template", "model") and draft.get("answers", True)
    return Label(text, intent, "confirmed") if intent and answered else None
