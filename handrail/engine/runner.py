"""Runs a conversation's pending events through its graphs, one run at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from langgraph.types import Command
from opentelemetry.trace import Span
from sqlalchemy import Connection

from handrail.core import attributes as a
from handrail.core.clock import Clock
from handrail.core.conversation import Snapshot
from handrail.core.drafting import Draft
from handrail.core.errors import DefinitionError, HandrailError, LeaseLostError, RunError
from handrail.core.ports import Dispatcher
from handrail.core.verdict import Verdict
from handrail.engine import gate, spans
from handrail.engine.ending import NewerMessageError, RunResult, Written
from handrail.engine.finish import finish
from handrail.engine.gate import Lease
from handrail.engine.handback import summary_of
from handrail.engine.journal import ReviewRequest, TurnJournal
from handrail.engine.kit import Graph, Kits, ReleaseKit
from handrail.engine.leases import Leases
from handrail.engine.plan import Plan, make_plan
from handrail.engine.saver import TurnSaver
from handrail.store import outbox, reviews
from handrail.store.database import Database

log = logging.getLogger("handrail.engine")

TURN_SECONDS = 120.0
"""Longest time a run may take, in seconds; then a person takes it."""
MOST_ATTEMPTS = 3
"""Tries of the same events before a person is asked."""
RECURSION_LIMIT = 60
"""Supersteps after which LangGraph stops a run."""

FAILURE = ("respond", "ask_customer", "reject", "take_over", "snooze", "escalate", "note")
"""Decisions on a turn that could not be finished; ``reject`` tries it again."""


class Runner:
    """Turns pending events into effects."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        graphs: Mapping[str, Graph],
        kits: Kits,
        dispatcher: Dispatcher,
        owner: str,
    ) -> None:
        self._database = database
        self._clock = clock
        self.graphs = graphs
        self._kits = kits
        self._dispatcher = dispatcher
        self._owner = owner
        self._leases = Leases(database, clock, owner)
        self._saver = TurnSaver(database)
        self._compiled: dict[str, Any] = {}

    async def advance(self, conversation_id: str) -> None:
        """Run all pending events of a conversation, unless another run does."""
        more = True
        while more:
            claimed = await self._claim(conversation_id)
            if claimed is None:
                return
            more = await self._run(*claimed)

    async def _claim(self, conversation_id: str) -> tuple[Lease, Plan | Exception] | None:
        """Take the lease and plan the run in one transaction; a plan can fail like a run."""
        release, now = self._kits.active.release.id, self._clock.now()

        def take(connection: Connection) -> tuple[Lease, Plan | Exception] | None:
            lease = gate.claim(
                connection, conversation_id, owner=self._owner, release=release, now=now
            )
            return None if lease is None else (lease, _planned(connection, lease))

        return await self._database.write(take)

    async def _run(self, lease: Lease, plan: Plan | Exception) -> bool:
        """Run the first pending events; say whether there is more to do."""
        if isinstance(plan, Exception):
            log.error("events of %s make no plan", lease.conversation_id, exc_info=plan)
            return await self._fail(lease, Plan(events=lease.events[:1], graph=None), plan)
        try:
            kit, lease = await self._pinned(lease, plan)
            return await self._write(lease, kit, await self._attempt(lease, plan, kit))
        except NewerMessageError:
            await self._give_back(lease)
            return True
        except asyncio.CancelledError:  # the worker stops; another goes on at once
            await asyncio.shield(self._give_back(lease))
            raise
        except LeaseLostError as lost:
            log.info("run of %s stopped: %s", lease.conversation_id, lost)
            return True
        except Exception as error:  # whatever fails lands on a person
            log.exception("turn of %s failed", lease.conversation_id)
            return await self._fail(lease, plan, error)

    async def _pinned(self, lease: Lease, plan: Plan) -> tuple[ReleaseKit, Lease]:
        """Use the release a paused turn began with; a fresh turn uses the active one."""
        if plan.resume is None or plan.review is None:
            return self._kits.active, lease
        kit = await self._kits.of(plan.review["release_id"])
        snapshot = lease.snapshot.model_copy(update={"release": kit.release.id})
        return kit, _with_snapshot(lease, snapshot)

    async def _attempt(self, lease: Lease, plan: Plan, kit: ReleaseKit) -> RunResult:
        if lease.attempts > MOST_ATTEMPTS:
            raise RunError(f"the turn did not end in {MOST_ATTEMPTS} tries")
        if plan.summarise is not None:
            summary = summary_of(lease.snapshot.messages, plan.summarise.note)
            facts = lease.snapshot.conversation.model_copy(update={"summary": summary})
            snapshot = lease.snapshot.model_copy(update={"conversation": facts})
            result = await self._execute(_with_snapshot(lease, snapshot), plan, kit)
            result.summary = summary
            return result
        return await self._execute(lease, plan, kit)

    async def _execute(self, lease: Lease, plan: Plan, kit: ReleaseKit) -> RunResult:
        journal = TurnJournal()
        if plan.graph is None:
            return RunResult(plan, journal, review=plan.ask)
        graph = self._graph(plan)
        result = RunResult(plan, journal, graph_version=graph.version, started_at=self._clock.now())
        with spans.turn_span(lease, plan, graph.version) as span:
            result.trace_id, result.traceparent = (
                spans.trace_id_of(span),
                spans.traceparent_of(span),
            )
            try:
                with self._leases.kept(lease):
                    async with asyncio.timeout(TURN_SECONDS):
                        await self._invoke(lease, result, kit.context(lease.snapshot, journal))
            except Exception as error:
                spans.failed(span, error)
                raise
            _describe(span, result)
        return result

    def _graph(self, plan: Plan) -> Graph:
        graph = self.graphs.get(plan.graph or "")
        if graph is None:
            raise DefinitionError(
                f"no graph {plan.graph!r} is registered; `handrail graph ls` shows which are"
            )
        return graph

    async def _invoke(self, lease: Lease, result: RunResult, context: object) -> None:
        plan = result.plan
        graph = self._graph(plan)
        compiled = self._compiled.get(graph.name)
        if compiled is None:
            compiled = graph.compile(self._saver if graph.interrupts else None)
            self._compiled[graph.name] = compiled
        config: dict[str, Any] = {
            "configurable": {"thread_id": lease.conversation_id},
            "recursion_limit": RECURSION_LIMIT,
        }
        options: dict[str, Any] = {"context": context, "version": "v2"}
        if graph.interrupts:
            options["durability"] = "exit"
        with self._saver.run(fresh=plan.resume is None) as writes:
            given: Any = {"turn": plan.input}
            if plan.resume is not None:
                given = await self._resume_command(compiled, config, plan)
            output = await compiled.ainvoke(given, config, **options)
        result.flush = lambda connection: self._saver.flush(connection, writes)
        if output.interrupts:
            result.status = "waiting"
            result.review = _review_request(output.interrupts[0])
            result.review.traceparent = spans.request_span(
                lease, result.review.kind, result.review.reason
            )

    async def _resume_command(self, compiled: Any, config: dict[str, Any], plan: Plan) -> Any:
        """Answer the very interrupt that the person saw, or refuse."""
        assert plan.review is not None
        assert plan.resume is not None
        interrupt_id = plan.review["interrupt_id"]
        state = await compiled.aget_state(config)
        waiting = {waits.id for task in state.tasks for waits in task.interrupts}
        if interrupt_id not in waiting:
            raise RunError(
                "the paused graph cannot be resumed: the step it waited in is gone. Run "
                "`handrail graph check` before a deploy"
            )
        return Command(resume={interrupt_id: plan.resume.model_dump(mode="json")})

    async def _write(self, lease: Lease, kit: ReleaseKit, result: RunResult) -> bool:
        playbook, now = kit.release.playbook, self._clock.now()

        def work(connection: Connection) -> Written:
            return finish(connection, lease, result, playbook, now)

        written = await self._database.write(work)
        for moment in written.outbox:
            self._dispatcher.wake_at(moment, "outbox", lease.conversation_id)
        for moment in written.timers:
            self._dispatcher.wake_at(moment, "timers", "")
        return written.more

    async def _fail(self, lease: Lease, plan: Plan, error: Exception) -> bool:
        """Open a review for a turn that could not be finished."""
        reason = error.message if isinstance(error, HandrailError) else type(error).__name__
        request = ReviewRequest(
            kind="failure",
            reason=f"failure:{type(error).__name__}",
            explanation=f"The AI could not finish this turn: {reason}",
            draft=None,
            verdict=None,
            allowed=FAILURE,
        )
        fresh = Plan(events=plan.events, graph=plan.graph, input=plan.input, review=plan.review)
        result = RunResult(
            fresh, TurnJournal(), status="failed", review=request, started_at=self._clock.now()
        )
        if plan.aside:  # people are asked already
            result.review = None
            result.journal.audit("aside_failed", graph=plan.graph, reason=reason)
        with suppress(LeaseLostError):
            return await self._write(lease, self._kits.active, result)
        return True

    async def _give_back(self, lease: Lease) -> None:
        await self._database.write(lambda connection: gate.release(connection, lease))


def _planned(connection: Connection, lease: Lease) -> Plan | Exception:
    try:
        return make_plan(
            lease,
            lambda review_id: reviews.row_of(connection, review_id),
            lambda outbox_id: outbox.draft_of(connection, outbox_id),
        )
    except Exception as error:  # noqa: BLE001 - it lands on a person like any failure
        return error


def _with_snapshot(lease: Lease, snapshot: Snapshot) -> Lease:
    return Lease(lease.conversation_id, lease.fence, lease.row, lease.events, snapshot)


def _review_request(interrupt: Any) -> ReviewRequest:
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
    )


def _describe(span: Span, result: RunResult) -> None:
    facts = result.journal.facts
    for name, key in (
        (a.MODE, "mode"),
        (a.INTENT, "intent"),
        (a.CONFIDENCE, "confidence"),
        (a.ROUTE, "route"),
    ):
        if facts.get(key) is not None:
            span.set_attribute(name, facts[key])
    span.set_attribute(a.OUTCOME, result.status)
