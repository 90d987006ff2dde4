"""The checks of tone, relevance and repetition fire where they say, and keep still elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldValue,
    Message,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Draft
from handrail.core.ports import Checked
from handrail.guardrails.suite import CheckSuite
from handrail.language.detection import detect_language, foreign_words
from handrail.playbook.models import Brand, Guardrails, Intent, Playbook, Release, Tone

SPANISH = "¿Dónde está mi pedido? Lo necesito para el viernes, por favor."
PARCEL = "Where is my parcel? I have been waiting for it since last week."
NOW = datetime(2026, 3, 5, tzinfo=UTC)


def playbook(settings: dict[str, dict[str, Any]]) -> Playbook:
    return Playbook(
        brand=Brand(name="Lamp Shop", languages=("en", "es")),
        tone=Tone(forbidden=("unfortunately", "no way"), competitors=("Lumora", "Bright & Co")),
        intents={
            "order_status": Intent(
                description="where a parcel is",
                examples=("where is my parcel", "has my order been shipped"),
                mode="autonomous",
            )
        },
        guardrails=Guardrails(checks=settings),
    )


def message(role: str, text: str, number: int) -> Message:
    return Message.model_validate(
        {"id": f"m{number}", "conversation_id": "k1", "seq": number, "role": role,
         "channel": "web", "text": text, "at": NOW}
    )  # fmt: skip


async def verify(
    text: str,
    said: str = PARCEL,
    *,
    customer: Customer | None = None,
    earlier: tuple[str, ...] = (),
    passages: tuple[Passage, ...] = (),
    intent: str | None = "order_status",
    repair: bool = False,
    **settings: dict[str, Any],
) -> Checked:
    named = {name.replace("__", "."): value for name, value in settings.items()}
    book = playbook(named)
    record = Record(
        kind="order",
        id="W100",
        customer_id="c1",
        fields={"item": FieldValue(type="text", value="Bastard file, 20 cm")},
    )
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=customer or Customer(id="c1", name="Ana Díaz"),
        verified=True,
        messages=tuple(message("ai", one, number) for number, one in enumerate(earlier, 1)),
        records=(record,),
        now=NOW,
        release="rel_1",
    )
    return await CheckSuite(Release(id="r", name="r", playbook=book, articles=())).verify(
        Draft(id="d1", text=text, source="model", passages=passages),
        snapshot,
        mode="autonomous",
        intent=intent,
        text=said,
        repair=repair,
    )


async def rules(check: str, text: str, said: str = PARCEL, **known: Any) -> set[str]:
    report = (await verify(text, said, **known)).verdict.report
    assert not report.errored
    return {finding.rule for finding in report.findings if finding.check == check}


MIXED = (
    "Your parcel has left our warehouse today and is on its way to you. "
    "Si tiene alguna duda sobre su pedido, estamos aquí para ayudar."
)
FIRES = [
    ("tone.language", "differs", "Your parcel has left our warehouse today.", SPANISH),
    ("tone.language", "differs", "Su pedido ha salido hoy de nuestro almacén.", PARCEL),
    ("tone.language", "differs", "Ihre Bestellung hat unser Lager heute verlassen.", PARCEL),
    ("tone.language", "differs", "Ваш заказ сегодня покинул наш склад.", PARCEL),
    ("tone.language", "mixed",
     MIXED, PARCEL),
    ("tone.language", "not_spoken", "Your parcel has left our warehouse today.",
     "Wo ist meine Bestellung? Ich warte schon seit einer Woche."),
    ("tone.brand", "profanity", "What the fuck do you want?", ""),
    ("tone.brand", "profanity", "Well, f*ck that.", ""),
    ("tone.brand", "profanity", "That is bullsh1t.", ""),
    ("tone.brand", "profanity", "Fuuuuck that.", ""),
    ("tone.brand", "profanity", "Vaya mierda de pedido.", ""),
    ("tone.brand", "blame", "That is your own fault.", ""),
    ("tone.brand", "blame", "You should have read the instructions.", ""),
    ("tone.brand", "blame", "As I already said, it is late.", ""),
    ("tone.brand", "blame", "Es culpa suya.", ""),
    ("tone.brand", "disparagement", "We are the worst company there is.", ""),
    ("tone.brand", "disparagement", "You are being ridiculous.", ""),
    ("tone.brand", "disparagement", "Usted es un mentiroso.", ""),
    ("tone.brand", "slang", "It's gonna arrive soon.", ""),
    ("tone.brand", "forbidden_word", "Unfortunately, it is late.", ""),
    ("tone.brand", "forbidden_word", "There is NO WAY to do it.", ""),
    ("tone.brand", "competitor", "Lumora sells that as well.", ""),
    ("tone.brand", "competitor", "Bright & Co sells that.", ""),
    ("conv.relevance", "off_topic",
     "The museum opens its garden gallery at nine and the sculpture workshop follows.", PARCEL),
    ("conv.relevance", "advice", "You should stop taking the antibiotics at once.", PARCEL),
    ("conv.relevance", "advice", "I recommend a lawsuit against your carrier.", PARCEL),
    ("conv.relevance", "advice", "Debería invertir en criptomonedas, es seguro.", ""),
    ("tone.form", "wrong_name", "Hi Maria, your parcel is on its way.", PARCEL),
    ("tone.form", "wrong_name", "Estimada Lucía Pérez: su pedido va de camino.", SPANISH),
    ("tone.form", "placeholder", "Dear [Customer Name], hello.", PARCEL),
    ("tone.form", "markdown", "This is **very** important.", PARCEL),
    ("tone.form", "markdown", "# Returns\nSend it back.", PARCEL),
    ("tone.form", "hard_to_read",
     "Notwithstanding the aforementioned considerations regarding international transportation " * 9
     , PARCEL),
]  # fmt: skip

KEEPS_STILL = [
    ("tone.language", "Your parcel has left our warehouse today.", PARCEL),
    ("tone.language", "Su pedido ha salido hoy de nuestro almacén.", SPANISH),
    ("tone.language", "OK, thanks!", SPANISH),
    ("tone.language", "W100 89.90 EUR LF-2231 2026-03-04", SPANISH),
    ("tone.language", "Your parcel has left our warehouse today.", "ok"),
    ("tone.brand", "We assess orders from Scunthorpe, Penistone and Essex.", ""),
    ("tone.brand", "The cockpit cover, the shiitake set and the bass are analysed.", ""),
    ("tone.brand", "It is not your fault.", ""),
    ("tone.brand", "This wasn't your mistake at all.", ""),
    ("tone.brand", "Your Bastard file is on its way.", ""),
    ("tone.brand", "You should receive it on Friday; should you need help, write to us.", ""),
    ("tone.brand", "Call us at *31# or pay $20!", ""),
    ("tone.brand", "Order 5h1p and SKU A55-00 are here.", ""),
    ("tone.brand", "The fortunately lumoral word.", ""),
    ("conv.relevance", "It left our warehouse on Monday; the carrier has your parcel now.", PARCEL),
    ("conv.relevance", "Could you tell me your order number, please?", PARCEL),
    ("conv.relevance", "You should ask a doctor about the symptoms.", PARCEL),
    ("conv.relevance", "Please keep the lamp out of the reach of children.", ""),
    ("tone.form", "Hi Ana, your parcel is on its way.", PARCEL),
    ("tone.form", "Hello Diaz, your parcel is on its way.", PARCEL),
    ("tone.form", "Dear customer, your parcel is on its way.", PARCEL),
    ("tone.form", "Hello, thanks for writing.", PARCEL),
    ("tone.form", "5 * 3 ** 2, snake_case__name, - a list, #1", PARCEL),
]  # fmt: skip


@pytest.mark.parametrize(("check", "rule", "text", "said"), FIRES)
async def test_fires(check: str, rule: str, text: str, said: str) -> None:
    assert rule in await rules(check, text, said)


@pytest.mark.parametrize(("check", "text", "said"), KEEPS_STILL)
async def test_keeps_still(check: str, text: str, said: str) -> None:
    assert await rules(check, text, said) == set()


async def test_the_profile_tells_the_language_where_the_words_do_not() -> None:
    reply = "Your parcel has left our warehouse today."
    spanish = Customer(id="c1", language="es-MX")
    assert await rules("tone.language", reply, "hola", customer=spanish) == {"differs"}
    assert await rules("tone.language", reply, PARCEL, customer=spanish) == set()


async def test_a_competitor_that_the_customer_named_is_only_shown() -> None:
    for said, severity in (("Is it like the Lumora one?", "low"), (PARCEL, "medium")):
        found = (await verify("Lumora sells that.", said)).verdict.report.findings
        assert [f.severity for f in found if f.rule == "competitor"] == [severity]


async def test_advice_that_a_passage_gives_is_the_teams() -> None:
    text = "You should take the tablets with water."
    passage = Passage(id="p#1", article_id="p", title="Tablets", text="Take tablets with water.")
    assert await rules("conv.relevance", text) == {"advice"}
    assert await rules("conv.relevance", text, passages=(passage,)) == set()
    assert await rules("conv.relevance", text, conv__relevance={"scope": ("medical",)}) == set()


async def test_a_passage_found_for_the_question_is_of_the_matter() -> None:
    text = "The museum opens its garden gallery at nine and the sculpture workshop follows."
    passage = Passage(id="p#1", article_id="p", title="Museum", text=text)
    assert await rules("conv.relevance", text, passages=(passage,)) == set()


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("Unfortunately, your parcel is late.", "Your parcel is late."),
        ("Hi Maria, your parcel is late.", "Hi Ana, your parcel is late."),
        ("Dear [Customer Name], your parcel is late.", "Dear Ana, your parcel is late."),
        ("Your parcel is **late**.", "Your parcel is late."),
        ("It's gonna be late, your parcel.", "It's going to be late, your parcel."),
    ],
)
async def test_small_faults_of_tone_are_repaired(text: str, mended: str) -> None:
    checked = await verify(text, repair=True)
    assert checked.draft.text == mended
    assert [step.before for step in checked.verdict.repairs] == [text]


ANSWER = "Your parcel W100 left our warehouse on Monday and comes on Friday."


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (ANSWER.upper(), "loop"),
        (ANSWER.replace(" ", "  "), "loop"),
        (ANSWER.replace("Friday", "Tuesday"), None),
        ("Something else that is long enough to be compared with it.", None),
    ],
)
async def test_repetition_counts_words_and_facts(text: str, rule: str | None) -> None:
    found = await rules("conv.repeat", text, earlier=(ANSWER, ANSWER))
    assert found == ({rule} if rule else set())


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("en", "I would like to know where my order is, please."),
        ("es", "Quisiera saber cuándo llega mi pedido, por favor."),
        ("pt", "Gostaria de saber quando chega a minha encomenda, por favor."),
        ("fr", "Je voudrais savoir quand ma commande arrive, s'il vous plaît."),
        ("de", "Ich möchte wissen, wann meine Bestellung kommt, bitte."),
        ("it", "Vorrei sapere quando arriva il mio ordine, per favore."),
        ("nl", "Ik wil graag weten wanneer mijn bestelling aankomt."),
        ("ru", "Где мой заказ?"),
        ("uk", "Коли прийде моє замовлення?"),
        ("el", "Πού είναι η παραγγελία μου;"),
        ("ar", "أين طلبي؟"),
        ("fa", "سفارش من کجاست؟ پیگیری"),
        ("he", "איפה ההזמנה שלי?"),
        ("hi", "मेरा ऑर्डर कहाँ है?"),
        ("th", "สินค้าของฉันอยู่ที่ไหน"),
        ("ko", "제 주문은 어디에 있나요?"),
        ("ja", "私の注文はどこですか?"),
        ("zh", "我的订单在哪里?"),
        (None, "ok"),
        (None, "where is it"),
        (None, "W100 LF-2231 89.90 EUR 2026-03-04 7788"),
        (None, "Var är min beställning, den skulle komma i går?"),
        (None, "Siparişim nerede, geçen hafta gelmesi gerekiyordu?"),
        (None, "Gdzie jest moje zamówienie, miało przyjść w zeszłym tygodniu?"),
        (None, ""),
        ("en", "Please look at https://tienda.example/donde-esta-el-pedido for your order."),
    ],
)
def test_languages_are_told_or_honestly_unknown(tag: str | None, text: str) -> None:
    guess = detect_language(text)
    assert guess.tag == tag
    assert 0 < guess.confidence <= 1 if tag else guess.confidence == 0


def test_a_mixed_text_has_no_sure_language() -> None:
    mixed = "Where is my order, please? ¿Dónde está mi pedido, por favor?"
    assert detect_language(mixed).confidence < 0.8


SPOKEN = """
    the your will not order shipping tienda pedido está para como mente não uma está você com les
    avec est dans heureux der die nicht lieferung sich gli della nella spedizione niet het voor
    bestelling door a de la in no
    """.split()  # noqa: SIM905 - a list of words is read as words


@given(
    st.lists(st.sampled_from(SPOKEN), min_size=8, max_size=20, unique=True),
    st.sampled_from(["en", "es", "ru"]),
)
def test_what_is_in_another_language_holds_a_word_of_it(words: list[str], tag: str) -> None:
    text = " ".join(words)
    assume(detect_language(text).tag not in (None, tag))
    assert not text.isascii() or not foreign_words(tag).isdisjoint(words)


def test_a_plain_sentence_of_the_language_holds_none() -> None:
    assert foreign_words("en").isdisjoint(PARCEL.casefold().split())
    assert foreign_words("es").isdisjoint(SPANISH.casefold().split())
