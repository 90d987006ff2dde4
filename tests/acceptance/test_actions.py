"""What was really done: told by a back office, and held against what replies say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from handrail.core.conversation import ActionNotice, Customer
from handrail.core.decisions import Edit
from handrail.core.errors import BlockedTextError, ConflictingActionError, InvalidRequestError
from handrail.desk.cards import load_card
from handrail.desk.templating import templates
from handrail.desk.testing import World
from handrail.language.model_calls import ModelCalls
from handrail.language.model_drafter import ModelDrafter
from handrail.language.models.function import FunctionModel
from handrail.store import audit
from handrail.store import tables as t

CANCEL = "Please cancel my order LF1001"
REFUNDED = "I have refunded 20.00 USD for your order LF1001."


def notice(world: World, name: str = "bo-1", **changes: Any) -> ActionNotice:
    told: dict[str, Any] = {
        "id": name,
        "customer_id": "cust_001",
        "action": "refund_order",
        "record_kind": "order",
        "record": "LF1001",
        "amount": "20.00",
        "currency": "USD",
        "actor": "till 3",
        "at": world.clock.now() - timedelta(minutes=1),
    }
    return ActionNotice(**{**told, **changes})


async def held_back(world: World, text: str = REFUNDED) -> tuple[str, ...]:
    """What holds a person's reply back; empty where it goes out."""
    review = await world.only_review()
    try:
        await world.decide(review, Edit(text=text))
    except BlockedTextError as blocked:
        return tuple(blocked.details["missing"])
    return ()


async def test_a_reply_goes_out_once_what_it_says_was_done_was_told(world: World) -> None:
    await world.ask(CANCEL)
    assert set(await held_back(world)) == {
        "act.claim:not_done",
        "fact.value:money_not_in_evidence",
    }
    told = await world.engine.tell_action(notice(world))
    assert (told.id, told.duplicate, len(told.conversations)) == ("bo-1", False, 1)
    assert await held_back(world) == ()
    await world.work()
    assert world.postbox.delivered == [REFUNDED]
    verdicts = sorted(await world.rows(t.verdicts), key=lambda row: row["at"])
    (statement,) = verdicts[-1]["body"]["report"]["claims"]
    assert statement["support"] == "supported"
    (proof,) = statement["evidence"]
    assert (proof["source"], proof["quote"]) == (
        "action:bo-1",
        "refund order LF1001 20.00 USD (done)",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "failed"},
        {"outcome": "pending"},
        {"amount": "12.00"},
        {"action": "send_mail", "amount": None, "currency": None},
        {"record": "LF9999"},
        {"customer_id": "cust_002", "record_kind": None, "record": None},
    ],
)
async def test_another_event_is_no_evidence(world: World, changes: dict[str, Any]) -> None:
    await world.ask(CANCEL)
    await world.engine.tell_action(notice(world, **changes))
    assert "act.claim:not_done" in await held_back(world)


async def test_the_closest_event_is_shown_as_evidence(world: World) -> None:
    await world.ask(CANCEL)
    await world.engine.tell_action(notice(world, outcome="failed"))
    review = await world.only_review()
    with pytest.raises(BlockedTextError) as blocked:
        await world.decide(review, Edit(text=REFUNDED))
    (finding,) = [f for f in blocked.value.details["findings"] if f["check"] == "act.claim"]
    assert finding["evidence"][0]["source"] == "action:bo-1"
    assert "(failed)" in finding["evidence"][0]["quote"]


async def test_an_action_counts_once_and_what_is_pending_is_settled_later(world: World) -> None:
    await world.ask(CANCEL)
    pending = notice(world, outcome="pending")
    assert not (await world.engine.tell_action(pending)).duplicate
    assert (await world.engine.tell_action(pending)).duplicate
    assert not (await world.engine.tell_action(notice(world))).duplicate
    assert (await world.engine.tell_action(notice(world))).duplicate
    assert (await world.engine.tell_action(pending)).duplicate, "a late notice undid a refund"
    for other in ({"amount": "21.00"}, {"outcome": "failed"}, {"customer_id": "cust_002"}):
        with pytest.raises((ConflictingActionError, InvalidRequestError)):
            await world.engine.tell_action(notice(world, **other))
    (row,) = await world.rows(t.actions)
    assert (row["outcome"], row["amount"]) == ("done", "20.00")
    assert [entry["outcome"] for entry in await world.audited("action_told")] == ["pending", "done"]
    assert await world.engine.database.read(audit.verify) == []


async def test_an_action_on_anothers_record_is_refused(world: World) -> None:
    with pytest.raises(InvalidRequestError, match="belongs to another customer"):
        await world.engine.tell_action(notice(world, customer_id="cust_002"))
    assert await world.rows(t.actions) == []


async def test_what_was_told_before_the_customer_wrote_counts(world: World) -> None:
    somebody: dict[str, Any] = {"customer_id": "new", "record_kind": None, "record": None}
    told = await world.engine.tell_action(notice(world, **somebody))
    assert told.conversations == ()
    accepted = await world.say("I want my money back", address="n", customer=Customer(id="new"))
    view = await world.engine.conversation(accepted.conversation_id)
    assert [event.id for event in view.actions] == ["bo-1"]


async def test_the_desk_shows_what_was_done(world: World) -> None:
    await world.ask(CANCEL)
    review = await world.only_review()
    await world.engine.tell_action(notice(world, details={"reason": "<b>broken</b>"}))
    card = await load_card(world.engine, world.clock.now(), review_id=review.id)
    assert card.told == "bo-1=done"
    part = templates().get_template("parts/done.html").render(actions=card.view.actions)
    for shown in ("refund order", "LF1001", "20.00 USD", "till 3", "&lt;b&gt;", "action:bo-1"):
        assert shown in part


async def test_a_customer_without_actions_costs_no_statement(world: World) -> None:
    """Read in the claim of a turn, whose statements are counted."""
    seen: list[str] = []

    def keep(*call: Any) -> None:
        seen.append(call[2])

    def reads() -> list[str]:
        return [one for one in seen if "FROM actions" in one and "FROM customers" not in one]

    event.listen(world.engine.database.engine, "before_cursor_execute", keep)
    await world.ask(CANCEL)
    assert reads() == []
    await world.engine.tell_action(notice(world))
    seen.clear()
    await world.ask("Where is my order LF1001?")
    assert len(reads()) == 1


class Clerk:
    """A model that says what an action in its prompt says, and cites it."""

    def __init__(self, *said: str, cited: str = "action:bo-1") -> None:
        self.said = said
        self.cited = cited
        self.prompts: list[str] = []

    def __call__(self, messages: Sequence[Mapping[str, str]], _: type[Any]) -> dict[str, Any]:
        """Answer with the sentences."""
        self.prompts.append(messages[0]["content"])
        sentences = [{"text": text, "evidence": [self.cited]} for text in self.said]
        return {"sentences": sentences, "records": ["LF1001"], "confidence": 0.9}

    def drafter(self, world: World) -> ModelDrafter:
        """The drafter that asks it."""
        release = world.engine.kits.active.release
        return ModelDrafter(release, ModelCalls(FunctionModel(self), pause_s=0))


DATED = "We refunded 20.00 USD for order LF1001 on {day:%B} {day.day}, {day.year}."


async def test_a_model_says_and_cites_what_was_done(world: World) -> None:
    day = world.clock.now() - timedelta(days=3)
    told = notice(world, at=day, details={"paid_to": "the card"})
    await world.engine.tell_action(told)
    dated = DATED.format(day=day)
    clerk = Clerk(REFUNDED, dated)
    world.use(drafter=clerk.drafter(world))
    await world.ask(CANCEL)
    assert (
        "[action:bo-1] refund order LF1001 20.00 USD paid to the card (done), "
        in (clerk.prompts[0])
    )
    review = await world.only_review()
    assert review.draft is not None
    assert review.draft.text == f"{REFUNDED} {dated}"
    assert "action:bo-1" in [citation.source for citation in review.draft.citations]
    assert review.verdict is not None
    assert review.verdict.report.findings == ()
    assert [
        (claim.support, [proof.source for proof in claim.evidence])
        for claim in review.verdict.report.claims
    ] == [("supported", ["action:bo-1"])] * 2


@pytest.mark.parametrize(
    ("changes", "said", "rule"),
    [
        ({"outcome": "pending"}, REFUNDED, "act.claim:not_done"),
        ({}, DATED.format(day=datetime(2020, 2, 3, tzinfo=UTC)), "fact.value:date_not_in_evidence"),
        ({}, REFUNDED.replace("20", "90"), "fact.value:money_not_in_evidence"),
    ],
)
async def test_citing_an_action_makes_nothing_else_true(
    world: World, changes: dict[str, Any], said: str, rule: str
) -> None:
    await world.engine.tell_action(notice(world, **changes))
    world.use(drafter=Clerk(said).drafter(world))
    await world.ask(CANCEL)
    verdict = (await world.only_review()).verdict
    assert verdict is not None
    assert rule in {f"{f.check}:{f.rule}" for f in verdict.report.findings}


async def test_what_lies_ahead_is_not_told_to_a_model(world: World) -> None:
    await world.engine.tell_action(notice(world, at=world.clock.now() + timedelta(days=1)))
    clerk = Clerk(REFUNDED)
    world.use(drafter=clerk.drafter(world))
    await world.ask(CANCEL)
    assert clerk.prompts
    assert not any("action:bo-1" in prompt for prompt in clerk.prompts)
