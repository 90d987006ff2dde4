"""A model that is a Python function: for tests, and for models served in some other way."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias, cast

from handrail.core.errors import ModelUnavailableError
from handrail.core.ports import ChatModel, Tell
from handrail.core.registry import register

Answer: TypeAlias = Callable[[Sequence[Mapping[str, str]], type[Any]], Any]
"""Takes the chat messages and the wanted schema; may be async. A mapping is validated.

An async generator yields mappings: the answer as far as it is written, and last the whole."""


class FunctionModel:
    """Answers with what a function returns, an instance of the schema or a mapping for it."""

    def __init__(self, answer: Answer, *, name: str = "function") -> None:
        self.name = name
        self._answer = answer

    async def complete(self, messages: Sequence[Mapping[str, str]], schema: type[Any]) -> Any:
        """Call the function; a mapping becomes an instance of ``schema``."""
        return await self.stream(messages, schema, lambda _: None)

    async def stream(
        self, messages: Sequence[Mapping[str, str]], schema: type[Any], tell: Tell
    ) -> Any:
        """Call the function, and tell of what it yields."""
        result = self._answer(messages, schema)
        if inspect.isasyncgen(result):
            growing, result = cast("AsyncGenerator[Mapping[str, Any]]", result), {}
            async for result in growing:
                tell(result)
        elif inspect.isawaitable(result):
            result = await result
        return result if isinstance(result, schema) else schema.model_validate(result)


def open_function(name: str) -> ChatModel:
    """Open ``function:package.module:callable``.

    Raises:
        ModelUnavailableError: there is no such module or callable.
    """
    _, _, path = name.partition(":")
    module, _, attribute = path.partition(":")
    try:
        answer = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ModelUnavailableError(
            f"model {name!r} cannot be opened: {error}; write function:package.module:callable"
        ) from error
    return FunctionModel(answer, name=name)


register(open_function, "model", "function")
