"""What a reply says was done, and what shows that it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import pytest

from handrail.core.conversation import (
    ActionEvent,
    ConversationFacts,
    Customer,
    FieldValue,
    Message,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Draft
from handrail.core.verdict import Finding
from handrail.guardrails.act_claim import act_claim
from handrail.guardrails.contract import CheckContext
from handrail.playbook.models import Brand, Intent, Playbook

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
PLAYBOOK = Playbook(
    brand=Brand(name="Lamp Shop"),
    intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
)


def order(number: str = "W100", status: str = "processing", **more: Any) -> Record:
    fields = {"status": FieldValue(type="status", value=status), **more}
    return Record(kind="order", id=number, customer_id="c1", fields=fields)


def event(
    action: str,
    record: str | None = "W100",
    *,
    outcome: Literal["done", "failed", "pending"] = "done",
    ago: int = 5,
    **details: str,
) -> ActionEvent:
    return ActionEvent(
        id=f"{action}-{record}-{ago}",
        action=action,
        record=record,
        outcome=outcome,
        at=NOW - timedelta(minutes=ago),
        details=details,
    )


def findings(
    text: str,
    *events: ActionEvent,
    records: tuple[Record, ...] = (),
    messages: tuple[Message, ...] = (),
    article: str = "",
) -> list[Finding]:
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1"),
        verified=True,
        messages=messages,
        records=records or (order(), order("W200", "delivered")),
        now=NOW,
        release="rel",
        actions=events,
    )
    passages = (Passage(id="rules#1", article_id="rules", title="Rules", text=article),)
    draft = Draft(id="d1", text=text, source="model", passages=passages if article else ())
    ctx = CheckContext(text=text, snapshot=snapshot, playbook=PLAYBOOK, draft=draft)
    return list(cast("Iterator[Finding]", act_claim(ctx, act_claim.configure({}))))


CLAIMS = [
    "I have cancelled your order W100.",
    "I've gone ahead and refunded your payment.",
    "I went ahead and cancelled your subscription.",
    "We've just issued a full refund to your card.",
    "Your refund has been processed and should arrive in 5 days.",
    "Your refund is on its way!",
    "The cancellation is complete.",
    "Your order is now cancelled.",
    "Done! Your address has been updated.",
    "I was able to cancel your order.",
    "Successfully cancelled.",
    "Order W100 cancelled.",
    "Refund issued.",
    "You have been refunded $50.",
    "You've been upgraded to business class.",
    "You're now unsubscribed from our list.",
    "I have removed the late fee from your account.",
    "I have applied a 20% discount to your order.",
    "I've added a $10 credit to your account.",
    "I have put through the refund.",
    "I've taken care of the cancellation for you.",
    "A replacement has been sent out to you.",
    "I have sent you a replacement lamp.",
    "A new card has been ordered for you.",
    "Your appointment has been rescheduled to Monday.",
    "I made the change to your delivery address.",
    "I've made the requested changes to your order.",
    "The charge has been reversed.",
    "I have reset your password.",
    "Your account has been unlocked.",
    "Your return has been set up.",
    "I just processed the exchange for you.",
    "The fee was waived.",
    "Your request has been submitted.",
    "I have submitted your refund request.",
    "Your order W100 went out this morning.",
    "Order W100 has already left our warehouse.",
    "We have saved your new address.",
    "Your new address is saved.",
    "A credit of 10 EUR was added to your account.",
    "A replacement was sent to you.",
    "He cancelado su pedido W100.",
    "Su pedido ha sido cancelado.",
    "Se ha cancelado su pedido.",
    "Tu pedido está cancelado.",
    "Hemos emitido un cupón de 10 euros.",
    "Le hemos reembolsado 20 euros.",
    "Te he devuelto el dinero.",
    "Cancelé su pedido.",
    "Su reembolso fue procesado.",
    "Your booking's been cancelled.",
    "Your order was successfully cancelled.",
    "It's been taken care of: order W100 is cancelled.",
    "I can confirm that your order W100 has been cancelled.",
    "Your money has been returned to your account.",
    "I've credited your account with $20.",
    "$20 has been credited to your account.",
    "I have escalated this to a supervisor.",
    "I have deactivated the stolen card.",
    "The subscription has now been paused.",
    "Your plan has been switched to Basic.",
    "I did cancel your order.",
    "Consider your order cancelled.",
    "The order has already been canceled on our end.",
    "We are pleased to inform you that your refund has been approved and processed.",
    "I regret to inform you that your order has been cancelled.",
]
NO_CLAIMS = [
    "Save the page and confirm that your address has been updated.",
    "I will ensure that your order is cancelled.",
    "Please tell us the date the refund was requested.",
    "Once your order has been cancelled, you will get an e-mail.",
    "Your order has not been cancelled.",
    "Your order hasn't been cancelled yet.",
    "I can cancel your order.",
    "I will cancel your order for you.",
    "Your order will be cancelled within 24 hours.",
    "If the item was shipped, it cannot be cancelled.",
    "I understand that your flight was cancelled.",
    "I'm sorry that your order was delivered late.",
    "Orders are shipped within 2 days.",
    "Refunds are processed within 5 days.",
    "Would you like your order cancelled?",
    "To get your money refunded, please send it back.",
    "Your order could have been cancelled before shipping.",
    "You can have your order cancelled.",
    "You mentioned that you have cancelled the order.",
    "Please let us know once you have received the refund.",
    "Items that have been returned are refunded within 5 days.",
    "Any order that has been shipped cannot be cancelled.",
    "Your order is being processed.",
    "No changes have been made to your order.",
    "I have checked your order.",
    "I have found your account.",
    "I have received your message.",
    "The order must be cancelled before it ships.",
    "Your refund will be issued to the original payment method.",
    "I haven't cancelled anything.",
    "It may have been shipped already.",
    "The flight was cancelled by the airline.",
    "Cancelled orders are refunded within five days.",
    "The item you ordered is sold out.",
    "Products sold and shipped by partners differ.",
    "Si su pedido ha sido enviado, no se puede cancelar.",
    "Su pedido no ha sido cancelado.",
    "Los pedidos se envían en 2 días.",
    "Puedo cancelar su pedido.",
    "Our shop is closed on Sundays.",
    "The lamp is made of steel and was designed in Spain.",
    "You have ordered two lamps.",
    "Your reservation was made on May 3.",
    "The lights went out last night.",
    "I am sorry that your order went out late.",
    "A refund was requested by you.",
    "Make sure that your address is saved.",
    "You saved 20 EUR with this order.",
]


@pytest.mark.parametrize("text", CLAIMS)
def test_a_claim_without_an_event_is_found(text: str) -> None:
    assert findings(text)


@pytest.mark.parametrize("text", NO_CLAIMS)
def test_what_claims_nothing_is_left_alone(text: str) -> None:
    assert findings(text) == []


CANCELLED = "I have cancelled your order W100."


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (CANCELLED, [event("cancel_order")]),
        ("Your money has been returned.", [event("refund_order")]),
        ("Your refund has been processed.", [event("cancel_order", refund="20.00 EUR")]),
        ("Your address has been updated.", [event("update_address", None)]),
        ("I've added a $10 credit to your account.", [event("issue_credit", None)]),
        ("Your booking HATHAT has been made.", [event("book_reservation", "HATHAT")]),
        ("I have escalated this to a supervisor.", [event("transfer_to_human", None)]),
        ("Both orders have been cancelled.",
         [event("cancel_order"), event("cancel_order", "W200")]),
        ("Orders W100 and W200 have been cancelled.",
         [event("cancel_order"), event("cancel_order", "W200")]),
        ("Su pedido W100 ha sido cancelado.", [event("cancel_order")]),
    ],
)  # fmt: skip
def test_events_show_what_was_done(text: str, events: list[ActionEvent]) -> None:
    assert findings(text, *events) == []
    assert findings(text)


@pytest.mark.parametrize(
    ("text", "events"),
    [
        (CANCELLED, [event("cancel_order", outcome="failed")]),
        (CANCELLED, [event("cancel_order", outcome="pending")]),
        (CANCELLED, [event("cancel_order", "W200")]),
        (CANCELLED, [event("refund_order")]),
        (CANCELLED, [event("get_order")]),
        (CANCELLED, [event("cancel_order", ago=-5)]),
        (CANCELLED, [event("cancel_order", ago=9), event("reinstate_order", ago=3)]),
        ("I have refunded your order W100.", [event("cancel_order")]),
        ("Both orders have been cancelled.", [event("cancel_order")]),
        ("Orders W100 and W200 have been cancelled.", [event("cancel_order")]),
        ("I have cancelled your order W100 and refunded it.", [event("cancel_order")]),
        ("Your booking HATHAT has been made.", [event("book_reservation", "QWERTY")]),
    ],
)  # fmt: skip
def test_other_events_do_not(text: str, events: list[ActionEvent]) -> None:
    (finding,) = findings(text, *events)
    assert finding.severity == "critical"
    assert finding.evidence


def test_the_order_of_events_counts() -> None:
    undone = event("cancel_order", ago=3)
    assert findings(CANCELLED, event("reinstate_order", ago=9), undone) == []


def test_the_closest_miss_comes_first() -> None:
    (finding,) = findings(CANCELLED, event("send_mail"), event("cancel_order", "W200"))
    assert finding.evidence[0].quote == "cancel order W200 (done)"
    assert finding.evidence[-1].source == "record:order/W100#status"


def test_a_new_thing_is_not_shown_by_an_old_record() -> None:
    old = order(placed=FieldValue(type="date", value="2025-01-01"))
    new = order(placed=FieldValue(type="date", value="2026-03-05"))
    text = "I have successfully placed your order W100."
    assert findings(text, records=(old,))
    assert findings(text, records=(new,)) == []
    assert findings("Your order W100 was placed in January.", records=(old,)) == []


def test_a_record_that_holds_the_new_value_shows_the_change() -> None:
    moved = order(address=FieldValue(type="address", value="12 Elm Street"))
    assert findings("Your address was changed to 12 Elm Street.", records=(moved,)) == []
    assert findings("Your address was changed to 9 Oak Street.", records=(moved,))


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        (CANCELLED, "I can ask a colleague to cancel"),
        ("We've just refunded your order!", "I can ask a colleague to refund"),
        ("He cancelado su pedido.", "Puedo pedir a mi equipo que cancele"),
        ("I have cancelled your order W100, and the refund follows.", None),
        ("Your order has been cancelled.", None),
    ],
)
def test_a_plain_claim_is_turned_into_an_offer(text: str, offer: str | None) -> None:
    finding = findings(text)[0]
    assert (finding.proposal.replacement if finding.proposal else None) == offer
    if finding.proposal:
        mended = text[: finding.proposal.start] + str(offer) + text[finding.proposal.end :]
        assert findings(mended) == []


def test_places_are_those_of_the_text_as_written() -> None:
    text = "Hello\u200b Ana! I have cancel\u200bled your order W100."
    (finding,) = findings(text)
    assert text[finding.start : finding.end] == "I have cancel\u200bled"


def test_what_a_person_said_before_may_be_repeated() -> None:
    said = Message(
        id="m1", conversation_id="k", seq=1, role="agent", channel="web", at=NOW,
        text="We cancelled it this morning.",
    )  # fmt: skip
    assert findings(CANCELLED, messages=(said,)) == []


RULES = """An order has:

- an address
- items ordered
- a status

For members of the club the fee is now waived in full. Your refund has been issued. \
We have refunded your order. Refund issued."""


@pytest.mark.parametrize(
    "text",
    [
        RULES[: RULES.index(" Your")],
        "Our page says:\n“For members of the club the fee is now waived in full.”",
        "- an address\n- items ordered\n- a status",
    ],
)
def test_rules_of_an_article_may_be_quoted(text: str) -> None:
    assert findings(text)
    assert findings(text, article=RULES) == []


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Your refund has been issued.", "Your refund has been issued"),
        ("We have refunded your order.", "We have refunded"),
        ("Refund issued.", "Refund issued"),
        ("An order has:\n\n- an address\n- items ordered\n- a status\n\nRefund issued.",
         "Refund issued"),
        ("For members of the club the fee is now waived in full. I have refunded you.",
         "I have refunded"),
        ("“For members of the club the fee is now waived in full and your fee has been waived.”",
         "your fee has been waived"),
    ],
)  # fmt: skip
def test_claims_in_or_beside_a_quote_are_found(text: str, claim: str) -> None:
    found = [text[finding.start : finding.end] for finding in findings(text, article=RULES)]
    assert any(claim in one for one in found)


def test_a_number_that_begins_like_one_of_the_customers_names_another_order() -> None:
    records = (order("LF1", "shipped"), order("LF2"))
    assert not findings("Your order LF1 has been shipped.", records=records)
    (wrong,) = findings("Your order LF12 has been shipped.", records=records)
    assert wrong.rule == "not_done"
    both = "Your order LF1 is fine. Your order LF12 has been shipped."
    assert [one.rule for one in findings(both, records=records)] == ["not_done"]
