"""The promises, each tried to be broken; and each broken once its mechanism is taken out.

A scenario is a plain function that fails with the name of its promise. ``REMOVALS`` takes out what
keeps the promise: with it gone the same scenario must fail, or it proves nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

import handrail
from handrail.core.decisions import Approve, Edit, Reject, TakeOver
from handrail.core.drafting import Draft
from handrail.core.errors import BlockedTextError, GraphError, StaleDecisionError
from handrail.core.events import Event
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest
from handrail.core.verdict import Verdict
from handrail.desk.settings import Settings
from handrail.engine import effects, finish, gate, ingest, relay, replies, runner, service
from handrail.engine.saver import TurnSaver
from handrail.graphs import checking
from handrail.graphs.support import support
from handrail.nodes import choose_route, detect_intent
from handrail.store import audit, conversations, reviews
from handrail.store import tables as t

ASKS_TO_CANCEL = "Please cancel my order LF1001"
ASKS_POLICY = "What is your return policy?"


class Writes:
    """A drafter that writes a given text, after a pause where one is wanted."""

    def __init__(self, text: str = "Thank you for your message.") -> None:
        self.text = text
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def draft(self, request: DraftRequest) -> Draft:
        """Write the text."""
        self.started.set()
        await self.go_on.wait()
        return Draft(id=new_id("dft"), text=self.text, source="template", round=request.round)


class Fails:
    """A drafter that fails in a given way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def draft(self, request: DraftRequest) -> Draft:
        """Fail."""
        del request
        raise self.error


async def refusal(attempt: Awaitable[object]) -> object:
    """The error that an attempt ends with, or what it returns."""
    (outcome,) = await asyncio.gather(attempt, return_exceptions=True)
    return outcome


async def run_until_drafting(world: Any, drafter: Writes) -> asyncio.Task[None]:
    """Start a turn and stop it in the middle, while the draft is being written."""
    drafter.go_on.clear()
    world.use(drafter=drafter)
    accepted = await world.say(ASKS_POLICY)
    run = asyncio.create_task(world.engine.handle("conversation", accepted.conversation_id))
    await asyncio.wait_for(drafter.started.wait(), 10)
    return run


async def answered_or_waiting(world: Any) -> bool:
    """Whether every accepted message is answered, or waits where people see it."""
    for row in await world.rows(t.conversations):
        view = await world.engine.conversation(row["id"])
        last = [m for m in view.messages if m.role != "note"][-1]
        waits = any(review.status == "open" for review in view.reviews)
        if last.role == "customer" and not waits:
            return False
    return True


# P1: nothing is lost


async def p1_message_survives_a_crash_in_the_run(world: Any) -> None:
    """A run that dies in the middle leaves the message to the next one."""
    drafter = Writes()
    run = await run_until_drafting(world, drafter)
    run.cancel()  # as if the process had died: no clean-up of ours runs
    await asyncio.gather(run, return_exceptions=True)
    drafter.go_on.set()
    world.clock.move(gate.LEASE + timedelta(seconds=1))
    await world.work()
    assert await answered_or_waiting(world), "P1: a message was lost when its run died"
    assert world.postbox.delivered == [drafter.text], "P1: the message was not answered"


async def p1_undeliverable_reply_comes_back(world: Any) -> None:
    """A reply that no provider takes ends before a person."""
    world.postbox.failures = 100
    await world.ask(ASKS_POLICY)
    for _ in range(12):
        world.clock.move(timedelta(minutes=15))
        await world.work()
    assert [r.kind for r in await world.engine.reviews()] == ["failure"], (
        "P1: a reply that could not be delivered vanished"
    )


async def p1_earlier_question_is_not_passed_over(world: Any) -> None:
    """An autonomous answer to the second question must not bury the first."""
    await world.ask(ASKS_TO_CANCEL)
    await world.ask(ASKS_POLICY)
    assert world.postbox.delivered == [], "P1: the second answer buried the first question"
    assert len(await world.engine.reviews()) == 1, "P1: the first question waits for nobody"


# P2: no double reply


async def p2_duplicate_event_counts_once(world: Any) -> None:
    """A webhook that is delivered twice is answered once."""
    first = await world.ask(ASKS_POLICY, name="same")
    second = await world.ask(ASKS_POLICY, name="same")
    assert second.event_id == first.event_id, "P2: a duplicate event was stored"
    assert len(world.postbox.delivered) == 1, "P2: a duplicate event was answered"


async def p2_two_people_one_reply(world: Any) -> None:
    """Two people approve at once: one wins, the other is told who."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    outcomes = await asyncio.gather(
        world.decide(review, Approve(), actor="kim"),
        world.decide(review, Edit(text="We will look into it."), actor="lee"),
        return_exceptions=True,
    )
    await world.work()
    assert len(world.postbox.delivered) == 1, "P2: two decisions sent two replies"
    refused = [o for o in outcomes if isinstance(o, StaleDecisionError)]
    assert len(refused) == 1, "P2: the second decision was not refused"
    assert refused[0].details["decided_by"] in ("kim", "lee"), "P2: the winner is not named"


async def p2_double_click_is_one_decision(world: Any) -> None:
    """The same decision twice is accepted twice and acted upon once."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    await world.decide(review, Approve())
    (again,) = await asyncio.gather(world.decide(review, Approve()), return_exceptions=True)
    await world.work()
    assert getattr(again, "duplicate", False), "P2: the second click was a second decision"
    assert len(world.postbox.delivered) == 1, "P2: a double click sent two replies"


async def p2_retry_keeps_the_idempotency_key(world: Any) -> None:
    """A delivery that is tried again carries the same key."""
    world.postbox.failures = 2
    await world.ask(ASKS_POLICY)
    for _ in range(4):
        world.clock.move(timedelta(minutes=1))
        await world.work()
    keys = {call.id for call in world.postbox.calls}
    assert len(world.postbox.calls) == 3, "P2: the delivery was not tried again"
    assert len(keys) == 1, "P2: a retry carried another idempotency key"


async def p2_late_worker_writes_nothing(world: Any) -> None:
    """A worker that was stopped and comes back after its lease ran out writes nothing."""
    drafter = Writes()
    run = await run_until_drafting(world, drafter)
    world.clock.move(gate.LEASE + timedelta(seconds=1))
    drafter.go_on.set()
    other = asyncio.create_task(world.engine.sweep())
    await other
    await world.engine.settle()  # the second worker
    await asyncio.gather(run, return_exceptions=True)
    await world.work()
    assert len(await world.replies()) == 1, "P2: the worker that came back replied too"


# P3: nothing unverified leaves


async def p3_outbox_wants_a_verdict(world: Any) -> None:
    """A send without a stored verdict on that very text is refused, and a person is asked."""
    kit = world.engine.kits.active

    class Forged:
        async def screen(self, text: str, snapshot: Any) -> Any:
            return await kit.verifier.screen(text, snapshot)

        async def verify(self, draft: Draft, snapshot: Any, **options: Any) -> Any:
            checked = await kit.verifier.verify(draft, snapshot, **options)
            other = draft.model_copy(update={"text": f"{draft.text} And a car for 1 EUR."})
            verdict = checked.verdict.model_copy(update={"digest": other.digest})
            return checked.model_copy(update={"draft": other, "verdict": verdict})

    class Forgetful(runner.TurnJournal):
        """Keeps no verdicts, as a node would that forges one in the state."""

        def verified(self, draft: Draft, verdict: Verdict) -> None:
            del draft, verdict

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "TurnJournal", Forgetful)
        world.use(verifier=Forged())
        await world.ask(ASKS_POLICY)
    assert world.postbox.delivered == [], "P3: a text without a verdict left"
    assert (await world.only_review()).kind == "failure", "P3: nobody was told"


async def p3_graph_with_a_bypass_is_refused(world: Any) -> None:
    """A graph with a path to a send that passes no verification does not compile."""
    del world
    flow = support.build()
    flow.add_conditional_edges("detect_intent", lambda _: "now", {"now": "send_reply"})
    definition = type(support)("bypass", "1", lambda: flow, support.bounded)
    error = await refusal(asyncio.to_thread(definition.compile))
    assert isinstance(error, GraphError), "P3: a graph that can send unverified text compiled"
    assert "[P3] send_reply" in error.message, "P3: the text does not name the bypass"


async def p3_edited_text_is_verified_again(world: Any) -> None:
    """What a person edits in is judged too, and blocked where it is critical."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    secret = Edit(text="My password is hunter2, key sk-live-" + "a1B2" * 8)
    error = await refusal(world.decide(review, secret))
    assert isinstance(error, BlockedTextError), "P3: an edited text with a secret was accepted"
    assert error.details["findings"], "P3: the finding is not shown"
    assert world.postbox.delivered == [], "P3: a blocked text left"


# P4: a decision binds what was seen


async def p4_stale_decision_is_refused(world: Any) -> None:
    """A decision on a review that a new message made void names what happened."""
    await world.ask(ASKS_TO_CANCEL)
    seen = await world.only_review()
    await world.ask("Forget it, send it to me as planned")
    error = await refusal(world.decide(seen, Approve()))
    assert isinstance(error, StaleDecisionError), "P4: a superseded draft was approved"
    assert "customer" in error.message, "P4: the refusal does not say who was first"
    await world.work()
    assert world.postbox.delivered == [], "P4: a draft left that nobody approved as it was"


async def p4_digest_must_match(world: Any) -> None:
    """A decision on another text than the stored one is refused."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    unseen = world.engine.decide(
        review.id, version=review.version, digest="0" * 64, decision=Approve(), actor="kim"
    )
    error = await refusal(unseen)
    assert isinstance(error, StaleDecisionError), "P4: a text that nobody saw was approved"


# P5: exact resume


async def p5_resume_in_another_process(world: Any) -> None:
    """A review opened by one engine is approved in another, with the same effect."""
    await world.ask(ASKS_TO_CANCEL)
    seen = await world.only_review()
    assert seen.draft is not None
    async with handrail.open(
        database=world.url, work=False, clock=world.clock, settings=Settings(home=world.home)
    ) as second:
        second.relay.channels = world.engine.relay.channels
        await second.decide(
            seen.id, version=1, digest=seen.draft.digest, decision=Approve(), actor="kim"
        )
        await second.settle()
        world.clock.move(timedelta(seconds=30))
        await second.settle()
    turns = await world.rows(t.turns)
    assert [turn["status"] for turn in turns] == ["done"], "P5: the turn was started anew"
    assert world.postbox.delivered == [seen.draft.text], "P5: another text left than was approved"


async def p5_ai_goes_on_after_people(world: Any) -> None:
    """After the hand-back the AI answers what is open, and knows what people agreed."""
    first = await world.ask(ASKS_TO_CANCEL)
    await world.engine.take_over(first.conversation_id, actor="kim")
    await world.engine.write(first.conversation_id, "I have noted it.", actor="kim")
    await world.work()
    await world.say(ASKS_POLICY, channel="mail", address="ada@example.com")
    await world.work()
    await world.engine.hand_back(first.conversation_id, actor="kim", note="keeps the order")
    await world.work()
    view = await world.engine.conversation(first.conversation_id)
    assert "keeps the order" in (view.facts.summary or ""), "P5: the hand-back note is lost"
    assert world.postbox.calls[-1].address == "ada@example.com", (
        "P5: the reply went to another channel than the customer's last"
    )
    assert view.messages[-1].role == "ai", "P5: the AI did not go on"
    assert len(await world.rows(t.conversations)) == 1, "P5: another channel began a new one"


# P6: the AI is silent while a person holds the conversation


async def p6_take_over_in_the_middle_of_a_run(world: Any) -> None:
    """A person takes over while the AI drafts: what it drafted does not leave."""
    drafter = Writes()
    run = await run_until_drafting(world, drafter)
    (row,) = await world.rows(t.conversations)
    await world.engine.take_over(row["id"], actor="kim")
    drafter.go_on.set()
    await asyncio.gather(run, return_exceptions=True)
    await world.work()
    assert await world.replies() == [], "P6: the AI spoke over a person"
    assert (await world.only_review()).kind == "answer", "P6: the person got no suggestion"


# P7: failure lands on a person


async def p7_failure_opens_a_review(world: Any) -> None:
    """Whatever a drafter does wrong, a person is asked and the customer sees no error."""
    world.use(drafter=Fails(RuntimeError("secret detail")))
    await world.ask(ASKS_POLICY)
    open_reviews = await world.engine.reviews()
    assert [r.kind for r in open_reviews] == ["failure"], "P7: a failed turn left no review"
    assert "secret detail" not in open_reviews[0].explanation, (
        "P7: the review shows a raw error text"
    )
    assert world.postbox.delivered == [], "P7: the customer was sent something"


async def p7_empty_draft_opens_a_review(world: Any) -> None:
    """Nothing to say is a person's."""
    world.use(drafter=Writes(""))
    await world.ask(ASKS_POLICY)
    assert (await world.only_review()).reason == "no_draft", "P7: an empty draft ended in silence"
    assert world.postbox.delivered == [], "P7: an empty text was sent"


async def p7_slow_turn_is_stopped(world: Any) -> None:
    """A turn that takes too long is a person's."""
    drafter = Writes()
    run = await run_until_drafting(world, drafter)
    done, _ = await asyncio.wait([run], timeout=3)
    assert done, "P7: a turn that hung was not stopped"
    assert (await world.only_review()).reason == "failure:TimeoutError", (
        "P7: a turn that hung left no review"
    )


# P10: every state change is in the audit chain


async def p10_every_change_has_its_row(world: Any) -> None:
    """A story of all kinds of change leaves a whole chain with a row for each."""
    accepted = await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), Reject(reason="too short"))
    await world.work()
    await world.decide(await world.only_review(), TakeOver())
    await world.work()
    await world.engine.hand_back(accepted.conversation_id, actor="kim")
    await world.work()
    kinds = {row["kind"] for row in await world.rows(t.audit_events)}
    wanted = {
        "received",
        "intent_set",
        "verified",
        "route_chosen",
        "asked_human",
        "decided",
        "taken_over",
        "handed_back",
    }
    assert wanted <= kinds, f"P10: no audit row for {sorted(wanted - kinds)}"
    breaks = await world.engine.database.read(audit.verify)
    assert breaks == [], f"P10: the chain is broken: {breaks}"


async def p10_no_change_without_its_row(world: Any) -> None:
    """When the audit row cannot be written, neither is the change."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "append", _refuse)
        await asyncio.gather(world.say(ASKS_POLICY), return_exceptions=True)
    assert await world.rows(t.messages) == [], "P10: a message was stored without its audit row"


def _refuse(*_: Any) -> Any:
    raise RuntimeError("no audit row today")


Scenario = Callable[[Any], Awaitable[None]]
SCENARIOS: tuple[Scenario, ...] = tuple(
    value for name, value in list(globals().items()) if name.startswith("p") and name[1].isdigit()
)


@pytest.fixture(autouse=True)
def short_turns(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a turn hangs on purpose, it is given up soon."""
    if scenario is p7_slow_turn_is_stopped:
        monkeypatch.setattr(runner, "TURN_SECONDS", 0.5)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_promise(world: Any, scenario: Scenario) -> None:
    await scenario(world)


# Taking the mechanisms out


def mark_events_processed_at_the_claim(patch: pytest.MonkeyPatch) -> None:
    real = gate.claim

    def claim(connection: Any, conversation_id: str, **options: Any) -> Any:
        lease = real(connection, conversation_id, **options)
        if lease is not None:
            connection.execute(t.conversations.update().values(pending=0))
        return lease

    patch.setattr(gate, "claim", claim)


def never_give_up_a_delivery(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(relay, "MOST_TRIES", 10**9)


def look_at_the_last_message_only(patch: pytest.MonkeyPatch) -> None:
    def classify(intents: Any, turn: Any) -> Any:
        return intents.classify(turn.said[-1]), frozenset()

    patch.setattr(detect_intent, "_classify", classify)


def give_each_event_a_new_name(patch: pytest.MonkeyPatch) -> None:
    real = service.Engine.ingest

    async def renaming(self: Any, event: Event) -> Any:
        return await real(self, event.model_copy(update={"external_id": new_id("ext")}))

    patch.setattr(service.Engine, "ingest", renaming)


def accept_decisions_on_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(effects, "check_open", lambda *_: None)
    patch.setattr(reviews, "close", lambda *_, **__: True)


def new_key_for_each_try(patch: pytest.MonkeyPatch) -> None:
    real: Any = relay.Outgoing
    patch.setattr(relay, "Outgoing", lambda **values: real(**{**values, "id": new_id("out")}))


def ignore_the_fencing_token(patch: pytest.MonkeyPatch) -> None:
    def locked(connection: Any, lease: Any) -> Any:
        row = conversations.locked(connection, lease.conversation_id)
        return {**row, "holder": lease.row["holder"]}

    patch.setattr(finish.gate, "locked", locked)


def ask_for_no_verdict(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replies, "_stored_outcome", lambda *_: "clean")


def allow_bypasses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checking, "_unverified_sends", lambda _: ())


def block_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service, "_block", lambda *_: None)


def keep_no_checkpoint(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TurnSaver, "flush", lambda *_: None)


def write_no_summary(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runner, "summary_of", lambda *_: "")


def let_failures_pass(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> bool:
        return False

    patch.setattr(runner.Runner, "_fail", nothing)


def forget_the_rule_for_empty_drafts(patch: pytest.MonkeyPatch) -> None:
    rules = tuple(rule for rule in choose_route.RULES if rule.reason != "no_draft")
    patch.setattr(choose_route, "RULES", rules)


def wait_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runner, "TURN_SECONDS", 3600.0)


def write_no_audit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(audit, "append", lambda _c, _id, head, _rows: head)


def audit_as_an_afterthought(patch: pytest.MonkeyPatch) -> None:
    class Lenient:
        Head, AuditRow = audit.Head, audit.AuditRow

        @staticmethod
        def append(connection: Any, conversation_id: str, head: Any, rows: Any) -> Any:
            try:
                return audit.append(connection, conversation_id, head, rows)
            except RuntimeError:
                return head

    patch.setattr(ingest, "audit", Lenient)


Removal = Callable[[pytest.MonkeyPatch], None]
REMOVALS: dict[Scenario, Removal] = {
    p1_message_survives_a_crash_in_the_run: mark_events_processed_at_the_claim,
    p1_undeliverable_reply_comes_back: never_give_up_a_delivery,
    p1_earlier_question_is_not_passed_over: look_at_the_last_message_only,
    p2_duplicate_event_counts_once: give_each_event_a_new_name,
    p2_two_people_one_reply: accept_decisions_on_anything,
    p2_double_click_is_one_decision: give_each_event_a_new_name,
    p2_retry_keeps_the_idempotency_key: new_key_for_each_try,
    p2_late_worker_writes_nothing: ignore_the_fencing_token,
    p3_outbox_wants_a_verdict: ask_for_no_verdict,
    p3_graph_with_a_bypass_is_refused: allow_bypasses,
    p3_edited_text_is_verified_again: block_nothing,
    p4_stale_decision_is_refused: accept_decisions_on_anything,
    p4_digest_must_match: accept_decisions_on_anything,
    p5_resume_in_another_process: keep_no_checkpoint,
    p5_ai_goes_on_after_people: write_no_summary,
    p6_take_over_in_the_middle_of_a_run: ignore_the_fencing_token,
    p7_failure_opens_a_review: let_failures_pass,
    p7_empty_draft_opens_a_review: forget_the_rule_for_empty_drafts,
    p7_slow_turn_is_stopped: wait_for_ever,
    p10_every_change_has_its_row: write_no_audit,
    p10_no_change_without_its_row: audit_as_an_afterthought,
}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_promise_needs_its_mechanism(
    world: Any, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    REMOVALS[scenario](monkeypatch)
    with pytest.raises(AssertionError, match=r"^P\d+: "):
        await scenario(world)
