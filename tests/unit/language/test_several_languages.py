"""Each message is read by the classifier of its language, without asking which that is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from handrail.language.features import Floats
from handrail.language.several_languages import SeveralLanguages
from handrail.language.training import train, train_playbook
from handrail.playbook.models import Release, Thresholds


@pytest.fixture(scope="module")
def model(release: Release) -> SeveralLanguages:
    return SeveralLanguages(
        {name: train_playbook(release.playbook, language=name) for name in ("en", "es")}
    )


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where is my parcel now?", "order_status"),
        ("¿Dónde está mi paquete ahora?", "order_status"),
        ("donde esta mi pedido", "order_status"),
        ("I would like my money back please", "refund_request"),
        ("quiero que me devuelvan mi dinero", "refund_request"),
        ("me olvidé de la contraseña de mi cuenta", "account_access"),
        ("¿cuánto cuesta un envío a Canadá?", "shipping_cost"),
    ],
)
def test_both_languages_are_understood(model: SeveralLanguages, text: str, intent: str) -> None:
    result = model.classify(text)
    assert (result.top, result.decision) == (intent, "accept")


@pytest.mark.parametrize(
    "text", ["what is the weather in Paris", "¿quién ganó el mundial?", "escribe un poema", "zzz"]
)
def test_other_subjects_are_not_accepted(model: SeveralLanguages, text: str) -> None:
    assert model.classify(text).decision != "accept"


def test_english_is_read_as_if_there_were_no_spanish(
    model: SeveralLanguages, release: Release
) -> None:
    english = model.models["en"]
    for text, _ in release.playbook.examples_in("en"):
        assert model.classify(text) == english.classify(text)


def test_examples_by_language(release: Release) -> None:
    for name, intent in release.playbook.intents.items():
        assert len(intent.translated_examples["es"]) >= 10, name
    assert len({name for _, name in release.playbook.examples_in("es")}) >= 12
    assert release.playbook.examples_in("fr") == []


class Counting:
    """An encoder that counts what it encodes."""

    id = "enc_counting"

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: Sequence[str]) -> Floats:
        self.calls += 1
        return np.full((len(texts), 4), 0.5, dtype=np.float32)


def test_an_encoder_reads_a_message_once_for_all_languages(release: Release) -> None:
    encoder = Counting()
    pairs = [("where is it", "status"), ("where now", "status"), ("money", "refund"),
             ("give it back", "refund")]  # fmt: skip
    one, other = (train(pairs, Thresholds(), encoder=encoder) for _ in range(2))
    model = SeveralLanguages({"en": one, "es": other})
    encoder.calls = 0
    assert model.classify("where is it") == one.classify("where is it")
    assert encoder.calls == 2
    assert model.blocks
    assert not SeveralLanguages({"en": train_playbook(release.playbook)}).blocks


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("Wher is my monye, plese?", "where is my money, plese?"),  # no example says "please"
        ("MONYE", "money"),
        ("monay and mohey", "money and money"),
        ("where is my money", "where is my money"),
        ("its the refunds", "its the refunds"),  # words that have a vector are no slips
        ("2monye3", "2monye3"),
    ],
)
def test_an_encoder_is_given_words_without_slips(written: str, given: str) -> None:
    pairs = [("where is it", "status"), ("where now", "status"), ("money", "refund"),
             ("give it back", "refund")]  # fmt: skip
    model = train(pairs, Thresholds(), encoder=Counting())
    assert model.mended(written) == given
