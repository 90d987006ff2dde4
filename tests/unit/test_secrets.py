"""Secrets are found by their form, freshly made ones too; numbers of orders are none."""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import cast

import pytest

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldValue,
    Message,
    Record,
    Snapshot,
)
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.personal_data import luhn
from handrail.guardrails.priv_secret import priv_secret
from handrail.playbook.models import Brand, Intent, Playbook

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
PLAYBOOK = Playbook(
    brand=Brand(name="Lamp Shop"),
    intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
)
RANDOM = random.Random(7)


def some(length: int, letters: str = string.ascii_letters + string.digits) -> str:
    return "".join(RANDOM.choice(letters) for _ in range(length))


def jwt() -> str:
    parts = ({"alg": "HS256"}, {"sub": some(9)}, {"signature": some(20)})
    coded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().strip("=") for p in parts]
    return ".".join(coded)


MAKERS: dict[str, Callable[[], str]] = {
    "aws": lambda: "AKIA" + some(16, string.ascii_uppercase + string.digits),
    "github": lambda: "ghp_" + some(36),
    "gitlab": lambda: "glpat-" + some(20),
    "slack": lambda: "xoxb-" + some(24, string.digits) + "-" + some(24),
    "stripe": lambda: "sk_live_" + some(24),
    "openai": lambda: "sk-" + some(48),
    "google": lambda: "AIza" + some(35),
    "npm": lambda: "npm_" + some(36),
    "huggingface": lambda: "hf_" + some(34),
    "shopify": lambda: "shpat_" + some(32, "0123456789abcdef"),
    "jwt": jwt,
    "bearer": lambda: "Bearer " + some(40),
    "azure": lambda: "AccountKey=" + some(86) + "==",
    "dsn": lambda: f"postgresql://shop:{some(12)}@db.internal/shop",
}


def findings(text: str, *, verified: bool = True, said: str = "") -> list[Finding]:
    card = FieldValue(type="text", value="4111 1111 1111 1111")
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1"),
        verified=verified,
        messages=(
            Message(id="m", conversation_id="k", seq=1, role="customer", channel="web", text=said,
                    at=NOW),
        ),
        records=(Record(kind="card", id="K77", customer_id="c1", fields={"number": card}),),
        now=NOW,
        release="rel",
    )  # fmt: skip
    ctx = CheckContext(text=text, snapshot=snapshot, playbook=PLAYBOOK)
    return list(cast("Iterator[Finding]", priv_secret(ctx, priv_secret.configure({}))))


@pytest.mark.parametrize("kind", MAKERS)
def test_a_fresh_key_is_found_and_removed_whole(kind: str) -> None:
    for _ in range(20):
        secret = MAKERS[kind]()
        text = f"Here it is: {secret} - keep it safe."
        found = findings(text)
        assert found
        mended = text[: found[0].start] + "[removed]" + text[found[0].end :]
        assert secret.partition("@")[0][-12:] not in mended
        assert findings(mended) == []


def test_random_cards_are_found() -> None:
    for _ in range(50):
        body = "4" + some(14, string.digits)
        number = next(body + digit for digit in string.digits if luhn(body + digit))
        assert [f.rule for f in findings(f"The card {number} is on file.")] == ["card_number"]


@pytest.mark.parametrize(
    "text",
    [
        "Your password is hunter2x!",
        'Your temporary password is "sunshine".',
        "Tu contraseña es Luna_2020",
        "api_key=9f8a7b6c5d",
        "aws secret access key: wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY",
        "Your verification code is 849302.",
        "Your code is 849 302.",
        "849302 is your sign-in code.",
        "Use code 849302 to sign in.",
        "Su código es 849302.",
        "The CVV is 123.",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_in_words(text: str) -> None:
    assert findings(text)


@pytest.mark.parametrize(
    "text",
    [
        "Your card ending in 4242 was charged.",
        "Your order 2026030412345678 is on its way.",
        "Tracking number 4111111111111111 is with the carrier.",
        "Tracking number 1Z999AA10123456784 and 9400111899223197428490.",
        "Use code SAVE20 at checkout.",
        "Your postal code is 28013.",
        "You can reset your password in your account.",
        "Your password is case-sensitive and must have 8 characters.",
        "Reset your password: https://shop.example/reset?step=1",
        "Your order number is 849302.",
        "Ask-me-anything sessions run daily.",
    ],
)
def test_what_is_no_secret(text: str) -> None:
    assert findings(text) == []


def test_of_an_own_card_the_last_digits_stay_where_nobody_else_reads() -> None:
    text = "Your card is 4111 1111 1111 1111."
    (own,) = findings(text)
    assert own.proposal is not None
    assert own.proposal.replacement == "•••• 1111"
    for found in (
        *findings(text, verified=False),
        *findings("Your card is 4012 8888 8888 1881."),
    ):
        assert found.proposal is not None
        assert found.proposal.replacement == "[removed]"
