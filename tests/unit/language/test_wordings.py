"""Templates by language, style and channel; apology, next step, plurals and validity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from handrail.core.conversation import FieldValue
from handrail.core.drafting import Draft
from handrail.core.ports import DraftRequest
from handrail.language.template_drafter import TemplateDrafter
from handrail.playbook.models import Article, Release, Template

MakeRequest = Callable[..., DraftRequest]
Answer = Callable[..., Any]
STATUS = "order_status"


@pytest.fixture
def answer(release: Release, make_request: MakeRequest) -> Answer:
    """Answers "Where is LF1001?" with one template, under a changed tone and changed articles."""

    async def draft(
        template: Template,
        *,
        tone: dict[str, Any] | None = None,
        articles: tuple[Article, ...] = (),
        fields: dict[str, FieldValue] | None = None,
        language: str | None = None,
        **asked: Any,
    ) -> Draft:
        playbook = release.playbook
        intent = playbook.intents[STATUS].model_copy(update={"templates": (template,)})
        changed = playbook.model_copy(
            update={
                "intents": {**playbook.intents, STATUS: intent},
                "tone": playbook.tone.model_copy(update={"greeting": "", **(tone or {})}),
            }
        )
        request = make_request("Where is LF1001?", STATUS, **asked)
        (record,) = request.snapshot.records
        record = record.model_copy(update={"fields": {**record.fields, **(fields or {})}})
        snapshot = request.snapshot.model_copy(update={"records": (record,)})
        request = request.model_copy(update={"snapshot": snapshot, "language": language})
        kept = {a.id: a for a in (*release.articles, *articles)}
        drafter = TemplateDrafter(
            release.model_copy(update={"playbook": changed, "articles": tuple(kept.values())})
        )
        return await drafter.draft(request)

    return draft


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "It cost $343.90 on January 2, 2026 and is on its way."),
        ("es", "Costó $343.90 el 2 de enero de 2026 y está en camino."),
        ("es-US", "Costó $343.90 el 2 de enero de 2026 y está en camino."),
        ("fr", "It cost $343.90 on January 2, 2026 and is on its way."),
        (None, "It cost $343.90 on January 2, 2026 and is on its way."),
    ],
)
async def test_the_customers_language(answer: Answer, language: str | None, text: str) -> None:
    template = Template(
        text={
            "en": "It cost {{order.total}} on {{order.placed_at}} and is {{order.status}}.",
            "es": "Costó {{order.total}} el {{order.placed_at}} y está {{order.status}}.",
        }
    )
    assert (await answer(template, language=language)).text == text


async def test_a_template_in_another_language_is_not_sent(answer: Answer) -> None:
    draft = await answer(Template(text="It is {{order.status}}."), language="es")
    assert (draft.text, draft.problem) == ("", "template 1 is not written in es")


async def test_a_status_without_words_in_the_language_is_missing(answer: Answer) -> None:
    template = Template(text={"en": "{{order.status}}", "es": "{{order.status}}"})
    odd = {"status": FieldValue(type="status", value="in_customs")}
    assert (await answer(template, fields=odd)).text == "in customs"
    draft = await answer(template, fields=odd, language="es")
    assert (draft.text, draft.problem) == ("", "template 1 lacks order.status")


@pytest.mark.parametrize(
    ("style", "text"), [("plain", "Done."), ("warm", "All done!"), ("formal", "Done.")]
)
async def test_the_style_of_the_playbook(answer: Answer, style: str, text: str) -> None:
    template = Template(text={"en": {"plain": "Done.", "warm": "All done!"}})
    assert (await answer(template, tone={"style": style})).text == text


async def test_short_in_a_chat_and_whole_in_an_email(answer: Answer) -> None:
    template = Template(
        text={"chat": "It is on its way.", "email": "Your order is on its way."},
        next_step="The carrier writes to you.",
    )
    tone = {"greeting": {"chat": "Hi!", "email": "Hello,"}, "signature": "The team"}
    chat = await answer(template, tone=tone)
    assert chat.text == "Hi!\n\nIt is on its way. The carrier writes to you."
    email = await answer(template, tone=tone, channel="email")
    assert email.text == (
        "Hello,\n\nYour order is on its way.\n\nThe carrier writes to you.\n\nThe team"
    )


SORRY = Template(text="It is late.", apology=True)
TONE = {"apology": "I am sorry, {{customer.first_name}}."}


async def test_we_say_sorry_once(answer: Answer) -> None:
    assert (await answer(SORRY, tone=TONE)).text == "I am sorry, Ada. It is late."
    said = (("ai", "I am sorry, Ada. It is late."), ("customer", "And now?"))
    assert (await answer(SORRY, tone=TONE, history=said)).text == "It is late."
    theirs = (("ai", "Hello."), ("customer", "I am sorry, Ada. he said."))
    assert (await answer(SORRY, tone=TONE, history=theirs)).text.startswith("I am sorry, Ada.")


async def test_an_apology_or_next_step_that_cannot_be_filled_stops_the_reply(
    answer: Answer,
) -> None:
    lacking = await answer(SORRY, tone={"apology": "Sorry, {{customer.phone}} {{order.refund_at}}"})
    assert lacking.problem == "template 1 lacks order.refund_at"
    step = Template(text={"en": "a", "es": "b"}, next_step="We call you.")
    assert (await answer(step, language="es")).problem == "template 1 is not written in es"


@pytest.mark.parametrize(
    ("number", "english", "spanish"),
    [(1, "1 parcel", "1 paquete"), (2, "2 parcels", "2 paquetes"), (0, "0 parcels", "0 paquetes")],
)
async def test_words_go_with_their_number(
    answer: Answer, number: int, english: str, spanish: str
) -> None:
    template = Template(
        text={
            "en": "{{order.parcels}} {{order.parcels|parcel|parcels}}",
            "es": "{{order.parcels}} {{order.parcels|paquete|paquetes}}",
        }
    )
    count = {"parcels": FieldValue(type="quantity", value=number)}
    assert (await answer(template, fields=count)).text == english
    assert (await answer(template, fields=count, language="es")).text == spanish


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"valid_to": date(2026, 1, 5)}, None),
        ({"valid_to": date(2026, 1, 4)}, "template 1 relies on sale, which is not valid now"),
        ({"valid_from": date(2026, 1, 6)}, "template 1 relies on sale, which is not valid now"),
        ({"audience": ("standard", "gold")}, None),
        ({"audience": ("gold",)}, "template 1 relies on sale, which is for others"),
    ],
)
async def test_a_template_lives_as_long_as_its_articles(
    answer: Answer, change: dict[str, Any], problem: str | None
) -> None:
    sale = Article(id="sale", title="Sale", body="Tents are half price this week.").model_copy(
        update=change
    )
    draft = await answer(
        Template(text="Tents are half price.", articles=("sale",)), articles=(sale,)
    )
    assert draft.problem == problem
    assert bool(draft.text) == (problem is None)
    assert any(c.source == "article:sale#1" for c in draft.citations) == (problem is None)


async def test_a_spanish_reply_cites_the_spanish_article(
    release: Release, make_request: MakeRequest
) -> None:
    request = make_request("¿Cómo devuelvo algo?", "return_policy").model_copy(
        update={"language": "es", "passages": ()}
    )
    draft = await TemplateDrafter(release).draft(request)
    assert draft.text.startswith("Hola, Ada:\n\nPuedes devolver la mayoría")
    articles = {c.source for c in draft.citations if c.source.startswith("article:")}
    assert "article:returns.es#1" in articles
    assert all(source.startswith("article:returns.es#") for source in articles)


async def test_questions_and_sign_in_in_spanish(
    release: Release, make_request: MakeRequest
) -> None:
    drafter = TemplateDrafter(release)
    spanish = {"language": "es"}
    unclear = make_request("mis cosas", STATUS, decision="clarify", others=("refund_status",))
    draft = await drafter.draft(unclear.model_copy(update=spanish))
    assert draft.text.endswith("¿Se trata de dónde está un pedido o dónde está un reembolso?")
    which = make_request("mi dinero", "refund_request", customer="cust_006")
    draft = await drafter.draft(which.model_copy(update=spanish))
    assert draft.text.endswith("¿De qué pedido se trata: LF1007 o LF1008?")
    closed = make_request("¿Dónde está?", STATUS, verified=False)
    draft = await drafter.draft(closed.model_copy(update=spanish))
    assert draft.text.startswith("Puedo consultarlo. Inicia sesión")


async def test_a_question_that_is_not_written_in_the_language_is_a_persons(
    release: Release, make_request: MakeRequest
) -> None:
    clarify = release.playbook.clarify.model_copy(update={"text": "Is it {{options}}?"})
    playbook = release.playbook.model_copy(update={"clarify": clarify})
    request = make_request("mis cosas", STATUS, decision="clarify").model_copy(
        update={"language": "es"}
    )
    drafter = TemplateDrafter(release.model_copy(update={"playbook": playbook}))
    draft = await drafter.draft(request)
    assert (draft.text, draft.problem) == ("", "clarify.text is not written in es")


async def test_a_quotation_in_spanish(
    release: Release, make_request: MakeRequest, knowledge: Any
) -> None:
    text = "¿La manta de lana se lava en la lavadora?"
    request = make_request(text, "product_question").model_copy(
        update={"language": "es", "passages": knowledge.search(text, language="es")}
    )
    draft = await TemplateDrafter(release).draft(request)
    assert draft.source == "articles"
    assert "De nuestra página de ayuda «Cuidado y tallas de los productos»:" in draft.text
    assert "“Las mantas de lana se lavan a mano" in draft.text
