"""What every intent model promises (``handrail.core.ports.IntentModel``)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.core.ports import IntentModel
from handrail.language.intents import IntentClassifier
from handrail.language.several_languages import SeveralLanguages
from handrail.language.training import train, train_playbook
from handrail.playbook.loading import demo_path, load_release
from handrail.playbook.models import Thresholds


def _demo() -> IntentModel:
    return train_playbook(load_release(demo_path()).playbook)


def _stored() -> IntentModel:
    playbook = load_release(demo_path()).playbook
    return IntentClassifier.from_bytes(train_playbook(playbook).to_bytes(), playbook.thresholds)


def _tiny() -> IntentModel:
    return train([("hello there", "greet"), ("good morning", "greet")], Thresholds())


def _several() -> IntentModel:
    playbook = load_release(demo_path()).playbook
    return SeveralLanguages({n: train_playbook(playbook, language=n) for n in ("en", "es")})


MAKERS: tuple[Callable[[], IntentModel], ...] = (_demo, _stored, _tiny, _several)


@pytest.fixture(scope="module", params=MAKERS, ids=["demo", "stored", "tiny", "several"])
def model(request: pytest.FixtureRequest) -> IntentModel:
    return request.param()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=400))
def test_any_text_gets_a_sound_result(model: IntentModel, text: str) -> None:
    result = model.classify(text)
    probabilities = [guess.probability for guess in result.ranked]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= p <= 1.0001 for p in probabilities)
    assert 0 <= result.out_of_scope <= 1
    assert len({guess.intent for guess in result.ranked}) == len(result.ranked)
    assert result.model


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u200d", "🙂🙂", "!?", "\ud800", "\x00"])
def test_text_without_words_is_a_persons(model: IntentModel, text: str) -> None:
    result = model.classify(text)
    assert result.decision == "escalate"
    assert result.ranked == ()
    assert result.out_of_scope == 1


def test_a_very_long_text_is_judged_too(model: IntentModel) -> None:
    assert model.classify("where is my order " * 60_000).model


def test_the_same_text_gets_the_same_result(model: IntentModel) -> None:
    assert model.classify("where is my order") == model.classify("where is my order")
