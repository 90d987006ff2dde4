"""What the engine is given from above: graphs, and per playbook release the means to run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver

from handrail.core.conversation import Snapshot
from handrail.core.migration import Rule
from handrail.core.ports import Journal, Summarizer, Verifier
from handrail.playbook.models import Release


class Graph(Protocol):
    """A registered graph."""

    @property
    def name(self) -> str:
        """Its registered name."""
        ...

    @property
    def version(self) -> str:
        """Version that a paused conversation stays with."""
        ...

    @property
    def interrupts(self) -> bool:
        """Whether it can wait for a person, and so needs checkpoints."""
        ...

    @property
    def migrations(self) -> tuple[Rule, ...]:
        """How a conversation that waits in an older version goes on in this one."""
        ...

    def before(self, node: str) -> tuple[str, ...]:
        """The nodes from which an edge leads to ``node``."""
        ...

    def compile(self, saver: BaseCheckpointSaver[str] | None, *, fresh: bool = False) -> Any:
        """Return the LangGraph graph, ready to run; ``fresh`` for runs that begin at its start."""
        ...


@dataclass(frozen=True)
class ReleaseKit:
    """A playbook release with all that runs under it."""

    release: Release
    verifier: Verifier
    context: Callable[[Snapshot, Journal], object]
    """Makes the run-time context that the graph's nodes are given."""
    summarizer: Summarizer | None = None
    """Writes the gist of a conversation that changes hands; none without a language model."""


class Kits(Protocol):
    """Finds the kit of a release; paused conversations keep theirs."""

    @property
    def active(self) -> ReleaseKit:
        """The release that new turns run under."""
        ...

    async def of(self, release_id: str) -> ReleaseKit:
        """The kit of a stored release.

        Raises:
            NotFoundError: there is no such release.
        """
        ...
