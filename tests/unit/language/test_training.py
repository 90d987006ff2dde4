"""The intent model trains on little, stores without code, and is the same after reading."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from handrail.core.errors import IntegrityError
from handrail.language.features import Vocabulary, features
from handrail.language.intents import IntentClassifier
from handrail.language.training import train, train_playbook
from handrail.playbook.models import Release, Thresholds

SMALL = [
    ("where is my order", "status"),
    ("track my parcel", "status"),
    ("I want a refund", "refund"),
    ("give me my money back", "refund"),
]


@pytest.fixture(scope="module")
def demo_model(release: Release) -> IntentClassifier:
    return train_playbook(release.playbook)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_few_intents_with_two_examples_each(count: int) -> None:
    things = ("lantern", "blanket", "kettle", "tent")[:count]
    pairs = [(f"{verb} the {thing}", thing) for thing in things for verb in ("buy", "sell")]
    model = train(pairs, Thresholds())
    result = model.classify("my lantern")
    assert result.top == "lantern"
    assert abs(sum(guess.probability for guess in result.ranked) - 1) < 1e-3


def test_a_message_is_read_by_the_features_it_was_trained_with() -> None:
    tokens = ["my", "order", "is", "my", "order"]
    counted = features(tokens)
    known = [name for name in counted if name != "corder"]
    vocabulary = Vocabulary(known, np.ones(len(known), dtype=np.float32))
    at, values = vocabulary.vector(tokens)
    assert [known[place] for place in at] == known
    twice = [1 + math.log(counted[name]) for name in known if name[0] == "w"]
    words = values[: len(twice)]
    assert words == pytest.approx(np.array(twice) / np.linalg.norm(twice), rel=1e-6)


def test_one_intent_does_not_take_everything() -> None:
    model = train(SMALL[:2], Thresholds())
    assert model.classify("where is my order").decision == "accept"
    assert model.classify("quantum chromodynamics lecture").decision == "escalate"


def test_a_word_counts_by_how_few_intents_it_stands_under() -> None:
    pairs = [(f"{word} lamp", "lamp") for word in ("buy", "new", "old", "big")]
    pairs += [("buy a tent", "tent"), ("buy a kettle", "kettle")]
    vocabulary = train(pairs, Thresholds()).weights.vocabulary
    weight = {name: vocabulary.idf[at] for at, name in enumerate(vocabulary.names)}
    assert weight["wlamp"] == weight["wkettle"]  # though one is said four times
    assert weight["wlamp"] > weight["wa"] > weight["wbuy"] > 0


def test_bytes_hold_the_same_model(demo_model: IntentClassifier) -> None:
    data = demo_model.to_bytes()
    assert b"pickle" not in data
    again = IntentClassifier.from_bytes(data, demo_model.thresholds)
    for text in ("where is my order", "my lamp is broken", "hello there"):
        first, second = demo_model.classify(text), again.classify(text)
        assert first.top == second.top
        assert first.nearest == second.nearest
        assert second.confidence == pytest.approx(first.confidence, abs=5e-3)
        assert second.out_of_scope == pytest.approx(first.out_of_scope, abs=5e-3)


@pytest.mark.parametrize("data", [b"", b"no model", b"PK\x03\x04 half"])
def test_broken_bytes_name_the_mend(data: bytes) -> None:
    with pytest.raises(IntegrityError, match="train it again from the playbook"):
        IntentClassifier.from_bytes(data, Thresholds())


def test_reading_and_classifying_need_no_scikit_learn(
    demo_model: IntentClassifier, tmp_path: object
) -> None:
    path = f"{tmp_path}/model.npz"
    with open(path, "wb") as file:  # noqa: PTH123
        file.write(demo_model.to_bytes())
    code = (
        "import sys; from handrail.language.intents import IntentClassifier as C\n"
        "from handrail.playbook.models import Thresholds as T\n"
        f"C.from_bytes(open({path!r}, 'rb').read(), T()).classify('where is my order')\n"
        "assert not {'sklearn', 'scipy'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_id_names_the_training_data() -> None:
    first = train(SMALL, Thresholds()).model
    assert first == train(list(reversed(SMALL)), Thresholds()).model
    assert first == train(SMALL, Thresholds(accept=0.9)).model
    assert first != train([*SMALL, ("cash back please", "refund")], Thresholds()).model


def test_corrections_teach_and_unknown_intents_are_left_out(
    release: Release, demo_model: IntentClassifier
) -> None:
    text = "the doodad went kaputt on arrival"
    corrections = [(text, "damaged_item"), ("bla bla", "an_intent_that_was_deleted")]
    taught = train_playbook(release.playbook, corrections)
    assert demo_model.classify(text).confidence < taught.classify(text).confidence
    assert taught.classify(text).top == "damaged_item"
    assert taught.model != demo_model.model
    assert "an_intent_that_was_deleted" not in taught.weights.intents


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Hi, where is my order LF1001?", "order_status"),
        ("my parcel is three days late", "delivery_delay"),
        ("how long do I have to return a jacket", "return_policy"),
        ("the mug was broken when it arrived", "damaged_item"),
        ("please cancel LF1004", "cancel_order"),
        ("I want my money back", "refund_request"),
        ("is the warranty two years on lanterns", "warranty"),
    ],
)
def test_demo_messages_are_understood(demo_model: IntentClassifier, text: str, intent: str) -> None:
    result = demo_model.classify(text)
    assert (result.top, result.decision) == (intent, "accept")
    assert result.nearest


@pytest.mark.parametrize(
    "text", ["what is the weather in Paris", "who won the world cup", "hello", "write a poem"]
)
def test_other_subjects_are_not_accepted(demo_model: IntentClassifier, text: str) -> None:
    assert demo_model.classify(text).decision != "accept"


def test_thresholds_decide(demo_model: IntentClassifier) -> None:
    def decision(thresholds: Thresholds) -> str:
        return IntentClassifier(demo_model.weights, thresholds).classify("when arrive").decision

    probability = demo_model.classify("when arrive").confidence
    above, below = min(probability + 0.01, 1), probability - 0.01
    assert decision(Thresholds(accept=below, clarify=0, out_of_scope=1)) == "accept"
    assert decision(Thresholds(accept=above, clarify=below, out_of_scope=1)) == "clarify"
    assert decision(Thresholds(accept=1, clarify=above, out_of_scope=1)) == "escalate"
    assert decision(Thresholds(accept=0, clarify=0, out_of_scope=0)) == "escalate"


def test_same_training_gives_the_same_weights() -> None:
    first, second = train(SMALL, Thresholds()), train(SMALL, Thresholds())
    assert np.array_equal(first.weights.linear, second.weights.linear)
