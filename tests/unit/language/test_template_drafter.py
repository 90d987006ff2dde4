"""Templates are filled from the right record or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from handrail.core.conversation import FieldValue, Passage, Record
from handrail.core.drafting import DraftNotes, Wish, left_open
from handrail.core.ports import DraftRequest
from handrail.language.quoting import cite_published
from handrail.language.template_answers import Answer, joined
from handrail.language.template_drafter import TemplateDrafter
from handrail.playbook.models import Release

MakeRequest = Callable[..., DraftRequest]


@pytest.fixture
def drafter(release: Release) -> TemplateDrafter:
    return TemplateDrafter(release)


async def test_every_value_is_cited(drafter: TemplateDrafter, make_request: MakeRequest) -> None:
    draft = await drafter.draft(make_request("Where is order LF1001?", "order_status"))
    assert draft.source == "template"
    assert draft.text.startswith("Hello Ada,\n\nYour order LF1001 left us on January 3, 2026")
    sources = {citation.source for citation in draft.citations}
    assert sources >= {
        "record:order/LF1001#id",
        "record:order/LF1001#shipped_at",
        "record:order/LF1001#tracking_number",
    }
    assert all(citation.quote in draft.text for citation in draft.citations)


async def test_words_with_a_customers_value_are_not_kept(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    cite_published.cache_clear()
    told = await drafter.draft(make_request("Where is order LF1001?", "order_status"))
    assert told.source == "template"
    assert cite_published.cache_info().currsize == 0
    general = await drafter.draft(make_request("Can I return a jacket?", "return_policy"))
    assert any(citation.source.startswith("article:") for citation in general.citations)
    assert cite_published.cache_info().currsize == 1


async def test_missing_field_is_named_and_nothing_is_written(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    whole = make_request("Where is order LF1001?", "order_status")
    record = whole.snapshot.records[0]
    fields = {name: value for name, value in record.fields.items() if name != "carrier"}
    short = record.model_copy(update={"fields": fields})
    draft = await drafter.draft(
        make_request("Where is order LF1001?", "order_status", records=(short,))
    )
    assert (draft.text, draft.source) == ("", "none")
    assert draft.problem == "template 2 lacks order.carrier"


async def test_a_field_without_a_value_counts_as_missing(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    record = make_request("x", "order_status").snapshot.records[0]
    unknown = record.fields | {"carrier": FieldValue(type="text", value=None)}
    draft = await drafter.draft(
        make_request(
            "Where is it?",
            "order_status",
            records=(record.model_copy(update={"fields": unknown}),),
        )
    )
    assert "order.carrier" in (draft.problem or "")


async def test_unverified_customers_see_no_record_and_no_name(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    request = make_request("Where is order LF1001?", "order_status", verified=False)
    draft = await drafter.draft(request)
    assert "sign in" in draft.text
    assert not draft.citations
    assert "Ada" not in draft.text
    assert "LF1001" not in draft.text


async def test_general_answers_need_no_identity(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(
        make_request("How long for returns?", "return_policy", verified=False)
    )
    assert draft.source == "template"
    assert "article:returns#1" in {citation.source for citation in draft.citations}
    assert {passage.article_id for passage in draft.passages} >= {"returns"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("where is LF1005", "LF1005"),
        ("where is lf-1006?", "LF1006"),
        ("order # LF 1006 please", "LF1006"),
        ("any news about 1006", "LF1006"),
        ("where is my order", "LF1005"),
    ],
)
async def test_the_order_that_is_meant(
    drafter: TemplateDrafter, make_request: MakeRequest, text: str, number: str
) -> None:
    # cust_005 has LF1005 on its way and LF1006 delivered.
    draft = await drafter.draft(make_request(text, "order_status", customer="cust_005"))
    assert f"order {number}" in draft.text


async def test_several_possible_orders_are_asked_about(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(
        make_request("I want my money back", "refund_request", customer="cust_006")
    )
    assert draft.source == "clarify"
    assert draft.text.endswith("Which order is it about: LF1007 or LF1008?")
    assert {c.source for c in draft.citations} >= {"record:order/LF1007#id"}


async def test_an_order_named_earlier_is_still_meant(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    history = (("customer", "It is about LF1008"), ("note", "maybe LF1007?"))
    draft = await drafter.draft(
        make_request("A refund please", "refund_request", customer="cust_006", history=history)
    )
    assert "order LF1008" in draft.text


async def test_someone_elses_number_is_neither_used_nor_repeated(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(make_request("Where is order LF1002?", "order_status"))
    assert draft.source == "clarify"
    assert "LF1002" not in draft.text
    assert "LF1001" in draft.text


async def test_two_named_orders_are_a_persons(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(
        make_request("LF1005 and LF1006?", "order_status", customer="cust_005")
    )
    assert draft.text == ""
    assert draft.problem == "the message names several records: LF1005, LF1006"


async def test_the_question_is_asked_once(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(
        make_request("money back", "refund_request", customer="cust_006", clarifications=1)
    )
    assert draft.text == ""
    assert "asked already" in (draft.problem or "")


async def test_an_unclear_intent_is_asked_about(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(
        make_request("my stuff", "order_status", decision="clarify", others=("refund_status",))
    )
    assert draft.source == "clarify"
    assert draft.text.endswith("Is it about where an order is or where a refund is?")


async def test_a_passage_is_quoted_where_no_template_is(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(
        make_request("Can the wool blanket be washed in the machine?", "product_question")
    )
    assert draft.source == "articles"
    assert "“Wool blankets are washed by hand" in draft.text
    assert [c.source for c in draft.citations if c.source.startswith("article")] == [
        "article:care#2"
    ]
    assert draft.problem == "no template fits this situation"


async def test_internal_passages_are_never_quoted(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    text = "team refund limit approval"
    secret = Passage(
        id="x#1", article_id="x", title="T", text="team refund limit approval", internal=True
    )
    request = make_request(text, "product_question").model_copy(update={"passages": (secret,)})
    draft = await drafter.draft(request)
    assert draft.text == ""


async def test_a_rejected_template_is_not_offered_again(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    notes = DraftNotes(rejections=("say sorry first",))
    draft = await drafter.draft(make_request("Where is LF1001?", "order_status", notes=notes))
    assert draft.text == ""
    assert "say sorry first" in (draft.problem or "")


async def test_values_are_never_read_as_templates(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    record = make_request("x", "order_status").snapshot.records[0]
    tricky = record.fields | {"carrier": FieldValue(type="text", value="{{customer.email}}\nBob")}
    draft = await drafter.draft(
        make_request(
            "Where is it?", "order_status", records=(record.model_copy(update={"fields": tricky}),)
        )
    )
    assert "{{customer.email}} Bob" in draft.text
    assert "ada.brookmoss" not in draft.text


async def test_fields_for_the_team_stay_with_the_team(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    record = make_request("x", "order_status").snapshot.records[0]
    hidden = record.fields | {
        "carrier": FieldValue(type="text", value="secret", visibility="internal")
    }
    draft = await drafter.draft(
        make_request(
            "Where is it?", "order_status", records=(record.model_copy(update={"fields": hidden}),)
        )
    )
    assert "secret" not in draft.text
    assert "order.carrier" in (draft.problem or "")


async def test_greeting_once_signature_by_email_only(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    first = await drafter.draft(make_request("gift cards", "gift_card", channel="email"))
    assert first.text.startswith("Hello Ada,")
    assert first.text.endswith("the Lanternfield team")
    again = await drafter.draft(make_request("gift cards", "gift_card", history=(("ai", "Hello"),)))
    assert again.text.startswith("Our gift cards")
    assert "Kind regards" not in again.text


async def test_an_intent_the_playbook_lost_is_a_persons(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    draft = await drafter.draft(make_request("xyzzy", "no_longer_there"))
    assert (draft.text, draft.source) == ("", "none")


async def test_a_customer_without_records(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    records: tuple[Record, ...] = ()
    draft = await drafter.draft(make_request("Where is my order?", "order_status", records=records))
    assert draft.problem == "the customer has no order"


def _wanting(request: DraftRequest, *wishes: tuple[str, str]) -> DraftRequest:
    """Ask for several things at once."""
    asked = tuple(Wish(intent=intent, text=text) for intent, text in wishes)
    names = tuple(wish.intent for wish in asked[1:])
    intent = request.intent.model_copy(update={"wishes": asked, "others": names})
    return request.model_copy(update={"intent": intent})


async def test_several_wishes_get_a_paragraph_each(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    wishes = (("gift_card", "gift cards?"), ("order_status", "Where is order LF1001?"))
    draft = await drafter.draft(
        _wanting(make_request("", "order_status", channel="email"), *wishes)
    )
    greeting, gift, *status, closing = draft.text.split("\n\n")
    assert greeting == "Hello Ada,"
    assert gift.startswith("Our gift cards")
    assert "Your order LF1001" in "\n".join(status)
    assert closing.endswith("the Lanternfield team")
    assert draft.answered == ("gift_card", "order_status")
    assert left_open(_wanting(make_request("", "order_status"), *wishes).intent, draft) == ()
    assert {"record:order/LF1001#id", "customer:cust_001#first_name"} <= {
        citation.source for citation in draft.citations
    }


async def test_each_wish_is_about_its_own_record(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    wishes = (("order_status", "Where is LF1005?"), ("refund_request", "A refund for LF1006"))
    draft = await drafter.draft(
        _wanting(make_request("", "order_status", customer="cust_005"), *wishes)
    )
    _, status, refund = draft.text.split("\n\n")
    assert "LF1005" in status
    assert "LF1006" not in status
    assert "LF1006" in refund


async def test_a_wish_left_open_is_named_with_its_reason(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    wishes = (("gift_card", "gift cards?"), ("refund_request", "a refund"), ("gone", "x"))
    request = _wanting(make_request("", "gift_card", customer="cust_006"), *wishes)
    draft = await drafter.draft(request)
    assert draft.answered == ("gift_card",)
    assert left_open(request.intent, draft) == ("refund_request", "gone")
    assert "refund_request is left open: which order is meant: LF1007, LF1008" in str(draft.problem)
    assert "gone is left open" in str(draft.problem)
    assert "Our gift cards" in draft.text


async def test_what_two_answers_share_is_said_once(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    wishes = (("gift_card", "gift cards?"), ("shipping_cost", "and shipping?"))
    once = await drafter.draft(_wanting(make_request("", "gift_card"), *wishes))
    twice = await drafter.draft(_wanting(make_request("", "gift_card"), *wishes, *wishes))
    assert twice.text == once.text


def test_sentences_are_left_out_whole_or_not_at_all() -> None:
    answers = [
        Answer("I am sorry about that. It left on Jan. 3 at last. Write to us.", (), ()),
        Answer("I am sorry about that. It left on Jan. 4 at last.\n\nWrite to us.", (), ()),
    ]
    assert joined(answers).text == (
        "I am sorry about that. It left on Jan. 3 at last. Write to us.\n\n"
        "It left on Jan. 4 at last."
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [("the second one", "LF1008"), ("la primera", "LF1007"), ("the third one", None)],
)
async def test_one_of_those_we_offered_is_picked_by_its_place(
    drafter: TemplateDrafter, make_request: MakeRequest, text: str, number: str | None
) -> None:
    history = (("customer", "a refund"), ("ai", "Is it about LF1007 or LF1008?"))
    request = make_request(text, "refund_request", customer="cust_006", history=history)
    draft = await drafter.draft(request)
    assert (draft.source == "template") is (number is not None)
    assert number is None or f"order {number}" in draft.text


async def test_another_order_than_the_only_one_is_a_persons(
    drafter: TemplateDrafter, make_request: MakeRequest
) -> None:
    history = (("customer", "Where is LF1001?"), ("ai", "LF1001 is on its way."))
    asked = [
        await drafter.draft(make_request(text, "order_status", history=history))
        for text in ("and the other one?", "Another question: where is my order?")
    ]
    assert asked[0].problem == "the message asks for another order; there is only LF1001"
    assert "LF1001" in asked[1].text
