"""Runs a conversation's pending events through its graphs, one run at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from opentelemetry.trace import Span
from pydantic import ValidationError
from sqlalchemy import Connection

from handrail.core import attributes as a
from handrail.core.clock import Clock
from handrail.core.conversation import Snapshot
from handrail.core.errors import (
    DatabaseUnavailableError,
    DefinitionError,
    HandrailError,
    LaterVersionError,
    LeaseLostError,
    NotFoundError,
    RunError,
)
from handrail.core.ports import Dispatcher, Gist
from handrail.engine import gate, spans
from handrail.engine.ending import NewerMessageError, RunResult, Written
from handrail.engine.finish import finish
from handrail.engine.gate import Lease
from handrail.engine.handback import summary_of
from handrail.engine.journal import ReviewRequest, TurnJournal
from handrail.engine.judging_again import judge_again
from handrail.engine.kit import Graph, Kits, ReleaseKit
from handrail.engine.leases import Leases
from handrail.engine.plan import Plan, make_plan
from handrail.engine.restoring import reducers_of
from handrail.engine.resuming import (
    not_carried_out,
    put_in_place,
    resume,
    resumption,
    review_request,
)
from handrail.engine.saver import RunWrites, TurnSaver
from handrail.engine.versions import Graphs
from handrail.playbook.models import Release
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
WITH_DRAFT = ("approve", "edit", *FAILURE)
"""The same where a person had a draft before them."""
LATER_PAUSE = timedelta(seconds=5)
"""Pause before a turn that needs a newer worker is looked at again."""
LATER_WAIT = timedelta(minutes=10)
"""How long such a turn is left to a newer worker; then a person is asked."""


class Runner:
    """Turns pending events into effects."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        graphs: Graphs,
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
        self.leases = Leases(database, clock, owner)
        self._saver = TurnSaver(database)
        self._compiled: dict[tuple[Graph, bool, bool], tuple[Any, Mapping[str, str]]] = {}
        """Graphs ready to run, each with its reducers."""
        self._alone = asyncio.Lock()

    async def advance(self, conversation_id: str) -> None:
        """Run all pending events of a conversation, unless another run does."""
        more = True
        while more:
            claimed = await self._claim(conversation_id)
            if claimed is None:
                return
            if claimed[0].attempts < MOST_ATTEMPTS:
                more = await self._run(*claimed)
                continue
            # Something killed the process in the middle of these events, or of others that ran
            # beside them: one at a time, so that only the culprit is given up.
            await self._give_back(claimed[0])
            more = await self._advance_alone(conversation_id)

    async def _advance_alone(self, conversation_id: str) -> bool:
        async with self._alone:
            claimed = await self._claim(conversation_id)
            return claimed is not None and await self._run(*claimed)

    async def _claim(self, conversation_id: str) -> tuple[Lease, Plan | Exception] | None:
        """Take the lease and plan the run in one transaction; a plan can fail like a run."""
        release, now = self._kits.active.release, self._clock.now()

        def take(connection: Connection) -> tuple[Lease, Plan | Exception] | None:
            lease = gate.claim(
                connection, conversation_id, owner=self._owner, release=release.id, now=now
            )
            return None if lease is None else (lease, _planned(connection, lease, release))

        return await self._database.write(take, synced=False)

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
        except LaterVersionError as later:
            return await self._leave(lease, plan, later)
        except DatabaseUnavailableError:
            raise  # nothing can be written for a person either; tried again when it is back
        except Exception as error:  # whatever fails lands on a person
            log.exception("turn of %s failed", lease.conversation_id)
            return await self._fail(lease, plan, error)

    async def _pinned(self, lease: Lease, plan: Plan) -> tuple[ReleaseKit, Lease]:
        """Use the release a paused turn began with; a fresh turn uses the active one."""
        if plan.resume is None or plan.review is None:
            return self._kits.active, lease
        try:
            kit = await self._kits.of(plan.review["release_id"])
        except NotFoundError as error:
            raise LaterVersionError(error.message) from error
        snapshot = lease.snapshot.model_copy(update={"release": kit.release.id})
        return kit, _with_snapshot(lease, snapshot)

    async def _attempt(self, lease: Lease, plan: Plan, kit: ReleaseKit) -> RunResult:
        if lease.attempts > MOST_ATTEMPTS:
            raise RunError(f"the turn did not end in {MOST_ATTEMPTS} tries")
        if plan.summarise is None:
            result = await self._execute(lease, plan, kit)
            if _people_take(lease, result):
                self._summed_up(result, await self._summary(lease, kit))
            return result
        summary = await self._summary(lease, kit, plan.summarise.note)
        facts = lease.snapshot.conversation.model_copy(update={"summary": summary.text})
        snapshot = lease.snapshot.model_copy(update={"conversation": facts})
        result = await self._execute(_with_snapshot(lease, snapshot), plan, kit)
        self._summed_up(result, summary)
        return result

    async def _summary(self, lease: Lease, kit: ReleaseKit, note: str | None = None) -> Gist:
        with self.leases.kept(lease):
            return await summary_of(lease.snapshot, note, kit.summarizer)

    @staticmethod
    def _summed_up(result: RunResult, summary: Gist) -> None:
        result.summary = summary.text
        result.journal.tokens += summary.tokens

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
                with self.leases.kept(lease):
                    async with asyncio.timeout(TURN_SECONDS):
                        await self._invoke(lease, result, kit.context(lease.snapshot, journal))
            except Exception as error:
                spans.failed(span, error)
                raise
            _describe(span, result)
        return result

    def _graph(self, plan: Plan) -> Graph:
        if plan.resume is not None and plan.review is not None:
            return self.graphs.for_paused(plan.review["graph"], plan.review["graph_version"])
        graph = self.graphs.get(plan.graph or "")
        if graph is None:
            raise DefinitionError(
                f"no graph {plan.graph!r} is registered; `handrail graph ls` shows which are"
            )
        return graph

    async def _invoke(self, lease: Lease, result: RunResult, context: object) -> None:
        plan = result.plan
        graph = self._graph(plan)
        stores = graph.interrupts or plan.resume is not None
        fresh = plan.resume is None
        if (graph, stores, fresh) not in self._compiled:
            made = graph.compile(self._saver if stores else None, fresh=fresh)
            self._compiled[graph, stores, fresh] = made, reducers_of(made)
        compiled, reducers = self._compiled[graph, stores, fresh]
        config: dict[str, Any] = {
            "configurable": {"thread_id": lease.conversation_id},
            "recursion_limit": RECURSION_LIMIT,
        }
        # Nobody reads the output; without a key LangGraph would gather the state at every step.
        options: dict[str, Any] = {"context": context, "version": "v2", "output_keys": "turn"}
        if stores:
            options["durability"] = "exit"
        changed = ""
        writes = RunWrites(fresh=plan.resume is None, reducers=reducers)
        with self._saver.run(writes):
            if plan.resume is None or plan.review is None:
                output = await compiled.ainvoke({"turn": plan.input}, config, **options)
            else:
                paused = resumption(graph, compiled, config, plan.review, writes)
                await put_in_place(paused, self._database)
                output, changed = await resume(paused, plan.resume, result.journal, options)
        if stores:
            result.flush = lambda connection: self._saver.flush(
                connection, lease.conversation_id, writes, waiting=bool(output.interrupts)
            )
        if output.interrupts:
            result.status = "waiting"
            if plan.review is not None and not writes.moved:
                # It waits in the very checkpoint that the older version stored.
                result.graph_version = plan.review["graph_version"]
            result.review = review_request(output.interrupts[0], result.journal.waiting_node)
            if changed and plan.resume is not None:
                result.review.explanation = (
                    f"The flow was changed while this waited and asks anew, for {changed}; "
                    f"{not_carried_out(plan.resume)}. {result.review.explanation}"
                )
            result.review.traceparent = spans.request_span(
                lease, result.review.kind, result.review.reason
            )

    async def _write(self, lease: Lease, kit: ReleaseKit, result: RunResult) -> bool:
        playbook, now = kit.release.playbook, self._clock.now()

        def work(connection: Connection) -> Written:
            return finish(connection, lease, result, playbook, now)

        written = await self._database.write(work)
        for moment in written.outbox:
            self._dispatcher.wake_at(moment, "outbox", lease.conversation_id)
        for moment in written.timers:
            self._dispatcher.wake_at(moment, "timers", "")
        if written.outdated:
            await judge_again(self._database, self._kits, lease.snapshot.customer.id, now)
        return written.more

    async def _fail(self, lease: Lease, plan: Plan, error: Exception) -> bool:
        """Open a review for a turn that could not be finished."""
        reason = error.message if isinstance(error, HandrailError) else type(error).__name__
        explanation = f"The AI could not finish this turn: {reason}"
        seen = None
        if plan.resume is not None and plan.review is not None:
            explanation = f"{explanation}. {not_carried_out(plan.resume)}"
            with suppress(ValidationError):
                seen = reviews.review(plan.review)
        request = ReviewRequest(
            kind="failure",
            reason=f"failure:{type(error).__name__}",
            explanation=explanation,
            draft=seen.draft if seen else None,
            verdict=seen.verdict if seen else None,
            allowed=WITH_DRAFT if seen and seen.draft else FAILURE,
        )
        fresh = Plan(events=plan.events, graph=plan.graph, input=plan.input, review=plan.review)
        result = RunResult(
            fresh, TurnJournal(), status="failed", review=request, started_at=self._clock.now()
        )
        if plan.aside:  # people are asked already
            result.review = None
            result.journal.audit("aside_failed", graph=plan.graph, reason=reason)
        try:
            return await self._write(lease, self._kits.active, result)
        except NewerMessageError:
            await self._give_back(lease)
        except LeaseLostError as lost:
            log.info("run of %s stopped: %s", lease.conversation_id, lost)
        return True

    async def _leave(self, lease: Lease, plan: Plan, later: LaterVersionError) -> bool:
        """Leave a turn to a worker that has what it needs; ask a person when none comes."""
        now = self._clock.now()
        if now - plan.events[0].received_at >= LATER_WAIT:
            return await self._fail(lease, plan, later)
        log.warning("left %s to a newer worker: %s", lease.conversation_id, later)
        again = now + LATER_PAUSE
        await self._database.write(lambda connection: gate.release(connection, lease, until=again))
        self._dispatcher.wake_at(again, "conversation", lease.conversation_id)
        return False

    async def _give_back(self, lease: Lease) -> None:
        await self._database.write(lambda connection: gate.release(connection, lease))


def _planned(connection: Connection, lease: Lease, release: Release) -> Plan | Exception:
    try:
        return make_plan(
            lease,
            lambda review_id: reviews.row_of(connection, review_id),
            lambda outbox_id: outbox.draft_of(connection, outbox_id),
            release.playbook.role_of,
        )
    except Exception as error:  # noqa: BLE001 - it lands on a person like any failure
        return error


def _people_take(lease: Lease, result: RunResult) -> bool:
    """Whether people have the conversation from now on, and not only one reply to look at."""
    handed = result.journal.handed_over
    given = handed is not None and handed.hold and lease.row["holder"] != "human"
    return given or result.plan.taken or result.journal.taken_by is not None


def _with_snapshot(lease: Lease, snapshot: Snapshot) -> Lease:
    return Lease(lease.conversation_id, lease.fence, lease.row, lease.events, snapshot)


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
