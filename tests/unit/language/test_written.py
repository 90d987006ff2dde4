"""The language of an answer: what the customer writes, else their record, else the first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handrail.core.conversation import Customer, Message
from handrail.language.detection import detect_language
from handrail.language.written import answer_language
from handrail.playbook.models import Brand

BRAND = Brand(name="Shop", languages=("en", "es-MX"))
ENGLISH = "Could you please tell me where my parcel is?"
SPANISH = "¿Me puedes decir dónde está mi paquete?"
FRENCH = "Bonjour, je voudrais savoir où est mon colis, merci."
MIXED = "Hola, where is mi pedido please, gracias por all"


def _messages(*said: tuple[str, str]) -> tuple[Message, ...]:
    return tuple(
        Message.model_validate(
            {"id": f"m{n}", "conversation_id": "c", "seq": n, "role": role, "channel": "web",
             "text": text, "at": datetime(2026, 1, 5, tzinfo=UTC)}
        )
        for n, (role, text) in enumerate(said, start=1)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "record", "language"),
    [
        (ENGLISH, "es", "en"),
        (SPANISH, "en", "es-MX"),
        (SPANISH, None, "es-MX"),
        ("ok", "es", "es-MX"),
        ("ok", "en", "en"),
        ("ok", "de", "en"),
        ("ok", None, "en"),
        ("", "es-ES", "es-MX"),
        (MIXED, "es", "es-MX"),
        (MIXED, "en", "en"),
        (FRENCH, "es", "es-MX"),
        (FRENCH, None, "en"),
    ],
)
def test_words_then_record_then_the_first_language(
    said: str, record: str | None, language: str
) -> None:
    customer = Customer(id="c", language=record)
    assert answer_language(BRAND, customer, (), said) == language


def test_what_was_written_before_counts_where_the_newest_words_tell_nothing() -> None:
    customer = Customer(id="c", language="en")
    before = _messages(("customer", ENGLISH), ("customer", SPANISH), ("ai", ENGLISH))
    assert answer_language(BRAND, customer, before, "ok") == "es-MX"
    assert answer_language(BRAND, customer, before, ENGLISH) == "en"
    # What we wrote says nothing of the customer.
    assert answer_language(BRAND, customer, _messages(("ai", SPANISH)), "ok") == "en"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Where is my order?", "en"),
        ("¿Qué hay para mí?", "es"),
        ("OK, thanks!", None),
        ("No, gracias", None),
        ("LF1001", None),
        ("on the menu", None),
        ("Email: a@b.example", None),
    ],
)
def test_short_words_tell_a_language_where_they_leave_no_doubt(text: str, tag: str | None) -> None:
    assert detect_language(text).tag == tag
