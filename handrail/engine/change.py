"""What one event changes, gathered at the door before it is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from handrail.core.errors import InvalidMessageError
from handrail.core.events import MAX_MESSAGE_CHARS
from handrail.core.ids import new_id
from handrail.core.storable import storable
from handrail.playbook.models import Playbook, Release
from handrail.store import audit
from handrail.store import tables as t
from handrail.store.prepared import Prepared, Row

_INSERT_MESSAGE = Prepared(insert(t.messages))
_INSERT_CHANGE = Prepared(insert(t.desk_changes))


@dataclass
class Change:
    """What one event changes, gathered before it is written."""

    row: Row
    release: Release
    """The playbook whose teams and times count."""
    values: dict[str, Any] = field(default_factory=dict)
    entries: list[audit.AuditRow] = field(default_factory=list)
    changes: list[tuple[str, str | None]] = field(default_factory=list)
    message_id: str | None = None
    runs: bool = False
    """Whether a run follows, of an event that by itself starts none."""

    @property
    def playbook(self) -> Playbook:
        """The playbook whose teams and times count."""
        return self.release.playbook


def visible(text: str) -> str:
    """Strip a message of surrounding space; what is left must hold a visible character.

    Raises:
        InvalidMessageError: nothing visible is left, or it is too long.
    """
    if len(text) > MAX_MESSAGE_CHARS:
        raise InvalidMessageError(
            f"the message has {len(text):,} characters; the most is {MAX_MESSAGE_CHARS:,}. "
            "Send it in parts"
        )
    clean = storable(text).strip()
    if not any(unicodedata.category(char)[0] in "LNPS" for char in clean):
        raise InvalidMessageError("the message has no visible text; write something")
    return clean


def note(change: Change, kind: str, actor: str, now: datetime, /, **payload: Any) -> None:
    """Add a row for the audit chain."""
    change.entries.append(audit.AuditRow(kind=kind, actor=actor, at=now, payload=payload))


def announce(
    connection: Connection,
    conversation_id: str,
    changes: Iterable[tuple[str, str | None]],
    now: datetime,
) -> None:
    """Tell every open desk what changed: each a kind, and the review where it is about one."""
    _INSERT_CHANGE.run(
        connection,
        *(
            {"kind": kind, "conversation_id": conversation_id, "review_id": review_id, "at": now}
            for kind, review_id in changes
        ),
    )


def write_teamnote(
    connection: Connection, change: Change, text: str, actor: str, now: datetime
) -> None:
    """Add a message to the conversation that only the team sees."""
    message_seq = change.row["message_seq"] + 1
    change.message_id = new_id("msg")
    _INSERT_MESSAGE.run(
        connection,
        {
            "id": change.message_id,
            "conversation_id": change.row["id"],
            "seq": message_seq,
            "role": "note",
            "author": actor,
            "channel": "desk",
            "text": visible(text),
            "at": now,
        },
    )
    change.values["message_seq"] = message_seq
    change.changes.append(("message", None))
    note(change, "noted", actor, now, message_id=change.message_id)
