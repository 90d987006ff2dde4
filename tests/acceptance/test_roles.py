"""Who may promise what, and who may break a claim: agents within their limits, leads beyond."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from handrail.core.decisions import Approve, Edit
from handrail.core.drafting import Draft, ProposedAction
from handrail.core.errors import ClaimedError, RoleError
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest
from handrail.desk.testing import World, refusal
from handrail.engine.roles import CLAIM
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Limit, Team
from handrail.store import tables as t

ASKS = "I would like a refund for order LF1003"
PROMISE = "We will refund you 80.00 USD."
UNKNOWN = "fact.value:money_not_in_evidence"
LIMIT = Limit(action="refund", amount=Decimal(60), currency="USD", role="agent")


@pytest.fixture(autouse=True)
def _teams(world: World) -> None:
    limits = (Limit(action="refund", amount=Decimal(50), currency="USD"), LIMIT)
    limited(world, *limits)


def limited(world: World, *limits: Limit) -> None:
    """Play under these limits, with Lea as the lead."""
    world.play(teams={"support": Team(leads=("lea",))}, limits=limits)
    kits: Any = world.engine.kits
    suite = CheckSuite(kits.active.release)
    kits.active = replace(kits.active, verifier=suite)
    world.use(verifier=suite)


def over(error: object) -> str:
    """The limit that a refusal has as evidence."""
    assert isinstance(error, RoleError), error
    assert error.http_status == 403
    (finding,) = error.details["findings"]
    assert finding["evidence"][0]["source"] == "rule:limits.refund"
    assert error.details["leads"] == ["lea"]
    assert "lea" in error.message
    return finding["evidence"][0]["quote"]


async def test_an_agent_is_held_back_beyond_the_limit_and_a_lead_is_not(world: World) -> None:
    await world.ask(ASKS)
    review = await world.only_review()
    assert over(await refusal(world.decide(review, Edit(text=PROMISE)))) == "60 USD"
    accepted = Edit(text=PROMISE, acknowledge=("act.authority:above_limit",))
    assert over(await refusal(world.decide(review, accepted))) == "60 USD", "acknowledged away"
    known = Edit(text=PROMISE, acknowledge=(UNKNOWN,))
    await world.decide(review, known, actor="lea")
    await world.work()
    assert world.postbox.delivered == [PROMISE]
    (draft,) = [row["body"] for row in await world.rows(t.drafts) if row["source"] == "person"]
    assert (draft["author"], draft["author_role"]) == ("lea", "lead")


async def test_the_limit_binds_whoever_holds_the_conversation(world: World) -> None:
    accepted = await world.ask(ASKS)
    await world.engine.take_over(accepted.conversation_id, actor="kim")
    write = world.engine.write
    assert over(await refusal(write(accepted.conversation_id, PROMISE, actor="kim"))) == "60 USD"
    await write(
        accepted.conversation_id,
        "We will refund you 55.00 USD.",
        actor="kim",
        acknowledge=(UNKNOWN,),
    )
    await world.work()
    assert world.postbox.delivered == ["We will refund you 55.00 USD."]


class Promises:
    """A drafter that promises."""

    def __init__(self, text: str, *actions: ProposedAction) -> None:
        self.text = text
        self.actions = actions

    async def draft(self, request: DraftRequest) -> Draft:
        """Promise."""
        return Draft(
            id=new_id("dft"),
            text=self.text,
            source="model",
            round=request.round,
            actions=self.actions,
        )


@pytest.mark.parametrize(("text", "allowed"), [(PROMISE, False), ("We will refund 55 USD.", True)])
async def test_approving_is_promising_within_ones_own_limit(
    world: World, text: str, allowed: bool
) -> None:
    world.use(drafter=Promises(text))
    await world.ask(ASKS)
    review = await world.only_review()
    assert review.verdict is not None
    assert "act.authority:above_limit" in review.verdict.critical_keys
    approval = Approve(acknowledge=tuple(review.verdict.critical_keys))
    outcome = await refusal(world.decide(review, approval))
    if not allowed:
        assert over(outcome) == "60 USD"
        await world.decide(review, approval, actor="lea")
    await world.work()
    assert world.postbox.delivered == [text]


async def test_approving_an_action_is_within_ones_own_limit(world: World) -> None:
    arguments = {"order_id": "LF1003", "amount": "80.00", "currency": "USD"}
    action = ProposedAction(name="refund_order", arguments=dict(arguments))
    world.use(drafter=Promises("Shall I look into it?", action))
    await world.ask(ASKS)
    review = await world.only_review()
    assert review.verdict is not None
    approval = Approve(acknowledge=tuple(review.verdict.critical_keys))
    assert over(await refusal(world.decide(review, approval))) == "60 USD"
    await world.decide(review, approval, actor="lea")


async def test_a_leads_promise_that_was_called_back_is_not_an_agents(world: World) -> None:
    await world.ask(ASKS)
    known = Edit(text=PROMISE, acknowledge=(UNKNOWN,))
    await world.decide(await world.only_review(), known, actor="lea")
    await world.engine.settle()
    (reply,) = await world.rows(t.outbox)
    await world.engine.recall(reply["id"], actor="kim")
    await world.engine.settle()
    review = await world.only_review()
    assert review.kind == "undone"
    assert over(await refusal(world.decide(review, Approve()))) == "60 USD"
    await world.decide(review, Approve(), actor="lea")
    await world.work()
    assert world.postbox.delivered == [PROMISE]


async def test_limits_hold_in_their_modes(world: World) -> None:
    limited(world, LIMIT.model_copy(update={"modes": ("collaborative",)}))
    await world.ask(ASKS)
    review = await world.only_review()
    (turn,) = await world.rows(t.turns)
    assert turn["mode"] == "supervised"
    verdict = await world.engine.check_text(review.conversation_id, PROMISE, "kim")
    assert verdict.mode == "supervised"
    assert [f.evidence[0].relation for f in verdict.beyond_limits] == ["absent"]


async def test_only_a_lead_breaks_a_claim_before_it_ends(world: World) -> None:
    await world.ask(ASKS)
    review = await world.only_review()
    claim = world.engine.claim
    await claim(review.id, actor="kim")
    assert isinstance(await refusal(claim(review.id, actor="max")), ClaimedError)
    error = await refusal(claim(review.id, actor="max", force=True))
    assert isinstance(error, RoleError)
    assert "kim holds this review" in error.message
    assert (await claim(review.id, actor="lea", force=True)).claimed_by == "lea"
    world.clock.move(CLAIM + timedelta(seconds=1))
    assert (await claim(review.id, actor="max")).claimed_by == "max"


async def test_without_leads_the_refusal_names_the_mend(world: World) -> None:
    world.play(teams={"support": Team()})
    await world.ask(ASKS)
    review = await world.only_review()
    await world.engine.claim(review.id, actor="kim")
    error = await refusal(world.engine.claim(review.id, actor="lea", force=True))
    assert isinstance(error, RoleError)
    assert "teams.NAME.leads" in error.message
