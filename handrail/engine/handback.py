"""What is told to who goes on with a conversation: people who take it, or the AI again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from handrail.core.conversation import Message, Snapshot
from handrail.core.ports import Gist, Summarizer
from handrail.language.outcomes import open_questions, promises, records_touched
from handrail.store.conversations import unanswered

MOST_CHARS = 2400
"""Longest summary, in characters; notes and lists are never longer, and what happened is cut."""
MOST_LISTED = 5
"""Entries of a list, the newest."""
MOST_OF_ONE = 120
"""Characters of one entry; three times as many of a note."""
NOTE = "Hand-back note: "


async def summary_of(
    snapshot: Snapshot, note: str | None = None, summarizer: Summarizer | None = None
) -> Gist:
    """Sum up a conversation that changes hands.

    Notes of people come first and are kept when it changes hands again. Then what happened: in
    a model's words, or in those of the people of the team. Last what is open, promised and
    touched, found without a model.

    Args:
        snapshot: The conversation.
        note: What the person who hands back wrote; ``None`` where people take it.
        summarizer: Writes what happened, where a model is there.
    """
    gist = await summarizer.summarize(snapshot) if summarizer else Gist()
    notes = _notes(snapshot.conversation.summary or "", note or "")
    lists = "\n".join(_lists(snapshot))
    told = gist.text or "\n".join(_said(snapshot.messages))
    room = MOST_CHARS - len(notes) - len(lists) - 2
    parts = (notes, told[-room:], lists)
    return Gist(text="\n".join(part for part in parts if part), tokens=gist.tokens)


def _notes(summary: str, note: str) -> str:
    earlier = [line for line in summary.splitlines() if line.startswith(NOTE)]
    newest = [f"{NOTE}{_short(note, 3 * MOST_OF_ONE)}"] if note.strip() else []
    return "\n".join([*earlier, *newest][-2:])


def _said(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        if message.role in ("agent", "note"):
            yield f"{message.author or 'agent'}: {' '.join(message.text.split())}"


def _lists(snapshot: Snapshot) -> Iterator[str]:
    messages = snapshot.messages
    yield from _listed("Open questions:", open_questions(unanswered(messages)))
    yield from _listed("Promised:", (f"{who}: {text}" for who, text in promises(messages)))
    touched = records_touched(messages, snapshot.records)
    if touched:
        yield _short(f"Records: {', '.join(touched[-MOST_LISTED:])}")


def _listed(title: str, entries: Iterable[str]) -> Iterator[str]:
    newest = list(dict.fromkeys(map(_short, entries)))[-MOST_LISTED:]
    if newest:
        yield title
        yield from (f"- {entry}" for entry in newest)


def _short(text: str, most: int = MOST_OF_ONE) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
