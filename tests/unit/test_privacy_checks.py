"""Whose data a reply holds: others' never, the customer's own as far as the channel allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
from handrail.core.drafting import Draft
from handrail.core.ports import OwnerIndex, address_keys, owner_key
from handrail.core.registry import registered
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.evidence import draft_sources
from handrail.guardrails.runner import Configured, run_checks
from handrail.playbook.models import Brand, Intent, Playbook
from handrail.store.customers import DatabaseOwners, save_customers, save_records
from handrail.store.database import Database
from handrail.store.migrating import upgrade

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
IBAN = "DE89 3704 0044 0532 0130 00"
WIDE_IBAN = "ＤＥ８９　３７０４　００４４　０５３２　０１３０　００"
"""The same, as a phone in full width writes it."""
OTHERS = {
    "Jörg Müller": "name",
    "María José de la Cruz": "name",
    "jorg@mail.example": "email",
    "+49 30 901820": "phone",
    "W999": "id",
    "34 Oak Avenue, Apt 5, Springfield": "address",
    "Calle Mayor 12, 28013 Madrid": "address",
    "ES91 2100 0418 4502 0005 1332": "text",
}


class Owners:
    """What customer c2 owns, and a name that both have."""

    def __init__(self) -> None:
        keys = [
            key
            for value, kind in OTHERS.items()
            for key in (address_keys(value) if kind == "address" else (owner_key(value),))
        ]
        self.known = {key: frozenset({"c2"}) for key in keys}
        self.known[owner_key("Ana Maria Diaz")] = frozenset({"c1", "c2"})

    async def owners(self, values: Collection[str]) -> Mapping[str, frozenset[str]]:
        return {value: self.known[value] for value in values if value in self.known}


async def findings(
    check: str,
    text: str,
    *,
    verified: bool = True,
    channel: str = "web",
    said: str = "",
    published: str = "",
    owners: OwnerIndex | None = None,
    beside: tuple[str, ...] = (),
) -> list[Finding]:
    fields = {
        "iban": FieldValue(type="text", value=IBAN),
        "delivery": FieldValue(type="address", value="7 Elm Street, Flat 2, Leeds"),
    }
    article = Passage(id="a#1", article_id="a", title="Contact", text=published)
    draft = Draft(id="d", text=text, source="model", passages=(article,))
    ctx = CheckContext(
        text=text,
        snapshot=Snapshot(
            conversation=ConversationFacts(
                id="k", customer_id="c1", channel=channel, address="ana@shop.example"
            ),
            customer=Customer(
                id="c1", name="Ana Maria Diaz", email="ana@shop.example", phone="+1 415 555 2671"
            ),
            verified=verified,
            messages=(
                Message(id="m", conversation_id="k", seq=1, role="customer", channel=channel,
                        text=said, at=NOW),
            ),
            records=(Record(kind="order", id="W100", customer_id="c1", fields=fields),),
            now=NOW,
            release="rel",
        ),
        playbook=Playbook(
            brand=Brand(name="Lamp Shop"),
            intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
        ),
        draft=draft,
        owners=owners or Owners(),
        standing=tuple(draft_sources(draft)),
    )  # fmt: skip
    checks = [registered("check")[name] for name in (check, *beside)]
    report = await run_checks([Configured(one, one.configure({})) for one in checks], ctx)
    assert not report.errored
    return list(report.findings)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Ask Jörg Müller about it.", "Jörg Müller"),
        ("Hello JÖRG MÜLLER!", "JÖRG MÜLLER"),
        ("It went to María José de la Cruz today.", "María José de la Cruz"),
        ("Write to Jorg@mail.example.", "Jorg@mail.example"),
        ("Their phone is +49 30 901820.", "+49 30 901820"),
        ("Call 0049 30 901820.", "0049 30 901820"),
        ("Order W999 is theirs.", "W999"),
        ("We sent it to 34 Oak Avenue.", "34 Oak Avenue"),
        ("We sent it to 34 oak avenue, Apt 5, Springfield now.", "34 oak avenue"),
        ("It went to Calle Mayor 12 yesterday.", "Calle Mayor 12"),
    ],
)  # fmt: skip
async def test_others_data_is_found(text: str, part: str) -> None:
    (finding,) = await findings("priv.other_customer", text)
    assert text[finding.start : finding.end] == part
    assert (finding.rule, finding.severity) == ("other_customer", "critical")
    assert finding.proposal is not None
    assert finding.proposal.replacement == "[removed]"
    assert part.casefold() not in finding.model_dump_json().casefold()


@pytest.mark.parametrize(
    "text",
    [
        "Hello Ana Maria Diaz, we wrote to ana@shop.example.",
        "Hello Maria Diaz, order W100 goes to 7 Elm Street, Flat 2, Leeds.",
        "Call us on 020 7946 0958 about Apt 5 in Springfield.",
        "We ship to Madrid 28013 within 5 days.",
    ],
)
async def test_own_and_nobodys_data_is_not(text: str) -> None:
    assert await findings("priv.other_customer", text) == []


async def test_what_an_article_publishes_is_nobodys() -> None:
    text = "Visit us at 34 Oak Avenue."
    assert await findings("priv.other_customer", text)
    assert await findings("priv.other_customer", text, published="Shop: 34 Oak Avenue.") == []


async def test_a_number_of_another_customer_is_told_once() -> None:
    beside = ("fact.value", "fact.grounded")
    (finding,) = await findings("priv.other_customer", "Order W999 is theirs.", beside=beside)
    assert finding.check == "priv.other_customer"
    (finding,) = await findings("priv.other_customer", "Order W998 is theirs.", beside=beside)
    assert finding.check == "fact.value"


async def test_an_account_of_nobody_known_is_flagged() -> None:
    text = "Please pay to GB82 WEST 1234 5698 7654 32."
    (finding,) = await findings("priv.other_customer", text)
    assert finding.rule == "unknown_owner"
    assert await findings("priv.other_customer", text, published=text) == []
    assert await findings("priv.other_customer", text, said=text) == []


async def test_the_index_knows_streets_and_names_of_records(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/handrail.db")
    upgrade(database)
    other = Customer(id="c2", name="Jörg Müller")
    address = FieldValue(type="address", value="34 Oak Avenue, Apt 5, Springfield")
    recipient = FieldValue(type="name", value="Lena Berg")
    record = Record(
        kind="order", id="W9999", customer_id="c2", fields={"to": address, "recipient": recipient}
    )
    await database.write(lambda c: save_customers(c, [other]))
    await database.write(lambda c: save_records(c, [record], NOW))
    owners = DatabaseOwners(database)
    for text in ("To 34 Oak Avenue.", "For Lena Berg.", "For Jörg Müller.", "Order W9999."):
        assert await findings("priv.other_customer", text, owners=owners)
    assert await findings("priv.other_customer", "In Springfield, Apt 5.", owners=owners) == []
    database.close()


OWN: list[tuple[str, str, dict[str, Any], str | None]] = [
    (f"Your IBAN is {IBAN}.", "full_number", {}, "•••• 3000"),
    (f"Your IBAN is {IBAN}.", "full_number", {"verified": False, "said": IBAN}, "••••"),
    (f"Your IBAN is {IBAN}.", "full_number", {"verified": False, "said": WIDE_IBAN}, "••••"),
    (f"Your IBAN is {IBAN}.", "full_number", {"channel": "email"}, "••••"),
    ("Your card ending in 4242.", "last_digits", {"verified": False}, "••••"),
    ("Your card ending in 4242.", "last_digits", {"channel": "email"}, "••••"),
    ("Your card ending in 4242.", "", {}, None),
    ("Your card ending in 4242.", "", {"verified": False, "said": "my card 4242"}, None),
    ("We call +1 415 555 2671.", "contact", {"verified": False}, "••••"),
    ("We call (415) 555-2671.", "contact", {"channel": "email"}, "••••"),
    ("We call (415) 555-2671.", "", {"channel": "email", "said": "call 415-555-2671"}, None),
    ("We call +1 415 555 2671.", "", {}, None),
    ("We wrote to ana@shop.example.", "", {"channel": "email"}, None),
    ("It goes to 7 Elm Street, Flat 2, Leeds.", "address", {"channel": "email"}, "••••"),
    ("It goes to 7 Elm Street.", "address", {"verified": False}, "••••"),
    ("It goes to 7 Elm Street.", "", {"channel": "email", "said": "to 7 Elm Street"}, None),
    ("It goes to 7 Elm Street.", "", {}, None),
]


@pytest.mark.parametrize(("text", "rule", "known", "masked"), OWN)
async def test_own_data_by_channel_and_identity(
    text: str, rule: str, known: dict[str, Any], masked: str | None
) -> None:
    found = await findings("priv.own_minimise", text, **known)
    assert [finding.rule for finding in found] == ([rule] if rule else [])
    for finding in found:
        assert finding.severity == "high"
        assert finding.proposal is not None
        assert finding.proposal.replacement == masked
        edit = finding.proposal
        mended = text[: edit.start] + edit.replacement + text[edit.end :]
        assert await findings("priv.own_minimise", mended, **known) == []
