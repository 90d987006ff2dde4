"""Each check fires where its docstring says so, and keeps still where it says so."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldValue,
    Message,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Citation, Draft
from handrail.core.ports import Checked, Verifier
from handrail.core.verdict import Finding
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Article, Brand, Intent, Limit, Playbook, Release, Template

SECRET = "Never tell customers that we accept every return after ninety days when pushed hard."


class Owners:
    """Two made-up customers."""

    async def owners(self, values: Collection[str]) -> Mapping[str, frozenset[str]]:
        known = {
            "marialopez": frozenset({"c2"}),
            "maria@shop.example": frozenset({"c2"}),
            "w999": frozenset({"c2"}),
            "anadiaz": frozenset({"c1", "c3"}),
        }
        return {value: known[value] for value in values if value in known}


def playbook() -> Playbook:
    return Playbook(
        brand=Brand(name="Lamp Shop", links=("shop.example",)),
        intents={
            "refund": Intent(
                description="Money back",
                examples=("refund please", "money back"),
                mode="autonomous",
                templates=(Template(text="Refunds reach your card within 5 days."),),
            )
        },
        limits=(Limit(action="refund", amount=Decimal(50)), Limit(action="replacement")),
    )


def order(number: str = "W100", status: str = "processing", total: str = "89.90") -> Record:
    return Record(
        kind="order",
        id=number,
        customer_id="c1",
        fields={
            "status": FieldValue(type="status", value=status),
            "total": FieldValue(type="money", value=total, currency="EUR"),
            "placed": FieldValue(type="date", value="2026-03-03"),
            "cost": FieldValue(type="money", value="12.34", currency="EUR", visibility="internal"),
        },
    )


def snapshot(
    *records: Record, messages: tuple[Message, ...] = (), verified: bool = True
) -> Snapshot:
    return Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1", name="Ana Diaz", email="ana@shop.example"),
        verified=verified,
        messages=messages,
        records=records or (order(),),
        now=datetime(2026, 3, 5, 10, tzinfo=UTC),
        release="rel_1",
    )


def message(role: str, text: str, number: int = 1) -> Message:
    return Message.model_validate(
        {"id": f"m{number}", "conversation_id": "k1", "seq": number, "role": role,
         "channel": "web", "text": text, "at": datetime(2026, 3, 5, tzinfo=UTC)}
    )  # fmt: skip


def suite() -> CheckSuite:
    article = Article(id="secret", title="Internal", body=SECRET, internal=True)
    release = Release(id="rel_1", name="one", playbook=playbook(), articles=(article,))
    return CheckSuite(release, owners=Owners())


async def verify(
    text: str,
    snap: Snapshot | None = None,
    *,
    draft: Draft | None = None,
    said: str = "Where is my order?",
    repair: bool = False,
) -> Checked:
    verifier: Verifier = suite()
    return await verifier.verify(
        draft or Draft(id="d1", text=text, source="model"),
        snap or snapshot(),
        mode="autonomous",
        intent="refund",
        text=said,
        repair=repair,
    )


async def findings(text: str, snap: Snapshot | None = None, said: str = "Hello") -> list[Finding]:
    checked = await verify(text, snap, said=said)
    assert not checked.verdict.report.errored
    return list(checked.verdict.report.findings)


def keys(found: list[Finding], check: str) -> set[str]:
    return {finding.rule for finding in found if finding.check == check}


FIRES = [
    ("fact.value", "money_not_in_evidence", "Your order W100 costs $94.90."),
    ("fact.value", "money_not_in_evidence", "Our cost was 12.34 EUR."),
    ("fact.value", "date_not_in_evidence", "It was placed on 4 March 2026."),
    ("fact.value", "id_not_in_evidence", "Your order W555 is on its way."),
    ("fact.value", "duration_not_in_evidence", "It takes 90 days."),
    ("fact.value", "contact_not_in_evidence", "Write to other@shop.example."),
    ("fact.grounded", "unsupported", "Gift vouchers never expire and work in partner museums."),
    ("fact.policy", "altered", "Refunds do not reach your card within 5 days."),
    ("fact.policy", "absent", "Our policy says that pets may travel in every cabin."),
    ("fact.value", "wrong_status", "Your order W100 has been delivered."),
    ("act.authority", "above_limit", "We will refund you $500."),
    ("act.authority", "no_authority", "I can offer you a 20% discount."),
    ("act.authority", "no_authority", "We admit that we are legally liable for this."),
    ("act.authority", "amount_unstated", "We will refund you in full."),
    ("act.claim", "not_done", "I have cancelled your order W100."),
    ("act.claim", "not_done", "Your order has been refunded."),
    ("act.claim", "not_done", "He cancelado su pedido."),
    ("act.claim", "handed_over", "I've forwarded your case to our team."),
    ("priv.other_customer", "other_customer", "That belongs to Maria Lopez."),
    ("priv.other_customer", "other_customer", "Ask maria@shop.example about it."),
    ("priv.other_customer", "other_customer", "Order W999 is hers."),
    ("priv.secret", "card_number", "Your card is 4242 4242 4242 4242."),
    ("priv.secret", "key", "Use AKIA" + "ABCDEFGHIJKLMNOP."),
    ("priv.secret", "password", "Your password is hunter2x!"),
    ("priv.secret", "one_time_code", "Your verification code is 849302."),
    ("leak.prompt", "verbatim", "We accept every return after ninety days when pushed hard."),
    ("leak.prompt", "encoded", codecs.encode(SECRET, "rot13")),
    ("leak.prompt", "encoded", SECRET[::-1]),
    ("leak.prompt", "encoded", codecs.encode(SECRET.encode(), "base64").decode().replace("\n", "")),
    ("leak.prompt", "speaks_of_prompt", "My instructions say so."),
    ("sec.link", "host_not_allowed", "See https://evil.invalid.com/pay now."),
    ("sec.link", "host_not_allowed", "See https:\\\\evil.com now."),
    ("sec.link", "host_not_allowed", "See https://shop.example.evil.com/"),
    ("sec.link", "user_info", "See https://shop.example@evil.com/"),
    ("sec.link", "ip_host", "See http://0x7f.1/"),
    ("sec.link", "scheme", "See javascript:alert(1)"),
    ("sec.link", "display_mismatch", "See [www.shop.example](https://help.shop.example/)."),
    ("sec.link", "look_alike_host", "See https://\u0455\u04bb\u043e\u0440.com/"),
    ("sec.markup", "tag", "<script>alert(1)</script>"),
    ("sec.markup", "handler", '" onerror=alert(1)'),
    ("sec.markup", "template", "Your total is {{order.total}}."),
    ("sec.markup", "control", "Hello \x1b[31mred"),
    ("tone.form", "placeholder", "Dear [Customer Name], hello."),
    ("tone.form", "too_long", "Fine. " * 300),
    ("tone.form", "empty", "\u200b "),
]

KEEPS_STILL = [
    ("fact.value", "Your order W100 of 89.90 EUR was placed on March 3."),
    ("fact.value", "Refunds reach your card within 5 days."),
    ("fact.value", "Your order W100 is being prepared."),
    ("fact.policy", "Refunds reach your card within 5 days."),
    ("fact.policy", "Please note that refunds reach your card within five days, as a rule."),
    ("fact.grounded", "Refunds reach your card within 5 days."),
    ("fact.grounded", "Hello Ana! Could you tell me more about the museum vouchers you mean?"),
    ("act.authority", "We cannot refund this."),
    ("act.authority", "Would you like a refund?"),
    ("act.authority", "We will send you a replacement."),
    ("act.authority", "You will be able to pay by credit card."),
    ("act.authority", "We will refund you $40."),
    ("act.claim", "Once your order has been cancelled, you get an e-mail."),
    ("act.claim", "Your order has not been cancelled."),
    ("act.claim", "Has your order been cancelled?"),
    ("priv.other_customer", "Hello Ana Diaz, your address is ana@shop.example."),
    ("priv.secret", "Your card ending in 4242 and order 2026030412345678."),
    ("priv.secret", "You can reset your password in your account."),
    ("leak.prompt", "You can return it after ninety days."),
    ("sec.link", "See https://help.shop.example/returns."),
    ("sec.link", "That is all.Thanks and see node.js"),
    ("sec.markup", "Price < 5 & > 2, **bold**, I <3 it."),
    ("tone.form", "Dear Ana, hello."),
    ("tone.form", "Seca la tienda del todo."),
]


@pytest.mark.parametrize(("check", "rule", "text"), FIRES)
async def test_fires(check: str, rule: str, text: str) -> None:
    assert rule in keys(await findings(text), check)


@pytest.mark.parametrize(("check", "text"), KEEPS_STILL)
async def test_keeps_still(check: str, text: str) -> None:
    assert keys(await findings(text), check) == set()


async def test_the_customers_words_prove_no_amount() -> None:
    found = await findings("You said 500 EUR.", said="You owe me 500 EUR")
    assert "money_not_in_evidence" in keys(found, "fact.value")


@pytest.mark.parametrize(
    ("said", "denied", "stated"),
    [
        ("Where is W777123?", "I cannot find W777123.", "W777123 is on its way."),
        ("Can I have it within 3 days?", "It cannot be sent within 3 days.", "It takes 3 days."),
        ("I want 500 EUR back!", "We do not refund 500 EUR.", "Do you want 500 EUR?"),
        ("Make it 17 lamps.", "Do you want 17 lamps?", "We have sent 17 lamps."),
    ],
)
async def test_what_the_customer_named_may_be_repeated_to_deny_it(
    said: str, denied: str, stated: str
) -> None:
    assert not keys(await findings(denied, said=said), "fact.value")
    assert keys(await findings(denied), "fact.value")
    assert keys(await findings(stated, said=said), "fact.value")


async def test_an_unverified_customers_records_are_no_evidence() -> None:
    found = await findings("It costs 89.90 EUR.", snapshot(verified=False))
    assert "money_not_in_evidence" in keys(found, "fact.value")


async def test_a_record_shows_that_it_was_done() -> None:
    text = "I have cancelled your order W100."
    assert not keys(await findings(text, snapshot(order(status="cancelled"))), "act.claim")
    other = snapshot(order(), order("W200", status="cancelled"))
    (finding,) = [f for f in await findings(text, other) if f.check == "act.claim"]
    assert finding.evidence[0].quote == "processing"


async def test_a_citation_counts_only_for_our_own_words() -> None:
    citation = (Citation(source="record:order/W100#fee", quote="7.77 EUR"),)
    for source, clean in (("template", True), ("model", False)):
        draft = Draft.model_validate(
            {"id": "d1", "text": "The fee is 7.77 EUR.", "source": source, "citations": citation}
        )
        found = (await verify("", draft=draft)).verdict.report.findings
        assert ("fact.value" not in {f.check for f in found}) is clean


async def test_internal_passages_are_no_evidence_and_must_not_leak() -> None:
    text = "Our secret handling charge for every such parcel is 3.21 EUR today."
    passage = Passage(id="p#1", article_id="p", title="Internal", text=text, internal=True)
    draft = Draft(id="d1", text=text, source="model", passages=(passage,))
    found = list((await verify("", draft=draft)).verdict.report.findings)
    assert keys(found, "leak.prompt") == {"verbatim"}
    assert "money_not_in_evidence" in keys(found, "fact.value")


async def test_repetition_is_shown_first_and_flagged_later() -> None:
    text = "Refunds reach your card within 5 days, always."
    once = snapshot(messages=(message("ai", text),))
    twice = snapshot(messages=(message("ai", text), message("ai", text, 2)))
    assert keys(await findings(text, once), "conv.repeat") == {"repeated"}
    assert keys(await findings(text, twice), "conv.repeat") == {"loop"}


async def test_an_amount_bound_to_one_field_is_repaired_and_verified_again() -> None:
    checked = await verify("Your order W100 total is $94.90.", repair=True)
    assert checked.draft.text == "Your order W100 total is 89.90 EUR."
    (step,) = checked.verdict.repairs
    assert (step.before, step.after) == ("Your order W100 total is $94.90.", checked.draft.text)
    assert [finding.key for finding in step.findings] == ["fact.value:money_not_in_evidence"]
    assert [edit.replacement for edit in step.edits] == ["89.90 EUR"]
    assert checked.verdict.digest == checked.draft.digest
    assert checked.verdict.outcome == "clean"


async def test_a_persons_text_is_never_repaired() -> None:
    draft = Draft(id="d1", text="Your order W100 total is $94.90.", source="person")
    checked = await verify("", draft=draft, repair=True)
    assert checked.draft == draft
    assert checked.verdict.outcome == "critical"
    assert checked.verdict.critical_keys == {"fact.value:money_not_in_evidence"}


async def test_a_redacted_reply_needs_a_person() -> None:
    checked = await verify("Ask maria@shop.example.", repair=True)
    assert "maria" not in checked.draft.text
    assert checked.verdict.outcome == "flagged"


async def test_findings_never_quote_another_customer() -> None:
    for finding in await findings("That belongs to Maria Lopez."):
        if finding.check == "priv.other_customer":
            assert "maria" not in finding.model_dump_json().casefold()


ASKS = [
    "Let me talk to a human",
    "agent please",
    "quiero hablar con una persona",
    "I want to make a formal complaint",
    "my lawyer will contact you",
]
NO_REQUEST = [
    "Can I talk to my person about it?",
    "The person who signed for it is unknown",
    "I don't need to talk to an agent",
    "How do I kill a process?",
]
CRISES = [
    "I want to kill myself",
    "me quiero morir",
    "There is a gas leak",
    "I am going to kill you",
    "My lamp is on fire",
]
NO_CRISIS = [
    "How do I kill a process?",
    "This is killing me",
    "My phone died",
    "I'm dying to try it",
    "Do you sell a bath bomb?",
    "the fire tv stick",
]


@pytest.mark.parametrize(("check", "text", "fires"), [
    *[("in.human_request", text, True) for text in ASKS],
    *[("in.human_request", text, False) for text in NO_REQUEST],
    *[("in.crisis", text, True) for text in CRISES],
    *[("in.crisis", text, False) for text in NO_CRISIS],
])  # fmt: skip
async def test_input_checks(check: str, text: str, fires: bool) -> None:
    report = await suite().screen(text, snapshot())
    assert any(finding.check == check for finding in report.findings) is fires
