"""What these graphs would do to the conversations that wait in a database: tried, nothing kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from handrail.core.errors import HandrailError
from handrail.engine.kit import Graph
from handrail.engine.resuming import put_in_place, resumption
from handrail.engine.saver import RunWrites, TurnSaver
from handrail.engine.versions import Graphs
from handrail.store import tables as t
from handrail.store.database import Database
from handrail.store.prepared import Row

_WAITING = (
    select(
        t.reviews.c.id,
        t.reviews.c.conversation_id,
        t.reviews.c.graph,
        t.reviews.c.graph_version,
        t.reviews.c.node,
    )
    .where(t.reviews.c.status == "open", t.reviews.c.interrupt_id.is_not(None))
    .order_by(t.reviews.c.opened_at, t.reviews.c.id)
)


@dataclass(frozen=True)
class Prospect:
    """What becomes of one conversation that waits for a person."""

    conversation_id: str
    review_id: str
    graph: str
    version: str
    """The version of the graph that paused it."""
    node: str
    """Where it waits."""
    outcome: Literal["resumes", "migrates", "stranded"]
    """``resumes`` as it is, ``migrates`` by declared rules, or cannot go on."""
    reason: str = ""
    """Why it is stranded, and the rule that is missing."""


async def rehearse(database: Database, graphs: Graphs) -> tuple[Prospect, ...]:
    """Try to go on in every conversation that waits at an interrupt; the database is only read."""
    saver, compiled = TurnSaver(database), dict[Graph, Any]()
    rows = await database.read(lambda c: c.execute(_WAITING).mappings().all())
    found: list[Prospect] = []
    for row in rows:
        outcome, reason = await _outcome(database, graphs, saver, compiled, row)
        place = (row["graph"], row["graph_version"], row["node"] or "")
        found.append(Prospect(row["conversation_id"], row["id"], *place, outcome, reason))
    return tuple(found)


async def _outcome(
    database: Database,
    graphs: Graphs,
    saver: TurnSaver,
    compiled: dict[Graph, Any],
    row: Row,
) -> tuple[Literal["resumes", "migrates", "stranded"], str]:
    config = {"configurable": {"thread_id": row["conversation_id"]}}
    writes = RunWrites(fresh=False)
    try:
        graph = graphs.for_paused(row["graph"], row["graph_version"])
        if graph not in compiled:
            compiled[graph] = graph.compile(saver)
        paused = resumption(graph, compiled[graph], config, row, writes)
        with saver.run(writes):
            await put_in_place(paused, database)
    except HandrailError as error:
        return "stranded", error.message
    return ("migrates" if paused.rules else "resumes"), ""
