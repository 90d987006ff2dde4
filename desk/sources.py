"""What a person reads in place of the key of a source: ``article:returns#2``."""

from __future__ import annotations

from collections.abc import Iterable

from handrail.core.conversation import Passage

_PLAIN = {
    "playbook": "the playbook's own words",
    "rule:evidence": "records and articles",
    "rule:records": "the records",
    "rule:playbook": "the playbook",
    "message:said": "the customer's message",
    "message:quoted": "a mail in the customer's message",
}


def source_title(source: str, passages: Iterable[Passage] = ()) -> str:
    """Return the title of an article, the name of a record and its field, or the key's own words.

    Args:
        source: Key of the source.
        passages: Those that were found for the draft, which know the titles of articles.
    """
    kind, _, name = source.partition(":")
    match kind:
        case "article":
            titles = (passage.title for passage in passages if passage.id == name)
            return next(titles, f"article {name}")
        case "record":
            place, _, field = name.partition("#")
            record = place.replace("/", " ", 1)
            return f"{record}, {field.replace('_', ' ')}" if field not in ("", "id") else record
        case "message":
            return _PLAIN.get(source, "an earlier message")
        case "rule":
            return _PLAIN.get(source, f"rule {name}")
        case _:
            return _PLAIN.get(source, source)
