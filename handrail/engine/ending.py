"""The end of a run as data: what it wants written, and what was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from handrail.core.conversation import Snapshot
from handrail.engine.gate import Lease
from handrail.engine.journal import ReviewRequest, TurnJournal
from handrail.engine.plan import Plan
from handrail.playbook.models import Playbook
from handrail.store import audit
from handrail.store.prepared import Row


class NewerMessageError(Exception):
    """The customer wrote again while the turn ran, or a person decided what waits: it runs anew."""


@dataclass
class RunResult:
    """How a run ended, and what it wants written."""

    plan: Plan
    journal: TurnJournal
    graph_version: str = ""
    status: str = "done"
    """``done``, ``waiting`` for a person, or ``failed``."""
    review: ReviewRequest | None = None
    flush: Callable[[Connection], None] | None = None
    """Writes the run's checkpoints."""
    trace_id: str | None = None
    traceparent: str | None = None
    started_at: datetime | None = None
    summary: str | None = None


@dataclass
class Written:
    """What the transaction left behind for others to act upon."""

    more: bool = False
    """Events wait still."""
    outbox: list[datetime] = field(default_factory=list)
    """When replies may leave."""
    timers: list[datetime] = field(default_factory=list)
    outdated: bool = False
    """A review was opened, and something went on record while its draft was made."""


@dataclass
class Ending:
    """One run of :func:`finish`."""

    connection: Connection
    lease: Lease
    result: RunResult
    playbook: Playbook
    now: datetime
    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    entries: list[audit.AuditRow] = field(default_factory=list)
    changes: list[tuple[str, str | None]] = field(default_factory=list)
    written: Written = field(default_factory=Written)

    @property
    def conversation_id(self) -> str:
        """The conversation that was run."""
        return self.lease.conversation_id

    @property
    def snapshot(self) -> Snapshot:
        """What the run knew when it began."""
        return self.lease.snapshot

    def note(self, kind: str, actor: str = "ai", /, **payload: Any) -> None:
        """Add a row for the audit chain."""
        self.entries.append(
            audit.AuditRow(
                kind=kind,
                actor=actor,
                at=self.now,
                payload=payload,
                turn_id=self.result.plan.turn_id or None,
                trace_id=self.result.trace_id,
            )
        )
