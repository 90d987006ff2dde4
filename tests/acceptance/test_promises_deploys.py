"""P8: a deploy strands nobody. A conversation is paused under one graph and decided under another.

Each scenario ends in one of two ways: the turn goes on exactly, or a person sees why it does not.
Never silence, never a send without a decision, never an answer to another question. ``REMOVALS``
takes out what keeps the promise: with it gone the same scenario must fail, or it proves nothing.
"""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.types import Command, interrupt
from promises import Removals, promise_tests

from handrail.core.decisions import Decided, Reject
from handrail.core.migration import removed, renamed
from handrail.engine import resuming, runner
from handrail.engine.resuming import Resumption
from handrail.nodes.ask_human import ALLOWED, ask_human
from handrail.nodes.contract import node

# Nodes


async def renamed_gate_goes_on_by_rule(deploys: Any) -> None:
    """Bare LangGraph returns normally and sends nothing."""
    review = await deploys.pause(deploys.version("1"))
    deploys.deploy("2", renamed("ask_human", "ask_person", since="2"), gate="ask_person")
    await deploys.approve(review)
    await deploys.went_on(review)


async def renamed_gate_without_a_rule_is_seen(deploys: Any) -> None:
    """The same with the rule forgotten."""
    review = await deploys.pause(deploys.version("1"))
    deploys.deploy("2", gate="ask_person")
    await deploys.approve(review)
    await deploys.stranded(review, "'ask_human'", "renamed(")


async def two_versions_behind_goes_through_both(deploys: Any) -> None:
    """1 to 2 to 3."""
    review = await deploys.pause(deploys.version("1", gate="old_gate"))
    rules = (renamed("gate", "ask_human", since="3"), renamed("old_gate", "gate", since="2"))
    deploys.deploy("3", *rules)
    await deploys.approve(review)
    await deploys.went_on(review)


async def removed_gate_is_asked_at_the_next(deploys: Any) -> None:
    """Who waits in a gate that is gone is asked the same at the one that is left."""
    review = await deploys.pause(deploys.version("1", gate="old_gate"))
    deploys.deploy("2", removed("old_gate", resume_as="verify_reply", since="2"))
    await deploys.approve(review)
    await deploys.went_on(review)


async def gate_that_asks_nothing_more_sends_nothing(deploys: Any) -> None:
    """The new flow would send: not on the word of a person who was asked about another flow."""
    review = await deploys.pause(deploys.version("1", gate="old_gate"))
    deploys.deploy("2", removed("old_gate", resume_as="verify_reply", since="2"), gate=None)
    await deploys.world.decide(review, Reject(reason="do not send this"))
    await deploys.world.work()
    await deploys.asks_anew(review, "does not ask a person", "(reject) was not carried out")


async def node_before_the_gate_is_skipped(deploys: Any) -> None:
    """Its edges were taken already."""
    review = await deploys.pause(deploys.version("1"))
    ran: list[str] = []
    deploys.deploy("2", before=deploys.step("before", lambda _: ran.append("before") or {}))
    await deploys.approve(review)
    await deploys.went_on(review)
    assert ran == [], "P8: a step ran that the conversation had passed"


async def node_after_the_gate_runs(deploys: Any) -> None:
    """It is still to come."""
    review = await deploys.pause(deploys.version("1"))
    ran: list[str] = []
    deploys.deploy("2", after=deploys.step("after", lambda _: ran.append("after") or {}))
    await deploys.approve(review)
    await deploys.went_on(review)
    assert ran == ["after"], "P8: a step did not run"


def _first_question(state: Any) -> Any:
    payload = {
        "reason": "fraud",
        "explanation": "Is this customer who they say?",
        "draft": state["draft"].model_dump(mode="json"),
        "allowed": list(ALLOWED),
    }
    return interrupt(payload, response_schema=Decided)


@node("ask")
async def ask_twice(state: Any, runtime: Any) -> Any:
    """Ask a new question before the old one, in the same node."""
    _first_question(state)
    return await ask_human(state, runtime)


async def new_question_before_the_old_gets_no_answer(deploys: Any) -> None:
    """Bare LangGraph gives the answer to question 2 to the new question 1."""
    review = await deploys.pause(deploys.version("1"))
    deploys.deploy("2", asks=ask_twice)
    await deploys.approve(review)
    anew = await deploys.asks_anew(review, "asks anew", "(approve) was not carried out")
    assert anew.reason == "fraud", "P8: another question got the answer"
    await deploys.approve(anew)
    old = await deploys.asks_anew(review)
    assert old.reason == review.reason, "P8: the old question is not asked any more"
    await deploys.approve(old)
    await deploys.went_on(review)


async def other_draft_gets_no_approval(deploys: Any) -> None:
    """The flow resumes before the draft and writes another one."""
    review = await deploys.pause(deploys.version("1", gate="old_gate"))
    rules = (removed("old_gate", resume_as="detect_intent", since="2"),)
    other = {"text": "Other."}
    rewrite = deploys.step("before", lambda s: {"draft": s["draft"].model_copy(update=other)})
    deploys.deploy("2", *rules, before=rewrite)
    await deploys.approve(review)
    assert deploys.world.postbox.delivered == [], "P8: a text left that nobody saw"
    anew = await deploys.world.only_review()
    assert anew.draft is not None, "P8: no draft"
    assert anew.draft.text == "Other.", "P8: the new draft is not shown"


# Taking the mechanisms out


def follow_no_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resuming, "rules_after", lambda *_: ())


async def _blind(paused: Resumption, decided: Decided, _: Any, options: dict[str, Any]) -> Any:
    answer = Command(resume={paused.review["interrupt_id"]: decided.model_dump(mode="json")})
    return await paused.compiled.ainvoke(answer, paused.config, **options), ""


def resume_blindly(patch: pytest.MonkeyPatch) -> None:
    async def load(paused: Resumption, database: Any) -> None:
        del database
        paused.writes.newest = None

    patch.setattr(runner, "put_in_place", load)
    patch.setattr(runner, "resume", _blind)


def answer_any_question(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resuming, "_other_question", lambda *_: "")


def trust_the_new_flow(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runner, "resume", _ask_only)


async def _ask_only(paused: Resumption, _: Any, __: Any, options: dict[str, Any]) -> Any:
    return await paused.compiled.ainvoke(None, paused.config, **options), ""


REMOVALS: Removals = {
    renamed_gate_goes_on_by_rule: follow_no_rules,
    renamed_gate_without_a_rule_is_seen: resume_blindly,
    two_versions_behind_goes_through_both: follow_no_rules,
    removed_gate_is_asked_at_the_next: follow_no_rules,
    gate_that_asks_nothing_more_sends_nothing: trust_the_new_flow,
    node_before_the_gate_is_skipped: None,
    node_after_the_gate_runs: None,
    new_question_before_the_old_gets_no_answer: resume_blindly,
    other_draft_gets_no_approval: answer_any_question,
}


@pytest.fixture
def stage(deploys: Any) -> Any:
    """Scenarios act on graphs that are deployed."""
    return deploys


test_promise, test_promise_needs_its_mechanism = promise_tests(REMOVALS, says=r"^P8: ")
