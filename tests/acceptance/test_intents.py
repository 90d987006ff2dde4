"""What customers want, from their words to the reply: courtesies, several wishes, corrections."""

from __future__ import annotations

from typing import Any

import pytest

from handrail.core.decisions import Approve, CorrectIntent
from handrail.desk.kits import ReleaseKits
from handrail.desk.learning import IntentLearning, validates
from handrail.desk.testing import World
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


async def test_several_intents_in_one_message_are_a_persons_to_see(world: World) -> None:
    await world.ask("Where is my order LF1001? And how long is the warranty on lanterns?")
    (turn,) = await world.rows(t.turns)
    assert {turn["intent"], *turn["facts"]["other_intents"]} == {"order_status", "warranty"}
    assert turn["mode"] == "supervised"
    assert (await world.only_review()).reason == "mode:supervised"


async def test_one_intent_in_two_sentences_is_answered_at_once(world: World) -> None:
    await world.ask("Hi, I hope you are well. Where is my order LF1001?")
    assert await world.engine.reviews() == ()
    assert len(world.postbox.delivered) == 1


async def test_a_follow_up_is_read_with_the_message_before(world: World) -> None:
    await world.ask("Where is my order LF1001?")
    await world.ask("and the other one?")
    turns = await world.rows(t.turns)
    assert [turn["intent"] for turn in turns] == ["order_status", "order_status"]


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
    text = "Where is my order LF1001? And how long is the warranty on lanterns?"
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


async def test_a_conversation_that_carries_a_deleted_intent_goes_on(world: World) -> None:
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), CorrectIntent(intent="an_intent_of_last_year"))
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
