"""The REST doors over a real engine: what they take, what they refuse, and how."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from handrail.core.errors import ConfigurationError
from handrail.desk.app import create_app
from handrail.desk.binding import check_binding
from handrail.desk.settings import Settings

SUPERVISED = "I would like a refund for order LF1003"
"""The demo shop wants a person's approval for this."""


def shape(answer: httpx.Response) -> dict[str, Any]:
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    return error


async def test_chat_is_answered_and_bound_to_its_browser(door: Any) -> None:
    customer, other = await door.customer("cust_001"), await door.customer()
    said = await customer.post("/api/v1/chat/messages", json={"text": "Where is order LF1001?"})
    assert said.status_code == 200
    await door.engine.settle()
    chat = (await customer.get("/api/v1/chat/messages")).json()
    assert [message["role"] for message in chat["messages"]] == ["customer", "ai"]
    assert "LF1001" in chat["messages"][1]["text"]
    assert (await other.get("/api/v1/chat/messages")).json() == {"messages": [], "holder": None}
    newer = (await customer.get("/api/v1/chat/messages", params={"after": 1})).json()
    assert [message["seq"] for message in newer["messages"]] == [2]


async def test_chat_needs_its_cookie_and_takes_no_forged_one(door: Any) -> None:
    customer = await door.customer("cust_001")
    data, _, seal = customer.cookies["handrail_chat"].partition(".")
    async with door.browser() as nobody:
        answer = await nobody.post("/api/v1/chat/messages", json={"text": "hello"})
        assert answer.status_code == 401
        assert "/chat" in shape(answer)["message"]
        nobody.cookies.set("handrail_chat", f"{data[:-2]}xx.{seal}")
        assert (await nobody.get("/api/v1/chat/messages")).status_code == 401
    async with door.browser() as late:
        assert (await late.get("/chat", params={"link": "made.up"})).status_code == 401


async def test_a_repeated_message_counts_once(door: Any) -> None:
    customer = await door.customer("cust_001")
    body = {"text": "Where is order LF1001?", "id": "one"}
    first = (await customer.post("/api/v1/chat/messages", json=body)).json()
    second = (await customer.post("/api/v1/chat/messages", json=body)).json()
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert first["message_id"] == second["message_id"]


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b", "\u2063"])
async def test_a_message_without_anything_visible_is_refused(door: Any, text: str) -> None:
    customer = await door.customer()
    answer = await customer.post("/api/v1/chat/messages", json={"text": text})
    assert (answer.status_code, shape(answer)["code"]) == (422, "HR301")


async def test_long_messages_are_refused_with_the_mend(door: Any) -> None:
    customer = await door.customer()
    too_long = await customer.post("/api/v1/chat/messages", json={"text": "x" * 20_001})
    assert (too_long.status_code, shape(too_long)["code"]) == (422, "HR301")
    huge = await customer.post("/api/v1/chat/messages", json={"text": "x" * 1_000_000})
    assert (huge.status_code, shape(huge)["code"]) == (413, "HR312")
    assert "in parts" in shape(huge)["message"]
    webhook = await door.webhook({"id": "m", "address": "a", "text": "x" * 1_000_000})
    assert webhook.status_code == 413
    assert huge.headers["content-security-policy"]
    assert await door.engine.conversations() == ()


async def test_the_chat_is_limited_in_rate(door: Any) -> None:
    customer = await door.customer()
    statuses = [
        (await customer.post("/api/v1/chat/messages", json={"text": f"hello {n}"})).status_code
        for n in range(40)
    ]
    assert statuses[:5] == [200] * 5
    assert statuses[-1] == 429
    answer = await customer.post("/api/v1/chat/messages", json={"text": "hello"})
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"text": 5}', b'{"text": "a", "other": 1}', b'{"id": "a"}']
)
async def test_a_body_of_another_shape_is_refused_in_one_shape(door: Any, body: bytes) -> None:
    customer = await door.customer()
    answer = await customer.post(
        "/api/v1/chat/messages", content=body, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, shape(answer)["code"]) == (422, "HR313")
    assert "/api/v1/docs" in shape(answer)["message"]


async def test_a_review_is_claimed_decided_once_and_the_reply_arrives(door: Any) -> None:
    customer = await door.customer("cust_003")
    review = await door.waiting(customer, SUPERVISED)
    ana, bia = await door.agent("Ana"), await door.agent("Bia")
    assert [item["id"] for item in (await ana.get("/api/v1/reviews")).json()["reviews"]] == [
        review.id
    ]
    claim = f"/api/v1/reviews/{review.id}/claim"
    assert (await ana.post(claim, json={})).json()["claimed_by"] == "Ana"
    refused = await bia.post(claim, json={})
    assert (refused.status_code, shape(refused)["details"]["claimed_by"]) == (409, "Ana")
    barred = await bia.post(claim, json={"force": True})
    assert (barred.status_code, shape(barred)["details"]["leads"]) == (403, ["lead"])
    lead = await door.agent("lead")
    assert (await lead.get("/api/v1/session")).json()["role"] == "lead"
    assert (await lead.post(claim, json={"force": True})).json()["claimed_by"] == "lead"

    text = "We look into your order and write to you tomorrow."
    decision = {
        "version": review.version,
        "digest": review.draft.digest if review.draft else None,
        "decision": {"kind": "respond", "text": text},
    }
    path = f"/api/v1/reviews/{review.id}/decide"
    assert (await ana.post(path, json=decision)).status_code == 200
    late = await bia.post(path, json={**decision, "decision": {"kind": "take_over"}})
    assert (late.status_code, shape(late)["details"]["decided_by"]) == (409, "Ana")
    await door.engine.settle()
    detail = (await ana.get(f"/api/v1/conversations/{review.conversation_id}")).json()
    assert detail["outbox"][0]["decided_by"] == "Ana"
    hidden = (await customer.get("/api/v1/chat/messages")).json()["messages"]
    assert [message["role"] for message in hidden] == ["customer"]

    recall = f"/api/v1/outbox/{detail['outbox'][0]['id']}/recall"
    assert (await ana.post(recall, json={})).status_code == 200
    await door.engine.settle()
    again = (await door.engine.reviews())[0]
    assert again.kind == "undone"


async def test_a_decision_of_another_shape_or_on_nothing_is_refused(door: Any) -> None:
    review = await door.waiting(await door.customer("cust_003"), SUPERVISED)
    ana = await door.agent()
    path = f"/api/v1/reviews/{review.id}/decide"
    odd = await ana.post(path, json={"version": 1, "decision": {"kind": "explode"}})
    assert (odd.status_code, shape(odd)["code"]) == (422, "HR313")
    unknown = await ana.post(
        "/api/v1/reviews/rev_nothing/decide",
        json={"version": 1, "decision": {"kind": "take_over"}},
    )
    assert (unknown.status_code, shape(unknown)["code"]) == (404, "HR303")
    wrong = await ana.post(
        path,
        json={
            "version": review.version,
            "digest": review.draft.digest if review.draft else None,
            "decision": {"kind": "correct_intent", "intent": "order_statis"},
        },
    )
    assert (wrong.status_code, shape(wrong)["code"]) == (422, "HR308")
    assert shape(wrong)["details"]["nearest"][0] == "order_status"
    stale = await ana.post(path, json={"version": 99, "decision": {"kind": "take_over"}})
    assert (stale.status_code, shape(stale)["code"]) == (409, "HR304")
    assert (await door.engine.review(review.id)).status == "open"


async def test_a_blocked_text_names_its_findings(door: Any) -> None:
    customer = await door.customer("cust_003")
    review = await door.waiting(customer, SUPERVISED)
    ana = await door.agent()
    secret = "Your card is 4111 1111 1111 1111, thank you."
    checked = await ana.post(
        f"/api/v1/conversations/{review.conversation_id}/check", json={"text": secret}
    )
    assert checked.json()["outcome"] == "critical"
    blocked = await ana.post(
        f"/api/v1/reviews/{review.id}/decide",
        json={
            "version": review.version,
            "digest": review.draft.digest if review.draft else None,
            "decision": {"kind": "respond", "text": secret},
        },
    )
    assert (blocked.status_code, shape(blocked)["code"]) == (422, "HR306")
    assert shape(blocked)["details"]["findings"][0]["end"] > 0
    assert (await door.engine.review(review.id)).status == "open"


async def test_take_over_write_and_hand_back(door: Any) -> None:
    customer = await door.customer("cust_003")
    review = await door.waiting(customer, SUPERVISED)
    ana = await door.agent()
    base = f"/api/v1/conversations/{review.conversation_id}"
    early = await ana.post(f"{base}/messages", json={"text": "Hello"})
    assert (early.status_code, shape(early)["code"]) == (422, "HR308")
    assert (await ana.post(f"{base}/take-over")).status_code == 200
    assert (await ana.get(base)).json()["conversation"]["holder_agent"] == "Ana"
    assert (await ana.post(f"{base}/messages", json={"text": "Hello Clio"})).status_code == 200
    assert (await ana.post(f"{base}/hand-back", json={"note": "done"})).status_code == 200
    assert (await ana.get(base)).json()["conversation"]["holder"] == "ai"


async def test_a_review_is_snoozed_escalated_and_looked_at_again(door: Any) -> None:
    review = await door.waiting(await door.customer("cust_003"), SUPERVISED)
    ana = await door.agent()
    path = f"/api/v1/reviews/{review.id}"

    async def decide(version: int, **decision: Any) -> Any:
        digest = review.draft.digest if review.draft else None
        body = {"version": version, "digest": digest, "decision": decision}
        return await ana.post(f"{path}/decide", json=body)

    both = await decide(1, kind="snooze", minutes=5, until="2030-01-01T00:00:00Z")
    naive = await decide(1, kind="snooze", until="2030-01-01T00:00:00")
    assert [(both.status_code, shape(both)["code"]), (naive.status_code, shape(naive)["code"])] == [
        (422, "HR313")
    ] * 2
    assert (await decide(1, kind="snooze", minutes=45)).status_code == 200
    listed = [
        [item["id"] for item in (await ana.get(f"/api/v1/reviews?status={s}")).json()["reviews"]]
        for s in ("open", "snoozed")
    ]
    assert listed == [[], [review.id]]
    assert "Snoozed" in (await ana.get("/desk/queue")).text
    late = await decide(1, kind="escalate", team="leads")
    assert (late.status_code, shape(late)["details"]["decision"]) == (409, "snooze")
    unknown = await decide(2, kind="escalate", team="nobody")
    assert (unknown.status_code, shape(unknown)["code"]) == (422, "HR308")
    assert (await decide(2, kind="escalate", team="leads", note="mine?")).status_code == 200
    now = (await ana.get(path)).json()
    assert (now["team"], now["snoozed_until"], now["changed_by"]) == ("leads", None, "Ana")
    assert "Given to leads by Ana" in (await ana.get(f"/desk/reviews/{review.id}")).text

    again = f"/api/v1/conversations/{review.conversation_id}/look-again"
    past = await ana.post(again, json={"at": "2020-01-01T00:00:00Z", "note": "x"})
    assert (past.status_code, shape(past)["code"]) == (422, "HR308")
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (await ana.post(again, json={"at": soon, "note": "arrived?"})).status_code == 200
    (planned,) = (await ana.get(again.removesuffix("/look-again"))).json()["follow_ups"]
    assert (planned["note"], planned["actor"]) == ("arrived?", "Ana")
    assert "arrived?" in (await ana.get(f"/desk/reviews/{review.id}")).text

    asked = await decide(3, kind="ask_customer", text="Which item is it about, please?")
    assert asked.status_code == 200
    await door.engine.settle()
    assert (await door.engine.review(review.id)).decision == "ask_customer"


async def test_changes_need_the_token_of_the_same_session(door: Any) -> None:
    review = await door.waiting(await door.customer("cust_003"), SUPERVISED)
    ana, bia = await door.agent("Ana"), await door.agent("Bia")
    path = f"/api/v1/conversations/{review.conversation_id}/take-over"
    token = ana.headers.pop("X-CSRF")
    assert (await ana.post(path)).status_code == 403
    ana.headers["X-CSRF"] = bia.headers["X-CSRF"]
    assert (await ana.post(path)).status_code == 403
    async with door.browser() as bare:
        assert (await bare.post(path, headers={"X-CSRF": token})).status_code == 403
    ana.headers["X-CSRF"] = token
    assert (await ana.post(path)).status_code == 200


async def test_a_foreign_host_name_is_refused(door: Any) -> None:
    async with door.browser("http://evil.example") as browser:
        assert (await browser.get("/desk")).status_code == 403
        assert (await browser.get("/api/v1/reviews")).status_code == 403


async def test_behind_a_proxy_the_header_says_who_it_is(door: Any) -> None:
    settings = door.settings.model_copy(update={"trusted_user_header": "X-User"})
    app = create_app(door.engine, settings)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.example") as client:
        assert (await client.get("/desk")).status_code == 401
        assert (await client.get("/api/v1/reviews")).status_code == 401
        session = await client.get("/api/v1/session", headers={"X-User": "Clio"})
        assert session.json()["agent"] == "Clio"
        assert "Secure" in session.headers["set-cookie"]


def test_without_a_proxy_only_loopback_is_listened_on() -> None:
    check_binding("127.0.0.1", None)
    check_binding("::1", None)
    check_binding("0.0.0.0", "X-User")
    for host in ("0.0.0.0", "::", "192.168.1.4", "desk.example"):
        with pytest.raises(ConfigurationError, match="HANDRAIL_TRUSTED_USER_HEADER"):
            check_binding(host, None)


async def test_the_secret_is_made_once_for_its_owner_alone(door: Any, tmp_path: Path) -> None:
    file = door.settings.home / "secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    create_app(door.engine, door.settings)
    assert file.read_text() == before
    with pytest.raises(ConfigurationError, match="openssl"):
        create_app(door.engine, Settings(home=tmp_path, secret="short"))


async def test_webhooks_are_signed_fresh_and_count_once(door: Any) -> None:
    body = {"id": "m1", "address": "+12025550101", "text": "Where is my order LF1001?"}
    now = datetime.now(UTC)
    first, again = await door.webhook(body), await door.webhook(body)
    assert (first.status_code, first.json()["duplicate"]) == (200, False)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    for moment in (now - timedelta(minutes=6), now + timedelta(minutes=6)):
        late = await door.webhook({**body, "id": "m2"}, moment=moment)
        assert (late.status_code, shape(late)["code"]) == (401, "HR302")
    async with door.browser() as client:
        for headers in ({}, {"Handrail-Signature": "t=1,v1=00"}, {"Handrail-Signature": "é"}):
            raw = [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
            answer = await client.post("/api/v1/webhooks/webhook", json=body, headers=raw)
            assert (answer.status_code, shape(answer)["code"]) == (401, "HR302")
            assert "sign" in shape(answer)["message"]
    unknown = await door.webhook(body, channel="web")
    assert (unknown.status_code, shape(unknown)["code"]) == (404, "HR303")
    odd = await door.webhook({"id": "m3", "text": "hello"})
    assert (odd.status_code, shape(odd)["code"]) == (422, "HR313")


async def test_one_customer_on_two_channels_has_one_conversation(door: Any) -> None:
    customer = await door.customer("cust_001")
    said = await customer.post("/api/v1/chat/messages", json={"text": "Where is order LF1001?"})
    await door.engine.settle()
    by_id = await door.webhook(
        {"id": "a", "address": "+1", "text": "And by when?", "customer": {"id": "cust_001"}}
    )
    view = await door.engine.conversation(said.json()["conversation_id"])
    by_mail = await door.webhook(
        {
            "id": "b",
            "address": "+2",
            "text": "Hello?",
            "customer": {"email": str(view.customer.email).upper()},
        }
    )
    ids = {answer.json()["conversation_id"] for answer in (said, by_id, by_mail)}
    assert len(ids) == 1
    assert view.facts.customer_id == "cust_001"


async def test_the_description_is_complete_and_needs_no_other_host(door: Any) -> None:
    async with door.browser() as client:
        document = (await client.get("/api/v1/openapi.json")).json()
        page = await client.get("/api/v1/docs")
    assert "/api/v1/reviews/{review_id}/decide" in document["paths"]
    for path in document["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    assert "//" not in page.text.replace("http://127.0.0.1", "").split("</head>")[0]


async def test_every_page_has_the_strict_policy_and_is_not_kept(door: Any) -> None:
    customer = await door.customer("cust_003")
    review = await door.waiting(customer, SUPERVISED)
    ana = await door.agent()
    paths = (
        "/", "/chat", "/desk", f"/desk?review={review.id}", f"/desk/reviews/{review.id}",
        "/conversations", f"/c/{review.conversation_id}", "/traces", "/graphs/support",
        "/nothing",
    )  # fmt: skip
    for path in paths:
        answer = await ana.get(path, headers={"accept": "text/html"})
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.status_code == (404 if path == "/nothing" else 200), path
        assert " style=" not in answer.text
        assert "<script>" not in answer.text


async def test_what_a_customer_writes_stays_text_on_every_page(door: Any) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'><b> {{ 7*7 }} please refund"
    customer = await door.customer("cust_003")
    review = await door.waiting(customer, f"I want a human. {evil}")
    ana = await door.agent()
    for path in (
        "/desk",
        f"/desk/reviews/{review.id}",
        f"/c/{review.conversation_id}",
        f"/desk/conversations/{review.conversation_id}",
    ):
        page = (await ana.get(path)).text
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49" not in page.partition("alert(1)")[2].partition("please refund")[0]


async def test_internal_fields_of_records_stay_inside(door: Any) -> None:
    customer = await door.customer("cust_001")
    said = await customer.post("/api/v1/chat/messages", json={"text": "I want a human"})
    conversation = said.json()["conversation_id"]
    ana = await door.agent()
    assert "packed by hand" not in (await ana.get(f"/api/v1/conversations/{conversation}")).text
    assert "packed by hand" not in (await ana.get(f"/desk/conversations/{conversation}")).text


async def test_health_graphs_and_unknown_things(door: Any) -> None:
    ana = await door.agent()
    assert (await ana.get("/healthz")).json()["ok"] is True
    graph = (await ana.get("/api/v1/graphs/support")).json()
    assert {"name": "ask_human", "role": "ask"} in graph["nodes"]
    for path in ("/api/v1/graphs/x", "/api/v1/conversations/x", "/api/v1/traces/x", "/api/v1/x"):
        answer = await ana.get(path)
        assert (answer.status_code, shape(answer)["code"]) == (404, "HR303")
    wrong = await ana.delete("/api/v1/reviews")
    assert wrong.status_code == 405
    shape(wrong)


REFUND = {
    "id": "bo-1",
    "action": "refund_order",
    "record_kind": "order",
    "record": "LF1003",
    "amount": "20.00",
    "currency": "USD",
    "actor": "till 3",
    "at": "2026-01-05T10:00:00Z",
    "customer": {"id": "cust_003"},
}
"""What a back office did."""


async def test_a_back_office_tells_what_was_done(door: Any) -> None:
    customer = await door.customer("cust_003")
    review = await door.waiting(customer, SUPERVISED)
    told = await door.told(REFUND)
    assert (told.status_code, told.json()) == (
        200,
        {"id": "bo-1", "duplicate": False, "conversations": [review.conversation_id]},
    )
    assert (await door.told(REFUND)).json()["duplicate"] is True
    ana = await door.agent("Ana")
    detail = (await ana.get(f"/api/v1/conversations/{review.conversation_id}")).json()
    (action,) = detail["actions"]
    assert (action["amount"], action["outcome"], action["actor"]) == ("20.00", "done", "till 3")
    assert "customer_id" not in action
    card = (await ana.get(f"/desk/reviews/{review.id}")).text
    assert 'data-actions="bo-1=done"' in card
    assert "20.00 USD" in card
    assert "actions" not in (await customer.get("/api/v1/chat/messages")).text


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "21.00"}, 409, "HR314"),
        ({"id": "bo-2", "customer": {"id": "cust_001"}}, 422, "HR313"),
        ({"id": "bo-2", "at": "2026-01-05T10:00:00"}, 422, "HR313"),
        ({"id": "bo-2", "currency": None}, 422, "HR313"),
        ({"id": "bo-2", "amount": "-5"}, 422, "HR313"),
        ({"id": "bo-2", "customer": {}}, 422, "HR313"),
        ({"id": "bo-2", "outcome": "maybe"}, 422, "HR313"),
        ({"id": "bo-2", "more": 1}, 422, "HR313"),
    ],
)
async def test_what_contradicts_itself_is_refused(
    door: Any, changes: dict[str, Any], status: int, code: str
) -> None:
    assert (await door.told(REFUND)).status_code == 200
    answer = await door.told({**REFUND, **changes})
    assert (answer.status_code, shape(answer)["code"]) == (status, code)


async def test_only_who_signs_tells_what_was_done(door: Any) -> None:
    late = await door.told(REFUND, moment=datetime.now(UTC) - timedelta(minutes=6))
    assert (late.status_code, shape(late)["code"]) == (401, "HR302")
    agent = await door.agent("lead")
    assert (await agent.post("/api/v1/actions", json=REFUND)).status_code == 401
