"""Any LangChain chat model by name, such as ``openai:gpt-5-mini`` or ``ollama:llama3.2``."""

from __future__ import annotations

import importlib
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any, Final

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.utils.json import parse_partial_json
from pydantic import ValidationError

from handrail.core.errors import ModelCallError, ModelUnavailableError
from handrail.core.ports import ChatModel, Tell
from handrail.core.registry import register
from handrail.language.usage import count_tokens

_KEYS: Final = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""Environment variable that each provider's own package reads its key from."""
_EXTRAS: Final = ("openai", "anthropic", "ollama")
_MOST_OF_ERROR: Final = 300
"""Most characters of a provider's error that a person is shown."""


class LangchainModel:
    """A LangChain chat model, asked for structured output.

    Args:
        chat: LangChain's model.
        name: As in ``HANDRAIL_MODEL``.
        strict: Options with which the provider holds a streamed answer to a form given as JSON
            schema. OpenAI's package warns of each answer that it streams into a class.
    """

    def __init__(
        self, chat: Any, *, name: str, strict: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self.name = name
        self._chat = chat
        self._strict = strict
        self._streams = True

    async def complete(self, messages: Sequence[Mapping[str, str]], schema: type[Any]) -> Any:
        """Answer with an instance of ``schema``; its tokens are counted.

        Raises:
            ModelCallError: the call failed, or the answer does not have the form.
        """
        structured = self._chat.with_structured_output(schema, include_raw=True)
        with self._failing():
            answer = await structured.ainvoke([dict(message) for message in messages])
        _count_tokens(answer.get("raw"))
        return self._parsed(answer.get("parsed"), schema)

    async def stream(
        self, messages: Sequence[Mapping[str, str]], schema: type[Any], tell: Tell
    ) -> Any:
        """Answer as :meth:`complete` does, and tell of the answer while it grows.

        A provider that does not say what a streamed answer cost is not streamed again.

        Raises:
            ModelCallError: the call failed, or the answer does not have the form.
        """
        if not self._streams:
            return await self.complete(messages, schema)
        form: Any = schema.model_json_schema() if self._strict else schema
        structured = self._chat.with_structured_output(form, include_raw=True, **self._strict)
        answer: dict[str, Any] = {}
        with self._failing():
            async for piece in structured.astream(
                [dict(message) for message in messages], config={"callbacks": [_Growing(tell)]}
            ):
                answer |= piece
        raw, parsed = answer.get("raw"), answer.get("parsed")
        self._streams = bool(getattr(raw, "usage_metadata", None))
        _count_tokens(raw)
        if self._strict:
            with self._failing():  # the package would take an answer that broke off for a whole one
                parsed = schema.model_validate_json(raw.text if raw else "")
        return self._parsed(parsed, schema)

    @contextmanager
    def _failing(self) -> Generator[None]:
        try:
            yield
        except ValidationError:  # some packages read the answer before they give it out
            raise self._formless() from None
        # Each provider has exceptions of its own; to a turn they all mean the same.
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"[:_MOST_OF_ERROR]
            raise ModelCallError(f"{self.name} failed: {reason}") from error

    def _parsed(self, parsed: Any, schema: type[Any]) -> Any:
        if not isinstance(parsed, schema):
            raise self._formless()
        return parsed

    def _formless(self) -> ModelCallError:
        return ModelCallError(f"{self.name} did not answer in the asked form")


class _Growing(AsyncCallbackHandler):
    """Tells of an answer that a provider streams as the arguments of a call, or as JSON."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._answer: Any = None

    async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **_: Any) -> None:
        """Tell where a string ended: within one there is nothing to tell."""
        del token  # the same, without the parts of a call
        grown = getattr(chunk, "message", None)
        if grown is None:
            return
        self._answer = grown if self._answer is None else self._answer + grown
        calls = getattr(self._answer, "tool_calls", None)
        if calls:
            self._tell(calls[0]["args"])
        elif '"' in grown.text:
            with suppress(ValueError):
                read = parse_partial_json(self._answer.text)
                self._tell(read if isinstance(read, dict) else {})


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
        if provider == "openai":
            options["stream_usage"] = True  # not asked for by itself where the address is another
        chat = init_chat_model(model, model_provider=provider, **options)
        strict = {"strict": True} if provider == "openai" else {}
        return LangchainModel(chat, name=name, strict=strict)
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
