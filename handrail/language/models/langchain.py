"""Any LangChain chat model by name, such as ``openai:gpt-5-mini`` or ``ollama:llama3.2``."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry import trace

from handrail.core.attributes import INPUT_TOKENS, OUTPUT_TOKENS
from handrail.core.errors import ModelCallError, ModelUnavailableError
from handrail.core.ports import ChatModel
from handrail.core.registry import register

_KEYS: Final = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""Environment variable that each provider's own package reads its key from."""
_EXTRAS: Final = ("openai", "anthropic", "ollama")


class LangchainModel:
    """A LangChain chat model, asked for structured output."""

    def __init__(self, chat: Any, *, name: str) -> None:
        self.name = name
        self._chat = chat

    async def complete(self, messages: Sequence[Mapping[str, str]], schema: type[Any]) -> Any:
        """Answer with an instance of ``schema``; tokens are counted on the current span.

        Raises:
            ModelCallError: the call failed, or the answer does not have the form.
        """
        structured = self._chat.with_structured_output(schema, include_raw=True)
        try:
            answer = await structured.ainvoke([dict(message) for message in messages])
        # Each provider has exceptions of its own; to a turn they all mean the same.
        except Exception as error:
            raise ModelCallError(f"{self.name} failed: {type(error).__name__}: {error}") from error
        _count_tokens(answer.get("raw"))
        parsed = answer.get("parsed")
        if not isinstance(parsed, schema):
            reason = answer.get("parsing_error") or "no structured answer"
            raise ModelCallError(f"{self.name} did not answer in the asked form: {reason}")
        return parsed


def _count_tokens(raw: Any) -> None:
    usage: Mapping[str, int] = getattr(raw, "usage_metadata", None) or {}
    span = trace.get_current_span()
    span.set_attribute(INPUT_TOKENS, usage.get("input_tokens", 0))
    span.set_attribute(OUTPUT_TOKENS, usage.get("output_tokens", 0))


def open_langchain(name: str) -> ChatModel:
    """Open ``provider:model``; the provider's package reads its own key from the environment.

    Raises:
        ModelUnavailableError: the package or the key is missing; the text names the mend.
    """
    provider, _, model = name.partition(":")
    if not model:
        raise ModelUnavailableError(f"{name!r} names no provider; write it as openai:{name}")
    extra = provider if provider in _EXTRAS else "openai"
    try:
        init_chat_model: Any = importlib.import_module("langchain.chat_models").init_chat_model
        _require_key(name, provider)
        return LangchainModel(init_chat_model(model, model_provider=provider), name=name)
    except ImportError as error:
        raise ModelUnavailableError(
            f"model {name!r} needs a package that is not installed ({error}); run: "
            f"pip install 'handrail[{extra}]'"
            + ("" if provider in _EXTRAS else f" langchain-{provider}")
        ) from error
    except ModelUnavailableError:
        raise
    # The provider's package refuses in its own words: an unknown name, a wrong address.
    except Exception as error:
        raise ModelUnavailableError(
            f"model {name!r} cannot be opened: {error}; check HANDRAIL_MODEL"
        ) from error


def _require_key(name: str, provider: str) -> None:
    key = _KEYS.get(provider)
    if key and not os.environ.get(key):
        raise ModelUnavailableError(f"model {name!r} needs a key; set {key} in the environment")


register(open_langchain, "model", "langchain")
