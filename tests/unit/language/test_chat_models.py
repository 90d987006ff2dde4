"""Models are opened by name; what is missing is named with its mend."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda

from handrail.core.errors import ModelCallError, ModelUnavailableError
from handrail.language.chat_models import open_chat_model
from handrail.language.model_drafter import ModelReply
from handrail.language.models.function import FunctionModel, open_function
from handrail.language.models.langchain import LangchainModel, open_langchain
from handrail.language.usage import counted


def answer_politely(*_: Any) -> dict[str, Any]:
    return {"sentences": [{"text": "Hello."}], "confidence": 1}


class FakeChat:
    """Stands for a provider's chat model at the one method that is called."""

    def __init__(self, parsed: Any, error: Exception | None = None) -> None:
        self.parsed = parsed
        self.error = error

    def with_structured_output(self, _: type[Any], *, include_raw: bool) -> Any:
        assert include_raw

        def run(messages: list[dict[str, str]]) -> dict[str, Any]:
            if self.error:
                raise self.error
            usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
            raw = AIMessage(content="", usage_metadata=usage)  # pyright: ignore[reportArgumentType] - a plain mapping is accepted
            return {"raw": raw, "parsed": self.parsed, "parsing_error": None}

        return RunnableLambda(run)


async def test_tokens_are_counted() -> None:
    model = LangchainModel(FakeChat(ModelReply(confidence=1)), name="x:y")
    with counted() as usage:
        found = await model.complete([{"role": "user", "content": "hi"}], ModelReply)
    assert found.confidence == 1
    assert (usage.input_tokens, usage.output_tokens) == (11, 7)


@pytest.mark.parametrize("chat", [FakeChat(None), FakeChat("prose"), FakeChat(None, OSError("x"))])
async def test_every_failure_is_a_model_call_error(chat: FakeChat) -> None:
    with pytest.raises(ModelCallError, match="x:y"):
        await LangchainModel(chat, name="x:y").complete([], ModelReply)


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
    with pytest.raises(ModelUnavailableError, match=r"pip install 'handrail\[anthropic\]'"):
        open_langchain("anthropic:some-model")


def test_missing_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("langchain.chat_models")
    stand_in.init_chat_model = lambda model, **_: FakeChat(None)  # pyright: ignore[reportAttributeAccessIssue] - a module takes any attribute
    monkeypatch.setitem(sys.modules, "langchain", ModuleType("langchain"))
    monkeypatch.setitem(sys.modules, "langchain.chat_models", stand_in)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelUnavailableError, match="set OPENAI_API_KEY in the environment"):
        open_langchain("openai:some-model")
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    assert open_langchain("openai:some-model").name == "openai:some-model"


def test_a_name_without_provider_is_refused() -> None:
    with pytest.raises(ModelUnavailableError, match="write it as openai:gpt"):
        open_langchain("gpt")


def test_names_no_package_registers_are_langchain_providers() -> None:
    with pytest.raises(ModelUnavailableError, match="model 'nobody:x'"):
        open_chat_model("nobody:x")


async def test_a_function_is_found_by_its_path() -> None:
    model = open_function("function:json:loads")
    assert model.name == "function:json:loads"
    polite = FunctionModel(answer_politely)
    assert (await polite.complete([], ModelReply)).sentences[0].text == "Hello."
    for wrong in ("function:no.such.module:f", "function:json:nothing", "function:"):
        with pytest.raises(ModelUnavailableError, match=r"write function:package\.module:callable"):
            open_function(wrong)
