"""Any LangChain chat model by name, such as ``openai:gpt-5-mini`` or ``ollama:llama3.2``."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from handrail.core.errors import ModelCallError, ModelUnavailableError
from handrail.core.ports import ChatModel
from handrail.core.registry import register
from handrail.language.usage import count_tokens

_KEYS: Final = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""Environment variable that each provider's own package reads its key from."""
_EXTRAS: Final = ("openai", "anthropic", "ollama")
_MOST_OF_ERROR: Final = 300
"""Most characters of a provider's error that a person is shown."""


class LangchainModel:
    """A LangChain chat model, asked for structured output."""

    def __init__(self, chat: Any, *, name: str) -> None:
        self.name = name
        self._chat = chat

    async def complete(self, messages: Sequence[Mapping[str, str]], schema: type[Any]) -> Any:
        """Answer with an instance of ``schema``; its tokens are counted.

        Raises:
            ModelCallError: the call failed, or the answer does not have the form.
        """
        structured = self._chat.with_structured_output(schema, include_raw=True)
        try:
            answer = await structured.ainvoke([dict(message) for message in messages])
        except ValidationError:  # some packages read the answer before they give it out
            raise self._formless() from None
        # Each provider has exceptions of its own; to a turn they all mean the same.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"[:_MOST_OF_ERROR]
            raise ModelCallError(f"{self.name} failed: {reason}") from error
        _count_tokens(answer.get("raw"))
        parsed = answer.get("parsed")
        if not isinstance(parsed, schema):
            raise self._formless()
        return parsed

    def _formless(self) -> ModelCallError:
        return ModelCallError(f"{self.name} did not answer in the asked form")


def _count_tokens(raw: Any) -> None:
    usage: Mapping[str, int] = getattr(raw, "usage_metadata", None) or {}
    count_tokens(
        input_tokens=usage.get("input_tokens", 0), output_tokens=usage.get("output_tokens", 0)
    )


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
        # Retries are ours: those of the package would multiply them, and hide them from the spans.
        options = {"max_retries": 0} if provider in _KEYS else {}
        chat = init_chat_model(model, model_provider=provider, **options)
        return LangchainModel(chat, name=name)
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
