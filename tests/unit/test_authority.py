"""What may be promised, in words and by proposed actions: limits by role, mode and currency."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from handrail.core.conversation import ConversationFacts, Customer, Mode, Record, Snapshot
from handrail.core.drafting import Draft, ProposedAction
from handrail.core.errors import PlaybookError
from handrail.core.registry import registered
from handrail.core.verdict import Finding, Report
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.runner import Configured, run_checks
from handrail.playbook.loading import load_release
from handrail.playbook.models import Brand, Intent, Limit, Playbook

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
REFUND = Limit(action="refund", amount=Decimal(50), currency="EUR")


class Owners:
    """One other customer, made up."""

    async def owners(self, values: Collection[str]) -> Mapping[str, frozenset[str]]:
        return {value: frozenset({"c2"}) for value in values if value in ("w999", "c2")}


async def report(
    check: str,
    text: str,
    *limits: Limit,
    mode: Mode = "autonomous",
    **draft: Any,
) -> Report:
    made = Draft.model_validate({"id": "d", "text": text, "source": "model", **draft})
    ctx = CheckContext(
        text=text,
        snapshot=Snapshot(
            conversation=ConversationFacts(id="k", customer_id="c1", channel="web", address="a"),
            customer=Customer(id="c1", email="ana@shop.example"),
            verified=True,
            messages=(),
            records=(Record(kind="order", id="W100", customer_id="c1", fields={}),),
            now=NOW,
            release="rel",
        ),
        playbook=Playbook(
            brand=Brand(name="Lamp Shop"),
            intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
            limits=limits,
        ),
        mode=mode,
        said="It is about W555.",
        draft=made,
        owners=Owners(),
    )
    one = registered("check")[check]
    found = await run_checks([Configured(one, one.configure({}))], ctx)
    assert not found.errored
    return found


async def promised(text: str, *limits: Limit, **more: Any) -> list[Finding]:
    return list((await report("act.authority", text, *limits, **more)).findings)


async def rules(text: str, *limits: Limit, **more: Any) -> list[str]:
    return [finding.rule for finding in await promised(text, *limits, **more)]


@pytest.mark.parametrize("limit", [1, 20, 50, 500])
@pytest.mark.parametrize("amount", ["0.99", "20", "50", "50.01", "1,299.00"])
async def test_an_amount_is_held_against_the_limit(limit: int, amount: str) -> None:
    bound = Limit(action="refund", amount=Decimal(limit), currency="EUR")
    over = Decimal(amount.replace(",", "")) > limit
    found = await rules(f"We will refund you {amount} EUR.", bound)
    assert found == (["above_limit"] if over else [])


PARAPHRASES = [
    ("refund", "I'll refund you 80 EUR today."),
    ("refund", "You will get your money back, 80 EUR."),
    ("refund", "Le reembolsaremos 80 EUR."),
    ("discount", "I can take 30% off your next order."),
    ("discount", "We can offer you 30% off."),
    ("discount", "We'll give you half off your next order."),
    ("discount", "Here is a discount of 30%."),
    ("credit", "We will add a store credit of 80 EUR."),
    ("credit", "I'll send you a gift card of 80 EUR."),
    ("waiver", "We will waive the fee of 80 EUR."),
    ("waiver", "We'll cover the shipping costs of 80 EUR."),
    ("replacement", "We will send you a replacement worth 80 EUR."),
    ("legal_admission", "We admit that we are legally liable for 80 EUR."),
]


@pytest.mark.parametrize(("action", "text"), PARAPHRASES)
async def test_a_promise_in_other_words(action: str, text: str) -> None:
    assert "no_authority" in await rules(text)
    bound: dict[str, Any] = {"action": action, "amount": Decimal(20), "percent": Decimal(20)}
    assert "above_limit" in await rules(text, Limit(**bound))
    wide: dict[str, Any] = bound | {"amount": Decimal(100), "percent": Decimal(100)}
    assert await rules(text, Limit(**wide)) == []


@pytest.mark.parametrize(
    "text",
    [
        "We cannot refund 80 EUR.",
        "Would you like a refund of 80 EUR?",
        "I can ask a colleague to refund your order.",
        "Your refund depends on our returns policy.",
        "You can pay with a credit card.",
        "I can check the status of your refund for you.",
        "We are here to help you with your refund request.",
        "We will send you our refund policy.",
        "Let me know which items you would like to exchange.",
        "The 42.55 EUR will be charged to your gift card.",
        "To change your flight, we'll use the gift card you paid with.",
    ],
)
async def test_what_is_no_promise(text: str) -> None:
    assert await rules(text) == []


@pytest.mark.parametrize(
    ("text", "promises"),
    [
        ("We will refund 80 EUR to your existing gift card.", 1),
        ("We will refund 80 EUR to the original payment method or an existing gift card.", 1),
        ("We will refund 80 EUR as a gift card.", 2),
        ("I'll add 80 EUR to your gift card.", 1),
        ("We will refund you and send you a voucher.", 2),
    ],
)
async def test_a_refund_to_a_gift_card_is_one_promise(text: str, promises: int) -> None:
    none = (Limit(action="refund", amount=Decimal(0)), Limit(action="credit", amount=Decimal(0)))
    assert len(await rules(text)) == len(await rules(text, *none)) == promises


async def test_amounts_of_one_reply_count_together() -> None:
    text = "We will refund 30 EUR for the lamp. We will also refund 40 EUR for the shade."
    (finding,) = await promised(text, REFUND)
    assert finding.rule == "above_limit"
    assert finding.message.startswith("Refund: In all,")
    assert text[finding.start :].startswith("We will also")
    again = "We will refund 40 EUR. We will refund the 40 EUR within 5 days."
    assert await rules(again, REFUND) == []
    assert await rules("We will refund 30 EUR and 40 EUR.", REFUND) == ["above_limit"]


async def test_each_amount_belongs_to_what_it_stands_beside() -> None:
    credit = Limit(action="credit", amount=Decimal(20), currency="EUR")
    text = "We will refund 40 EUR and add a credit of {} EUR."
    assert await rules(text.format(20), REFUND, credit) == []
    (finding,) = await promised(text.format(30), REFUND, credit)
    assert finding.message.startswith("Credit")


async def test_what_was_paid_is_no_promise() -> None:
    assert await rules("We will refund 30 EUR of the 100 EUR you paid.", REFUND) == []


async def test_currencies_have_limits_of_their_own() -> None:
    dollars = Limit(action="refund", amount=Decimal(10), currency="USD")
    assert await rules("We will refund 45 EUR.", REFUND, dollars) == []
    assert await rules("We will refund 45 USD.", REFUND, dollars) == ["above_limit"]
    assert await rules("We will refund 45 GBP.", REFUND, dollars) == ["above_limit"]


async def test_shares_have_limits_of_their_own() -> None:
    share = Limit(action="discount", percent=Decimal(10))
    assert await rules("We can offer you a 10% discount.", share) == []
    (finding,) = await promised("We can offer you a 15% discount.", share)
    assert finding.evidence[0].quote == "10 %"
    money = Limit(action="discount", amount=Decimal(10), currency="EUR")
    assert await rules("We can offer you a 5% discount.", money) == ["amount_unstated"]


async def test_a_condition_makes_it_less_grave() -> None:
    (finding,) = await promised("If you return it, we will refund you 80 EUR.", REFUND)
    assert (finding.rule, finding.severity) == ("above_limit", "high")
    assert await rules("If you return it, we will refund you 40 EUR.", REFUND) == []
    assert await rules("If you return it, a refund is possible.", REFUND) == []


async def test_a_mode_may_have_its_own_limit() -> None:
    wide = Limit(action="refund", amount=Decimal(200), currency="EUR", modes=("supervised",))
    text = "We will refund you 80 EUR."
    assert await rules(text, REFUND, wide) == ["above_limit"]
    assert await rules(text, REFUND, wide, mode="supervised") == []
    assert await rules(text, wide) == ["no_authority"]


async def test_people_are_measured_by_their_role() -> None:
    text = "We will refund you 80 EUR."
    agent = Limit(action="refund", amount=Decimal(60), currency="EUR", role="agent")
    lead = Limit(action="refund", amount=Decimal(900), currency="EUR", role="lead")
    person = {"source": "person", "author": "Bo"}
    assert await rules(text, REFUND, agent, lead, **person) == ["above_limit"]
    assert await rules(text, REFUND, agent, lead, **person, author_role="lead") == []
    assert await rules(text, REFUND, **person) == []
    assert await rules(text, agent, lead) == ["no_authority"]


async def test_a_wrong_role_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "playbook.yaml").write_text(
        "brand: {name: Shop}\n"
        "intents:\n  x: {description: x, examples: [one, two], mode: supervised}\n"
        "limits:\n  - {action: refund, amount: 5, role: boss}\n"
    )
    with pytest.raises(PlaybookError) as wrong:
        load_release(tmp_path)
    assert "playbook.yaml:5:33" in str(wrong.value)
    assert "role" in str(wrong.value)


ORDER = {"order_id": "W100"}


async def checked(name: str, arguments: dict[str, Any], *limits: Limit, **more: Any) -> list[str]:
    actions = (ProposedAction(name=name, arguments=arguments),)
    found = await report("act.tool_args", "Fine.", *limits, actions=actions, **more)
    return [finding.rule for finding in found.findings]


async def test_arguments_are_about_this_customer() -> None:
    assert await checked("cancel_order", ORDER) == []
    assert await checked("cancel_order", {"order_id": "W999"}) == ["other_customer"]
    assert await checked("update_user", {"user_id": "c2"}) == ["other_customer"]
    assert await checked("update_user", {"user_id": "c1", "email": "ana@shop.example"}) == []
    assert await checked("cancel_order", {"order_id": "W777"}) == ["unseen_id"]
    assert await checked("cancel_order", {"order_id": "W555"}) == []


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"amount": "50", "currency": "EUR"}, []),
        ({"amount": "50.01", "currency": "EUR"}, ["above_limit"]),
        ({"amount": "5", "currency": "USD"}, ["above_limit"]),
        ({"amount": 40}, []),
        ({}, ["amount_unstated"]),
    ],
)
async def test_amounts_are_within_the_limits(arguments: dict[str, Any], rule: list[str]) -> None:
    assert await checked("refund_order", ORDER | arguments, REFUND) == rule
    assert await checked("refund_order", ORDER | arguments) == ["no_authority"]
    person: dict[str, Any] = {"source": "person"}
    assert await checked("refund_order", ORDER | arguments, REFUND, **person) == []


async def test_without_actions_it_is_skipped() -> None:
    found = await report("act.tool_args", "Fine.")
    assert found.skipped[0].reason == "needs actions"
