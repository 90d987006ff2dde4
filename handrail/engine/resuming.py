"""A person's decision goes back into the graph that asked, whatever was deployed meanwhile.

The stored state is fitted to the graph as it is now, the run is put where its node went, and the
graph is asked again. The decision answers only the question that the person saw; another question
becomes a review of its own, and a graph that asks nothing more a failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from langgraph.types import Command
from opentelemetry.trace import NoOpTracer

from handrail.core.decisions import AskCustomer, Decided, Edit, Respond
from handrail.core.drafting import Draft
from handrail.core.errors import StrandedError
from handrail.core.migration import Place, Rule, place_after, rules_after
from handrail.core.tracing import traced_by
from handrail.core.verdict import Verdict
from handrail.engine.journal import ReviewRequest, TurnJournal
from handrail.engine.kit import Graph
from handrail.engine.restoring import restore
from handrail.engine.saver import RunWrites, TurnSaver
from handrail.store.database import Database
from handrail.store.prepared import Row


@dataclass(frozen=True)
class Resumption:
    """A paused turn, and the graph it goes on in."""

    graph: Graph
    compiled: Any
    config: Any
    review: Row
    """The review that was opened when it paused."""
    rules: tuple[Rule, ...]
    """What became of the graph since."""
    writes: RunWrites

    @property
    def place(self) -> Place:
        """Where it goes on."""
        return place_after(self.rules, self.review["node"] or "")

    @property
    def moves(self) -> bool:
        """Whether its node is not where it was."""
        return self.place != Place(self.review["node"] or "")


def resumption(
    graph: Graph, compiled: Any, config: Any, review: Row, writes: RunWrites
) -> Resumption:
    """Gather what going on needs; rules count from the version that paused."""
    rules = rules_after(graph.migrations, review["graph_version"])
    return Resumption(graph, compiled, config, review, rules, writes)


async def put_in_place(paused: Resumption, database: Database) -> None:
    """Load the paused state, fit it to the graph and move it to where its node went.

    Nothing is written; the run that follows starts from it.

    Raises:
        StrandedError: it does not fit, or its node is gone; the text names the rule that is
            missing.
    """
    saver: TurnSaver = paused.compiled.checkpointer
    loaded = await database.read(lambda c: saver.load(c, paused.config))
    if loaded is None:
        raise StrandedError("the paused state is gone; answer the customer in your own words")
    writes = paused.writes
    writes.newest, writes.converted = restore(
        *loaded, paused.compiled, paused.rules, lambda known: saver.get_next_version(known, None)
    )
    if not paused.moves:
        await _expect(paused, paused.place.node)
    elif paused.place.after:
        await _go_on_after(paused, paused.place.node)
    else:
        await _go_before(paused, paused.place.node)


async def _next(paused: Resumption) -> tuple[str, ...]:
    state = await paused.compiled.aget_state(paused.config)
    return tuple(task.name for task in state.tasks)


async def _expect(paused: Resumption, node: str) -> None:
    if node in await _next(paused):
        return
    raise StrandedError(
        f"the node {node!r} it waits in is gone from graph {paused.graph.name!r} version "
        f"{paused.graph.version}; declare renamed({node!r}, NEW, since=...) or removed({node!r}, "
        "resume_as=NODE, since=...), or keep the old version registered"
    )


async def _go_on_after(paused: Resumption, node: str) -> None:
    if node not in paused.compiled.nodes:
        raise StrandedError(f"a rule resumes after {node!r}, which is no node; correct the rule")
    await paused.compiled.aupdate_state(paused.config, None, as_node=node)


async def _go_before(paused: Resumption, node: str) -> None:
    """Go where the edges of a node before lead to this one and to nothing else."""
    start, calls = paused.writes.newest, len(paused.writes.calls)
    for before in paused.graph.before(node):
        if await _leads(paused, before, node):
            return
        paused.writes.newest = start
        del paused.writes.calls[calls:]
    raise StrandedError(
        f"no edge leads to {node!r} with this conversation's state; declare removed("
        f"{paused.review['node']!r}, resume_as=NODE, since=...) with the node to go on after"
    )


async def _leads(paused: Resumption, before: str, node: str) -> bool:
    try:
        await paused.compiled.aupdate_state(paused.config, None, as_node=before)
        return await _next(paused) == (node,)
    except Exception:  # noqa: BLE001 - an edge that cannot be judged with this state is not the way
        return False


async def resume(
    paused: Resumption, decided: Decided, journal: TurnJournal, options: dict[str, Any]
) -> tuple[Any, str]:
    """Ask again, and answer where it is the question the person saw.

    Returns:
        What the graph returned, and why the decision was not carried out (empty where it was).

    Raises:
        StrandedError: the graph asks nothing more; all it did is to be thrown away.
    """
    asked = await _ask_again(paused, options)
    if not asked.interrupts or journal.replies:
        raise StrandedError(
            f"graph {paused.graph.name!r} version {paused.graph.version} does not ask a person "
            "here any more, and nothing is sent on a decision about another version; decide again"
        )
    waits = asked.interrupts[0]
    differs = _other_question(review_request(waits, None), paused.review, decided)
    if differs:
        return asked, differs
    if not paused.moves:
        paused.writes.calls.clear()  # the question is stored already
    before, now = paused.review["graph_version"], paused.graph.version
    if before != now:
        journal.audit("graph_changed", graph=paused.graph.name, before=before, now=now)
    answer = Command(resume={waits.id: decided.model_dump(mode="json")})
    return await paused.compiled.ainvoke(answer, paused.config, **options), ""


async def _ask_again(paused: Resumption, options: dict[str, Any]) -> Any:
    if paused.moves:
        return await paused.compiled.ainvoke(None, paused.config, **options)
    with traced_by(NoOpTracer()):  # the node runs once more in a moment, and that one counts
        return await paused.compiled.ainvoke(None, paused.config, **options)


def _other_question(asked: ReviewRequest, review: Row, decided: Decided) -> str:
    """Say how a question differs from the one that was decided; empty where it does not."""
    digest = asked.draft.digest if asked.draft else None
    if digest != review["digest"]:
        return "it is about another draft"
    if asked.reason != review["reason"]:
        return f"it asks {asked.reason!r} and no longer {review['reason']!r}"
    if decided.decision.kind not in asked.allowed:
        return f"{decided.decision.kind!r} is no possible answer any more"
    return ""


def review_request(interrupt: Any, node: str | None) -> ReviewRequest:
    """Make the review of an interrupt's payload (see ``nodes/ask_human.py``)."""
    asked: dict[str, Any] = interrupt.value
    return ReviewRequest(
        kind="approval",
        reason=asked["reason"],
        explanation=asked["explanation"],
        draft=Draft.model_validate(asked["draft"]) if asked.get("draft") else None,
        verdict=Verdict.model_validate(asked["verdict"]) if asked.get("verdict") else None,
        allowed=tuple(asked["allowed"]),
        interrupt_id=interrupt.id,
        node=node,
    )


def not_carried_out(decided: Decided) -> str:
    """Tell the next person what the last one wanted, in full, for nothing of it happened."""
    decision = decided.decision
    text = f": {decision.text}" if isinstance(decision, Edit | Respond | AskCustomer) else ""
    return f"{decided.actor}'s decision ({decision.kind}) was not carried out{text}"
