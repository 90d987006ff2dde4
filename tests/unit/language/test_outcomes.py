"""What is open, promised and touched is found in the messages themselves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handrail.core.conversation import Message, Record, Role
from handrail.language.outcomes import open_questions, promises, records_touched


def message(role: Role, text: str, author: str | None = None) -> Message:
    return Message(
        id="m",
        conversation_id="c",
        seq=1,
        role=role,
        author=author,
        channel="web",
        text=text,
        at=datetime(2026, 1, 5, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    "text",
    [
        "I will call you tomorrow.",
        "We'll refund the shipping.",
        "You will receive it on Monday.",
        "A colleague will get back to you today.",
        "The money will be refunded to your card.",
        "Le enviaremos un nuevo paquete.",
        "Voy a llamarle mañana.",
        "Enviaremos o novo pedido amanhã.",
        "Nous vous enverrons un colis.",
        "Wir werden Ihnen das Geld erstatten.",
        "Sie erhalten morgen eine Antwort.",
    ],
)
def test_a_promise_is_found_with_who_made_it(text: str) -> None:
    said = [message("agent", f"Hello. {text}", "kim"), message("ai", text)]
    assert promises(said) == [("kim", text), ("AI", text)]


@pytest.mark.parametrize(
    "text",
    [
        "We will not refund this.",
        "Will you send us a photo?",
        "Your order left on Monday.",
        "You can return it within 30 days.",
        "No le enviaremos otro.",
        "Wir werden nicht erstatten.",
        "Thank you for your patience.",
        "If you will not be at home, tell us.",
    ],
)
def test_what_is_no_promise_is_left_out(text: str) -> None:
    assert promises([message("agent", text, "kim")]) == []


def test_only_what_the_customer_was_told_is_a_promise() -> None:
    words = "I will call you tomorrow."
    assert promises([message("customer", words), message("note", words, "kim")]) == []


def test_open_questions_are_those_of_unanswered_messages() -> None:
    waiting = [
        message("customer", "Hello! Where is my parcel? It is late. Can I still cancel?"),
        message("customer", "please cancel my order. Thanks"),
    ]
    assert open_questions(waiting) == [
        "Where is my parcel?",
        "Can I still cancel?",
        "please cancel my order.",
    ]
    assert open_questions([]) == []


def test_records_are_named_by_whole_numbers_only() -> None:
    own = [Record(kind="order", id=id_, customer_id="c", fields={}) for id_ in ("W1", "W12", "W3")]
    said = [message("customer", "where is w12?"), message("ai", "Do you mean W3?")]
    assert records_touched(said, own) == ["order W12", "order W3"]
