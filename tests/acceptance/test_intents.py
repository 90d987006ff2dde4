"""What customers want, from their words to the reply: courtesies, several wishes, corrections."""

from __future__ import annotations

from typing import Any

import pytest

from handrail.core.conversation import Customer
from handrail.core.decisions import Approve, CorrectIntent
from handrail.core.errors import NotAllowedError
from handrail.desk.kits import ReleaseKits
from handrail.desk.learning import IntentLearning, validates
from handrail.desk.testing import World, Writes
from handrail.language.several_languages import SeveralLanguages
from handrail.store import corrections
from handrail.store import tables as t

CANCEL = "Please cancel my order LF1001"


def _kits(world: World) -> ReleaseKits:
    kits = world.engine.kits
    assert isinstance(kits, ReleaseKits)
    return kits


def _learning(world: World) -> IntentLearning:
    return IntentLearning(world.engine.database, _kits(world))


@pytest.mark.parametrize(
    ("text", "reply"), [("thanks!", "You are welcome"), ("Hi there", "What can we do")]
)
async def test_a_courtesy_is_answered_without_a_question(
    world: World, text: str, reply: str
) -> None:
    await world.ask(text)
    assert await world.engine.reviews() == ()
    (sent,) = world.postbox.delivered
    assert reply in sent
    (turn,) = await world.rows(t.turns)
    assert (turn["intent"], turn["facts"]["intent_decision"]) == (None, "accept")


async def test_thanks_after_an_unanswered_question_bury_nothing(world: World) -> None:
    await world.say("Where is my order LF1001?")
    await world.ask("thanks!")
    (turn,) = await world.rows(t.turns)
    assert turn["intent"] == "order_status"


BOTH = "Where is my order LF1001? And what does shipping cost?"


async def test_several_wishes_are_answered_in_one_reply(world: World) -> None:
    await world.ask(BOTH)
    (turn,) = await world.rows(t.turns)
    assert {turn["intent"], *turn["facts"]["other_intents"]} == {"order_status", "shipping_cost"}
    assert turn["mode"] == "autonomous"
    assert await world.engine.reviews() == ()
    (reply,) = world.postbox.delivered
    greeting, status, shipping = reply.split("\n\n")
    assert (greeting, status[:17], shipping[:17]) == (
        "Hello Ada,",
        "Your order LF1001",
        "Standard shipping",
    )


async def test_wishes_of_several_messages_are_answered_in_one_reply(world: World) -> None:
    await world.say("How do gift cards work?")
    await world.ask("Where is my order LF1001?")
    (reply,) = world.postbox.delivered
    assert reply.index("gift cards come by e-mail") < reply.index("Your order LF1001")


@pytest.mark.parametrize(
    ("second", "mode", "reason"),
    [
        ("Please cancel my order LF1001.", "supervised", "mode:supervised"),
        ("My card was charged twice!", "collaborative", "mode:collaborative"),
        ("How long is the warranty on lanterns?", "shadow", "mode:shadow"),
    ],
)
async def test_the_strictest_mode_of_all_wishes_counts(
    world: World, second: str, mode: str, reason: str
) -> None:
    await world.ask(f"What does shipping cost? {second}")
    (turn,) = await world.rows(t.turns)
    assert turn["facts"]["other_intents"]
    assert turn["mode"] == mode
    assert (await world.only_review()).reason == reason
    assert world.postbox.delivered == []


async def test_a_wish_that_cannot_be_answered_is_named_to_a_person(world: World) -> None:
    edda = Customer(id="cust_005")
    await world.ask("where is my refund and where is my order", address="e", customer=edda)
    review = await world.only_review()
    assert review.reason == "left_open"
    assert "refund status" in review.explanation
    assert review.draft is not None
    assert "Your order LF1005" in review.draft.text
    assert "refund_status is left open: which order is meant" in (review.draft.problem or "")
    assert world.postbox.delivered == []


async def test_a_draft_not_known_to_answer_all_is_a_persons_to_see(world: World) -> None:
    world.use(drafter=Writes("Your order is on its way."))
    await world.ask(BOTH)
    assert (await world.only_review()).reason == "left_open"


async def test_a_question_that_fits_nothing_goes_to_a_person(world: World) -> None:
    await world.ask("Where is my order LF1001? And who is your CEO?")
    assert (await world.only_review()).reason == "mode:supervised"


@pytest.mark.parametrize(
    "text",
    [
        "Can you help me? Where is my order LF1001?",
        "Where is my order LF1001? I need it by Friday.",
        "Hola, tengo una pregunta. ¿Dónde está mi pedido LF1001? Lo necesito ya.",
    ],
)
async def test_what_goes_with_a_wish_is_no_wish(world: World, text: str) -> None:
    await world.ask(text)
    assert await world.engine.reviews() == ()
    assert "LF1001" in world.postbox.delivered[0]


async def test_ok_after_an_answer_asks_nobody(world: World) -> None:
    await world.ask("Where is my order LF1001?")
    await world.ask("ok, got it")
    assert await world.engine.reviews() == ()
    assert world.postbox.delivered[1].startswith("You are welcome")


async def test_ok_after_a_question_of_ours_is_its_answer(world: World) -> None:
    world.use(drafter=Writes("Shall I look into order LF1001 for you?"))
    await world.ask("Where is my order LF1001?")
    await world.ask("ok")
    turns = await world.rows(t.turns)
    assert turns[-1]["intent"] == "order_status"


async def test_one_intent_in_two_sentences_is_answered_at_once(world: World) -> None:
    await world.ask("Hi, I hope you are well. Where is my order LF1001?")
    assert await world.engine.reviews() == ()
    assert len(world.postbox.delivered) == 1


async def test_a_follow_up_is_read_with_the_message_before(world: World) -> None:
    await world.ask("Where is my order LF1001?")
    await world.ask("and the other one?")
    turns = await world.rows(t.turns)
    assert [turn["intent"] for turn in turns] == ["order_status", "order_status"]
    # Ada has no other one, and the same answer again would be none.
    assert "there is only LF1001" in (await world.only_review()).explanation


@pytest.mark.parametrize("text", ["and the other one?", "what about LF1006?", "¿y el otro?"])
async def test_a_follow_up_is_about_the_other_order(world: World, text: str) -> None:
    edda = Customer(id="cust_005")
    await world.ask("Where is LF1005?", address="e", customer=edda)
    await world.ask(text, address="e", customer=edda)
    assert await world.engine.reviews() == ()
    assert "LF1006" in world.postbox.delivered[1]


async def test_a_correction_holds_for_the_next_customer_at_once(world: World) -> None:
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), CorrectIntent(intent="return_policy"))
    await world.work()
    learning = _learning(world)
    kits = _kits(world)
    read = kits.readers[kits.active.release.id]
    assert read.classify(CANCEL).top == "cancel_order"
    await learning.look()
    assert read.classify(CANCEL).top == "return_policy"
    assert read.classify("Where is my order?").top == "order_status"


async def test_labels_are_corrections_and_approved_answers(world: World) -> None:
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), CorrectIntent(intent="warranty"))
    await world.work()
    text = "I want my money back for order LF1001"
    await world.ask(text, address="bo")
    for review in await world.engine.reviews():
        await world.decide(review, Approve())
    await world.work()
    found = await world.engine.database.read(corrections.labelled)
    assert (found[0].text, found[0].intent, found[0].kind) == (CANCEL, "warranty", "corrected")
    assert [(label.text, label.kind) for label in found[1:]] == [(text, "confirmed")]


def _labels(texts: list[str], intent: str) -> tuple[corrections.Label, ...]:
    return tuple(corrections.Label(text, intent, "corrected") for text in texts)


def _decisions(monkeypatch: pytest.MonkeyPatch, labels: tuple[corrections.Label, ...]) -> None:
    monkeypatch.setattr(corrections, "count", lambda _: len(labels))
    monkeypatch.setattr(corrections, "labelled", lambda _: labels)


TAUGHT = [
    f"the whatsit number {at} of mine, the {name}, is kaputt"
    for at, name in enumerate(("red", "blue", "green", "round", "long", "small"))
]


async def test_a_model_is_trained_from_labels_and_replaces_the_one_at_work(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    kits = _kits(world)
    kits.cache = tmp_path
    read = kits.readers[kits.active.release.id]
    models = read.model
    assert isinstance(models, SeveralLanguages)
    before = models.models["en"]
    _decisions(monkeypatch, _labels(TAUGHT, "damaged_item"))
    assert await _learning(world).look()
    assert isinstance(read.model, SeveralLanguages)
    after = read.model.models["en"]
    assert after.model != before.model
    text = "a whatsit of mine is kaputt"
    assert before.classify(text).confidence < after.classify(text).confidence
    assert len(list(tmp_path.glob("*.intents"))) == 1
    read.model = models


async def test_a_model_that_is_worse_on_the_labels_set_aside_stays_out(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    kits = _kits(world)
    kits.cache = tmp_path
    read = kits.readers[kits.active.release.id]
    before = read.model
    # Wrong labels for what the model knows, and right ones among those that are set aside.
    asked = [f"where is my order number {at}" for at in range(60)]
    wrong = _labels([text for text in asked if not validates(text)], "warranty")
    right = _labels([text for text in asked if validates(text)], "order_status")
    assert len(right) >= 5
    _decisions(monkeypatch, (*wrong, *right))
    assert not await _learning(world).look()
    assert read.model is before


async def test_labels_of_a_deleted_intent_are_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _decisions(monkeypatch, _labels(TAUGHT, "an_intent_of_last_year"))
    assert not await _learning(world).look()
    kits = _kits(world)
    assert (
        kits.readers[kits.active.release.id].classify(TAUGHT[0]).top
        in kits.active.release.playbook.intents
    )


def _delete(world: World, intent: str) -> None:
    """Put a newer playbook in place that has the intent no more."""
    known = world.engine.kits.active.release.playbook.intents
    world.play(intents={name: one for name, one in known.items() if name != intent})


async def test_an_unknown_intent_is_refused_and_nothing_is_lost(world: World) -> None:
    await world.ask(CANCEL)
    review = await world.only_review()
    with pytest.raises(NotAllowedError) as refused:
        await world.decide(review, CorrectIntent(intent="return_polices"))
    assert refused.value.details["nearest"][0] == "return_policy"
    assert "nearest are return_policy" in refused.value.message
    assert refused.value.http_status == 422
    assert await world.only_review() == review
    assert await world.rows(t.decisions) == []
    await world.decide(review, CorrectIntent(intent="return_policy"))
    await world.work()
    assert "30 days" in world.postbox.delivered[0]


async def test_an_intent_of_an_older_playbook_counts_only_where_that_still_runs(
    world: World,
) -> None:
    await world.ask("My card was charged twice!")
    answered_by_people = await world.only_review()
    await world.ask(CANCEL, address="bo", customer=Customer(id="cust_005"))
    (waits,) = [r for r in await world.engine.reviews() if r.id != answered_by_people.id]
    _delete(world, "gift_card")
    with pytest.raises(NotAllowedError, match="taken out of the playbook since"):
        await world.decide(answered_by_people, CorrectIntent(intent="gift_card"))
    # A graph that waits goes on under the playbook it began with.
    assert (await world.decide(waits, CorrectIntent(intent="gift_card"))).duplicate is False


async def test_a_conversation_that_carries_a_deleted_intent_goes_on(world: World) -> None:
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), CorrectIntent(intent="return_policy"))
    _delete(world, "return_policy")
    await world.work()
    await world.ask("Where is my order LF1001?")
    turns = await world.rows(t.turns)
    assert turns[-1]["intent"] == "order_status"
    assert all(turn["status"] != "failed" for turn in turns)


@pytest.mark.parametrize("thanks", ["thank you so much", "Thanks!"])
async def test_thanks_after_an_answer_are_answered_by_the_ai(world: World, thanks: str) -> None:
    await world.ask("Where is my order LF1001?")
    await world.ask(thanks)
    assert await world.engine.reviews() == ()
    assert len(world.postbox.delivered) == 2
