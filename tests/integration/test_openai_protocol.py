"""The real package for OpenAI's protocol, against a server on this machine that speaks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from handrail.core.drafting import Draft
from handrail.desk.settings import Settings
from handrail.desk.testing import World, open_world
from handrail.language.chat_models import open_chat_model
from handrail.language.judges.model_judge import ModelJudge
from handrail.language.model_calls import Answer, ModelCalls
from handrail.language.model_drafter import ModelReply, sentences_so_far
from handrail.store import tables as t

ASKED = [{"role": "system", "content": "Draft."}, {"role": "user", "content": "Where is it?"}]
GOOD = {
    "sentences": [{"text": "We look into it.", "evidence": []}],
    "records": [],
    "confidence": 0.9,
    "needs_human": False,
    "reason": "",
}
SLOW = "slow"
POLICY = "What is your return policy?"


class ChatServer:
    """Answers one request after another; the last answer is given for ever."""

    def __init__(self) -> None:
        self.answers: list[Any] = [GOOD]
        """A form, a text, a status, ``SLOW``, or a whole body."""
        self.usage = True
        """Whether a stream ends with what it cost."""
        self.requests: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self._over = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        self._over.set()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.split(":")[1])
                for line in head.splitlines()
                if line.lower().startswith("content-length:")
            )
            self.headers.append(head)
            self.requests.append(json.loads(await reader.readexactly(length)))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer == SLOW:
                await self._over.wait()
            status, body = _body(answer)
            kind = "application/json"
            if status == 200 and self.requests[-1].get("stream"):
                kind, body = "text/event-stream", _events(body, self.usage)
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def _body(answer: Any) -> tuple[int, bytes]:
    if isinstance(answer, int):
        return answer, json.dumps({"error": {"message": "no", "type": "x", "code": None}}).encode()
    if isinstance(answer, bytes):
        return 200, answer
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return 200, json.dumps(_completion({"role": "assistant", "content": content})).encode()


def _completion(message: dict[str, Any], finish: str = "stop") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "shop",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }


def _events(body: bytes, usage: bool) -> bytes:
    """The same completion in pieces, as a stream has it."""
    whole = json.loads(body)
    content = whole["choices"][0]["message"]["content"]
    frame = {**whole, "object": "chat.completion.chunk", "usage": None}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": content[at : at + 7]} for at in range(0, len(content), 7)]
    chunks = [
        {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    chunks.append({**frame, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage:
        chunks.append({**frame, "choices": [], "usage": whole["usage"]})
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatServer]:
    """A server, and the environment that names it."""
    running = ChatServer()
    address = await running.start()
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield running
    await running.stop()


def calls(**options: Any) -> ModelCalls:
    return ModelCalls(open_chat_model("openai:shop"), pause_s=0, **options)


async def ask(called: ModelCalls) -> Answer[ModelReply]:
    return await called.ask(ASKED, ModelReply, conversation_id="cnv_1")


async def test_the_form_is_asked_for_as_the_protocol_has_it(server: ChatServer) -> None:
    answer = await ask(calls())
    assert answer.value == ModelReply.model_validate(GOOD)
    assert answer.tokens == 120
    (request,) = server.requests
    assert request["model"] == "shop"
    assert [(m["role"], m["content"]) for m in request["messages"]] == [
        ("system", "Draft."),
        ("user", "Where is it?"),
    ]
    form = request["response_format"]["json_schema"]
    assert form["strict"] is True
    assert sorted(form["schema"]["required"]) == sorted(GOOD), "a strict form has all its fields"
    assert "default" not in json.dumps(form), "a strict form has no defaults"
    assert "authorization: bearer not-a-key" in server.headers[0].lower()


LONG = {
    **GOOD,
    "sentences": [
        {"text": "We look into it.", "evidence": ["article:a#1"]},
        {"text": 'It is a "lamp", we know.', "evidence": []},
    ],
}


async def test_an_answer_is_told_of_while_it_grows(server: ChatServer) -> None:
    server.answers = [LONG]
    told: list[str] = []
    answer = await calls().ask(
        ASKED,
        ModelReply,
        conversation_id="cnv_1",
        tell=lambda reply: told.append(sentences_so_far(reply)),
    )
    assert answer.value == ModelReply.model_validate(LONG)
    assert answer.tokens == 120
    (request,) = server.requests
    assert request["stream"] is True
    assert request["response_format"]["json_schema"]["strict"] is True
    first, both = "We look into it.", 'We look into it. It is a "lamp", we know.'
    assert list(dict.fromkeys(told)) == ["", first, both], "only whole sentences"


async def test_a_provider_that_does_not_say_what_a_stream_cost_is_not_streamed_again(
    server: ChatServer,
) -> None:
    server.usage = False
    called = calls()
    answers = [
        await called.ask(ASKED, ModelReply, conversation_id="c", tell=lambda _: None)
        for _ in range(2)
    ]
    assert all(answer.value is not None for answer in answers)
    assert [bool(request.get("stream")) for request in server.requests] == [True, False]
    assert answers[1].tokens == 120


@pytest.mark.parametrize("failure", [400, 500, "Sure! Here is your reply.", '{"sentences": ['])
async def test_a_stream_that_fails_is_asked_again_in_one_piece(
    server: ChatServer, failure: Any
) -> None:
    server.answers = [failure, GOOD]
    answer = await calls().ask(ASKED, ModelReply, conversation_id="c", tell=lambda _: None)
    assert answer.value is not None
    assert [bool(request.get("stream")) for request in server.requests] == [True, False]


async def test_a_judge_asks_in_a_strict_form_too(server: ChatServer) -> None:
    server.answers = [
        {"statements": [{"number": 1, "support": "unsupported", "source": "", "quote": ""}]}
    ]
    (said,) = await ModelJudge(calls()).judge(["It is free."], {"article:a#1": "It costs 5."})
    assert said.support == "unsupported"
    form = server.requests[0]["response_format"]["json_schema"]
    assert form["strict"] is True
    assert "default" not in json.dumps(form), "a strict form has no defaults"
    (statement,) = form["schema"]["$defs"].values()
    assert sorted(statement["required"]) == ["number", "quote", "source", "support"]


@pytest.mark.parametrize("failure", [429, 500, 503, "Sure! Here is your reply.", '{"sentences": ['])
async def test_a_failure_is_tried_again(server: ChatServer, failure: Any) -> None:
    server.answers = [failure, GOOD]
    answer = await ask(calls())
    assert answer.value is not None
    assert answer.value.sentences[0].text == "We look into it."
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (429, "Error code: 429"),
        (500, "Error code: 500"),
        (401, "Error code: 401"),
        ("I cannot do that.", "did not answer in the asked form"),
        ('{"sentences": "all of it"}', "did not answer in the asked form"),
        ("", "did not answer in the asked form"),
        (b"<html>busy</html>", "openai:shop"),
        (json.dumps({"id": "x", "choices": []}).encode(), "openai:shop"),
        (
            json.dumps(_completion({"role": "assistant", "content": '{"sent'}, "length")).encode(),
            "openai:shop",
        ),
        (
            json.dumps(
                _completion({"role": "assistant", "content": None, "refusal": "No."})
            ).encode(),
            "openai:shop",
        ),
    ],
)
async def test_a_lasting_failure_is_a_problem_and_no_exception(
    server: ChatServer, failure: Any, words: str
) -> None:
    server.answers = [failure]
    answer = await ask(calls())
    assert answer.value is None
    assert words in answer.problem
    assert len(answer.problem) < 400
    assert len(server.requests) == 2, "the package tries again by itself"


async def test_a_slow_server_is_not_waited_for(server: ChatServer) -> None:
    server.answers = [SLOW]
    answer = await ask(calls(timeout_s=0.2, attempts=1))
    assert answer.problem == "openai:shop gave no answer within 0.2 s"


async def test_a_server_that_is_away_is_a_problem(server: ChatServer) -> None:
    await server.stop()
    answer = await ask(calls())
    assert "Connection error" in answer.problem


async def test_a_failing_server_is_left_alone(server: ChatServer) -> None:
    server.answers = [500]
    called = calls(most_failures=3)
    problems = [(await ask(called)).problem for _ in range(4)]
    assert len(server.requests) == 3
    assert "failed 3 times in a row and is left alone" in problems[-1]


@pytest.fixture
async def world(server: ChatServer, sqlite_url: str, handrail_home: Path) -> AsyncIterator[World]:
    """The demo shop with the server's model."""
    settings = Settings(home=handrail_home, model="openai:shop", model_seconds=0.5)
    async with open_world(sqlite_url, handrail_home, settings=settings) as opened:
        yield opened


def cites(*evidence: str) -> dict[str, Any]:
    """A reply that relies on this."""
    return {**GOOD, "sentences": [{"text": "You can send it back.", "evidence": list(evidence)}]}


@pytest.mark.parametrize(
    "failure",
    [429, 500, "Of course! You can return it for ever.", cites("article:made-up#9"), SLOW],
    ids=["busy", "down", "prose", "made-up evidence", "slow"],
)
async def test_a_turn_ends_in_a_template_or_with_a_person(
    world: World, server: ChatServer, failure: Any
) -> None:
    server.answers = [failure]
    await world.ask(POLICY)
    assert server.requests, "the model was not asked"
    reviews = await world.engine.reviews()
    assert world.postbox.delivered or reviews, "the customer was left without an answer"
    for text in world.postbox.delivered:
        assert "for ever" not in text
        assert "You can send it back." not in text
    drafts = [Draft.model_validate(row["body"]) for row in await world.rows(t.drafts)]
    assert [draft.source for draft in drafts] == ["template"]
    assert "openai:shop" in (drafts[0].problem or "")


async def test_what_a_conversation_cost_is_kept(world: World, server: ChatServer) -> None:
    server.answers = [{**GOOD, "needs_human": True, "reason": "wants a person"}]
    accepted = await world.ask(POLICY)
    view = await world.engine.conversation(accepted.conversation_id)
    assert view.facts.tokens == 120 * len(server.requests)
    (review,) = await world.engine.reviews()
    assert "wants a person" in review.explanation
