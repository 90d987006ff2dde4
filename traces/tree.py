"""A trace as a tree of spans, with the audit rows of the same turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from handrail.store.judgements import Step

Status = Literal["ok", "waiting", "error"]
"""``waiting``: a person was asked and has not decided; ``error``: a span failed."""

NS = 1_000_000_000
"""Nanoseconds in a second."""

RUN: Final = "invoke_workflow "
ASKED: Final = "human.request "
WAITED: Final = "human.wait "
"""What the names of these spans begin with."""


def moment(nanoseconds: int) -> datetime:
    """The UTC moment of a span's time."""
    return datetime.fromtimestamp(nanoseconds / NS, UTC)


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One line of a list of traces."""

    trace_id: str
    conversation_id: str | None
    started_at: datetime
    ai_ns: int
    """Time in which the graph ran."""
    human_ns: int
    """Time in which it waited for people and got an answer."""
    spans: int
    errors: int
    status: Status


@dataclass(slots=True)
class SpanNode:
    """A span with the spans below it, in order of their start."""

    span_id: str
    parent_id: str | None
    name: str
    kind: str
    start_ns: int
    end_ns: int
    """Nanoseconds since 1970, as ``start_ns``."""
    status: str
    """``unset``, ``ok`` or ``error``."""
    attributes: dict[str, Any]
    events: list[dict[str, Any]]
    links: list[dict[str, Any]]
    children: list[SpanNode] = field(default_factory=list["SpanNode"])

    @property
    def duration_ns(self) -> int:
        """How long it took, in nanoseconds."""
        return self.end_ns - self.start_ns

    @property
    def is_wait(self) -> bool:
        """Whether it is the time a person took."""
        return self.name.startswith(WAITED)

    def walk(self) -> Iterator[SpanNode]:
        """This span and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A row of the audit chain that belongs to a trace."""

    conversation_id: str
    no: int
    kind: str
    actor: str
    payload: dict[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is known of one turn."""

    trace_id: str
    conversation_id: str | None
    roots: tuple[SpanNode, ...]
    """One, unless spans were lost: then those that lost their parent stand here too."""
    audit: tuple[AuditEntry, ...]
    steps: tuple[Step, ...] = ()
    """How the turn's text came about."""

    def walk(self) -> Iterator[SpanNode]:
        """All spans, parents first."""
        for root in self.roots:
            yield from root.walk()

    @property
    def spans_lost(self) -> bool:
        """Whether there is a hole: a span without its parent, or audit rows without any span."""
        return not self.roots or any(root.parent_id for root in self.roots)

    @property
    def ai_ns(self) -> int:
        """Time in which the graph ran, in nanoseconds."""
        return sum(s.duration_ns for s in self.walk() if s.name.startswith(RUN))

    @property
    def human_ns(self) -> int:
        """Time in which it waited for people and got an answer, in nanoseconds."""
        return sum(s.duration_ns for s in self.walk() if s.is_wait)

    @property
    def status(self) -> Status:
        """How the turn stands."""
        names = [span.name for span in self.walk()]
        asked, waited = (
            sum(name.startswith(prefix) for name in names) for prefix in (ASKED, WAITED)
        )
        if any(span.status == "error" for span in self.walk()):
            return "error"
        return "waiting" if asked > waited else "ok"
