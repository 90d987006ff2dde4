"""NUL, half characters and too much text: stored alike on both databases, or refused clearly."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from handrail.channels.signature import HEADER, sign_webhook
from handrail.core.clock import ManualClock
from handrail.core.conversation import Customer, FieldValue, Record
from handrail.core.decisions import Note, Respond
from handrail.core.errors import InvalidMessageError
from handrail.core.events import MAX_MESSAGE_CHARS, CustomerMessage, Event
from handrail.core.ports import Outgoing
from handrail.core.storable import storable
from handrail.desk.app import create_app
from handrail.desk.settings import Settings
from handrail.desk.testing import World, Writes, open_world, refusal
from handrail.store import audit, customers
from handrail.store import tables as t

SECRET = "a secret that two machines share in this test"
NUL = "\x00"
HALF = "\ud83d"
"""The first half of a surrogate pair, as JSON can escape it."""


@pytest.fixture
async def world(database_url: str, model_cache: Path) -> AsyncGenerator[World]:
    async with open_world(database_url, model_cache) as opened:
        yield opened


@pytest.fixture
async def browser(world: World) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser with the chat open, over the world's engine."""
    settings = Settings(home=world.home, webhook_secret=SECRET)
    transport = httpx.ASGITransport(create_app(world.engine, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        await client.get("/chat")
        yield client


async def post(browser: httpx.AsyncClient, path: str, body: Any) -> httpx.Response:
    """Send JSON with every odd character escaped, signed as a webhook is."""
    content = json.dumps(body).encode()
    signature = sign_webhook(SECRET, content, ManualClock().now())
    headers = {"Content-Type": "application/json", HEADER: signature}
    return await browser.post(f"/api/v1/{path}", content=content, headers=headers)


def test_storable() -> None:
    assert storable("plain ñ 漢 🙂") == "plain ñ 漢 🙂"
    assert storable(f"a{NUL}b{HALF}c") == "ab\ufffdc"
    assert storable("\ud83d\ude42") == "🙂"


@pytest.mark.parametrize("odd", [NUL, HALF])
async def test_a_message_with_odd_characters_is_answered(world: World, odd: str) -> None:
    accepted = await world.ask(f"What is your return{odd} policy?")
    await world.engine.take_over(accepted.conversation_id, actor="kim")
    (row,) = [row for row in await world.rows(t.messages) if row["role"] == "customer"]
    assert row["text"].replace("\ufffd", "") == "What is your return policy?"
    (stored,) = [row for row in await world.rows(t.events) if row["kind"] == "message"]
    assert stored["body"]["text"] == row["text"]
    assert await world.engine.database.read(audit.verify) == []


@pytest.mark.parametrize("odd", [NUL, HALF])
async def test_what_people_and_providers_write(world: World, odd: str) -> None:
    await world.ask("I want to talk to a human")
    review = await world.only_review()
    await world.decide(review, Note(text=f"odd{odd}note"))
    world.postbox.deliver = Odd(odd)  # pyright: ignore[reportAttributeAccessIssue]
    await world.decide(review, Respond(text=f"Hello{odd} Ada"))
    await world.work()
    (row,) = await world.rows(t.outbox)
    assert row["status"] == "sent"
    assert row["provider_id"].replace("\ufffd", "") == "id"
    assert await world.engine.database.read(audit.verify) == []


class Odd:
    """A delivery whose provider answers with odd characters."""

    def __init__(self, odd: str) -> None:
        self.odd = odd

    async def __call__(self, outgoing: Outgoing) -> str:
        """Deliver."""
        return f"i{self.odd}d"


async def test_a_draft_with_nul_is_verified_as_it_is_stored(world: World) -> None:
    world.use(drafter=Writes(f"Thank you{NUL} for your message."))
    await world.ask("What is your return policy?")
    (draft,) = await world.rows(t.drafts)
    assert draft["body"]["text"] == "Thank you for your message."
    for row in await world.rows(t.verdicts):
        assert row["digest"] == draft["digest"]


@pytest.mark.parametrize("odd", [NUL, HALF])
async def test_names_and_records(world: World, odd: str) -> None:
    fields = {"note": FieldValue(type="text", value=f"a{odd}b\\u0000")}
    record = Record(kind="order", id="W1", customer_id="cust_001", fields=fields)
    database, now = world.engine.database, world.clock.now()
    await database.write(lambda c: customers.save_records(c, [record], now))
    (row,) = [row for row in await world.rows(t.records) if row["id"] == "W1"]
    assert row["fields"]["note"]["value"].replace("\ufffd", "").replace("?", "") == "ab\\u0000"
    named = Customer(id="odd", name=f"O{odd}dd")
    body = CustomerMessage(text="Hello there", address=f"o{odd}", customer=named, verified=True)
    said = await refusal(
        world.engine.ingest(Event(channel="test", external_id=f"o{odd}", body=body))
    )
    if odd == HALF:
        assert isinstance(said, InvalidMessageError)
        assert await world.rows(t.messages) == []
    else:
        again = Event(channel="test", external_id=f"o{odd}", body=body)
        assert (await world.engine.ingest(again)).duplicate


@pytest.mark.parametrize("odd", [NUL, HALF])
async def test_no_door_answers_with_500(browser: httpx.AsyncClient, odd: str) -> None:
    plain: dict[str, Any] = {"id": "w1", "address": "ada", "text": "Hello there"}
    customer = {"id": "cust_001", "name": "Ada"}
    sent = [{**plain, field: f"{plain[field]}{odd}", "customer": customer} for field in plain]
    sent += [{**plain, "customer": {**customer, field: f"x{odd}"}} for field in customer]
    for number, body in enumerate(sent):
        answer = await post(browser, "webhooks/webhook", {**body, "id": f"{number}{body['id']}"})
        assert answer.status_code in (200, 422), answer.text
    said = await post(browser, "chat/messages", {"text": f"Hello {odd} there", "id": f"i{odd}"})
    assert said.status_code in (200, 422), said.text
    told = await post(browser, "chat/messages", {"text": f"Hello {odd} there"})
    assert told.status_code == 200, told.text


async def test_too_much_text(browser: httpx.AsyncClient, world: World) -> None:
    long = await browser.post("/api/v1/chat/messages", json={"text": "x" * (MAX_MESSAGE_CHARS + 1)})
    assert (long.status_code, long.json()["error"]["code"]) == (422, "HR301")
    huge = await browser.post("/api/v1/chat/messages", json={"text": "x" * 300_000})
    assert (huge.status_code, huge.json()["error"]["code"]) == (413, "HR312")
    most = await browser.post("/api/v1/chat/messages", json={"text": "ñ" * MAX_MESSAGE_CHARS})
    assert most.status_code == 200
    (row,) = await world.rows(t.messages)
    assert len(row["text"]) == MAX_MESSAGE_CHARS
